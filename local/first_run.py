"""The first run of the totesys pipeline, watched through Airflow's REST API until source, lake and warehouse agree."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Callable

from local import airflow, infra
from local.api import Airflow
from local.layout import Layout
from local.processes import ProcessFailed, complete
from local.settings import Settings
from local.steps import table

CHAIN = ("totesys_landing", "totesys_curated", "totesys_warehouse")
PARSED_AFTER = 90  # seconds a DAG file may take to be known
LIMIT = 900  # seconds the whole run may take
SCHEDULED_AFTER = 4  # seconds in which the scheduler starts the last interval of a DAG that was unpaused
SETTLED = 2  # seconds without anything active after which a finished chain is over
QUIET = 10  # seconds without a follow-up after which a landing that found nothing is over


def ensure(layout: Layout, settings: Settings, progress: Callable[[str], None]) -> str:
    """See that the whole chain has succeeded once: start it if need be, show how far it is, fail with its log.

    :return: what happened, in a few words
    :raises ProcessFailed: a DAG file is broken, a task failed, or it takes too long
    """
    api = Airflow(airflow.url(settings), airflow.USER, airflow.PASSWORD)
    _wait_for_dags(api, progress)
    if _runs(api, CHAIN[0], "success") and not _active(api):
        return "done before"
    for dag in reversed(CHAIN):  # the listeners first
        api.patch(f"/dags/{dag}?update_mask=is_paused", {"is_paused": False})
    if not _scheduled(api):
        api.post(f"/dags/{CHAIN[0]}/dagRuns", {"logical_date": None})
    began = time.monotonic()
    _follow(layout, api, progress)
    for dag in api.get("/dags", paused=True, limit=100)["dags"]:
        api.patch(f"/dags/{dag['dag_id']}?update_mask=is_paused", {"is_paused": False})
    return f"through in {time.monotonic() - began:.0f} s"


def totals(layout: Layout) -> list[dict[str, Any]]:
    """Return what source, lake and warehouse hold, one row a dataset: ``dataset, source, lake, warehouse, equal``.

    :raises ProcessFailed: when one of them cannot be read
    """
    settings = Settings(layout.state / "settings.json")
    env = airflow.environment(layout, settings, infra.outputs(layout))
    command = [str(layout.python("airflow")), "-m", "quayside.reconcile", "totals"]
    answer = complete("totals", command, run=layout.run, env=env, cwd=layout.root)
    return [json.loads(line) for line in answer.splitlines() if line.startswith("{")]


def render(rows: list[dict[str, Any]]) -> str:
    """Lay out the totals for a person."""
    heading = ["dataset", "source", "lake", "warehouse", ""]
    places = ("source", "lake", "warehouse")
    body = [
        [row["dataset"], *(f"{row[place]:,}" for place in places), "equal" if row["equal"] else "DIFFERENT"]
        for row in rows
    ]
    return table([heading, *body])


def _wait_for_dags(api: Airflow, progress: Callable[[str], None]) -> None:
    deadline = time.monotonic() + PARSED_AFTER
    while True:
        known = {dag["dag_id"] for dag in api.get("/dags", limit=100)["dags"]}
        if known.issuperset(CHAIN):
            return
        errors = api.get("/importErrors")["import_errors"]
        if errors:
            raise ProcessFailed(f"{errors[0]['filename']} cannot be imported.\n{errors[0]['stack_trace']}")
        if time.monotonic() > deadline:
            raise ProcessFailed(f"Airflow knows no {', '.join(sorted(set(CHAIN) - known))} after {PARSED_AFTER} s.")
        progress("waiting for the DAG files to be read")
        time.sleep(0.5)


def _scheduled(api: Airflow) -> bool:
    """Tell whether unpausing has started a run of its own: the timetable's last interval."""
    deadline = time.monotonic() + SCHEDULED_AFTER
    while time.monotonic() < deadline:
        if _runs(api, CHAIN[0], "queued", "running"):
            return True
        time.sleep(0.3)
    return False


def _follow(layout: Layout, api: Airflow, progress: Callable[[str], None]) -> None:
    deadline, quiet_since = time.monotonic() + LIMIT, time.monotonic()
    while True:
        for dag in CHAIN:
            for run in _runs(api, dag, "failed"):
                raise ProcessFailed(_reason(layout, api, run))
        active = _active(api)
        if active:
            quiet_since = time.monotonic()
            progress(_words(api, active))
        elif _runs(api, CHAIN[0], "success"):
            finished = all(_runs(api, dag, "success") for dag in CHAIN)
            if time.monotonic() - quiet_since > (SETTLED if finished else QUIET):
                return
        if time.monotonic() > deadline:
            raise ProcessFailed(
                f"Not through after {LIMIT} s. `make status`, `make logs` and the Airflow UI tell more."
            )
        time.sleep(0.5)


def _active(api: Airflow) -> list[dict[str, Any]]:
    return [run for dag in CHAIN for run in _runs(api, dag, "running", "queued")]


def _runs(api: Airflow, dag: str, *states: str) -> list[dict[str, Any]]:
    return list(api.get(f"/dags/{dag}/dagRuns", state=states, limit=10, order_by="-run_after")["dag_runs"])


def _words(api: Airflow, active: list[dict[str, Any]]) -> str:
    words = []
    for run in active:
        tasks = api.get(f"/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances", limit=200)["task_instances"]
        done = sum(task["state"] in ("success", "skipped") for task in tasks)
        busy = [task["task_id"] for task in tasks if task["state"] in ("running", "up_for_retry", "deferred")]
        words.append(f"{run['dag_id']} {done}/{len(tasks)} {', '.join(dict.fromkeys(busy))}".rstrip())
    return "; ".join(words)


def _reason(layout: Layout, api: Airflow, run: dict[str, Any]) -> str:
    """Return which task of a failed run failed, and the end of its log."""
    path = f"/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances"
    failed = api.get(path, state="failed", limit=1)["task_instances"]
    if not failed:
        return f"{run['dag_id']} failed without a failed task (run {run['dag_run_id']})."
    task = failed[0]
    folder = (
        layout.run
        / "tasks"
        / f"dag_id={task['dag_id']}"
        / f"run_id={task['dag_run_id']}"
        / f"task_id={task['task_id']}"
    )
    logs = sorted(folder.rglob("attempt=*.log"))
    lines = _events(logs[-1]) if logs else []
    where = logs[-1] if logs else folder
    return "\n".join(
        [f"{task['task_id']} of {task['dag_id']} failed.", f"Log: {where}", *(f"  {line}" for line in lines)]
    )


def _events(log: Path) -> list[str]:
    """Return the last messages of a task's log, which is one JSON object a line."""
    lines = []
    for line in log.read_text(errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        detail = "; ".join(f"{e.get('exc_type')}: {e.get('exc_value')}" for e in entry.get("error_detail") or [])
        lines.append(f"{entry.get('level', '')} {entry.get('event', '')} {detail}".strip())
    return lines[-12:]

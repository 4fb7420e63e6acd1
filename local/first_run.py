"""The first run of the totesys pipeline, watched through Airflow's REST API until source, lake and warehouse agree."""

from __future__ import annotations

import json
import time
from typing import Any, Callable

from local import airflow, infra
from local.api import Airflow
from local.layout import Layout
from local.processes import ProcessFailed, complete
from local.runs import Runs
from local.settings import Settings
from local.steps import table

CHAIN = ("totesys_landing", "totesys_curated", "totesys_warehouse")
HOTELS = ("swiftpos", "humanforce", "aristocrat")  # taken in after it, while somebody looks around
PARSED_AFTER = 90  # seconds a DAG file may take to be known
LIMIT = 900  # seconds the whole run may take
STARTED_AFTER = 4  # seconds in which the scheduler starts what is due of a DAG that was unpaused
SETTLED = 2  # seconds without anything active after which a finished chain is over
QUIET = 10  # seconds without a follow-up after which a landing that found nothing is over


def ensure(layout: Layout, settings: Settings, progress: Callable[[str], None]) -> bool:
    """See that the whole chain has succeeded once: start what has not, show how far it is, fail with its log.

    :return: whether there was anything to do
    :raises ProcessFailed: a DAG file is broken, a task failed, or it takes too long
    """
    api = Airflow(airflow.url(settings), airflow.USER, airflow.PASSWORD)
    _wait_for_dags(api, progress)
    runs = Runs(api, CHAIN, layout.run / "tasks")
    due = [dag for dag in CHAIN if runs.broken(dag)]
    if not runs.of(CHAIN[0], "success"):
        due = [CHAIN[0]]
    if not due and not runs.active():
        _wake(api)
        return False
    runs.hurry()
    for dag in reversed(CHAIN):  # the listeners first
        api.patch(f"/dags/{dag}?update_mask=is_paused", {"is_paused": False})
    if due and not _started(runs, due[0]):
        api.post(f"/dags/{due[0]}/dagRuns", {"logical_date": None})
    _follow(runs, progress)
    _wake(api)
    return True


def totals(layout: Layout, *pipelines: str) -> list[dict[str, Any]]:
    """Return what source, lake and warehouse hold, one row a dataset: ``dataset, source, lake, warehouse, equal``.

    ``source`` is None where it cannot be counted, ``warehouse`` for a dataset that only lends columns to another's table.

    :param pipelines: of which; totesys where none is named
    :raises ProcessFailed: when one of them cannot be read
    """
    settings = Settings(layout.state / "settings.json")
    env = airflow.environment(layout, settings, infra.outputs(layout))
    command = [str(layout.python("airflow")), "-m", "quayside.quality.reconciliation", "totals"]
    command += [word for pipeline in pipelines or ("totesys",) for word in ("--pipeline", pipeline)]
    answer = complete("totals", command, run=layout.run, env=env, cwd=layout.root)
    return [json.loads(line) for line in answer.splitlines() if line.startswith("{")]


def render(rows: list[dict[str, Any]]) -> str:
    """Lay out the totals for a person."""
    heading = ["dataset", "source", "lake", "warehouse", ""]
    places = ("source", "lake", "warehouse")
    body = [
        [
            row["dataset"],
            *("–" if row[place] is None else f"{row[place]:,}" for place in places),
            "equal" if row["equal"] else "DIFFERENT",
        ]
        for row in rows
    ]
    if all(row["equal"] for row in rows):
        return table([heading, *body])
    return (
        f"{table([heading, *body])}\n\nWhat the source gained since its last run arrives with the next, within ten minutes;"
        "\nwhat it lost is found once a day, or when somebody triggers totesys_deletes. Rows that broke a rule stay in"
        "\nquarantine: the page of the task `gate` says which, and why."
    )


def render_hotels(rows: list[dict[str, Any]]) -> str:
    """Lay out what the hotels' curated tables and stars hold."""
    body = [
        [
            row["dataset"],
            f"{row['lake']:,}",
            "–" if row["warehouse"] is None else f"{row['warehouse']:,}",
            "" if row["equal"] else "waits",
        ]
        for row in rows
    ]
    heading = table([["dataset", "curated", "warehouse", ""], *body])
    if all(row["equal"] for row in rows):
        return heading
    return f"{heading}\n\nWhat waits is loaded by the next run of hospitality_warehouse."


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


def _wake(api: Airflow) -> None:
    """Unpause what never ran; what somebody has paused since stays so.

    The hotels' two years are taken in from now on.
    """
    for dag in [dag["dag_id"] for dag in api.get("/dags", paused=True, limit=100)["dags"]]:
        if not api.get(f"/dags/{dag}/dagRuns", limit=1)["dag_runs"]:
            api.patch(f"/dags/{dag}?update_mask=is_paused", {"is_paused": False})


def _started(runs: Runs, dag: str) -> bool:
    """Tell whether unpausing has started a run of its own: the timetable's last interval, an asset's event."""
    deadline = time.monotonic() + STARTED_AFTER
    while time.monotonic() < deadline:
        if runs.of(dag, "queued", "running"):
            return True
        time.sleep(0.3)
    return False


def _follow(runs: Runs, progress: Callable[[str], None]) -> None:
    deadline, quiet_since = time.monotonic() + LIMIT, time.monotonic()
    while time.monotonic() < deadline:
        active = runs.active()
        failure = runs.failure(active)
        if failure:
            raise ProcessFailed(f"{failure}\nWhen the cause is gone, `make up` again.")
        if active:
            quiet_since = time.monotonic()
            progress(runs.words(active))
        elif runs.of(CHAIN[0], "success"):
            finished = all(runs.of(dag, "success") for dag in CHAIN)
            if time.monotonic() - quiet_since > (SETTLED if finished else QUIET):
                return
        time.sleep(0.5)
    raise ProcessFailed(f"Not through after {LIMIT} s. `make status`, `make logs` and the Airflow UI tell more.")

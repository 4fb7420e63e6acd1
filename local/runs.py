"""The runs of a chain of DAGs, as Airflow's REST API and the task logs tell of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Sequence

from local.api import Airflow

TRIES = 2  # a task that failed this often does not recover while somebody waits


class Runs:
    """What the runs of ``dags`` are doing; runs that had failed when this was made are passed over.

    :param tasks: the folder of the task logs
    """

    def __init__(self, api: Airflow, dags: Sequence[str], tasks: Path) -> None:
        self._api = api
        self._dags = dags
        self._tasks = tasks
        self._bygone = {run["dag_run_id"] for dag in dags for run in self.of(dag, "failed")}

    def of(self, dag: str, *states: str) -> list[dict[str, Any]]:
        """Return a DAG's latest runs in any of ``states``."""
        return list(self._api.get(f"/dags/{dag}/dagRuns", state=states, limit=10, order_by="-run_after")["dag_runs"])

    def broken(self, dag: str) -> bool:
        """Tell whether the latest run of a DAG has failed."""
        return any(run["state"] == "failed" for run in self.of(dag, "success", "failed", "running", "queued")[:1])

    def active(self) -> list[dict[str, Any]]:
        """Return what runs or waits to run."""
        return [run for dag in self._dags for run in self.of(dag, "running", "queued")]

    def failure(self, active: list[dict[str, Any]]) -> str | None:
        """Return why the chain does not go on: a run has failed, or a task of one fails again and again."""
        for run in [run for dag in self._dags for run in self.of(dag, "failed")]:
            if run["dag_run_id"] not in self._bygone:
                failed = [task for task in self._of_run(run) if task["state"] == "failed"]
                return self._reason(failed[0]) if failed else f"{run['dag_id']} failed: {run['dag_run_id']}"
        for task in [task for run in active for task in self._of_run(run)]:
            if task["state"] == "up_for_retry" and task["try_number"] >= TRIES:
                return self._reason(task)
        return None

    def hurry(self) -> None:
        """Let tasks that wait to be tried again run now: somebody has just seen to the cause."""
        for run in self.active():
            waiting = [task["task_id"] for task in self._of_run(run) if task["state"] == "up_for_retry"]
            if waiting:
                wish = {"dry_run": False, "only_failed": False, "dag_run_id": run["dag_run_id"], "task_ids": waiting}
                self._api.post(f"/dags/{run['dag_id']}/clearTaskInstances", wish)

    def words(self, active: list[dict[str, Any]]) -> str:
        """Return how far the active runs are: ``totesys_landing 1/3 gate``."""
        words = []
        for run in active:
            tasks = self._of_run(run)
            done = sum(task["state"] in ("success", "skipped") for task in tasks)
            busy = [task["task_id"] for task in tasks if task["state"] in ("running", "deferred")]
            busy += [f"{task['task_id']} (failed, will try again)" for task in tasks if task["state"] == "up_for_retry"]
            words.append(f"{run['dag_id']} {done}/{len(tasks)} {', '.join(busy)}".rstrip())
        return "; ".join(words)

    def _of_run(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        path = f"/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances"
        return list(self._api.get(path, limit=200)["task_instances"])

    def _reason(self, task: dict[str, Any]) -> str:
        """Return which task failed, and the end of its log."""
        parts = [f"{name}={task[name]}" for name in ("dag_id", "task_id")]
        folder = self._tasks / parts[0] / f"run_id={task['dag_run_id']}" / parts[1]
        logs = sorted(folder.rglob("attempt=*.log"), key=lambda log: log.stat().st_mtime)
        lines = messages(logs[-1])[-12:] if logs else []
        where = f"Log: {logs[-1] if logs else folder}"
        return "\n".join([f"{task['task_id']} of {task['dag_id']} failed.", where, *(f"  {line}" for line in lines)])


def messages(log: Path) -> list[str]:
    """Return what a task's log says, without what libraries say of themselves; it is one JSON object a line."""
    lines = []
    for line in log.read_text(errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry.get("logger") in ("py.warnings", "botocore.configprovider", "botocore.credentials"):
            continue
        detail = "; ".join(f"{error['exc_type']}: {error['exc_value']}" for error in entry.get("error_detail") or [])
        lines.append(" ".join(filter(None, [entry.get("level", ""), str(entry.get("event", "")), detail])))
    return lines

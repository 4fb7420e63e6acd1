"""The state of datasets, read from the ledger: no query of the data itself is needed.

A dataset is *as of* a moment: all that its source had by then is in it. That is when the source was last looked at, or,
where a batch waits for a stage, when the first that waits was landed.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from quayside.items import Items
from quayside.serving.health.promises import Promise, load_promises
from quayside.settings import aws

NEWEST = 100  # batches of a dataset whose rejected rows are counted
NEAR = 30.0  # seconds that what was read is taken for true: freshness is told in minutes
RECONCILIATION = "reconciliation"  # the ledger's notes of what agreed when it was last compared
_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one dataset stands at the stages.

    :param waits_since: when the first batch was landed that a stage has yet to take; UTC without offset
    :param blocked: the gate holds one
    :param landed: a batch has come at all
    """

    waits_since: datetime | None
    blocked: bool
    landed: bool


@dataclass
class Health:
    """The health of one environment's datasets.

    :param ledger: name of the ledger's table
    :param airflow_url: where the Airflow UI is, for links to runs
    :param clock: gives UTC without offset
    """

    ledger: str
    airflow_url: str = ""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC).replace(tzinfo=None)
    _near: dict[tuple[str, str], tuple[float, Any]] = field(default_factory=dict)

    def freshness(self, datasets: Iterable[str]) -> list[dict[str, Any]]:
        """Return how fresh datasets are, as the API tells it beside a result."""
        return [
            {
                "dataset": promise.name,
                "as_of": _iso(as_of),
                "promised_minutes": minutes,
                "state": self._state(as_of, minutes),
            }
            for promise, as_of, minutes in ((each, *self._worst(each)) for each in _promises(datasets))
        ]

    def gates(self, datasets: Iterable[str]) -> list[dict[str, str]]:
        """Return what the gate said of what datasets are made of."""
        return [{"dataset": promise.name, "state": self._gate(promise)} for promise in _promises(datasets)]

    def everything(self) -> list[dict[str, Any]]:
        """Return the health of all datasets by their names, as the API tells it."""
        promises = [load_promises()[name] for name in sorted(load_promises())]
        aws("dynamodb")  # made before there are threads: boto3's session is not for several at once
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self._one, promises))

    def _one(self, promise: Promise) -> dict[str, Any]:
        as_of, minutes = self._worst(promise)
        batches = [each for name in {promise.name, *promise.landed} for each in self._batches(name)[-1:]]
        recorded = max((datetime.fromisoformat(each["recorded_at"]) for each in batches), default=None)
        return {
            "name": promise.name,
            "stage": promise.stage,
            "freshness_minutes": None if as_of is None else max(0, (self.clock() - as_of) // timedelta(minutes=1)),
            "promised_minutes": minutes,
            "state": self._state(as_of, minutes),
            "last_batch_at": _iso(recorded),
            "gate": self._gate(promise),
            "quarantined_rows": sum(map(self._quarantined, promise.landed)),
            "reconciled": self._reconciled(promise),
            "last_run": self._last_run(promise.dag),
        }

    def _worst(self, promise: Promise) -> tuple[datetime | None, int | None]:
        """Return as of when a dataset is, and the promise that this is held against: the least kept one."""
        found = []
        own = self._standing(promise.name).waits_since if promise.stage == "warehouse" else None
        for name in promise.landed:
            moments = [self._looked_at().get(name), self._standing(name).waits_since, own]
            if moments[0] is None:
                return None, load_promises()[name].minutes
            found.append((min(filter(None, moments)), load_promises()[name].minutes))
        if not found:
            return None, None
        return min(found, key=lambda each: each[0] + timedelta(minutes=each[1] or 10**6))

    def _state(self, as_of: datetime | None, minutes: int | None) -> str:
        if as_of is None or minutes is None:
            return "unknown"
        return "late" if self.clock() - as_of > timedelta(minutes=minutes) else "fresh"

    def _gate(self, promise: Promise) -> str:
        standing = [self._standing(name) for name in promise.landed]
        if any(each.blocked for each in standing):
            return "blocked"
        return "passed" if any(each.landed for each in standing) else "none"

    def _reconciled(self, promise: Promise) -> str:
        told = self._notes(
            RECONCILIATION, lambda items: {each["entry"]: each for each in items.query(RECONCILIATION, "")}
        )
        found = [told[name] for name in (promise.name, *promise.landed) if name in told]
        if not found:
            return "none"
        return "equal" if all(each["equal"] for each in found) else "different"

    def _quarantined(self, dataset: str) -> int:
        """Return the rejected rows of the newest batches, less those that were sent through the flow again."""
        batches = {
            each["entry"].removeprefix("batch#"): int(each.get("rejected", 0)) for each in self._batches(dataset)
        }
        rejected = sum(batches.values())
        if not rejected:
            return 0
        for note in self._notes(f"{dataset}#replays", lambda items: items.query(dataset, "replay#")):
            batch = note["entry"].split("#")[1]
            rejected -= _count(note.get("rows", "")) if batches.get(batch) else 0
        return max(0, rejected)

    def _last_run(self, dag: str) -> dict[str, str] | None:
        attempts = self._notes(f"runs#{dag}", lambda items: items.query(f"runs#{dag}", "", newest=20)) if dag else []
        running = self._notes("running", lambda items: items.query("running", ""))
        now = next((each["run"] for each in running if each["dag"] == dag), None)
        if now is None and not attempts:
            return None
        run = str(now or attempts[-1]["run"])
        last = {each["task"]: each["state"] for each in attempts if each["run"] == run}
        state = "running" if now else "failed" if "failed" in last.values() else "success"
        url = f"{self.airflow_url.rstrip('/')}/dags/{quote(dag)}/runs/{quote(run)}"
        return {"dag_id": dag, "run_id": run, "state": state, "url": url}

    def _looked_at(self) -> Mapping[str, datetime]:
        """Return when each landed dataset was last looked at in its source."""

        def read(items: Items) -> Mapping[str, datetime]:
            return {
                str(name): datetime.fromisoformat(note["at"])
                for note in items.query("finished", "")
                for name in note["datasets"]
            }

        found: Mapping[str, datetime] = self._notes("finished", read)
        return found

    def _standing(self, dataset: str) -> Standing:
        # That a source's batch is yet to be reconciled, for which it waits at the load as well, keeps nobody waiting.
        stages = ("load",) if dataset.startswith("warehouse.") else ("gate", "curate")

        def read(items: Items) -> Standing:
            waiting = items.query(dataset, "todo#")
            first: dict[str, str] = {}  # of each stage; what comes later waits for it
            for each in waiting:
                _, stage, batch = each["entry"].split("#", 2)
                if stage in stages:
                    first.setdefault(stage, batch)
            batches = {stage: items.get(dataset, f"batch#{batch}") or {} for stage, batch in first.items()}
            moments = [datetime.fromisoformat(batch["recorded_at"]) for batch in batches.values() if batch]
            return Standing(
                waits_since=min(moments, default=None),
                blocked=batches.get("gate", {}).get("status") == "blocked",
                landed=bool(waiting) or bool(items.query(dataset, "batch#", newest=1)),
            )

        found: Standing = self._notes(f"{dataset}#standing", read)
        return found

    def _batches(self, dataset: str) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self._notes(
            f"{dataset}#batches", lambda items: items.query(dataset, "batch#", newest=NEWEST)
        )
        return found

    def _notes(self, name: str, read: Callable[[Items], Any]) -> Any:
        """Return what was read of the ledger within the last seconds, or read it."""
        at, found = self._near.get((self.ledger, name), (0.0, None))
        if found is None or time.monotonic() - at > NEAR:
            found = read(Items(self.ledger))
            self._near[self.ledger, name] = time.monotonic(), found
        return found


def _promises(datasets: Iterable[str]) -> list[Promise]:
    return [load_promises()[name] for name in sorted(datasets)]


def _count(ranges: str) -> int:
    """Count the numbers in ``0-17,20``."""
    bounds = [[int(end) for end in part.split("-")] for part in ranges.split(",") if part]
    return sum(part[-1] - part[0] + 1 for part in bounds)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"

"""The watchdog: what a task leaves behind while it works, and what follows if it falls silent.

A killed process says nothing. So every attempt notes in the ledger that it works, and again every half minute; the
watchdog, somewhere else, reads these notes. Partitions of the ledger's table:

``running``    ``<dag>#<task>#<run>``: an attempt that has not ended, when it was last seen, how long it may take
``finished``   ``<dag>``: when a pipeline's datasets were last landed as promised, and where they go
``runs#<dag>`` ``<time>#<task>``: what the last attempts did, for the run summary page
"""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from quayside.alerts import PARTITION, Alert, raise_alert, recover, scrub, tell_what_was_left
from quayside.contract import load_contract
from quayside.errors import QuaysideError, Retryable
from quayside.ledger import Ledger
from quayside.run import Run

BEAT = timedelta(seconds=30)
SILENCE = timedelta(minutes=3)  # several beats: one that the ledger was too busy to take is no alarm
KEPT = timedelta(days=30)
STAGES = {"gate": "landing", "curate": "curated", "load": "warehouse"}  # whose DAG takes what is pending there


@dataclass(kw_only=True)
class Attempt:
    """One try of one task.

    :param timeout: after which the orchestrator should have ended it
    :param link: its log
    :param summary: what it did, JSON values; set while it works, kept with its outcome
    """

    dag: str
    task: str
    run: str
    link: str
    timeout: timedelta
    started: datetime = field(default_factory=lambda: _now())
    summary: list[dict[str, Any]] = field(default_factory=list)

    @property
    def entry(self) -> str:
        """The attempt's name among those that run; a retry of the task has the same."""
        return f"{self.dag}#{self.task}#{self.run}"

    def note(self, ledger: Ledger) -> None:
        """Give a sign of life."""
        ledger.note(
            "running",
            self.entry,
            {
                "dag": self.dag,
                "task": self.task,
                "run": self.run,
                "link": self.link,
                "started_at": _iso(self.started),
                "seen_at": _iso(_now()),
                "timeout": int(self.timeout.total_seconds()),
            },
        )


@contextmanager
def watched(attempt: Attempt, ledger: Ledger) -> Iterator[Attempt]:
    """Let the watchdog know of this attempt until the block ends, however it ends."""
    attempt.note(ledger)
    ended = threading.Event()
    beating = threading.Thread(target=_beat, args=(attempt, ledger, ended), name="watchdog", daemon=True)
    beating.start()
    try:
        yield attempt
    except BaseException as error:  # a timeout is no Exception
        ended.set()
        beating.join()
        try:
            _note_end(attempt, ledger, "failed", str(error) or type(error).__name__)
        except Retryable as trouble:  # what stopped the work is the news, not this
            logging.getLogger("quayside").warning("The end of this attempt could not be noted: %s", trouble)
        raise
    ended.set()
    beating.join()
    _note_end(attempt, ledger, "success", "")


def landed_as_promised(
    dag: str, datasets: Sequence[str], tables: Sequence[str], ledger: Ledger, *, loads_in: str = ""
) -> None:
    """Note that all datasets of a pipeline were just looked at: from now on their freshness is watched.

    :param loads_in: the DAG that loads its tables, where that is not its own: sources that fill the same stars share one
    """
    noted = {"at": _iso(_now()), "datasets": list(datasets), "tables": list(tables), "loads_in": loads_in}
    ledger.note("finished", dag, noted)


def check(
    run: Run, *, paused: Callable[[str], bool], link: Callable[[str], str], now: datetime | None = None
) -> list[str]:
    """Raise an alert for everything that is silent, overdue or stale, and take back what is not any more.

    :param paused: tells of a DAG whether somebody has switched it off
    :param link: the address of a DAG in the UI
    :param now: UTC without offset
    :returns: a line for each alert or recovery that was told
    """
    now = now or _now()
    told = [f"told late: {subject}" for subject in tell_what_was_left(run.settings, run.ledger, now=now)]
    for item in run.ledger.notes("running"):
        reason = _silent(item, now)
        if reason:
            alert = Alert(
                subject=f"{item['dag']}#{item['task']}",
                reason=reason,
                link=item["link"],
                run=item["run"],
                headline=f"{item['dag']}.{item['task']} has vanished",
            )
            if raise_alert(alert, run.settings, run.ledger, surmised=True):
                told.append(f"{alert.headline}: {reason}")
            run.ledger.forget("running", item["entry"])
    for item in run.ledger.notes("finished"):
        told += _freshness(run, item, paused, link, now)
        _forget_old_runs(item, run.ledger, now)
    return told


def _silent(item: Mapping[str, Any], now: datetime) -> str:
    seen, started = (datetime.fromisoformat(item[name]) for name in ("seen_at", "started_at"))
    if now - seen > SILENCE:
        return (
            f"No sign of life since {seen:%H:%M:%S} UTC: its process was killed (out of memory?) or its worker is "
            "gone. Nothing is lost: clear the task, or wait for the next run, which takes up what is pending."
        )
    if now - started > timedelta(seconds=int(item["timeout"])) + SILENCE:
        return (
            f"Works since {started:%Y-%m-%d %H:%M} UTC, longer than its timeout of {int(item['timeout']) // 60} "
            "minutes, and was not stopped. Look at its log; mark it failed to let the next run start."
        )
    return ""


def _freshness(
    run: Run, item: Mapping[str, Any], paused: Callable[[str], bool], link: Callable[[str], str], now: datetime
) -> list[str]:
    """One alert for a pipeline at most, and none while a task of it is known to fail: that is the same news."""
    dag, pipeline = item["entry"], item["entry"].removesuffix("_landing")
    subject = f"{pipeline}#freshness"
    stale = [] if paused(dag) else _stale(run.ledger, item, paused, now)
    if not stale:
        known = recover(subject, link=link(dag), settings=run.settings, ledger=run.ledger)
        return [f"{pipeline} is fresh again"] if known else []
    failing = [alert for each in _dags(item).values() for alert in run.ledger.notes(PARTITION, f"{each}#")]
    if failing:
        return []
    shown = "; ".join(stale[:3]) + (f"; and {len(stale) - 3} more" if len(stale) > 3 else "")
    alert = Alert(
        subject=subject,
        headline=f"{pipeline} is staler than promised",
        link=link(dag),
        reason=f"{shown}. See whether the scheduler and the workers run, and what the pipeline's runs wait for.",
    )
    return [f"{alert.headline}: {shown}"] if raise_alert(alert, run.settings, run.ledger) else []


def _dags(item: Mapping[str, Any]) -> dict[str, str]:
    """Return, for each stage where something may wait, the DAG that takes it."""
    pipeline = item["entry"].removesuffix("_landing")
    own = {stage: f"{pipeline}_{dag}" for stage, dag in STAGES.items()}
    return own | ({"load": item["loads_in"]} if item.get("loads_in") else {})


def _stale(ledger: Ledger, item: Mapping[str, Any], paused: Callable[[str], bool], now: datetime) -> list[str]:
    promises = {name: load_contract(name).freshness for name in item["datasets"]}
    promised = {name: timedelta(minutes=minutes) for name, minutes in promises.items() if minutes}
    if not promised:
        return []
    landed = datetime.fromisoformat(item["at"])
    stale = [
        f"{name}: not looked at since {landed:%H:%M} UTC, promised every {limit // timedelta(minutes=1)} minutes"
        for name, limit in promised.items()
        if now - landed > limit
    ]
    waits = [(name, stage, limit) for name, limit in promised.items() for stage in ("gate", "curate")]
    waits += [(name, "load", min(promised.values())) for name in item["tables"]]
    off = {stage for stage, dag in _dags(item).items() if paused(dag)}
    for name, stage, limit in waits:
        if stage in off:
            continue
        waiting = ledger.pending(name, stage)  # type: ignore[arg-type]
        if waiting and now - datetime.fromisoformat(waiting[0].recorded_at) > limit:
            stale.append(
                f"{name}: batch {waiting[0].batch} waits to be {stage.removesuffix('e')}ed "
                f"since {waiting[0].recorded_at[11:16]} UTC"
            )
    return stale


def _beat(attempt: Attempt, ledger: Ledger, ended: threading.Event) -> None:
    while not ended.wait(BEAT.total_seconds()):
        try:
            attempt.note(ledger)
        except QuaysideError as error:  # the work itself goes on; if this lasts, the watchdog asks
            logging.getLogger("quayside").warning("No sign of life could be given: %s", error)


def _note_end(attempt: Attempt, ledger: Ledger, state: str, reason: str) -> None:
    """Keep the outcome, and remove the attempt from those that run; a success also speaks for earlier, killed ones."""
    ledger.note(
        f"runs#{attempt.dag}",
        f"{_iso(attempt.started)}#{attempt.task}",
        {
            "task": attempt.task,
            "run": attempt.run,
            "state": state,
            "reason": scrub(reason),
            "link": attempt.link,
            "started_at": _iso(attempt.started),
            "ended_at": _iso(_now()),
            "summary": json.dumps(attempt.summary, default=str),
        },
    )
    start = f"{attempt.dag}#{attempt.task}#" if state == "success" else attempt.entry
    for item in ledger.notes("running", start):
        ledger.forget("running", item["entry"])


def _forget_old_runs(finished: Mapping[str, Any], ledger: Ledger, now: datetime) -> None:
    day = (now - KEPT).date().isoformat()
    pipeline, dags = finished["entry"].removesuffix("_landing"), _dags(finished).values()
    for dag in (*dags, f"{pipeline}_deletes"):
        for item in ledger.notes(f"runs#{dag}", day):
            ledger.forget(f"runs#{dag}", item["entry"])


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")

"""The watchdog notices what nobody else can tell, once, and is silent about what is fine, paused or never ran."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from quayside import watchdog
from quayside.contract import load_contract
from quayside.ledger import Position
from quayside.manifest import Manifest
from quayside.run import Run
from quayside.watchdog import Attempt, check, landed_as_promised, watched
from tests.support.inbox import Inbox

MINUTE = timedelta(minutes=1)
STAFF = ("totesys.staff",)


@pytest.fixture
def run(settings):
    return Run.of("watchdog__1")


@pytest.fixture
def inbox(settings):
    return Inbox.of(settings)


def attempt(run_id: str = "scheduled__1", timeout: timedelta = timedelta(hours=1)) -> Attempt:
    return Attempt(dag="totesys_landing", task="land", run=run_id, link="http://airflow.test/log", timeout=timeout)


def look(run: Run, *, after: timedelta = timedelta(), paused: tuple[str, ...] = ()) -> list[str]:
    now = datetime.now(UTC).replace(tzinfo=None) + after
    return check(run, paused=lambda dag: dag in paused, link=lambda dag: f"http://airflow.test/dags/{dag}", now=now)


def test_an_attempt_that_was_killed_is_told_once(run, ledger, inbox):
    attempt().note(ledger)  # and then nothing: its process is gone

    assert look(run, after=2 * MINUTE) == []
    assert len(look(run, after=4 * MINUTE)) == 1
    assert look(run, after=9 * MINUTE) == []

    [(subject, text)] = inbox.read()
    assert subject == "[failed] totesys_landing.land has vanished"
    assert "No sign of life since" in text
    assert "http://airflow.test/log" in text


def test_an_attempt_that_works_gives_signs_of_life(run, ledger, inbox, monkeypatch):
    monkeypatch.setattr(watchdog, "BEAT", timedelta(milliseconds=20))
    beaten = threading.Event()
    at_work = attempt()
    with watched(at_work, ledger):
        first = ledger.notes("running")[0]["seen_at"]
        while ledger.notes("running")[0]["seen_at"] == first:
            beaten.wait(0.01)
        assert look(run) == []

    assert ledger.notes("running") == []
    assert look(run, after=60 * MINUTE) == []


def test_an_attempt_that_overruns_its_timeout_is_told(run, ledger, inbox):
    hung = attempt(timeout=timedelta(minutes=10))
    hung.started -= timedelta(minutes=14)
    hung.note(ledger)  # alive, and endless

    assert "longer than its timeout of 10 minutes" in look(run)[0]


def test_an_attempt_that_failed_by_itself_is_not_the_watchdogs_business(run, ledger, inbox):
    with pytest.raises(ValueError, match="broken"), watched(attempt(), ledger):
        raise ValueError("broken; password=hunter2")

    assert look(run, after=60 * MINUTE) == []
    [outcome] = ledger.notes("runs#totesys_landing")
    assert (outcome["state"], outcome["reason"]) == ("failed", "broken; password=***")


def test_a_success_speaks_for_an_earlier_killed_attempt(run, ledger, inbox):
    attempt("scheduled__1").note(ledger)
    with watched(attempt("scheduled__2"), ledger):
        pass

    assert look(run, after=60 * MINUTE) == []
    assert inbox.read() == []


def test_a_pipeline_staler_than_promised_is_one_alert_and_one_recovery(run, ledger, inbox):
    names = ("totesys.staff", "totesys.sales_order", "totesys.payment")
    promise = max(load_contract(name).freshness for name in names) * MINUTE
    landed_as_promised("totesys_landing", names, (), ledger)

    assert look(run, after=5 * MINUTE) == []
    assert len(look(run, after=promise + MINUTE)) == 1
    assert look(run, after=promise + 6 * MINUTE) == []
    landed_as_promised("totesys_landing", names, (), ledger)
    assert look(run, after=MINUTE) == ["totesys is fresh again"]
    assert look(run, after=MINUTE) == []

    assert [subject for subject, _ in inbox.read()] == [
        "[failed] totesys is staler than promised",
        "[recovered] totesys is staler than promised",
    ]


def test_a_paused_pipeline_may_be_stale(run, ledger, inbox):
    landed_as_promised("totesys_landing", STAFF, (), ledger)

    assert look(run, after=timedelta(days=3), paused=("totesys_landing",)) == []
    assert inbox.read() == []


def test_a_pipeline_that_never_ran_is_no_alert(run, inbox):
    assert look(run, after=timedelta(days=3)) == []
    assert inbox.read() == []


def test_staleness_is_not_told_beside_the_failure_that_causes_it(run, ledger, inbox):
    landed_as_promised("totesys_landing", STAFF, (), ledger)
    attempt().note(ledger)

    look(run, after=timedelta(days=1))
    look(run, after=timedelta(days=2))

    assert [subject for subject, _ in inbox.read()] == ["[failed] totesys_landing.land has vanished"]


def test_a_batch_that_waits_too_long_for_a_stage_is_told_unless_that_stage_is_paused(run, ledger, inbox):
    names = ("totesys.staff", "totesys.sales_order")
    landed_as_promised("totesys_landing", names, ("warehouse.dim_staff",), ledger)
    noon = datetime(2026, 5, 1, 12)
    batch = Manifest(
        dataset="totesys.sales_order",
        batch="00000001-a",
        kind="window",
        run="r1",
        files=(),
        rows=3,
        schema_version="1.0.0",
        snapshot_at=noon,
        until=noon,
    )
    ledger.record(batch, before=Position(), after=Position(sequence=1, cursor=noon), todo="gate")
    ledger.advance("totesys.sales_order", "00000001-a", taken="gate", status="passed", todo="curate")
    promise = load_contract("totesys.sales_order").freshness * MINUTE
    later = datetime.now(UTC).replace(tzinfo=None) + promise + MINUTE
    ledger.note(
        "finished",
        "totesys_landing",
        {"at": later.isoformat(), "datasets": list(names), "tables": ["warehouse.dim_staff"]},
    )  # landing itself is fine

    assert look(run, after=promise + MINUTE, paused=("totesys_curated",)) == []
    [told] = look(run, after=promise + MINUTE)
    assert "totesys.sales_order: batch 00000001-a waits to be curated since" in told
    ledger.advance("totesys.sales_order", "00000001-a", taken="curate", status="curated")
    assert look(run, after=promise + MINUTE) == ["totesys is fresh again"]


def test_what_waits_for_a_warehouse_that_sources_share_is_told_unless_that_is_paused(run, ledger, inbox):
    tables = ("warehouse.dim_staff",)
    batch = Manifest(
        dataset=tables[0], batch="00000001-a", kind="derived", run="r1", files=(), rows=3, schema_version="1.0.0",
        snapshot_at=datetime(2026, 5, 1, 12),
    )  # fmt: skip
    assert ledger.record_derived(batch, todo="load")
    landed_as_promised("totesys_landing", STAFF, tables, ledger, loads_in="shared_warehouse")
    [finished] = ledger.notes("finished")
    promise = load_contract("totesys.staff").freshness * MINUTE
    later = datetime.now(UTC).replace(tzinfo=None) + promise + MINUTE
    ledger.note("finished", "totesys_landing", finished | {"at": later.isoformat()})  # landing itself is fine

    assert look(run, after=promise + MINUTE, paused=("shared_warehouse",)) == []
    [told] = look(run, after=promise + MINUTE, paused=("totesys_warehouse",))
    assert "warehouse.dim_staff: batch 00000001-a waits to be loaded since" in told


def test_runs_are_forgotten_after_a_month(run, ledger):
    landed_as_promised("totesys_landing", STAFF, (), ledger)
    with watched(attempt(), ledger):
        pass
    assert len(ledger.notes("runs#totesys_landing")) == 1

    look(run, after=timedelta(days=30), paused=("totesys_landing",))

    assert ledger.notes("runs#totesys_landing") == []

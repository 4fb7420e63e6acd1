"""Data health tells what the ledger knows: fresh or late, blocked, quarantined, different, and which run it was."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest

from quayside.ledger import Ledger
from quayside.manifest import Totals
from quayside.quality.lines import Line
from quayside.quality.reconciliation import _tell_health
from quayside.run import Run
from quayside.serving.health import Health, health, load_promises, promises
from quayside.serving.health.snapshot import KEY, write_snapshot
from quayside.settings import Settings

NOON = datetime(2026, 3, 1, 12, 0)
SALE, ITEM, STAR = "swiftpos.sale", "hospitality.sale_item", "warehouse.fact_sale_item"


@pytest.fixture(autouse=True)
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is taken for true that was read before."""
    monkeypatch.setattr(health, "NEAR", -1.0)


@pytest.fixture
def seen(settings: Settings) -> Health:
    """The health at noon."""
    return Health(settings.ledger_table, "http://airflow.test/", clock=lambda: NOON)


def of(seen: Health, name: str) -> Mapping[str, Any]:
    return seen._one(load_promises()[name])


def looked(ledger: Ledger, at: str, pipeline: str = "swiftpos") -> None:
    datasets = [name for name, each in load_promises().items() if each.dag == f"{pipeline}_landing"]
    ledger.note(
        "finished", f"{pipeline}_landing", {"at": f"2026-03-01T{at}:00.000", "datasets": datasets, "tables": []}
    )


def batch(ledger: Ledger, dataset: str, number: int, at: str, todo: str = "", **facts: Any) -> None:
    """Note a batch as the stages do."""
    name = f"{number:08}-0000"
    item = {"status": "curated", "rows": 10, "recorded_at": f"2026-03-01T{at}:00.000", **facts}
    ledger.note(dataset, f"batch#{name}", item)
    if todo:
        ledger.note(dataset, f"todo#{todo}#{name}", {})


def test_every_dataset_is_there_and_of_one_that_never_ran_nothing_is_claimed(seen, ledger):
    found = {each["name"]: each for each in seen.everything()}
    assert found.keys() == load_promises().keys()
    assert len(found) > 45
    assert found[SALE] == {
        "name": SALE,
        "stage": "landing",
        "freshness_minutes": None,
        "promised_minutes": 45,
        "state": "unknown",
        "last_batch_at": None,
        "gate": "none",
        "quarantined_rows": 0,
        "reconciled": "none",
        "last_run": None,
    }


def test_promises_say_what_tables_are_made_of():
    known = load_promises()
    assert known["hospitality.sale_item"].landed == ("swiftpos.sale",)
    assert known["warehouse.fact_shift"].landed == ("humanforce.roster_item", "humanforce.timesheet")
    assert known["warehouse.dim_staff"].landed == ("totesys.department", "totesys.staff")
    assert known["warehouse.fact_sale_item"].landed == ("swiftpos.sale",)
    assert known["warehouse.dim_date"].landed == known["warehouse.dim_venue"].landed == ()
    assert {known[name].dag for name in ("totesys.staff", "hospitality.timesheet", "warehouse.fact_gaming")} == {
        "totesys_landing",
        "humanforce_curated",
        "hospitality_warehouse",
    }


def test_what_a_package_holds_are_the_same_promises(tmp_path, monkeypatch):
    packed = tmp_path / "promises.json"
    packed.write_text(promises.pack())
    monkeypatch.setattr(promises, "PACKED", packed)
    assert load_promises.__wrapped__() == load_promises()


def test_data_is_fresh_as_long_as_the_contract_promises(seen, ledger):
    looked(ledger, "11:15")
    for name in (SALE, ITEM, STAR):
        assert (of(seen, name)["state"], of(seen, name)["freshness_minutes"]) == ("fresh", 45)
        assert of(seen, name)["promised_minutes"] == 45
    looked(ledger, "11:14")
    for name in (SALE, ITEM, STAR):
        assert of(seen, name)["state"] == "late"
    assert seen.freshness([STAR]) == [
        {"dataset": STAR, "as_of": "2026-03-01T11:14:00Z", "promised_minutes": 45, "state": "late"}
    ]


@pytest.mark.parametrize("stage", ["gate", "curate"])
def test_a_batch_that_waits_makes_what_comes_after_it_late_though_the_source_is_looked_at(seen, ledger, stage):
    looked(ledger, "11:59")
    batch(ledger, SALE, 1, "10:00")
    batch(ledger, SALE, 2, "11:00", todo=stage)
    batch(ledger, SALE, 3, "11:55", todo=stage)
    assert [each["as_of"] for each in seen.freshness([SALE, ITEM, STAR])] == ["2026-03-01T11:00:00Z"] * 3
    assert of(seen, STAR)["state"] == "late"
    assert of(seen, SALE)["last_batch_at"] == "2026-03-01T11:55:00Z"


def test_a_star_that_waits_to_be_loaded_is_late_and_the_lake_is_not(seen, ledger):
    looked(ledger, "11:59")
    batch(ledger, SALE, 1, "10:00", todo="load")  # it waits to be reconciled: that is nobody's delay
    batch(ledger, STAR, 1, "10:01", todo="load")
    states = {each["dataset"]: each["state"] for each in seen.freshness([SALE, ITEM, STAR])}
    assert states == {SALE: "fresh", ITEM: "fresh", STAR: "late"}


def test_of_a_table_of_two_sources_the_less_kept_promise_counts(seen, ledger):
    looked(ledger, "11:59", "totesys")
    batch(ledger, "totesys.department", 1, "11:10", todo="curate")
    assert of(seen, "totesys.staff")["state"] == "fresh"
    assert of(seen, "warehouse.dim_staff")["state"] == "late"


def test_a_blocked_batch_blocks_what_is_made_of_it(seen, ledger):
    looked(ledger, "11:59")
    batch(ledger, SALE, 1, "10:00", todo="curate", status="passed")
    assert {of(seen, name)["gate"] for name in (SALE, ITEM, STAR)} == {"passed"}
    batch(ledger, SALE, 2, "11:00", todo="gate", status="blocked")
    batch(ledger, SALE, 3, "11:30", todo="gate", status="landed")
    assert seen.gates([STAR, "hospitality.timesheet"]) == [
        {"dataset": "hospitality.timesheet", "state": "none"},
        {"dataset": STAR, "state": "blocked"},
    ]


def test_rejected_rows_are_counted_less_those_that_were_sent_again(seen, ledger):
    batch(ledger, SALE, 1, "10:00", rejected=7)
    batch(ledger, SALE, 2, "11:00", rejected=5)
    assert of(seen, SALE)["quarantined_rows"] == of(seen, STAR)["quarantined_rows"] == 12
    ledger.note(SALE, "replay#00000001-0000#00000003-0000", {"rows": "0-3,9"})
    assert of(seen, SALE)["quarantined_rows"] == 7


def test_what_reconciliation_found_last_is_told_of_source_and_star(seen, ledger, lake, settings):
    run = Run(id="r", settings=settings, lake=lake, ledger=ledger)
    some, other = Totals(rows=1, key_hash=1), Totals(rows=2, key_hash=1)
    line = Line(
        dataset="totesys.payment",
        batch="1",
        stage="warehouse",
        place="warehouse.fact_payment",
        found=some,
        wanted=some,
        equal=True,
    )
    wrong = Line(
        dataset="totesys.payment", batch="2", stage="landing", place="x", found=some, wanted=other, equal=False
    )
    _tell_health(run, [line])
    assert [of(seen, name)["reconciled"] for name in ("totesys.payment", "warehouse.fact_payment")] == ["equal"] * 2
    _tell_health(run, [wrong, line])
    assert [of(seen, name)["reconciled"] for name in ("totesys.payment", "warehouse.fact_payment")] == ["different"] * 2
    assert of(seen, "totesys.staff")["reconciled"] == "none"
    _tell_health(run, [line])
    assert of(seen, "totesys.payment")["reconciled"] == "equal"


def attempt(ledger: Ledger, dag: str, run: str, task: str, state: str, at: str) -> None:
    ledger.note(f"runs#{dag}", f"2026-03-01T{at}:00.000#{task}", {"task": task, "run": run, "state": state})


def test_the_last_run_links_to_airflow(seen, ledger):
    attempt(ledger, "swiftpos_landing", "scheduled__1", "land", "failed", "10:00")
    attempt(ledger, "swiftpos_landing", "scheduled__1", "land", "success", "10:05")
    assert of(seen, SALE)["last_run"] == {
        "dag_id": "swiftpos_landing",
        "run_id": "scheduled__1",
        "state": "success",
        "url": "http://airflow.test/dags/swiftpos_landing/runs/scheduled__1",
    }
    attempt(ledger, "swiftpos_landing", "manual__2026-03-01T10:00:00+00:00", "land", "success", "10:15")
    attempt(ledger, "swiftpos_landing", "manual__2026-03-01T10:00:00+00:00", "gate", "failed", "10:16")
    last = of(seen, SALE)["last_run"]
    assert last["state"] == "failed"
    assert last["url"].endswith("/runs/manual__2026-03-01T10%3A00%3A00%2B00%3A00")
    ledger.note("running", "swiftpos_landing#land#r3", {"dag": "swiftpos_landing", "task": "land", "run": "r3"})
    assert of(seen, SALE)["last_run"]["state"] == "running"
    assert of(seen, ITEM)["last_run"] is None


def test_for_some_seconds_what_was_read_is_taken_for_true(seen, ledger, monkeypatch):
    monkeypatch.setattr(health, "NEAR", 60.0)
    looked(ledger, "11:50")
    assert seen.freshness([SALE])[0]["state"] == "fresh"
    looked(ledger, "10:00")
    assert seen.freshness([SALE])[0]["state"] == "fresh"
    assert Health(seen.ledger, clock=lambda: NOON).freshness([SALE])[0]["state"] == "late"


def test_the_snapshot_holds_all_and_who_brings_it_about(seen, ledger, settings):
    looked(ledger, "11:50")
    write_snapshot(seen, settings)
    kept = json.loads(boto3.client("s3").get_object(Bucket=settings.lake_bucket, Key=KEY)["Body"].read())
    assert kept["at"] == "2026-03-01T12:00:00Z"
    assert {each["name"]: each["dag"] for each in kept["datasets"]}[STAR] == "hospitality_warehouse"
    assert [{**each, "dag": ""} for each in kept["datasets"]] == [{**each, "dag": ""} for each in seen.everything()]


def test_an_hour_later_it_is_an_hour_older(settings, ledger):
    looked(ledger, "11:50")
    later = Health(settings.ledger_table, clock=lambda: NOON + timedelta(hours=1))
    assert of(later, SALE)["freshness_minutes"] == 70

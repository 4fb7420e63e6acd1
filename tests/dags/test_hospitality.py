"""The hotels' DAGs: three vendors through landing and Glue into stars that they share."""

import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import psycopg
import pytest

from local.sources.hospitality import Clock, Vendors, World
from quayside.contract import contract_names
from quayside.lake import Lake
from quayside.run import Run
from quayside.settings import Settings
from quayside.sources import http
from quayside_airflow import arrivals
from tests.conftest import Databases
from tests.support.airflow import ROOT
from tests.support.aws import REGION
from tests.support.landed import land_records, make_crawlers

SOURCES = ("swiftpos", "humanforce", "aristocrat")
MORNING = datetime(2026, 5, 2, 21, tzinfo=UTC)  # seven o'clock at the venues, which are closed


class Hotels:
    """A few days of both venues, with all that their pipelines need."""

    def __init__(self, settings: Settings, database: Databases, vendors: Vendors, monkeypatch: pytest.MonkeyPatch):
        self.settings, self.vendors = settings, vendors
        self._monkeypatch = monkeypatch
        boto3.client("s3").create_bucket(
            Bucket=settings.inbox_bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        self.warehouse_url = database.url(database("quayside_loader"), "quayside_loader")
        to = psycopg.conninfo.conninfo_to_dict(self.warehouse_url)
        login = {"host": to["host"], "port": int(str(to["port"])), "dbname": to["dbname"]}
        self._secret("warehouse", login | {"username": "quayside_loader", "password": "secret"})
        for vendor in ("swiftpos", "humanforce"):
            self._secret(f"source/{vendor}", vendors.secret(vendor))
        self.at(vendors.clock.now())

    def at(self, now: datetime) -> None:
        """Let it be another time, for the vendors and for whoever asks them."""
        self.vendors.clock.set(now)
        self._monkeypatch.setattr(arrivals, "now", lambda: now.replace(tzinfo=None))

    def drop(self, name: str, text: str) -> None:
        """Drop a gaming file."""
        boto3.client("s3").put_object(Bucket=self.settings.inbox_bucket, Key=f"aristocrat/{name}", Body=text.encode())

    def make_jobs(self) -> None:
        """Make the Glue jobs as Terraform does."""
        role, bucket = f"curate-{uuid.uuid4().hex[:8]}", self.settings.lake_bucket
        trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
        arn = f"arn:aws:s3:::{bucket}"
        allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
        iam = boto3.client("iam")
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=_policy(trust))
        iam.put_role_policy(RoleName=role, PolicyName="lake", PolicyDocument=_policy(allowed))
        script = ROOT / "include/glue_scripts/curate.py"
        boto3.client("s3").put_object(Bucket=bucket, Key="artifacts/glue/curate.py", Body=script.read_bytes())
        for source in SOURCES:
            boto3.client("glue").create_job(
                Name=self.settings.named(source),
                Role=role,
                GlueVersion="5.0",
                WorkerType="G.1X",
                NumberOfWorkers=2,
                Command={
                    "Name": "glueetl",
                    "ScriptLocation": f"s3://{bucket}/artifacts/glue/curate.py",
                    "PythonVersion": "3",
                },
            )

    def warehouse(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with psycopg.connect(self.warehouse_url) as connection:
            return connection.execute(statement).fetchall()

    def _secret(self, name: str, value: dict[str, Any]) -> None:
        full = f"{self.settings.secret_prefix}{name}"
        boto3.client("secretsmanager").create_secret(Name=full, SecretString=json.dumps(value))


@pytest.fixture
def hotels(settings: Settings, database: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hotels]:
    """Two days after the hotels opened, on a morning."""
    mark = uuid.uuid4().hex[:8]
    made = replace(settings, inbox_bucket=f"inbox-{mark}", landing_database=f"landing_{mark}")
    for name in ("inbox_bucket", "landing_database"):
        monkeypatch.setenv(f"QUAYSIDE_{name.upper()}", getattr(made, name))
    with Vendors(World(seed=7, begins=date(2026, 5, 1), trade=0.03), Clock(MORNING)) as vendors:
        yield Hotels(made, database, vendors, monkeypatch)


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_the_product_takes_every_contract_there_is(dags):
    landed = [name for source in SOURCES for name in dags.bag.dags[f"{source}_landing"].get_task("gate").datasets]
    curated = [name for source in SOURCES for name in dags.bag.dags[f"{source}_curated"].get_task("plan").tables]

    assert sorted(landed) == sorted(name for source in SOURCES for name in contract_names(source))
    assert sorted(curated) == list(contract_names("hospitality"))
    assert list(dags.bag.dags["hospitality_warehouse"].get_task("load").tables) == list(
        contract_names("warehouse", product="hospitality")
    )


def test_each_stage_is_woken_by_the_asset_of_the_one_before(dags):
    for source in SOURCES:
        [landed] = dags.bag.dags[f"{source}_curated"].timetable.asset_condition.objects
        assert landed.name == f"{source}.landed"
    any_of = dags.bag.dags["hospitality_warehouse"].timetable.asset_condition
    assert type(any_of).__name__ == "AssetAny"
    assert [asset.name for asset in any_of.objects] == [f"{source}.curated" for source in SOURCES]


def test_one_window_is_landed_curated_and_loaded_and_an_empty_one_skips_the_rest(dags, hotels):
    hotels.make_jobs()

    landing, curated, warehouse = (
        dags.run(name) for name in ("swiftpos_landing", "swiftpos_curated", "hospitality_warehouse")
    )

    assert landing == {"land": "success", "gate": "success", "publish": "success", "swiftpos_landing": "success"}
    assert curated == {"plan": "success", "curate": "success", "publish": "success", "swiftpos_curated": "success"}
    assert warehouse == {"load": "success", "reconcile": "success", "hospitality_warehouse": "success"}
    [job] = boto3.client("glue").get_job_runs(JobName=hotels.settings.named("swiftpos"))["JobRuns"]
    version = job["Arguments"]["--airflow_task_uuid"].rpartition("/")[2]  # so that no retry takes up another plan's run
    assert boto3.client("s3").list_objects_v2(
        Bucket=hotels.settings.lake_bucket, Prefix=f"curated/hospitality/sale/v={version}/"
    )["KeyCount"]
    items = sum(len(sale["Items"]) for sale in hotels.vendors.world.sales(MORNING))
    assert items > 50
    assert hotels.warehouse("select count(*) from warehouse.fact_sale_item") == [(items,)]

    hotels.at(MORNING + timedelta(minutes=15))
    assert dags.run("swiftpos_landing")["gate"] == "skipped"
    assert dags.events() == []
    assert dags.run("swiftpos_curated")["curate"] == "skipped"


def test_no_name_and_no_secret_is_in_what_the_ui_shows(dags, hotels, ledger):
    dags.run("swiftpos_landing")

    attempts = ledger.notes("runs#swiftpos_landing")  # their summaries are what tasks return
    shown = str([dags.xcoms("land"), dags.xcoms("publish"), *attempts])
    assert "swiftpos.sale" in shown
    for sale in hotels.vendors.world.sales(MORNING):
        assert sale["Clerk"]["Name"] not in shown
    assert hotels.vendors.secret("swiftpos")["signature"] not in shown


def test_an_outage_is_tried_again_and_made_up_for_when_it_is_over(dags, hotels, ledger, inbox, monkeypatch):
    monkeypatch.setattr(http, "PATIENCE", 0.1)
    dags.run("humanforce_landing")
    hotels.vendors.outage("humanforce", True)
    hotels.at(MORNING + timedelta(days=1))
    assert dags.run("humanforce_landing", retries=1)["land"] == "failed"
    attempts = [note["state"] for note in ledger.notes("runs#humanforce_landing") if note["task"] == "land"]
    assert attempts == ["success", "failed", "failed"]
    assert [subject for subject, _ in inbox.read()] == ["[failed] humanforce_landing.land failed"]

    hotels.vendors.outage("humanforce", False)
    hotels.at(MORNING + timedelta(days=7))
    assert dags.run("humanforce_landing")["publish"] == "success"

    assert [subject for subject, _ in inbox.read()] == ["[recovered] humanforce_landing.land failed"]
    assert ledger.position("humanforce.timesheet").cursor >= (MORNING + timedelta(days=6)).replace(tzinfo=None)


def test_a_range_is_landed_again_by_hand_without_moving_the_cursor(dags, hotels, ledger):
    dags.run("humanforce_landing")
    before = ledger.position("humanforce.timesheet").cursor

    states = dags.run("humanforce_landing", since="2026-05-01T00:00:00Z", until="2026-05-02T00:00:00Z")

    assert states["publish"] == "success"
    assert {batch.kind for batch in ledger.batches("humanforce.timesheet")} == {"window", "backfill"}
    assert ledger.position("humanforce.timesheet").cursor == before


CSV = "Venue,Date,Time,EGM Turnover,EGM Wins,Machines\n1,2026-05-02,18:15,1200.50,1000.25,30\n"


def test_a_file_that_arrives_ends_the_wait_for_it(dags, hotels, ledger, monkeypatch):
    deferred, trigger = threading.Event(), arrivals.InboxTrigger

    def noticed(*arguments: Any, **options: Any) -> arrivals.InboxTrigger:
        deferred.set()
        return trigger(*arguments, **options)

    monkeypatch.setattr(arrivals, "InboxTrigger", noticed)
    dropper = threading.Thread(target=lambda: deferred.wait(60) and hotels.drop("a.csv", CSV))
    dropper.start()
    try:
        task = dags.bag.dags["aristocrat_landing"].get_task("land")
        monkeypatch.setattr(task, "interval", 0.2)
        states = dags.run("aristocrat_landing")
    finally:
        deferred.set()
        dropper.join()

    assert states == {"land": "success", "gate": "success", "publish": "success", "aristocrat_landing": "success"}
    assert [batch.rows for batch in ledger.batches("aristocrat.reading")] == [1]
    assert [asset for asset, _ in dags.events()] == ["aristocrat.landed"]


def test_without_a_file_the_rest_is_skipped_once_the_next_run_is_due(dags, hotels, ledger, monkeypatch):
    task = dags.bag.dags["aristocrat_landing"].get_task("land")
    monkeypatch.setattr(task, "patience", timedelta(seconds=1))
    monkeypatch.setattr(task, "interval", 0.2)

    assert dags.run("aristocrat_landing")["gate"] == "skipped"
    assert ledger.batches("aristocrat.reading") == []


def test_a_file_that_is_there_is_taken_without_waiting_and_never_again(dags, hotels, ledger, monkeypatch):
    hotels.drop("a.csv", CSV)
    hotels.drop("again.csv", CSV)
    monkeypatch.setattr(arrivals, "InboxTrigger", None)  # nothing may be deferred
    assert dags.run("aristocrat_landing")["publish"] == "success"

    task = dags.bag.dags["aristocrat_landing"].get_task("land")
    monkeypatch.setattr(task, "patience", timedelta(0))
    dags.run("aristocrat_landing")

    assert [batch.rows for batch in ledger.batches("aristocrat.reading")] == [1]


def test_a_rejected_record_comes_back_corrected_and_wakes_the_usual_dags(dags, hotels, ledger):
    quarters = [f"{18 + number // 4}:{number % 4 * 15:02}" for number in range(20)]
    lines = [f"1,2026-05-02,{time},{'much' if time == '20:30' else '1200.50'},1000,30" for time in quarters]
    hotels.drop("a.csv", "\n".join([CSV.splitlines()[0], *lines, ""]))
    assert dags.run("aristocrat_landing")["publish"] == "success"
    [batch] = ledger.batches("aristocrat.reading")
    assert batch.facts["rejected"] == 1

    values = ("1", "2026-05-02", "20:30", "900.00", "1000", "30")
    record = dict(zip(CSV.splitlines()[0].split(","), values, strict=True))
    states = dags.run(
        "quayside_replay",
        dataset="aristocrat.reading",
        batch=batch.batch,
        corrected={"10": record},
        reason="the venue says it was 900",
    )

    assert states == {"replay": "success", "quayside_replay": "success"}
    assert [asset for asset, _ in dags.events()] == ["aristocrat.landed"]
    [_, replayed] = ledger.pending("aristocrat.reading", "curate")
    assert (replayed.kind, replayed.rows, replayed.facts.get("rejected", 0)) == ("replay", 1, 0)
    assert "900.00" not in str(dags.xcoms("replay"))


CRAWLERS = {
    "aristocrat": ["aristocrat.reading"],
    "rosters": ["humanforce.roster_item"],
    "sales": ["swiftpos.member_transaction", "swiftpos.product", "swiftpos.sale"],
    "timesheets": ["humanforce.timesheet"],
}


def test_what_has_drifted_fails_the_daily_look_and_is_told(dags, hotels, ledger, inbox, monkeypatch):
    make_crawlers(hotels.settings, CRAWLERS)
    for crawler in CRAWLERS:
        monkeypatch.setattr(dags.bag.dags["hospitality_drift"].get_task(f"crawl_{crawler}"), "interval", 1)
    dags.run("humanforce_landing")
    assert dags.run("hospitality_drift") == {
        **{f"crawl_{crawler}": "success" for crawler in CRAWLERS},
        **dict.fromkeys(("compare", "align", "hospitality_drift"), "success"),
    }
    run = Run(id="a vendor's new release", settings=hotels.settings, lake=Lake.of(hotels.settings), ledger=ledger)
    item = next(iter(hotels.vendors.world.roster_items(MORNING)))
    land_records(run, "humanforce.roster_item", item | {"NetMinutes": str(item["NetMinutes"]), "Allowance": 1.5})

    states = dags.run("hospitality_drift")

    assert (states["compare"], states["align"], states["hospitality_drift"]) == ("failed", "success", "failed")
    found = {each["field"]: (each["what"], each["alarm"]) for each in dags.xcoms("compare")["differences"]}
    assert found["record.NetMinutes"] == ("type", True)
    assert found["record.Allowance"] == ("new", False)
    [(subject, text)] = inbox.read()
    assert subject == "[failed] hospitality_drift.compare failed"
    assert "record.NetMinutes is string" in text

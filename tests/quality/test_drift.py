"""The drift alarm: real crawls over landed batches, held against real contracts."""

import copy
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from quayside.contract import load_contract
from quayside.errors import Terminal
from quayside.lake import Lake
from quayside.ledger import Ledger
from quayside.quality.drift import drift, refuse
from quayside.quality.inferred import align, fields
from quayside.run import Run
from quayside.settings import Settings
from tests.support.landed import land_records, make_crawlers

ITEM = {
    "GuidKey": "7c0f", "LastEdit": "2026-05-01T10:00:00.123", "StartTime": "2026-05-01T09:00:00",
    "EndTime": "2026-05-01T17:00:00", "Employee": {"EmployeeCode": "E1", "Name": "Ada"}, "GrossMinutes": 480,
    "NetMinutes": 450, "BreakMinutes": 30, "Location": {"Name": "Bella Vista Hotel"}, "Department": {"Name": "Bar"},
    "Role": {"Name": "Bartender"}, "Cost": 300.5, "Published": True, "Deleted": False,
}  # fmt: skip
READING = {"Venue": "1", "Date": "2026-05-01", "Time": "18:15", "EGM Turnover": "1200.50", "EGM Wins": "1000"}


class Zone:
    """A landing zone of two datasets, and a crawler for each."""

    def __init__(self, settings: Settings, run: Run) -> None:
        self.settings, self.run = settings, run
        self.contracts = [load_contract("humanforce.roster_item"), load_contract("aristocrat.reading")]
        self._glue = boto3.client("glue")
        make_crawlers(settings, {contract.table: [contract.name] for contract in self.contracts})

    def land(self, dataset: str, *records: dict[str, Any]) -> None:
        """Land a batch as the landing stage does."""
        land_records(self.run, dataset, *records)

    def look(self) -> list[tuple[str, str, bool]]:
        """Crawl, and return what differs: field, how, and whether it is alarming."""
        crawled = now()
        for contract in self.contracts:
            name = self.settings.named(contract.table)
            self._glue.start_crawler(Name=name)
            deadline = time.monotonic() + 60
            while (crawler := self._glue.get_crawler(Name=name)["Crawler"])["State"] != "READY":
                assert time.monotonic() < deadline, "the crawl does not end"
                time.sleep(0.05)
            assert crawler["LastCrawl"]["Status"] == "SUCCEEDED", crawler["LastCrawl"]
        found = drift(self.contracts, self.run, crawled=crawled, texts=("aristocrat.reading",))
        return [(each.field, each.what, each.alarm) for each in found]

    def explore(self, query: str) -> list[list[str | None]]:
        """Ask Athena; return the rows."""
        athena = boto3.client("athena")
        started = athena.start_query_execution(
            QueryString=query,
            QueryExecutionContext={"Database": self.settings.landing_database},
            ResultConfiguration={"OutputLocation": f"s3://{self.settings.lake_bucket}/athena-results/"},
        )["QueryExecutionId"]
        deadline = time.monotonic() + 60
        while (status := athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"])[
            "State"
        ] not in ("SUCCEEDED", "FAILED"):
            assert time.monotonic() < deadline, "the query does not end"
            time.sleep(0.05)
        assert status["State"] == "SUCCEEDED", status["StateChangeReason"]
        rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
        return [[value.get("VarCharValue") for value in row["Data"]] for row in rows[1:]]


@pytest.fixture
def zone(settings: Settings, lake: Lake, ledger: Ledger) -> Zone:
    made = replace(settings, landing_database=f"landing_{uuid.uuid4().hex[:8]}")
    return Zone(made, Run(id="drift/1", settings=made, lake=lake, ledger=ledger))


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def changed(record: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Return a copy of a record with something done to it."""
    record = copy.deepcopy(record)
    change(record)
    return record


def test_what_is_as_promised_is_no_news_today_and_tomorrow(zone):
    zone.land("humanforce.roster_item", ITEM, {**ITEM, "Employee": None})
    zone.land("aristocrat.reading", READING)

    assert zone.look() == []

    zone.land("humanforce.roster_item", {**ITEM, "Employee": None, "Cost": 300})  # nobody on it, and a whole amount
    assert zone.look() == []


def test_a_field_of_another_type_is_an_alarm(zone):
    zone.land("humanforce.roster_item", {**ITEM, "Cost": "300.50"})
    zone.land("humanforce.roster_item", ITEM)

    found = zone.look()

    assert found == [("record.Cost", "type", True)]


def test_a_required_field_that_is_gone_is_an_alarm_and_an_optional_one_is_not(zone):
    zone.land("humanforce.roster_item", changed(ITEM, lambda item: (item.pop("NetMinutes"), item.pop("Employee"))))
    zone.land("aristocrat.reading", changed(READING, lambda line: line.pop("EGM Wins")))

    assert zone.look() == [("record.NetMinutes", "lost", True), ("record.EGM Wins", "lost", True)]


def test_a_new_field_is_told_once_and_alarms_nobody(zone):
    zone.land("aristocrat.reading", READING)
    assert zone.look() == []
    zone.land("aristocrat.reading", {**READING, "EGM Jackpots": "3"})

    assert zone.look() == [("record.EGM Jackpots", "new", False)]
    assert zone.look() == []


def test_batches_that_no_crawler_has_seen_are_not_passed_over_unless_they_landed_since(zone):
    before = now()
    zone.land("aristocrat.reading", READING)

    assert drift(zone.contracts, zone.run, crawled=before) == []
    with pytest.raises(Terminal, match="no crawler has looked"):
        drift(zone.contracts, zone.run, crawled=now())


def test_an_alarm_says_what_is_promised_and_what_there_is(zone):
    zone.land("humanforce.roster_item", {**ITEM, "Published": "yes"})
    zone.look()

    with pytest.raises(Terminal, match=r"roster_item: record.Published is string, published is promised as boolean"):
        refuse(drift(zone.contracts[:1], zone.run, crawled=now()))


def test_what_was_inferred_can_be_explored_although_batches_differ(zone):
    zone.land("humanforce.roster_item", ITEM)
    zone.land("humanforce.roster_item", {"Shift": "late", **changed(ITEM, lambda item: item.pop("Employee"))})
    zone.look()

    assert align(zone.contracts, zone.run) == 2
    assert align(zone.contracts, zone.run) == 0

    query = """
        select batch, record.shift, record.employee.name from humanforce_roster_item
        where record is not null  -- the manifest beside the files is a line of JSON, too
        order by batch"""
    assert [row[1:] for row in zone.explore(query)] == [[None, "Ada"], ["late", None]]


def test_a_type_is_taken_apart_into_its_fields():
    kind = "struct<Id:int,Items:array<struct<Price:decimal(10,2),Tags:array<string>>>,At:string>"

    assert dict(fields("record", kind)) == {
        "record.Id": "int",
        "record.Items[].Price": "decimal",
        "record.Items[].Tags[]": "string",
        "record.At": "string",
    }

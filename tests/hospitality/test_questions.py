"""The eight questions: the lake, the warehouse and plain Python over what truly happened answer the same."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import psycopg
import pytest
from psycopg import sql

from local.postgres import Postgres
from local.sources.hospitality import World
from quayside.questions import Question, ask_athena, ask_warehouse, load_question, question_names
from quayside.settings import Credentials, Settings
from quayside.warehouse.access import ANALYST, mask
from tests.conftest import Databases
from tests.hospitality import curated, stars
from tests.hospitality.edges import SINCE, UNTIL, Edges
from tests.hospitality.truth import NAMES, Truth
from tests.support.aws import REGION

Worlds = tuple[tuple[World, datetime], ...]
NOW = datetime(2026, 4, 15, 3, 34, tzinfo=UTC)  # in the middle of a day
# Daylight saving begins on 5 October 2025 and ends on 5 April 2026.
SPRING, AUTUMN = (date(2025, 10, 1), date(2025, 10, 9)), (date(2026, 3, 25), date(2026, 4, 14))
BELLA, HARBOUR = 1, 2
ASKED = [
    (BELLA, *SPRING),
    (BELLA, *AUTUMN),
    (HARBOUR, *AUTUMN),
    (BELLA, date(2026, 4, 10), date(2026, 5, 3)),  # not all of it has happened yet
    (BELLA, date(2024, 2, 1), date(2024, 2, 2)),  # nothing has
    (BELLA, SINCE, UNTIL),
]
SINGLE = (date(2025, 10, 4), date(2025, 10, 5), date(2026, 3, 31), date(2026, 4, 4), date(2026, 4, 5))


@pytest.fixture(scope="module")
def worlds() -> Worlds:
    """What happened in a spring and in an autumn."""
    return (World(seed=7, begins=SPRING[0], trade=0.4), datetime(2025, 10, 13, tzinfo=UTC)), (
        World(seed=7, begins=AUTUMN[0], trade=0.4),
        NOW,
    )


@pytest.fixture(scope="module")
def truth(worlds: Worlds) -> Truth:
    return Truth(*worlds, (Edges(), NOW))


@pytest.fixture(scope="module")
def rows(worlds: Worlds) -> curated.Rows:
    """The rows of the curated tables of these worlds."""
    found: curated.Rows = {}
    for world, now in (*worlds, (Edges(), NOW)):
        for table, some in curated.rows(world, now).items():
            found.setdefault(table, []).extend(some)
    return found


@pytest.fixture(scope="module")
def lake(aws: str, rows: curated.Rows) -> Settings:
    """A lake that holds them."""
    settings = Settings(lake_bucket="venues", ledger_table="venues", catalog_database="venues")
    boto3.client("s3").create_bucket(Bucket="venues", CreateBucketConfiguration={"LocationConstraint": REGION})
    boto3.client("glue").create_database(DatabaseInput={"Name": "venues"})
    curated.put(rows, settings)
    return settings


@pytest.fixture(scope="module")
def warehouse(postgres: Postgres, rows: curated.Rows) -> Iterator[Credentials]:
    """A warehouse that holds their stars."""
    databases = Databases(postgres)
    found = Credentials("127.0.0.1", postgres.port, databases("quayside_loader"), "quayside_loader", "secret")
    stars.put(rows, found)
    yield found
    databases.drop()


@pytest.fixture(scope="module")
def analyst(postgres: Postgres, warehouse: Credentials) -> Credentials:
    """Somebody who may see no personal data in it."""
    with psycopg.connect(f"{postgres.url}/{warehouse.dbname}", autocommit=True) as admin:
        if not admin.execute("select from pg_roles where rolname = %s", [ANALYST]).fetchone():
            admin.execute(sql.SQL("create role {} nologin").format(sql.Identifier(ANALYST)))
        admin.execute(
            sql.SQL("create role asker login password 'secret' in role {role}").format(role=sql.Identifier(ANALYST))
        )
    with psycopg.connect(**warehouse.conninfo()) as connection:  # type: ignore[arg-type]
        mask(connection, [])
    return replace(warehouse, username="asker")


def asked(question: Question) -> Iterator[dict[str, Any]]:
    """Yield the values that a question is asked with."""
    days = (*SINGLE, *(SINCE + timedelta(days=number) for number in range(7)))
    for venue, since, until in [(BELLA, day, day) for day in days] if "day" in question.parameters else ASKED:
        given = {"venue_id": venue, "since": since, "until": until, "day": until, "ordinary_hours": 38}
        yield {name: given[name] for name in question.parameters}


@pytest.mark.parametrize("name", question_names())
def test_the_lake_and_the_warehouse_answer_as_it_was(
    name: str, lake: Settings, warehouse: Credentials, analyst: Credentials, truth: Truth
):
    question = load_question(name)
    answered = False
    for values in asked(question):
        expected = truth.answer(name, **values)
        answers = {
            "lake": ask_athena(question, values, lake),
            "warehouse": ask_warehouse(question, values, warehouse),
            "masked": ask_warehouse(question, values, analyst, schema="masked"),
        }
        for place, answer in answers.items():
            assert [tuple(row.values()) for row in answer.to_pylist()] == expected, (place, values)
            assert answer.schema == question.schema
        answered |= bool(expected)
    assert answered


def test_the_worlds_hold_what_is_easily_miscounted(worlds: Worlds, truth: Truth):
    autumn, now = worlds[1]
    range_ = dict(zip(("since", "until"), AUTUMN, strict=True))
    sales = [sale for venue in (BELLA, HARBOUR) for _, _, sale in truth.sales(venue, **range_)]
    assert {"Sale", "Void", "Refund"} <= {sale["TransactionType"] for sale in sales}
    postings = [
        posting.sale_id
        for venue in autumn.venues
        for day in range(14)
        for posting in autumn.postings(venue, AUTUMN[0] + timedelta(days=day))
    ]
    assert len(postings) > len(set(postings)), "a sale that was sent again"
    roster = [item for venue in NAMES.values() for _, item in truth.rostered(venue, **range_)]
    assert any(not item.get("Employee") for item in roster), "an open shift"
    assert any(item["StartTime"][:10] < item["EndTime"][:10] for item in roster), "a shift across midnight"
    assert any(item["Deleted"] for item in autumn.roster_items(now)), "a deleted shift"
    assert any(sheet["Deleted"] for sheet in autumn.timesheets(now)), "a deleted timesheet"
    sheets = [sheet for venue in NAMES.values() for _, sheet in truth.sheets(venue, **range_)]
    assert any("ClockedEndTime" not in sheet for sheet in sheets), "a shift that was not clocked"

"""The eight questions: the lake, the warehouse and plain Python over what truly happened answer the same."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import boto3
import psycopg
import pytest
from psycopg import sql

from quayside.contract import contract_names
from quayside.curated.masked import masked_database
from quayside.errors import Terminal
from quayside.questions import Question, ask_athena, ask_warehouse, load_question, question_names
from quayside.questions.__main__ import main
from quayside.settings import Credentials, Settings
from quayside.warehouse.access import MASK
from tests.hospitality import curated
from tests.hospitality.edges import SINCE, UNTIL
from tests.hospitality.places import AUTUMN, SPRING, Places, Worlds
from tests.hospitality.truth import NAMES, Truth
from tests.support.athena import Athena

BELLA, HARBOUR = 1, 2
ASKED = [
    (BELLA, *SPRING),
    (HARBOUR, *AUTUMN),
    (BELLA, date(2026, 4, 2), date(2026, 5, 3)),  # not all of it has happened yet
    (BELLA, date(2024, 2, 1), date(2024, 2, 2)),  # nothing has
    (BELLA, SINCE, UNTIL),
]
PERSONAL = ("member_name", "clerk_name", "employee_name")
SINGLE = (date(2025, 10, 4), date(2025, 10, 5), date(2026, 3, 31), date(2026, 4, 4), date(2026, 4, 5))


@pytest.fixture
def worlds(hotels: Places) -> Worlds:
    return hotels.worlds


@pytest.fixture
def truth(hotels: Places) -> Truth:
    return hotels.truth


@pytest.fixture
def rows(hotels: Places) -> curated.Rows:
    return hotels.rows


@pytest.fixture
def lake(hotels: Places) -> Settings:
    return hotels.lake


@pytest.fixture
def warehouse(hotels: Places) -> Credentials:
    return hotels.warehouse


@pytest.fixture
def analyst(hotels: Places) -> Credentials:
    return hotels.analyst


def asked(question: Question) -> Iterator[dict[str, Any]]:
    """Yield the values that a question is asked with."""
    days = (*SINGLE, *(SINCE + timedelta(days=number) for number in range(7)))
    for venue, since, until in [(BELLA, day, day) for day in days] if "day" in question.parameters else ASKED:
        given = {"venue_id": venue, "since": since, "until": until, "day": until, "ordinary_hours": 20}
        yield {name: given[name] for name in question.parameters}


@pytest.mark.parametrize("name", question_names())
def test_the_lake_and_the_warehouse_answer_as_it_was(
    name: str, lake: Settings, warehouse: Credentials, analyst: Credentials, truth: Truth
):
    question = load_question(name)
    answered = False
    for values in asked(question):
        expected = truth.answer(name, **values)
        answers = {"lake": ask_athena(question, values, lake), "warehouse": ask_warehouse(question, values, warehouse)}
        if not answered:
            answers["masked views"] = ask_athena(question, values, lake, database=masked_database(lake))
            answers["masked stars"] = ask_warehouse(question, values, analyst, schema="masked")
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
        for day in range(10)
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


def test_nobodys_name_is_in_the_masked_tables(
    rows: curated.Rows, lake: Settings, warehouse: Credentials, analyst: Credentials
):
    """Of members, clerks and employees: whatever is asked of all masked tables, in the lake and in the warehouse."""
    names = {
        row[column] for some in rows.values() for row in some for column in row if column in PERSONAL and row[column]
    }
    assert len(names) > 100
    athena = Athena(replace(lake, catalog_database=masked_database(lake)))
    tables = [name.partition(".")[2] for name in contract_names("hospitality")]
    seen = {table: athena.rows(_some_of(table)) for table in tables}
    with psycopg.connect(**analyst.conninfo()) as connection:  # type: ignore[arg-type]
        query = "select table_name from information_schema.views where table_schema = 'masked'"
        views = [view for (view,) in connection.execute(query)]
        assert {"dim_member", "dim_employee", "fact_sale_item", "fact_payment_taken"} <= set(views)
        for view in views:
            seen[view] = connection.execute(sql.SQL("table masked.{}").format(sql.Identifier(view))).fetchall()

    values = {value for some in seen.values() for row in some for value in row}
    assert not names & values
    assert all(any(MASK in row for row in seen[table]) for table in ("sale", "timesheet", "dim_member", "dim_employee"))
    with psycopg.connect(**warehouse.conninfo()) as connection:  # type: ignore[arg-type]
        assert names & {name for (name,) in connection.execute("select member_name from warehouse.dim_member")}


def _some_of(table: str) -> str:
    return f"select * from {table}" + (
        f" where business_date between date '{AUTUMN[0]}' and date '{AUTUMN[1]}'" if table != "product" else ""
    )


def test_the_command_line_asks_either_and_says_what_is_wrong(
    lake: Settings, warehouse: Credentials, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
):
    for name in Settings.__dataclass_fields__:
        monkeypatch.setenv(f"QUAYSIDE_{name.upper()}", getattr(lake, name))
    secret = {"host": warehouse.host, "port": warehouse.port, "dbname": warehouse.dbname,
              "username": warehouse.username, "password": warehouse.password}  # fmt: skip
    boto3.client("secretsmanager").create_secret(Name=f"{lake.secret_prefix}warehouse", SecretString=json.dumps(secret))
    asked = ["wages_against_roster", "venue_id=1", f"since={AUTUMN[0]}", f"until={AUTUMN[1]}"]

    assert main([]) == 0
    assert len(capsysbinary.readouterr().out.splitlines()) == len(question_names())
    assert main(asked) == main([*asked, "--of", "warehouse"]) == 0
    heading, lake_says, _, warehouse_says = capsysbinary.readouterr().out.splitlines()
    assert heading == b'"worked","rostered","difference"'
    assert lake_says == warehouse_says
    assert main(["wages_against_roster", "venue 1"]) == 1
    assert b"write parameters as name=value" in capsysbinary.readouterr().err


def test_what_athena_refuses_is_said_in_its_words(lake: Settings):
    question = load_question("beverage_sales")
    question = replace(question, athena=question.athena.replace("total_inc", "nothing"))
    values = {"venue_id": 1, "since": AUTUMN[0], "until": AUTUMN[1]}
    with pytest.raises(Terminal, match=r"beverage_sales: COLUMN_NOT_FOUND.*\(query "):
        ask_athena(question, values, lake)
    with pytest.raises(Terminal, match="beverage_sales: Athena does not answer"):
        ask_athena(question, values, replace(lake, athena_workgroup="nobody's"))

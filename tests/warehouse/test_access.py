"""What analysts see of the stars: everything but personal data, which reaches them by no way."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from psycopg import errors, sql

from local.postgres import Postgres
from quayside.contract import Contract
from quayside.settings import Credentials
from quayside.warehouse import access
from quayside.warehouse.access import MASK, mask
from quayside.warehouse.schema import columns, migrate, view_name
from tests.conftest import Databases
from tests.warehouse.conftest import STAFF, TABLES, Stars

NAMES = ("Zoë", "O'Brien", "z@x")
PERSONAL = {table.table: [column.name for column in columns(table) if column.personal] for table in TABLES}


@pytest.fixture
def analyst(stars: Stars) -> Iterator[psycopg.Connection]:
    """Somebody whom the analysts' role was given, connected to the warehouse after a load."""
    stars.put("dim_staff", [{"staff_id": number, **STAFF} for number in range(1, 200)])
    stars.orders({}, {"sales_order_id": 2, "deleted": True})
    stars.load()
    stars.execute("analyze")
    with psycopg.connect(_of_ana(stars.credentials), autocommit=True) as connection:
        yield connection


def _of_ana(credentials: Credentials) -> str:
    return f"postgresql://ana:secret@127.0.0.1:{credentials.port}/{credentials.dbname}"


def test_masked_views_show_all_but_personal_data(stars: Stars, analyst: psycopg.Connection):
    for table in stars.tables:
        for name in [table.table, *([view_name(table)] if table.history else [])]:
            shown = {column.name for column in columns(table)} - ({"deleted"} if name != table.table else set())
            names = sorted(shown)
            hidden = [names.index(column) for column in PERSONAL[table.table] if column in shown]
            asked = sql.SQL("select {} from {} order by 1, 2")
            words = sql.SQL(", ").join(map(sql.Identifier, names))
            seen = analyst.execute(asked.format(words, sql.Identifier("masked", name))).fetchall()
            true = stars.query(asked.format(words, sql.Identifier("warehouse", name)).as_string())
            masked = [
                tuple(MASK if place in hidden and value is not None else value for place, value in enumerate(row))
                for row in true
            ]
            assert sorted(seen, key=repr) == sorted(masked, key=repr), name
    assert analyst.execute("select count(*) from masked.dim_staff where first_name = %s", [MASK]).fetchone() == (199,)
    assert PERSONAL["dim_staff"] == ["first_name", "last_name", "email_address"]


@pytest.mark.parametrize(
    "statement",
    [
        "select first_name from warehouse.dim_staff",
        "table warehouse.current_sales_order",
        "copy warehouse.dim_staff to stdout",
        "set check_function_bodies = off; create function pg_temp.names() returns text language sql"
        " as 'select first_name from warehouse.dim_staff'; select pg_temp.names()",
        "create view pg_temp.names as select first_name from warehouse.dim_staff; select * from pg_temp.names",
        "create or replace view masked.dim_staff as select 1",
        "update masked.dim_staff set location = 'x' returning first_name",
        "set role quayside_loader",
    ],
)
def test_an_analyst_is_refused_what_is_not_masked(analyst: psycopg.Connection, statement: str):
    with pytest.raises(errors.InsufficientPrivilege):
        analyst.execute(statement)


def test_no_name_reaches_a_function_of_the_analyst_nor_the_statistics(analyst: psycopg.Connection):
    """A function that costs nothing is asked first, with whatever the view's rows hold at that point."""
    told: list[str] = []
    analyst.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
    analyst.execute("""
        create function pg_temp.tell(value text) returns boolean language plpgsql cost 0.0000001 as
        $$ begin raise notice '%', value; return true; end $$""")
    analyst.execute("select from masked.dim_staff where pg_temp.tell(first_name) and pg_temp.tell(last_name)")
    analyst.execute(
        "select from masked.dim_staff as whole where pg_temp.tell(whole::text) and pg_temp.tell(email_address)"
    )

    assert len(told) == 4 * 199
    assert MASK in told
    assert not any(name in words for words in told for name in NAMES)
    statistics = "select count(*) from pg_stats where concat(most_common_vals, histogram_bounds) ~ %s"
    assert analyst.execute(statistics, ["Zoë|z@x"]).fetchone() == (0,)
    plan = analyst.execute("explain (verbose) select * from masked.dim_staff where first_name = 'Zoë'").fetchall()
    assert "first_name IS NOT NULL" in repr(plan)


def test_the_second_load_finds_nothing_to_mask(stars: Stars):
    with psycopg.connect(**stars.credentials.conninfo()) as connection:
        migrate(connection, stars.tables)
        assert {dataset for dataset, _ in mask(connection, stars.tables)} == {table.name for table in stars.tables}
        assert mask(connection, stars.tables) == []


def test_what_is_classified_later_is_masked_from_the_next_load_on(stars: Stars, analyst: psycopg.Connection):
    location = "select distinct location from masked.dim_staff"
    stars.execute("update warehouse.dim_staff set location = 'Leeds'")
    assert analyst.execute(location).fetchall() == [("Leeds",)]

    stars.tables = tuple(map(_with_personal_location, stars.tables))
    stars.load()

    assert analyst.execute(location).fetchall() == [(MASK,)]


def _with_personal_location(table: Contract) -> Contract:
    if table.table != "dim_staff":
        return table
    changed = [
        replace(column, classification="personal") if column.name == "location" else column for column in table.columns
    ]
    return replace(table, columns=tuple(changed))


def test_a_type_can_be_widened_under_the_masked_views(stars: Stars, analyst: psycopg.Connection):
    def wider(table: Contract) -> Contract:
        return replace(
            table,
            columns=tuple(
                replace(column, type="bigint") if column.name in ("units_sold", "staff_id") else column
                for column in table.columns
            ),
        )

    stars.tables = tuple(map(wider, stars.tables))
    stars.load()

    kinds = "select pg_typeof(units_sold)::text from masked.current_sales_order"
    assert analyst.execute(kinds).fetchall() == [("bigint",)]
    assert analyst.execute("select pg_typeof(staff_id)::text from masked.dim_staff limit 1").fetchall() == [("bigint",)]


def test_the_role_is_made_where_the_loader_may_and_awaited_where_not(
    stars: Stars, postgres: Postgres, database: Databases, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(access, "ANALYST", "analyst_of_another_name")
    privilege = "select has_table_privilege('analyst_of_another_name', 'masked.dim_staff', 'select')"
    known = "select from pg_roles where rolname = 'analyst_of_another_name'"
    stars.load()
    assert stars.query(known) == []

    with psycopg.connect(f"{postgres.url}/{stars.credentials.dbname}", autocommit=True) as admin:
        admin.execute("alter role quayside_loader createrole")
        try:
            stars.load()
        finally:
            admin.execute("alter role quayside_loader nocreaterole")
        assert stars.query(privilege) == [(True,)]
        admin.execute("drop owned by analyst_of_another_name; drop role analyst_of_another_name")

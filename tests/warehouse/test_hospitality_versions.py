"""Versions of products and employees: whatever the order in which changes arrive, the end is the same."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from psycopg import sql

from quayside.contract import load_contract
from quayside.curated.engine import engine
from quayside.curated.shelf import Shelf
from quayside.curated.versions import versions
from quayside.run import Run
from quayside.settings import Settings
from quayside.types import arrow_type
from quayside.warehouse.partitions import replace_partitions
from quayside.warehouse.schema import column_type, loaded_columns, migrate, version_columns
from quayside.warehouse.staging import staged
from quayside.warehouse.versions import forget_members, infer_versions, merge_versions
from tests.conftest import Databases
from tests.warehouse.hotels import CURATED, HOTEL_STARS, days, rostered, timesheet

TABLES = {table.name: table for table in HOTEL_STARS}
LINES, PRODUCTS = TABLES["warehouse.fact_sale_item"], TABLES["warehouse.dim_product"]
FIRST, LAST = datetime(1900, 1, 1), datetime(9999, 12, 31)
Prices = Mapping[str, Mapping[int, int]]  # product → day → price that the list showed first that day
Sales = Mapping[int, Sequence[str]]  # day → products sold


@pytest.fixture
def warehouse(database: Databases) -> Iterator[psycopg.Connection[Any]]:
    """The hotels' stars, empty; nothing that a test does is committed."""
    with psycopg.connect(database.url(database("quayside_loader"), "quayside_loader")) as connection:
        migrate(connection, HOTEL_STARS)
        connection.commit()
        yield connection
        connection.rollback()


def _expected(prices: Prices) -> set[tuple[str, int, datetime, datetime]]:
    """The versions by a plain reading: a price stands until it is another, and the first one did before."""
    made = set()
    for code, seen in prices.items():
        changes: list[tuple[int, int]] = []
        for day, price in sorted(seen.items()):
            if not changes or changes[-1][1] != price:
                changes.append((day, price))
        bounds = [FIRST, *(_noon(day) for day, _ in changes[1:]), LAST]
        made |= {(code, price, bounds[i], bounds[i + 1]) for i, (_, price) in enumerate(changes)}
    return made


def _noon(day: int) -> datetime:
    return datetime.combine(days(day), time(12))


def _stage(connection: psycopg.Connection[Any], table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    wished = loaded_columns(table)
    parts = [sql.SQL("{} {}").format(sql.Identifier(column.name), column_type(column)) for column in wished]
    connection.execute(sql.SQL("create temporary table {} ({})").format(staged(table), sql.SQL(", ").join(parts)))
    with connection.cursor() as cursor:
        cursor.executemany(
            sql.SQL("insert into {} values ({})").format(
                staged(table), sql.SQL(", ").join([sql.SQL("%s")] * len(wished))
            ),
            [[row.get(column.name) for column in wished] for row in rows],
        )


def _load_prices(connection: psycopg.Connection[Any], prices: Prices) -> None:
    rows = [
        {
            "inventory_code": code,
            "plu": 1,
            "price": price,
            "valid_from": begin,
            "valid_to": end,
            "is_current": end == LAST,
        }
        for code, price, begin, end in _expected(prices)
    ]
    _stage(connection, PRODUCTS, rows)
    merge_versions(connection, PRODUCTS, HOTEL_STARS)
    connection.execute("drop table staged_dim_product")


def _load_day(connection: psycopg.Connection[Any], day: int, products: Sequence[str]) -> None:
    plain = {c.name: {"text": "x", "boolean": False}.get(c.type, 0) for c in loaded_columns(LINES) if c.required}
    rows = [
        {
            **plain,
            "sale_item_key": f"{day}-{number}",
            "business_date": days(day),
            "sold_at": _noon(day),
            "sold_at_local": _noon(day),
            "inventory_code": code,
        }
        for number, code in enumerate(products)
    ]
    _stage(connection, LINES, rows)
    for column in version_columns(LINES):
        infer_versions(connection, PRODUCTS, LINES, column)
    replace_partitions(connection, LINES, [str(days(day))], TABLES)
    forget_members(connection, PRODUCTS, HOTEL_STARS)
    connection.execute("drop table staged_fact_sale_item")


codes, day_numbers = st.sampled_from("AB"), st.integers(0, 5)
events = st.one_of(
    st.tuples(st.just("price"), codes, day_numbers, st.integers(1, 3)),
    st.tuples(st.just("sold"), day_numbers, st.lists(codes, max_size=2)),
)


@given(told=st.lists(events, max_size=10))
@effort(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_arrives_when_a_line_refers_to_the_version_of_its_time(
    warehouse: psycopg.Connection[Any], told: list[tuple[Any, ...]]
) -> None:
    prices: dict[str, dict[int, int]] = {}
    sales: dict[int, list[str]] = {}
    _refer_to_nothing_else(warehouse)
    for event in told:
        if event[0] == "price":
            _, code, day, price = event
            prices.setdefault(code, {})[day] = price
            _load_prices(warehouse, prices)
        else:
            _, day, products = event
            sales[day] = products
            _load_day(warehouse, day, products)
    there = warehouse.execute(
        "select inventory_code, price, dim_product.valid_from, valid_to from warehouse.dim_product"
    ).fetchall()
    pointing = warehouse.execute(
        "select line.inventory_code, price, line.sold_at from warehouse.fact_sale_item as line"
        " join warehouse.dim_product as product using (product_version_id)"
        " where product.inventory_code = line.inventory_code and sold_at >= valid_from and sold_at < valid_to"
    ).fetchall()
    warehouse.rollback()

    unknown = {code for products in sales.values() for code in products} - prices.keys()
    assert sorted(there, key=str) == sorted(
        {*_expected(prices), *((code, None, FIRST, LAST) for code in unknown)}, key=str
    )
    assert len(pointing) == sum(map(len, sales.values()))


def _refer_to_nothing_else(connection: psycopg.Connection[Any]) -> None:
    """Of a line's other dimensions nothing is to be said here."""
    for column in ("business_date", "venue_id", "terminal_key", "member_id"):
        name = sql.Identifier(f"fact_sale_item_{column}_fkey")
        connection.execute(sql.SQL("alter table warehouse.fact_sale_item drop constraint {}").format(name))


@pytest.fixture
def employees() -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Compute the versions of employees that follow from shifts, by the contract."""
    contract = load_contract("warehouse.dim_employee")
    with engine() as connection:
        settings = Settings(lake_bucket="none", ledger_table="none", catalog_database="none")
        [query] = Shelf([contract], Run(id="x", settings=settings, lake=None, ledger=None)).queries
        connection.execute("create schema current")
        for name in ("timesheet", "roster_shift"):
            columns = [(c.name, arrow_type(c)) for c in CURATED[name].columns]
            connection.from_arrow(pa.schema(columns).empty_table()).create(f"current.{name}")
        connection.execute("""
            create view current.shift as select *, 'timesheet' as source_table from current.timesheet
            union all by name select *, 'roster_shift' as source_table from current.roster_shift""")

        def compute(shifts: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
            for name in ("timesheet", "roster_shift"):
                connection.execute(f"delete from current.{name}")
                schema = pa.schema([(c.name, arrow_type(c)) for c in CURATED[name].columns])
                rows = [shift for shift in shifts if f"{name}_key" in shift]
                _fill(connection, name, pa.Table.from_pylist(rows, schema))
            found = versions(connection, query)
            return (
                found.project("employee_code, employee_name, role, employment_type, valid_from, valid_to, is_current")
                .order("employee_code, valid_from")
                .fetchall()
            )

        yield compute


def _fill(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    connection.from_arrow(rows).insert_into(f"current.{name}")


shifts = st.lists(
    st.tuples(
        st.sampled_from(["worked", "rostered"]),
        day_numbers,
        st.sampled_from(["Bar", "Floor"]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=6,
)


@given(told=shifts, order=st.randoms(use_true_random=False))
@effort(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_employee_has_the_role_of_the_day_worked_else_rostered(
    employees: Callable[..., list[tuple[Any, ...]]], told: list[tuple[str, int, str, bool, bool]], order: Any
) -> None:
    rows = []
    for number, (kind, day, role, late, deleted) in enumerate(told):
        start = datetime.combine(days(day), time(18 if late else 9))
        make = timesheet if kind == "worked" else rostered
        rows.append(
            make(f"k{number}", days(day), role=role, start_at=start, deleted=deleted, business_date=days(day))
            | {"employee_name": f"Ana {number}"}
        )
    by_day: dict[date, tuple[Any, ...]] = {}
    for row in rows:
        if not row["deleted"]:
            worked = "timesheet_key" in row
            mine = (worked, row["start_at"], row.get("timesheet_key") or row["roster_shift_key"], row["role"])
            by_day[row["business_date"]] = max(by_day.get(row["business_date"], mine), mine)
    worked_ever = any(worked for worked, *_ in by_day.values()) or any(
        "timesheet_key" in row and not row["deleted"] for row in rows
    )
    expected: list[list[Any]] = []
    for day, (_, _, _, role) in sorted(by_day.items()):
        if not expected or expected[-1][0] != role:
            expected.append([role, datetime.combine(day, time())])
    order.shuffle(rows)
    found = employees(rows)

    bounds = [FIRST, *(begin for _, begin in expected[1:]), LAST]
    assert [(role, begin, end, current) for _, _, role, _, begin, end, current in found] == [
        (role, bounds[i], bounds[i + 1], i == len(expected) - 1) for i, (role, _) in enumerate(expected)
    ]
    assert {kind for _, _, _, kind, *_ in found} <= {"Casual" if worked_ever else None}
    assert len({name for _, name, *_ in found}) <= 1


def test_a_name_is_the_last_one_told_in_every_version(employees: Callable[..., list[tuple[Any, ...]]]) -> None:
    found = employees(
        [
            timesheet("a", days(0), business_date=days(0), employee_name="Ana Li"),
            timesheet(
                "b", days(1), business_date=days(1), role="Cook", employee_name="Ana Ng", employment_type="Full Time"
            ),
            rostered("c", days(2), business_date=days(2), role="Cook", employee_name=None),
        ]
    )
    assert [(name, role, kind) for _, name, role, kind, *_ in found] == [
        ("Ana Ng", "Bartender", "Casual"),
        ("Ana Ng", "Cook", "Full Time"),
    ]

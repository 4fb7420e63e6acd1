"""The shop's numbers: the lake, the warehouse and plain Python over the source's rows."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import given, note

from quayside.landing import land
from quayside.serving.access import Access, Forbidden
from quayside.serving.metrics import Filter, InvalidQuery, MetricLayer, Query
from tests.conftest import Databases, new_settings
from tests.flow.conftest import ORDER, SHOP, Flow, insert_row, new_flow
from tests.serving.metrics import asking
from tests.serving.metrics.asking import same
from tests.serving.metrics.conftest import ADMIN, Engines
from tests.serving.metrics.strategies import LAYER, LITTLE, queries

FIRST = date(2026, 1, 30)
DAYS = (FIRST, FIRST + timedelta(days=9))
RANGE = {"since": DAYS[0], "until": DAYS[1]}
ANALYST = Access(role="analyst", venues=None)


@dataclass(frozen=True)
class Shop:
    """The rows of the source, as they stand, and where they can be asked about."""

    sales: list[dict[str, Any]]
    purchases: list[dict[str, Any]]
    payments: list[dict[str, Any]]
    engines: Engines


@pytest.fixture(scope="module")
def shop(aws: str, postgres: Any, layer: MetricLayer) -> Iterator[Shop]:
    """Two currencies, two departments, an order that was changed, and a payment that was deleted."""
    databases = Databases(postgres)
    flow = new_flow(new_settings(), databases)
    with psycopg.connect(flow.source_url) as connection:
        made = _insert(connection)
    flow.run()
    _change(flow, made)
    with psycopg.connect(**{**flow.warehouse.conninfo(), "application_name": "tests"}) as connection:  # type: ignore[arg-type]
        ask = {"athena": asking.athena(flow.settings), "postgres": asking.postgres(connection)}
        yield Shop(*made, Engines(layer, flow.settings.catalog_database, ask))
    databases.drop()


def _insert(connection: psycopg.Connection[Any]) -> tuple[list[dict[str, Any]], ...]:
    chance = random.Random(11)
    stamp = datetime(2026, 1, 1)
    more = {
        "currency": {"currency_id": 2, "currency_code": "EUR"},
        "department": {"department_id": 2, "department_name": "Zürich", "location": None, "manager": "Bo"},
        "design": {"design_id": 2, "design_name": "apple", "file_location": "/d", "file_name": "apple.json"},
        "staff": {**SHOP["staff"], "staff_id": 2, "first_name": "Ana", "department_id": 2},
        "payment_type": {"payment_type_id": 2, "payment_type_name": "PURCHASE_PAYMENT"},
    }
    for table, values in more.items():
        insert_row(connection, table, {**values, "created_at": stamp, "last_updated": stamp})
    sales, purchases, payments = [], [], []
    for number in range(1, 41):
        at = datetime(FIRST.year, FIRST.month, FIRST.day) + timedelta(hours=chance.randrange(24 * 10), minutes=59)
        which = {name: chance.choice((1, 2)) for name in ("currency_id", "design_id", "staff_id")}
        price = Decimal(chance.randrange(200, 400)) / 100
        order = {
            **ORDER,
            **which,
            "sales_order_id": number,
            "units_sold": chance.randrange(1000, 5000),
            "unit_price": price,
        }
        sales.append({**order, "created_at": at, "last_updated": at})
        bought = {
            **{name: ORDER[name] for name in ("counterparty_id", "agreed_delivery_date", "agreed_payment_date")},
            **{name: which[name] for name in ("currency_id", "staff_id")},
            "agreed_delivery_location_id": 1,
            "purchase_order_id": number,
            "item_code": f"I{number % 3}",
            "item_quantity": chance.randrange(1, 50),
            "item_unit_price": price,
        }
        purchases.append({**bought, "created_at": at + timedelta(days=1), "last_updated": at})
        sale = chance.random() < 0.5
        deal = {"transaction_id": number, "transaction_type": "SALE" if sale else "PURCHASE",
                "sales_order_id": number if sale else None, "purchase_order_id": None if sale else number}  # fmt: skip
        payments.append({
            "payment_id": number, "transaction_id": number, "counterparty_id": 1, "payment_amount": price * 3,
            "currency_id": which["currency_id"], "payment_type_id": 1 if sale else 2, "paid": chance.random() < 0.6,
            "payment_date": (FIRST + timedelta(days=number % 10)).isoformat(), "company_ac_number": 1,
            "counterparty_ac_number": 2, "created_at": at, "last_updated": at,
        })  # fmt: skip
        insert_row(connection, "sales_order", sales[-1])
        insert_row(connection, "purchase_order", purchases[-1])
        insert_row(connection, "transaction", {**deal, "created_at": at, "last_updated": at})
        insert_row(connection, "payment", payments[-1])
    return sales, purchases, payments


def _change(flow: Flow, made: tuple[list[dict[str, Any]], ...]) -> None:
    """Change an order, and delete a payment."""
    sales, _, payments = made
    sales[0]["unit_price"] = Decimal("7.77")
    flow.write("update sales_order set unit_price = 7.77, last_updated = now() where sales_order_id = 1")
    gone = next(row["payment_id"] for row in payments)
    flow.write("delete from payment where payment_id = %s", gone)
    payments.pop(0)
    land(flow.sources, flow.new_run(), flow.source)
    flow.find_deletes()


def both(shop: Shop, query: Query, access: Access = ADMIN) -> list[tuple[Any, ...]]:
    """Return the rows, which are the same in both."""
    rows = shop.engines.rows(query, "postgres", access)
    assert same(shop.engines.rows(query, "athena", access)) == same(rows)
    return rows


def half_up(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


CURRENCIES, DESIGNS, DEPARTMENTS = {1: "GBP", 2: "EUR"}, {1: "Wave", 2: "apple"}, {1: "Sales", 2: "Zürich"}


def test_sales_are_split_by_currency_department_and_design(shop: Shop):
    metrics = ("order_value", "orders", "order_units", "average_order_value")
    by = ("currency", "staff_department", "design")
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in shop.sales:
        groups[CURRENCIES[row["currency_id"]], DEPARTMENTS[row["staff_id"]], DESIGNS[row["design_id"]]].append(row)
    expected = []
    for key, some in sorted(groups.items()):  # by code points: Wave before apple
        value = sum((row["units_sold"] * row["unit_price"] for row in some), Decimal(0))
        units = sum(row["units_sold"] for row in some)
        expected.append((*key, value, len(some), units, half_up(value / len(some))))
    assert both(shop, Query(metrics=metrics, group_by=by, **RANGE)) == expected


def test_sales_and_purchases_stand_beside_each_other_each_by_its_day(shop: Shop):
    query = Query(
        metrics=("order_value", "purchase_value", "sales_less_purchases"),
        group_by=("metric_time__month",),
        where=(Filter("currency", "=", ("GBP",)),),
        **RANGE,
    )
    sums: dict[date, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for i, rows, count, price in ((0, shop.sales, "units_sold", "unit_price"),
                                  (1, shop.purchases, "item_quantity", "item_unit_price")):  # fmt: skip
        for row in rows:
            day = row["created_at"].date()
            if row["currency_id"] == 1 and RANGE["since"] <= day <= RANGE["until"]:
                sums[day.replace(day=1)][i] += row[count] * row[price]
    assert both(shop, query) == [(month, a, b, a - b) for month, (a, b) in sorted(sums.items())]


def test_payments_find_the_department_of_who_sold_three_joins_away(shop: Shop):
    name = "transaction__sales_order__staff__staff_department"
    query = Query(metrics=("payments_made", "outstanding_payments"), group_by=("currency", name), **RANGE)
    staff = {row["sales_order_id"]: DEPARTMENTS[row["staff_id"]] for row in shop.sales}
    sums: dict[tuple[str, str | None], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in shop.payments:
        department = staff[row["payment_id"]] if row["payment_type_id"] == 1 else None
        sums[CURRENCIES[row["currency_id"]], department][not row["paid"]] += row["payment_amount"]
    ordered = sorted(sums.items(), key=lambda item: (item[0][0], item[0][1] is None, item[0][1] or ""))
    assert both(shop, query) == [(*key, *amounts) for key, amounts in ordered]


def test_a_name_that_could_be_reached_in_two_ways_is_not_guessed(shop: Shop):
    query = Query(metrics=("payments_made",), group_by=("currency", "staff_department"), **RANGE)
    with pytest.raises(InvalidQuery, match="could be any of transaction__purchase_order__staff__staff_department"):
        shop.engines.compiled(query, "postgres")


def test_names_of_staff_are_masked_for_who_may_not_see_them(shop: Shop):
    query = Query(metrics=("orders",), group_by=("staff", "staff_name", "staff_location"), **RANGE)
    assert [row[:3] for row in both(shop, query)] == [(1, "Zoë D'Arcy", "Leeds"), (2, "Ana D'Arcy", None)]
    assert [row[:3] for row in both(shop, query, ANALYST)] == [(1, "••• •••", "Leeds"), (2, "••• •••", None)]


def test_amounts_of_several_currencies_are_never_added_up(shop: Shop):
    for metric in ("order_value", "average_order_value", "sales_less_purchases", "outstanding_payments"):
        for where in ((), (Filter("currency", "in", ("GBP", "EUR")),), (Filter("currency", "!=", ("GBP",)),)):
            with pytest.raises(InvalidQuery, match="cannot be added up over currency"):
                shop.engines.compiled(Query(metrics=(metric,), where=where, **RANGE), "athena")
    assert len(both(shop, Query(metrics=("orders", "number_of_payments"), **RANGE))) == 1


def test_who_sees_some_venues_only_is_refused_what_has_none(shop: Shop):
    manager = Access(role="manager", venues=frozenset({1}))
    for metrics in (("orders",), ("sales", "orders"), ("sales_less_purchases",)):
        with pytest.raises(Forbidden, match="is of no venue"):
            shop.engines.compiled(Query(metrics=metrics, group_by=(), **RANGE), "postgres", manager)
        assert not all(shop.engines.layer.sees(manager, name) for name in metrics)


def test_a_year_to_date_is_by_currency(shop: Shop):
    query = Query(metrics=("order_value_year_to_date",), group_by=("currency", "metric_time__month"), **RANGE)
    rows = both(shop, query)
    for code, number in (("GBP", 1), ("EUR", 2)):
        total = sum(row["units_sold"] * row["unit_price"] for row in shop.sales if row["currency_id"] == number)
        assert [row[2] for row in rows if row[0] == code][-1] == total


@given(query=queries(sorted(name for name in LAYER.metrics if "currency" in LAYER.metrics[name].dimensions), [DAYS]))
@LITTLE
def test_the_lake_and_the_warehouse_give_the_same_rows_of_the_shop(shop: Shop, query: Query):
    note(repr(query))
    try:
        shop.engines.compiled(query, "postgres")
    except InvalidQuery:
        with pytest.raises(InvalidQuery):
            shop.engines.compiled(query, "athena")
        return
    both(shop, query)

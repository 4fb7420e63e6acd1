"""The metrics answer the venues' questions: as the lake, the warehouse and plain Python know it."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from quayside.questions import question_names
from quayside.serving.access import Access
from quayside.serving.metrics import Filter, Query
from tests.hospitality.edges import SINCE, UNTIL
from tests.hospitality.places import AUTUMN, SPRING, Places
from tests.serving.metrics.asking import Rows
from tests.serving.metrics.conftest import ADMIN, Engines

BELLA, HARBOUR = 1, 2
ANALYST = Access(role="analyst", venues=None)
ASKED = [
    (HARBOUR, *SPRING),
    (BELLA, date(2026, 3, 30), date(2026, 4, 19)),  # not all of it has happened yet
    (BELLA, date(2024, 2, 1), date(2024, 2, 2)),  # nothing has
    (BELLA, SINCE, UNTIL),
]
DAYS = (date(2026, 4, 5), SINCE, SINCE + timedelta(days=2))


@dataclass(frozen=True)
class Asked:
    """How a question is asked of metrics.

    :param answer: makes the question's answer of the query's rows
    :param expected: what is compared of the question's answer
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    where: tuple[Filter, ...] = ()
    order: tuple[str, ...] = ()
    limit: int | None = None
    every: bool = False
    answer: Callable[[Rows], Rows] = field(default=lambda rows: rows)
    expected: Callable[[Rows], Rows] = field(default=lambda rows: rows)


def without_last(rows: Rows) -> Rows:
    return [row[:-1] for row in rows]


def together(rows: Rows) -> Rows:
    """Count shifts that are alike, and add up their minutes."""
    counts = Counter(row[:-1] for row in rows)
    return [(*shift, counts[shift], sum(row[-1] for row in rows if row[:-1] == shift)) for shift in counts]


DAY = ("business_date",)
QUESTIONS = {
    "beverage_sales": Asked(("beverage_sales",)),
    "sales_against_wages": Asked(("sales", "wages"), DAY, every=True),
    "hourly_wages": Asked(("hourly_rostered_wages", "hourly_wages"), ("business_date__hour",), every=True),
    "wages_against_roster": Asked(("wages", "rostered_wages", "wages_above_roster")),
    "top_beverages": Asked(
        ("quantity_sold", "sales"),
        ("product", "product_name"),
        (Filter("master_group_id", "=", (1,)),),
        ("-quantity_sold", "-sales"),
        10,
    ),
    "gaming_hold": Asked(("gaming_turnover", "gaming_wins", "gaming_hold", "gaming_hold_percentage"), DAY),
    "gaming_hold_by_hour": Asked(
        ("gaming_turnover", "gaming_wins", "gaming_hold"), ("business_date", "business_date__hour")
    ),
    "gaming_against_bar": Asked(("gaming_turnover", "gaming_hold", "beverage_sales"), DAY, every=True),
    "sales_by_hour": Asked(("sales", "number_of_sales"), ("hour_of_day",)),
    "sales_by_product_group": Asked(
        ("quantity_sold", "sales"), ("master_group_id", "product_group_id", "product_group")
    ),
    "sales_by_terminal": Asked(("sales", "number_of_sales"), ("terminal",)),
    "sales_by_clerk": Asked(("sales", "number_of_sales"), ("clerk",)),
    "spend_per_cover": Asked(("covers", "sales_with_covers", "spend_per_cover"), DAY),
    "member_spend": Asked(
        ("member_transactions", "member_spend", "points_earned", "points_redeemed"),
        ("member",),
        order=("-member_spend",),
    ),
    "discounts_voids_refunds": Asked(
        ("discounts", "discount_lines", "voids", "void_lines", "refunds", "refund_lines", "number_of_lines"),
        DAY,
        answer=without_last,
    ),
    "wage_percentage": Asked(("sales", "wages", "wage_percentage"), DAY, every=True),
    "hours_against_roster": Asked(
        ("worked_minutes", "rostered_minutes", "worked_hours", "rostered_hours"), DAY, every=True
    ),
    "overtime": Asked(
        ("minutes_in_week",), ("week", "employee"), (Filter("minutes_in_week", ">", (1200,)),), expected=without_last
    ),
    "unfilled_shifts": Asked(
        ("unfilled_shifts", "unfilled_minutes"),
        ("business_date", "shift_start", "shift_end", "department", "job"),
        order=("shift_start", "shift_end", "department", "job"),
        expected=together,
    ),
}


def query(asked: Asked, venue: int, since: date, until: date) -> Query:
    return Query(
        metrics=asked.metrics,
        group_by=asked.by,
        since=since,
        until=until,
        where=(Filter("venue", "=", (venue,)), *asked.where),
        order_by=asked.order,
        limit=asked.limit,
        every_period=asked.every,
    )


def test_every_question_can_be_asked_of_metrics():
    assert set(QUESTIONS) == set(question_names())


@pytest.mark.parametrize("name", QUESTIONS)
def test_metrics_answer_the_question_as_it_was(name: str, hotels: Places, engines: Engines):
    asked, found = QUESTIONS[name], False
    ranges = [(BELLA, day, day) for day in DAYS] if name == "hourly_wages" else ASKED
    for venue, since, until in ranges:
        values: dict[str, Any] = {"venue_id": venue, "since": since, "until": until}
        if name == "hourly_wages":
            values = {"venue_id": venue, "day": since}
        if name == "overtime":
            values["ordinary_hours"] = 20
        expected = asked.expected(hotels.truth.answer(name, **values))
        for dialect in ("athena", "postgres"):
            answer = engines.rows(query(asked, venue, since, until), dialect, ADMIN if found else ANALYST)
            assert asked.answer(answer) == expected, (dialect, venue, since)
        found |= bool(expected)
    assert found


def test_overtime_is_what_a_week_has_above_38_hours(engines: Engines):
    range_ = {"since": AUTUMN[0], "until": AUTUMN[1]}
    by_employee = Query(metrics=("minutes_in_week",), group_by=("venue", "week", "employee"), **range_)
    over = Query(metrics=("overtime_minutes", "weeks_with_overtime"), **range_)
    for dialect in ("athena", "postgres"):
        minutes = [row[-1] for row in engines.rows(by_employee, dialect)]
        above = [given - 38 * 60 for given in minutes if given > 38 * 60]
        assert engines.rows(over, dialect) == [(sum(above), len(above))]
        assert above


def test_sums_to_date_begin_anew_and_windows_go_along(engines: Engines):
    daily = Query(metrics=("sales",), group_by=("venue", "business_date"), since=AUTUMN[0], until=AUTUMN[1])
    running = Query(
        metrics=("sales_month_to_date", "sales_last_7_days"),
        group_by=("venue", "business_date"),
        since=date(2026, 3, 31),
        until=date(2026, 4, 7),
    )
    sold = {(venue, day): sales for venue, day, sales in engines.rows(daily, "postgres")}

    def total(venue: int, first: date, last: date) -> Decimal:
        return sum((sales for (of, day), sales in sold.items() if of == venue and first <= day <= last), Decimal(0))

    days = [date(2026, 3, 31) + timedelta(days=number) for number in range(8)]
    expected = [
        (venue, day, total(venue, max(day.replace(day=1), AUTUMN[0]), day), total(venue, day - timedelta(days=6), day))
        for venue in (BELLA, HARBOUR)
        for day in days
    ]
    assert engines.rows(running, "athena") == engines.rows(running, "postgres") == expected


def half_up(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_averages_and_margins_are_rounded_once(hotels: Places, engines: Engines):
    range_ = {"since": AUTUMN[0], "until": AUTUMN[1]}
    by_day = Query(metrics=("average_sale", "sales_per_sale"), group_by=("venue", "metric_time"), **range_)
    margin = Query(metrics=("cost_of_goods", "gross_margin_percentage"), group_by=("venue", "product"), **range_)
    sales, items = defaultdict(list), defaultdict(list)
    for row in hotels.rows["sale"]:
        if AUTUMN[0] <= row["business_date"] <= AUTUMN[1]:
            sales[row["venue_id"], row["business_date"]].append(row["total_inc"])
    for row in hotels.rows["sale_item"]:
        if AUTUMN[0] <= row["business_date"] <= AUTUMN[1]:
            items[row["venue_id"], row["inventory_code"]].append(row)
    averages = [(*key, *[half_up(sum(some) / len(some))] * 2) for key, some in sorted(sales.items())]
    margins = []
    for key, some in sorted(items.items()):
        known = [row for row in some if row["item_cost"] is not None]
        cost, price = sum(row["quantity"] * row["item_cost"] for row in known), sum(row["total_ex"] for row in known)
        margins.append((*key, cost if known else None, half_up((price - cost) * 100 / price) if price > 0 else None))
    for dialect in ("athena", "postgres"):
        assert engines.rows(by_day, dialect) == averages
        assert engines.rows(margin, dialect) == margins
    assert len({margin for *_, margin in margins}) > 5


def test_the_clerks_name_is_the_latest_and_masked_for_who_may_not_see_it(hotels: Places, engines: Engines):
    range_ = {"since": AUTUMN[0], "until": AUTUMN[1]}
    asked = Query(metrics=("sales",), group_by=("venue", "clerk", "clerk_name"), **range_)
    names = {
        (row["venue_id"], row["clerk_id"]): row["clerk_name"]
        for row in sorted(hotels.rows["sale"], key=lambda row: row["sold_at"])
        if AUTUMN[0] <= row["business_date"] <= AUTUMN[1]
    }
    for dialect in ("athena", "postgres"):
        assert {row[:2]: row[2] for row in engines.rows(asked, dialect)} == names
        assert {row[2] for row in engines.rows(asked, dialect, ANALYST)} == {"•••"}


def test_beside_what_it_is_an_attribute_of_a_dimension_is_the_latest(hotels: Places, engines: Engines):
    """Of a product's sales, as of its names: the names of these days have not changed."""
    model = engines.layer.models["sale_items"]
    changed = replace(model.dimensions["product_name"], expr="sale_key")
    model = replace(model, dimensions={**model.dimensions, "product_name": changed})
    layer = replace(engines.layer, models={**engines.layer.models, "sale_items": model})
    asked = Query(metrics=("sales",), group_by=("product", "product_name"), since=AUTUMN[0], until=AUTUMN[1])
    latest = {
        row["inventory_code"]: row["sale_key"]
        for row in sorted(hotels.rows["sale_item"], key=lambda row: (row["sold_at"], row["sale_item_key"]))
        if AUTUMN[0] <= row["business_date"] <= AUTUMN[1]
    }
    for dialect in ("athena", "postgres"):
        found = engines.ask(layer.compile(asked, ADMIN, dialect, engines.database))
        assert {row[0]: row[1] for row in found} == latest
        assert len(found) == len(latest)


def test_the_warehouse_has_names_that_the_lake_does_not_keep_alike(engines: Engines):
    range_ = {"since": AUTUMN[0], "until": AUTUMN[1]}
    spend = Query(metrics=("member_spend",), group_by=("member", "member_name"), limit=5, **range_)
    wages = Query(metrics=("wages",), group_by=("employee", "employee_name", "employment_type"), limit=5, **range_)
    for asked in (spend, wages):
        assert all(row[1] not in (None, "•••") for row in engines.rows(asked, "postgres"))
        assert {row[1] for row in engines.rows(asked, "postgres", ANALYST)} == {"•••"}


def test_venues_have_their_names_in_both(engines: Engines):
    asked = Query(metrics=("sales", "wages"), group_by=("venue", "venue_name"), since=AUTUMN[0], until=AUTUMN[1])
    rows = engines.rows(asked, "postgres")
    assert [row[:2] for row in rows] == [(1, "Bella Vista Hotel"), (2, "Harbour Light Hotel")]
    assert engines.rows(asked, "athena") == rows

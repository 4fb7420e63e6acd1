"""How many rows are usual: of a source that follows the week, as many as at that time of it."""

from datetime import datetime, timedelta

import pytest

from quayside.contract import load_contract
from quayside.ledger import Entry
from quayside.quality.volume import remembered, usual

SALES, ORDERS = load_contract("swiftpos.sale"), load_contract("totesys.sales_order")
FRIDAY_NIGHT = datetime(2026, 5, 1, 20)
QUARTER = timedelta(minutes=15)


def window(until: datetime, rows: int, long: timedelta = QUARTER) -> Entry:
    return Entry(
        dataset=SALES.name,
        batch="b",
        kind="window",
        status="passed",
        rows=rows,
        manifest="m",
        run="r",
        recorded_at="",
        facts={"since": (until - long).isoformat(), "until": until.isoformat()},
    )


def weeks(at: datetime, rows: int, long: timedelta = QUARTER) -> list[Entry]:
    """What was landed at about this time in the two weeks before."""
    return [window(at - timedelta(weeks=week) + QUARTER * step, rows, long) for week in (2, 1) for step in range(-3, 4)]


def test_a_window_is_compared_with_those_of_the_same_weekday_and_hour() -> None:
    mondays = weeks(FRIDAY_NIGHT + timedelta(days=3), 3)
    mornings = weeks(FRIDAY_NIGHT - timedelta(hours=10), 5)
    normal = usual(SALES, window(FRIDAY_NIGHT, 1), [*mondays, *weeks(FRIDAY_NIGHT, 200), *mornings])

    assert normal is not None
    assert (normal.median, normal.least, normal.most) == (200, 50, 800)
    assert normal.like == "14 windows of this weekday and hour"


def test_the_hour_may_be_of_the_day_before() -> None:
    midnight = datetime(2026, 5, 2)
    normal = usual(SALES, window(midnight, 1), weeks(midnight - timedelta(minutes=10), 100))

    assert normal is not None
    assert normal.median == 100


def test_what_makes_up_for_an_outage_is_compared_with_nothing_shorter() -> None:
    assert usual(SALES, window(FRIDAY_NIGHT, 9000, timedelta(days=7)), weeks(FRIDAY_NIGHT, 200)) is None


def test_where_little_is_sold_nothing_is_too_little() -> None:
    normal = usual(SALES, window(FRIDAY_NIGHT, 0), weeks(FRIDAY_NIGHT, 12))

    assert normal is not None
    assert (normal.least, normal.most) == (0, 48)


@pytest.mark.parametrize(("earlier", "rows"), [(4, None), (5, 100)])
def test_a_few_windows_say_nothing(earlier: int, rows: int | None) -> None:
    normal = usual(SALES, window(FRIDAY_NIGHT, 1), weeks(FRIDAY_NIGHT, 100)[:earlier])

    assert (normal.median if normal else None) == rows


def test_a_source_that_follows_nothing_is_compared_with_its_last_windows() -> None:
    normal = usual(ORDERS, window(FRIDAY_NIGHT, 1), weeks(FRIDAY_NIGHT + timedelta(days=2), 2000))

    assert normal is not None
    assert (normal.least, normal.most, normal.like) == (100, 40_000, "14 windows")
    assert remembered(ORDERS) < remembered(SALES)

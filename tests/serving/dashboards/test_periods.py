"""With which earlier periods a range's are compared."""

from datetime import date, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.serving.dashboards.periods import Grain, before, business_today, shift
from quayside.serving.metrics.periods import begins

DAYS = st.dates(date(2001, 1, 1), date(2099, 12, 31))
GRAINS = st.sampled_from(get_args(Grain))
COMPARED = st.sampled_from(["previous_period", "previous_year"])


@given(since=DAYS, length=st.integers(0, 40), grain=GRAINS, compare=COMPARED)
def test_what_is_compared_is_a_period_of_the_earlier_range_and_each_only_once(since, length, grain, compare):
    until = since + timedelta(days=length)
    back = shift(since, until, grain, compare)
    earlier = begins(grain, *before(since, until, grain, compare))
    found = [back.counterpart(period) for period in begins(grain, since, until)]
    there = [period for period in found if period is not None]
    assert len(set(there)) == len(there)
    assert set(there) <= set(earlier)
    assert all(period is not None for period in found) or compare == "previous_year"


@given(since=DAYS, length=st.integers(0, 40), grain=GRAINS)
def test_a_range_never_overlaps_the_period_before_it(since, length, grain):
    until = since + timedelta(days=length)
    first, last = before(since, until, grain, "previous_period")
    assert first <= last < since


@pytest.mark.parametrize(
    ("since", "until", "grain", "compare", "expected"),
    [
        ("2026-03-01", "2026-03-07", "day", "previous_period", ("2026-02-22", "2026-02-28")),
        ("2026-01-01", "2026-02-28", "month", "previous_period", ("2025-11-01", "2025-12-31")),
        ("2026-02-01", "2026-02-28", "month", "previous_period", ("2026-01-01", "2026-01-31")),
        ("2026-03-04", "2026-03-10", "week", "previous_period", ("2026-02-18", "2026-02-24")),
        ("2026-03-01", "2026-03-07", "day", "previous_year", ("2025-03-01", "2025-03-07")),
        ("2026-03-02", "2026-03-08", "week", "previous_year", ("2025-03-03", "2025-03-09")),
        ("2024-02-29", "2024-02-29", "day", "previous_year", ("2023-02-28", "2023-02-28")),
        ("2024-02-01", "2024-02-29", "month", "previous_year", ("2023-02-01", "2023-02-28")),
        ("2025-02-01", "2025-02-28", "month", "previous_year", ("2024-02-01", "2024-02-29")),
        ("2026-01-01", "2026-12-31", "quarter", "previous_period", ("2025-01-01", "2025-12-31")),
    ],
)
def test_the_range_that_is_compared_with(since, until, grain, compare, expected):
    found = before(date.fromisoformat(since), date.fromisoformat(until), grain, compare)
    assert tuple(day.isoformat() for day in found) == expected


def test_a_leap_day_has_no_counterpart_in_another_year():
    back = shift(date(2024, 2, 28), date(2024, 3, 1), "day", "previous_year")
    assert back.counterpart(date(2024, 2, 29)) is None
    assert back.counterpart(date(2024, 2, 28)) == date(2023, 2, 28)
    assert back.counterpart(datetime(2024, 3, 1, 6)) == datetime(2023, 3, 1, 6)


def test_a_business_day_begins_at_six():
    assert business_today(datetime(2026, 3, 1, 5, 59)) == date(2026, 2, 28)
    assert business_today(datetime(2026, 3, 1, 6, 0)) == date(2026, 3, 1)

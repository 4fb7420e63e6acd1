"""With which earlier range a dashboard's range is compared, period by period."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from quayside.serving.metrics.periods import begins
from quayside.venues import DAY_STARTS

Grain = Literal["hour", "day", "week", "month", "quarter", "year"]
Compare = Literal["none", "previous_period", "previous_year"]
MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Shift:
    """How far back the other range is: so many days or so many months."""

    days: int = 0
    months: int = 0

    def back(self, day: date) -> date:
        """Return the day so far before; in a shorter month, its last."""
        moved = _months_before(day, self.months)
        return date(moved.year, moved.month, min(day.day, _last(moved))) - timedelta(days=self.days)

    def counterpart(self, moment: date | datetime) -> date | datetime | None:
        """Return the period that one is compared with; None for 29 February, which other years have not."""
        moved = self.back(moment.date() if isinstance(moment, datetime) else moment)
        if self.months and moved.day != moment.day:
            return None
        return datetime.combine(moved, moment.time()) if isinstance(moment, datetime) else moved


def shift(since: date, until: date, grain: Grain, compare: Compare) -> Shift:
    """Return how far back a range is compared, in whole periods, so that each has its counterpart.

    A year back is 52 weeks where weeks are shown, and else the same dates.

    :raises InvalidQuery: there are too many periods
    """
    if compare == "previous_year":
        return Shift(days=364) if grain == "week" else Shift(months=12)
    if grain in MONTHS:
        return Shift(months=len(begins(grain, since, until)) * MONTHS[grain])
    if grain == "week":
        return Shift(days=7 * len(begins(grain, since, until)))
    return Shift(days=(until - since).days + 1)


def before(since: date, until: date, grain: Grain, compare: Compare) -> tuple[date, date]:
    """Return the range that one is compared with; the end of a month remains one where months are shown."""
    back = shift(since, until, grain, compare)
    first, last = back.back(since), back.back(until)
    if grain in MONTHS and until.day == _last(until):
        last = last.replace(day=_last(last))
    return first, last


def business_today(now: datetime) -> date:
    """Return the business day that a venue's clock is in."""
    return (now - timedelta(hours=DAY_STARTS.hour)).date()


def _months_before(day: date, months: int) -> date:
    """Return the first of the month so many before, or the day itself where there are none."""
    if not months:
        return day
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, 1)


def _last(day: date) -> int:
    return monthrange(day.year, day.month)[1]

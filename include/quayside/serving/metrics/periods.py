"""Periods of the calendar, and of the clock, that a range of business days has."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from quayside.serving.metrics.query import InvalidQuery
from quayside.venues import DAY_STARTS

_MOST = 1000  # periods that one query may name


def begin(grain: str, day: date) -> date:
    """Return the first day of the period that a day is in."""
    match grain:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=day.month - (day.month - 1) % 3, day=1)
        case "year":
            return day.replace(month=1, day=1)
    return day


def begins(grain: str, since: date, until: date) -> list[date | datetime]:
    """Return the beginning of every period that has a day of a range; of hours, those of the business days.

    :raises InvalidQuery: they are too many
    """
    if grain == "hour":
        first = datetime.combine(since, DAY_STARTS)
        count = ((until - since).days + 1) * 24
        _check(count)
        return [first + timedelta(hours=number) for number in range(count)]
    return [first for first, _ in spans(grain, since, until)]


def spans(grain: str, since: date, until: date) -> list[tuple[date, date]]:
    """Return the beginning of every period that has a day of a range, and its last day in the range.

    :raises InvalidQuery: they are too many
    """
    found = list(_spans(grain, since, until))
    _check(len(found))
    return found


def _spans(grain: str, since: date, until: date) -> Iterator[tuple[date, date]]:
    day = since
    for number in range((until - since).days + 1):
        after = since + timedelta(days=number + 1)
        if after > until or begin(grain, after) != begin(grain, day):
            yield begin(grain, day), after - timedelta(days=1)
            day = after


def _check(count: int) -> None:
    if count > _MOST:
        raise InvalidQuery(f"{count} periods are too many; ask for a coarser grain, or fewer days.", field="since")

"""When the venues trade, and how much: business days, opening hours, seasons and holidays of New South Wales."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from quayside.venues import DAY_STARTS, Venue

OPENS = 10
SALES_A_DAY = {1: 190, 2: 110}  # of an average day, by venue
OTHER_VENUE = 110
# How much of an average hour's trade each hour of the clock sees, weekdays from Monday, months from January.
HOURS = {10: 0.3, 11: 0.5, 12: 1.2, 13: 1.1, 14: 0.6, 15: 0.6, 16: 0.9, 17: 1.2, 18: 1.7, 19: 1.7, 20: 1.4, 21: 1.1,
         22: 0.9, 23: 0.7, 0: 0.5, 1: 0.35, 2: 0.25}  # fmt: skip
WEEKDAYS = (0.68, 0.72, 0.84, 0.95, 1.34, 1.42, 1.05)
MONTHS = (1.10, 1.04, 1.02, 0.99, 0.95, 0.90, 0.89, 0.91, 0.96, 1.01, 1.07, 1.16)
GROWTH = 0.03  # a year
GROWS_FROM = date(2025, 1, 1)


def business_day(moment: datetime, venue: Venue) -> date:
    """Return the business day of a venue that a moment belongs to."""
    local = moment.astimezone(ZoneInfo(venue.time_zone)).replace(tzinfo=None)
    return (local - timedelta(hours=DAY_STARTS.hour)).date()


def at(day: date, hour: float, venue: Venue) -> datetime:
    """Return in UTC when the venue's clock shows an hour of a day; 25 is one in the morning of the day after."""
    wall = datetime(day.year, day.month, day.day) + timedelta(hours=hour)  # noqa: DTZ001
    return wall.replace(tzinfo=ZoneInfo(venue.time_zone)).astimezone(UTC)


def local(moment: datetime, venue: Venue) -> datetime:
    """Return what the venue's clock shows at a moment, without a zone."""
    return moment.astimezone(ZoneInfo(venue.time_zone)).replace(tzinfo=None)


def closes(day: date) -> int:
    """Return the hour at which a business day's trade ends: 25, and 27 on Fridays and Saturdays."""
    return 27 if day.weekday() in (4, 5) else 25


@cache
def trading_hours(day: date, venue: Venue) -> tuple[tuple[datetime, int], ...]:
    """Return the hours of trade: when each begins in UTC, and what the clock shows then.

    In the night when daylight saving ends, two of them show the same; when it begins, one is missing.
    """
    hour, end, found = at(day, OPENS, venue), at(day, closes(day), venue), []
    while hour < end:
        found.append((hour, local(hour, venue).hour))
        hour += timedelta(hours=1)
    return tuple(found)


def expected_sales(day: date, venue: Venue) -> float:
    """Return how many sales a venue expects of a business day."""
    holiday = holidays(day.year).get(day)
    factor = {None: 1.0, "Christmas Day": 0.4, "Good Friday": 0.5}.get(holiday, 1.2)
    growth = 1 + GROWTH * (day - GROWS_FROM).days / 365
    return SALES_A_DAY.get(venue.id, OTHER_VENUE) * WEEKDAYS[day.weekday()] * MONTHS[day.month - 1] * factor * growth


def is_holiday(day: date) -> bool:
    """Tell whether a day is a public holiday."""
    return day in holidays(day.year)


@cache
def holidays(year: int) -> dict[date, str]:
    """Return the public holidays of New South Wales in a year."""
    easter = _easter(year)
    australia = date(year, 1, 26)
    australia += timedelta(days=(7 - australia.weekday()) % 7 if australia.weekday() >= 5 else 0)
    return {
        date(year, 1, 1): "New Year's Day",
        australia: "Australia Day",
        easter - timedelta(days=2): "Good Friday",
        easter - timedelta(days=1): "Easter Saturday",
        easter: "Easter Sunday",
        easter + timedelta(days=1): "Easter Monday",
        date(year, 4, 25): "Anzac Day",
        _monday(year, 6, 2): "King's Birthday",
        _monday(year, 10, 1): "Labour Day",
        date(year, 12, 25): "Christmas Day",
        date(year, 12, 26): "Boxing Day",
    }


def _monday(year: int, month: int, which: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=-first.weekday() % 7 + 7 * (which - 1))


def _easter(year: int) -> date:
    """Return Easter Sunday, by the Gregorian computus of Meeus, Jones and Butcher."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)

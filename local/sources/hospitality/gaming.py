"""What the gaming machines take and pay, quarter hour by quarter hour."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from local.sources.hospitality import days
from quayside.venues import Venue

OPENS, CLOSES = 10, 28  # by the law of New South Wales the machines are off from four to ten
QUARTER = timedelta(minutes=15)
MACHINES = {1: 30, 2: 22}
OTHER_VENUE = 15
HOURS = {10: 0.3, 11: 0.4, 12: 0.6, 13: 0.7, 14: 0.8, 15: 0.9, 16: 1.0, 17: 1.2, 18: 1.3, 19: 1.5, 20: 1.7, 21: 1.8,
         22: 1.7, 23: 1.4, 0: 1.1, 1: 0.8, 2: 0.5, 3: 0.3}  # fmt: skip
TAKEN = 70_00  # cents a machine and quarter hour


@dataclass(frozen=True, slots=True)
class Reading:
    """What the machines of a venue did in a quarter hour.

    :param at: what the venue's clock showed when it began, without a zone
    :param ends: when it was over, in UTC
    :param turnover: cents staked; ``wins`` cents paid out, which can be more
    """

    at: datetime
    ends: datetime
    turnover: int
    wins: int
    machines: int
    jackpots: int


def readings(random: Random, venue: Venue, day: date) -> tuple[Reading, ...]:
    """Invent the readings of a business day.

    The vendor writes times as the venue's clock shows them. The hour that comes twice when daylight saving ends is told
    once, as the sum of both; the hour that does not come when it begins is left out.
    """
    zone = ZoneInfo(venue.time_zone)
    opens = datetime(day.year, day.month, day.day, OPENS)  # noqa: DTZ001
    found = []
    for step in range((CLOSES - OPENS) * 4):
        wall = opens + step * QUARTER
        first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first.astimezone(zone).replace(tzinfo=None) != wall:
            continue
        busy = HOURS[wall.hour] * days.WEEKDAYS[day.weekday()] * (2 if first != second else 1)
        machines = MACHINES.get(venue.id, OTHER_VENUE)
        turnover = int(machines * TAKEN * busy * random.lognormvariate(-0.1, 0.45)) if random.random() > 0.01 else 0
        jackpot = random.random() < 0.004 and turnover > 0
        wins = int(turnover * min(max(random.gauss(0.89, 0.12), 0), 1.4)) + (random.randint(2_000_00, 9_000_00)
                                                                            if jackpot else 0)  # fmt: skip
        found.append(Reading(wall, max(first, second) + QUARTER, turnover, wins, machines, int(jackpot)))
    return tuple(found)

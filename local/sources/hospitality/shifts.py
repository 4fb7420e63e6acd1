"""What rosters and timesheets share: shifts, records with all their versions, times and costs as Humanforce has them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from local.sources.hospitality import days
from local.sources.hospitality.encoding import money
from local.sources.hospitality.people import RATES, Employee
from quayside.venues import Venue

OVERTIME_AFTER = 600  # minutes worked in a shift
PENALTIES = {5: 1.25, 6: 1.5}  # by weekday, of the ordinary rate
HOLIDAY_PENALTY, CASUAL_LOADING, OVERTIME_RATE = 2.25, 0.25, 1.5
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Version:
    """A record as it stands from a moment (UTC) on; ``day`` is the date by which the vendor finds it."""

    at: datetime
    day: date
    record: Record


History = tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """Hours of a day's clock, 25 is one in the morning, and who works them; nobody: an open shift."""

    department: str
    begins: float
    ends: float
    employee: Employee | None


class Desk:
    """Writes the records of one day of one venue.

    :param random: seeded with all that the day depends on
    """

    def __init__(self, random: Random, venue: Venue, day: date) -> None:
        self.random, self.venue, self.day = random, venue, day
        self.midnight = days.at(day, 0, venue)
        self._timespec = "seconds"

    def key(self) -> str:
        """Begin a record; it has milliseconds in its times or not."""
        self._timespec = self.random.choice(("seconds", "milliseconds"))
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def planned(self, shift: Shift) -> tuple[datetime, datetime]:
        """Return in UTC when a shift begins and ends."""
        return days.at(self.day, shift.begins, self.venue), days.at(self.day, shift.ends, self.venue)

    def local(self, moment: datetime) -> str:
        """Return a moment as the venue's clock shows it, without a zone."""
        return days.local(moment, self.venue).isoformat(timespec=self._timespec)

    def utc(self, moment: datetime) -> str:
        """Return a moment in UTC, without a zone, as LastEdit is."""
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=self._timespec)

    def shared(self, key: str, at: datetime, department: str, role: str, employment: str, minutes: int) -> Record:
        """Return the fields that both kinds of records have."""
        return {
            "GuidKey": key,
            "LastEdit": self.utc(at),
            "Location": {"Name": self.venue.name},
            "Department": {"Name": department},
            "Role": {"Name": role},
            "NetMinutes": minutes,
            "Cost": self._cost(role, employment, minutes),
        }

    def employee(self, employee: Employee) -> Record:
        """Return an employee as of the day."""
        employment = {"Name": employee.post(self.day).employment}
        return {"EmployeeCode": employee.code, "Name": employee.name, "EmploymentType": employment}

    def hours(self, least: int, most: int) -> timedelta:
        """Draw a time between so many hours."""
        return timedelta(milliseconds=self.random.randint(least * 3_600_000, most * 3_600_000))

    def minutes(self, least: int, most: int) -> timedelta:
        """Draw a time between so many minutes."""
        return timedelta(milliseconds=self.random.randint(least * 60_000, most * 60_000))

    def _cost(self, role: str, employment: str, minutes: int) -> Decimal:
        """Return what a shift costs: the role's rate, more for casuals, weekends, holidays and overtime."""
        factor = HOLIDAY_PENALTY if days.is_holiday(self.day) else PENALTIES.get(self.day.weekday(), 1.0)
        factor += CASUAL_LOADING if employment == "Casual" else 0
        paid = minutes + max(0, minutes - OVERTIME_AFTER) * (OVERTIME_RATE - 1)
        return money(round(RATES[role] * factor * paid / 60))


def unpaid_break(gross: int) -> int:
    """Return the minutes of the unpaid break in a shift of so many minutes."""
    return 30 if gross > 300 else 0

"""Who is rostered and who has worked, as Humanforce keeps it: each record in all its versions."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import ceil
from random import Random
from typing import Any
from uuid import UUID

from local.sources.hospitality import days
from local.sources.hospitality.encoding import money
from local.sources.hospitality.people import CAREERS, RATES, Employee, Post
from quayside.venues import Venue

SETTLED = timedelta(days=13)  # after the day nothing about it is edited any more
OVERTIME_AFTER = 600  # minutes worked in a shift
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Version:
    """A record as it stood from a moment (UTC) on; ``day`` is the date by which the vendor finds it."""

    at: datetime
    day: date
    record: Record


History = tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """A rostered shift: hours of the day's clock, 25 is one in the morning; nobody: an open shift."""

    department: str
    begins: float
    ends: float
    employee: Employee | None


class Rostered:
    """Invents one day's roster of a venue, and the timesheets that come of it.

    :param random: seeded with all that the day depends on
    """

    def __init__(self, random: Random, venue: Venue, day: date, staff: tuple[Employee, ...]) -> None:
        self._random, self._venue, self._day, self._staff = random, venue, day, staff
        self._midnight = days.at(day, 0, venue)
        self._precise = False

    def histories(self) -> tuple[tuple[History, ...], tuple[History, ...]]:
        """Return the day's roster items and its timesheets, each with all its versions in order."""
        items, sheets = [], []
        for shift in self._shifts():
            history, final = self._roster_item(shift)
            items.append(history)
            if final is not None and self._random.random() > 0.015:  # now and then nobody comes
                sheets.append(self._timesheet(final, rostered=True))
        if self._random.random() < 0.25:  # called in without a roster
            free = [one for one in self._staff if one.works(self._day) and one.department in ("Bar", "Kitchen")]
            if free:
                called = self._random.choice(free)
                sheets.append(self._timesheet(Shift(called.department, 17, 22, called), rostered=False))
        return tuple(items), tuple(sheets)

    def _shifts(self) -> list[Shift]:
        closing, busy = days.closes(self._day), days.expected_sales(self._day, self._venue)
        wanted: list[tuple[str, float, float]] = [("Bar", 17, closing + 0.5)] * ceil(busy / 75)
        wanted += [("Bar", 9.5, 17)] * ceil(busy / 140)
        wanted += [("Bar", 18, 23)] * (busy > 150)
        wanted += [("Bistro", 17.5, 22)] * ceil(busy / 90) + [("Bistro", 11, 15)] * ceil(busy / 180)
        wanted += [("Kitchen", 16, 22)] * ceil(busy / 110) + [("Kitchen", 9.5, 15.5)]
        wanted += [("Gaming", 10, 18), ("Gaming", 18, 28), ("Management", 15, closing + 1)]
        free = [one for one in self._staff if one.works(self._day)]
        self._random.shuffle(free)
        shifts = []
        for department, begins, ends in wanted:
            able = [one for one in free if one.department == department]
            chosen = able[0] if able and self._random.random() > 0.04 else None
            if chosen:
                free.remove(chosen)
            move = self._random.choice((-0.5, 0, 0, 0, 0.25, 0.5))
            shifts.append(Shift(department, begins + move, ends + (move if department != "Gaming" else 0), chosen))
        return shifts

    def _roster_item(self, shift: Shift) -> tuple[History, Shift | None]:
        """Return a roster item's versions, and the shift as it is to be worked, if it is."""
        random, key = self._random, self._key()
        monday = self._midnight - timedelta(days=self._day.weekday())
        states: list[tuple[datetime, Shift, bool, bool]] = [(monday - self._hours(216, 240), shift, False, False)]
        states.append((monday - self._hours(96, 120), shift, True, False))
        if shift.employee is None and random.random() < 0.5:  # somebody takes it
            free = [one for one in self._staff if one.department == shift.department and one.works(self._day)]
            shift = Shift(shift.department, shift.begins, shift.ends, random.choice(free) if free else None)
            states.append((self._midnight - self._hours(2, 40), shift, True, False))
        elif random.random() < 0.08:
            shift = Shift(shift.department, shift.begins + 0.5, shift.ends, shift.employee)
            states.append((self._midnight - self._hours(2, 40), shift, True, False))
        chance = random.random()
        if chance < 0.02:
            states.append((self._midnight + self._hours(-30, 60), shift, True, True))
        elif chance < 0.025:  # to the day after, and nobody works it: the manager covers
            moved = Shift(shift.department, shift.begins + 24, shift.ends + 24, None)
            states.append((self._midnight - self._hours(1, 30), moved, True, False))
            shift = moved
        states.sort(key=lambda state: state[0])
        deleted = chance < 0.02 or shift.employee is None
        versions = tuple(self._item_version(key, *state) for state in states)
        return versions, None if deleted else shift

    def _item_version(self, key: str, at: datetime, shift: Shift, published: bool, deleted: bool) -> Version:
        start, end = (days.at(self._day, hour, self._venue) for hour in (shift.begins, shift.ends))
        gross = int((end - start).total_seconds() // 60)
        unpaid = 30 if gross > 300 else 0
        employee = shift.employee
        post = employee.post(self._day) if employee else None
        role = post.role if post else CAREERS[shift.department][0][0]
        record: Record = {
            "GuidKey": key,
            "LastEdit": self._text(at),
            "StartTime": self._text(self._local(start)),
            "EndTime": self._text(self._local(end)),
            **({"Employee": _employee(employee, post)} if employee and post else {}),
            "GrossMinutes": gross,
            **({"TimeOfBreak": self._text(self._local(start + (end - start) / 2))} if unpaid else {}),
            "BreakMinutes": unpaid,
            "NetMinutes": gross - unpaid,
            "Location": {"Name": self._venue.name},
            "Department": {"Name": shift.department},
            "Role": {"Name": role},
            "Cost": self._cost(role, post.employment if post else "Casual", gross - unpaid),
            "Published": published,
            "Deleted": deleted,
            "Notes": "",
        }
        return Version(at, self._local(start).date(), record)

    def _timesheet(self, shift: Shift, *, rostered: bool) -> History:
        """Return a timesheet's versions: as it was clocked, corrected for some, authorised, paid; deleted for a few."""
        random, key = self._random, self._key()
        employee = shift.employee
        assert employee is not None  # noqa: S101
        self._precise = random.random() < 0.5
        roster = tuple(days.at(self._day, hour, self._venue) for hour in (shift.begins, shift.ends))
        start = roster[0] + self._minutes(-9, 7)
        end = roster[1] + (self._minutes(30, 150) if random.random() < 0.06 else self._minutes(-12, 14))
        clocked: list[datetime | None] = [start, end]
        chance = random.random()
        for which in (0, 1) if chance < 0.01 else (1,) if chance < 0.035 else (0,) if chance < 0.05 else ():
            clocked[which] = None
        pay = [_quarter(time if time else planned) for time, planned in zip(clocked, roster, strict=True)]
        sheet = {
            "key": key, "employee": employee, "pay": pay, "clocked": clocked, "roster": roster if rostered else None,
            "department": shift.department, "day": self._day, "role": employee.post(self._day).role,
            "authorised": False, "paid": False, "deleted": False,
        }  # fmt: skip
        entered = max(end, roster[1]) + self._minutes(1, 30)
        versions = [self._sheet_version(entered, sheet)]
        for at, change in self._edits(entered, sheet):
            sheet |= change
            versions.append(self._sheet_version(at, sheet))
        return tuple(versions)

    def _edits(self, at: datetime, sheet: dict[str, Any]) -> list[tuple[datetime, dict[str, Any]]]:
        """Return what is changed about a timesheet when; the last edit is within 14 days of the date it is kept under."""
        random = self._random
        edits: list[tuple[datetime, dict[str, Any]]] = []
        chance = random.random()
        if chance < 0.004:  # entered under the wrong date
            step = timedelta(days=1)
            moved = {"day": sheet["day"] - step, "pay": [time - step for time in sheet["pay"]],
                     "clocked": [time and time - step for time in sheet["clocked"]], "roster": None}  # fmt: skip
            return [(at + self._hours(8, 60), moved), (at + self._hours(61, 200), {"authorised": True})]
        if chance < 0.012:
            edits.append((at + self._hours(4, 250), {"deleted": True}))
            return edits
        if chance < 0.14:
            pay = [sheet["pay"][0], sheet["pay"][1] + timedelta(minutes=random.choice((-30, -15, 15, 30, 45)))]
            clocked = [time or paid for time, paid in zip(sheet["clocked"], pay, strict=True)]
            edits.append((at + self._hours(2, 60), {"pay": pay, "clocked": clocked}))
        elif chance < 0.16:
            role = random.choice(CAREERS[sheet["department"]])[0]
            edits.append((at + self._hours(2, 60), {"role": role}))
        late = random.random() < 0.05
        edits.append((at + (self._hours(150, 230) if late else self._hours(61, 110)), {"authorised": True}))
        edits.append((self._pay_run(late), {"paid": True}))
        return edits

    def _pay_run(self, late: bool) -> datetime:
        """Return when a timesheet is paid: on the Thursday after its week, for what was authorised late 4 days on."""
        after = 10 - self._day.weekday()
        if late or after <= 5:
            after = max(after, 12)
        return min(
            self._midnight + timedelta(days=min(after, 12), hours=9) + self._hours(0, 8), self._midnight + SETTLED
        )

    def _sheet_version(self, at: datetime, sheet: dict[str, Any]) -> Version:
        start, end = sheet["pay"]
        gross = int((end - start).total_seconds() // 60)
        unpaid, paid = (30 if gross > 300 else 0), (20 if gross > 420 else 10 if gross > 240 else 0)
        employee, post = sheet["employee"], sheet["employee"].post(self._day)
        middle = start + (end - start) / 2
        breaks = [(middle, unpaid, False)] * (unpaid > 0) + [(start + (end - start) / 4, paid, True)] * (paid > 0)
        clocked = {f"Clocked{edge}Time": self._text(self._local(time))
                   for edge, time in zip(("Start", "End"), sheet["clocked"], strict=True) if time}  # fmt: skip
        roster = {f"Roster{edge}Time": self._text(self._local(time))
                  for edge, time in zip(("Start", "End"), sheet["roster"] or (), strict=False)}  # fmt: skip
        record: Record = {
            "GuidKey": sheet["key"],
            "LastEdit": self._text(at),
            "Employee": _employee(employee, post),
            "DateStart": f"{sheet['day']}T00:00:00",
            "PayDate": f"{sheet['day']}T00:00:00",
            "PayStartTime": self._text(self._local(start)),
            "PayEndTime": self._text(self._local(end)),
            **clocked,
            "GrossMinutes": gross,
            "NetMinutes": gross - unpaid,
            "Breaks": [
                {
                    "StartTime": self._text(self._local(time)),
                    "EndTime": self._text(self._local(time + timedelta(minutes=minutes))),
                    "Minutes": minutes,
                    "IsPaid": is_paid,
                }
                for time, minutes, is_paid in breaks
            ],
            "BreakMinutesUnpaid": unpaid,
            "BreakMinutesPaid": paid,
            **roster,
            "Location": {"Name": self._venue.name},
            "Department": {"Name": sheet["department"]},
            "Role": {"Name": sheet["role"]},
            "Cost": self._cost(sheet["role"], post.employment, gross - unpaid),
            "Authorised": sheet["authorised"],
            "Paid": sheet["paid"],
            "Deleted": sheet["deleted"],
            "Comment": "",
        }
        return Version(at, sheet["day"], record)

    def _cost(self, role: str, employment: str, minutes: int) -> Decimal:
        """Return what a shift costs: the role's rate, more for casuals, weekends, holidays and overtime."""
        factor = 2.25 if days.is_holiday(self._day) else {5: 1.25, 6: 1.5}.get(self._day.weekday(), 1.0)
        factor += 0.25 if employment == "Casual" else 0
        overtime = max(0, minutes - OVERTIME_AFTER)
        return money(round(RATES[role] * factor * (minutes + overtime / 2) / 60))

    def _local(self, moment: datetime) -> datetime:
        return days.local(moment, self._venue)

    def _text(self, moment: datetime) -> str:
        """Return a time as Humanforce writes it: without a zone, with milliseconds in some records."""
        moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        return moment.isoformat(timespec="milliseconds" if self._precise else "seconds")

    def _key(self) -> str:
        self._precise = self._random.random() < 0.5
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def _hours(self, least: int, most: int) -> timedelta:
        return timedelta(seconds=self._random.randint(least * 3600, most * 3600), milliseconds=0)

    def _minutes(self, least: int, most: int) -> timedelta:
        return timedelta(seconds=self._random.randint(least * 60, most * 60))


def _employee(employee: Employee, post: Post) -> dict[str, Any]:
    return {"EmployeeCode": employee.code, "Name": employee.name, "EmploymentType": {"Name": post.employment}}


def _quarter(moment: datetime) -> datetime:
    """Return the quarter hour that is next to a moment: what is paid."""
    seconds = round(moment.timestamp() / 900) * 900
    return datetime.fromtimestamp(seconds, UTC)

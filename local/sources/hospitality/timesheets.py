"""What was worked: a timesheet comes of a shift, and is edited for days."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from local.sources.hospitality.people import CAREERS, Employee
from local.sources.hospitality.shifts import Desk, History, Record, Shift, Version, unpaid_break

Edit = tuple[datetime, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A timesheet as it stands; times are UTC, ``day`` is the date that it is kept under."""

    key: str
    employee: Employee
    department: str
    role: str
    day: date
    pay: tuple[datetime, datetime]
    clocked: tuple[datetime | None, datetime | None]
    roster: tuple[datetime, datetime] | tuple[()]
    authorised: bool = False
    paid: bool = False
    deleted: bool = False


def timesheet(desk: Desk, shift: Shift, employee: Employee, *, rostered: bool) -> History:
    """Return a timesheet's versions: as it was clocked, for some corrected, authorised, paid; a few are deleted.

    The last edit is less than 14 days after the date under which it is kept.
    """
    sheet, entered = _clocked(desk, shift, employee, rostered=rostered)
    versions = [_version(desk, sheet, entered)]
    for at, change in _edits(desk, sheet, entered):
        sheet = replace(sheet, **change)
        versions.append(_version(desk, sheet, at))
    return tuple(versions)


def _clocked(desk: Desk, shift: Shift, employee: Employee, *, rostered: bool) -> tuple[_Sheet, datetime]:
    """Return a timesheet as the clock on the wall makes it, and when; who forgets the clock is paid as planned."""
    random, key, roster = desk.random, desk.key(), desk.planned(shift)
    start = roster[0] + desk.minutes(-9, 7)
    end = roster[1] + (desk.minutes(30, 150) if random.random() < 0.06 else desk.minutes(-12, 14))
    chance = random.random()
    clocked = (None if chance < 0.01 or 0.035 < chance < 0.05 else start, None if chance < 0.035 else end)
    pay = (_quarter(clocked[0] or roster[0]), _quarter(clocked[1] or roster[1]))
    role = employee.post(desk.day).role
    sheet = _Sheet(key, employee, shift.department, role, desk.day, pay, clocked, roster if rostered else ())
    return sheet, max(end, roster[1]) + desk.minutes(1, 30)


def _edits(desk: Desk, sheet: _Sheet, entered: datetime) -> list[Edit]:
    """Return what is changed about a timesheet when."""
    chance, edits = desk.random.random(), list[Edit]()
    if chance < 0.004:  # it was entered under the wrong date
        step = timedelta(days=1)
        moved = {
            "day": sheet.day - step,
            "pay": (sheet.pay[0] - step, sheet.pay[1] - step),
            "clocked": (None, None),
            "roster": (),
        }
        return [(entered + desk.hours(8, 60), moved), (entered + desk.hours(61, 200), {"authorised": True})]
    if chance < 0.012:
        return [(entered + desk.hours(4, 250), {"deleted": True})]
    if chance < 0.14:
        end = sheet.pay[1] + timedelta(minutes=desk.random.choice((-30, -15, 15, 30, 45)))
        clocked = (sheet.clocked[0] or sheet.pay[0], sheet.clocked[1] or end)
        edits.append((entered + desk.hours(2, 60), {"pay": (sheet.pay[0], end), "clocked": clocked}))
    elif chance < 0.16:
        role, _ = desk.random.choice(CAREERS[sheet.department])
        edits.append((entered + desk.hours(2, 60), {"role": role}))
    late = desk.random.random() < 0.05
    edits.append((entered + (desk.hours(150, 230) if late else desk.hours(61, 110)), {"authorised": True}))
    edits.append((_pay_run(desk, late=late), {"paid": True}))
    return edits


def _pay_run(desk: Desk, *, late: bool) -> datetime:
    """Return when a timesheet is paid: on the Thursday of the week after, at least six days on; 12 if it was late."""
    thursday = 10 - desk.day.weekday()
    after = 12 if late else thursday + 7 if thursday < 6 else thursday
    return desk.midnight + timedelta(days=after, hours=9) + desk.hours(0, 8)


def _version(desk: Desk, sheet: _Sheet, at: datetime) -> Version:
    start, end = sheet.pay
    gross = int((end - start).total_seconds() // 60)
    unpaid, paid = unpaid_break(gross), 20 if gross > 420 else 10 if gross > 240 else 0
    employment = sheet.employee.post(desk.day).employment
    pauses = ((start + (end - start) / 4, paid, True), (start + (end - start) / 2, unpaid, False))
    record: Record = {
        **desk.shared(sheet.key, at, sheet.department, sheet.role, employment, gross - unpaid),
        "Employee": desk.employee(sheet.employee),
        "DateStart": f"{sheet.day}T00:00:00",
        "PayDate": f"{sheet.day}T00:00:00",
        "PayStartTime": desk.local(start),
        "PayEndTime": desk.local(end),
        "GrossMinutes": gross,
        "Breaks": [_break(desk, *pause) for pause in pauses if pause[1]],
        "BreakMinutesUnpaid": unpaid,
        "BreakMinutesPaid": paid,
        "Authorised": sheet.authorised,
        "Paid": sheet.paid,
        "Deleted": sheet.deleted,
        "Comment": "",
    }
    for name, times in (("Clocked", sheet.clocked), ("Roster", sheet.roster)):
        for edge, moment in zip(("Start", "End"), times, strict=False):
            if moment:
                record[f"{name}{edge}Time"] = desk.local(moment)
    return Version(at, sheet.day, record)


def _break(desk: Desk, start: datetime, minutes: int, paid: bool) -> Record:
    end = start + timedelta(minutes=minutes)
    return {"StartTime": desk.local(start), "EndTime": desk.local(end), "Minutes": minutes, "IsPaid": paid}


def _quarter(moment: datetime) -> datetime:
    """Return the quarter hour that is next to a moment: what is paid."""
    return datetime.fromtimestamp(round(moment.timestamp() / 900) * 900, UTC)

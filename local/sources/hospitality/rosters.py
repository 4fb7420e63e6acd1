"""Who is to work when: as many as the day's trade is expected to need."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from math import ceil
from random import Random

from local.sources.hospitality import days
from local.sources.hospitality.people import CAREERS, Employee
from local.sources.hospitality.shifts import Desk, History, Record, Shift, Version, unpaid_break
from quayside.venues import Venue


class Roster:
    """Invents the roster of one day of one venue.

    :param random: seeded with all that the day depends on
    """

    def __init__(self, random: Random, venue: Venue, day: date, staff: tuple[Employee, ...]) -> None:
        self._random, self._desk = random, Desk(random, venue, day)
        self._free = [one for one in staff if one.works(day)]
        random.shuffle(self._free)

    def items(self) -> Iterator[tuple[History, Shift | None]]:
        """Yield each roster item with all its versions, and the shift as somebody is to work it in the end."""
        yield from map(self._item, list(self._shifts()))

    def called_in(self) -> Shift | None:
        """Return a shift that somebody works on some days without having been rostered."""
        someone = self._take(self._random.choice(("Bar", "Kitchen")))
        return Shift(someone.department, 17, 22, someone) if someone and self._random.random() < 0.25 else None

    def _shifts(self) -> Iterator[Shift]:
        for department, begins, ends in _needed(self._desk.day, self._desk.venue):
            someone = self._take(department) if self._random.random() > 0.04 else None
            move = self._random.choice((-0.5, 0, 0, 0, 0.25, 0.5))
            yield Shift(department, begins + move, ends + (move if department != "Gaming" else 0), someone)

    def _take(self, department: str) -> Employee | None:
        someone = next((one for one in self._free if one.department == department), None)
        if someone:
            self._free.remove(someone)
        return someone

    def _item(self, shift: Shift) -> tuple[History, Shift | None]:
        random, desk, key = self._random, self._desk, self._desk.key()
        monday = desk.midnight - timedelta(days=desk.day.weekday())
        planned, published = monday - desk.hours(216, 240), monday - desk.hours(96, 120)
        states = [(planned, shift, False, False), (published, shift, True, False)]
        if shift.employee is None and random.random() < 0.5:  # somebody takes it
            shift = Shift(shift.department, shift.begins, shift.ends, self._take(shift.department))
            states.append((desk.midnight - desk.hours(2, 40), shift, True, False))
        elif random.random() < 0.08:  # later than planned
            shift = Shift(shift.department, shift.begins + 0.5, shift.ends, shift.employee)
            states.append((desk.midnight - desk.hours(2, 40), shift, True, False))
        chance = random.random()
        if chance < 0.02:
            states.append((max(desk.midnight, states[-1][0]) + desk.hours(0, 60), shift, True, True))
            shift = Shift(shift.department, shift.begins, shift.ends, None)
        elif chance < 0.025:  # to the day after, open
            shift = Shift(shift.department, shift.begins + 24, shift.ends + 24, None)
            states.append((states[-1][0] + desk.hours(1, 20), shift, True, False))
        return tuple(self._version(key, *state) for state in states), shift if shift.employee else None

    def _version(self, key: str, at: datetime, shift: Shift, published: bool, deleted: bool) -> Version:
        desk, employee = self._desk, shift.employee
        start, end = desk.planned(shift)
        gross = int((end - start).total_seconds() // 60)
        unpaid = unpaid_break(gross)
        post = employee.post(desk.day) if employee else None
        role, employment = (post.role, post.employment) if post else (CAREERS[shift.department][0][0], "Casual")
        record: Record = {
            **desk.shared(key, at, shift.department, role, employment, gross - unpaid),
            "StartTime": desk.local(start),
            "EndTime": desk.local(end),
            "GrossMinutes": gross,
            "BreakMinutes": unpaid,
            "Published": published,
            "Deleted": deleted,
            "Notes": "",
        }
        if employee:
            record["Employee"] = desk.employee(employee)
        if unpaid:
            record["TimeOfBreak"] = desk.local(start + (end - start) / 2)
        return Version(at, days.local(start, desk.venue).date(), record)


def _needed(day: date, venue: Venue) -> list[tuple[str, float, float]]:
    """Return the shifts that a day needs: department, begin and end."""
    closing, sales = days.closes(day), days.expected_sales(day, venue)
    needed: list[tuple[str, float, float]] = [("Bar", 17, closing + 0.5)] * ceil(sales / 75)
    needed += [("Bar", 9.5, 17)] * ceil(sales / 140) + [("Bar", 18, 23)] * (sales > 150)
    needed += [("Bistro", 17.5, 22)] * ceil(sales / 90) + [("Bistro", 11, 15)] * ceil(sales / 180)
    needed += [("Kitchen", 16, 22)] * ceil(sales / 110) + [("Kitchen", 9.5, 15.5)]
    return [*needed, ("Gaming", 10, 18), ("Gaming", 18, 28), ("Management", 15, closing + 1)]

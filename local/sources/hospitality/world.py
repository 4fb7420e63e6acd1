"""The hotels' world: everything that ever happens there is a function of a seed, and what is known of it of the time."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import chain
from random import Random
from typing import Any

from local.sources.hospitality import days, gaming, menu, people
from local.sources.hospitality.encoding import decode, encode, money
from local.sources.hospitality.files import SETTLED, File, daily_files, quarterly_files
from local.sources.hospitality.rosters import Roster
from local.sources.hospitality.sales import REACH, Posting, Trade
from local.sources.hospitality.shifts import Desk, History, Record
from local.sources.hospitality.timesheets import timesheet
from quayside.venues import DAY_STARTS, Venue, venues

KEPT = 100  # business days of a venue whose sales are kept in memory: a month of two venues, and what is posted late
OLD = timedelta(days=7)  # a gaming day so long ago is dropped as one file
AHEAD = timedelta(days=17)  # a roster is known at most so long before the day


class World:
    """Two hotels that trade from a day on.

    Every day of a venue can be asked for on its own and is the same on every machine. The methods that take ``now`` are
    the truth that tests compare with: all that the vendors have let out by then, in its last version.

    :param begins: the first business day
    :param trade: share of the usual number of sales, for quick tests
    """

    def __init__(self, seed: int, begins: date, trade: float = 1.0) -> None:
        self.seed, self.begins, self.trade = seed, begins, trade
        self.venues = venues()
        self.menu = menu.products(self._random("menu"), begins)
        self.members = people.members(self._random("members"), self.venues)
        self._by_place = menu.by_place(self.menu)
        self._staff = {venue: people.employees(self._random("staff", venue.id), venue, begins) for venue in self.venues}
        self._transactions: dict[tuple[Venue, date], dict[int, list[tuple[datetime, str, str]]]] = {}
        self.postings = lru_cache(KEPT)(self._postings)
        self.shifts = lru_cache(KEPT)(self._shifts)
        self.readings_of = lru_cache(KEPT)(self._readings)

    @property
    def opens(self) -> datetime:
        """When the first business day begins, in UTC."""
        return min(days.at(self.begins, DAY_STARTS.hour, venue) for venue in self.venues)

    def posted(self, venue: Venue, since: datetime, until: datetime) -> Iterator[Posting]:
        """Yield the sales of a venue that were posted from ``since`` to before ``until``, in that order."""
        found = (
            posting
            for day in self._days(days.business_day(since - REACH, venue), days.business_day(until, venue))
            for posting in self.postings(venue, day)
            if since <= posting.at < until
        )
        return iter(sorted(found, key=lambda posting: (posting.at, posting.sale_id)))

    def transactions(self, member: int, since: datetime, until: datetime) -> list[str]:
        """Return the transactions of a member that were posted from ``since`` to before ``until``, as JSON."""
        found = [
            told
            for venue in self.venues
            for day in self._days(days.business_day(since - REACH, venue), days.business_day(until, venue))
            for told in self._told(venue, day).get(member, ())
            if since <= told[0] < until
        ]
        return [body for _, _, body in sorted(found)]

    def kept(self, kind: str, first: date, last: date, now: datetime) -> list[Record]:
        """Return Humanforce's records of the dates from ``first`` to ``last``, as they stand at a moment.

        :param kind: ``timesheets`` or ``rosterItems``
        """
        step, found = timedelta(days=1), []
        for venue in self.venues:
            for day in self._days(first - step, last + step):
                items, sheets = self.shifts(venue, day)
                for history in sheets if kind == "timesheets" else items:
                    version = next((version for version in reversed(history) if version.at <= now), None)
                    if version and first <= version.day <= last:
                        found.append(version)
        found.sort(key=lambda version: (version.day, version.record["GuidKey"]))
        return [version.record for version in found]

    def listed(self, now: datetime, *, member: bool = False) -> list[dict[str, Any]]:
        """Return the product list as SwiftPOS shows it at a moment."""
        return [menu.listed(product, now, self.venues[0], member=member) for product in self.menu]

    def sales(self, now: datetime) -> Iterator[dict[str, Any]]:
        """Yield the last version of every sale that was posted before ``now``, with its ``Venue``."""
        for venue in self.venues:
            for day in self._until(now, venue):
                last = {posting.sale_id: posting.body for posting in self.postings(venue, day) if posting.at < now}
                for body in last.values():
                    yield {"Venue": {"Id": venue.id, "Name": venue.name}, **decode(body)}

    def member_transactions(self, now: datetime) -> Iterator[dict[str, Any]]:
        """Yield the last version of every member transaction that was posted before ``now``."""
        for venue in self.venues:
            for day in self._until(now, venue):
                told = sorted(chain.from_iterable(self._told(venue, day).values()))
                yield from map(decode, {key: body for at, key, body in told if at < now}.values())

    def products(self, now: datetime) -> list[dict[str, Any]]:
        """Return the product list of a moment."""
        return [decode(encode(product)) for product in self.listed(now)]

    def timesheets(self, now: datetime) -> Iterator[dict[str, Any]]:
        """Yield every timesheet as it stands at ``now``, deleted ones too."""
        return iter(self.kept("timesheets", self.begins, days.business_day(now, self.venues[0]), now))

    def roster_items(self, now: datetime) -> Iterator[dict[str, Any]]:
        """Yield every roster item as it stands at ``now``, those of coming days and deleted ones too."""
        return iter(self.kept("rosterItems", self.begins, now.date() + AHEAD, now))

    def readings(self, now: datetime, vices: bool = True) -> Iterator[dict[str, Any]]:
        """Yield the gaming readings that hold once all files that arrive before ``now`` have been read.

        :param vices: whether the files have them, as `dropped` was asked for; see the module `files` for what holds then
        """
        for venue in self.venues:
            for day in self._until(now, venue):
                arrived = (file for file in self.gaming_files(venue, day, vices=vices) if file.at < now)
                last = {reading.at: reading for file in arrived for reading in file.says}
                for reading in last.values():
                    yield {
                        "Venue": venue.id,
                        "Date": f"{reading.at:%Y-%m-%d}",
                        "Time": f"{reading.at:%H:%M:%S}",
                        "EGM Turnover": money(reading.turnover),
                        "EGM Wins": money(reading.wins),
                        "Machines": reading.machines,
                        "Jackpots": reading.jackpots,
                    }

    def gaming_files(self, venue: Venue, day: date, *, vices: bool, daily: bool = False) -> list[File]:
        """Return a business day's gaming files: one a quarter hour or one in all, and what arrives about them later."""
        readings, random = self.readings_of(venue, day), self._random("files", venue.id, day)
        if daily:
            return daily_files(random, venue, day, readings, vices=vices)
        return quarterly_files(random, venue, readings, vices=vices)

    def dropped(self, since: datetime, until: datetime, *, vices: bool = True) -> list[File]:
        """Return the gaming files that arrive from ``since`` to before ``until``, in that order.

        A business day that lies a week or more back, and wholly in this time, comes as one file.
        """
        found: list[File] = []
        for venue in self.venues:
            for day in self._days(days.business_day(since - SETTLED, venue), days.business_day(until, venue)):
                begins = days.at(day, DAY_STARTS.hour, venue)
                daily = begins >= since and begins + OLD <= until
                found += [
                    file for file in self.gaming_files(venue, day, vices=vices, daily=daily) if since <= file.at < until
                ]
        return sorted(found, key=lambda file: (file.at, file.name))

    def _postings(self, venue: Venue, day: date) -> tuple[Posting, ...]:
        expected = days.expected_sales(day, venue) * self.trade
        random = self._random("sales", venue.id, day)
        trade = Trade(random, venue, day, expected, self._by_place, self._staff[venue], self.members)
        postings = trade.postings()
        told: dict[int, list[tuple[datetime, str, str]]] = {}
        for posting in postings:
            for key, body in posting.transactions:
                told.setdefault(posting.member_id, []).append((posting.at, key, body))
        self._transactions[venue, day] = told
        return postings

    def _told(self, venue: Venue, day: date) -> dict[int, list[tuple[datetime, str, str]]]:
        """Return a day's transactions by member; they are kept for good, as each member is asked for on its own."""
        if (venue, day) not in self._transactions:
            self.postings(venue, day)
        return self._transactions[venue, day]

    def _shifts(self, venue: Venue, day: date) -> tuple[tuple[History, ...], tuple[History, ...]]:
        """Return a day's roster items and timesheets, each with all its versions."""
        roster = Roster(self._random("roster", venue.id, day), venue, day, self._staff[venue])
        desk, items, sheets = Desk(self._random("timesheets", venue.id, day), venue, day), [], []
        for history, shift in roster.items():
            items.append(history)
            if shift and shift.employee and desk.random.random() > 0.015:  # now and then nobody comes
                sheets.append(timesheet(desk, shift, shift.employee, rostered=True))
        called = roster.called_in()
        if called and called.employee:
            sheets.append(timesheet(desk, called, called.employee, rostered=False))
        return tuple(items), tuple(sheets)

    def _readings(self, venue: Venue, day: date) -> tuple[gaming.Reading, ...]:
        return gaming.readings(self._random("gaming", venue.id, day), venue, day)

    def _until(self, now: datetime, venue: Venue) -> Iterable[date]:
        return self._days(self.begins, days.business_day(now, venue))

    def _days(self, first: date, last: date) -> Iterable[date]:
        first = max(first, self.begins)
        return (first + timedelta(days=number) for number in range((last - first).days + 1))

    def _random(self, *parts: object) -> Random:
        return Random(f"{self.seed} {' '.join(map(str, parts))}")  # noqa: S311

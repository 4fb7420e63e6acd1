"""The gaming machines' CSV files, with everything that is ever wrong with them.

What a file says, and what holds after it (the truth that `World.readings` tells):

=============  ================================================================  ==========================================
vice           what arrives                                                      what holds
=============  ================================================================  ==========================================
late           the file, hours after its time                                    its reading, from then on
again          the file, and the very same content once more under another name  the same reading, once
corrected      the file, later one with other figures (``_R1``)                  the figures that arrived last
half           a file whose last line is cut and has no line end; later all      no reading by the cut line, even where all
                                                                                 its fields seem to be there
bom            a byte order mark before the heading                              as ever
order          columns in another order                                          as ever
extra          columns that nobody knows                                         as ever
crlf           lines that end as on Windows                                      as ever
header         a file with a heading only; later all                             no reading by the first
n/a            ``n/a`` for a figure, never corrected                             no reading, ever: the row is quarantined
thousands      ``"1,234.50"`` for a figure; later as a number                    no reading until the corrected file arrives
dollar         ``$12.00`` for a figure; later as a number                        no reading until the corrected file arrives
=============  ================================================================  ==========================================
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

from local.sources.hospitality import days
from local.sources.hospitality.encoding import money
from local.sources.hospitality.gaming import Reading
from quayside.venues import Venue

Inbox = Callable[[str, bytes], None]
FILE_VICES = ("late", "again", "half", "bom", "order", "extra", "crlf", "header")
FIGURE_VICES = ("corrected", "n/a", "thousands", "dollar")
OFTEN = 0.25  # each vice, in a business day of a venue
SETTLED = timedelta(days=3)  # nothing about a business day arrives later than this after it began
COLUMNS = ("Venue", "Date", "Time", "EGM Turnover", "EGM Wins", "Machines", "Jackpots")


@dataclass(frozen=True, slots=True)
class File:
    """A file as it arrives.

    :param at: when, in UTC
    :param says: the readings that hold once it has arrived; rows that cannot be read are not among them
    """

    at: datetime
    name: str
    content: bytes
    says: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    reading: Reading
    turnover: str
    wins: str
    readable: bool = True


def quarterly_files(random: Random, venue: Venue, readings: Sequence[Reading], *, vices: bool) -> list[File]:
    """Return a business day's files, one a quarter hour, and what arrives about them later; in the order of arrival."""
    fates = _fates(random, readings) if vices else {}
    files: list[File] = []
    for reading in readings:
        name, vice = f"EGM_{venue.id:02d}_{reading.at:%Y%m%d_%H%M}", fates.get(reading, "")
        at, rows = reading.ends + _seconds(random, 20, 80), [_row(reading, vice, first=True)]
        files += _arrivals(random, venue, at, name, rows, vice)
        if vice in ("corrected", "thousands", "dollar"):
            files.append(_file(venue, at + _seconds(random, 1200, 90_000), f"{name}_R2", [_row(reading, vice)]))
    return sorted(files, key=_arrival)


def daily_files(random: Random, venue: Venue, day: date, readings: Sequence[Reading], *, vices: bool) -> list[File]:
    """Return a business day's readings as one file, and what arrives about it later.

    The same figures are wrong as in the day's `quarterly_files`, given a ``random`` in the same state; so in the end the
    same holds.
    """
    fates = _fates(random, readings) if vices else {}
    name, at = f"EGM_{venue.id:02d}_{day:%Y%m%d}", days.at(day, 30, venue) + _seconds(random, 20, 80)
    vice = random.choice(FILE_VICES) if vices and random.random() < 0.3 else ""
    rows = [_row(reading, fates.get(reading, ""), first=True) for reading in readings]
    files = _arrivals(random, venue, at, name, rows, vice)
    wrong = [reading for reading in readings if fates.get(reading) in ("corrected", "thousands", "dollar")]
    if wrong:
        last = max(file.at for file in files)
        files.append(_file(venue, last + _seconds(random, 60, 7200), f"{name}_R2", [_row(r, "") for r in wrong]))
    return sorted(files, key=_arrival)


def _arrivals(random: Random, venue: Venue, at: datetime, name: str, rows: list[_Row], vice: str) -> list[File]:
    """Return a file with a vice, and what follows it for that."""
    if vice == "late":
        at += _seconds(random, 3600, 100_000)
    whole = _file(venue, at, name, rows, vice)
    if vice == "again":
        return [whole, replace(whole, at=at + _seconds(random, 60, 3600), name=f"{name} (1).csv")]
    if vice not in ("half", "header"):
        return [whole]
    lines, says = whole.content.splitlines(keepends=True), tuple[Reading, ...]()
    if vice == "header":
        content = lines[0]
    else:
        cut = random.randint(1, len(lines[-1]) - 1)  # at least a character, at most all but the line end
        content = b"".join(lines[:-1]) + lines[-1][:cut]
        says = tuple(row.reading for row in rows[:-1] if row.readable)
    again = replace(whole, at=at + _seconds(random, 60, 1000), name=f"{name}_R1.csv")
    return [replace(whole, content=content, says=says), again]


def _fates(random: Random, readings: Sequence[Reading]) -> dict[Reading, str]:
    """Choose the readings of a day whose files have a vice."""
    vices = (*FILE_VICES, *FIGURE_VICES)
    chosen = random.sample(readings, min(len(readings), len(vices)))
    return {reading: vice for reading, vice in zip(chosen, vices, strict=False) if random.random() < OFTEN}


def _row(reading: Reading, vice: str, *, first: bool = False) -> _Row:
    """Return a reading as it is written; only the first time with what is wrong with it."""
    turnover, wins = f"{money(reading.turnover)}", f"{money(reading.wins)}"
    if not first or vice not in FIGURE_VICES:
        return _Row(reading, turnover, wins)
    if vice == "corrected":
        early = replace(reading, turnover=reading.turnover // 2, wins=reading.wins // 3)
        return _Row(early, f"{money(early.turnover)}", f"{money(early.wins)}")
    if vice == "n/a":
        return _Row(reading, turnover, "n/a", readable=False)
    if vice == "thousands" and reading.turnover >= 1000_00:
        return _Row(reading, f"{money(reading.turnover):,}", wins, readable=False)
    return _Row(reading, f"${turnover}", wins, readable=False)


def _file(venue: Venue, at: datetime, name: str, rows: list[_Row], vice: str = "") -> File:
    columns: tuple[str, ...] = COLUMNS
    if vice == "order":
        columns = ("EGM Wins", "EGM Turnover", "Time", "Jackpots", "Date", "Venue", "Machines")
    elif vice == "extra":
        columns = (*COLUMNS[:3], "Cash In", *COLUMNS[3:], "Firmware")
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\r\n" if vice == "crlf" else "\n")
    writer.writeheader()
    for row in rows:
        reading = row.reading
        cells = dict(zip(COLUMNS, (venue.id, f"{reading.at:%Y-%m-%d}", f"{reading.at:%H:%M:%S}", row.turnover, row.wins,
                                   reading.machines, reading.jackpots), strict=True))  # fmt: skip
        if vice == "extra":
            cells |= {"Cash In": f"{money(reading.turnover // 3)}", "Firmware": "7.2.1"}
        writer.writerow(cells)
    content = text.getvalue().encode("utf-8-sig" if vice == "bom" else "utf-8")
    return File(at, f"{name}.csv", content, tuple(row.reading for row in rows if row.readable))


def _seconds(random: Random, least: int, most: int) -> timedelta:
    return timedelta(seconds=random.randint(least, most))


def _arrival(file: File) -> tuple[datetime, str]:
    return file.at, file.name

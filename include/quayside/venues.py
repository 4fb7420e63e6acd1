"""The venues that the platform knows, from ``include/reference/venue.csv``, and when their business day begins."""

import csv
from dataclasses import dataclass
from datetime import time
from functools import cache
from pathlib import Path

REFERENCE = Path(__file__).resolve().parents[1] / "reference" / "venue.csv"
DAY_STARTS = time(6)  # venue-local: what happens before belongs to the business day before


@dataclass(frozen=True, slots=True)
class Venue:
    """One venue.

    :param id: as SwiftPOS and the gaming files know it
    :param name: as SwiftPOS and Humanforce know it
    :param time_zone: IANA name, e.g. ``Australia/Sydney``
    """

    id: int
    name: str
    time_zone: str


@cache
def venues() -> tuple[Venue, ...]:
    """Return all venues, in the order of their ids."""
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        rows = [Venue(int(row["venue_id"]), row["venue_name"], row["time_zone"]) for row in csv.DictReader(file)]
    return tuple(sorted(rows, key=lambda venue: venue.id))

"""How many rows are usual for a batch: as many as in those before it, or as in those of the same weekday and hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from quayside.contract import Contract
from quayside.ledger import Entry

# There is nothing to compare with before so many windows.
FROM_WINDOWS = 5
# Of a source that follows nothing: small windows vary by nature.
RECENT = 20
RECENT_FACTOR, RECENT_FROM_ROWS = 20, 1000
# Of one that follows the week: two weeks of quarters of an hour; of a day at a time, that is years.
WEEKLY = 2 * 7 * 96 + 8
WEEKLY_FACTOR, WEEKLY_FROM_ROWS = 4, 40
NEAR = timedelta(hours=1)  # of the time of day
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Usual:
    """What is normal.

    :param median: of the windows compared with, in rows
    :param least: fewer rows are unusual, ``most``: more are
    :param like: what they are, in words
    """

    median: float
    least: float
    most: float
    like: str


def remembered(contract: Contract) -> int:
    """Return how many of the newest batches `usual` needs to know."""
    return WEEKLY if contract.weekly else RECENT * 2


def usual(contract: Contract, entry: Entry, earlier: Sequence[Entry]) -> Usual | None:
    """Return how many rows a window normally has; None before there are enough to tell.

    :param earlier: batches recorded before it, oldest first
    """
    windows = [other for other in earlier if other.kind == "window"]
    if contract.weekly:
        windows = [other for other in windows if _alike(entry, other)]
        factor, few, like = WEEKLY_FACTOR, WEEKLY_FROM_ROWS, "windows of this weekday and hour"
    else:
        windows = windows[-RECENT:]
        factor, few, like = RECENT_FACTOR, RECENT_FROM_ROWS, "windows"
    if len(windows) < FROM_WINDOWS:
        return None
    middle = median(other.rows for other in windows)
    return Usual(
        median=middle,
        least=middle / factor if middle >= few else 0,
        most=max(middle * factor, few),
        like=f"{len(windows)} {like}",
    )


def _alike(one: Entry, other: Entry) -> bool:
    """Tell whether two windows end at about the same time of the week, and are about as long."""
    (since, until), (other_since, other_until) = _bounds(one), _bounds(other)
    if since is None or until is None or other_since is None or other_until is None:
        return False
    apart = (until - other_until) % _WEEK
    long, other_long = until - since, other_until - other_since
    return min(apart, _WEEK - apart) <= NEAR and long <= other_long * 2 and other_long <= long * 2


def _bounds(entry: Entry) -> tuple[datetime | None, datetime | None]:
    since, until = (entry.facts.get(name) for name in ("since", "until"))
    return datetime.fromisoformat(since) if since else None, datetime.fromisoformat(until) if until else None

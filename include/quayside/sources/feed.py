"""What an API gives: records by time, records that belong to others, or the present state."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from quayside.errors import Terminal
from quayside.sources.http import Api

DAY = timedelta(days=1)
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Record:
    """A record as the vendor wrote it.

    :param json: its text, UTF-8
    :param of: what it hung under, as JSON
    """

    json: bytes
    of: bytes = b"null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Windowed:
    """Records that are asked for by time.

    :param read: gives the records from a moment to before another, UTC without offset
    :param again: how much of what was read before is read once more: for edits, or for a vendor whose clock differs
    :param ahead: how far beyond now there is something to read
    :param unit: what the bounds of a request are multiples of
    """

    read: Callable[[datetime, datetime], Iterator[Record]]
    again: timedelta
    ahead: timedelta = timedelta(0)
    unit: timedelta = MILLISECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """Records that are asked for because of others.

    :param follows: the dataset of those others, without the source's name
    :param read: gives the records from a moment to before another that go with landed lines of theirs
    """

    follows: str
    read: Callable[[datetime, datetime, Iterable[bytes]], Iterator[Record]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """A list of which only the present state can be had.

    :param read: gives all of it
    """

    read: Callable[[], Iterator[Record]]


class Feed(Protocol):
    """A vendor's API.

    :param begins: from when on there is something to read, UTC without offset
    :param resources: what it gives, by dataset without the source's name
    """

    @property
    def api(self) -> Api: ...  # noqa: D102
    @property
    def begins(self) -> datetime: ...  # noqa: D102
    @property
    def resources(self) -> Mapping[str, Windowed | Following | Present]: ...  # noqa: D102


def fields(vendor: str, secret: Mapping[str, Any], *names: str) -> list[str]:
    """Return the values of a secret's fields.

    :raises Terminal: some are missing
    """
    missing = [name for name in names if not secret.get(name)]
    if missing:
        raise Terminal(f"The secret of {vendor} has no {', '.join(missing)}: add them in Secrets Manager.")
    return [str(secret[name]) for name in names]


def beginning(vendor: str, secret: Mapping[str, Any]) -> datetime:
    """Return when a vendor's history begins: a day before the date in its secret, which began earlier in the east.

    :raises Terminal: it has none, or it is no ISO date
    """
    [begins] = fields(vendor, secret, "begins")
    try:
        day = date.fromisoformat(begins)
    except ValueError:
        raise Terminal(f"The secret of {vendor}: begins must be a date such as 2024-01-31.") from None
    return datetime(day.year, day.month, day.day) - DAY  # noqa: DTZ001 (the platform's times are UTC without offset)


def pieces(since: datetime, until: datetime, longest: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Split a range into adjacent ones of at most so long."""
    while since < until:
        end = min(since + longest, until)
        yield since, end
        since = end

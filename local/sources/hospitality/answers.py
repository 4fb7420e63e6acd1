"""What the vendors' APIs share: a request, a refusal, and how a window of time is read."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """A request below a vendor's own address; header names are lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Refused(Exception):
    """The answer is an error."""

    status: int
    message: str
    headers: dict[str, str] = field(default_factory=dict)


def moment(query: dict[str, str], name: str) -> datetime:
    """Read a moment: ISO 8601 in UTC, with or without milliseconds, ended by Z."""
    text = _given(query, name)
    try:
        if not text.endswith("Z"):
            raise ValueError
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise bad_request(f"{name}: {text!r} is not ISO 8601 in UTC, such as 2026-05-01T08:00:00.000Z.") from None


def day(query: dict[str, str], name: str) -> date:
    """Read a date: ISO 8601, a time behind it is ignored."""
    text = _given(query, name)
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise bad_request(f"{name}: {text!r} is not a date such as 2026-05-01.") from None


def number(query: dict[str, str], name: str) -> int | None:
    """Read a whole number; None where it is not asked for."""
    text = query.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise bad_request(f"{name}: {text!r} is not a number.")
    return int(text)


def check_window(since: Any, until: Any, most: timedelta) -> None:
    """Refuse a window that ends before it begins, or is too long."""
    if until < since:
        raise bad_request("The window ends before it begins.")
    if until - since > most:
        raise bad_request(f"The window is longer than {most.days * 24 if most.days == 1 else most.days} "
                          f"{'hours' if most.days == 1 else 'days'}.")  # fmt: skip


def bad_request(message: str) -> Refused:
    """Return a refusal that says what is wrong with a request."""
    return Refused(HTTPStatus.BAD_REQUEST, message)


def _given(query: dict[str, str], name: str) -> str:
    if not query.get(name):
        raise bad_request(f"{name} is missing.")
    return query[name]

"""What callers send, read strictly: every part of it is right, or the answer names each that is not."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from quayside.serving.access import EVERYWHERE, ROLES
from quayside.serving.http import BadRequest, FieldError
from quayside.venues import venues as known_venues

# These are the patterns of openapi.yaml, as a test sees to.
_WORD, _LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_{|}~-]{1,64}", r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL = rf"^{_WORD}(\.{_WORD})*@{_LABEL}(\.{_LABEL})+$"
DISPLAY_NAME = r"^[^\x00-\x20\x7f<>][^\x00-\x1f\x7f<>]*$"
LOCALE = r"^[a-z]{2}(-[A-Z]{2})?$"
THEMES = ("system", "light", "dark")
MOST_VENUES = 50


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who is invited, as what."""

    email: str
    display_name: str
    role: str
    venues: frozenset[int] | None


def invitation(body: str) -> Invitation:
    """Read an invitation.

    :raises BadRequest: with what is wrong, part by part
    """
    given = _read(body, ("email", "display_name", "role", "venues"), required=("email", "display_name", "role"))
    return Invitation(given["email"], given["display_name"], given["role"], allowed(given["role"], given.get("venues")))


def change(body: str) -> dict[str, Any]:
    """Read what an administrator changes of a user: display_name, role, venues, each or some.

    :raises BadRequest: with what is wrong, part by part
    """
    return _read(body, ("display_name", "role", "venues"))


def profile(body: str) -> dict[str, Any]:
    """Read what somebody changes of their own profile: display_name, locale, theme, each or some.

    :raises BadRequest: with what is wrong, part by part
    """
    return _read(body, ("display_name", "locale", "theme"))


def allowed(role: str, venues: frozenset[int] | None) -> frozenset[int] | None:
    """Return the venues of somebody with this role.

    :raises BadRequest: a manager or viewer has none, or somebody who sees all has some
    """
    if role in EVERYWHERE:
        if venues:
            raise BadRequest(FieldError("#/venues", f"must be null or absent: {role} sees all venues"))
        return None
    if not venues:
        raise BadRequest(FieldError("#/venues", f"must name at least one venue for {role}"))
    return venues


def _read(body: str, names: tuple[str, ...], required: tuple[str, ...] = ()) -> dict[str, Any]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest(FieldError("#", "is no JSON")) from None
    if not isinstance(given, dict) or not given:
        raise BadRequest(FieldError("#", "must be an object with at least one member"))
    faults = [FieldError(f"#/{name}", "is missing") for name in required if name not in given]
    faults += [FieldError(_pointer(name), "is not known here") for name in given if name not in names]
    values = dict[str, Any]()
    for name in names:
        if name in given:
            try:
                values[name] = _READERS[name](given[name])
            except _Wrong as wrong:
                faults.append(FieldError(f"#/{name}", str(wrong)))
    if faults:
        raise BadRequest(*faults)
    return values


class _Wrong(Exception):
    """A value is not as it must be; the message says how that is."""


def _text(pattern: str, longest: int, what: str) -> Callable[[object], str]:
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        if not isinstance(value, str) or len(value) > longest or not compiled.fullmatch(value) or not _encodes(value):
            raise _Wrong(what)
        return value

    return read


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can escape
        return False
    return True


def _email(value: object) -> str:
    return _text(EMAIL, 254, "must be an e-mail address")(value).lower()


def _one_of(*words: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise _Wrong(f"must be one of {', '.join(words)}")
        return value

    return read


def _venues(value: object) -> frozenset[int] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(type(each) is int for each in value):
        raise _Wrong("must be a list of venue ids, or null")
    if len(value) > MOST_VENUES or len(set(value)) < len(value):
        raise _Wrong(f"must name each venue once, and at most {MOST_VENUES}")
    unknown = set(value) - {venue.id for venue in known_venues()}
    if unknown:
        raise _Wrong(f"names venues that do not exist: {', '.join(map(str, sorted(unknown)))}")
    return frozenset(value)


def _pointer(name: str) -> str:
    return "#/" + name[:100].encode(errors="replace").decode().replace("~", "~0").replace("/", "~1")


_READERS: Mapping[str, Callable[[object], Any]] = {
    "email": _email,
    "display_name": _text(DISPLAY_NAME, 100, "must be 1 to 100 characters, none of them < or >, the first no space"),
    "role": _one_of(*ROLES),
    "venues": _venues,
    "locale": _text(LOCALE, 5, "must be a language, or a language and a country, e.g. en-AU"),
    "theme": _one_of(*THEMES),
}

"""Who asks: a role and its venues, which decide what rows and which names an answer may have.

Deny by default: an `Access` that allows nothing cannot be made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from quayside.errors import Terminal

ROLES = ("admin", "analyst", "manager", "viewer")
EVERYWHERE = frozenset({"admin", "analyst"})  # roles that see all venues; the others see only their own
NAMES = frozenset({"admin", "manager"})  # roles that see names of persons; the others see masks
_ALL = "*"


class Forbidden(Terminal):
    """The caller may not see what was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What one caller may see.

    :param role: one of `ROLES`
    :param venues: ids of the venues whose rows may be seen; None: all of them
    :raises Forbidden: an unknown role, no venue at all, or all venues for a role that has only its own
    """

    role: str
    venues: frozenset[int] | None

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise Forbidden(f"There is no role {self.role!r}; an admin can give one of {', '.join(ROLES)}.")
        if self.venues is None and self.role not in EVERYWHERE:
            raise Forbidden(f"A {self.role} sees only their own venues; an admin can give some.")
        if self.venues is not None:
            if not self.venues:
                raise Forbidden("No venue may be seen; an admin can give some.")
            if not all(type(venue) is int for venue in self.venues):
                raise Forbidden("Venues are known by their numbers.")

    @property
    def masked(self) -> bool:
        """Whether names of persons are masked."""
        return self.role not in NAMES

    def sees(self, venue: int) -> bool:
        """Tell whether rows of a venue may be seen."""
        return self.venues is None or venue in self.venues

    def to_context(self) -> dict[str, str]:
        """Return what an authorizer passes on: texts only, ``venues`` as ``*`` or ``1,2``."""
        venues = _ALL if self.venues is None else ",".join(map(str, sorted(self.venues)))
        return {"role": self.role, "venues": venues, "masked": str(self.masked).lower()}

    @classmethod
    def from_context(cls, context: Mapping[str, object]) -> Self:
        """Read what an authorizer has passed on; ``masked`` follows from the role and is not believed.

        :raises Forbidden: something is missing, or not as `to_context` writes it
        """
        role, venues = context.get("role"), context.get("venues")
        if not isinstance(role, str) or not isinstance(venues, str):
            raise Forbidden("The request carries no role or no venues.")
        if venues == _ALL:
            return cls(role=role, venues=None)
        numbers = venues.split(",") if venues else []
        if not all(number.isascii() and number.isdecimal() for number in numbers):
            raise Forbidden("The request's venues cannot be read.")
        return cls(role=role, venues=frozenset(map(int, numbers)))

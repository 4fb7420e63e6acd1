"""What is known of one user."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal, Self

from quayside.serving.access import Access

State = Literal["invited", "active", "disabled", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One user, at one version.

    :param user_id: a UUID of ours, which is the name of the account in Cognito
    :param email: in small letters; no other user has it
    :param venues: ids of the venues that a manager or viewer may see; None for those who see all
    :param accepted_at: when it was first seen that they have set a password of their own; empty before
    :param deleted_at: empty unless deleted; a deleted user can be restored, and comes back as they were
    :param version: 1 for the invitation, one more with every change
    """

    user_id: str
    email: str
    display_name: str
    role: str
    venues: frozenset[int] | None
    locale: str = "en-AU"
    theme: str = "system"
    accepted_at: str = ""
    disabled: bool = False
    deleted_at: str = ""
    version: int = 1
    created_at: str = ""
    updated_at: str = ""

    @property
    def state(self) -> State:
        """What administrators call it."""
        if self.deleted_at:
            return "deleted"
        if self.disabled:
            return "disabled"
        return "active" if self.accepted_at else "invited"

    @property
    def may_enter(self) -> bool:
        """Whether they may sign in and be answered."""
        return not self.disabled and not self.deleted_at

    @property
    def access(self) -> Access:
        """What they may see.

        :raises Forbidden: the record allows nothing
        """
        return Access(role=self.role, venues=self.venues)

    @property
    def administers(self) -> bool:
        """Whether they may administer users, as soon as they have signed in."""
        return self.role == "admin" and self.may_enter

    def to_item(self) -> dict[str, Any]:
        """Return what is stored; the state and a text to search in are stored along, to filter by."""
        return {
            **{field.name: getattr(self, field.name) for field in fields(self)},
            "venues": None if self.venues is None else sorted(self.venues),
            "state": self.state,
            "search": f"{self.email} {self.display_name}".casefold(),
            "list": "users",
            "rank": f"{self.email}#{self.user_id}",
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Return the user of a stored item."""
        known = {field.name: item[field.name] for field in fields(cls) if field.name in item}
        venues = item["venues"]
        return cls(
            **known
            | {
                "venues": None if venues is None else frozenset(int(venue) for venue in venues),
                "version": int(item["version"]),
            }
        )

    def document(self) -> dict[str, Any]:
        """Return what administrators are told."""
        return {
            "id": self.user_id,
            "email": self.email,
            "display_name": self.display_name,
            "role": self.role,
            "venues": None if self.venues is None else sorted(self.venues),
            "state": self.state,
            "version": self.version,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }

    def profile(self) -> dict[str, Any]:
        """Return what they themselves are told."""
        shown = ("id", "email", "display_name", "role", "venues")
        own = {name: value for name, value in self.document().items() if name in shown}
        return {**own, "locale": self.locale, "theme": self.theme}


@dataclass(frozen=True, slots=True)
class By:
    """Who changes something.

    :param actor: a user's id, or what else acted, e.g. ``reconciler``
    :param request_id: of the API's request, or of the run
    """

    actor: str
    request_id: str


def now() -> str:
    """Return the time, UTC, e.g. ``2026-03-01T09:30:00.000Z``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

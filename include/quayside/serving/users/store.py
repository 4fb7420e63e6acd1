"""The table of users. Every change is one transaction: record, audit entry, what Cognito is to be told, who administers.

====================  ==================  ==============================================================
pk                    sk                  holds
====================  ==================  ==============================================================
``user#<id>``         ``profile``         the user; in the index ``listing`` by address
``email#<address>``   ``email``           whose address it is
``admins``            ``admins``          the ids of those who administer and have signed in: never the last goes
``audit#<id>``        ``v<version>``      what made this version; in the index ``listing`` by time
``audit#<id>``        ``v<version>#…``    what the reconciler did to the account meanwhile, the record being right
``outbox``            ``<id>``            that Cognito has yet to follow a user's record
====================  ==================  ==============================================================

Audit entries are put where none is, and nothing here changes or removes one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import uuid4

from quayside.errors import QuaysideError
from quayside.items import Condition, Conflict, Items, Write
from quayside.serving.http import BadRequest, FieldError, Outdated
from quayside.serving.users.errors import AddressTaken, LastAdmin, UnknownUser
from quayside.serving.users.record import By, User, now
from quayside.serving.users.settings import UserSettings

ADMINS = ("admins", "admins")
READ, READS = 200, 8  # records in a query, and queries for a page, though fewer match than are asked for
_ABSENT = Condition("attribute_not_exists(#pk)", {"#pk": "pk"}, {})
_CHANGED = Outdated("Somebody else has changed this user in between: read it again and send its ETag.")
_LAST = LastAdmin("Nobody could administer users any more: give somebody else who has signed in the role admin first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """That Cognito has yet to follow a user's record.

    :param id: another for each change, so that none is taken for done when an earlier one is
    :param resend: whether the invitation is to be sent again
    """

    user_id: str
    id: str
    resend: bool = False
    since: str = ""

    @classmethod
    def new(cls, user_id: str, *, resend: bool = False) -> Self:
        """Return an errand of its own."""
        return cls(user_id=user_id, id=uuid4().hex, resend=resend, since=now())


@dataclass(frozen=True, slots=True)
class Page[T]:
    """Some of a list.

    :param after: from where the next page is read; None on the last
    """

    items: list[T]
    after: str | None


class Store:
    """The records of one table. Every method raises `Retryable` where DynamoDB does not answer."""

    def __init__(self, table: str) -> None:
        self._table, self._items = table, Items(table, keys=("pk", "sk"))

    @classmethod
    def of(cls, settings: UserSettings) -> Self:
        """Return the users' table of an environment."""
        return cls(settings.users_table)

    def find(self, user_id: str) -> User | None:
        """Return a user as they are now, or None."""
        item = self._items.get(f"user#{user_id}", "profile")
        return User.from_item(item) if item else None

    def get(self, user_id: str) -> User:
        """Return a user as they are now.

        :raises UnknownUser: there is none with this id
        """
        user = self.find(user_id)
        if user is None:
            raise UnknownUser("There is no such user.")
        return user

    def by_address(self, email: str) -> User | None:
        """Return the user who has an address, or None."""
        item = self._items.get(f"email#{email}", "email")
        return self.find(item["user_id"]) if item else None

    def users(self, *, size: int, after: str | None, search: str = "", role: str = "", state: str = "") -> Page[User]:
        """Return users in the order of their addresses; the deleted only where their state is asked for.

        :param search: part of address or name, in any case
        :raises BadRequest: ``after`` is none that this returned
        """
        tests, names, values = ["#state = :state" if state else "#state <> :state"], {"#state": "state"}, {}
        values[":state"] = state or "deleted"
        if role:
            tests, names, values = [*tests, "#role = :role"], {**names, "#role": "role"}, {**values, ":role": role}
        if search:
            tests, names = [*tests, "contains(#search, :search)"], {**names, "#search": "search"}
            values[":search"] = search.casefold()
        page = self._page(
            {"list": "users"},
            _user_keys,
            rank="rank",
            size=size,
            after=after,
            matching=Condition(" AND ".join(tests), names, values),
        )
        return Page([User.from_item(item) for item in page.items], page.after)

    def everybody(self) -> Iterator[User]:
        """Return all users, the deleted too."""
        last = None
        while True:
            items, last = self._items.page({"list": "users"}, index="listing", after=last, most=READ)
            yield from map(User.from_item, items)
            if last is None:
                return

    def audit(
        self, *, size: int, after: str | None, user_id: str = "", actor: str = "", action: str = ""
    ) -> Page[dict[str, Any]]:
        """Return audit entries, the newest first: of a user, or of all; with what those in it are called now.

        :raises BadRequest: ``after`` is none that this returned
        """
        given = {"user_id": user_id, "actor": actor, "action": action}
        wanted = {name: value for name, value in given.items() if value and name != "user_id"}
        matching = Condition(
            " AND ".join(f"#{name} = :{name}" for name in wanted),
            {f"#{name}": name for name in wanted},
            {f":{name}": value for name, value in wanted.items()},
        )
        own = {"pk": f"audit#{user_id}"}
        page = self._page(
            own if user_id else {"list": "audit"},
            (lambda sk: {**own, "sk": sk}) if user_id else _audit_keys,
            rank="sk" if user_id else "rank",
            size=size,
            after=after,
            matching=matching if wanted else None,
            backwards=True,
        )
        names = self._names({item[one] for item in page.items for one in ("actor", "subject")})
        return Page([_entry(item, names) for item in page.items], page.after)

    def _names(self, ids: Iterable[str]) -> dict[str, str]:
        """Return what users are called, by their ids; what else may have acted is no user."""
        found = map(User.from_item, self._items.several((f"user#{each}", "profile") for each in ids))
        return {user.user_id: user.display_name for user in found}

    def change(self, before: User | None, after: User, by: By, action: str, errand: Errand | None = None) -> None:
        """Put a user in the place of an earlier version, with all that goes with it, or change nothing.

        :param errand: what Cognito is to be told, if anything
        :raises Outdated: the version before is no longer the newest
        :raises AddressTaken: a new user's address is another's
        :raises LastAdmin: nobody could administer users any more
        """
        same = Condition("#version = :version", {"#version": "version"}, {":version": before.version if before else 0})
        steps: list[tuple[Write, QuaysideError]] = [
            (self._put(f"user#{after.user_id}", "profile", after.to_item(), same if before else _ABSENT), _CHANGED),
            (self._audited(after.user_id, f"v{after.version:010}", by, action, *_difference(before, after)), _CHANGED),
            *[(write, _LAST) for write in self._administration(before, after)],
        ]
        if before is None:
            taken = AddressTaken("Somebody has this address already, perhaps a deleted user: look for it, and restore.")
            owner = {"user_id": after.user_id}
            steps.append((self._put(f"email#{after.email}", "email", owner, _ABSENT), taken))
        if errand:
            values = {"id": errand.id, "resend": errand.resend, "since": errand.since}
            steps.append((self._put("outbox", errand.user_id, values), _CHANGED))
        self._items.write([write for write, _ in steps], [refusal for _, refusal in steps])

    def errands(self) -> list[Errand]:
        """Return what Cognito has yet to be told."""
        return [_errand(item) for item in self._items.query("outbox", "")]

    def errand(self, user_id: str) -> Errand | None:
        """Return what Cognito has yet to be told of a user, or None."""
        item = self._items.get("outbox", user_id)
        return _errand(item) if item else None

    def done(self, errand: Errand) -> bool:
        """Take an errand off the list; return False where another has taken its place, or it was off already."""
        mine = Condition("#id = :id", {"#id": "id"}, {":id": errand.id})
        try:
            self._items.write([self._items.delete("outbox", errand.user_id, mine)], Conflict("Another errand came."))
        except Conflict:
            return False
        return True

    def note(self, user_id: str, version: int, by: By, action: str, after: Mapping[str, Any]) -> None:
        """Add to the audit what is done to an account whose record stays as it is; once for each run and action.

        :param version: the record's; 0 where there is none
        """
        write = self._audited(user_id, f"v{version:010}#{by.request_id}#{action}", by, action, None, dict(after))
        try:
            self._items.write([write], Conflict("It is noted."))
        except Conflict:
            return

    def _put(self, pk: str, sk: str, values: Mapping[str, Any], when: Condition | None = None) -> Write:
        return self._items.put(pk, sk, values, when)

    def _audited(self, user_id: str, sk: str, by: By, action: str, before: Any, after: Any) -> Write:
        at = now()
        entry = {"at": at, "actor": by.actor, "action": action, "subject": user_id, "before": before, "after": after}
        listed = {"list": "audit", "rank": f"{at}#{user_id}#{sk}", "request_id": by.request_id}
        return self._put(f"audit#{user_id}", sk, {**entry, **listed}, _ABSENT)

    def _administration(self, before: User | None, after: User) -> list[Write]:
        """Return the write that keeps the list of those who administer and have signed in, and never empties it."""
        was, will = bool(before and before.administers), after.administers
        counted = was and bool(before and before.accepted_at)
        key = {"pk": {"S": ADMINS[0]}, "sk": {"S": ADMINS[1]}}
        update = {"TableName": self._table, "Key": key, "ExpressionAttributeNames": {"#members": "members"}}
        me: dict[str, Any] = {":me": {"SS": [after.user_id]}}
        if will and after.accepted_at and not counted:
            joins = {"UpdateExpression": "ADD #members :me", "ExpressionAttributeValues": me}
            return [{"Update": {**update, **joins}}]
        if counted and not will:
            leaves = {
                "UpdateExpression": "DELETE #members :me",
                "ConditionExpression": "size(#members) > :one",
                "ExpressionAttributeValues": {**me, ":one": {"N": "1"}},
            }
            return [{"Update": {**update, **leaves}}]
        if was and not will:  # was only invited: but perhaps the one invitation that is
            return [self._items.check(*ADMINS, Condition("attribute_exists(#members)", {"#members": "members"}, {}))]
        return []

    def _page(
        self,
        where: Mapping[str, str],
        keys: Callable[[str], dict[str, str]],
        *,
        rank: str,
        size: int,
        after: str | None,
        matching: Condition | None,
        backwards: bool = False,
    ) -> Page[dict[str, Any]]:
        """Read until a page is full, or for so long as is bearable: what follows is then on the next page.

        :param keys: makes of a record's rank the keys to begin after
        :param rank: the attribute that the records are ordered by
        """
        found, last = list[dict[str, Any]](), None if after is None else keys(after)
        index = "listing" if "list" in where else ""
        for _ in range(READS):
            items, last = self._items.page(
                where, index=index, matching=matching, after=last, backwards=backwards, most=READ
            )
            found += items
            if len(found) > size:
                return Page(found[:size], found[size - 1][rank])
            if last is None:
                break
        return Page(found, last[rank] if last else None)


def _user_keys(rank: str) -> dict[str, str]:
    return {"pk": f"user#{rank.rpartition('#')[2]}", "sk": "profile", "list": "users", "rank": rank}


def _audit_keys(rank: str) -> dict[str, str]:
    _, _, key = rank.partition("#")
    user_id, _, sk = key.partition("#")
    if not sk:
        raise BadRequest(FieldError("query/cursor", "is none that this API gave: begin without"))
    return {"pk": f"audit#{user_id}", "sk": sk, "list": "audit", "rank": rank}


def _errand(item: Mapping[str, Any]) -> Errand:
    return Errand(user_id=item["sk"], id=item["id"], resend=item["resend"], since=item["since"])


def _entry(item: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return an audit entry as the API tells it."""
    told = {name: item[name] for name in ("at", "actor", "action", "subject", "before", "after", "request_id")}
    for values in (told["before"], told["after"]):
        if values and values.get("venues"):
            values["venues"] = [int(venue) for venue in values["venues"]]
    return told | {f"{one}_name": names.get(item[one]) for one in ("actor", "subject")}


def _difference(before: User | None, after: User) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Return what differs, as it was and as it is."""
    own = ("email", "display_name", "role", "venues", "state", "locale", "theme")
    new = {name: value for name, value in after.to_item().items() if name in own}
    if before is None:
        return None, new
    old = {name: value for name, value in before.to_item().items() if name in own}
    changed = [name for name in own if old[name] != new[name]]
    return {name: old[name] for name in changed}, {name: new[name] for name in changed}

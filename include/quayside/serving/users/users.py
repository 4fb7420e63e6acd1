"""What may be done to users; each is one change of a record, of which Cognito is told at once, or soon."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import uuid4

from quayside.errors import QuaysideError
from quayside.serving.access import EVERYWHERE
from quayside.serving.http import Outdated
from quayside.serving.users.directory import ACCEPTED, Directory
from quayside.serving.users.errors import NotNow
from quayside.serving.users.follow import accept, changed, settle
from quayside.serving.users.forms import Invitation, allowed
from quayside.serving.users.record import By, User, now
from quayside.serving.users.settings import UserSettings
from quayside.serving.users.store import Errand, Store

_log = logging.getLogger("quayside.users")


@dataclass(frozen=True, slots=True)
class Users:
    """The users of one environment.

    Every change raises `UnknownUser`, `Outdated` where ``version`` is not the newest, `LastAdmin`, `NotNow`, and
    `Retryable` where the table does not answer. Where only Cognito does not, the change holds and the reconciler tells it.
    """

    store: Store
    directory: Directory

    @classmethod
    def of(cls, settings: UserSettings) -> Self:
        """Return the users of an environment."""
        return cls(Store.of(settings), Directory.of(settings))

    def me(self, user_id: str, by: By) -> User:
        """Return the caller, who has signed in, as is noted the first time."""
        user = self.store.get(user_id)
        if not user.accepted_at:
            with suppress(Outdated):  # noted by another of their requests
                accept(self.store, user, by)
            user = self.store.get(user_id)
        return user

    def invite(self, form: Invitation, by: By) -> User:
        """Make a user, whom Cognito sends a password for their first sign-in.

        :raises AddressTaken: another user has the address
        """
        at = now()
        user = User(
            user_id=str(uuid4()),
            email=form.email,
            display_name=form.display_name,
            role=form.role,
            venues=form.venues,
            created_at=at,
            updated_at=at,
        )
        self._write(None, user, by, "invite", tell=True)
        return user

    def change(self, user_id: str, version: str, values: Mapping[str, Any], by: By) -> User:
        """Change role, venues or name, as `forms.change` has read them.

        :raises BadRequest: the role that they then have does not fit the venues
        """
        user = self._standing(user_id, version)
        role = values.get("role", user.role)
        venues = values.get("venues", None if role in EVERYWHERE else user.venues)
        after = changed(user, **{**values, "role": role, "venues": allowed(role, venues)})
        action = "change_name" if after.venues == user.venues else "change_venues"
        return self._differs(user, after, by, "change_role" if after.role != user.role else action)

    def change_profile(self, user_id: str, version: str, values: Mapping[str, Any], by: By) -> User:
        """Change what is a user's own, as `forms.profile` has read it."""
        user = self._standing(user_id, version)
        return self._differs(user, changed(user, **values), by, "change_profile")

    def disable(self, user_id: str, version: str, by: By) -> User:
        """Lock a user out."""
        user = self._standing(user_id, version)
        return self._differs(user, changed(user, disabled=True), by, "disable", tell=True)

    def enable(self, user_id: str, version: str, by: By) -> User:
        """Let a disabled user in again."""
        user = self._standing(user_id, version)
        return self._differs(user, changed(user, disabled=False), by, "enable", tell=True)

    def delete(self, user_id: str, version: str, by: By) -> User:
        """Lock a user out and hide them; they can be restored, and nobody else gets their address."""
        user = self._expected(user_id, version)
        return self._differs(user, changed(user, deleted_at=user.deleted_at or now()), by, "delete", tell=True)

    def restore(self, user_id: str, version: str, by: By) -> User:
        """Bring a deleted user back as they were."""
        user = self._expected(user_id, version)
        return self._differs(user, changed(user, deleted_at=""), by, "restore", tell=True)

    def resend_invitation(self, user_id: str, version: str, by: By) -> User:
        """Send another password for the first sign-in.

        :raises NotNow: the user has set one of their own, or may not sign in
        """
        user = self._standing(user_id, version)
        if user.disabled:
            raise NotNow("The user is disabled: enable them first.")
        account = self.directory.find(user_id)
        if account and account.status in ACCEPTED:
            raise NotNow("The user has accepted the invitation: they reset a forgotten password where they sign in.")
        after = changed(user)
        self._write(user, after, by, "resend_invitation", tell=True, resend=True)
        return after

    def _expected(self, user_id: str, version: str) -> User:
        user = self.store.get(user_id)
        if str(user.version) != version:
            raise Outdated("The user has changed since you read them: read them again and send their ETag.")
        return user

    def _standing(self, user_id: str, version: str) -> User:
        user = self._expected(user_id, version)
        if user.deleted_at:
            raise NotNow("The user is deleted: restore them first.")
        return user

    def _differs(self, user: User, after: User, by: By, action: str, *, tell: bool = False) -> User:
        """Write what differs; what does not is no change, and no entry in the audit."""
        if replace(after, version=user.version, updated_at=user.updated_at) == user:
            return user
        self._write(user, after, by, action, tell=tell)
        return after

    def _write(
        self, before: User | None, after: User, by: By, action: str, *, tell: bool, resend: bool = False
    ) -> None:
        errand = Errand.new(after.user_id, resend=resend) if tell else None
        self.store.change(before, after, by, action, errand)
        if errand:
            try:
                settle(self.store, self.directory, errand)
            except QuaysideError as error:  # the errand stays on the list, and the reconciler fails aloud if it must
                _log.warning("%s: %s of %s waits for the reconciler: %s", by.request_id, action, after.user_id, error)

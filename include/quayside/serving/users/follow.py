"""Cognito follows the records: at once after a change, and by the reconciler whatever was left or has drifted."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from quayside.errors import QuaysideError, Retryable, Terminal
from quayside.serving.http import Outdated
from quayside.serving.users.directory import ACCEPTED, INVITED, Account, Directory
from quayside.serving.users.record import By, User, now
from quayside.serving.users.store import Errand, Store


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done for one user, or to an account that is nobody's.

    :param subject: the user's id; of an account without a user, Cognito's own
    :param action: the audit's word for it
    """

    subject: str
    action: str


def changed(user: User, **values: Any) -> User:
    """Return a user's next version."""
    return replace(user, **values, version=user.version + 1, updated_at=now())


def accept(store: Store, user: User, by: By) -> User:
    """Note that a user has set a password of their own; return them as they are then.

    :raises Outdated: somebody has changed the user in between
    """
    after = changed(user, accepted_at=now())
    store.change(user, after, by, "accept_invitation")
    return after


def settle(store: Store, directory: Directory, errand: Errand) -> list[Repair]:
    """Let Cognito follow a user's record, and take the errand off the list; return what was done.

    Killed anywhere, the errand stays; done again, it changes nothing, but a mail may be sent twice.
    """
    done = list[Repair]()
    while True:
        done += _follow(store, directory, errand.user_id, resend=errand.resend)
        if store.done(errand):
            return done
        newer = store.errand(errand.user_id)
        if newer is None:  # somebody else was at it, too
            return done
        errand = newer


def reconcile(store: Store, directory: Directory, by: By) -> list[Repair]:
    """Do what was left undone, then find and repair what has drifted, both ways; return what was done.

    :raises Retryable: some users could not be followed; all others were
    :raises Terminal: the same, and another try would not help
    """
    failures, done = dict[str, QuaysideError](), list[Repair]()
    for errand in store.errands():
        try:
            done += settle(store, directory, errand)
        except QuaysideError as error:
            failures[errand.user_id] = error
    # Accounts first: a record is older than its account, so that an account without one is nobody's.
    accounts = {account.name: account for account in directory.all()}
    users = {user.user_id: user for user in store.everybody()}
    done += _lock_out(store, directory, (accounts[name] for name in accounts.keys() - users.keys()), by)
    for user in users.values():
        try:
            done += _repair(store, directory, user, accounts.get(user.user_id), by)
        except QuaysideError as error:
            failures[user.user_id] = error
    if failures:
        kind = Retryable if any(isinstance(error, Retryable) for error in failures.values()) else Terminal
        told = "; ".join(f"{user_id}: {error}" for user_id, error in failures.items())
        raise kind(f"{len(failures)} users could not be followed: {told}")
    return done


def _lock_out(store: Store, directory: Directory, strangers: Iterable[Account], by: By) -> list[Repair]:
    """Disable accounts that are nobody's: made in Cognito itself, by whomever."""
    done = list[Repair]()
    for account in strangers:
        if account.enabled and store.find(account.name) is None:  # the list of users may be a moment old
            facts = {"account": account.name, "email": account.email}
            store.note(account.sub, 0, by, "disable_stranger", facts)
            directory.enable(account.name, enabled=False)
            done.append(Repair(account.sub, "disable_stranger"))
    return done


def _repair(store: Store, directory: Directory, user: User, account: Account | None, by: By) -> list[Repair]:
    """Undo what was done to an account by others; note that an invitation was accepted."""
    if account and account.status in ACCEPTED and user.may_enter and not user.accepted_at:
        with suppress(Outdated):  # the next run will see it
            user = accept(store, user, By(user.user_id, by.request_id))
    if not _steps(user, account):
        return []
    user = store.get(user.user_id)  # lists may be a moment old: look again
    for step in _steps(user, directory.find(user.user_id)):
        store.note(user.user_id, user.version, by, step, {})
    return _follow(store, directory, user.user_id)


def _follow(store: Store, directory: Directory, user_id: str, *, resend: bool = False) -> list[Repair]:
    """Make an account what the user's record says; anew where that changes meanwhile, so that the newest counts."""
    done, user = list[Repair](), store.get(user_id)
    while True:
        for step in _steps(user, directory.find(user_id), resend=resend):
            _do(directory, user, step)
            done.append(Repair(user_id, step))
        newest = store.get(user_id)
        if newest.version == user.version:
            return done
        user, resend = newest, False


def _steps(user: User, account: Account | None, *, resend: bool = False) -> list[str]:
    """Return what is to be done so that an account is what the record says."""
    if account is None:
        return ["create_account"] if user.may_enter else []
    steps = {
        "correct_address": account.email != user.email,
        "enable_account": user.may_enter and not account.enabled,
        "disable_account": account.enabled and not user.may_enter,
        "send_invitation": resend and user.may_enter and account.status == INVITED,
    }
    return [step for step, needed in steps.items() if needed]


def _do(directory: Directory, user: User, step: str) -> None:
    match step:
        case "create_account":
            directory.invite(user)
        case "correct_address":
            directory.address(user)
        case "send_invitation":
            directory.invite_again(user)
        case _:
            directory.enable(user.user_id, enabled=step == "enable_account")

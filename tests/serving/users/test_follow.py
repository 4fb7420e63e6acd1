"""Cognito and the records do not stay apart: not after an outage, not after a kill, not after somebody's own doing."""

import boto3
import pytest

from quayside.errors import Retryable, Terminal
from quayside.serving.users.directory import Directory
from quayside.serving.users.follow import Repair, reconcile
from quayside.serving.users.record import By
from quayside.serving.users.users import Users
from tests.support.people import invite

ANA, RUN = By("ana", "request-1"), By("reconciler", "run-1")


class Killed(BaseException):
    """The process ends here."""


class Faulty(Directory):
    """Cognito that fails, or takes the process with it, before or after the first change that it is asked for."""

    def __init__(self, pool: str, error: BaseException, *, after: bool = False) -> None:
        super().__init__(pool)
        self._error, self._after = error, after

    def _call(self, action, **given):
        if action == "admin_get_user":
            return super()._call(action, **given)
        if self._after:
            super()._call(action, **given)
        raise self._error


def done(users: Users, run: By = RUN) -> set[Repair]:
    return set(reconcile(users.store, users.directory, run))


def agree(users: Users) -> bool:
    """Tell whether each account is as the record says, and nobody else's can sign in."""
    accounts = {account.name: account for account in users.directory.all()}
    people = {user.user_id: user for user in users.store.everybody()}
    for name, account in accounts.items():
        user = people.get(name)
        if account.enabled != bool(user and user.may_enter) or (user and account.email != user.email):
            return False
    return all(name in accounts for name, user in people.items() if user.may_enter)


CHANGES = {
    "invite": ["create_account"],
    "disable": ["disable_account"],
    "enable": ["enable_account"],
    "delete": ["disable_account"],
    "restore": ["enable_account"],
    "resend_invitation": ["send_invitation"],
}


def prepare(users: Users, action: str):
    user = invite(users) if action != "invite" else None
    before = {"enable": users.disable, "restore": users.delete}.get(action)
    return before(user.user_id, "1", ANA) if before else user


def do(users: Users, action: str, user) -> None:
    if action == "invite":
        invite(users)
    else:
        getattr(users, action)(user.user_id, str(user.version), ANA)


@pytest.mark.parametrize("action", CHANGES)
def test_a_change_holds_while_cognito_is_away_and_is_told_when_it_is_back(users, place, action):
    user = prepare(users, action)
    do(Users(users.store, Faulty(place.user_pool_id, Retryable("away"))), action, user)
    [errand] = users.store.errands()

    assert done(users) == {Repair(errand.user_id, step) for step in CHANGES[action]}
    assert users.store.errands() == []
    assert agree(users)
    assert done(users, By("reconciler", "run-2")) == set()


@pytest.mark.parametrize("after", [False, True], ids=["before Cognito knows", "after Cognito knows"])
@pytest.mark.parametrize("action", CHANGES)
def test_a_change_that_is_killed_midway_is_finished_by_the_reconciler(users, place, action, after):
    user = prepare(users, action)
    with pytest.raises(Killed):
        do(Users(users.store, Faulty(place.user_pool_id, Killed(), after=after)), action, user)
    assert len(users.store.errands()) == 1

    done(users)
    assert users.store.errands() == []
    assert agree(users)


def test_the_reconciler_itself_may_be_killed(users, place):
    user = invite(users)
    boto3.client("cognito-idp").admin_disable_user(UserPoolId=place.user_pool_id, Username=user.user_id)
    for after in (False, True):
        with pytest.raises(Killed):
            reconcile(users.store, Faulty(place.user_pool_id, Killed(), after=after), RUN)

    assert done(users) == set()  # it was done, though not told
    assert agree(users)
    actions = [entry["action"] for entry in users.store.audit(size=9, after=None, user_id=user.user_id).items]
    assert actions == ["enable_account", "invite"]


def test_an_account_that_is_nobodys_is_disabled_and_noted(users, place):
    cognito = boto3.client("cognito-idp")
    made = cognito.admin_create_user(
        UserPoolId=place.user_pool_id,
        Username="mallory",
        UserAttributes=[{"Name": "email", "Value": "m@quayside.example"}, {"Name": "email_verified", "Value": "true"}],
    )
    [sub] = [each["Value"] for each in made["User"]["Attributes"] if each["Name"] == "sub"]

    assert done(users) == {Repair(sub, "disable_stranger")}
    assert not users.directory.find("mallory").enabled
    [entry] = users.store.audit(size=9, after=None).items
    assert (entry["actor"], entry["action"], entry["subject"]) == ("reconciler", "disable_stranger", sub)
    assert entry["after"] == {"account": "mallory", "email": "m@quayside.example"}
    assert done(users, By("reconciler", "run-2")) == set()


def test_a_missing_account_is_made_again_as_the_same_user(users, place):
    user = invite(users)
    boto3.client("cognito-idp").admin_delete_user(UserPoolId=place.user_pool_id, Username=user.user_id)

    assert done(users) == {Repair(user.user_id, "create_account")}
    assert users.directory.find(user.user_id).email == user.email


def test_a_missing_account_of_somebody_who_may_not_sign_in_stays_missing(users, place):
    user = invite(users)
    users.delete(user.user_id, "1", ANA)
    boto3.client("cognito-idp").admin_delete_user(UserPoolId=place.user_pool_id, Username=user.user_id)

    assert done(users) == set()
    users.restore(user.user_id, "2", ANA)
    assert agree(users)


def test_states_and_addresses_that_others_have_changed_are_put_right(users, place):
    enabled, disabled, renamed, unverified = (invite(users) for _ in range(4))
    users.disable(disabled.user_id, "1", ANA)
    cognito, pool = boto3.client("cognito-idp"), place.user_pool_id
    cognito.admin_disable_user(UserPoolId=pool, Username=enabled.user_id)
    cognito.admin_enable_user(UserPoolId=pool, Username=disabled.user_id)
    for user, name, value in (
        (renamed, "email", "x@elsewhere.example"),
        (unverified, "email_verified", "false"),  # who could neither sign in by it nor reset a password
    ):
        cognito.admin_update_user_attributes(
            UserPoolId=pool, Username=user.user_id, UserAttributes=[{"Name": name, "Value": value}]
        )

    assert done(users) == {
        Repair(enabled.user_id, "enable_account"),
        Repair(disabled.user_id, "disable_account"),
        Repair(renamed.user_id, "correct_address"),
        Repair(unverified.user_id, "correct_address"),
    }
    assert agree(users)


def test_somebody_who_signed_in_elsewhere_is_seen_to_have_accepted(users, place):
    user = invite(users)
    boto3.client("cognito-idp").admin_set_user_password(
        UserPoolId=place.user_pool_id, Username=user.user_id, Password="Their-own-1", Permanent=True
    )

    assert done(users) == set()
    assert users.store.get(user.user_id).state == "active"


def test_one_user_who_cannot_be_followed_does_not_hold_up_the_others(users, place):
    refused, fine = invite(users), invite(users)
    for user in (refused, fine):
        boto3.client("cognito-idp").admin_disable_user(UserPoolId=place.user_pool_id, Username=user.user_id)

    class Refusing(Directory):
        def enable(self, name, *, enabled):
            if name == refused.user_id:
                raise Terminal("Cognito refused")
            super().enable(name, enabled=enabled)

    with pytest.raises(Terminal, match=refused.user_id):
        reconcile(users.store, Refusing(place.user_pool_id), RUN)
    assert users.directory.find(fine.user_id).enabled


def test_the_later_of_two_who_tell_cognito_has_the_newest_record(users, place):
    """One reads the record, the other changes it and is done; then the first acts on what it had read."""
    user = invite(users)

    class Slow(Directory):
        once = True

        def enable(self, name, *, enabled):
            if Slow.once:
                Slow.once = False
                users.enable(user.user_id, "2", ANA)
            super().enable(name, enabled=enabled)

    Users(users.store, Slow(place.user_pool_id)).disable(user.user_id, "1", ANA)

    assert users.store.get(user.user_id).state == "invited"
    assert agree(users)
    assert users.store.errands() == []

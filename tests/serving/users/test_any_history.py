"""Whatever administrators do, in whatever order, at once, with Cognito away or the process killed, this always holds."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import boto3
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from quayside.errors import Retryable, Terminal
from quayside.serving.users.directory import Directory
from quayside.serving.users.follow import reconcile
from quayside.serving.users.record import By, User
from quayside.serving.users.users import Users
from tests.serving.users.test_follow import Faulty, Killed, agree
from tests.support.people import admin, invite, new_place

WAYS = ("demote", "promote", "disable", "enable", "delete", "restore", "resend_invitation", "rename", "sign_in")
NUMBERS = st.integers(0, 50)


def act(users: Users, user: User, way: str) -> None:
    """Do something to a user at the version at which they were read; a refusal is as good as a change."""
    by, version = By("ana", "request"), str(user.version)
    try:
        match way:
            case "demote":
                users.change(user.user_id, version, {"role": "viewer", "venues": frozenset({1})}, by)
            case "promote":
                users.change(user.user_id, version, {"role": "admin", "venues": None}, by)
            case "rename":
                users.change(user.user_id, version, {"display_name": f"Version {version}"}, by)
            case "sign_in":
                if user.may_enter:
                    users.me(user.user_id, By(user.user_id, "sign-in"))
            case _:
                getattr(users, way)(user.user_id, version, by)
    except Terminal:
        pass


class History(RuleBasedStateMachine):
    """Administrators at work."""

    @initialize()
    def begin(self) -> None:
        self.place = new_place()
        self.users = Users.of(self.place)
        admin(self.users, "0@quayside.example")
        self.invited = 1

    def pick(self, number: int) -> User:
        everybody = list(self.users.store.everybody())
        return everybody[number % len(everybody)]

    @precondition(lambda self: self.invited < 5)
    @rule(role=st.sampled_from(("admin", "viewer")))
    def invite(self, role: str) -> None:
        invite(self.users, f"{self.invited}@quayside.example", role)  # the order of addresses is that of invitations
        self.invited += 1

    @rule(number=NUMBERS, way=st.sampled_from(WAYS))
    def act(self, number: int, way: str) -> None:
        act(self.users, self.pick(number), way)

    @rule(first=st.tuples(NUMBERS, st.sampled_from(WAYS)), second=st.tuples(NUMBERS, st.sampled_from(WAYS)))
    def act_at_once(self, first: tuple[int, str], second: tuple[int, str]) -> None:
        chosen = [(self.pick(number), way) for number, way in (first, second)]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda each: act(self.users, *each), chosen))

    @rule(number=NUMBERS, way=st.sampled_from(WAYS), away=st.booleans(), after=st.booleans())
    def act_with_a_fault(self, number: int, way: str, away: bool, after: bool) -> None:
        fault = Faulty(self.place.user_pool_id, Retryable("away") if away else Killed(), after=after)
        with suppress(Killed):
            act(Users(self.users.store, fault), self.pick(number), way)

    @rule(number=NUMBERS, way=st.sampled_from(("admin_disable_user", "admin_enable_user", "admin_delete_user")))
    def meddle(self, number: int, way: str) -> None:
        cognito = boto3.client("cognito-idp")
        with suppress(cognito.exceptions.UserNotFoundException):
            getattr(cognito, way)(UserPoolId=self.place.user_pool_id, Username=self.pick(number).user_id)

    @rule(number=NUMBERS)
    def reconcile(self, number: int) -> None:
        reconcile(self.users.store, Directory.of(self.place), By("reconciler", f"run-{number}"))

    @invariant()
    def somebody_administers(self) -> None:
        if hasattr(self, "users"):
            assert any(user.administers and user.accepted_at for user in self.users.store.everybody())

    @invariant()
    def each_version_has_one_audit_entry(self) -> None:
        if hasattr(self, "users"):
            entries = self.users.store.audit(size=1000, after=None).items
            repairs = ("create_account", "enable_account", "disable_account", "correct_address")
            counted = Counter(entry["subject"] for entry in entries if entry["action"] not in repairs)
            assert counted == {user.user_id: user.version for user in self.users.store.everybody()}

    def teardown(self) -> None:
        if hasattr(self, "users"):
            reconcile(self.users.store, self.users.directory, By("reconciler", "the last run"))
            assert agree(self.users)
            assert self.users.store.errands() == []


@pytest.mark.timeout(240)
def test_any_history_of_users_keeps_its_promises(aws):
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            phases=[Phase.generate],  # a history that fails is short enough to be read, and a shorter one takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )

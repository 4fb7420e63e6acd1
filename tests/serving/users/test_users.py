"""What may be done to users, and what never happens however many do it at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import boto3
import pytest

from quayside.errors import Terminal
from quayside.serving.http import BadRequest, Outdated
from quayside.serving.users import forms
from quayside.serving.users.__main__ import main
from quayside.serving.users.errors import AddressTaken, LastAdmin, NotNow, UnknownUser
from quayside.serving.users.record import By, User
from quayside.serving.users.users import Users
from tests.support.people import admin, invite

ANA = By("ana", "request-1")


def version(user: User) -> str:
    return str(user.version)


def actions(users: Users, user: User) -> list[str]:
    return [entry["action"] for entry in users.store.audit(size=100, after=None, user_id=user.user_id).items]


def test_an_invited_user_has_a_record_an_account_and_a_mail(users, place):
    user = invite(users, "bea@quayside.example", "manager", frozenset({1, 2}))

    assert users.store.get(user.user_id) == user
    assert (user.state, user.version, user.access.venues) == ("invited", 1, frozenset({1, 2}))
    account = users.directory.find(user.user_id)
    assert (account.email, account.enabled, account.status) == ("bea@quayside.example", True, "FORCE_CHANGE_PASSWORD")
    assert users.store.errands() == []


def test_the_first_administrator_is_invited_from_the_command_line(users, place, monkeypatch, capsys):
    monkeypatch.setenv("QUAYSIDE_USERS_TABLE", place.users_table)
    monkeypatch.setenv("QUAYSIDE_USER_POOL_ID", place.user_pool_id)
    main("Ada@Quayside.example", "Ada Byron")

    ada = users.store.get(capsys.readouterr().out.strip())
    assert (ada.email, ada.role, ada.state) == ("ada@quayside.example", "admin", "invited")
    assert users.directory.find(ada.user_id).email == ada.email


def test_an_address_is_given_once_also_to_two_who_ask_at_once(users):
    barrier = Barrier(2)

    def ask(_: int) -> object:
        barrier.wait()
        try:
            return invite(users, "bea@quayside.example")
        except AddressTaken as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(ask, range(2)))

    assert sorted(type(answer).__name__ for answer in answers) == ["AddressTaken", "User"]
    assert len(list(users.store.everybody())) == len(list(users.directory.all())) == 1


def test_a_deleted_users_address_stays_theirs(users):
    user = invite(users, "bea@quayside.example")
    users.delete(user.user_id, "1", ANA)

    with pytest.raises(AddressTaken, match="restore"):
        invite(users, "bea@quayside.example")


def test_signing_in_is_noted_once(users):
    user = invite(users)
    by = By(user.user_id, "r")

    assert [users.me(user.user_id, by).state for _ in range(2)] == ["active", "active"]
    assert actions(users, user) == ["accept_invitation", "invite"]


def test_each_change_is_in_the_audit_as_it_was_and_as_it_is(users):
    user = invite(users, role="manager", venues=frozenset({1}))
    user = users.change(user.user_id, version(user), {"role": "viewer"}, ANA)
    user = users.change(user.user_id, version(user), {"venues": frozenset({1, 2})}, ANA)
    user = users.change(user.user_id, version(user), {"display_name": "Bea"}, ANA)
    user = users.change_profile(user.user_id, version(user), {"theme": "dark"}, By(user.user_id, "request-2"))
    user = users.disable(user.user_id, version(user), ANA)

    entries = users.store.audit(size=100, after=None, user_id=user.user_id).items
    assert [(entry["action"], entry["before"], entry["after"]) for entry in entries[:-1]] == [
        ("disable", {"state": "invited"}, {"state": "disabled"}),
        ("change_profile", {"theme": "system"}, {"theme": "dark"}),
        ("change_name", {"display_name": "Ana Souza"}, {"display_name": "Bea"}),
        ("change_venues", {"venues": [1]}, {"venues": [1, 2]}),
        ("change_role", {"role": "manager"}, {"role": "viewer"}),
    ]
    assert (entries[-1]["before"], entries[-1]["after"]["email"]) == (None, user.email)
    assert {(entry["actor"], entry["request_id"]) for entry in entries[:1] + entries[2:-1]} == {("ana", "request-1")}
    assert entries[1]["actor"] == user.user_id


def test_what_changes_nothing_is_no_change(users):
    user = invite(users)
    for change in (users.enable, users.restore):
        assert change(user.user_id, "1", ANA) == user
    assert users.change(user.user_id, "1", {"display_name": "Ana Souza"}, ANA) == user
    assert actions(users, user) == ["invite"]


def test_whoever_comes_to_see_all_venues_keeps_none_of_their_own(users):
    user = invite(users, role="manager", venues=frozenset({1}))
    user = users.change(user.user_id, "1", {"role": "analyst"}, ANA)
    assert user.venues is None

    with pytest.raises(BadRequest, match="see errors"):
        users.change(user.user_id, "2", {"role": "viewer"}, ANA)
    with pytest.raises(BadRequest):
        users.change(user.user_id, "2", {"venues": frozenset({1})}, ANA)
    assert users.change(user.user_id, "2", {"role": "viewer", "venues": frozenset({2})}, ANA).access.venues == {2}


def test_a_change_of_an_older_version_is_refused(users):
    user = invite(users)
    users.disable(user.user_id, "1", ANA)

    for change in (users.disable, users.enable, users.delete, users.restore, users.resend_invitation):
        with pytest.raises(Outdated):
            change(user.user_id, "1", ANA)
    with pytest.raises(Outdated):
        users.change(user.user_id, "1", {"display_name": "B"}, ANA)
    assert users.store.get(user.user_id).version == 2


def test_of_two_who_change_one_version_at_once_one_is_refused(users):
    user = invite(users)
    barrier = Barrier(2)

    def rename(name: str) -> object:
        barrier.wait()
        try:
            return users.change(user.user_id, "1", {"display_name": name}, ANA).display_name
        except Outdated:
            return "refused"

    with ThreadPoolExecutor(2) as pool:
        names = sorted(pool.map(rename, ("B", "C")))

    assert names[1] == "refused"
    assert users.store.get(user.user_id).display_name == names[0]
    assert actions(users, user) == ["change_name", "invite"]


def test_a_deleted_user_is_locked_out_and_comes_back_as_they_were(users):
    user = invite(users, role="manager", venues=frozenset({2}))
    gone = users.delete(user.user_id, "1", ANA)
    assert (gone.state, gone.may_enter) == ("deleted", False)
    assert not users.directory.find(user.user_id).enabled
    with pytest.raises(NotNow, match="restore"):
        users.enable(user.user_id, "2", ANA)

    back = users.restore(user.user_id, "2", ANA)
    assert (back.state, back.access) == ("invited", user.access)
    assert users.directory.find(user.user_id).enabled


def test_a_disabled_user_who_is_deleted_and_restored_is_disabled_still(users):
    user = invite(users)
    users.disable(user.user_id, "1", ANA)
    users.delete(user.user_id, "2", ANA)

    assert users.restore(user.user_id, "3", ANA).state == "disabled"
    assert not users.directory.find(user.user_id).enabled


def test_an_invitation_is_sent_again_until_it_is_accepted(users, place):
    user = invite(users)
    again = users.resend_invitation(user.user_id, "1", ANA)
    assert again.version == 2

    cognito = boto3.client("cognito-idp")
    cognito.admin_set_user_password(
        UserPoolId=place.user_pool_id, Username=user.user_id, Password="Their-own-1", Permanent=True
    )
    with pytest.raises(NotNow, match="accepted"):
        users.resend_invitation(user.user_id, "2", ANA)
    users.disable(user.user_id, "2", ANA)
    with pytest.raises(NotNow, match="enable"):
        users.resend_invitation(user.user_id, "3", ANA)


def test_nobody_is_found_who_is_not_there(users):
    for change in (users.disable, users.enable, users.delete, users.restore, users.resend_invitation):
        with pytest.raises(UnknownUser):
            change("nobody", "1", ANA)


def leave(users: Users, user: User, way: str) -> User:
    if way == "demote":
        return users.change(user.user_id, version(user), {"role": "analyst"}, ANA)
    return getattr(users, way)(user.user_id, version(user), ANA)


@pytest.mark.parametrize("way", ["demote", "disable", "delete"])
def test_the_last_administrator_stays(users, way):
    only = admin(users)
    invite(users, role="admin")  # who has never signed in, and may never
    with pytest.raises(LastAdmin):
        leave(users, only, way)
    assert users.store.get(only.user_id) == only

    admin(users)
    leave(users, only, way)


def test_the_only_invited_administrator_stays_while_none_has_signed_in(users):
    only = invite(users, role="admin")
    with pytest.raises(LastAdmin):
        leave(users, only, "delete")


@pytest.mark.parametrize("ways", [("demote", "demote"), ("disable", "delete"), ("demote", "disable")])
def test_of_the_last_two_administrators_who_leave_at_once_one_stays(users, ways):
    both = [admin(users), admin(users)]
    barrier = Barrier(2)

    def go(user: User, way: str) -> str:
        barrier.wait()
        try:
            leave(users, user, way)
        except LastAdmin:
            return "stays"
        return "left"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(go, both, ways)) == ["left", "stays"]
    assert sum(users.store.get(user.user_id).administers for user in both) == 1


def test_a_restored_administrator_counts_again(users):
    first, second = admin(users), admin(users)
    gone = leave(users, first, "delete")
    back = users.restore(gone.user_id, version(gone), ANA)
    leave(users, second, "disable")

    with pytest.raises(LastAdmin):
        leave(users, back, "demote")


def listed(users: Users, size: int, **given: str) -> list[str]:
    found, after = [], None
    while True:
        page = users.store.users(size=size, after=after, **given)
        assert len(page.items) <= size
        found += [user.email.partition("@")[0] for user in page.items]
        after = page.after
        if after is None:
            return found


def test_users_are_listed_by_address_page_by_page(users):
    for name in ("dan", "ana", "eve", "bob", "cyd"):
        invite(users, f"{name}@quayside.example", "analyst" if name in ("ana", "eve") else "viewer")
    cyd = users.store.by_address("cyd@quayside.example")
    users.delete(cyd.user_id, "1", ANA)
    bob = users.store.by_address("bob@quayside.example")
    users.disable(bob.user_id, "1", ANA)

    for size in (1, 2, 4, 100):
        assert listed(users, size) == ["ana", "bob", "dan", "eve"]
    assert listed(users, 1, role="analyst") == ["ana", "eve"]
    assert listed(users, 1, state="deleted") == ["cyd"]
    assert listed(users, 1, state="disabled") == ["bob"]
    assert listed(users, 2, search="AN") == ["ana", "bob", "dan", "eve"]  # whose display name is Ana Souza
    assert listed(users, 2, search="An@Quay") == ["dan"]
    assert listed(users, 2, search="an@quay", role="analyst") == []


def test_a_page_ends_where_too_much_would_be_read(users, monkeypatch):
    monkeypatch.setattr("quayside.serving.users.store.READ", 1)
    monkeypatch.setattr("quayside.serving.users.store.READS", 2)
    for name in "abcdefg":
        invite(users, f"{name}@quayside.example", "analyst" if name in "cg" else "viewer")

    assert users.store.users(size=5, after=None, role="analyst").items == []
    assert listed(users, 5, role="analyst") == ["c", "g"]


def test_the_audit_is_read_newest_first_by_actor_and_action(users):
    first, second = invite(users), invite(users)
    users.disable(first.user_id, "1", ANA)
    users.disable(second.user_id, "1", By("bea", "request-2"))
    users.enable(first.user_id, "2", ANA)

    def entries(**given: str) -> list[tuple[str, str]]:
        found, after = [], None
        while True:
            page = users.store.audit(size=2, after=after, **given)
            found += [(entry["actor"], entry["action"]) for entry in page.items]
            after = page.after
            if after is None:
                return found

    everything = entries()
    assert everything[0] == ("ana", "enable")
    assert len(everything) == 5
    assert entries(actor="ana") == [("ana", "enable"), ("ana", "disable")]
    assert entries(action="disable") == [("bea", "disable"), ("ana", "disable")]
    assert entries(user_id=first.user_id) == [("ana", "enable"), ("ana", "disable"), ("bootstrap", "invite")]


def test_the_audit_says_what_those_in_it_are_called_now(users):
    boss, user = invite(users, role="admin"), invite(users)
    users.disable(user.user_id, "1", By(boss.user_id, "request-3"))
    users.change(user.user_id, "2", {"display_name": "Zoe Zhang"}, ANA)

    told = [
        (entry["actor_name"], entry["subject_name"])
        for entry in users.store.audit(size=9, after=None, user_id=user.user_id).items
    ]
    assert told == [(None, "Zoe Zhang"), (boss.display_name, "Zoe Zhang"), (None, "Zoe Zhang")]


def test_a_cursor_of_another_list_is_refused(users):
    with pytest.raises(BadRequest):
        users.store.audit(size=1, after="no rank")


def test_an_audit_entry_is_never_overwritten(users):
    user = invite(users)
    again = User.from_item(user.to_item())
    with pytest.raises((Outdated, Terminal)):
        users.store.change(None, again, ANA, "forged")
    assert actions(users, user) == ["invite"]


def test_roles_are_the_api_documents():
    assert set(forms.ROLES) == {"admin", "analyst", "manager", "viewer"}

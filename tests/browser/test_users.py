"""Users administration in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, WIDE, Opens, overflow
from tests.browser.fake_api import FakeApi


def test_users_are_found_page_by_page(opens: Opens, fake: FakeApi) -> None:
    fake.page = 5
    page = opens("#/users")
    rows = page.get_by_role("region", name="Users, table").locator("tbody tr")
    expect(rows).to_have_count(5)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(10)
    page.get_by_label("Name or e-mail address").fill("GUEST 03")
    page.get_by_role("button", name="Search").click()
    expect(rows).to_have_count(1)
    assert page.url.endswith("#/users?search=GUEST+03")
    page.get_by_label("Name or e-mail address").fill("")
    page.get_by_role("button", name="Search").click()
    page.get_by_label("Role").select_option("analyst")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Ana Souza")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desktop", "phone"])
def test_somebody_is_invited(opens: Opens, fake: FakeApi, size: dict[str, int]) -> None:
    page = opens("#/users", size=size)
    expect(page.get_by_role("heading", name="Users", level=1)).to_be_visible()
    assert overflow(page) <= 0
    page.get_by_role("button", name="Invite somebody").click()
    window = page.get_by_role("dialog", name="Invite somebody")
    window.get_by_label("E-mail address").fill("zoe@quayside.example")
    window.get_by_label("Name", exact=True).fill("Zoe Zeller")
    window.get_by_label("Role").select_option("manager")
    window.get_by_role("button", name="Send the invitation").click()
    expect(window.locator("fieldset .error")).to_have_text("must name at least one venue for manager")
    window.get_by_label("Bella Vista Hotel").check()
    window.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("heading", name="Zoe Zeller", level=1)).to_be_visible()
    assert overflow(page) <= 0
    made = fake.user("zoe@quayside.example")
    assert (made["role"], made["venues"], made["state"]) == ("manager", [1], "invited")
    expect(page.get_by_role("region", name="Audit trail, table")).to_contain_text("Invite")


def test_a_window_keeps_the_focus_and_gives_it_back(opens: Opens) -> None:
    page = opens("#/users")
    page.get_by_role("button", name="Invite somebody").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Invite somebody")).to_be_focused()


def test_an_address_that_is_taken_is_told(opens: Opens) -> None:
    page = opens("#/users")
    page.get_by_role("button", name="Invite somebody").click()
    window = page.get_by_role("dialog")
    window.get_by_label("E-mail address").fill("ana@quayside.example")
    window.get_by_label("Name", exact=True).fill("Ana Again")
    window.get_by_label("Role").select_option("admin")
    window.get_by_role("button", name="Send the invitation").click()
    expect(window.get_by_role("alert")).to_contain_text("Another user has this address.")


def test_role_and_venues_are_changed(opens: Opens, fake: FakeApi) -> None:
    user = fake.user("vi@quayside.example")
    page = opens(f"#/users/{user['id']}")
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    page.get_by_label("Role").select_option("manager")
    page.get_by_label("Bella Vista Hotel").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Audit trail, table")).to_contain_text("Change role")
    assert (user["role"], user["venues"], user["version"]) == ("manager", [1, 2], 2)
    change = "Venues: Harbour Light Hotel Bella Vista Hotel, Harbour Light Hotel"
    expect(page.get_by_role("region", name="Audit trail, table")).to_contain_text(change)
    page.get_by_label("Role").select_option("analyst")
    expect(page.get_by_label("Bella Vista Hotel")).to_have_count(0)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Audit trail, table").locator("tbody tr")).to_have_count(2)
    assert (user["role"], user["venues"]) == ("analyst", None)


@pytest.mark.parametrize("mine", [True, False], ids=["mine", "theirs"])
def test_two_changes_at_once_are_shown_side_by_side_and_the_person_decides(
    opens: Opens, fake: FakeApi, mine: bool
) -> None:
    user = fake.user("vi@quayside.example")
    page = opens(f"#/users/{user['id']}")
    page.get_by_label("Name", exact=True).fill("Vivian")
    fake.change(user, "another", "change_role", role="manager")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody else changed this user meanwhile.")
    assert user["display_name"] == "Vi Viewer"
    page.get_by_role("button", name="Show what changed").click()
    window = page.get_by_role("dialog")
    expect(window.get_by_role("row").nth(1)).to_have_text("NameVi ViewerVi ViewerVivian")
    expect(window.get_by_role("row").nth(2)).to_have_text("RoleViewerManagerViewer")
    window.get_by_role("button", name="Save mine over it" if mine else "Take theirs").click()
    expect(window).to_have_count(0)
    expect(page.get_by_label("Role")).to_have_value("viewer" if mine else "manager")
    assert (user["display_name"], user["role"]) == (("Vivian", "viewer") if mine else ("Vi Viewer", "manager"))


def test_a_user_is_disabled_enabled_deleted_and_restored(opens: Opens, fake: FakeApi) -> None:
    user = fake.user("max@quayside.example")
    page = opens(f"#/users/{user['id']}")
    for name, state in (("Disable", "disabled"), ("Enable", "active"), ("Delete", "deleted"), ("Restore", "active")):
        page.get_by_role("button", name=name, exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert user["state"] == state
    expect(page.get_by_role("region", name="Audit trail, table").locator("tbody tr")).to_have_count(4)


def test_an_action_on_what_somebody_else_changed_is_not_done(opens: Opens, fake: FakeApi) -> None:
    user = fake.user("max@quayside.example")
    page = opens(f"#/users/{user['id']}")
    page.get_by_role("button", name="Delete", exact=True).click()
    fake.change(user, "another", "change_name", display_name="Maxim")
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Show the user as they are now").click()
    expect(page.get_by_role("heading", name="Maxim", level=1)).to_be_visible()
    assert user["state"] == "active"


def test_the_last_administrator_stays(opens: Opens, fake: FakeApi) -> None:
    user = fake.user("ada@quayside.example")
    page = opens(f"#/users/{user['id']}")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("last administrator")
    assert user["state"] == "active"


def test_an_invitation_is_sent_again(opens: Opens, fake: FakeApi) -> None:
    user = fake.user("nora@quayside.example")
    page = opens(f"#/users/{user['id']}")
    page.get_by_role("button", name="Send the invitation again").click()
    page.get_by_role("dialog").get_by_role("button", name="Send the invitation again").click()
    expect(page.get_by_role("region", name="Audit trail, table")).to_contain_text("Resend invitation")


def test_the_whole_audit_trail_is_filtered(opens: Opens, fake: FakeApi) -> None:
    user = fake.user("vi@quayside.example")
    fake.change(user, user["id"], "change_name", display_name="Vi V.")
    fake.change(user, user["id"], "disable", state="disabled")
    page = opens("#/audit")
    rows = page.get_by_role("region", name="Audit trail, table").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("Display name: Vi Viewer Vi V.")
    expect(rows.nth(1).get_by_role("link", name="Vi V.")).to_have_count(2)  # who did it, and to whom
    nobody = {
        **fake.audit[0],
        "actor": "reconciler",
        "actor_name": None,
        "action": "disable_stray",
        "subject_name": None,
    }
    fake.audit.append(nobody)
    page.reload()
    expect(rows.nth(2)).to_contain_text("Reconciler")
    expect(rows.nth(2).get_by_text(user["id"], exact=True)).to_be_visible()
    fake.audit.remove(nobody)
    page.get_by_label("Action").fill("disable")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(rows).to_have_count(1)


def test_the_own_profile_is_changed_and_numbers_follow(opens: Opens, fake: FakeApi) -> None:
    page = opens("#/profile")
    expect(page.get_by_text("For example $12,345.60.")).to_be_visible()
    page.get_by_label("Numbers and dates").select_option("en-GB")
    page.get_by_label("Name", exact=True).fill("Ada A.")
    page.get_by_role("region", name="Preferences").get_by_role("button", name="Save").click()
    expect(page.get_by_text("For example A$12,345.60.")).to_be_visible()
    expect(page.get_by_role("link", name="Ada A.")).to_be_visible()
    page.get_by_label("Current password").fill("quiet harbour 42")
    page.get_by_label("New password").fill("another boat 31")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()
    assert fake.cognito.accounts["ada@quayside.example"].password == "another boat 31"

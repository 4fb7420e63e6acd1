"""The way in and out, in a real browser, by SRP."""

import json

from playwright.sync_api import expect

from tests.browser.conftest import Opens, sign_in
from tests.browser.fake_api import PASSWORD, FakeApi


def test_the_password_is_proven_and_never_sent(opens: Opens, fake: FakeApi) -> None:
    page = opens(email=None)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    sign_in(page, "ada@quayside.example")
    expect(page.get_by_role("heading", name="Dashboards", level=1)).to_be_visible()
    assert len(sent) > 3
    assert not [body for body in sent if PASSWORD in body]


def test_a_wrong_password_and_an_unknown_address_look_the_same(opens: Opens) -> None:
    page = opens(email=None)
    seen = []
    for email, password in (("ada@quayside.example", "wrong horse 11"), ("nobody@quayside.example", PASSWORD)):
        sign_in(page, email, password)
        seen.append(page.get_by_role("alert").inner_text())
        page.reload()
    assert seen[0] == seen[1] == "The e-mail address or the password is not right"


def test_an_invited_user_chooses_a_password_first(opens: Opens, fake: FakeApi) -> None:
    page = opens(email=None)
    sign_in(page, "nora@quayside.example", "Once-only-1!")
    expect(page.get_by_role("heading", name="Choose your password")).to_be_focused()
    page.get_by_label("New password").fill("shortest")
    page.get_by_role("button", name="Set the password and sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("This password is too simple")
    page.get_by_label("New password").fill("calm water 77")
    page.get_by_role("button", name="Set the password and sign in").click()
    expect(page.get_by_role("heading", name="Dashboards", level=1)).to_be_visible()


def test_a_forgotten_password_is_reset_by_a_code(opens: Opens) -> None:
    page = opens(email=None)
    page.get_by_role("button", name="Forgotten password").click()
    page.get_by_label("E-mail address").fill("vi@quayside.example")
    page.get_by_role("button", name="Send the code").click()
    page.get_by_label("Code").fill("999999")
    page.get_by_label("New password").fill("another boat 31")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not the code that was sent")
    page.get_by_label("Code").fill("123456")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("Your password is set.")).to_be_visible()
    page.get_by_label("Password", exact=True).fill("another boat 31")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Dashboards", level=1)).to_be_visible()


def test_a_reload_keeps_the_session_and_the_page(opens: Opens, fake: FakeApi) -> None:
    page = opens("#/dashboards/products?range=last-month")
    expect(page.get_by_role("heading", name="Products", level=1)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Products", level=1)).to_be_visible()
    assert page.get_by_label("Dates", exact=True).input_value() == "last-month"


def test_no_token_is_in_the_address_or_in_local_storage(opens: Opens, fake: FakeApi) -> None:
    page = opens("#/users")
    expect(page.get_by_role("heading", name="Users", level=1)).to_be_visible()
    kept = json.dumps(page.evaluate("() => ({...localStorage})")) + page.url + page.evaluate("() => document.cookie")
    session = json.dumps(page.evaluate("() => ({...sessionStorage})"))
    assert not [token for token in [*fake.cognito.access, *fake.cognito.refresh] if token in kept]
    assert not [token for token in fake.cognito.access if token in session]
    assert not [request for request in fake.requests for token in fake.cognito.access if token in request]


def test_an_expired_token_is_renewed_and_the_call_repeated(opens: Opens, fake: FakeApi) -> None:
    page = opens()
    fake.cognito.access.clear()
    page.locator('a[href="#/data-health"]').click()
    expect(page.get_by_role("heading", name="Landing")).to_be_visible()
    assert len(fake.cognito.access) == 1


def test_a_token_is_renewed_before_it_expires(opens: Opens, fake: FakeApi) -> None:
    fake.cognito.expires_in = 2
    page = opens()
    with page.expect_response(lambda answer: "REFRESH_TOKEN_AUTH" in (answer.request.post_data or "")) as renewed:
        expect(page.get_by_role("heading", name="Dashboards", level=1)).to_be_visible()
    assert renewed.value.ok
    assert len(fake.cognito.access) > 1


def test_a_session_that_is_revoked_ends_with_words(opens: Opens, fake: FakeApi) -> None:
    page = opens()
    fake.cognito.access.clear()
    fake.cognito.refresh.clear()
    page.locator('a[href="#/data-health"]').click()
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    assert page.evaluate("() => sessionStorage.length") == 0


def test_signing_out_forgets_and_revokes_and_reaches_the_other_tabs(opens: Opens, fake: FakeApi) -> None:
    page = opens()
    with page.context.expect_page() as another:
        page.evaluate("() => window.open(location.href)")
    expect(
        another.value.get_by_role("heading", name="Dashboards", level=1)
    ).to_be_visible()  # a copy of this tab's session
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(another.value.get_by_text("You signed out in another tab.")).to_be_visible()
    assert fake.cognito.refresh == {}
    assert page.evaluate("() => sessionStorage.length") == 0


def test_a_user_disabled_in_mid_session_is_told(opens: Opens, fake: FakeApi) -> None:
    page = opens(email="ana@quayside.example")
    fake.user("ana@quayside.example")["state"] = "disabled"
    page.locator('a[href="#/data-health"]').click()
    expect(page.get_by_role("alert")).to_contain_text("Your account does not allow this")

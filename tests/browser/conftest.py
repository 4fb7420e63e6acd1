"""A real Chromium, the built web app, and a fake API behind it."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.build import built
from tests.browser.fake_api import PASSWORD, FakeApi, serve

WIDE, PHONE = {"width": 1360, "height": 900}, {"width": 360, "height": 740}
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-features=LocalNetworkAccessChecks",  # what a test answers itself, in the app's place, has no address
]  # fmt: skip
Opens = Callable[..., Page]


def find_chromium() -> str | None:
    """Return the machine's own Chromium, if it has one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium; for one file, as Playwright keeps an event loop running, which others' tests want."""
    executable = find_chromium()
    if executable is None:
        pytest.skip("there is no Chromium: apt-get install chromium to test the web app in a browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def fake(chromium: Browser) -> Iterator[FakeApi]:
    """The built app and a fresh fake API."""
    with serve(built(), FakeApi.fresh()) as running:
        yield running


@pytest.fixture
def opens(chromium: Browser, fake: FakeApi) -> Iterator[Opens]:
    """Open the app at a route, signed in as an address or as nobody.

    Afterwards no page may have thrown an error, logged one, or broken the content security policy.
    """
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def opened(route: str = "", email: str | None = "ada@quayside.example", size: Any = None, **options: Any) -> Page:
        context = chromium.new_context(viewport=size or WIDE, locale="en-AU", timezone_id="Australia/Sydney", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: _note(message, faults))
        page.goto(f"{fake.site}/{route}")
        if email:
            sign_in(page, email)
            expect(page.locator("nav.places")).to_be_attached()  # on a phone, not visible
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """Fill in the form and send it."""
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def drawn(page: Page) -> None:
    """Wait until the page shows its data and every chart is drawn."""
    expect(page.get_by_text("Computed")).to_be_visible()
    for chart in page.locator(".chart").all():
        expect(chart).to_have_attribute("data-ready", "true")


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def _note(message: Any, faults: list[str]) -> None:
    refused = "Failed to load resource" in message.text  # a test's own 4xx or 5xx
    if message.type in ("error", "warning") and not refused:
        faults.append(message.text)

"""The web app before the real thing: the local AWS's Cognito and API Gateway, our Lambdas, a lake and a warehouse."""

import json
import mimetypes
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from local import web_server
from quayside.serving.dashboards import load_dashboards
from tests.apis.conftest import api as api
from tests.apis.test_dashboards import RANGE
from tests.apis.test_dashboards import open_ as open_  # the company's lake and warehouse
from tests.browser.build import built
from tests.browser.conftest import PHONE, WIDE, drawn, overflow, sign_in
from tests.support.api import Api
from tests.support.platform import WEB_ORIGIN

QUERY = "&".join(f"{name}={value}" for name, value in RANGE.items())
SLOW = 30_000  # milliseconds: Lambdas start


@pytest.fixture(scope="module", params=[WIDE, PHONE], ids=["desktop", "phone"])
def page(request: pytest.FixtureRequest, api: Api, open_: object, chromium: Browser) -> Iterator[Page]:
    """The app at its own origin, with the headers that CloudFront gives, signed in as an administrator."""
    build, config = built(), api.outputs["web_config"]
    services = " ".join(
        sorted({"/".join(json.loads(config)[name].split("/")[:3]) for name in ("api_url", "cognito_endpoint")})
    )
    headers = web_server.headers(services)

    def answer(route: Route) -> None:
        path = web_server.find(build, Path("config.json"), route.request.url.removeprefix(WEB_ORIGIN))
        body = config if path == Path("config.json") else path.read_bytes() if path else ""
        kind = "application/json" if path == Path("config.json") else mimetypes.guess_type(str(path))[0]
        route.fulfill(status=200 if path else 404, body=body, headers={**headers, "Content-Type": kind or "text/plain"})

    context = chromium.new_context(viewport=request.param, locale="en-AU", timezone_id="Australia/Sydney")
    context.set_default_timeout(SLOW)
    context.route(f"{WEB_ORIGIN}/**", answer)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console", lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None
    )
    page.goto(f"{WEB_ORIGIN}/")
    sign_in(page, api.people["admin"].email, api.people["admin"].password)
    expect(page.get_by_role("heading", name="Dashboards", level=1)).to_be_visible(timeout=SLOW)
    yield page
    context.close()
    assert faults == []


def test_every_dashboard_shows_what_the_api_answers(page: Page) -> None:
    for name, dashboard in load_dashboards().items():
        page.goto(f"{WEB_ORIGIN}/#/dashboards/{name}?{QUERY}&compare=previous_period")
        expect(page.get_by_role("heading", name=dashboard.title, level=1)).to_be_visible()
        expect(page.get_by_text("Computed")).to_be_visible(timeout=2 * SLOW)
        drawn(page)
        assert page.locator(".panel").count() == len(dashboard.panels)
        assert page.locator(".chart, .tiles, table").count() > 0, name
        assert page.get_by_text("SQL (").count() >= len(dashboard.panels)
        assert overflow(page) <= 0, f"{name} is wider than the window"


def test_a_file_is_downloaded(page: Page) -> None:
    page.goto(f"{WEB_ORIGIN}/#/dashboards/sales_against_wages?{QUERY}")
    expect(page.get_by_text("Computed")).to_be_visible(timeout=2 * SLOW)
    with page.expect_download(timeout=2 * SLOW) as download:
        page.get_by_role("button", name="Download Sales and wages as CSV").click()
    assert "sales" in Path(download.value.path()).read_text(encoding="utf-8").lower()
    page.goto(f"{WEB_ORIGIN}/#/dashboards/members?{QUERY}")
    expect(page.get_by_role("heading", name="Members", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Download Members' spend as CSV")).to_be_visible(timeout=2 * SLOW)
    offered = page.get_by_role("button", name="as Parquet").all()
    assert offered
    for button in offered:
        with page.expect_download(timeout=2 * SLOW) as download:
            button.click()
        assert Path(download.value.path()).read_bytes().startswith(b"PAR1")


def test_data_health_is_shown(page: Page) -> None:
    page.goto(f"{WEB_ORIGIN}/#/data-health")
    expect(page.get_by_role("region", name="Curated, table").locator("tbody tr").first).to_be_visible(timeout=SLOW)
    assert overflow(page) <= 0


def test_a_user_is_invited_changed_deleted_and_restored(page: Page, request: pytest.FixtureRequest) -> None:
    size = re.sub(r"\W", "", request.node.callspec.id)
    page.goto(f"{WEB_ORIGIN}/#/users")
    expect(page.get_by_role("region", name="Users, table").locator("tbody tr").first).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Invite somebody").click()
    window = page.get_by_role("dialog")
    window.get_by_label("E-mail address").fill(f"zoe-{size}@quayside.example")
    window.get_by_label("Name", exact=True).fill(f"Zoe {size}")
    window.get_by_label("Role").select_option("manager")
    window.get_by_role("button", name="Send the invitation").click()
    expect(window.locator("fieldset .error")).to_contain_text("at least one venue", timeout=SLOW)
    window.get_by_label("Bella Vista Hotel").check()
    window.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("heading", name=f"Zoe {size}", level=1)).to_be_visible(timeout=SLOW)
    trail = page.get_by_role("region", name="Audit trail, table").locator("tbody tr")
    expect(trail).to_have_count(1, timeout=SLOW)
    page.get_by_label("Role").select_option("viewer")
    page.get_by_role("button", name="Save").click()
    expect(trail).to_have_count(2, timeout=SLOW)
    for number, name in enumerate(("Disable", "Enable", "Delete", "Restore"), start=3):
        page.get_by_role("button", name=name, exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()
        expect(trail).to_have_count(number, timeout=SLOW)


def test_the_own_profile_is_changed(page: Page) -> None:
    page.goto(f"{WEB_ORIGIN}/#/profile")
    page.get_by_label("Numbers and dates").select_option("en-GB")
    page.get_by_role("region", name="Preferences").get_by_role("button", name="Save").click()
    expect(page.get_by_text("For example A$12,345.60.")).to_be_visible(timeout=SLOW)
    page.get_by_label("Numbers and dates").select_option("en-AU")
    page.get_by_role("region", name="Preferences").get_by_role("button", name="Save").click()
    expect(page.get_by_text("For example $12,345.60.")).to_be_visible(timeout=SLOW)


def test_signing_out_ends_the_session_for_good(page: Page) -> None:
    page.reload()
    expect(page.locator("nav.places")).to_be_attached(timeout=SLOW)  # by the refresh token
    kept = page.evaluate("() => sessionStorage.getItem('quayside.refresh')")
    page.evaluate("() => document.querySelector('.whoami button').click()")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.evaluate("token => sessionStorage.setItem('quayside.refresh', token)", kept)
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=SLOW)

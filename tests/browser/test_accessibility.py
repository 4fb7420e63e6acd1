"""axe-core finds nothing serious on any page, in light and dark, on a desktop and on a phone."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import fake_data
from tests.browser.build import installed
from tests.browser.conftest import PHONE, WIDE, Opens, drawn
from tests.browser.fake_api import FakeApi

OTHER = {"light": "dark", "dark": "light"}


def serious(page: Page, theme: str) -> list[dict[str, Any]]:
    """Return what axe-core finds that keeps people out; where the theme is the other one, of its contrasts."""
    page.evaluate((installed() / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run({resultTypes: ['violations']}).then(({violations}) => violations)")
    page.emulate_media(color_scheme=OTHER[theme])
    found += page.evaluate("() => axe.run({runOnly: ['color-contrast']}).then(({violations}) => violations)")
    page.emulate_media(color_scheme=theme)
    return [
        {"rule": one["id"], "help": one["help"], "where": [node["html"][:160] for node in one["nodes"]][:3]}
        for one in found
        if one["impact"] in ("serious", "critical", "moderate")
    ]


@pytest.mark.parametrize(("size", "theme"), [(WIDE, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_no_page_has_a_serious_fault(opens: Opens, fake: FakeApi, size: dict[str, int], theme: str) -> None:
    page = opens(email=None, size=size, color_scheme=theme)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    faults = {"sign-in": serious(page, theme)}
    page.get_by_role("button", name="Forgotten password").click()
    faults["forgotten"] = serious(page, theme)
    page.context.close()

    user = fake.user("vi@quayside.example")
    fake.change(user, user["id"], "change_name", display_name="Vi V.")
    page = opens(size=size, color_scheme=theme)
    routes = [f"dashboards/{one[0]}?compare=previous_period" for one in fake_data.DASHBOARDS]
    routes = ["", *routes, "data-health", "users", f"users/{user['id']}", "audit", "profile", "nowhere"]
    for route in routes:
        page.goto(f"{page.url.split('#')[0]}#/{route}")
        if route.startswith("dashboards"):
            drawn(page)
            for button in page.get_by_role("button", name="Table", exact=True).all()[:1]:
                button.click()
        expect(page.locator(".skeleton")).to_have_count(0)
        faults[route] = serious(page, theme)
    page.goto(f"{page.url.split('#')[0]}#/users")
    page.get_by_role("button", name="Invite somebody").click()
    faults["invite"] = serious(page, theme)
    assert {route: found for route, found in faults.items() if found} == {}, json.dumps(faults, indent=1)

"""Dashboards in a real browser: what is asked, what is shown, and what happens when it is slow, empty or refused."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import fake_data
from tests.browser.conftest import PHONE, WIDE, Opens, drawn, overflow
from tests.browser.fake_api import FakeApi

NAMES = [one[0] for one in fake_data.DASHBOARDS]


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desktop", "phone"])
def test_every_dashboard_shows_its_panels(opens: Opens, size: dict[str, int]) -> None:
    page = opens(size=size)
    for name, title, _, _ in fake_data.DASHBOARDS:
        page.goto(f"{page.url.split('#')[0]}#/dashboards/{name}?compare=previous_period")
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        drawn(page)
        assert page.locator(".panel").count() == len(fake_data.PANELS[name]), name
        assert overflow(page) <= 0, f"{name} is wider than the window"


def test_the_address_holds_the_choice_and_the_api_is_asked_for_it(opens: Opens, fake: FakeApi) -> None:
    page = opens("#/dashboards/sales_against_wages")
    drawn(page)
    page.get_by_label("Dates", exact=True).select_option("custom")
    page.get_by_label("From", exact=True).fill("2026-05-01")
    page.get_by_label("To", exact=True).fill("2026-05-17")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_label("Venue", exact=True).select_option("2")
    page.get_by_label("By", exact=True).select_option("week")
    page.get_by_label("Compare with").select_option("previous_year")
    expect(page.locator(".meaning strong")).to_have_text("1–17 May 2026")
    expect(page).to_have_url(
        re.compile(
            r"#/dashboards/sales_against_wages\?since=2026-05-01&until=2026-05-17&venue=2&grain=week&compare=previous_year$"
        )
    )
    asked = [one for one in fake.requests if one.startswith("GET /dashboards/sales_against_wages?")][-1]
    assert asked.endswith("?since=2026-05-01&until=2026-05-17&venue=2&grain=week&compare=previous_year")

    shared = page.url
    page.reload()
    drawn(page)
    assert page.url == shared
    expect(page.get_by_text("Harbour Light Hotel").last).to_be_visible()


def test_a_range_that_ends_before_it_begins_is_not_asked(opens: Opens, fake: FakeApi) -> None:
    page = opens("#/dashboards/products")
    drawn(page)
    page.get_by_label("Dates", exact=True).select_option("custom")
    page.get_by_label("From", exact=True).fill("2026-05-17")
    page.get_by_label("To", exact=True).fill("2026-05-01")
    count = len(fake.requests)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("The first day is after the last.")).to_be_visible()
    assert len(fake.requests) == count


def test_only_what_a_dashboard_heeds_is_offered(opens: Opens) -> None:
    page = opens("#/dashboards/totesys_sales")
    drawn(page)
    expect(page.get_by_label("Compare with")).to_be_visible()
    expect(page.get_by_label("Venue", exact=True)).to_have_count(0)


def test_every_chart_has_its_numbers_as_a_table(opens: Opens) -> None:
    page = opens("#/dashboards/sales_against_wages?compare=previous_period")
    drawn(page)
    panel = page.get_by_role("region", name="Sales and wages")
    expect(panel.get_by_role("img").first).to_have_attribute("aria-label", re.compile("highest"))
    panel.get_by_role("button", name="Table", exact=True).click()
    expect(panel.get_by_role("columnheader")).to_have_text(
        ["Business date", "Sales", "Sales, before", "Sales, change", "Wages", "Wages, before", "Wages, change",
         "Wage percentage", "Wage percentage, before", "Wage percentage, change"]
    )  # fmt: skip
    panel.get_by_role("button", name="Sales", exact=True).click()
    header = panel.get_by_role("columnheader", name="Sales", exact=False).first
    expect(header).to_have_attribute("aria-sort", "descending")
    shown = [float(re.sub(r"[^\d.]", "", text)) for text in panel.locator("tbody td:nth-child(2)").all_inner_texts()]
    assert shown == sorted(shown, reverse=True)


def test_whoever_points_at_a_chart_is_told_its_numbers(opens: Opens) -> None:
    page = opens("#/dashboards/gaming_floor?compare=previous_period")  # tooltips are HTML, which the policy watches
    drawn(page)
    charts = page.locator(".chart")
    for number in range(charts.count()):
        charts.nth(number).hover()
        expect(charts.nth(number).locator(".chart-tip")).to_contain_text("$")
    assert charts.count() == 2


def test_a_comparison_says_with_which_days(opens: Opens) -> None:
    page = opens("#/dashboards/sales_against_wages?compare=previous_period")
    drawn(page)
    panel = page.get_by_role("region", name="Sales and wages")
    expect(page.locator(".meaning")).to_contain_text("against 27 Sept – 24 Oct 2026")
    expect(panel.get_by_text("dashed: 27 Sept – 24 Oct 2026")).to_be_visible()
    panel.locator(".chart").first.hover()
    expect(panel.locator(".chart-tip").first).to_contain_text(re.compile(r"Sales, \w{3}, \d+ (Sept|Oct) 2026"))
    expect(page.get_by_role("region", name="By venue").get_by_text("pale: 27 Sept – 24 Oct 2026")).to_be_visible()


def test_a_comparison_with_nothing_says_so(opens: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    full = fake_data.result

    def alone(*given, **named):
        found = full(*given, **named)
        for panel in found["panels"]:
            panel["comparison_rows"] = [[None] * len(row) for row in panel["rows"]]
        return found

    monkeypatch.setattr(fake_data, "result", alone)
    page = opens("#/dashboards/products?compare=previous_year")
    expect(page.locator(".meaning")).to_contain_text(", of which nothing was recorded")


def test_amounts_of_each_currency_have_a_chart_of_their_own(opens: Opens) -> None:
    page = opens("#/dashboards/totesys_purchases")
    drawn(page)
    panel = page.get_by_role("region", name="Paid and due")
    expect(panel.locator("figcaption")).to_have_count(3)
    assert set(panel.locator("figcaption").all_inner_texts()) == {"GBP", "USD", "EUR"}
    expect(panel.get_by_role("img", name="Chart: Paid and due, USD.")).to_be_visible()
    panel.get_by_role("button", name="Due", exact=True).click()  # in all three
    expect(panel.get_by_role("button", name="Due", exact=True)).to_have_attribute("aria-pressed", "false")


def test_whose_days_are_shown_and_which_are_not_whole_is_told(opens: Opens) -> None:
    page = opens("#/dashboards/totesys_sales?since=2026-10-02&until=2026-10-31")
    expect(page.locator(".meaning")).to_contain_text("days in UTC · Only part of this month.")
    page.goto(page.url.split("#")[0] + "#/dashboards/products?since=2026-11-02&until=2026-11-17")
    expect(page.locator(".meaning")).to_contain_text("06:00, Australia/Sydney time · Only part of the last week.")


def test_late_data_and_a_closed_gate_are_told(opens: Opens) -> None:
    page = opens("#/dashboards/gaming_floor")
    drawn(page)
    expect(page.get_by_text("Late data")).to_be_visible()
    expect(page.get_by_text("Held at the quality gate")).to_be_visible()
    page.get_by_text("Late data").click()
    expect(page.get_by_text("New data of aristocrat.reading did not pass its checks")).to_be_visible()


@pytest.mark.parametrize(
    ("email", "count"), [("ana@quayside.example", 4), ("max@quayside.example", 0)], ids=["analyst", "manager"]
)
def test_sql_is_shown_to_those_who_may_see_it(opens: Opens, email: str, count: int) -> None:
    page = opens("#/dashboards/sales_against_wages", email)
    drawn(page)
    expect(page.get_by_text("SQL (Athena)")).to_have_count(count)


def test_a_manager_sees_the_own_venue_alone(opens: Opens) -> None:
    page = opens("#/dashboards/sales_against_wages", "max@quayside.example")
    drawn(page)
    expect(page.get_by_label("Venue", exact=True)).to_have_count(0)
    expect(page.locator(".meaning")).to_contain_text("Bella Vista Hotel")
    expect(page.get_by_text("Harbour Light Hotel")).to_have_count(0)
    expect(page.get_by_role("link", name="Users")).to_have_count(0)
    page.goto(page.url.split("#")[0] + "#/users")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()


def test_a_slow_query_is_waited_for_and_can_be_stopped(opens: Opens, fake: FakeApi) -> None:
    fake.slow = 2
    page = opens("#/dashboards/products")
    expect(page.get_by_role("progressbar", name="The query is running")).to_be_visible()
    drawn(page)
    fake.slow = 1000
    page.get_by_label("Dates", exact=True).select_option("12m")
    expect(page.locator(".meaning")).to_contain_text("Loading; still shown is 25 Oct – 21 Nov 2026")
    page.get_by_role("button", name="Stop waiting").click()
    expect(page.locator(".meaning")).not_to_contain_text("Loading")
    expect(page.get_by_role("progressbar", name="The query is running")).to_have_count(0)


def test_what_went_wrong_is_told_with_the_requests_id_and_can_be_tried_again(opens: Opens, fake: FakeApi) -> None:
    fake.broken.add("/dashboards/members")
    page = opens("#/dashboards/members")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Internal Server Error")
    expect(alert.locator("code")).to_have_text(re.compile(r"^[0-9a-f]{8}-[0-9a-f-]{27}$"))
    fake.broken.clear()
    alert.get_by_role("button", name="Try again").click()
    drawn(page)


def test_a_dashboard_without_data_says_so(opens: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    full = fake_data.result

    def empty(*given, **named):
        found = full(*given, **named)
        return found | {"panels": [one | {"rows": []} for one in found["panels"]]}

    monkeypatch.setattr(fake_data, "result", empty)
    page = opens("#/dashboards/products")
    expect(page.get_by_text("Nothing was recorded in these days.")).to_have_count(3)
    expect(page.get_by_role("button", name="as CSV")).to_have_count(3)
    expect(page.get_by_role("button", name="as Parquet")).to_have_count(0)  # Athena writes no file without a row


@pytest.mark.parametrize("label", ["CSV", "Parquet"])
def test_a_panel_is_downloaded_by_its_signed_link(opens: Opens, fake: FakeApi, label: str) -> None:
    page = opens("#/dashboards/products?range=7d&venue=1")
    drawn(page)
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Download All products as {label}").click()
    assert download.value.suggested_filename == f"panel.{label.lower()}"
    asked = next(one for one in fake.requests if "/download?" in one)
    assert "/dashboards/products/panels/rows/download?since=" in asked
    assert asked.endswith(f"&venue=1&format={label.lower()}")


def test_parquet_is_not_offered_of_what_only_the_warehouse_knows(opens: Opens) -> None:
    page = opens("#/dashboards/members")
    drawn(page)
    for title, count in (("Members", 1), ("Members by name", 0)):
        expect(page.get_by_role("button", name=f"Download {title} as Parquet", exact=True)).to_have_count(count)
        expect(page.get_by_role("button", name=f"Download {title} as CSV", exact=True)).to_have_count(1)


def test_the_menu_of_a_phone_is_used_by_keyboard(opens: Opens) -> None:
    page = opens("#/dashboards/products", size=PHONE)
    drawn(page)
    menu = page.get_by_role("button", name="Menu")
    menu.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Overview")).to_be_focused()
    expect(page.locator("main")).to_have_attribute("inert", "")  # nothing behind it can be reached
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    expect(page.get_by_role("link", name="Overview")).to_be_hidden()
    menu.press("Enter")
    page.get_by_role("link", name="Products").press("Enter")  # the page that is shown already
    expect(page.get_by_role("link", name="Products")).to_be_hidden()
    menu.press("Enter")
    page.get_by_role("link", name="Members").press("Enter")
    expect(page.get_by_role("heading", name="Members", level=1)).to_be_focused()


def test_the_focus_follows_the_page_and_the_keyboard_reaches_the_content(opens: Opens) -> None:
    page = opens()
    page.get_by_role("link", name="Products").first.press("Enter")
    expect(page.get_by_role("heading", name="Products", level=1)).to_be_focused()
    expect(page).to_have_title("Products · Quayside")
    page.reload()
    expect(page.get_by_role("heading", name="Products", level=1)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Products", level=1)).to_be_focused()


def test_a_series_can_be_put_aside(opens: Opens) -> None:
    page = opens("#/dashboards/sales_against_wages")
    drawn(page)
    button = page.get_by_role("region", name="Sales and wages").get_by_role("button", name="Wages", exact=True)
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_the_theme_is_the_systems_until_one_is_chosen(opens: Opens, fake: FakeApi) -> None:
    page = opens("#/profile", color_scheme="dark")
    ground = "() => getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_label("Colours").select_option("light")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert page.evaluate(ground) != dark
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert next(iter(fake.profiles.values()))["theme"] == "light"

"""Data health in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, WIDE, Opens, overflow
from tests.browser.fake_api import FakeApi


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desktop", "phone"])
def test_each_dataset_shows_what_it_promised_and_links_to_its_run(
    opens: Opens, fake: FakeApi, size: dict[str, int]
) -> None:
    page = opens("#/data-health", "ana@quayside.example", size=size)
    row = page.get_by_role("row").filter(has_text="aristocrat.reading")
    expect(row).to_contain_text("late 3 h 10 min of 1 h")
    expect(row).to_contain_text("blocked")
    expect(row).to_contain_text("41")
    link = row.get_by_role("link", name="aristocrat")
    assert (link.get_attribute("href") or "").startswith(f"{fake.site}/airflow/dags/aristocrat/runs/")
    assert link.get_attribute("rel") == "noopener noreferrer"
    expect(page.get_by_role("link", name="Open Airflow")).to_have_attribute("href", "http://127.0.0.1:8080")
    expect(page.get_by_role("row").filter(has_text="warehouse.fact_payment")).to_contain_text("different")
    assert overflow(page) <= 0
    frame = page.get_by_role("region", name="Landing, table")
    room = "frame => frame.scrollWidth <= frame.clientWidth"
    assert size is PHONE or frame.evaluate(room), "on a desktop, nothing is to be scrolled to"


def test_those_who_may_not_see_it_find_no_way_there(opens: Opens, fake: FakeApi) -> None:
    page = opens("#/data-health", "vi@quayside.example")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    expect(page.get_by_role("heading", name="Operations")).to_have_count(0)
    assert not [one for one in fake.requests if "data-health" in one]

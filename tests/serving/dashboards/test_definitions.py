"""What dashboards are made of: a mistake is told with file and line, and a package holds the same as the files."""

from pathlib import Path

import pytest

from quayside.errors import Terminal
from quayside.serving.dashboards import dashboard, load_dashboards
from quayside.serving.dashboards.reading import check, read_dashboard

GOOD = """\
title: Wages
description: What the work cost.
order: 9
engine: athena
roles: [admin, manager]
range: {days: 7}
grains: [day]
filters: [venue]
panels:
  - name: wages
    title: Wages
    chart: line
    metrics: [wages]
    group_by: [time]
    where: {department: [Bar]}
    order_by: [-wages]
    limit: 5
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "wages.yaml"
    path.write_text(text)
    return path


def test_every_panel_can_be_asked_at_every_grain():
    check()
    assert list(load_dashboards()) == [
        "trading_today",
        "sales_against_wages",
        "roster_against_timesheets",
        "gaming_floor",
        "products",
        "members",
        "totesys_sales",
        "totesys_purchases_and_payments",
    ]


def test_what_a_package_holds_are_the_same_dashboards(tmp_path, monkeypatch):
    packed = tmp_path / "dashboards.json"
    packed.write_text(dashboard.pack())
    monkeypatch.setattr(dashboard, "PACKED", packed)
    assert load_dashboards.__wrapped__() == load_dashboards()


def test_a_file_is_read_as_it_says(tmp_path):
    read = read_dashboard(written(tmp_path, GOOD))
    assert (read.name, read.days, read.ends, read.by_venue) == ("wages", 7, 0, True)
    assert read.filters == ("since", "until", "venue", "grain", "compare")
    assert (read.panels[0].limit, read.panels[0].order_by) == (5, ("-wages",))


@pytest.mark.parametrize(
    ("good", "bad", "says"),
    [
        ("metrics: [wages]", "metrics: [wagse]", "wages.yaml:13: wagse is not known"),
        ("metrics: [wages]", "metrics: [order_value]", "wages.yaml:15: department is not known"),
        ("group_by: [time]", "group_by: [product]", "wages.yaml:14: product is not known"),
        ("chart: line", "chart: pie", "wages.yaml:12: pie is not known"),
        ("where: {department: [Bar]}", "where: {product: [Ale]}", "wages.yaml:15: product is not known"),
        ("order_by: [-wages]", "order_by: [sales]", "wages.yaml:16: sales is not known"),
        ("limit: 5", "limit: 5000", "wages.yaml:17: here belongs a number from 1 to 1000"),
        ("limit: 5", "limits: 5", "wages.yaml:17: limits is not known"),
        ("engine: athena", "engine: duckdb", "wages.yaml:4: duckdb is not known"),
        ("roles: [admin, manager]", "roles: [root]", "wages.yaml:5: root is not known"),
        ("range: {days: 7}", "range: {days: many}", "wages.yaml:6: here belongs a whole number"),
        ("grains: [day]", "grains: [fortnight]", "wages.yaml:7: fortnight is not known"),
        ("title: Wages\ndesc", "desc", "wages.yaml:1: title is missing"),
        ("panels:", "panels: [", "wages.yaml:"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path, good, bad, says):
    assert good in GOOD
    with pytest.raises(Terminal, match=f"include/metrics/dashboards/{says}"):
        read_dashboard(written(tmp_path, GOOD.replace(good, bad, 1)))


def test_a_name_stands_for_one_panel(tmp_path):
    twice = GOOD + "  - {name: wages, title: Again, chart: number, metrics: [wages]}\n"
    with pytest.raises(Terminal, match="two panels are called wages"):
        read_dashboard(written(tmp_path, twice))

"""What dashboards answer: the same numbers as the named questions, of the caller's rows only, and names masked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from quayside.errors import Retryable, Terminal
from quayside.questions import ask_athena, load_question
from quayside.serving.access import NAMES, ROLES, Access, Forbidden
from quayside.serving.answers import Answers, NotYet, TooMuch, postgres
from quayside.serving.dashboards import Request, UnknownDashboard, find, load_dashboards, visible
from quayside.serving.dashboards.result import aligned, ask_for, result
from quayside.serving.health import Health
from quayside.serving.metrics import Column, Compiled
from quayside.settings import Settings
from quayside.warehouse.access import MASK
from tests.serving.dashboards.conftest import NOW, SINCE, UNTIL, Company

EVERYONE = {
    "admin": Access(role="admin", venues=None),
    "analyst": Access(role="analyst", venues=None),
    "manager": Access(role="manager", venues=frozenset({1})),
    "viewer": Access(role="viewer", venues=frozenset({1})),
}
ADMIN = EVERYONE["admin"]
RANGE = {"since": [SINCE.isoformat()], "until": [UNTIL.isoformat()]}


def show(
    company: Company, name: str, access: Access = ADMIN, answers: Answers | None = None, **given: Sequence[str]
) -> dict[str, Any]:
    """Return a dashboard's answer over the hotels' ten days, if nothing else is asked for."""
    dashboard = find(name, access)
    request = Request.read(dashboard, {**RANGE, **given}, access, now=NOW)
    health = Health(company.settings.ledger_table)
    shown = result(dashboard, request, access, answers or company.answers(), health, wait=25)
    assert shown is not None
    return shown


def panel(shown: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return a panel's rows by the names of their columns."""
    [found] = [each for each in shown["panels"] if each["name"] == name]
    names = [column["name"] for column in found["columns"]]
    return [dict(zip(names, row, strict=True)) for row in found["rows"]]


def question(company: Company, name: str, **values: object) -> list[dict[str, Any]]:
    """Return a named question's answer, as JSON has it."""
    rows = ask_athena(load_question(name), {"venue_id": 1, **values}, company.settings).to_pylist()
    return [{column: plain(value) for column, value in row.items()} for row in rows]


def plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value


def test_trading_today_is_what_the_tills_took_by_hour(company):
    day = {"since": ["2026-04-04"], "until": ["2026-04-04"], "venue": ["1"]}
    shown = panel(show(company, "trading_today", **day), "by_hour")
    asked = question(company, "sales_by_hour", since="2026-04-04", until="2026-04-04")
    found = {datetime.fromisoformat(row["metric_time__hour"]).hour: row["sales"] for row in shown}
    assert len(shown) == 24
    assert shown[0]["metric_time__hour"] == "2026-04-04T06:00:00"
    assert {hour: sales for hour, sales in found.items() if sales != "0.00"} == {
        row["hour"]: row["sales"] for row in asked
    }


def test_sales_against_wages_are_those_of_every_day(company):
    shown = panel(show(company, "sales_against_wages", venue=["1"]), "sales_and_wages")
    asked = question(company, "sales_against_wages", since=SINCE, until=UNTIL)
    assert [tuple(row.values()) for row in shown] == [tuple(row.values()) for row in asked]
    percentage = panel(show(company, "sales_against_wages", venue=["1"]), "percentage")
    asked = question(company, "wage_percentage", since=SINCE, until=UNTIL)
    assert [row["wage_percentage"] for row in percentage] == [row["percentage"] for row in asked]


def test_roster_against_timesheets_is_what_the_work_was_to_cost_and_did(company):
    shown = show(company, "roster_against_timesheets", venue=["1"])
    [asked] = question(company, "wages_against_roster", since=SINCE, until=UNTIL)
    [totals] = panel(shown, "totals")
    assert list(totals.values()) == list(asked.values())
    asked = question(company, "hours_against_roster", since=SINCE, until=UNTIL)
    assert [(row["worked_hours"], row["rostered_hours"]) for row in panel(shown, "hours")] == [
        (row["worked_hours"], row["rostered_hours"]) for row in asked
    ]
    unfilled = question(company, "unfilled_shifts", since=SINCE, until=UNTIL)
    assert sum(row["unfilled_shifts"] for row in panel(shown, "unfilled")) == len(unfilled) > 0


def test_the_gaming_floor_is_what_the_machines_kept(company):
    shown = panel(show(company, "gaming_floor", venue=["1"]), "hold")
    asked = question(company, "gaming_hold", since=SINCE, until=UNTIL)
    assert [(row["gaming_turnover"], row["gaming_wins"], row["gaming_hold"]) for row in shown] == [
        (row["turnover"], row["wins"], row["hold"]) for row in asked
    ]


def test_products_are_the_top_ten(company):
    shown = panel(show(company, "products", venue=["1"]), "top_beverages")
    asked = question(company, "top_beverages", since=SINCE, until=UNTIL)
    assert len(shown) == 10
    assert [(row["product"], row["product_name"], row["quantity_sold"], row["sales"]) for row in shown] == [
        tuple(row.values()) for row in asked
    ]


def test_members_are_those_who_spent_most(company):
    shown = panel(show(company, "members", venue=["1"]), "top")
    asked = question(company, "member_spend", since=SINCE, until=UNTIL)[:50]
    assert len(asked) > 5
    assert [
        (row["member"], row["member_transactions"], row["member_spend"], row["points_earned"], row["points_redeemed"])
        for row in shown
    ] == [tuple(row.values()) for row in asked]


def test_totesys_is_what_stands_in_the_stars(company):
    [totals] = panel(show(company, "totesys_sales"), "totals")
    [(value, orders)] = company.query(
        "select sum(units_sold * unit_price), count(*) from warehouse.current_sales_order"
    )
    assert (totals["order_value"], totals["orders"], totals["currency"]) == (str(value), orders, "GBP")
    assert orders == 5
    [totals] = panel(show(company, "totesys_purchases_and_payments"), "totals")
    [(made, outstanding)] = company.query(
        "select sum(payment_amount) filter (where paid), sum(payment_amount) filter (where not paid) "
        "from warehouse.current_payment"
    )
    assert (totals["payments_made"], totals["outstanding_payments"]) == (str(made), str(outstanding))


@pytest.mark.parametrize("name", load_dashboards())
def test_every_dashboard_answers_at_every_grain_and_compared(company, name):
    dashboard = load_dashboards()[name]
    for grain in dashboard.grains[1:]:
        shown = show(company, name, grain=[grain])
        assert shown["grain"] == grain
        assert any(each["rows"] for each in shown["panels"])
    compared = show(company, name, compare=["previous_period"])
    assert [each["name"] for each in compared["panels"]] == [each.name for each in dashboard.panels]
    for each in compared["panels"]:
        assert len(each["comparison_rows"]) == len(each["rows"])
        assert all(len(row) == len(each["columns"]) for row in each["comparison_rows"])
    assert {each["dataset"] for each in compared["freshness"]} == {each["dataset"] for each in compared["gates"]}
    assert compared["freshness"]


@pytest.mark.parametrize("role", ROLES)
def test_who_sees_what(role):
    seen = {dashboard.name for dashboard in visible(EVERYONE[role])}
    totesys = {"totesys_sales", "totesys_purchases_and_payments"}
    assert seen == set(load_dashboards()) - (set() if role in ("admin", "analyst") else totesys)
    for name in set(load_dashboards()) - seen:
        with pytest.raises(Forbidden):
            find(name, EVERYONE[role])
    with pytest.raises(UnknownDashboard):
        find("nothing", EVERYONE[role])


@pytest.mark.parametrize("name", [each.name for each in visible(EVERYONE["manager"])])
def test_a_manager_sees_their_own_venues_rows_and_no_others(company, name):
    own, of_one = show(company, name, EVERYONE["manager"]), show(company, name, venue=["1"])
    assert [each["rows"] for each in own["panels"]] == [each["rows"] for each in of_one["panels"]]
    assert own["panels"] != show(company, name)["panels"]
    assert [venue["venue_id"] for venue in own["venues"]] == [1]
    assert "sql" not in own
    assert of_one["sql"]


@pytest.mark.parametrize("name", load_dashboards())
def test_names_of_persons_are_shown_to_admin_and_manager_only(company, name):
    groups = {dimension for each in load_dashboards()[name].panels for dimension in each.group_by}
    personal = bool(groups & {"clerk_name", "member_name", "staff_name"})
    for role in ROLES if personal else ["admin"]:
        if role not in load_dashboards()[name].roles:
            continue
        panels = show(company, name, EVERYONE[role])["panels"]
        values = {value for each in panels for row in each["rows"] for value in row}
        assert bool(values & company.names) == (personal and role in NAMES)
        assert not personal or role in NAMES or any(MASK in str(value) for value in values)


def test_what_is_compared_is_what_the_earlier_range_shows(company):
    later = {"since": ["2026-04-04"], "until": ["2026-04-08"]}
    shown = show(company, "sales_against_wages", **later, compare=["previous_period"])
    earlier = show(company, "sales_against_wages", since=["2026-03-30"], until=["2026-04-03"])
    for each, before in zip(shown["panels"], earlier["panels"], strict=True):
        assert each["comparison_rows"] == before["rows"]
        assert each["compared"] == {"since": "2026-03-30", "until": "2026-04-03"}
        assert before["compared"] is None
    year = show(company, "sales_against_wages", **later, compare=["previous_year"])
    [row] = year["panels"][0]["comparison_rows"]
    assert row[0] in (None, "0.00")
    assert year["panels"][1]["comparison_rows"][0][0] == "2025-04-04"


def test_a_row_without_a_counterpart_is_compared_with_nulls():
    columns = [
        Column(name="product", type="text", label="", unit=None, kind="dimension"),
        Column(name="sales", type="numeric(14,2)", label="", unit="AUD", kind="metric"),
    ]
    from quayside.serving.dashboards.periods import Shift

    earlier = [["Ale", "1.00"], ["Gone", "9.00"]]
    assert aligned(columns, [["New", "2.00"], ["Ale", "3.00"]], earlier, Shift(days=7)) == [
        ["New", None],
        ["Ale", "1.00"],
    ]


def test_more_rows_than_a_panel_shows_are_said_to_be_there(company):
    [top] = [each for each in show(company, "products")["panels"] if each["name"] == "top_beverages"]
    assert (len(top["rows"]), top["truncated"]) == (10, True)
    [over_time] = [each for each in show(company, "products")["panels"] if each["name"] == "over_time"]
    assert not over_time["truncated"]


def test_a_result_says_units_digits_and_zones(company):
    shown = show(company, "sales_against_wages")
    totals, line, percentage, _ = shown["panels"]
    assert (totals["unit"], line["unit"], percentage["unit"]) == (None, "AUD", "percent")
    assert line["columns"][1] == {
        "name": "sales", "label": "Sales", "type": line["columns"][1]["type"], "unit": "AUD", "kind": "metric", "decimals": 2
    }  # fmt: skip
    assert shown["venues"][0] == {"venue_id": 1, "name": "Bella Vista Hotel", "time_zone": "Australia/Sydney"}
    assert line["columns"][0]["kind"] == "time"


def test_what_is_not_ready_is_none_and_asking_again_takes_it_up(company, monkeypatch):
    from quayside.serving.answers import athena

    look, slow, started = athena.look, True, []
    start = athena.start
    monkeypatch.setattr(athena, "start", lambda *given: started.append(given) or start(*given))
    monkeypatch.setattr(athena, "look", lambda *given: None if slow else look(*given))
    dashboard = find("gaming_floor", ADMIN)
    request = Request.read(dashboard, {"since": ["2026-04-01"], "until": ["2026-04-02"]}, ADMIN, now=NOW)
    health = Health(company.settings.ledger_table)
    assert result(dashboard, request, ADMIN, company.answers(), health, wait=0) is None
    slow = False
    shown = result(dashboard, request, ADMIN, company.answers(), health, wait=25)
    assert shown is not None
    assert len(started) == len(dashboard.panels)


def test_who_may_see_no_names_is_refused_them_by_the_warehouse_itself(company):
    columns = (Column(name="member_name", type="text", label="", unit=None, kind="dimension"),)
    plainly = Compiled(
        sql='select max(member_name) as "member_name" from warehouse.dim_member',
        parameters=(), columns=columns, datasets=(), key="", dialect="postgres",
    )  # fmt: skip
    [[name]] = postgres.ask(plainly, company.reader, masked=False, most=1)
    assert name in company.names
    with pytest.raises(Terminal, match="permission denied"):
        postgres.ask(plainly, company.reader, masked=True, most=1)
    with pytest.raises(TooMuch):
        postgres.ask(
            replace(plainly, sql=plainly.sql.replace("max(member_name)", "member_name")),
            company.reader,
            masked=False,
            most=3,
        )
    with pytest.raises(Terminal, match="not \\['member_name'\\]"):
        postgres.ask(replace(plainly, sql="select 1 as other"), company.reader, masked=True, most=1)


@pytest.mark.parametrize(
    "sql",
    ["delete from warehouse.dim_member", "create table warehouse.mine (id int)", "set role quayside_loader"],
)
def test_nothing_can_be_written_by_who_asks(company, sql):
    writing = Compiled(sql=sql, parameters=(), columns=(), datasets=(), key="", dialect="postgres")
    with pytest.raises((Terminal, Retryable)):
        postgres.ask(writing, company.reader, masked=False, most=1)
    assert company.query("select count(*) > 0 from warehouse.dim_member") == [(True,)]


def test_a_statement_that_takes_too_long_is_ended(company, monkeypatch):
    monkeypatch.setattr(postgres, "SECONDS", 1)
    slow = Compiled(sql="select pg_sleep(20)", parameters=(), columns=(), datasets=(), key="", dialect="postgres")
    with pytest.raises(TooMuch, match="longer than 1 s"):
        postgres.ask(slow, company.reader, masked=False, most=1)


def test_a_star_that_is_not_there_yet_is_no_error_of_ours(company):
    early = Compiled(
        sql="select 1 from warehouse.nothing", parameters=(), columns=(), datasets=(), key="", dialect="postgres"
    )
    with pytest.raises(NotYet):
        postgres.ask(early, company.reader, masked=False, most=1)


def test_a_process_that_lives_on_takes_up_a_rotated_password(company):
    outdated = replace(company.answers(), _credentials=replace(company.reader, password="yesterday's"))
    assert show(company, "members", answers=outdated, since=["2026-03-31"]) == show(
        company, "members", since=["2026-03-31"]
    )


def test_a_warehouse_out_of_reach_is_worth_another_try(company):
    with pytest.raises(Retryable, match="out of reach"):
        postgres.ask(
            Compiled(sql="select 1", parameters=(), columns=(), datasets=(), key="", dialect="postgres"),
            replace(company.reader, port=1),
            masked=False,
            most=1,
        )


VENUES = st.frozensets(st.sampled_from([1, 2, 3]), min_size=1)
CALLERS = st.one_of(
    st.builds(Access, role=st.sampled_from(["admin", "analyst"]), venues=st.one_of(st.none(), VENUES)),
    st.builds(Access, role=st.sampled_from(["manager", "viewer"]), venues=VENUES),
)
PLACE = Settings(lake_bucket="lake", ledger_table="ledger", catalog_database="quayside")


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    callers=st.lists(CALLERS, min_size=2, max_size=4, unique=True),
    name=st.sampled_from([each.name for each in visible(EVERYONE["manager"])]),
    number=st.integers(0, 10),
    venue=st.sampled_from([None, 1, 2]),
)
def test_no_two_callers_with_different_row_rules_ever_share_an_answer(callers, name, number, venue):
    dashboard = load_dashboards()[name]
    panel_ = dashboard.panels[number % len(dashboard.panels)]
    given = {**RANGE, **({"venue": [str(venue)]} if venue else {})}
    keys = {}
    for caller in callers:
        try:
            request = Request.read(dashboard, given, caller, now=NOW)
        except Forbidden:
            continue
        keys[caller] = ask_for(dashboard, panel_, request, caller, PLACE).question.compiled.key
    for one, other in combinations(keys, 2):
        assert (keys[one] == keys[other]) == ((one.venues, one.masked) == (other.venues, other.masked))

"""What may be asked of a dashboard, and what is refused, with a word on what to do."""

import string
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.serving.access import Access, Forbidden
from quayside.serving.dashboards import Dashboard, Panel, Request
from quayside.serving.http import BadRequest

NOW = datetime(2026, 4, 9, 3, 34, tzinfo=UTC)  # 13:34 in Sydney
ADMIN = Access(role="admin", venues=None)
MANAGER = Access(role="manager", venues=frozenset({1}))
SALES = Dashboard(
    name="sales",
    title="Sales",
    description="Sales",
    order=1,
    engine="athena",
    roles=("admin", "manager"),
    days=7,
    ends=1,
    grains=("day", "hour", "month"),
    by_venue=True,
    panels=(Panel(name="sales", title="Sales", chart="line", metrics=("sales",)),),
)
ATTACKS = [
    "1' or '1'='1",
    "2026-03-01'; drop table sale_item; --",
    "2026-03-01 union select 1",
    "%27%20or%201=1",
    "${jndi:ldap://x}",
    "../../etc/passwd",
    "day\x00",
    "٣",  # digits that int() would take
    "1e1",
    "0x1",
    " 1",
    "+1",
    "-1",
    "1,2",
    "",
    "null",
    "day)",
    "2026-3-1",
    "20260301",
    "2026-W10-1",
    "2026-02-30",
    "0001-01-01",
    "9999-12-31",
]


def read(access: Access = ADMIN, dashboard: Dashboard = SALES, **given: list[str]) -> Request:
    return Request.read(dashboard, given, access, now=NOW)


def test_without_a_word_it_is_the_dashboards_own_range_grain_and_all_venues():
    assert read() == Request(since=date(2026, 4, 2), until=date(2026, 4, 8), venues=None, grain="day", compare="none")


def test_what_is_read_again_from_what_was_remembered_is_the_same():
    asked = read(
        since=["2026-03-01"], until=["2026-03-31"], venue=["2", "1"], grain=["month"], compare=["previous_year"]
    )
    assert read(**asked.to_dict()) == asked
    assert asked.venues == (1, 2)


@pytest.mark.parametrize(
    ("given", "since", "until"),
    [
        ({"since": ["2026-04-05"]}, date(2026, 4, 5), date(2026, 4, 8)),
        ({"since": ["2026-05-05"]}, date(2026, 5, 5), date(2026, 5, 5)),
        ({"until": ["2026-03-07"]}, date(2026, 3, 1), date(2026, 3, 7)),
    ],
)
def test_of_a_range_with_one_end_the_other_follows(given, since, until):
    asked = read(**given)
    assert (asked.since, asked.until) == (since, until)


@pytest.mark.parametrize("name", ["since", "until", "venue", "grain", "compare"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_no_value_is_refused_in_every_parameter(name, attack):
    with pytest.raises(BadRequest) as refused:
        read(**{name: [attack]})
    assert [error.pointer for error in refused.value.errors] == [f"query/{name}"]


@given(
    name=st.sampled_from(["since", "until", "venue", "grain", "compare"]), text=st.text(string.printable, max_size=30)
)
def test_whatever_is_sent_is_a_request_or_refused(name, text):
    try:
        asked = read(**{name: [text]})
    except (BadRequest, Forbidden):
        return
    assert text in asked.to_dict()[name]


@pytest.mark.parametrize(
    ("given", "pointer", "says"),
    [
        ({"since": ["2026-03-02"], "until": ["2026-03-01"]}, "query/until", "before since"),
        ({"since": ["2026-03-01", "2026-03-02"]}, "query/since", "once"),
        ({"since": ["2000-01-01"], "until": ["2026-01-01"]}, "query/since", "coarser grain"),
        ({"since": ["2026-01-01"], "until": ["2026-03-01"], "grain": ["hour"]}, "query/since", "coarser grain"),
        ({"grain": ["week"]}, "query/grain", "one of day, hour, month"),
        ({"venue": ["3"]}, "query/venue", "no venue 3"),
        ({"venue": ["2147483648"]}, "query/venue", "no venue"),
        ({"venue": ["1"] * 51}, "query/venue", "GET /venues"),
        ({"role": ["admin"]}, "query/role", "no parameter"),
    ],
)
def test_what_makes_no_sense_is_refused_and_why(given, pointer, says):
    with pytest.raises(BadRequest) as refused:
        read(**given)
    [error] = refused.value.errors
    assert error.pointer == pointer
    assert says in error.detail


@pytest.mark.parametrize("venues", [["2"], ["1", "2"], ["3"], ["2", "2"], ["2147483647"]])
def test_a_manager_who_asks_for_another_venue_is_refused_and_learns_not_whether_there_is_one(venues):
    with pytest.raises(Forbidden, match="may not see this venue"):
        read(MANAGER, venue=venues)
    assert read(MANAGER, venue=["1"]).venues == (1,)


def test_a_manager_is_shown_their_own_venues_only():
    assert [venue.id for venue in read(MANAGER).shown_venues(SALES, MANAGER)] == [1]
    assert [venue.id for venue in read().shown_venues(SALES, ADMIN)] == [1, 2]
    assert [venue.id for venue in read(venue=["2"]).shown_venues(SALES, ADMIN)] == [2]


def test_today_is_the_business_day_of_the_venues_clock():
    before_six = datetime(2026, 4, 8, 19, 59, tzinfo=UTC)  # 05:59 in Sydney
    assert SALES.today(before_six) == date(2026, 4, 8)
    assert SALES.today(datetime(2026, 4, 8, 20, 0, tzinfo=UTC)) == date(2026, 4, 9)

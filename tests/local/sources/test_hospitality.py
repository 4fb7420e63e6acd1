"""The hotels' world: the same from the same seed, true to the calendar, exact in its money, plausible in its shifts."""

import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.sources.hospitality import World
from local.sources.hospitality.days import business_day, trading_hours
from local.sources.hospitality.encoding import decode
from tests.conftest import ROOT

SYDNEY = ZoneInfo("Australia/Sydney")
BEGINS = date(2026, 3, 1)
NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
DAY = timedelta(days=1)
worlds = st.builds(World, st.integers(0, 10**6), st.just(date(2024, 1, 1)))
business_days = st.dates(date(2024, 1, 1), date(2027, 12, 31))

DIGEST = """
from datetime import date, datetime, UTC
from hashlib import sha256
from local.sources.hospitality import World
world, day, now = World({seed}, date(2026, 3, 1)), date(2026, 3, 2), datetime(2026, 3, 4, tzinfo=UTC)
seen = [[p.body for p in world.postings(venue, day)] for venue in world.venues]
seen += world.timesheets(now), world.roster_items(now), world.readings(now), world.products(now)
print(sha256(repr(list(map(list, seen))).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def world():
    return World(seed=7, begins=BEGINS)


@pytest.fixture(scope="module")
def sales(world):
    return list(world.sales(NOW))


@pytest.fixture(scope="module")
def timesheets(world):
    return list(world.timesheets(NOW))


@pytest.fixture(scope="module")
def roster_items(world):
    return list(world.roster_items(NOW))


def total(sale, part="Items", field="TotalInc"):
    return sum((line[field] for line in sale[part]), Decimal(0))


def sold_at(posting):
    return datetime.fromisoformat(posting.body.partition('"TransactionDate":"')[2][:24])


def share(sales, holds):
    return sum(map(holds, sales)) / len(sales)


def test_the_same_seed_makes_the_same_world_in_every_process():
    def digest(seed, hash_seed):
        env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'include'}", "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", DIGEST.format(seed=seed)]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout

    assert digest(7, "1") == digest(7, "2") != digest(8, "1")


def test_a_day_is_the_same_whatever_was_asked_for_before(world):
    fresh = World(seed=7, begins=BEGINS)
    venue, day = fresh.venues[1], BEGINS + 20 * DAY
    alone = fresh.postings(venue, day)

    assert list(world.posted(venue, world.opens, NOW))  # asks for every day
    assert world.postings(venue, day) == alone


def test_windows_put_together_hold_every_posting_once_and_the_last_of_each_sale_is_the_truth(world, sales):
    last, posted = {}, []
    for venue in world.venues:
        at = world.opens
        while at < NOW:
            window = list(world.posted(venue, at, min(at + DAY / 2, NOW)))
            posted += window
            last |= {(venue.id, posting.sale_id): posting.body for posting in window}
            at += DAY / 2

    assert len(posted) > len(last) == len(sales)
    assert len({(posting.at, posting.sale_id, posting.body) for posting in posted}) == len(posted)
    for sale in sales:
        assert {"Venue": sale["Venue"], **decode(last[sale["Venue"]["Id"], sale["Id"]])} == sale


def test_nothing_is_posted_before_it_happens_or_long_after(world):
    for venue in world.venues:
        for number in range(28):
            for posting in world.postings(venue, BEGINS + number * DAY):
                begins = datetime(2026, 3, 1, 6, tzinfo=SYDNEY) + number * DAY
                assert sold_at(posting) < posting.at < begins.astimezone(UTC) + 5 * DAY


@settings(max_examples=30, deadline=None)
@given(worlds, business_days)
def test_money_adds_up_in_every_posting_of_every_world(world, day):
    for posting in world.postings(world.venues[day.day % 2], day):
        sale = decode(posting.body)
        inc, paid, rounded = total(sale), total(sale, "Media", "Amount"), total(sale, "Media", "RoundedAmount")
        assert inc == paid
        assert abs(rounded - inc) <= Decimal("0.05")
        assert all(medium["RoundedAmount"] * 20 % 1 == 0 for medium in sale["Media"] if medium["Name"] == "Cash")
        for item in sale["Items"]:
            assert item["TotalInc"] == item["TotalEx"] + item["Tax"]
            assert {-item[name].as_tuple().exponent for name in ("TotalInc", "TotalEx", "Tax", "NormalPrice")} == {2}
            # What is void may be a discount, which is paid back.
            assert item["TotalInc"] <= 0 or not (item["IsDiscount"] or item["IsRefund"])


def test_a_venue_makes_about_150_sales_a_day(world):
    year = [date(2024, 7, 1) + number * 20 * DAY for number in range(18)]  # 20 days: every day of the week in turn
    old = World(seed=3, begins=year[0])

    counts = [[len({p.sale_id for p in old.postings(venue, day)}) for day in year] for venue in old.venues]

    assert 135 < sum(map(sum, counts)) / sum(map(len, counts)) < 165
    assert sum(counts[0]) > 1.4 * sum(counts[1])


def test_trade_scales_the_sales(sales):
    few = list(World(seed=7, begins=BEGINS, trade=0.1).sales(NOW))

    assert 0.08 < len(few) / len(sales) < 0.12


def test_every_kind_of_sale_occurs(sales):
    items = [item for sale in sales for item in sale["Items"]]
    flags = {flag: share(items, lambda item, flag=flag: item[flag]) for flag in items[0] if flag.startswith("Is")}

    assert all(0.0005 < often < 0.15 for often in flags.values()), flags
    assert {item["MasterGroup"]["Id"] for item in items} == {1, 2, 3}
    assert {item["PriceLevel"]["Name"] for item in items} == {"Standard", "Happy Hour", "Member"}
    assert {sale["TransactionType"] for sale in sales} == {"Sale", "Refund", "Void"}
    assert 0.003 < share(sales, lambda sale: sale["TransactionType"] == "Refund" and sale["Reason"] != "") < 0.02
    assert 0.02 < share(sales, lambda sale: len(sale["Media"]) > 1) < 0.2
    assert {medium["Name"] for sale in sales for medium in sale["Media"]} >= {"Cash", "EFTPOS", "Points", "Gift Card"}
    assert 0.1 < share(sales, lambda sale: sale.get("Customer", {}).get("Id", 0) > 0) < 0.3
    assert share(sales, lambda sale: sale.get("Customer", {}).get("Id") == 0) > 0.1
    assert share(sales, lambda sale: "Customer" not in sale) > 0.1
    assert 0.15 < share(sales, lambda sale: "Table" in sale) < 0.6
    assert all(sale["Table"]["AdultCovers"] > 0 for sale in sales if "Table" in sale)


def test_surcharges_are_of_sundays_and_holidays_only():
    easter = World(seed=5, begins=date(2026, 4, 1))
    found = defaultdict(set)
    for sale in easter.sales(datetime(2026, 4, 10, tzinfo=UTC)):
        sold = datetime.fromisoformat(sale["TransactionDate"]).astimezone(SYDNEY) - timedelta(hours=6)
        if sale["TransactionType"] == "Sale":
            found[sold.date()] |= {item["Name"] for item in sale["Items"] if item["IsSurcharge"]}

    assert {day for day, names in found.items() if names} == {date(2026, 4, number) for number in (3, 4, 5, 6)}
    assert found[date(2026, 4, 5)] == {"Public Holiday Surcharge 15%"}


def test_one_in_a_hundred_sales_is_sent_again_corrected_and_one_in_two_hundred_is_late(world):
    by_sale = defaultdict(list)
    for venue in world.venues:
        for day in range(28):
            for posting in world.postings(venue, BEGINS + day * DAY):
                by_sale[venue.id, posting.sale_id].append(posting)
    resent = [versions for versions in by_sale.values() if len(versions) > 1]
    late = [versions for versions in by_sale.values() if versions[0].at - sold_at(versions[0]) > timedelta(minutes=10)]

    assert 0.006 < len(resent) / len(by_sale) < 0.015
    assert all(first.body != last.body for first, last in resent)
    assert 0.001 < len(late) / len(by_sale) < 0.015


@pytest.mark.parametrize(
    ("night", "hours"),
    [(date(2026, 4, 3), 17), (date(2026, 4, 4), 18), (date(2026, 10, 3), 16), (date(2026, 4, 7), 15)],
)
def test_doors_are_open_from_ten_to_one_or_three_also_when_the_clock_is_changed(night, hours):
    world = World(seed=2, begins=night, trade=4)
    venue = world.venues[0]
    slots = trading_hours(night, venue)
    sold = [sold_at(posting) for posting in world.postings(venue, night) if '"TransactionType":"Sale"' in posting.body]

    assert len(slots) == hours
    assert slots[0][0] <= min(sold) < slots[0][0] + 4 * timedelta(hours=1)
    assert max(sold) < slots[-1][0] + timedelta(hours=1)
    assert {business_day(at, venue) for at in sold} == {night}
    assert slots[-1][1] == (0 if night.weekday() not in (4, 5) else 2 if night != date(2026, 10, 3) else 1)


def test_member_transactions_are_the_members_sales_and_their_bonuses(world, sales):
    told = list(world.member_transactions(NOW))
    of_members = {(s["Venue"]["Id"], s["Id"]): s for s in sales if s.get("Customer", {}).get("Id", 0)}
    with_sale = {(t["Venue"]["Id"], t["SaleId"]): t for t in told if "SaleId" in t}

    assert set(with_sale) == set(of_members)
    assert len({t["Id"] for t in told}) == len(told) > len(with_sale)
    for key, transaction in with_sale.items():
        sale = of_members[key]
        assert transaction["Member"]["Id"] == sale["Customer"]["Id"]
        assert transaction["TotalInc"] == total(sale) == total(transaction) == total(transaction, "Media", "Amount")
        assert transaction["PointsBalance"] == sale["Customer"]["Balance"]["Points"]
        assert transaction["TotalInc"] == transaction["TotalEx"] + transaction["Tax"]


def test_prices_rise_a_few_times_in_two_years_and_stock_falls_until_it_is_filled_up():
    world = World(seed=7, begins=date(2024, 1, 1))
    lists = [world.products(datetime(2024, 1, 1, 12, tzinfo=UTC) + number * 21 * DAY) for number in range(35)]
    prices = [[product["Price"] for product in versions] for versions in zip(*lists, strict=True)]
    changes = [sum(a != b for a, b in pairwise(row)) for row in prices]
    week = [world.products(datetime(2024, 3, 4, 3, tzinfo=UTC) + number * DAY)[0]["StockLevel"] for number in range(8)]

    assert len(lists[0]) >= 140
    assert len({product["InventoryCode"] for product in lists[0]}) == len(lists[0])
    assert 1.5 < sum(changes) / len(changes) < 6
    assert any(product["Barcodes"] for product in lists[0])
    assert sum(later > earlier for earlier, later in pairwise(week)) == 1
    assert min(week) >= 0


def test_sales_are_at_the_price_of_their_day(world, sales):
    by_code = {product.code: product for product in world.menu}
    for sale in sales[::7]:
        if sale["TransactionType"] == "Sale":
            sold = datetime.fromisoformat(sale["TransactionDate"]).astimezone(SYDNEY) - timedelta(hours=6)
            for item in sale["Items"]:
                if item["MasterGroup"]["Id"] != 3:
                    assert item["NormalPrice"] * 100 == by_code[item["InventoryCode"]].price(sold.date())


def test_shifts_end_after_they_start_and_cost_something(timesheets, roster_items):
    for record, start, end in [
        *((sheet, sheet["PayStartTime"], sheet["PayEndTime"]) for sheet in timesheets),
        *((item, item["StartTime"], item["EndTime"]) for item in roster_items),
    ]:
        length = datetime.fromisoformat(end) - datetime.fromisoformat(start)
        assert timedelta(0) < length < DAY
        assert 0 < record["NetMinutes"] <= record["GrossMinutes"]
        assert record["Cost"] > 0


def test_timesheets_have_all_that_makes_them_hard(timesheets):
    assert 0.005 < share(timesheets, lambda sheet: "ClockedEndTime" not in sheet) < 0.06
    assert 0.003 < share(timesheets, lambda sheet: sheet["Deleted"]) < 0.03
    assert 0.3 < share(timesheets, lambda sheet: "." in sheet["LastEdit"]) < 0.7
    assert share(timesheets, lambda sheet: sheet["PayEndTime"][:10] > sheet["PayStartTime"][:10]) > 0.1
    assert 0.005 < share(timesheets, lambda sheet: "RosterStartTime" not in sheet) < 0.06
    assert 0.3 < share(timesheets, lambda sheet: sheet["Paid"]) < 0.95
    assert share(timesheets, lambda sheet: sheet["NetMinutes"] > 600) > 0.01
    assert len({sheet["GuidKey"] for sheet in timesheets}) == len(timesheets)
    assert {sheet["Employee"]["EmploymentType"]["Name"] for sheet in timesheets} == {"Casual", "Part Time", "Full Time"}


def test_rosters_have_open_deleted_and_unpublished_shifts_ahead_of_their_day(roster_items):
    future = [item for item in roster_items if datetime.fromisoformat(item["StartTime"]) > NOW.replace(tzinfo=None)]

    assert 0.01 < share(roster_items, lambda item: "Employee" not in item) < 0.08
    assert 0.005 < share(roster_items, lambda item: item["Deleted"]) < 0.05
    assert future
    assert not all(item["Published"] for item in future)
    assert all(item["LastEdit"] <= NOW.replace(tzinfo=None).isoformat() for item in roster_items)


def test_rosters_follow_the_trade_and_wages_stay_a_sane_share_of_it(sales, timesheets, roster_items):
    per_day = Counter(datetime.fromisoformat(item["StartTime"]).weekday() for item in roster_items)
    wages = sum(sheet["Cost"] for sheet in timesheets if not sheet["Deleted"])

    assert per_day[5] > per_day[0]
    assert Decimal("0.2") < wages / sum(map(total, sales)) < Decimal("0.4")


def test_timesheets_follow_the_roster(timesheets):
    late = [
        abs(datetime.fromisoformat(sheet["ClockedStartTime"]) - datetime.fromisoformat(sheet["RosterStartTime"]))
        for sheet in timesheets
        if "ClockedStartTime" in sheet and "RosterStartTime" in sheet
    ]

    assert len(late) > 0.9 * len(timesheets)
    assert sorted(late)[len(late) // 2] < timedelta(minutes=15)


@settings(max_examples=20, deadline=None)
@given(worlds, business_days)
def test_every_edit_is_newer_than_the_one_before_and_within_14_days_of_its_date(world, day):
    for venue in world.venues:
        items, sheets = world.shifts(venue, day)
        for history in (*items, *sheets):
            assert all(a.at < b.at for a, b in pairwise(history))
            assert len({version.record["GuidKey"] for version in history}) == 1
        for history in sheets:
            last = history[-1]
            assert last.at < datetime(last.day.year, last.day.month, last.day.day, tzinfo=SYDNEY) + 14 * DAY


@pytest.mark.parametrize(("night", "more"), [(date(2026, 4, 4), 60), (date(2026, 10, 3), -60), (date(2026, 4, 11), 0)])
def test_a_night_shift_is_as_long_as_it_lasts_also_when_the_clock_is_changed(night, more):
    items = World(seed=7, begins=night).kept("rosterItems", night, night, NOW + 300 * DAY)
    late = [item for item in items if item["EndTime"].startswith(f"{night + DAY}T04:00")]

    assert late
    for item in late:
        shown = datetime.fromisoformat(item["EndTime"]) - datetime.fromisoformat(item["StartTime"])
        assert timedelta(minutes=item["GrossMinutes"] - more) == shown


def test_some_timesheets_move_to_another_date():
    world = World(seed=11, begins=BEGINS)
    histories = [h for day in range(40) for venue in world.venues for h in world.shifts(venue, BEGINS + day * DAY)[1]]

    assert any(history[0].day != history[-1].day for history in histories)


def test_employees_rise_and_are_employed_otherwise_in_the_course_of_time():
    world = World(seed=7, begins=date(2024, 1, 1))
    found = defaultdict(set)
    for month in range(24):
        for sheet in world.kept("timesheets", BEGINS - month * 30 * DAY, BEGINS - month * 30 * DAY, NOW):
            employee = sheet["Employee"]
            found[employee["EmployeeCode"]].add((sheet["Role"]["Name"], employee["EmploymentType"]["Name"]))

    assert share(found.values(), lambda posts: len(posts) > 1) > 0.1


def test_gaming_follows_the_evenings_and_never_takes_a_negative_turnover(world):
    found = list(world.readings(NOW, vices=False))
    by_hour = Counter()
    for reading in found:
        by_hour[reading["Time"][:2]] += reading["EGM Turnover"]

    assert min(reading["EGM Turnover"] for reading in found) == 0
    assert min(reading["EGM Wins"] for reading in found) == 0
    assert any(reading["EGM Wins"] > reading["EGM Turnover"] for reading in found)
    assert by_hour["20"] > 3 * by_hour["11"]
    assert (
        Decimal("0.02") < 1 - sum(r["EGM Wins"] for r in found) / sum(r["EGM Turnover"] for r in found) < Decimal("0.2")
    )


def test_gaming_tells_each_quarter_hour_of_the_clock_once_also_when_it_is_changed():
    autumn, spring = World(seed=1, begins=date(2026, 4, 4)), World(seed=1, begins=date(2026, 10, 3))
    twice = [r["Time"] for r in autumn.readings(datetime(2026, 4, 5, tzinfo=UTC), vices=False) if r["Venue"] == 1]
    never = [r["Time"] for r in spring.readings(datetime(2026, 10, 4, tzinfo=UTC), vices=False) if r["Venue"] == 1]

    assert len(twice[:72]) == len(set(twice[:72])) == 72
    assert len({time for time in never if time.startswith("02")}) == 0
    assert "01:45:00" in never
    assert "03:00:00" in never

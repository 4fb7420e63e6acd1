"""The hotels' stars: what a batch replaces, and which version of a product or an employee a fact refers to."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from quayside.curated import stars as derivation
from quayside.errors import Terminal
from tests.warehouse.conftest import Stars
from tests.warehouse.hotels import CURATED, Hotels, days, item, product, rostered, sale, timesheet

LINES = "select sale_item_key, total_inc, adult_covers from warehouse.fact_sale_item order by 1"
MORNING, EVENING = datetime(2026, 5, 2, 1), datetime(2026, 5, 3, 12)


@pytest.fixture
def hotels(stars: Stars) -> Hotels:
    return Hotels(stars)


def test_a_sale_that_lost_a_line_loses_it_in_the_warehouse(hotels: Hotels) -> None:
    one, two = sale(1, days(0)), sale(2, days(1))
    hotels.write(
        sale={days(0): [one], days(1): [two]},
        sale_item={days(0): [item(one), item(one, 2, total_inc=Decimal("4.00"))], days(1): [item(two)]},
    )
    hotels.load()
    assert hotels.query(LINES) == [("1-1-1", 10, 2), ("1-1-2", 4, 0), ("1-2-1", 10, 2)]

    hotels.write(sale={days(0): [one]}, sale_item={days(0): [item(one, total_inc=Decimal("14.00"))]})
    assert hotels.load()["fact_sale_item"] == 2
    assert hotels.query(LINES) == [("1-1-1", 14, 2), ("1-2-1", 10, 2)]


def test_loading_again_changes_nothing_and_writes_nothing(hotels: Hotels) -> None:
    one = sale(1, days(0), member_id=7, member_name="Bo")
    hotels.write(sale={days(0): [one]}, sale_item={days(0): [item(one)]}, product=[product("BEER", MORNING)])
    hotels.load()
    everything = "select xmin::text, fact.* from warehouse.fact_sale_item as fact"
    before = hotels.query(everything)
    for dataset in ("fact_sale_item", "dim_product", "dim_member", "dim_terminal", "dim_venue"):
        [entry] = hotels.stars.ledger.batches(f"warehouse.{dataset}")
        hotels.stars.ledger.note(entry.dataset, f"todo#load#{entry.batch}", {})
    assert hotels.load() == {}
    assert hotels.query(everything) == before


def test_of_several_pending_batches_the_last_says_what_a_date_holds(hotels: Hotels) -> None:
    one, two = sale(1, days(0)), sale(2, days(1))
    hotels.write(sale={days(0): [one], days(1): [two]}, sale_item={days(0): [item(one)], days(1): [item(two)]})
    hotels.write(sale={days(0): [one]}, sale_item={days(0): [item(one, total_inc=Decimal("3.00"))]})
    hotels.write(sale={days(1): []}, sale_item={days(1): []})
    hotels.load()
    assert hotels.query(LINES) == [("1-1-1", 3, 2)]


def test_a_shift_that_moved_to_another_day_is_there_once(hotels: Hotels) -> None:
    hotels.write(timesheet={days(0): [timesheet("a", days(0))]}, roster_shift={days(0): [rostered("a", days(0))]})
    hotels.load()
    hotels.write(timesheet={days(0): [], days(1): [timesheet("a", days(1))]})
    hotels.load()
    shifts = "select shift_key, kind, business_date from warehouse.fact_shift order by 1"
    assert hotels.query(shifts) == [("rostered-a", "rostered", days(0)), ("worked-a", "worked", days(1))]


def test_deleted_shifts_are_left_out_and_leave_no_employee(hotels: Hotels) -> None:
    hotels.write(timesheet={days(0): [timesheet("a", days(0)), timesheet("b", days(0), employee_code="E2")]})
    hotels.load()
    hotels.write(
        timesheet={days(0): [timesheet("a", days(0)), timesheet("b", days(0), employee_code="E2", deleted=True)]}
    )
    hotels.load()
    assert hotels.query("select shift_key from warehouse.fact_shift") == [("worked-a",)]
    assert hotels.query("select employee_code from warehouse.dim_employee") == [("E1",)]


def test_an_open_shift_refers_to_nobody(hotels: Hotels) -> None:
    hotels.write(roster_shift={days(0): [rostered("a", days(0), employee_code=None, employee_name=None)]})
    hotels.load()
    assert hotels.query("select employee_code, employee_version_id from warehouse.fact_shift") == [(None, None)]
    assert hotels.query("select * from warehouse.dim_employee") == []


PRICES = """
select sale_item_key, price from warehouse.fact_sale_item left join warehouse.dim_product using (product_version_id)
order by 1"""


def test_a_price_that_arrives_late_is_that_of_the_lines_sold_since(hotels: Hotels) -> None:
    sales = [sale(number, days(number)) for number in range(4)]
    hotels.write(
        sale={days(number): [each] for number, each in enumerate(sales)},
        sale_item={days(number): [item(each)] for number, each in enumerate(sales)},
        product=[product("BEER", MORNING), product("BEER", EVENING, price=Decimal("12.00"))],
    )
    hotels.load()
    assert [price for _, price in hotels.query(PRICES)] == [10, 10, 10, 12]

    between = MORNING + timedelta(hours=24)
    hotels.write(
        product=[
            product("BEER", MORNING - timedelta(days=9), price=Decimal("8.00")),
            product("BEER", MORNING),
            product("BEER", between, price=Decimal("11.00")),
            product("BEER", EVENING, price=Decimal("12.00")),
        ]
    )
    hotels.load()
    assert [price for _, price in hotels.query(PRICES)] == [8, 10, 11, 12]
    assert hotels.query(
        "select valid_from::date::text, is_current from warehouse.dim_product order by dim_product.valid_from"
    ) == [
        ("1900-01-01", False),
        ("2026-05-02", False),
        ("2026-05-03", False),
        ("2026-05-03", True),
    ]

    hotels.write(product=[product("BEER", MORNING)])
    hotels.load()
    assert [price for _, price in hotels.query(PRICES)] == [10] * 4


def test_a_product_that_no_list_has_is_known_by_its_code_until_one_has(hotels: Hotels) -> None:
    one = sale(1, days(0))
    hotels.write(sale={days(0): [one]}, sale_item={days(0): [item(one), item(one, 2, "TIP")]})
    hotels.write(product=[product("BEER", MORNING)])
    hotels.load()
    there = "select inventory_code, price, valid_to::date::text from warehouse.dim_product order by 1"
    assert hotels.query(there) == [("BEER", 10, "9999-12-31"), ("TIP", None, "9999-12-31")]
    pointing = "select product_version_id from warehouse.fact_sale_item order by line"
    before = hotels.query(pointing)

    hotels.write(product=[product("BEER", MORNING), product("TIP", EVENING, price=Decimal(0))])
    hotels.load()
    assert hotels.query(there) == [("BEER", 10, "9999-12-31"), ("TIP", 0, "9999-12-31")]
    assert hotels.query(pointing) == before


def test_a_member_is_as_last_seen_whatever_came_last(hotels: Hotels) -> None:
    there = "select member_name, member_points from warehouse.dim_member"
    for number, name in ((3, "Bo Ng"), (2, "Bo Li"), (1, "Bo")):
        seen = sale(number, days(number), member_id=7, member_name=name, member_points=Decimal(number))
        hotels.write(sale={days(number): [seen]}, sale_item={days(number): [item(seen)]})
        if number != 3:  # two together, then one more
            hotels.load()
    assert hotels.query(there) == [("Bo Ng", 3)]


def test_what_facts_refer_to_is_there_and_days_are_whole_years(hotels: Hotels) -> None:
    one = sale(1, days(0), member_id=9, venue_id=2)
    hotels.write(sale={days(0): [one]}, sale_item={days(0): [item(one)]})
    hotels.load()
    assert hotels.query(
        "select venue_name, terminal_name, member_id from warehouse.fact_sale_item join warehouse.dim_venue using (venue_id)"
        " join warehouse.dim_terminal using (terminal_key) join warehouse.dim_member using (member_id)"
    ) == [("Harbour Light Hotel", "Bar 1", 9)]
    assert hotels.query("select count(*) from warehouse.dim_date") == [(365,)]


def test_a_line_without_its_sale_is_refused_and_nothing_is_loaded(hotels: Hotels) -> None:
    hotels.write(sale={days(0): []}, sale_item={days(0): [item(sale(1, days(0)))]})
    with pytest.raises(Terminal, match="adult_covers"):
        hotels.load()
    assert hotels.stars.ledger.pending("warehouse.fact_sale_item", "load")


def test_a_long_history_is_derived_some_dates_at_a_time(hotels: Hotels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derivation, "DATES", 2)
    sales = {days(number): [sale(number, days(number), member_id=7, member_name=f"Bo {number}")] for number in range(5)}
    hotels.write(sale=sales, sale_item={day: [item(one)] for day, [one] in sales.items()})
    hotels.load()
    assert [key for key, *_ in hotels.query(LINES)] == [f"1-{number}-1" for number in range(5)]
    assert hotels.query("select member_name from warehouse.dim_member") == [("Bo 4",)]


def test_deriving_again_from_the_same_files_finds_the_batch_of_before(hotels: Hotels) -> None:
    hotels.write(timesheet={days(0): [timesheet("a", days(0))]})
    assert hotels.derive({CURATED["timesheet"].name: [str(days(0))]}) == []
    assert len(hotels.stars.ledger.batches("warehouse.fact_shift")) == 1

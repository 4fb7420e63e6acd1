"""What becomes of one record: types, times, business days and nulls as the contracts have them."""

from decimal import Decimal

import pytest
from py4j.protocol import Py4JJavaError

from quayside.contract import contract_names, load_contract
from quayside.curated.spark.landed import LINES
from quayside.curated.spark.recipes import RECIPES
from quayside.curated.spark.values import conform
from tests.curated.spark.vendors import (
    BEER,
    BELLA,
    CASH,
    HARBOUR,
    VENUES,
    lines,
    reading,
    roster_item,
    rows,
    sale,
    table,
    text,
    timesheet,
)


def made(spark, name, *texts):
    """The rows that a table's function makes of landed lines."""
    item = table(name)
    return rows(conform(RECIPES[name].rows(lines(spark, item.landing, *texts), VENUES), item))


def test_every_contract_has_a_recipe_and_the_lines_that_it_names():
    contracts = [load_contract(name) for name in contract_names("hospitality")]

    assert {contract.table for contract in contracts} == set(RECIPES)
    assert {contract.landing for contract in contracts} == set(LINES)


def test_a_sale_is_the_exact_sum_of_its_items_and_payments(spark):
    items = [{**BEER, "TotalInc": 0.10, "TotalEx": 0.09, "Tax": 0.01}] * 3
    items.append({**BEER, "TotalInc": -0.05, "TotalEx": -0.05, "Tax": 0, "IsDiscount": True, "IsVoid": None})
    [row] = made(
        spark, "sale", text(sale(Items=items, Media=[{**CASH, "Amount": 0.20}, {**CASH, "Amount": 0.05}]), of=BELLA)
    )

    assert (row["sale_key"], row["items"]) == ("1-7", 4)
    assert (row["total_inc"], row["total_ex"], row["tax"]) == (Decimal("0.25"), Decimal("0.22"), Decimal("0.03"))
    assert (row["paid"], row["discounts"]) == (Decimal("0.25"), Decimal("-0.05"))
    assert (row["is_refund"], row["is_void"]) == (False, False)


def test_an_amount_too_long_for_a_double_keeps_its_digits(spark):
    line = text(sale(Items=[BEER]), of=BELLA).replace("17.0,", "123456789012.34,", 1)

    [row] = made(spark, "sale_item", line)

    assert row["total_inc"] == Decimal("123456789012.34")


@pytest.mark.parametrize(
    ("utc", "of", "local", "day"),
    [
        ("2026-05-01T19:59:59.999Z", BELLA, "2026-05-02T05:59:59.999", "2026-05-01"),
        ("2026-05-01T20:00:00.000Z", BELLA, "2026-05-02T06:00:00.000", "2026-05-02"),
        ("2026-05-01T20:00:00.000Z", HARBOUR, "2026-05-02T04:00:00.000", "2026-05-01"),
        # Daylight saving ends on 5 April 2026 at 03:00: six o'clock is an hour later in UTC.
        ("2026-04-04T15:30:00.000Z", BELLA, "2026-04-05T02:30:00.000", "2026-04-04"),
        ("2026-04-04T16:30:00.000Z", BELLA, "2026-04-05T02:30:00.000", "2026-04-04"),
        ("2026-04-04T19:59:59.999Z", BELLA, "2026-04-05T05:59:59.999", "2026-04-04"),
        ("2026-04-04T20:00:00.000Z", BELLA, "2026-04-05T06:00:00.000", "2026-04-05"),
        # It begins on 4 October 2026 at 02:00: six o'clock is an hour earlier.
        ("2026-10-03T18:59:59.999Z", BELLA, "2026-10-04T05:59:59.999", "2026-10-03"),
        ("2026-10-03T19:00:00.000Z", BELLA, "2026-10-04T06:00:00.000", "2026-10-04"),
    ],
)
def test_a_business_day_begins_at_six_by_the_venues_clock(spark, utc, of, local, day):
    [row] = made(spark, "sale", text(sale(at=utc), of=of))

    assert (row["sold_at"] + "Z", row["sold_at_local"], row["business_date"]) == (utc, local, day)


def test_what_a_sale_does_not_say_is_null(spark):
    nobody = {"Id": 0, "Name": "", "Classification": {"Id": 0, "Name": ""}, "Balance": {"Account": 0, "Points": 0}}
    member = {"Id": 9, "Name": "Bob", "Classification": {"Id": 2, "Name": "Gold"}, "Balance": {"Points": 12.5}}
    table_ = {"Id": 4, "AdultCovers": 2, "ChildCovers": 1}

    absent, named, known = made(
        spark,
        "sale",
        text(sale(1), 0, BELLA),
        text(sale(2, Customer=nobody, Reason=" "), 1, BELLA),
        text(sale(3, Customer=member, Table=table_, Reason="Wrong item", SaleType="Bar"), 2, BELLA),
    )

    for row in (absent, named):
        assert {row[name] for name in ("member_id", "member_name", "member_class", "member_points")} == {None}
        assert (row["table_id"], row["adult_covers"], row["child_covers"], row["reason"]) == (None, 0, 0, None)
    assert (known["member_id"], known["member_name"], known["member_class"]) == (9, "Bob", "Gold")
    assert (known["member_points"], known["sale_type"], known["reason"]) == (Decimal("12.50"), "Bar", "Wrong item")
    assert (known["table_id"], known["adult_covers"], known["child_covers"]) == (4, 2, 1)


def test_lines_are_numbered_in_their_order_with_the_head_of_their_sale(spark):
    wine = {**BEER, "InventoryCode": "W1", "Quantity": 0.125, "IsPromotion": True}
    card = {"Id": 2, "Name": "Card", "Amount": 10, "RoundedAmount": 10}
    line = text(sale(Items=[BEER, wine], Media=[CASH, card], Customer={"Id": 9}), of=BELLA)

    items, payments = made(spark, "sale_item", line), made(spark, "sale_payment", line)

    assert [(row["sale_item_key"], row["line"], row["inventory_code"]) for row in items] == [
        ("1-7-1", 1, "B001"),
        ("1-7-2", 2, "W1"),
    ]
    assert (items[1]["quantity"], items[1]["is_promotion"], items[0]["item_cost"]) == (
        Decimal("0.125"),
        True,
        Decimal("2.1234"),
    )
    assert [(row["sale_payment_key"], row["medium_id"], row["amount"]) for row in payments] == [
        ("1-7-1", 1, 17),
        ("1-7-2", 2, 10),
    ]
    assert {(row["member_id"], row["clerk_id"], row["business_date"]) for row in (*items, *payments)} == {
        (9, 5, "2026-05-01")
    }


@pytest.mark.parametrize("at", ["2026-05-02T01:30:00", "2026-05-02T01:30:00.000"])
def test_humanforces_times_are_local_with_or_without_milliseconds(spark, at):
    [row] = made(spark, "roster_shift", text(roster_item(StartTime=at)))

    assert (row["start_at"], row["business_date"]) == ("2026-05-02T01:30:00.000", "2026-05-01")


def test_a_shift_was_worked_as_clocked_else_as_paid(spark):
    clocked = {"ClockedStartTime": "2026-05-01T10:03:00", "ClockedEndTime": "2026-05-01T18:07:00.500"}

    paid, worked = made(spark, "timesheet", text(timesheet("a")), text(timesheet("b", **clocked), 1))

    assert (paid["start_at"], paid["end_at"], paid["clocked_start"]) == (paid["pay_start"], paid["pay_end"], None)
    assert (worked["start_at"], worked["end_at"]) == ("2026-05-01T10:03:00.000", "2026-05-01T18:07:00.500")
    assert (worked["venue_id"], worked["shift_date"], worked["business_date"]) == (2, "2026-05-01", "2026-05-01")


def test_an_open_shift_has_nobody(spark):
    item = {name: value for name, value in roster_item().items() if name != "Employee"}

    [row] = made(spark, "roster_shift", text(item))

    assert (row["employee_code"], row["employee_name"], row["break_minutes"]) == (None, None, 30)


def test_a_reading_is_typed_whatever_its_columns_order(spark):
    record = dict(reversed(list(reading().items())))

    [row] = made(spark, "gaming_reading", text(record, of={"File": "EGM_01.csv", "Line": 2}))

    assert (row["reading_key"], row["turnover"], row["wins"]) == (
        "1-2026-05-02T03:45:00",
        Decimal("1234.50"),
        Decimal("980.00"),
    )
    assert (row["machines"], row["source_file"], row["business_date"]) == (None, "EGM_01.csv", "2026-05-01")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (sale(Items=[{**BEER, "TotalInc": "Ann's"}]), "batch 00000001-a row 3 is not JSON of the types"),
        (sale(Items=[{**BEER, "TotalInc": None}]), "row 3 lacks total_inc, which it must have"),
        (sale(Id="seven"), "row 3 is not JSON of the types"),
        (sale(Id=2**70), "row 3 is not JSON of the types"),
    ],
)
def test_what_does_not_fit_fails_the_job_and_is_named_but_not_shown(spark, wrong, said):
    with pytest.raises(Py4JJavaError) as failure:
        made(spark, "sale", text(wrong, 3, BELLA))

    assert said in str(failure.value)
    assert "Ann" not in str(failure.value)


def test_a_venue_that_is_not_known_fails_the_job(spark):
    with pytest.raises(Py4JJavaError, match="lacks sold_at_local"):
        made(spark, "sale", text(sale(), of={"Id": 3, "Name": "?"}))
    with pytest.raises(Py4JJavaError, match="lacks venue_id"):
        made(spark, "timesheet", text(timesheet("a", Location={"Name": "Bella Vista"})))

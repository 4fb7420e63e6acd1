"""A window's way from landed lines to rows in Athena, through a Glue job that runs in the local AWS."""

import threading
from collections.abc import Callable

import pytest

from quayside.settings import Settings
from tests.curated.fakes import derived as derived
from tests.curated.spark.vendors import BEER, CASH, product, sale, transaction
from tests.curated.spark.wire import House

BELLA, HARBOUR = {"Id": 1, "Name": "Bella Vista Hotel"}, {"Id": 2, "Name": "Harbour Light Hotel"}
TABLES = ("sale", "sale_item", "sale_payment", "member_transaction", "product")


@pytest.fixture
def house(settings: Settings, derived: list) -> House:
    return House(settings)


def land(house: House) -> None:
    """A window of two venues, with a line that the gate has rejected."""
    sales = [
        (BELLA, sale(1, Items=[BEER, BEER], Media=[{**CASH, "Amount": 34, "RoundedAmount": 34}])),
        (HARBOUR, sale(2, "2026-05-01T20:00:00.000Z")),
        (BELLA, sale("three")),
    ]
    house.land("swiftpos.sale", sales, rejected=[2], files=2)
    house.land("swiftpos.member_transaction", [({"MemberId": 9}, transaction())])
    house.land("swiftpos.product", [(None, product()), (None, product("W1", Barcodes=None))])


def state(house: House) -> dict[str, list]:
    return {name: sorted(house.rows(f"select * from {name}"), key=str) for name in TABLES}


def reads_meanwhile(house: House, sql: str, work: Callable[[], object]) -> list:
    """What a reader sees, again and again, while something is done."""
    found, over = [], threading.Event()

    def read() -> None:
        while not over.is_set():
            found.append(house.rows(sql))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        work()
    finally:
        over.set()
        reader.join()
    return found


def test_a_window_is_curated_by_one_job_and_again_and_again_it_is_the_same(house, derived):
    land(house)
    made = house.plan("swiftpos")
    run = house.work(made)
    assert house.rows("select count(*) from sale") == [("0",)]  # nothing is served before it is published
    results = house.publish("swiftpos")

    assert {name: item.rows for name, item in results.items()} == {
        "hospitality.sale": 2,
        "hospitality.sale_item": 3,
        "hospitality.sale_payment": 2,
        "hospitality.member_transaction": 1,
        "hospitality.product": 2,
    }
    assert house.rows(
        "select venue_id, sum(total_inc), max(sold_at_local), max(business_date) from sale group by 1 order by 1"
    ) == [
        ("1", "34.00", "2026-05-01 18:15:30.123", "2026-05-01"),
        ("2", "17.00", "2026-05-02 06:00:00.000", "2026-05-02"),
    ]
    assert house.rows(
        "select sum(quantity), sum(total_inc), max(item_cost) from sale_item where business_date = date '2026-05-01'"
    ) == [("4.000", "34.00", "2.1234")]
    assert house.rows("select product_version_key, barcodes, valid_from from product order by 1") == [
        ("B001@2026-05-01T12:15:00.000", "93001, 93002", "2026-05-01 12:15:00.000"),
        ("W1@2026-05-01T12:15:00.000", "", "2026-05-01 12:15:00.000"),
    ]
    assert derived[0][0]["hospitality.sale"] == ["2026-05-01", "2026-05-02"]
    assert len(house.log(run, "output")) == len(TABLES)
    before = state(house)

    # Killed before anything was taken, the same batches come again: here after all was served.
    for batch in made.batches:
        house.ledger.note(batch.dataset, f"todo#curate#{batch.batch}", {})
    again = house.plan("swiftpos")
    house.work(again)
    seen = reads_meanwhile(house, "select count(*), sum(total_inc) from sale", lambda: house.publish("swiftpos"))

    assert state(house) == before
    assert set(map(tuple, seen)) == {(("2", "51.00"),)}


def test_a_job_that_fails_leaves_what_is_served_and_says_why(house):
    house.land("swiftpos.sale", [(BELLA, sale(1, Items=[{**BEER, "TotalInc": None}]))])
    made = house.plan("swiftpos")

    run = house.start(made)

    assert run["JobRunState"] == "FAILED"
    assert (
        "row 0 lacks total_inc, which it must have: add a rule to the contract of swiftpos.sale" in run["ErrorMessage"]
    )
    assert house.rows("select count(*) from sale") == [("0",)]

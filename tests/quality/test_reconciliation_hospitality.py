"""The hotels' books: landed lines against their manifest, and each business date in lake and warehouse."""

import gzip
import json
from decimal import Decimal
from typing import Any

import pytest

from quayside.contract import contract_names, load_contract
from quayside.errors import Terminal
from quayside.manifest import Manifest
from quayside.quality.gate import gate
from quayside.quality.lines import Line
from quayside.quality.quarantine import quarantine_key
from quayside.quality.reconciliation import main, reconcile
from quayside.settings import aws
from tests.quality.records import GOOD, changed, land, line
from tests.warehouse.conftest import Stars
from tests.warehouse.conftest import stars as stars
from tests.warehouse.hotels import CURATED, HOTEL_STARS, Hotels, days, item, rostered, sale, timesheet

SOURCES = [
    load_contract(name) for domain in ("swiftpos", "humanforce", "aristocrat") for name in contract_names(domain)
]
SALES = load_contract("swiftpos.sale")


@pytest.fixture
def hotels(stars: Stars) -> Hotels:
    return Hotels(stars)


def _trade(hotels: Hotels, day: int, *amounts: str) -> None:
    made = sale(day, days(day))
    lines = [item(made, number, total_inc=Decimal(amount)) for number, amount in enumerate(amounts, 1)]
    hotels.write(sale={days(day): [made] if lines else []}, sale_item={days(day): lines})


def _reconcile(hotels: Hotels) -> list[Line]:
    return reconcile(SOURCES, HOTEL_STARS, hotels.stars.run(), hotels.stars.credentials)


def _land_sales(hotels: Hotels, *lines: str) -> Manifest:
    """Land lines of sales, and take them past the gate and the curated stage."""
    stars = hotels.stars
    manifest = land(stars.lake, stars.ledger, SALES, lines, files=2)
    gate([SALES], stars.run())
    stars.ledger.advance(SALES.name, manifest.batch, taken="curate", status="curated", todo="load")
    return manifest


def _lines_of(hotels: Hotels, *, dataset: str) -> list[tuple[Any, ...]]:
    return [
        (found.stage, found.found.rows, found.wanted.rows) for found in _reconcile(hotels) if found.dataset == dataset
    ]


def test_dates_that_agree_are_settled_once(hotels: Hotels) -> None:
    _trade(hotels, 0, "10.00", "4.00")
    _trade(hotels, 1, "-3.50")
    hotels.load()
    found = [line for line in _reconcile(hotels) if line.dataset == "warehouse.fact_sale_item"]

    assert [(line.stage, line.found.rows, line.found.sums["total_inc"], line.equal) for line in found] == [
        ("dates", 2, "14.00", True),
        ("dates", 1, "-3.50", True),
    ]
    assert found[0].found == found[0].wanted
    assert _reconcile(hotels) == []
    stored = hotels.stars.lake.read_table(hotels.stars.lake.keys("quality/reconciliation/")).to_pylist()
    assert {(row["dataset"], row["kind"], row["equal"]) for row in stored} >= {
        ("warehouse.fact_sale_item", "derived", True)
    }


BREAKS = {
    "a line is gone": ("delete from warehouse.fact_sale_item where line = 2", "1 rows instead of 2 (1 fewer)"),
    "an amount differs": (
        "update warehouse.fact_sale_item set total_inc = 5 where line = 2",
        "total_inc adds up to 15.00 instead of 14.00 (+1.00)",
    ),
    "a line is on another day": (
        "update warehouse.fact_sale_item set business_date = business_date + 1 where line = 2",
        "1 rows instead of 2 (1 fewer)",
    ),
}


@pytest.mark.parametrize("change", BREAKS)
def test_a_changed_fact_is_found_and_mended_by_loading_its_batch_again(
    hotels: Hotels, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    statement, said = BREAKS[change]
    _trade(hotels, 0, "10.00", "4.00")
    hotels.load()
    hotels.stars.execute(statement)
    with pytest.raises(Terminal) as refusal:
        _reconcile(hotels)
    assert f"warehouse.fact_sale_item (dates) has on {days(0)} {said}" in str(refusal.value)
    [entry] = hotels.stars.ledger.pending("warehouse.fact_sale_item", "reconcile")

    assert main(["again", "warehouse.fact_sale_item", entry.batch]) == 0
    assert capsys.readouterr().out.strip() == f"warehouse.fact_sale_item/{entry.batch}"
    if change == "a line is on another day":
        hotels.stars.execute("delete from warehouse.fact_sale_item where line = 2")
    hotels.load()
    assert all(line.equal for line in _reconcile(hotels))


def test_a_date_that_is_curated_anew_meanwhile_is_compared_once_that_is_loaded(hotels: Hotels) -> None:
    _trade(hotels, 0, "10.00")
    hotels.load()
    _trade(hotels, 0, "10.00", "2.00")
    assert [line for line in _reconcile(hotels) if line.dataset == "warehouse.fact_sale_item"] == []
    hotels.load()
    found = [line for line in _reconcile(hotels) if line.dataset == "warehouse.fact_sale_item"]
    assert [(line.found.rows, line.equal) for line in found] == [(2, True), (2, True)]


def test_a_date_whose_partition_is_being_swapped_is_no_difference_yet(hotels: Hotels) -> None:
    _trade(hotels, 0, "10.00")
    hotels.load()
    hotels.stars.execute("delete from warehouse.fact_sale_item")
    noted = {"tables": {CURATED["sale_item"].name: [str(days(0))]}}
    hotels.stars.ledger.note("curated.swiftpos", "changes#20260501T000000000000", noted)
    assert _lines_of(hotels, dataset="warehouse.fact_sale_item") == []
    hotels.stars.ledger.forget("curated.swiftpos", "changes#20260501T000000000000")
    with pytest.raises(Terminal, match="0 rows instead of 1"):
        _reconcile(hotels)


def test_deleted_shifts_are_missing_from_the_warehouse_rightly(hotels: Hotels) -> None:
    hotels.write(
        timesheet={days(0): [timesheet("a", days(0)), timesheet("b", days(0), deleted=True)]},
        roster_shift={days(0): [rostered("a", days(0))]},
    )
    hotels.load()
    assert _lines_of(hotels, dataset="warehouse.fact_shift") == [("dates", 2, 2)]


def test_landed_lines_are_those_of_the_manifest_accepted_or_in_quarantine(hotels: Hotels) -> None:
    record, of = GOOD[SALES.name]
    lines = [line(0, record, of), line(1, changed(record, "TransactionDate", "yesterday"), of), line(2, record, of)]
    _land_sales(hotels, *lines)
    found = [line for line in _reconcile(hotels) if line.dataset == SALES.name]
    assert [(line.stage, line.found.rows, line.wanted.rows, line.note) for line in found] == [
        ("landing", 3, 3, ""),
        ("accepted", 3, 3, "1 rows are in quarantine"),
    ]
    assert hotels.stars.ledger.batches(SALES.name)[-1].status == "loaded"


@pytest.mark.parametrize(
    ("key", "told"),
    [("part-0000.json.gz", "(landing) has 1 rows instead of 3"), (None, "(accepted) has 2 rows instead of 3")],
)
def test_lost_lines_and_lost_quarantine_are_found(hotels: Hotels, key: str | None, told: str) -> None:
    record, of = GOOD[SALES.name]
    lines = [line(0, record, of), line(1, changed(record, "TransactionDate", "yesterday"), of), line(2, record, of)]
    manifest = _land_sales(hotels, *lines)
    lake = hotels.stars.lake
    if key:
        [file] = [file.key for file in manifest.files if file.key.endswith(key)]
        lake.write_bytes(file, gzip.compress(b""))
    else:
        lake.delete([quarantine_key(SALES.name, manifest.batch)])
    with pytest.raises(Terminal) as refusal:
        _reconcile(hotels)
    assert told in str(refusal.value)


def test_totals_count_curated_tables_and_the_facts_that_are_made_of_them(
    hotels: Hotels, capsys: pytest.CaptureFixture[str]
) -> None:
    credentials = hotels.stars.credentials
    aws("secretsmanager").create_secret(
        Name=f"{hotels.stars.settings.secret_prefix}warehouse",
        SecretString=json.dumps({name: getattr(credentials, name) for name in credentials.__slots__}),
    )
    _trade(hotels, 0, "10.00", "4.00")
    hotels.write(timesheet={days(0): [timesheet("a", days(0)), timesheet("b", days(0), deleted=True)]})
    hotels.load()
    assert main(["totals", "--pipeline", "swiftpos"]) == 0
    told = {record["dataset"]: record for record in map(json.loads, capsys.readouterr().out.splitlines())}
    assert sorted(told) == [
        f"hospitality.{name}" for name in ("member_transaction", "product", "sale", "sale_item", "sale_payment")
    ]
    lines = {"dataset": "hospitality.sale_item", "source": None, "lake": 2, "warehouse": 2, "equal": True}
    assert told["hospitality.sale_item"] == lines
    assert told["hospitality.sale"]["lake"] == 1

    assert main(["totals", "--pipeline", "humanforce"]) == 0
    told = {record["dataset"]: record for record in map(json.loads, capsys.readouterr().out.splitlines())}
    assert (told["hospitality.timesheet"]["lake"], told["hospitality.timesheet"]["warehouse"]) == (2, None)
    assert (told["hospitality.shift"]["lake"], told["hospitality.shift"]["warehouse"]) == (1, 1)

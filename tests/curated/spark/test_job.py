"""The job over several runs: whatever is taken when, in whatever portions, the tables end the same."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from shutil import rmtree

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from tests.curated.spark.folder import Folder
from tests.curated.spark.vendors import BEER, BELLA, CASH, product, reading, roster_item, sale, timesheet, transaction

SALES = ("sale", "sale_item", "sale_payment")


@pytest.fixture
def folder(spark, tmp_path: Path) -> Folder:
    return Folder(spark, tmp_path)


def sold(id: int, clerk: int = 5, lines: int = 1, at: str = "2026-05-01T08:15:30.123Z"):
    """A sale and what it hangs under."""
    return BELLA, sale(id, at, Clerk={"Id": clerk, "Name": "?"}, Items=[BEER] * lines, Media=[CASH] * lines)


def test_one_run_makes_all_tables_of_a_source(folder):
    done = folder.curate(
        folder.land("swiftpos.sale", "1-a", [sold(1, lines=2), sold(2)]),
        folder.land("swiftpos.member_transaction", "1-a", [({"MemberId": 9}, transaction())]),
        folder.land("swiftpos.product", "1-a", [(None, product())]),
    )

    assert {name: (item.read, item.keys, item.rows) for name, item in done.items()} == {
        "sale": (2, 2, 2),
        "sale_item": (2, 3, 3),
        "sale_payment": (2, 3, 3),
        "member_transaction": (1, 1, 1),
        "product": (1, 1, 1),
    }
    [row] = folder.rows("member_transaction")
    assert (row["member_id"], row["paid"], row["items"]) == (9, Decimal("17.00"), 1)
    assert row["transacted_at_local"] == datetime(2026, 5, 1, 18, 15, 30, 123000)


def test_the_files_are_what_athena_and_the_worker_read(folder):
    folder.curate(folder.land("swiftpos.sale", "1-a", [sold(1)]))

    [file] = folder.files(folder.places["sale"]["2026-05-01"])
    kinds = {field.name: str(field.type) for field in pq.read_schema(file)}
    assert "business_date" not in kinds  # it is the folder's
    assert (kinds["sold_at"], kinds["total_inc"], kinds["venue_id"], kinds["sale_id"], kinds["is_void"]) == (
        "timestamp[us]",
        "decimal128(14, 2)",
        "int32",
        "int64",
        "bool",
    )
    assert not [path for path in file.parents[1].rglob("*") if path.name.startswith("_")]


def test_a_later_version_replaces_the_sale_and_all_its_lines(folder):
    folder.curate(folder.land("swiftpos.sale", "1-a", [sold(1, clerk=5, lines=3), sold(2), sold(1, clerk=6, lines=2)]))
    assert [row["clerk_id"] for row in folder.rows("sale")] == [6, 5]

    folder.curate(folder.land("swiftpos.sale", "2-b", [sold(1, clerk=7, lines=0)]))

    assert [(row["sale_id"], row["clerk_id"]) for row in folder.rows("sale")] == [(1, 7), (2, 5)]
    assert [row["sale_item_key"] for row in folder.rows("sale_item")] == ["1-2-1"]

    folder.curate(folder.land("swiftpos.sale", "1-z", [sold(1, clerk=8, lines=3)]))  # recorded before 2-b

    assert [row["clerk_id"] for row in folder.rows("sale")] == [7, 5]
    assert [row["sale_payment_key"] for row in folder.rows("sale_payment")] == ["1-2-1"]


def test_a_replayed_record_takes_the_place_of_the_batch_that_it_was_rejected_in(folder):
    folder.curate(folder.land("swiftpos.sale", "1-a", [sold(1, clerk=5), sold(2, clerk=5)]))
    folder.curate(folder.land("swiftpos.sale", "3-a", [sold(2, clerk=7)]))

    folder.curate(folder.land("swiftpos.sale", "4-a", [sold(1, clerk=6), sold(2, clerk=6)], replays="2-a"))

    assert [row["clerk_id"] for row in folder.rows("sale")] == [6, 7]


def test_what_counts_as_a_batch_comes_after_that_batch_itself_even_in_one_run(folder):
    own = folder.land("swiftpos.sale", "1-a", [sold(1, clerk=5, lines=3), sold(2, clerk=5)])
    again = folder.land("swiftpos.sale", "2-a", [sold(1, clerk=6, lines=2)], replays="1-a")

    folder.curate(again, own)

    assert [row["clerk_id"] for row in folder.rows("sale")] == [6, 5]
    assert [row["sale_item_key"] for row in folder.rows("sale_item")] == ["1-1-1", "1-1-2", "1-2-1"]


def test_only_the_dates_that_a_batch_speaks_of_are_rewritten_and_whole(folder):
    folder.curate(folder.land("swiftpos.sale", "1-a", [sold(1), sold(2), sold(3, at="2026-05-03T03:00:00.000Z")]))
    before = dict(folder.places["sale"])

    done = folder.curate(folder.land("swiftpos.sale", "2-b", [sold(4)]))

    assert (done["sale"].partitions, done["sale"].keys, done["sale"].rows) == (("2026-05-01",), 1, 3)
    assert folder.places["sale"]["2026-05-03"] == before["2026-05-03"]
    assert [row["sale_id"] for row in folder.rows("sale")] == [1, 2, 3, 4]


def test_a_rejected_line_is_not_even_parsed(folder):
    lines = [sold(1), '{"row":1,"of":null,"record":{"Id":"seven"', sold(3)]

    done = folder.curate(folder.land("swiftpos.sale", "1-a", lines, rejected=[1]))

    assert (done["sale"].read, [row["sale_id"] for row in folder.rows("sale")]) == (2, [1, 3])


def test_an_edit_that_moves_a_shift_takes_it_from_its_old_date(folder):
    folder.curate(folder.land("humanforce.timesheet", "1-a", [(None, timesheet("a")), (None, timesheet("b"))]))
    moved = timesheet("a", day="2026-05-02", Deleted=True)

    done = folder.curate(folder.land("humanforce.timesheet", "2-b", [(None, moved)]))["timesheet"]

    assert (done.partitions, done.keys, done.rows) == (("2026-05-01", "2026-05-02"), 1, 2)
    assert [(row["timesheet_key"], row["business_date"], row["deleted"]) for row in folder.rows("timesheet")] == [
        ("a", "2026-05-02", True),
        ("b", "2026-05-01", False),
    ]

    emptied = folder.curate(folder.land("humanforce.timesheet", "3-c", [(None, timesheet("a", day="2026-05-03"))]))

    assert emptied["timesheet"].partitions == ("2026-05-02", "2026-05-03")
    assert sorted(folder.places["timesheet"]) == ["2026-05-01", "2026-05-03"]


def test_the_last_edit_wins_not_the_last_batch(folder):
    late, early = "2026-05-09T10:00:00.001", "2026-05-09T10:00:00"
    item = roster_item("r", LastEdit=late, StartTime="2026-05-02T01:00:00")

    folder.curate(folder.land("humanforce.roster_item", "2-b", [(None, item)]))
    folder.curate(
        folder.land("humanforce.roster_item", "3-c", [(None, roster_item("r", LastEdit=early, day="2026-05-05"))])
    )

    [row] = folder.rows("roster_shift")
    assert (row["start_at"], row["source_batch"]) == (datetime(2026, 5, 2, 1), "2-b")


def test_a_product_has_a_version_for_each_change_of_anything_but_stock(folder):
    def seen(batch, hour, *products):
        return folder.land(
            "swiftpos.product", batch, [(None, item) for item in products], seen=f"2026-05-01T{hour}:00:00.000"
        )

    def versions():
        return [(row["product_version_key"], row["price"], row["stock_level"]) for row in folder.rows("product")]

    first = seen("1-a", 10, product(), product("W1", Barcodes=[], ItemCost=None))
    third = seen("3-c", 12, product(StockLevel=12))
    folder.curate(first)
    folder.curate(third)
    assert versions() == [
        ("B001@2026-05-01T10:00:00.000", Decimal("8.5000"), 40),
        ("W1@2026-05-01T10:00:00.000", Decimal("8.5000"), 40),
    ]

    folder.curate(seen("2-b", 11, product(Price=9)), third)  # late: planned with all that was read after it

    assert [version for version in versions() if version[0].startswith("B")] == [
        ("B001@2026-05-01T10:00:00.000", Decimal("8.5000"), 40),
        ("B001@2026-05-01T11:00:00.000", Decimal("9.0000"), 40),
        ("B001@2026-05-01T12:00:00.000", Decimal("8.5000"), 12),
    ]
    assert {row["inventory_code"]: row["barcodes"] for row in folder.rows("product")} == {
        "B001": "93001, 93002",
        "W1": "",
    }


def test_the_same_batches_again_leave_the_same_rows(folder):
    batches = [
        folder.land("swiftpos.sale", "1-a", [sold(1, lines=2), sold(1, clerk=6), sold(2)]),
        folder.land("swiftpos.product", "1-a", [(None, product())]),
        folder.land("aristocrat.reading", "1-a", [({"File": "f", "Line": 2}, reading())]),
    ]
    folder.curate(*batches)
    before = {name: folder.rows(name) for name in folder.places}

    for _ in range(2):
        folder.curate(*batches)

    assert {name: folder.rows(name) for name in folder.places} == before
    assert before["gaming_reading"][0]["turnover"] == Decimal("1234.50")


def test_some_tables_can_be_made_alone(folder):
    batch = folder.land("swiftpos.sale", "1-a", [sold(1, lines=2)])

    done = folder.curate(batch, tables=["sale_item"])

    assert (list(done), done["sale_item"].rows, "sale" in folder.places) == (["sale_item"], 2, False)


def test_a_batch_without_lines_changes_nothing(folder):
    batch = folder.land("swiftpos.sale", "1-a", ['{"row":0,'], rejected=[0])

    assert {item.partitions for item in folder.curate(batch).values()} == {()}


@pytest.mark.parametrize("lost", ["landing", "current"])
def test_a_missing_file_fails_the_job(folder, lost):
    first = folder.land("swiftpos.sale", "1-a", [sold(1)])
    folder.curate(first)
    place = folder.places["sale"]["2026-05-01"] if lost == "current" else first.files[0].rpartition("/")[0]
    rmtree(place.removeprefix("file://"))

    with pytest.raises((PySparkException, Py4JJavaError), match="PATH_NOT_FOUND"):
        folder.curate(first)


# Histories: what happens to a few keys, each in a hundred cases at once, since a run of Spark costs more than its rows.

CASES, BATCHES = 40, 4
VERSION = st.tuples(
    st.integers(0, 2), st.integers(1, 9), st.integers(0, 2)
)  # key, what tells versions apart, lines or day
HISTORY = st.tuples(
    st.lists(st.lists(VERSION, max_size=3), min_size=BATCHES, max_size=BATCHES),
    st.lists(st.integers(0, 2), min_size=BATCHES, max_size=BATCHES),  # the run that takes each batch
)


def _take(folder: Folder, histories: list, line: Callable, dataset: str, *, at_once: bool) -> None:
    """Let every case's batches be taken in the runs that it says; or all at once. Batch n of all cases is one batch."""
    for run in range(1 if at_once else 3):
        batches = []
        for number in range(BATCHES):
            lines = [
                line(case, version)
                for case, (told, runs) in enumerate(histories)
                if at_once or runs[number] == run
                for version in told[number]
            ]
            if lines:
                name = f"{number:08d}-a"
                batches.append(folder.land(dataset, name, [(BELLA, record) for record in lines]))
        if batches:
            folder.curate(*batches)


def _sale_of(case: int, version: tuple[int, int, int]) -> dict:
    key, clerk, lines = version
    return sold(case * 10 + key, clerk, lines, at=f"2026-05-0{1 + case % 2}T08:00:00.000Z")[1]


def _shift_of(case: int, version: tuple[int, int, int]) -> dict:
    key, edit, day = version
    return timesheet(f"{case}-{key}", f"2026-05-0{day + 1}", LastEdit=f"2026-05-09T10:00:0{edit}", Cost=edit)


@given(histories=st.lists(HISTORY, min_size=CASES, max_size=CASES))
@settings(
    max_examples=1, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
def test_sales_end_the_same_in_whatever_order_and_portions_batches_are_taken(spark, tmp_path_factory, histories):
    some, all_ = (Folder(spark, tmp_path_factory.mktemp("sales")) for _ in range(2))

    _take(some, histories, _sale_of, "swiftpos.sale", at_once=False)
    _take(all_, histories, _sale_of, "swiftpos.sale", at_once=True)

    expected = {}
    for case, (told, _) in enumerate(histories):
        for batch in told:
            for key, clerk, lines in batch:
                expected[f"1-{case * 10 + key}"] = clerk, lines
    for folder in (some, all_):
        assert {row["sale_key"]: (row["clerk_id"], row["items"]) for row in folder.rows("sale")} == expected
    for name in SALES:
        assert some.rows(name) == all_.rows(name)
    assert len(all_.rows("sale_item")) == sum(lines for _, lines in expected.values())


@given(histories=st.lists(HISTORY, min_size=CASES, max_size=CASES))
@settings(
    max_examples=1, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
def test_shifts_end_the_same_in_whatever_order_and_portions_batches_are_taken(spark, tmp_path_factory, histories):
    some, all_ = (Folder(spark, tmp_path_factory.mktemp("shifts")) for _ in range(2))

    _take(some, histories, _shift_of, "humanforce.timesheet", at_once=False)
    _take(all_, histories, _shift_of, "humanforce.timesheet", at_once=True)

    expected: dict = {}
    for case, (told, _) in enumerate(histories):
        for number, batch in enumerate(told):
            for key, edit, day in batch:
                name = f"{case}-{key}"
                expected[name] = max(
                    expected.get(name, (0, 0, "")), (edit, number, f"2026-05-0{day + 1}"), key=lambda item: item[:2]
                )
    found = {row["timesheet_key"]: (row["cost"], row["business_date"]) for row in all_.rows("timesheet")}
    assert found == {name: (edit, day) for name, (edit, _, day) in expected.items()}
    assert some.rows("timesheet") == all_.rows("timesheet")

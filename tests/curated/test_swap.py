"""Readers of the lake: what a rerun rewrites, and what somebody sees who reads while it does."""

import threading
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import pytest

from quayside.curated.curate import _Work
from quayside.errors import Retryable
from tests.curated.support import World, at

ROWS = 20


def test_only_the_buckets_and_partitions_that_a_batch_touches_are_rewritten(world: World) -> None:
    world.land(
        "sales_order",
        {"sales_order_id": 1, "last_updated": at(0)},
        {"sales_order_id": 600_000, "last_updated": at(0)},
        {"sales_order_id": 2, "last_updated": at(0).replace(month=4)},
    )
    world.curate()
    buckets, months = world.catalog.partitions("totesys_sales_order"), world.catalog.partitions("fact_sales_order")
    world.land("sales_order", {"sales_order_id": 600_000, "last_updated": at(9)})
    world.curate()

    assert _moved(buckets, world.catalog.partitions("totesys_sales_order")) == {("2",)}
    assert set(buckets) == {("0",), ("2",)}
    assert _moved(months, world.catalog.partitions("fact_sales_order")) == {("2026-05",)}
    assert set(months) == {("2026-04",), ("2026-05",)}


def test_the_version_before_stays_for_readers_in_flight_and_older_ones_go(world: World) -> None:
    places = []
    for minute in range(3):
        world.land("sales_order", {"sales_order_id": 1, "last_updated": at(minute)})
        world.curate()
        places.append(
            world.catalog.partitions("fact_sales_order")[("2026-05",)].removeprefix(f"s3://{world.lake.bucket}/")
        )

    kept = world.lake.keys("curated/warehouse/fact_sales_order")
    assert kept == [f"{place}part-0.parquet" for place in places[1:]]


def test_a_month_that_grows_run_by_run_keeps_its_rows_together(world: World) -> None:
    for minute in range(3):
        world.land("sales_order", {"sales_order_id": 1, "last_updated": at(minute)})
        world.curate()
    [place] = world.catalog.partitions("fact_sales_order").values()
    with world.lake.filesystem.open_input_file(
        f"{place.removeprefix(f's3://{world.lake.bucket}/')}part-0.parquet"
    ) as file:
        assert (pq.ParquetFile(file).num_row_groups, pq.ParquetFile(file).metadata.num_rows) == (1, 3)


def test_a_reader_sees_each_table_before_or_after_a_rerun_never_between(world: World) -> None:
    """Each run changes all rows: any mixture of two runs would show as two names, or as a number of versions between."""

    def land(number: int) -> None:
        rows = [{"sales_order_id": key, "last_updated": at(number), "units_sold": number} for key in range(ROWS)]
        world.land("sales_order", *rows)
        world.land(
            "design",
            *({"design_id": key, "last_updated": at(number), "design_name": f"v{number}"} for key in range(ROWS)),
        )

    land(0)
    world.curate()
    wrong: list[str] = []
    reads = 0

    def check(name: str, right: Callable[[list[dict[str, Any]]], bool]) -> None:
        for values, table in world.files(name).items():
            if not right(table.to_pylist()):
                wrong.append(f"{name} {values}: {table.num_rows} rows")

    done = threading.Event()

    def watch() -> None:
        nonlocal reads
        while not done.is_set():
            check("dim_design", lambda rows: len(rows) == ROWS and len({row["design_name"] for row in rows}) == 1)
            check(
                "totesys_sales_order", lambda rows: len(rows) == ROWS and len({row["units_sold"] for row in rows}) == 1
            )
            check("fact_sales_order", lambda rows: len(rows) > 0 and len(rows) % ROWS == 0)
            reads += 1

    reader = threading.Thread(target=watch)
    reader.start()
    try:
        for number in range(1, 6):
            land(number)
            world.curate()
    finally:
        done.set()
        reader.join()

    assert wrong == []
    assert reads > 5
    assert len(world.rows("fact_sales_order")) == 6 * ROWS


def test_a_run_that_lost_its_lease_to_another_swaps_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.land("design", {"design_id": 1, "last_updated": at(0)})
    swap = _Work._swap

    def meanwhile(work: _Work, *args: Any) -> None:
        monkeypatch.setattr(_Work, "_swap", swap)
        world.land("design", {"design_id": 2, "last_updated": at(1)})
        world.curate()  # the lease has one owner, so this stands for a run that took it when it had expired
        swap(work, *args)

    monkeypatch.setattr(_Work, "_swap", meanwhile)
    with pytest.raises(Retryable, match="rewritten dim_design meanwhile"):
        world.curate()

    assert world.star("dim_design", "design_id") == [(1,), (2,)]


def _moved(before: dict[tuple[str, ...], str], after: dict[tuple[str, ...], str]) -> set[tuple[str, ...]]:
    return {values for values, place in after.items() if before.get(values) != place}

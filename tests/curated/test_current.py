"""Current rows and versions: what a sequence of batches leaves behind, however it is cut into runs."""

from dataclasses import replace

import pyarrow as pa
import pytest

from quayside.contract import Column
from quayside.curated import current_keys
from quayside.errors import Terminal
from quayside.types import arrow_schema
from tests.curated.support import NOON, World, at, row

VERSION = ("sales_order_id", "last_updated_time", "units_sold", "deleted")


def test_the_first_load_brings_every_row_and_a_version_of_it(world: World) -> None:
    world.land(
        "sales_order", {"sales_order_id": 1, "last_updated": at(0)}, {"sales_order_id": 2, "last_updated": at(1)}
    )
    made = world.curate()

    assert world.current("sales_order", "sales_order_id", "deleted") == [(1, False), (2, False)]
    assert world.star("fact_sales_order", *VERSION) == [
        (1, "12:00:00.000000", 7, False),
        (2, "12:01:00.000000", 7, False),
    ]
    assert made["warehouse.fact_sales_order"].rows == 2
    assert world.ledger.pending("totesys.sales_order", "curate") == []


def test_a_second_run_adds_exactly_what_is_new(world: World) -> None:
    world.land("sales_order", {"sales_order_id": 1, "last_updated": at(0)})
    world.curate()
    world.land("sales_order", {"sales_order_id": 2, "last_updated": at(1)})
    made = world.curate()

    assert made["warehouse.fact_sales_order"].rows == 1
    assert world.current("sales_order", "sales_order_id") == [(1,), (2,)]
    assert [item["sales_order_id"] for item in world.changes("fact_sales_order")] == [1, 2]


def test_a_run_without_batches_does_nothing(world: World) -> None:
    assert world.curate() == {}
    world.land("sales_order", {"sales_order_id": 1, "last_updated": at(0)})
    world.curate()
    before = world.lake.keys("curated")

    assert world.curate() == {}
    assert world.lake.keys("curated") == before


def test_the_same_batch_twice_changes_nothing(world: World) -> None:
    batch = world.land(
        "sales_order", {"sales_order_id": 1, "last_updated": at(0)}, {"sales_order_id": 2, "last_updated": at(1)}
    )
    world.curate()
    before = world.rows("totesys_sales_order"), world.rows("fact_sales_order")
    world.again("sales_order", batch)

    assert world.curate() == {}
    assert (world.rows("totesys_sales_order"), world.rows("fact_sales_order")) == before
    assert len(world.changes("fact_sales_order")) == 2


def test_an_update_adds_a_version_and_replaces_the_current_row(world: World) -> None:
    world.land("sales_order", {"sales_order_id": 1, "last_updated": at(0), "units_sold": 1000})
    world.curate()
    batch = world.land("sales_order", {"sales_order_id": 1, "last_updated": at(5), "units_sold": 2000})
    world.curate()

    assert world.current("sales_order", "sales_order_id", "units_sold", "source_batch") == [(1, 2000, batch)]
    assert world.star("fact_sales_order", *VERSION) == [
        (1, "12:00:00.000000", 1000, False),
        (1, "12:05:00.000000", 2000, False),
    ]


def test_a_delete_adds_a_version_with_the_last_known_values(world: World) -> None:
    world.land("sales_order", {"sales_order_id": 1, "last_updated": at(0), "units_sold": 1000})
    world.curate()
    world.delete("sales_order", 1, seen=at(9))
    world.curate()

    assert world.current("sales_order", "sales_order_id", "units_sold", "last_updated", "deleted") == [
        (1, 1000, at(9), True)
    ]
    assert world.star("fact_sales_order", *VERSION)[1] == (1, "12:09:00.000000", 1000, True)


def test_a_delete_of_a_row_that_arrives_in_the_same_run_has_its_values(world: World) -> None:
    world.land("sales_order", {"sales_order_id": 1, "last_updated": at(0), "units_sold": 1000})
    world.delete("sales_order", 1, seen=at(9))
    world.curate()

    assert world.star("fact_sales_order", *VERSION) == [
        (1, "12:00:00.000000", 1000, False),
        (1, "12:09:00.000000", 1000, True),
    ]


def test_a_second_tombstone_says_nothing_new(world: World) -> None:
    world.land("sales_order", {"sales_order_id": 1, "last_updated": at(0)})
    world.delete("sales_order", 1, seen=at(9))
    world.delete("sales_order", 1, seen=at(10))
    world.delete("sales_order", 77, seen=at(10))
    world.curate()

    assert world.current("sales_order", "sales_order_id", "last_updated") == [(1, at(9))]
    assert len(world.rows("fact_sales_order")) == 2


def test_a_tombstone_no_younger_than_its_row_deletes_it_all_the_same(world: World) -> None:
    world.land("sales_order", {"sales_order_id": 1, "last_updated": at(20)})  # its clock is ahead
    world.delete("sales_order", 1, seen=at(9))
    world.curate()

    assert world.current("sales_order", "deleted", "last_updated") == [(True, at(20).replace(microsecond=1000))]


@pytest.mark.parametrize("runs", [1, 3])
def test_a_row_restored_with_a_new_timestamp_is_current_again(world: World, runs: int) -> None:
    steps = [
        lambda: world.land("sales_order", {"sales_order_id": 1, "last_updated": at(0)}),
        lambda: world.delete("sales_order", 1, seen=at(9)),
        lambda: world.land("sales_order", {"sales_order_id": 1, "last_updated": at(12)}),
    ]
    for step in steps:
        step()
        if runs == 3:
            world.curate()
    world.curate()

    assert world.current("sales_order", "deleted", "last_updated") == [(False, at(12))]
    assert [item[3] for item in world.star("fact_sales_order", *VERSION)] == [False, True, False]


@pytest.mark.parametrize("runs", [1, 3])
def test_a_row_restored_as_it_was_is_current_again_from_when_it_was_seen(world: World, runs: int) -> None:
    steps = [
        lambda: world.land("sales_order", {"sales_order_id": 1, "last_updated": at(0)}),
        lambda: world.delete("sales_order", 1, seen=at(9)),
        lambda: world.land("sales_order", {"sales_order_id": 1, "last_updated": at(0)}, seen=at(15), kind="backfill"),
    ]
    for step in steps:
        batch = step()
        if runs == 3:
            world.curate()
    world.curate()
    world.again("sales_order", batch)
    world.curate()
    world.land("sales_order", {"sales_order_id": 1, "last_updated": at(0)}, seen=at(20))  # read once more: nothing new
    world.curate()

    assert world.current("sales_order", "deleted", "last_updated") == [(False, at(15))]
    assert [item[1:4:2] for item in world.star("fact_sales_order", *VERSION)] == [
        ("12:00:00.000000", False),
        ("12:09:00.000000", True),
        ("12:15:00.000000", False),
    ]


def test_batches_out_of_order_end_in_the_same_state(world: World) -> None:
    world.land("sales_order", {"sales_order_id": 1, "last_updated": at(0), "units_sold": 1000})
    contract = world.contract("sales_order")
    held = world.land_table(
        "sales_order",
        pa.Table.from_pylist(
            [row(contract, 1, at(5), units_sold=2000), row(contract, 2, at(5))], arrow_schema(contract)
        ),
        passed=False,
    )
    world.land("sales_order", {"sales_order_id": 1, "last_updated": at(6), "units_sold": 3000})
    world.delete("sales_order", 2, seen=at(9))
    world.curate()
    world.release("sales_order", held)
    world.curate()

    assert world.current("sales_order", "sales_order_id", "units_sold", "deleted") == [(1, 3000, False), (2, 7, False)]
    assert [item[2] for item in world.star("fact_sales_order", *VERSION) if item[0] == 1] == [1000, 2000, 3000]


def test_an_older_version_that_a_later_batch_brings_is_history_and_not_what_stands(world: World) -> None:
    world.land("sales_order", {"sales_order_id": 1, "last_updated": at(5), "units_sold": 2000})
    world.curate()
    world.land(
        "sales_order", {"sales_order_id": 1, "last_updated": at(0), "units_sold": 1000}, seen=at(9), kind="replay"
    )
    world.curate()

    assert world.current("sales_order", "units_sold") == [(2000,)]
    assert [item[2] for item in world.star("fact_sales_order", *VERSION)] == [1000, 2000]


def test_a_file_that_is_gone_is_named(world: World) -> None:
    world.land("design", {"design_id": 1, "last_updated": at(0)})
    world.curate()
    key = world.lake.keys("curated/totesys/design")[0]
    world.lake.delete([key])
    world.land("design", {"design_id": 2, "last_updated": at(1)})
    with pytest.raises(Terminal, match=f"Cannot read {key}: no such object"):
        world.curate()


def test_of_two_batches_with_one_version_the_later_stands_and_the_first_is_kept(world: World) -> None:
    world.land("staff", {"staff_id": 1, "last_updated": at(0), "last_name": "O'Brien"})
    world.land("staff", {"staff_id": 1, "last_updated": at(0), "last_name": "Čapek 🚢"})
    world.curate()

    assert world.current("staff", "last_name") == [("Čapek 🚢",)]
    assert world.star("dim_staff", "last_name") == [("Čapek 🚢",)]


def test_rejected_rows_go_no_further(world: World) -> None:
    contract = world.contract("staff")
    batch = world.land("staff", {"staff_id": 1, "last_updated": at(0)}, {"staff_id": 2, "last_updated": at(0)})
    rejected = pa.table({"_row": pa.array([0], pa.int64()), "_rule": ["r"], "_reason": ["why"]})
    with world.lake.parquet_writer(
        f"quarantine/totesys/{contract.table}/batch={batch}/rejected.parquet", rejected.schema
    ) as file:
        file.write(rejected)
    world.curate()

    assert world.current("staff", "staff_id") == [(2,)]


def test_current_keys_tell_every_key_and_whether_it_is_deleted(world: World) -> None:
    contract = world.contract("sales_order")
    assert current_keys(contract, world.run).num_rows == 0
    world.land(
        "sales_order", {"sales_order_id": 1, "last_updated": at(0)}, {"sales_order_id": 600_000, "last_updated": at(1)}
    )
    world.delete("sales_order", 1, seen=at(9))
    world.curate()
    keys = current_keys(contract, world.run)

    assert keys.schema == pa.schema(
        [("key", pa.int64()), ("last_updated", pa.timestamp("ms")), ("deleted", pa.bool_())]
    )
    assert sorted(map(tuple, (item.values() for item in keys.to_pylist()))) == [
        (1, at(9), True),
        (600_000, at(1), False),
    ]


def test_restricted_columns_are_nowhere_in_curated(world: World) -> None:
    world.land("payment", {"payment_id": 1, "last_updated": at(0), "company_ac_number": 12345678})
    world.curate()

    restricted = {column.name for column in world.contract("payment").columns if column.restricted}
    assert restricted
    for key in world.lake.keys("curated"):
        if key.endswith(".parquet"):
            assert not restricted & set(world.lake.read_table([key]).column_names)
    for table in world.catalog.tables().values():
        assert not restricted & {item["Name"] for item in table.definition["StorageDescriptor"]["Columns"]}


def test_columns_that_the_contract_does_not_know_stay_in_landing(world: World) -> None:
    contract = world.contract("design")
    rows = pa.Table.from_pylist([row(contract, 1, NOON)], arrow_schema(contract)).append_column(
        "colour", pa.array(["red"])
    )
    world.land_table("design", rows)
    world.curate()

    assert "colour" not in world.rows("totesys_design")[0]


def test_a_nullable_column_that_a_contract_gains_is_null_for_what_was_before(world: World) -> None:
    world.land("design", {"design_id": 1, "last_updated": at(0)})
    world.curate()
    world.land("design", {"design_id": 2, "last_updated": at(1)})  # landed before the contract changed, curated after
    colour = Column(name="colour", type="text", description="Main colour.")
    source = replace(world.contract("design"), columns=(*world.contract("design").columns, colour))
    stars = [
        replace(star, columns=(*star.columns, replace(colour, transform="design.colour")))
        if star.table == "dim_design"
        else star
        for star in world.stars
    ]
    later = World(world.settings, [source if item.table == "design" else item for item in world.sources], stars)
    later.land("design", {"design_id": 3, "last_updated": at(2), "colour": "red"})
    later.curate()

    assert later.star("dim_design", "design_id", "design_name", "colour")[2] == (3, "design_name", "red")
    assert [(item["design_id"], item["colour"]) for item in later.rows("dim_design")[:2]] == [(1, None), (2, None)]
    table = later.catalog.table("totesys_design")
    assert table is not None
    assert {"Name": "colour", "Type": "string", "Comment": "Main colour."} in table.definition["StorageDescriptor"][
        "Columns"
    ]


def test_a_key_that_is_not_a_whole_number_is_refused_by_name(world: World) -> None:
    design = world.contract("design")
    columns = tuple(replace(column, type="text") if column.key else column for column in design.columns)
    broken = World(world.settings, [replace(design, columns=columns)], [])
    with pytest.raises(Terminal, match=r"totesys\.design.*design_id must be a whole number"):
        broken.curate()

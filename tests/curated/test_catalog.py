"""The Glue catalog, as the stages that keep tables use it."""

import pyarrow as pa
import pytest

from quayside.curated.catalog import Catalog, commented, hive_type
from quayside.errors import Retryable, Terminal
from quayside.settings import Settings

ONE = pa.schema([commented("id", pa.int64(), "Which.")])
MONTH = pa.schema([pa.field("month", pa.string())])


@pytest.fixture
def catalog(settings: Settings) -> Catalog:
    return Catalog.of(settings)


def test_a_table_is_created_once_and_follows_its_schema(catalog: Catalog) -> None:
    catalog.ensure_table("result", ONE, "s3://b/one/", description="First.")
    again = catalog.ensure_table(
        "result", pa.schema([*ONE, pa.field("sum", pa.decimal128(10, 2))]), "s3://b/other/", description="Second."
    )

    [table] = catalog.tables().values()
    assert table.location == again.location == "s3://b/one/"
    assert table.definition["Description"] == "Second."
    assert [
        (item["Name"], item["Type"], item["Comment"]) for item in table.definition["StorageDescriptor"]["Columns"]
    ] == [("id", "bigint", "Which."), ("sum", "decimal(10,2)", "")]


def test_a_table_that_another_process_has_just_created_is_taken_as_it_is(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog.ensure_table("result", ONE, "s3://b/one/")
    monkeypatch.setattr(Catalog, "table", lambda *_: None)  # as it was when this one looked
    catalog.ensure_table("result", ONE, "s3://b/one/")

    assert list(catalog.tables()) == ["result"]


def test_more_partitions_than_one_call_takes_are_created_and_moved(catalog: Catalog) -> None:
    table = catalog.ensure_table("many", ONE, "s3://b/many/", partitions=MONTH)
    first = {(f"{number:03d}",): f"s3://b/many/{number}/v=1/" for number in range(230)}
    catalog.place_partitions(table, first, existing=())
    second = {values: place.replace("v=1", "v=2") for values, place in first.items()} | {
        ("new",): "s3://b/many/new/v=2/"
    }
    catalog.place_partitions(table, second, existing=first)

    assert catalog.partitions("many") == second


def test_a_partition_that_the_catalog_refuses_is_worth_another_try(catalog: Catalog) -> None:
    table = catalog.ensure_table("many", ONE, "s3://b/many/", partitions=MONTH)
    catalog.place_partitions(table, {("1",): "s3://b/1/"}, existing=())
    with pytest.raises(Retryable, match="refused 1 partitions of many"):
        catalog.place_partitions(table, {("1",): "s3://b/2/"}, existing=())


def test_a_missing_database_is_for_somebody_to_create(settings: Settings) -> None:
    with pytest.raises(Terminal, match="Apply Terraform"):
        Catalog("no_such_database").ensure_table("result", ONE, "s3://b/one/")


def test_a_type_without_a_name_in_the_catalog_is_refused() -> None:
    with pytest.raises(Terminal, match=r"no type for time64"):
        hive_type(pa.time64("us"))

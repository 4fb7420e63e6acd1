"""The catalog's masked views: everything that the tables show, but personal data."""

from dataclasses import replace

import boto3
import pytest

from quayside.curated.masked import MASK, mask_tables, masked_database
from quayside.errors import Terminal
from quayside.settings import Settings
from tests.curated.support import SOURCES, STARS, World, at
from tests.support.athena import Athena

STAFF = next(contract for contract in SOURCES if contract.table == "staff")


@pytest.fixture
def world(settings: Settings) -> World:
    """All of Totesys, with two of its staff curated."""
    made = World(settings, SOURCES, STARS)
    made.land("staff", *({"staff_id": key, "first_name": "Zoë", "last_updated": at(key)} for key in (1, 2)))
    made.curate()
    return made


def test_every_table_has_a_view_of_all_but_its_personal_columns(world: World):
    athena, masked = Athena(world.settings), masked_database(world.settings)
    tables = world.catalog.tables()
    contracts = {f"totesys_{item.table}": item for item in SOURCES} | {item.table: item for item in STARS}
    hidden = {name: [column.name for column in item.columns if column.personal] for name, item in contracts.items()}
    assert hidden["totesys_staff"] == hidden["dim_staff"] == ["first_name", "last_name", "email_address"]
    assert tables.keys() == contracts.keys()
    for name in contracts:
        [open_, closed] = (athena.rows(f"select * from {database}.{name}") for database in (athena.database, masked))
        definition = tables[name].definition
        columns = [item["Name"] for item in [*definition["StorageDescriptor"]["Columns"], *definition["PartitionKeys"]]]
        expected = [
            tuple(MASK if column in hidden[name] else value for column, value in zip(columns, row, strict=True))
            for row in open_
        ]
        assert sorted(closed, key=repr) == sorted(expected, key=repr), name
        described = boto3.client("glue").get_table(DatabaseName=masked, Name=name)["Table"]["StorageDescriptor"][
            "Columns"
        ]
        assert [column["Name"] for column in described] == columns
    assert len(athena.rows(f"select * from {masked}.dim_staff where first_name = '{MASK}'")) == 2


def test_views_are_made_anew_only_where_the_table_or_its_contract_has_changed(world: World):
    assert mask_tables({"totesys_staff": STAFF}, world.settings) == []
    columns = (
        replace(column, classification="personal") if column.name in ("department_id", "created_at") else column
        for column in STAFF.columns
    )
    changed = replace(STAFF, columns=tuple(columns))

    assert mask_tables({"totesys_staff": changed}, world.settings) == ["totesys_staff"]
    asked = f"select department_id, created_at, staff_id from {masked_database(world.settings)}.totesys_staff"
    assert sorted(Athena(world.settings).rows(asked)) == [(None, None, "1"), (None, None, "2")]


def test_a_column_that_the_contract_does_not_know_is_not_shown(world: World):
    fewer = replace(STAFF, columns=tuple(column for column in STAFF.columns if column.name != "first_name"))
    mask_tables({"totesys_staff": fewer}, world.settings)

    reason = Athena(world.settings).reason(f"select first_name from {masked_database(world.settings)}.totesys_staff")
    assert "COLUMN_NOT_FOUND" in reason


def test_without_the_views_database_the_run_says_what_to_do(world: World):
    boto3.client("glue").delete_database(Name=masked_database(world.settings))

    with pytest.raises(Terminal, match="Apply Terraform"):
        mask_tables({"totesys_staff": STAFF}, world.settings)

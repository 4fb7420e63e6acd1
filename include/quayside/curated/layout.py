"""What curated tables look like in the lake: names, columns, and where their versions are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from quayside.contract import Column, Contract
from quayside.curated.catalog import NO_PARTITIONS, Values, commented
from quayside.errors import Terminal
from quayside.types import arrow_type

DELETED, BATCH, BUCKET = "deleted", "source_batch", "key_bucket"
KEYS_PER_BUCKET = 250_000
VALIDITY = ("valid_to", "is_current")  # of a member's version; they follow from the next version's ``valid_from``
_ADDED = (
    commented(DELETED, pa.bool_(), "The source row was deleted; the values are the last known."),
    commented(BATCH, pa.string(), "The landing batch that these values came with."),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """One curated table.

    :param name: in the catalog
    :param base: its folder in the lake, with a slash at the end
    :param schema: of its files, without the partition columns
    """

    name: str
    base: str
    schema: pa.Schema
    partitions: pa.Schema
    description: str

    def folder(self, values: Values, version: str) -> str:
        """Return the folder of one version of a partition; of the table, where it has none."""
        return f"{self.parent(values)}v={version}/"

    def parent(self, values: Values) -> str:
        """Return the folder in which a partition's versions are."""
        return self.base + "".join(
            f"{name}={value}/" for name, value in zip(self.partitions.names, values, strict=True)
        )


def source_layout(contract: Contract) -> Layout:
    """Return the table of a source dataset's current rows, in buckets of 250,000 keys.

    :raises Terminal: its key is not a whole number, or it uses a name that this table adds
    """
    if not pa.types.is_integer(arrow_type(contract.key)):
        raise Terminal(
            f"Contract {contract.name}: the key {contract.key.name} must be a whole number, "
            f"not {contract.key.type}: keys are stored in ranges."
        )
    taken = {DELETED, BATCH, BUCKET} & {column.name for column in contract.columns}
    if taken:
        raise Terminal(
            f"Contract {contract.name}: the lake's table adds a column {sorted(taken)[0]} of its own; "
            "a source column of that name cannot be carried."
        )
    columns = [_field(column, arrow_type(column)) for column in contract.columns if not column.restricted]
    bucket = commented(BUCKET, pa.int32(), f"{contract.key.name} divided by {KEYS_PER_BUCKET:,}, rounded down.")
    return Layout(
        contract.name.replace(".", "_"),
        f"curated/{contract.domain}/{contract.table}/",
        pa.schema([*columns, *_ADDED]),
        pa.schema([bucket]),
        contract.description,
    )


def star_layout(contract: Contract) -> Layout:
    """Return the lake's table of a star table; times of day are text there, as Hive has no type for them.

    :raises Terminal: a dimension is partitioned
    """
    columns = [
        _field(column, pa.string() if column.type == "time" else arrow_type(column))
        for column in star_columns(contract)
        if not column.partition
    ]
    partitions = [_field(column, arrow_type(column)) for column in contract.columns if column.partition]
    if partitions and not contract.history:
        raise Terminal(
            f"Contract {contract.name}: a dimension is rewritten whole, so it cannot be partitioned by "
            f"{partitions[0].name}; mark the property as not partitioned."
        )
    return Layout(
        contract.table,
        f"curated/{contract.domain}/{contract.table}/",
        pa.schema(columns),
        pa.schema(partitions) if partitions else NO_PARTITIONS,
        contract.description,
    )


def change_schema(contract: Contract) -> pa.Schema:
    """Return the columns of a star table's change batches: what the warehouse keeps, in the contract's types."""
    return pa.schema([(column.name, arrow_type(column)) for column in star_columns(contract) if not column.partition])


def star_columns(contract: Contract) -> tuple[Column, ...]:
    """Return the columns that curated computes: not those that the warehouse gives, and nothing restricted."""
    return tuple(
        column
        for column in contract.columns
        if (column.transform or (contract.natural_key and column.name in VALIDITY)) and not column.restricted
    )


def part(location: str, bucket: str) -> str:
    """Return the key of the one file in a location of the catalog."""
    return f"{location.removeprefix(f's3://{bucket}/')}part-0.parquet"


def columns_by_table(layouts: Mapping[str, Layout]) -> dict[str, set[str]]:
    """Return, for each source table's own name, the columns that a transform may use."""
    return {name: {*layout.schema.names} - {BATCH} for name, layout in layouts.items()}


def _field(column: Column, kind: pa.DataType) -> "pa.Field[Any]":
    return commented(column.name, kind, column.description)

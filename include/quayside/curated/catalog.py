"""The Glue catalog: which Parquet files a table is made of, changed so that a reader sees before or after."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import batched
from typing import Any, Self

import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError

from quayside.errors import Retryable, Terminal
from quayside.settings import Settings, aws

Values = tuple[str, ...]
NO_PARTITIONS = pa.schema([])
_BATCH = 100  # the most partitions that Glue takes in one call
_HIVE = {
    pa.int16(): "smallint",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.string(): "string",
    pa.bool_(): "boolean",
    pa.float64(): "double",
    pa.date32(): "date",
    pa.timestamp("ms"): "timestamp",
    pa.timestamp("us"): "timestamp",
}
_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
}
_REFUSALS = ("EntityNotFoundException", "AccessDeniedException", "InvalidInputException", "ValidationException")


def commented(name: str, kind: pa.DataType, comment: str) -> "pa.Field[Any]":
    """Return a field whose comment `Catalog.ensure_table` shows in the catalog."""
    return pa.field(name, kind, metadata={"comment": comment})


@dataclass(frozen=True, slots=True)
class Table:
    """A table as the catalog has it.

    :param location: ``s3://`` folder of its files; for a partitioned table where its partitions begin
    :param definition: what Glue's UpdateTable takes
    """

    name: str
    location: str
    definition: Mapping[str, Any]


class Catalog:
    """The tables of one Glue database."""

    def __init__(self, database: str) -> None:
        self._database = database

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return an environment's catalog."""
        return cls(settings.catalog_database)

    def tables(self) -> dict[str, Table]:
        """Return all tables by name."""
        with _failures("read the catalog's tables"):
            pages = aws("glue").get_paginator("get_tables").paginate(DatabaseName=self._database)
            return {item["Name"]: _table(item) for page in pages for item in page["TableList"]}

    def table(self, name: str) -> Table | None:
        """Return one table, None where there is none."""
        try:
            return _table(aws("glue").get_table(DatabaseName=self._database, Name=name)["Table"])
        except aws("glue").exceptions.EntityNotFoundException:
            return None
        except (ClientError, BotoCoreError) as error:
            raise _failure(f"read table {name}", error) from error

    def ensure_table(
        self,
        name: str,
        schema: pa.Schema,
        location: str,
        *,
        partitions: pa.Schema = NO_PARTITIONS,
        description: str = "",
        existing: Table | None = None,
    ) -> Table:
        """Create a Parquet table, or bring its columns and texts up to date; one that exists keeps its location.

        :param schema: columns in the files; field metadata ``comment`` becomes the column's comment
        :param partitions: partition columns, which are not in the files
        :param existing: the table, where the caller has it already
        """
        existing = existing or self.table(name)
        wanted: dict[str, Any] = {
            "Name": name,
            "Description": description[:2048],
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
            "PartitionKeys": _columns(partitions),
            "StorageDescriptor": {
                "Columns": _columns(schema),
                "Location": existing.location if existing else location,
                **_PARQUET,
            },
        }
        if existing and _same(existing.definition, wanted):
            return existing
        with _failures(f"define table {name}"):
            if existing:
                aws("glue").update_table(DatabaseName=self._database, TableInput=wanted)
            else:
                with suppress(aws("glue").exceptions.AlreadyExistsException):  # two of us at once: the same table
                    aws("glue").create_table(DatabaseName=self._database, TableInput=wanted)
        return Table(name, wanted["StorageDescriptor"]["Location"], wanted)

    def relocate(self, table: Table, location: str) -> None:
        """Let an unpartitioned table be the files of another folder, from one moment to the next."""
        storage = {**table.definition["StorageDescriptor"], "Location": location}
        with _failures(f"move table {table.name}"):
            aws("glue").update_table(
                DatabaseName=self._database, TableInput={**table.definition, "StorageDescriptor": storage}
            )

    def views(self) -> dict[str, str]:
        """Return the text of every view, by name."""
        with _failures(f"read the views of {self._database}"):
            pages = aws("glue").get_paginator("get_tables").paginate(DatabaseName=self._database)
            found = [item for page in pages for item in page["TableList"]]
        return {item["Name"]: item["ViewOriginalText"] for item in found if item.get("ViewOriginalText")}

    def put_view(self, definition: Mapping[str, Any], *, exists: bool) -> None:
        """Create a view, or replace it.

        :param definition: what Glue takes for a table
        """
        with _failures(f"define view {definition['Name']}"):
            if exists:
                aws("glue").update_table(DatabaseName=self._database, TableInput=definition)
            else:
                with suppress(aws("glue").exceptions.AlreadyExistsException):  # two of us at once: the same view
                    aws("glue").create_table(DatabaseName=self._database, TableInput=definition)

    def partitions(self, name: str) -> dict[Values, str]:
        """Return the location of every partition of a table."""
        with _failures(f"read the partitions of {name}"):
            pages = (
                aws("glue")
                .get_paginator("get_partitions")
                .paginate(DatabaseName=self._database, TableName=name, ExcludeColumnSchema=True)
            )
            return {
                tuple(item["Values"]): item["StorageDescriptor"]["Location"]
                for page in pages
                for item in page["Partitions"]
            }

    def place_partitions(self, table: Table, locations: Mapping[Values, str], *, existing: Iterable[Values]) -> None:
        """Create partitions, or move those that exist to other folders; at most 100 change in one call.

        :param existing: which partitions the catalog has
        :raises Retryable: the catalog refused some; the rest is in place
        """
        known = set(existing)
        moved = [self._partition(table, values, place) for values, place in locations.items() if values in known]
        added = [self._partition(table, values, place) for values, place in locations.items() if values not in known]
        with _failures(f"place partitions of {table.name}"):
            for some in batched(moved, _BATCH):
                entries = [{"PartitionValueList": item["Values"], "PartitionInput": item} for item in some]
                _check(
                    table.name,
                    aws("glue").batch_update_partition(
                        DatabaseName=self._database, TableName=table.name, Entries=entries
                    ),
                )
            for some in batched(added, _BATCH):
                _check(
                    table.name,
                    aws("glue").batch_create_partition(
                        DatabaseName=self._database, TableName=table.name, PartitionInputList=list(some)
                    ),
                )

    def drop_partitions(self, name: str, partitions: Iterable[Values]) -> None:
        """Forget partitions, which have no rows any more; their files stay where they are.

        :raises Retryable: the catalog refused some; the rest is gone
        """
        with _failures(f"drop partitions of {name}"):
            for some in batched(partitions, 25):  # the most that Glue takes in one call
                gone = [{"Values": list(values)} for values in some]
                answer = aws("glue").batch_delete_partition(
                    DatabaseName=self._database, TableName=name, PartitionsToDelete=gone
                )
                _check(name, answer)

    def _partition(self, table: Table, values: Values, location: str) -> dict[str, Any]:
        storage = {**table.definition["StorageDescriptor"], "Location": location}
        return {"Values": list(values), "StorageDescriptor": storage}


def hive_type(kind: pa.DataType) -> str:
    """Return what the catalog calls an Arrow type.

    :raises Terminal: it has no name for it
    """
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if kind not in _HIVE:
        raise Terminal(f"The catalog has no type for {kind}; store it as one of {', '.join(map(str, _HIVE))}.")
    return _HIVE[kind]


def _columns(schema: pa.Schema) -> list[dict[str, str]]:
    return [
        {
            "Name": field.name,
            "Type": hive_type(field.type),
            "Comment": (field.metadata or {}).get(b"comment", b"").decode()[:255],
        }
        for field in schema
    ]


def _table(item: Mapping[str, Any]) -> Table:
    known = ("Name", "Description", "TableType", "Parameters", "PartitionKeys", "StorageDescriptor")
    return Table(
        item["Name"], item["StorageDescriptor"]["Location"], {name: item[name] for name in known if name in item}
    )


def _same(have: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    def columns(items: Sequence[Mapping[str, str]]) -> list[tuple[str, str, str]]:
        return [(item["Name"], item["Type"], item.get("Comment", "")) for item in items]

    return (
        have.get("Description", "") == wanted["Description"]
        and columns(have.get("PartitionKeys", [])) == columns(wanted["PartitionKeys"])
        and columns(have["StorageDescriptor"]["Columns"]) == columns(wanted["StorageDescriptor"]["Columns"])
    )


def _check(table: str, answer: Mapping[str, Any]) -> None:
    refused = answer.get("Errors") or []
    if refused:
        raise Retryable(f"The catalog refused {len(refused)} partitions of {table}, the first with: {refused[0]}")


@contextmanager
def _failures(action: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise _failure(action, error) from error


def _failure(action: str, error: Exception) -> Retryable | Terminal:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    if code in _REFUSALS:
        return Terminal(f"Cannot {action}: {error}. Apply Terraform, or grant the role access to the Glue database.")
    return Retryable(f"Cannot {action}: {error}")

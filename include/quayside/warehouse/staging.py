"""Staging: a batch's rows on their way from Parquet into a temporary table, as a stream."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from psycopg import sql
from pyarrow import csv

from quayside.contract import Contract
from quayside.errors import Terminal
from quayside.lake import File, Lake, batches_of
from quayside.manifest import Manifest
from quayside.upload import failures
from quayside.warehouse.schema import column_type, loaded_columns

ROWS_AT_ONCE = 8_192  # about 1 MB of text; more is not faster
TOLD_EVERY = 500_000
UNITE_AT = 64  # arrays of keys, before what is double in them goes
# Text is quoted and null is not, so that '' and null stay apart.
_FORMAT = csv.WriteOptions(include_header=False, quoting_style="needed")


def staged(table: Contract) -> sql.Identifier:
    """Return the name of a table's staging table."""
    return sql.Identifier(f"staged_{table.table}")


class Referred:
    """The distinct keys of other tables that the rows of a table refer to; as many bytes as there are such keys.

    Gathered as the rows stream by, which costs next to nothing; asking the staged rows would take a pass a column.
    """

    def __init__(self, table: Contract) -> None:
        self._columns = {
            column.name: column.references.rpartition(".")[0] for column in loaded_columns(table) if column.references
        }
        self._found: dict[str, list[pa.Array[Any]]] = {dataset: [] for dataset in self._columns.values()}

    def add(self, batch: pa.RecordBatch) -> None:
        """Note what these rows refer to."""
        for name, dataset in self._columns.items():
            if name in batch.schema.names:
                self._found[dataset].append(batch.column(name).unique())
                if len(self._found[dataset]) > UNITE_AT:
                    self._found[dataset] = [_united(self._found[dataset])]

    def keys(self) -> dict[str, "pa.Array[Any]"]:
        """Return the distinct keys by dataset."""
        return {dataset: _united(found) for dataset, found in self._found.items() if found}


def _united(found: list["pa.Array[Any]"]) -> "pa.Array[Any]":
    return pa.concat_arrays(found).unique()


def stage(
    connection: psycopg.Connection[Any],
    table: Contract,
    manifests: Sequence[Manifest],
    lake: Lake,
    told: Callable[[int], None] = lambda _: None,
    *,
    only: Collection[str] = (),
    partitions: Mapping[str, Collection[str]] | None = None,
) -> tuple[int, dict[str, "pa.Array[Any]"]]:
    """Fill a temporary table with the rows of batches, in their order; return how many, and which keys they refer to.

    It goes when the transaction ends. Dimensions' rows are numbered, so that the later of two can win.

    :param told: given the rows so far, now and then
    :param only: these columns, where not all are needed
    :param partitions: by batch, values of the contract's ``replacedBy`` whose rows are wanted; all where it is None
    :raises Retryable: S3 did not give a file
    :raises Terminal: a batch lacks the key, or a value does not fit its column
    """
    parts: list[sql.Composable] = [
        sql.SQL("{} {}").format(sql.Identifier(column.name), column_type(column))
        for column in loaded_columns(table)
        if not only or column.name in only
    ]
    if not table.fact:
        parts.append(sql.SQL("staged bigint generated always as identity"))
    connection.execute(
        sql.SQL("create temporary table {} ({}) on commit drop").format(staged(table), sql.SQL(", ").join(parts))
    )
    rows, referred = 0, Referred(table)
    for manifest in manifests:
        for file in manifest.files:
            wanted = partitions[manifest.batch] if partitions is not None else None
            for batch in _send(connection, table, file, lake, only, wanted):
                referred.add(batch)
                rows += batch.num_rows
                if rows % TOLD_EVERY < batch.num_rows:
                    told(rows)
    connection.execute(sql.SQL("analyze {}").format(staged(table)))
    return rows, referred.keys()


def copy_in(
    connection: psycopg.Connection[Any],
    target: sql.Composable,
    columns: Sequence[str],
    batches: Iterable[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """Copy Arrow rows into a table's columns; yield each batch once it is sent."""
    statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        target, sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for batch in batches:
            text = pa.BufferOutputStream()
            csv.write_csv(batch.select(list(columns)), text, _FORMAT)
            copy.write(memoryview(text.getvalue()))
            yield batch


def _send(
    connection: psycopg.Connection[Any],
    table: Contract,
    file: File,
    lake: Lake,
    only: Collection[str],
    partitions: Collection[str] | None,
) -> Iterator[pa.RecordBatch]:
    with failures(f"read {file.key}"), lake.filesystem.open_input_file(file.key) as source:
        parquet = pq.ParquetFile(source, pre_buffer=True)
        # A batch made before a column joined the contract has none of it.
        wished = [column.name for column in loaded_columns(table)]
        present = [name for name in wished if name in parquet.schema_arrow.names and (not only or name in only)]
        lacking = [name for name in (table.key.name, *table.version_key) if name in wished and name not in present]
        if lacking:
            raise Terminal(
                f"{table.name}: {file.key} lacks {', '.join(lacking)}, by which its contract knows rows. "
                "Curate the batch again with the contract of today."
            )
        batches = batches_of(parquet, columns=present, rows=ROWS_AT_ONCE)
        if partitions is not None:
            batches = _of_partitions(batches, table.replaced_by or "", partitions)
        yield from copy_in(connection, staged(table), present, batches)


def _of_partitions(batches: Iterator[pa.RecordBatch], column: str, values: Collection[str]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        kept = batch.column(column)
        wanted = pa.array(sorted(values), pa.string()).cast(kept.type)
        yield batch.filter(pc.is_in(kept, wanted))

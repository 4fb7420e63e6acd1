"""Staging: a batch's rows on their way from Parquet into a temporary table, as a stream."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql
from pyarrow import csv

from quayside.contract import Contract
from quayside.errors import Terminal
from quayside.lake import File, Lake
from quayside.manifest import Manifest
from quayside.upload import failures
from quayside.warehouse.schema import column_type, loaded_columns

ROWS_AT_ONCE = 8_192  # about 1 MB of text; more is not faster
TOLD_EVERY = 500_000
# Text is quoted and null is not, so that '' and null stay apart.
_FORMAT = csv.WriteOptions(include_header=False, quoting_style="needed")


def staged(table: Contract) -> sql.Identifier:
    """Return the name of a table's staging table."""
    return sql.Identifier(f"staged_{table.table}")


def stage(connection: psycopg.Connection[Any], table: Contract, manifests: Sequence[Manifest], lake: Lake,
          told: Callable[[int], None]) -> int:
    """Fill a temporary table with the rows of batches, in their order; return how many.

    It goes when the transaction ends. Dimensions' rows are numbered, so that the later of two can win.

    :param told: given the rows so far, now and then
    :raises Retryable: S3 did not give a file
    :raises Terminal: a batch lacks the key, or a value does not fit its column
    """
    parts = [sql.SQL("{} {}").format(sql.Identifier(column.name), column_type(column))
             for column in loaded_columns(table)]
    if not table.history:
        parts.append(sql.SQL("staged bigint generated always as identity"))
    connection.execute(sql.SQL("create temporary table {} ({}) on commit drop").format(
        staged(table), sql.SQL(", ").join(parts)))
    rows = 0
    for manifest in manifests:
        for file in manifest.files:
            for sent in _send(connection, table, file, lake):
                rows += sent
                if rows // TOLD_EVERY > (rows - sent) // TOLD_EVERY:
                    told(rows)
    connection.execute(sql.SQL("analyze {}").format(staged(table)))
    return rows


def copy_in(connection: psycopg.Connection[Any], target: sql.Composable, columns: Sequence[str],
            batches: Iterable[pa.RecordBatch]) -> Iterator[int]:
    """Copy Arrow rows into a table's columns; yield the rows of each batch once they are sent."""
    statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        target, sql.SQL(", ").join(map(sql.Identifier, columns)))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for batch in batches:
            text = pa.BufferOutputStream()
            csv.write_csv(batch.select(list(columns)), text, _FORMAT)
            copy.write(memoryview(text.getvalue()))
            yield batch.num_rows


def _send(connection: psycopg.Connection[Any], table: Contract, file: File, lake: Lake) -> Iterator[int]:
    with failures(f"read {file.key}"), lake.filesystem.open_input_file(file.key) as source:
        parquet = pq.ParquetFile(source)
        # A batch made before a column joined the contract has none of it.
        wished = [column.name for column in loaded_columns(table)]
        present = [name for name in wished if name in parquet.schema_arrow.names]
        lacking = [name for name in (table.key.name, *table.version_key) if name in wished and name not in present]
        if lacking:
            raise Terminal(f"{table.name}: {file.key} lacks {', '.join(lacking)}, by which its contract knows rows. "
                           "Curate the batch again with the contract of today.")
        batches = parquet.iter_batches(batch_size=ROWS_AT_ONCE, columns=present, use_threads=False)
        yield from copy_in(connection, staged(table), present, batches)

"""DuckDB, kept small: rows stream in and out as Arrow, and what does not fit spills to disk."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from quayside.errors import Retryable, Terminal
from quayside.lake import File, Lake
from quayside.upload import failures

ROWS = 65_536  # per batch and row group: some 10 MB
_MEMORY = "160MB"


@contextmanager
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an empty database that lives as long as the block, at most 160 MB of it in memory.

    :raises Terminal: a query cannot work with what contracts or rows say
    :raises Retryable: the disk is full, or memory did not suffice
    """
    with tempfile.TemporaryDirectory(prefix="quayside-") as scratch:
        # A file, not memory: its pages are compressed, and leave memory without being written again.
        connection = duckdb.connect(
            Path(scratch) / "curated.duckdb",
            config={
                "memory_limit": _MEMORY,
                "temp_directory": f"{scratch}/spill",
                "threads": 2,
                "preserve_insertion_order": False,
                "python_enable_replacements": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        try:
            with connection:
                connection.execute("set enable_progress_bar = false")  # it writes to the task's log
                yield connection
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise Retryable(f"DuckDB ran out of disk or memory: {error}") from error
        except duckdb.Error as error:
            raise Terminal(
                f"DuckDB refused: {error}. Look at the transformLogic of the contracts and at the rows "
                "that the gate let through."
            ) from error


def stream_in(
    connection: duckdb.DuckDBPyConnection, statement: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> None:
    """Run a statement that reads the rows given as the table ``incoming``; what goes wrong with them is raised as it was."""
    failures: list[Exception] = []

    def watched() -> Iterator[pa.RecordBatch]:
        try:
            yield from batches
        except Exception as error:
            failures.append(error)
            raise

    connection.register("incoming", pa.RecordBatchReader.from_batches(schema, watched()))
    try:
        connection.execute(statement)
    except duckdb.Error:
        if failures:  # what DuckDB says of a stream that broke is not why it broke
            raise failures[0] from None
        raise
    finally:
        connection.unregister("incoming")


def read(lake: Lake, keys: Iterable[str], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Stream the rows of Parquet objects, one row group in memory at a time; columns that a file lacks are null.

    :raises Retryable: S3 did not give them
    :raises Terminal: one of them does not exist
    """
    for key in keys:
        with failures(f"read {key}"), lake.filesystem.open_input_file(key) as source:
            file = pq.ParquetFile(source, pre_buffer=True)
            columns = [name for name in schema.names if name in file.schema_arrow.names]
            for group in range(file.num_row_groups):
                for batch in file.iter_batches(ROWS, row_groups=[group], columns=columns):
                    yield conform(batch, schema)


def write(lake: Lake, key: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> File:
    """Write rows as one Parquet object, in row groups of a good size however small the batches are."""
    with lake.parquet_writer(key, schema) as file:
        for table in _regroup(batches, schema):
            file.write(table)
    return file.file


def conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Give rows exactly a schema's columns: nulls for those they lack, casts that lose nothing for other types."""
    present = set(batch.schema.names)
    arrays = [
        batch.column(field.name).cast(field.type) if field.name in present else pa.nulls(batch.num_rows, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def rows_of(relation: duckdb.DuckDBPyRelation, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Stream the rows of a query in a schema's types."""
    for batch in relation.to_arrow_reader(ROWS):
        yield conform(batch, schema)


def count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """Return the number that a query gives."""
    [[number]] = connection.execute(query).fetchall()
    return int(number)


def _regroup(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(part.num_rows for part in held) >= ROWS:
            yield pa.Table.from_batches(held, schema)
            held = []
    if held:
        yield pa.Table.from_batches(held, schema)

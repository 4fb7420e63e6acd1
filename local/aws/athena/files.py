"""A query's rows as files: Parquet, JSON lines, or text with a delimiter."""

import gzip
import json
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from duckdb import ColumnExpression, ConstantExpression

from local.aws.athena import values
from local.aws.athena.errors import QueryFailed, not_supported
from local.aws.athena.relations import NULL_PARTITION
from local.aws.athena.types import NUMBERS, Type

# Format → compression → DuckDB's name of it, or how the file's name ends
COMPRESSIONS = {
    "PARQUET": {"GZIP": "gzip", "SNAPPY": "snappy", "ZSTD": "zstd", "LZ4": "lz4", "NONE": "uncompressed"},
    "JSON": {"GZIP": ".gz", "NONE": ""},
    "TEXTFILE": {"GZIP": ".gz", "NONE": ""},
}
MOST_PARTITIONS = 100
NOT_IN_TEXT = ("array", "map", "row", "varbinary")
STAGED = "staged"


@dataclass(frozen=True)
class Layout:
    """How files hold rows.

    :param keys: the columns that name partitions, which are the last ones
    """

    format: str
    compression: str
    delimiter: str = "\1"
    null: str = "\\N"
    keys: Sequence[str] = ()


@dataclass(frozen=True)
class Column:
    """A column of the files.

    :param number: of the column of `STAGED` that it is; None if it is null
    """

    name: str
    type: Type
    number: int | None


@dataclass(frozen=True)
class File:
    """A file, and the values of its partition."""

    partition: tuple[str, ...]
    path: Path


def write(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[Column], layout: Layout, scratch: Path
) -> list[File]:
    """Write the rows of the table `STAGED` to one file for each partition that they have.

    :param scratch: where the files go
    :raises QueryFailed: Athena would not write these rows, or the local one cannot
    """
    rows = connection.table(STAGED).select(*map(_expression, columns))
    width = len(columns) - len(layout.keys)
    keys = [ColumnExpression(column.name) for column in columns[width:]]
    partitions = rows.select(*keys).distinct().limit(MOST_PARTITIONS + 1).fetchall() if keys else [()]
    if len(partitions) > MOST_PARTITIONS:
        message = f"Exceeded limit of {MOST_PARTITIONS} open writers for partitions/buckets"
        raise QueryFailed("HIVE_TOO_MANY_OPEN_PARTITIONS", message)
    files = []
    for partition in partitions:
        part = rows
        for key, value in zip(keys, partition, strict=True):
            part = part.filter(key.isnull() if value is None else key == ConstantExpression(value))
        part = part.select(*(ColumnExpression(column.name) for column in columns[:width]))
        if part.limit(1).fetchall():
            texts = tuple(
                _partition_value(value, column) for value, column in zip(partition, columns[width:], strict=True)
            )
            files.append(File(texts, _fill(connection, part, columns[:width], layout, scratch)))
    return files


def _expression(column: Column) -> duckdb.Expression:
    value = ConstantExpression(None) if column.number is None else ColumnExpression(f"c{column.number}")
    return value.cast(duckdb.sqltype(column.type.duck)).alias(column.name)


def _partition_value(value: Any, column: Column) -> str:
    text = NULL_PARTITION if value is None else values.text(value, column.type)
    if not (text.isascii() and text.isprintable()):
        message = (
            f"Hive partition keys can only contain printable ASCII characters (0x20 - 0x7E). Invalid value: {text}"
        )
        raise QueryFailed("HIVE_INVALID_PARTITION_VALUE", message)
    return text


def _fill(
    connection: duckdb.DuckDBPyConnection,
    rows: duckdb.DuckDBPyRelation,
    columns: Sequence[Column],
    layout: Layout,
    scratch: Path,
) -> Path:
    compression = COMPRESSIONS[layout.format][layout.compression]
    path = scratch / f"{time.strftime('%Y%m%d_%H%M%S')}_{uuid.uuid4()}"  # Athena never writes a name twice
    if layout.format == "PARQUET":
        rows.write_parquet(str(path), compression=compression)
        return path
    for column in columns:
        if column.type.name == "varbinary" or (layout.format == "TEXTFILE" and column.type.name in NOT_IN_TEXT):
            raise not_supported(f"{layout.format} with a column of the type {column.type}: {column.name}")
    path = path.with_name(path.name + compression)
    answer = connection.execute(rows.sql_query())
    with gzip.open(path, "wt", encoding="utf-8") if compression else path.open("w", encoding="utf-8") as out:
        while batch := answer.fetchmany(10_000):
            out.writelines(_line(row, columns, layout) for row in batch)
    return path


def _line(row: Sequence[Any], columns: Sequence[Column], layout: Layout) -> str:
    items = zip(row, columns, strict=True)
    if layout.format == "JSON":
        return _object((column.name, item, column.type) for item, column in items) + "\n"
    return (
        layout.delimiter.join(layout.null if item is None else values.text(item, column.type) for item, column in items)
        + "\n"
    )


def _json(value: Any, kind: Type) -> str:
    """Return a value as JSON: numbers digit by digit, which no double would keep."""
    if value is None:
        return "null"
    if kind.name == "array":
        return f"[{','.join(_json(item, kind.of[0]) for item in value)}]"
    if kind.name == "row":
        return _object((name, value[name], inner) for name, inner in kind.of)
    if kind.name == "map":
        return _object((values.text(key, kind.of[0]), item, kind.of[1]) for key, item in value.items())
    text = values.text(value, kind)
    is_number = kind.name in NUMBERS and text.strip("-")[0].isdigit()
    return text if is_number or kind.name == "boolean" else json.dumps(text, ensure_ascii=False)


def _object(members: Iterable[tuple[str, Any, Type]]) -> str:
    return "{" + ",".join(f"{json.dumps(name)}:{_json(item, kind)}" for name, item, kind in members) + "}"

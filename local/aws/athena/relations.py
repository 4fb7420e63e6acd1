"""A table's files as a DuckDB view of the declared types, and the bytes that reading them costs.

Names and texts enter a statement through `name` and `text` only.
"""

# ruff: noqa: S608

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import duckdb
from sqlglot import exp

from local.aws.athena import projection
from local.aws.athena.catalog import CSV, PARQUET, TEXT, Lake, Partition, Storage, StoredFile, Table
from local.aws.athena.columns import Column, name, readable, text
from local.aws.athena.errors import QueryFailed
from local.aws.athena.pruning import Source
from local.aws.athena.readers import PATH, select
from local.aws.athena.values import duck_type

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


def attach(
    connection: duckdb.DuckDBPyConnection, view: str, source: Source, lake: Lake, path: Callable[[StoredFile], str]
) -> int:
    """Make a view of what a query needs of a table; return the bytes that reading it costs.

    :param path: where the local S3 keeps an object
    :raises QueryFailed: a file is not what the catalog says, or beyond what the local Athena can read
    """
    partitions = source.table.partitions
    if source.table.projected and source.table.keys:
        partitions = tuple(projection.partitions(connection, source.table, source.conditions, lake))
    chosen = _pruned(connection, f"{view}_partitions", source, partitions)
    files = lake.files({partitions[number].location for number in chosen})
    # Partitions are read together whose files hold rows alike.
    groups: dict[int, list[tuple[int, StoredFile]]] = defaultdict(list)
    storages: list[Storage] = []
    for number in chosen:
        held = files[partitions[number].location]
        if held:
            storage = source.table.storage_of(partitions[number])
            if storage not in storages:
                storages.append(storage)
            groups[storages.index(storage)] += [(number, file) for file in held]
    selects, scanned = [], 0
    for group, members in groups.items():
        pairs = [(path(file), number, file) for number, file in members]
        selects.append(_select(connection, f"{view}_files_{group}", source, storages[group], partitions, pairs))
        scanned += _scanned(connection, storages[group], source.needed, pairs)
    body = " union all ".join(selects) or f"select {_nothing(source)} where false"
    connection.execute(f"create view {name(view)} as {body}")
    return scanned


def _pruned(
    connection: duckdb.DuckDBPyConnection, rows: str, source: Source, partitions: Sequence[Partition]
) -> list[int]:
    """Return the numbers of the partitions that a query's conditions leave; make a table of all, with their values."""
    if not source.table.keys:
        return list(range(len(partitions)))
    _partition_rows(connection, rows, source.table, partitions)
    aliased = exp.to_table(rows, alias=source.node.alias_or_name)
    query = exp.select(exp.column("$partition", quoted=True)).from_(aliased)
    query = query.where(*(condition.copy() for condition in source.conditions)).order_by('"$partition"')
    try:
        return [number for (number,) in connection.execute(query.sql("duckdb")).fetchall()]
    except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException):
        # A value that a condition cannot take: the query itself says so, if it comes to it.
        return list(range(len(partitions)))


def _partition_rows(
    connection: duckdb.DuckDBPyConnection, rows: str, table: Table, partitions: Sequence[Partition]
) -> None:
    columns = [("$partition", "INTEGER"), *((key, duck_type(kind)) for key, kind in table.keys)]
    values = [(number, *map(_value, part.values)) for number, part in enumerate(partitions)]
    try:
        _filled_table(connection, rows, columns, values)
    except duckdb.ConversionException as error:
        reason = f"Invalid partition value of {table.database}.{table.name}: {str(error).splitlines()[0]}"
        raise QueryFailed("HIVE_INVALID_PARTITION_VALUE", reason) from error


def _value(given: str) -> str | None:
    return None if given == NULL_PARTITION else given


def _select(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    source: Source,
    storage: Storage,
    partitions: Sequence[Partition],
    files: Sequence[tuple[str, int, StoredFile]],
) -> str:
    """Return the SELECT of the needed columns of partitions that are stored alike.

    :param rows: name for a table of the files and the partitions' values, if one is needed
    :param files: path, number of the partition, object
    """
    table, needed = source.table, {path[0] for path in source.needed}
    found = {
        column: _held(table, storage, column, hive, position)
        for position, (column, hive) in enumerate(table.columns)
        if column in needed
    }
    held = [column for column in found.values() if column is not None]
    reader = select(connection, storage, held, {place: file for place, _, file in files})
    items = [
        f"cast({'null' if column is None else f'data.{name(wanted)}'} as {duck_type(hive)}) as {name(wanted)}"
        for wanted, hive in table.columns
        if wanted in needed
        for column in [found[wanted]]
    ]
    keys = [(i, key, duck_type(kind)) for i, (key, kind) in enumerate(table.keys) if key in needed]
    numbers = {number for _, number, _ in files}
    if len(numbers) == 1:
        [values] = [partitions[number].values for number in numbers]
        texts = [(key, kind, _value(values[i])) for i, key, kind in keys]
        items += [
            f"cast({'null' if value is None else text(value)} as {kind}) as {name(key)}" for key, kind, value in texts
        ]
        return f"select {', '.join(items) or _nothing(source)} from ({reader}) as data"
    items += [f"parts.{name(key)}" for _, key, _ in keys]
    query = f"select {', '.join(items) or _nothing(source)} from ({reader}) as data"
    if not keys and max(Counter(place for place, _, _ in files).values()) == 1:
        return query
    columns = [(PATH, "VARCHAR"), *((key, kind) for _, key, kind in keys)]
    rows_of_files = [(place, *(_value(partitions[number].values[i]) for i, _, _ in keys)) for place, number, _ in files]
    _filled_table(connection, rows, columns, rows_of_files)
    return f"{query} join {name(rows)} as parts on parts.{name(PATH)} = data.{name(PATH)}"


def _nothing(source: Source) -> str:
    """Return what a SELECT without rows, or without needed columns, selects."""
    needed = {path[0] for path in source.needed}
    items = [
        f"cast(null as {duck_type(hive)}) as {name(column)}"
        for column, hive in source.table.columns + source.table.keys
        if column in needed
    ]
    return ", ".join(items) or f"true as {name('$row')}"


def _held(table: Table, storage: Storage, column: str, hive: str, position: int) -> Column | None:
    """Return a table's column as a partition's files have it: by name, or by position in texts without names.

    :raises QueryFailed: the partition declares a type that is not the table's and cannot become it
    """
    if storage.format in (TEXT, CSV):
        there = storage.columns[position] if position < len(storage.columns) else None
    else:
        there = column, dict(storage.columns).get(column, hive)
    if there is None:
        return None
    found = Column(column, there[1], position)
    wanted = Column(column, hive, position)
    if found.kind != wanted.kind and not _coercible(found.kind, wanted.kind):
        message = (
            "There is a mismatch between the table and partition schemas. The types are incompatible and cannot be "
            f"coerced. The column '{column}' in table '{table.database}.{table.name}' is declared as type '{hive}', but "
            f"a partition declared column '{there[0]}' as type '{there[1]}'."
        )
        raise QueryFailed("HIVE_PARTITION_SCHEMA_MISMATCH", message)
    return found


def _coercible(found: exp.DataType, wanted: exp.DataType) -> bool:
    to_text = wanted.is_type(*exp.DataType.TEXT_TYPES) and found.is_type(*exp.DataType.INTEGER_TYPES)
    to_single = wanted.is_type(exp.DType.FLOAT) and found.is_type(exp.DType.DOUBLE)
    return readable(found, wanted) or to_text or to_single


def _scanned(
    connection: duckdb.DuckDBPyConnection,
    storage: Storage,
    needed: set[tuple[str, ...]],
    files: Sequence[tuple[str, int, StoredFile]],
) -> int:
    """Return what Athena bills: of Parquet the compressed chunks of the needed columns, else whole files.

    Row groups that statistics could rule out are counted, and so are files that a LIMIT may never reach.
    """
    if storage.format != PARQUET:
        return sum(file.size for _, _, file in files)
    if not needed:
        return 0
    chunks = """
        select file_name, lower(path_in_schema), sum(total_compressed_size) from parquet_metadata(?)
        where list_contains(?, lower(split_part(path_in_schema, ', ', 1))) group by all
    """
    parameters = [sorted({place for place, _, _ in files}), sorted({path[0] for path in needed})]
    sizes: Counter[str] = Counter()
    for place, column, size in connection.execute(chunks, parameters).fetchall():
        parts = tuple(column.split(", "))
        if any(parts[: len(path)] == path for path in needed):
            sizes[place] += size
    return sum(sizes[place] for place, _, _ in files)


def _filled_table(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Make a table of rows, all in one statement: a table may have thousands of partitions."""
    described = ", ".join(f"{name(column)} {kind}" for column, kind in columns)
    connection.execute(f"create table {name(table)} ({described})")
    if rows:
        unnested = ", ".join("unnest(?)" for _ in columns)
        connection.execute(
            f"insert into {name(table)} select {unnested}", [list(column) for column in zip(*rows, strict=True)]
        )

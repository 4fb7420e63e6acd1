"""Files as their SerDes read them: for each a SELECT of DuckDB's, whose columns have the declared types.

Every SELECT has the file of each row as ``$path``.
"""

# ruff: noqa: S608

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

import duckdb
from sqlglot import exp

from local.aws.athena.catalog import CSV, OPENX_JSON, PARQUET, TEXT, Storage, StoredFile
from local.aws.athena.columns import Column, name, plain, readable, text
from local.aws.athena.delimited import Csv, LazyText
from local.aws.athena.errors import QueryFailed, not_supported
from local.aws.athena.json_lines import JsonLines, objects

PATH = "$path"
NO_DELIMITER = "\x1c\x1d\x1e"  # a line is read as a CSV row of one column
COMPRESSIONS = {"gz": "gzip", "zst": "zstd", "snappy": "", "bz2": "", "lz4": "", "lzo": "", "deflate": ""}
REFUSED = ("timestamp.formats", "serialization.last.column.takes.rest", "skip.footer.line.count")


def select(
    connection: duckdb.DuckDBPyConnection,
    storage: Storage,
    columns: Sequence[Column],
    files: Mapping[str, StoredFile],
) -> str:
    """Return the SELECT that reads files.

    :param files: path → the object there
    :raises QueryFailed: a file is not what the catalog says, or an option is beyond what the local Athena supports
    """
    if storage.format == PARQUET:
        return _parquet(connection, columns, sorted(files))
    for option in REFUSED:
        if storage.options.get(option, "").lower() not in ("", "0", "false"):
            raise not_supported(f"the property {option} of a table")
    if storage.options.get("serialization.encoding", "utf-8").lower() not in ("utf-8", "utf8"):
        raise not_supported(f"files in {storage.options['serialization.encoding']}")
    lines, line = _lines(files, int(storage.options.get("skip.header.line.count", "0"))), "line"
    if storage.format in (TEXT, CSV):
        serde = LazyText(storage.options) if storage.format == TEXT else Csv(storage.options)
        parts, values = serde.split(line), [serde.value(column) for column in columns]
    else:
        line = objects(storage.options)
        structure = f"select json_group_structure(cast({line} as json)) from ({lines})"
        [(found,)] = connection.execute(structure).fetchall()
        options = storage.options if storage.format == OPENX_JSON else {}
        pointers, values = JsonLines(options, json.loads(found or "null")).values(columns)
        parts = f"json_extract({line}, [{', '.join(map(text, pointers))}])" if pointers else line
    items = [_cast(value, column) for value, column in zip(values, columns, strict=True)]
    return f"select {', '.join([name(PATH), *items])} from (select {parts} as parts, {name(PATH)} from ({lines}))"


def _parquet(connection: duckdb.DuckDBPyConnection, columns: Sequence[Column], paths: Sequence[str]) -> str:
    schemas = _parquet_schemas(connection, paths)
    items, differ = [name(PATH)], False
    for column in columns:
        found = {schema.get(column.name) for schema in schemas}
        differ = differ or len(found) > 1
        for kind in found:
            if kind is not None and not readable(exp.DataType.build(kind, dialect="duckdb"), column.kind):
                message = f"Field {column.name}'s type {kind} in a parquet file is incompatible with type {column.hive} defined in table schema"
                raise QueryFailed("HIVE_BAD_DATA", message)
        value = "null" if found == {None} else name(column.name)
        if plain(column.kind) == "TIMESTAMP":  # Athena reads milliseconds
            value = f"cast({value} as timestamp_ms)"
        items.append(_cast(value, column))
    options = f"union_by_name = {'true' if differ else 'false'}"
    return f"select {', '.join(items)} from {_from('read_parquet', paths, options)}"


def _parquet_schemas(connection: duckdb.DuckDBPyConnection, paths: Sequence[str]) -> list[dict[str, str]]:
    """Return each file's columns and their types in DuckDB's words."""
    query = "select file_name, name, coalesce(num_children, 0), duckdb_type from parquet_schema(?)"
    schemas: dict[str, dict[str, str]] = defaultdict(dict)
    waiting: list[int] = []  # for each element that we are within, how many of its children are to come
    for path, element, children, kind in connection.execute(query, [list(paths)]).fetchall():
        while waiting and not waiting[-1]:
            waiting.pop()
        if waiting:
            waiting[-1] -= 1
            if len(waiting) == 1:
                schemas[path][element.lower()] = kind
        waiting.append(children)
    return list(schemas.values())


def _lines(files: Mapping[str, StoredFile], skip: int) -> str:
    """Return the SELECT of the lines of text files: ``line``, never null, and ``$path``."""
    groups = defaultdict(list)
    for path, file in sorted(files.items()):
        ending = file.key.rpartition(".")[2].lower()
        compression = COMPRESSIONS.get(ending, "none")
        if not compression:
            raise not_supported(f"files that end with .{ending}: gzip (.gz) and Zstandard (.zst) only")
        groups[compression].append(path)
    options = f"columns = {{'line': 'VARCHAR'}}, delim = {text(NO_DELIMITER)}, quote = '', escape = '', skip = {skip}"
    options += ", auto_detect = false, header = false, compression = "
    sources = (_from("read_csv", paths, options + text(compression)) for compression, paths in groups.items())
    return " union all ".join(f"select coalesce(line, '') as line, {name(PATH)} from {source}" for source in sources)


def _from(function: str, paths: Sequence[str], options: str) -> str:
    for path in paths:
        if any(letter in path for letter in "*?["):
            raise not_supported(f"object keys with *, ? or [: {path}")
    listed = ", ".join(map(text, paths))
    return f"{function}([{listed}], filename = {text(PATH)}, hive_partitioning = false, {options})"


def _cast(value: str, column: Column) -> str:
    return f"cast({value} as {column.kind.sql('duckdb')}) as {name(column.name)}"

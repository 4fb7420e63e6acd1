"""A table's files as a DuckDB view of the declared types, and the bytes that reading them costs.

Statements are composed as sqlglot trees: names and paths come from whoever wrote the catalog.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
from sqlglot import exp

from local.aws.athena.catalog import StoredFile, Table
from local.aws.athena.errors import QueryFailed, not_supported
from local.aws.athena.values import duck_type

PATH = "$path"
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
JSON_DIGITS = 15  # of a JSON number that DuckDB keeps exactly

# What a Parquet file may hold where the catalog declares another type: wider is fine.
WIDENINGS = {
    "BIGINT": {"TINYINT", "SMALLINT", "INTEGER"},
    "INTEGER": {"TINYINT", "SMALLINT"},
    "SMALLINT": {"TINYINT"},
    "DOUBLE": {"FLOAT"},
    "TIMESTAMP": {"TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"},
}


def partition_rows(
    connection: duckdb.DuckDBPyConnection, name: str, table: Table, rows: Iterable[tuple[int, tuple[str, ...]]]
) -> None:
    """Make a table of partition values, typed, with the number of each partition in ``$partition``.

    :raises QueryFailed: a value is not of its key's type
    """
    columns = [("$partition", "INTEGER"), *((key, duck_type(kind)) for key, kind in table.keys)]
    values = [(number, *(None if value == NULL_PARTITION else value for value in texts)) for number, texts in rows]
    try:
        _filled_table(connection, name, columns, values)
    except duckdb.ConversionException as error:
        text = f"Invalid partition value of {table.database}.{table.name}: {str(error).splitlines()[0]}"
        raise QueryFailed("HIVE_INVALID_PARTITION_VALUE", text) from error


def view(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    table: Table,
    needed: set[str],
    paths: Mapping[str, int],
    partitions: str,
) -> None:
    """Make the view ``name``: the needed columns of a table, as its catalog entry declares them.

    :param paths: file → number of its partition
    :param partitions: name of the table that `partition_rows` made
    :raises QueryFailed: a file is not what the catalog says
    """
    columns = [(column, kind) for column, kind in table.columns if column in needed]
    keys = [(key, kind) for key, kind in table.keys if key in needed]
    if not paths:
        nothing = [_cast(exp.Null(), duck_type(kind)).as_(column, quoted=True) for column, kind in columns + keys]
        query = exp.select(*(nothing or [exp.true().as_("$row", quoted=True)])).where(exp.false())
    else:
        reader = _parquet if table.format == "parquet" else _json
        query = reader(connection, table, columns, sorted(paths))
        if keys:
            files = f"{name}_files"
            _filled_table(connection, files, [(PATH, "VARCHAR"), ("$partition", "INTEGER")], list(paths.items()))
            query = (
                query.select(*(exp.column(key, table=partitions, quoted=True) for key, _ in keys))
                .join(_named(files), on=_equal(files, PATH, "$data", PATH))
                .join(
                    _named(partitions),
                    on=_equal(files, "$partition", partitions, "$partition"),
                )
            )
    connection.execute(_sql(exp.Create(this=_named(name), kind="VIEW", expression=query)))


def scanned_bytes(
    connection: duckdb.DuckDBPyConnection, table: Table, needed: set[str], files: Mapping[str, StoredFile]
) -> int:
    """Return what Athena bills: of Parquet the compressed chunks of the needed columns, else whole files.

    Row groups that statistics could rule out are counted, and so are files that a LIMIT may never reach.
    """
    if table.format != "parquet":
        return sum(file.size for file in files.values())
    if not files or not needed:
        return 0
    chunks = "select path_in_schema, total_compressed_size from parquet_metadata(?)"
    rows = connection.execute(chunks, [sorted(files)]).fetchall()
    return sum(size for path, size in rows if path.split(", ")[0].lower() in needed)


def _parquet(
    connection: duckdb.DuckDBPyConnection, table: Table, columns: Sequence[tuple[str, str]], paths: Sequence[str]
) -> exp.Select:
    source = _reader("read_parquet", paths, union_by_name=exp.true())
    held = {
        row[0].lower(): row[1]
        for row in connection.execute(f"describe {_sql(exp.select('*').from_(source))}").fetchall()
    }
    items = []
    for column, hive in columns:
        wanted, found = duck_type(hive), held.get(column)
        if found is not None and not _readable(found, wanted):
            text = f"Field {column}'s type {found} in a parquet file of {table.database}.{table.name} is incompatible with type {hive} defined in table schema"
            raise QueryFailed("HIVE_BAD_DATA", text)
        value: exp.Expr = exp.Null() if found is None else exp.column(column, table="$data", quoted=True)
        if wanted == "TIMESTAMP":  # Athena reads milliseconds
            value = _cast(value, "TIMESTAMP_MS")
        items.append(_cast(value, wanted).as_(column, quoted=True))
    return exp.select(*(items or [exp.true().as_("$row", quoted=True)])).from_(source)


def _readable(found: str, wanted: str) -> bool:
    found, wanted = _plain(found), _plain(wanted)
    if found == wanted or found in WIDENINGS.get(wanted, ()):
        return True
    if found.startswith("DECIMAL(") and wanted.startswith("DECIMAL("):
        (had, had_scale), (has, has_scale) = (map(int, kind[8:-1].split(",")) for kind in (found, wanted))
        return has_scale >= had_scale and has - has_scale >= had - had_scale
    return False


def _plain(kind: str) -> str:
    return kind.upper().replace('"', "").replace(", ", ",").replace("( ", "(")


def _json(
    connection: duckdb.DuckDBPyConnection, _: Table, columns: Sequence[tuple[str, str]], paths: Sequence[str]
) -> exp.Select:
    """Return the query of JSON-lines files, in which a key may be spelled with capitals."""
    spellings = defaultdict(set)
    keys = "select distinct unnest(json_keys(json)) from read_ndjson_objects(?)"
    for (key,) in connection.execute(keys, [list(paths)]).fetchall():
        spellings[key.lower()].add(key)
    declared, items = [], []
    for column, hive in columns:
        if len(spellings[column]) > 1:
            raise not_supported(f"JSON keys that differ in capitals only: {', '.join(sorted(spellings[column]))}")
        key, wanted = next(iter(spellings[column]), column), duck_type(hive)
        value: exp.Expr = exp.column(key, table="$data", quoted=True)
        kind = wanted
        if wanted == "VARCHAR" or wanted.startswith("decimal"):
            kind, value = "JSON", _json_text(value, column, wanted)
        declared.append(exp.PropertyEQ(this=exp.Literal.string(key), expression=exp.Literal.string(kind)))
        items.append(_cast(value, wanted).as_(column, quoted=True))
    if not declared:
        declared.append(exp.PropertyEQ(this=exp.Literal.string("$row"), expression=exp.Literal.string("BOOLEAN")))
    layout = {"format": exp.Literal.string("newline_delimited"), "columns": exp.Struct(expressions=declared)}
    return exp.select(*(items or [exp.true().as_("$row", quoted=True)])).from_(_reader("read_json", paths, **layout))


def _json_text(value: exp.Expr, column: str, wanted: str) -> exp.Expr:
    """Return a JSON value's text; DuckDB reads a number as a double, and so could change it."""
    text = exp.Anonymous(this="json_extract_string", expressions=[value, exp.Literal.string("$")])
    digits = (
        int(wanted.removeprefix("decimal(").rstrip(")").split(",")[0])
        if wanted.startswith("decimal")
        else JSON_DIGITS + 1
    )
    if digits <= JSON_DIGITS:
        return text
    kind = exp.Anonymous(this="json_type", expressions=[value.copy()])
    refusal = exp.Literal.string(str(not_supported(f"JSON numbers with a point in {column}, declared {wanted}")))
    refuse = exp.Anonymous(this="error", expressions=[refusal])
    return exp.Case(ifs=[exp.If(this=kind.eq("DOUBLE"), true=refuse)], default=text)


def _reader(function: str, paths: Sequence[str], **options: exp.Expr) -> exp.Table:
    """Return files as a table named ``$data``, with each row's file in ``$path``."""
    for path in paths:
        if any(letter in path for letter in "*?["):
            raise not_supported(f"object keys with *, ? or [: {path}")
    named = {"filename": exp.Literal.string(PATH), "hive_partitioning": exp.false(), **options}
    arguments = [exp.EQ(this=exp.to_identifier(name), expression=value) for name, value in named.items()]
    call = exp.Anonymous(this=function, expressions=[exp.array(*map(exp.Literal.string, paths)), *arguments])
    return exp.Table(this=call, alias=exp.TableAlias(this=exp.to_identifier("$data", quoted=True)))


def _filled_table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Make a table of rows, all in one statement: a table may have thousands of partitions."""
    kinds = [exp.ColumnDef(this=exp.to_identifier(column, quoted=True), kind=_type(kind)) for column, kind in columns]
    connection.execute(_sql(exp.Create(this=exp.Schema(this=_named(name), expressions=kinds), kind="TABLE")))
    if rows:
        unnested = exp.select(*(exp.Anonymous(this="unnest", expressions=[exp.Placeholder()]) for _ in columns))
        connection.execute(
            _sql(exp.insert(unnested, _named(name))), [list(column) for column in zip(*rows, strict=True)]
        )


def _equal(left: str, left_column: str, right: str, right_column: str) -> exp.Expr:
    return exp.column(left_column, table=left, quoted=True).eq(exp.column(right_column, table=right, quoted=True))


def _named(table: str) -> exp.Table:
    return exp.Table(this=exp.to_identifier(table, quoted=True))


def _cast(value: exp.Expr, duck: str) -> exp.Cast:
    return exp.Cast(this=value, to=_type(duck))


def _type(duck: str) -> exp.DataType:
    return exp.DataType.build(duck, dialect="duckdb")


def _sql(tree: exp.Expr) -> str:
    return tree.sql("duckdb")

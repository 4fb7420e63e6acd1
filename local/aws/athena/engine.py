"""One query: parsed and resolved at one moment, then pruned and run by DuckDB in a thread of its own."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.schema import MappingSchema

from local.aws.athena import catalog, dialect, information_schema, pruning, relations, rewrite
from local.aws.athena.catalog import Lake, StoredFile, Table, View
from local.aws.athena.errors import QueryFailed, not_supported
from local.aws.athena.types import Type
from local.aws.athena.values import trino_type

CATALOGS = ("", "awsdatacatalog")
VIEWS_WITHIN_VIEWS = 10
# What DuckDB says → Athena's name of the error, and its words where they are known
FAILURES = (
    ("Division by zero", "DIVISION_BY_ZERO", "Division by zero"),
    ("must appear in the GROUP BY clause", "EXPRESSION_NOT_AGGREGATE", ""),
    (
        "More than one row returned by a subquery",
        "SUBQUERY_MULTIPLE_ROWS",
        "Scalar sub-query has returned multiple rows",
    ),
    ("Map keys must be unique", "INVALID_FUNCTION_ARGUMENT", "Duplicate map keys are not allowed"),
    ("Map keys can not be NULL", "INVALID_FUNCTION_ARGUMENT", "map key cannot be null"),
    ("key list does not align", "INVALID_FUNCTION_ARGUMENT", "Key and value arrays must be the same length"),
    ("Type INT", "NUMERIC_VALUE_OUT_OF_RANGE", ""),
    ("Could not parse string", "INVALID_FUNCTION_ARGUMENT", ""),
)


@dataclass(frozen=True)
class Query:
    """A query and what it may read, as it stood when the query was sent.

    :param tables: (database, name) → the table
    """

    tree: exp.Query
    tables: dict[tuple[str, str], Table]
    lake: Lake
    names: dict[str, str]


@dataclass(frozen=True)
class Plan:
    """A query in DuckDB's words.

    :param columns: name and type
    :param scanned: bytes that it reads
    """

    sql: str
    columns: list[tuple[str, Type]]
    scanned: int


@dataclass(frozen=True)
class Result:
    """A query's result.

    :param columns: name and type
    :param rows: batches of rows
    :param scanned: bytes read
    """

    columns: list[tuple[str, Type]]
    rows: Iterator[list[tuple[Any, ...]]]
    scanned: int


def resolve(sql: str, database: str, parameters: Sequence[str] = ()) -> Query:
    """Parse a query and look up what it names. Call it on the event loop, in one go: so it sees one moment.

    :param database: what names without a database belong to
    :raises Malformed: it is no SQL
    :raises QueryFailed: it names what does not exist, or is beyond what the local Athena supports
    """
    tree = dialect.parse(dialect.bind(sql, parameters))
    names = dialect.name_columns(tree)
    tables: dict[tuple[str, str], Table] = {}
    tree = _resolved(tree, database.lower(), tables)
    return Query(tree, tables, catalog.lake(), names)


def plan(
    connection: duckdb.DuckDBPyConnection, query: Query, path: Callable[[StoredFile], str], limit: int | None = None
) -> Plan:
    """Translate a query, and make what it reads.

    :param connection: an empty in-memory database, the query's own
    :param path: where the local S3 keeps an object
    :param limit: bytes that the query may scan
    :raises QueryFailed: as Athena would let it fail
    """
    connection.execute("set threads = 2; set TimeZone = 'UTC'; set autoinstall_known_extensions = false")
    tree = dialect.qualified(query.tree.copy(), _schema(query.tables))
    kinds = [kind for _, kind in rewrite.rewritten(tree)]
    rewrite.prepare(connection, tree.sql("duckdb"))
    scanned = 0
    for number, source in enumerate(pruning.sources(connection, tree, query.tables)):
        scanned += relations.attach(connection, f"source_{number}", source, query.lake, path)
        source.node.replace(exp.to_table(f"source_{number}", alias=source.node.alias_or_name))
    if limit is not None and scanned > limit:
        raise QueryFailed("EXCEEDED_BYTES_LIMIT", "Bytes scanned limit was exceeded")
    columns = list(zip(dialect.output_names(tree, query.names), kinds, strict=True))
    connection.complete()  # what came before may have left rows unread
    return Plan(tree.sql("duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE), columns, scanned)


def run(
    connection: duckdb.DuckDBPyConnection, query: Query, path: Callable[[StoredFile], str], limit: int | None = None
) -> Result:
    """Plan a query and run it; interrupting the connection ends it."""
    planned = plan(connection, query, path, limit)
    answer = connection.execute(planned.sql)
    return Result(planned.columns, iter(lambda: answer.fetchmany(10_000), []), planned.scanned)


def stage(connection: duckdb.DuckDBPyConnection, planned: Plan, table: str) -> None:
    """Make a table of a query's rows, with the columns ``c0``, ``c1`` and so on."""
    numbered = ", ".join(f"#{number + 1} as c{number}" for number in range(len(planned.columns)))
    connection.sql(planned.sql).project(numbered).create(table)


def failure(error: duckdb.Error) -> QueryFailed:
    """Return what Athena would say of an error of DuckDB's."""
    text = str(error).partition("\n")[0]
    own = re.search(r"\b([A-Z_]{8,}): (.*)", str(error), re.DOTALL)  # raised by one of our macros
    if own and isinstance(error, duckdb.InvalidInputException):
        return QueryFailed(own[1], own[2].partition('" according to format specifier')[0])
    if "CSV Parser state machine" in text:
        return not_supported("text files whose lines do not all end alike")
    for part, code, message in FAILURES:
        if part in text:
            return QueryFailed(code, message or text)
    if "JSON" in text:
        return QueryFailed("HIVE_CURSOR_ERROR", f"Row is not a valid JSON Object: {text}")
    known: dict[type[duckdb.Error], str] = {
        duckdb.OutOfRangeException: "NUMERIC_VALUE_OUT_OF_RANGE",
        duckdb.ConversionException: "INVALID_CAST_ARGUMENT",
        duckdb.IOException: "HIVE_CANNOT_OPEN_SPLIT",
        duckdb.BinderException: "SYNTAX_ERROR",
    }
    return QueryFailed(known.get(type(error), "GENERIC_INTERNAL_ERROR"), text)


def _resolved(tree: exp.Query, database: str, tables: dict[tuple[str, str], Table], depth: int = 0) -> exp.Query:
    """Give every table its database, put views in their places, and note the tables in ``tables``."""
    if depth > VIEWS_WITHIN_VIEWS:
        raise not_supported(f"more than {VIEWS_WITHIN_VIEWS} views within views")
    named = {
        id(source): source
        for scope in traverse_scope(tree)
        for source in scope.sources.values()
        if isinstance(source, exp.Table)
    }
    for node in named.values():
        if {key for key, value in node.args.items() if value} - {"this", "db", "catalog", "alias"}:
            raise not_supported(node.sql("athena"))
        if node.catalog.lower() not in CATALOGS:
            raise QueryFailed("CATALOG_NOT_FOUND", f"Catalog '{node.catalog}' does not exist")
        where, name = (node.db or database).lower(), node.name.lower()
        if "$" in name:
            raise not_supported(f"the metadata table {name}")
        if where == information_schema.NAME:
            found: Table | View = View(where, information_schema.query(name, at=_position(node)))
        else:
            found = catalog.table(where, name, at=_position(node))
        if isinstance(found, View):
            inner = _resolved(dialect.parse(found.sql), found.database, tables, depth + 1)
            alias = exp.TableAlias(this=exp.to_identifier(node.alias_or_name))
            node.replace(exp.Subquery(this=inner, alias=alias))
        else:
            tables[where, name] = found
            node.set("catalog", None)
            node.set("db", exp.to_identifier(where, quoted=True))
            if not node.alias:  # qualified names, as in "select db.t.a from db.t", keep their meaning
                node.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    return tree


def _position(node: exp.Table) -> str:
    """Return where a table is named, as Athena words it; sqlglot notes where the name ends."""
    first = node.args.get("db") or node.this
    place = first.meta
    return f"line {place['line']}:{place['col'] - len(first.name) + 1}: " if "line" in place else ""


def _schema(tables: dict[tuple[str, str], Table]) -> MappingSchema:
    schema: dict[str, Any] = {}
    for (database, name), table in tables.items():
        columns = {column: trino_type(kind) for column, kind in table.columns + table.keys}
        schema.setdefault(database, {})[name] = columns
    return MappingSchema(schema, dialect="athena")

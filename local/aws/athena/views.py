"""Views: queries that the catalog keeps under a name, in the form that Presto gave them."""

import asyncio
import base64
import json

import duckdb

from local.aws.athena import engine, entries, objects
from local.aws.athena.ddl import Change, Place, lines_of
from local.aws.athena.entries import Document
from local.aws.athena.errors import QueryFailed
from local.aws.athena.types import Type
from local.aws.athena.words import CATALOG, Words
from local.aws.athena.writing import hive_type


def show_create_view(words: Words, place: Place) -> Change:
    """SHOW CREATE VIEW."""
    name = words.table(place.database)
    words.end()

    def lines() -> list[str]:
        table = entries.find(name)
        if not entries.is_view(table):
            raise QueryFailed("NOT_SUPPORTED", f"Relation '{CATALOG}.{name}' is not a view")
        return f"CREATE VIEW {name} AS\n{_view(table)['originalSql']}".split("\n")

    return lines_of(["create view"], lines)


def create_view(words: Words, place: Place, *, replace: bool = False) -> Change:
    """CREATE VIEW."""
    name = words.table(place.database)
    words.need("as")
    sql, _ = words.rest()
    query = engine.resolve(sql, place.database)

    async def run() -> list[str]:
        columns = await asyncio.to_thread(_result_columns, query)
        old = entries.find(name)
        if old is not None and not entries.is_view(old):
            raise QueryFailed("TABLE_ALREADY_EXISTS", f"line 1:1: Table already exists: '{CATALOG}.{name}'")
        if old is not None and not replace:
            raise QueryFailed("ALREADY_EXISTS", f"View already exists: '{name}'")
        view = {
            "originalSql": sql.strip(),
            "catalog": CATALOG,
            "schema": place.database,
            "columns": [{"name": column.lower(), "type": str(kind)} for column, kind in columns],
        }
        described = {
            "Name": name.table,
            "TableType": "VIRTUAL_VIEW",
            "Parameters": {"presto_view": "true", "comment": "Presto View"},
            "ViewOriginalText": f"/* Presto View: {base64.b64encode(json.dumps(view).encode()).decode()} */",
            "ViewExpandedText": "/* Presto View */",
            "PartitionKeys": [],
            "StorageDescriptor": {
                "Columns": [{"Name": column.lower(), "Type": hive_type(kind)} for column, kind in columns],
                "Location": "",
                "SerdeInfo": {},
            },
        }
        return await entries.glue(
            "UpdateTable" if old else "CreateTable", DatabaseName=name.database, TableInput=described
        )

    return Change(run)


def replace_view(words: Words, place: Place) -> Change:
    """CREATE OR REPLACE VIEW."""
    return create_view(words, place, replace=True)


def _result_columns(query: engine.Query) -> list[tuple[str, Type]]:
    with duckdb.connect(":memory:") as connection:
        try:
            return engine.plan(connection, query, objects.path).columns
        except duckdb.Error as error:
            raise engine.failure(error) from error


def _view(table: Document | None) -> Document:
    words = ((table or {}).get("ViewOriginalText") or "").removeprefix("/* Presto View: ").removesuffix(" */")
    return dict(json.loads(base64.b64decode(words)))


def columns(table: Document) -> Change:
    """Return what tells a view's columns, as DESCRIBE and SHOW COLUMNS do."""
    lines = [f"{column['name']}\t{column['type']}" for column in _view(table)["columns"]]
    return lines_of(["column", "type"], lambda: lines, "DESC_VIEW")

"""Trino's ``information_schema``: what the Glue catalog holds, as tables that a query can ask."""

from collections.abc import Iterator, Sequence
from typing import Any

from local.aws.athena import rights, types, values
from local.aws.athena.errors import QueryFailed

NAME = "information_schema"
CATALOG = "awsdatacatalog"
# Table → its columns: name, type, and where it comes from: a row's element by number, or Trino's words
TABLES: dict[str, Sequence[tuple[str, str, int | str]]] = {
    "schemata": (("catalog_name", "varchar", f"'{CATALOG}'"), ("schema_name", "varchar", 0)),
    "tables": (
        ("table_catalog", "varchar", f"'{CATALOG}'"),
        ("table_schema", "varchar", 0),
        ("table_name", "varchar", 1),
        ("table_type", "varchar", 2),
    ),
    "columns": (
        ("table_catalog", "varchar", f"'{CATALOG}'"),
        ("table_schema", "varchar", 0),
        ("table_name", "varchar", 1),
        ("column_name", "varchar", 2),
        ("ordinal_position", "bigint", 3),
        ("column_default", "varchar", "null"),
        ("is_nullable", "varchar", "'YES'"),
        ("data_type", "varchar", 4),
        ("comment", "varchar", "case when v5 <> '' then v5 end"),
        ("extra_info", "varchar", "case when v6 <> '' then v6 end"),
    ),
}


def query(table: str, *, at: str = "") -> str:
    """Return the query that a table of this schema is.

    :param at: where the query names it, for the message
    :raises QueryFailed: there is no such table
    """
    if table not in TABLES:
        raise QueryFailed("TABLE_NOT_FOUND", f"{at}Table '{CATALOG}.{NAME}.{table}' does not exist")
    rows = list({"schemata": _schemata, "tables": _tables, "columns": _columns}[table]())
    listed = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
    names = ", ".join(f"v{number}" for number in range(len(rows[0])))
    items = ", ".join(
        f"cast({f'v{source}' if isinstance(source, int) else source} as {kind}) as {name}"
        for name, kind, source in TABLES[table]
    )
    return f"select {items} from (values {listed}) as t({names})"  # noqa: S608 - literals are quoted


def _schemata() -> Iterator[tuple[str, ...]]:
    yield (NAME,)
    yield from ((database,) for database, _ in _databases())


def _tables() -> Iterator[tuple[str, ...]]:
    yield from ((NAME, table, "BASE TABLE") for table in TABLES)
    for database, entries in _databases():
        for entry in entries:
            is_view = entry.get("TableType") == "VIRTUAL_VIEW"
            yield database, entry["Name"], "VIEW" if is_view else "BASE TABLE"


def _columns() -> Iterator[tuple[str | int, ...]]:
    for table, columns in TABLES.items():
        for position, (name, kind, _) in enumerate(columns, start=1):
            yield NAME, table, name, position, kind, "", ""
    for database, entries in _databases():
        for entry in entries:
            held = [(column, "") for column in (entry.get("StorageDescriptor") or {}).get("Columns") or []]
            keys = [(key, "partition key") for key in entry.get("PartitionKeys") or []]
            for position, (column, extra) in enumerate(held + keys, start=1):
                kind = _trino_type(column["Type"])
                yield (
                    database,
                    entry["Name"],
                    column["Name"].lower(),
                    position,
                    kind,
                    column.get("Comment") or "",
                    extra,
                )


def _databases() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Return databases with their tables, as far as the one who asks may read them."""
    from ministack.services import glue

    for database in sorted(glue._databases):
        try:
            rights.glue("GetTables", {"DatabaseName": database})
        except QueryFailed:
            continue
        yield database, [entry for entry in glue._tables.values() if entry["DatabaseName"] == database]


def _trino_type(hive: str) -> str:
    try:
        return str(types.parse(values.trino_type(hive)))
    except QueryFailed:
        return hive  # the local Athena cannot read it, and can tell of it


def _literal(item: str | int) -> str:
    return str(item) if isinstance(item, int) else "'" + item.replace("'", "''") + "'"

"""The stars' tables, keys, comments and views, derived from the contracts and brought about without losing a row."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from quayside.contract import Column, Contract
from quayside.errors import Terminal
from quayside.types import arrow_type
from quayside.warehouse.connection import lock

SCHEMA = "warehouse"
MASKED = "masked"  # views of the stars without personal data
_INTEGERS = {"smallint": 5, "integer": 10, "bigint": 19}
_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """What is in the schema.

    :param columns: of each table and view: its columns in their order, with their types
    :param required: (table, column) that refuse null and have no default
    :param constraints: (table, name)
    :param indexes: names
    :param comments: of (table, column); of the table itself for column None
    """

    columns: Mapping[str, Mapping[str, str]]
    required: frozenset[tuple[str, str]]
    constraints: frozenset[tuple[str, str]]
    comments: Mapping[tuple[str, str | None], str | None]
    indexes: frozenset[str]


def migrate(connection: psycopg.Connection[Any], tables: Sequence[Contract]) -> list[tuple[str, str]]:
    """Make the schema what the contracts say, in the caller's transaction; return (dataset, what changed).

    Tables and columns are added, types widened; nothing is ever dropped but a null constraint that would
    refuse new rows. Where all is as it should be, it only looks.

    :raises Terminal: a type changed in a way that could lose data; the message says what to do
    """
    lock(connection)
    names = {table.name for table in tables}
    missing = {target.rpartition(".")[0] for table in tables for target in _references(table).values()} - names
    if missing:
        raise Terminal(
            f"Tables refer to {', '.join(sorted(missing))}: let the pipeline publish "
            "what its facts and dimensions refer to."
        )
    before = _existing(connection)
    notes = []
    for statement, dataset, note in _statements(tables, before):
        connection.execute(statement)
        if note:
            notes.append((dataset, note))
    return notes


def qualified(name: str) -> sql.Identifier:
    """Return ``warehouse.<name>``."""
    return sql.Identifier(SCHEMA, name)


def names(columns: Sequence[Column]) -> sql.Composed:
    """Return the columns' names, separated by commas."""
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)


def columns(table: Contract) -> tuple[Column, ...]:
    """Return the columns that the warehouse keeps: not the lake's partition, and nothing restricted."""
    return tuple(column for column in table.columns if not column.partition and not column.restricted)


def loaded_columns(table: Contract) -> tuple[Column, ...]:
    """Return the columns that batches bring: all but the keys that the warehouse gives."""
    return tuple(
        column
        for column in columns(table)
        if not (serial(table, column) or column.version_of or (table.natural_key and column.key))
    )


def version_columns(table: Contract) -> tuple[Column, ...]:
    """Return a fact's columns that point to the version of a member which was valid then."""
    return tuple(column for column in columns(table) if column.version_of)


def serial(table: Contract, column: Column) -> bool:
    """Tell whether the warehouse numbers the rows itself: the key of a history, which no source has."""
    return table.history and column.key and column.transform is None


def column_type(column: Column) -> sql.SQL:
    """Return a column's type as SQL.

    :raises Terminal: the contract uses a type that the platform does not carry
    """
    arrow_type(column)  # so that nothing but a known type becomes SQL
    return sql.SQL(column.type)


def view_name(table: Contract) -> str:
    """Return the name of the view of what stands now: ``current_sales_order`` of ``fact_sales_order``."""
    return f"current_{table.table.removeprefix('fact_')}"


def _references(table: Contract) -> dict[str, str]:
    return {column.name: column.references for column in columns(table) if column.references}


def _statements(tables: Sequence[Contract], before: Existing) -> Iterator[tuple[sql.Composed, str, str | None]]:
    for table in tables:
        if table.table not in before.columns:
            yield _create(table), table.name, "table created"
        else:
            yield from _alter(table, before)
        yield from _keys(table, before)
    for table in tables:  # when all tables are there
        yield from _foreign_keys(table, before)
        yield from _indexes(table, before)
        yield from _comments(table, before)
        if table.history:
            yield from _view(table, before)


def _create(table: Contract) -> sql.Composed:
    definitions = sql.SQL(", ").join(_definition(table, column) for column in columns(table))
    return sql.SQL("create table {} ({})").format(qualified(table.table), definitions)


def _definition(table: Contract, column: Column, *, filled: bool = False) -> sql.Composed:
    """Define a column; ``filled``: the table has rows of before, which have no value for it."""
    parts: list[sql.Composable] = [sql.Identifier(column.name), column_type(column)]
    if serial(table, column):
        parts.append(sql.SQL("generated by default as identity"))
    if table.history and column.name == "deleted":
        parts.append(sql.SQL("not null default false"))
    # A dimension's columns may be null: an inferred member has only its key.
    elif column.key or (column.required and table.fact and not filled):
        parts.append(sql.SQL("not null"))
    return sql.SQL(" ").join(parts)


def _alter(table: Contract, before: Existing) -> Iterator[tuple[sql.Composed, str, str | None]]:
    there = before.columns[table.table]
    name = qualified(table.table)
    for column in columns(table):
        if column.name not in there:
            yield (
                sql.SQL("alter table {} add column {}").format(name, _definition(table, column, filled=True)),
                table.name,
                f"column {column.name} added; rows of before have no value for it",
            )
        elif there[column.name] != _normal(column.type):
            _refuse_unless_wider(table, column, there[column.name])
            for view in _views(table):  # they would refuse, and are made again below, and by `access.mask`
                yield sql.SQL("drop view if exists {}").format(view), table.name, None
            yield (
                sql.SQL("alter table {} alter column {} type {}").format(
                    name, sql.Identifier(column.name), column_type(column)
                ),
                table.name,
                f"column {column.name} widened from {there[column.name]} to {column.type}",
            )
    for gone in there.keys() - {column.name for column in columns(table)}:
        if (table.table, gone) in before.required:
            yield (
                sql.SQL("alter table {} alter column {} drop not null").format(name, sql.Identifier(gone)),
                table.name,
                f"column {gone} is no longer in the contract; it is kept, and null from now on",
            )


def _views(table: Contract) -> tuple[sql.Identifier, ...]:
    """Return all views that there may be of a table, each before what it is made of."""
    now = view_name(table)
    return sql.Identifier(MASKED, now), sql.Identifier(MASKED, table.table), qualified(now)


def _refuse_unless_wider(table: Contract, column: Column, was: str) -> None:
    now = _normal(column.type)
    if not _wider(was, now):
        raise Terminal(
            f"{table.name}.{column.name} is {was} in the warehouse and {now} in the contract, which may not hold every "
            f"value. Restore the contract's type, or convert the column by hand (alter table … alter column … type {now} "
            "using …), then clear the task."
        )


def _wider(was: str, now: str) -> bool:
    """Tell whether every value of one type is one of the other."""
    if was in _INTEGERS and now in _INTEGERS:
        return _INTEGERS[now] > _INTEGERS[was]
    into = _NUMERIC.fullmatch(now)
    if into:
        precision, scale = int(into[1]), int(into[2])
        decimal = _NUMERIC.fullmatch(was)
        if decimal:
            return scale >= int(decimal[2]) and precision - scale >= int(decimal[1]) - int(decimal[2])
        return was in _INTEGERS and precision - scale >= _INTEGERS[was]
    return (was, now) == ("timestamp(3)", "timestamp")


def _normal(kind: str) -> str:
    return kind.replace(" without time zone", "").replace(", ", ",")


def _keys(table: Contract, before: Existing) -> Iterator[tuple[sql.Composed, str, str | None]]:
    keys: dict[str, tuple[LiteralString, tuple[str, ...]]] = {"pkey": ("primary key", (table.key.name,))}
    if table.history:
        keys["version_key"] = ("unique", table.version_key)
    for suffix, (kind, parts) in keys.items():
        name = f"{table.table}_{suffix}"
        if (table.table, name) not in before.constraints:
            yield (
                sql.SQL("alter table {} add constraint {} {} ({})").format(
                    qualified(table.table),
                    sql.Identifier(name),
                    sql.SQL(kind),
                    sql.SQL(", ").join(map(sql.Identifier, parts)),
                ),
                table.name,
                None,
            )


def _foreign_keys(table: Contract, before: Existing) -> Iterator[tuple[sql.Composed, str, str | None]]:
    for column, target in _references(table).items():
        name = f"{table.table}_{column}_fkey"
        if (table.table, name) in before.constraints:
            continue
        dataset, _, key = target.rpartition(".")
        yield (
            sql.SQL("alter table {} add constraint {} foreign key ({}) references {} ({})").format(
                qualified(table.table),
                sql.Identifier(name),
                sql.Identifier(column),
                qualified(dataset.partition(".")[2]),
                sql.Identifier(key),
            ),
            table.name,
            None,
        )


def _indexes(table: Contract, before: Existing) -> Iterator[tuple[sql.Composed, str, str | None]]:
    """Index by what rows are replaced, and by what is looked up when a member's version goes."""
    for column in columns(table):
        name = f"{table.table}_{column.name}_idx"
        if (column.name == table.replaced_by or column.version_of) and name not in before.indexes:
            yield (
                sql.SQL("create index {} on {} ({})").format(
                    sql.Identifier(name), qualified(table.table), sql.Identifier(column.name)
                ),
                table.name,
                None,
            )


def _comments(table: Contract, before: Existing) -> Iterator[tuple[sql.Composed, str, str | None]]:
    if before.comments.get((table.table, None)) != (table.description or None):
        yield (
            sql.SQL("comment on table {} is {}").format(qualified(table.table), sql.Literal(table.description)),
            table.name,
            None,
        )
    for column in columns(table):
        if before.comments.get((table.table, column.name)) != (column.description or None):
            yield (
                sql.SQL("comment on column {} is {}").format(
                    sql.Identifier(SCHEMA, table.table, column.name), sql.Literal(column.description)
                ),
                table.name,
                None,
            )


def _view(table: Contract, before: Existing) -> Iterator[tuple[sql.Composed, str, str | None]]:
    """Show the latest version of every business key, where that is not its deletion.

    New columns come last, so that the view can be replaced under those who use it. The version key is
    unique, so one version is the latest; sorted downwards throughout, its index gives them in order.
    """
    there = before.columns.get(view_name(table), {})
    wished = {column.name: _normal(column.type) for column in columns(table) if column.name != "deleted"}
    if {name: there.get(name) for name in wished} == wished:
        return
    shown = [*(name for name in there), *(name for name in wished if name not in there)]
    key, *version = table.version_key
    order = sql.SQL(", ").join(sql.SQL("{} desc").format(sql.Identifier(name)) for name in (key, *version))
    name = qualified(view_name(table))
    yield (
        sql.SQL(
            "create or replace view {} as select {} from (select distinct on ({}) * from {} order by {}) as latest "
            "where not deleted"
        ).format(
            name,
            sql.SQL(", ").join(map(sql.Identifier, shown)),
            sql.Identifier(key),
            qualified(table.table),
            order,
        ),
        table.name,
        None,
    )
    yield (
        sql.SQL("comment on view {} is {}").format(
            name, sql.Literal(f"What stands now. {table.description} The latest of each, without deleted ones.")
        ),
        table.name,
        None,
    )


def _existing(connection: psycopg.Connection[Any]) -> Existing:
    """Look at the schema; make it where there is none."""
    if connection.execute("select to_regnamespace(%s) is null", [SCHEMA]).fetchone() == (True,):
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(SCHEMA)))
    described = connection.execute(
        """
        select relation.relname, attribute.attname, format_type(attribute.atttypid, attribute.atttypmod),
               attribute.attnotnull and attribute.attidentity = '' and not attribute.atthasdef,
               col_description(relation.oid, attribute.attnum), obj_description(relation.oid, 'pg_class')
        from pg_class as relation join pg_attribute as attribute on attribute.attrelid = relation.oid
        where relation.relnamespace = %s::regnamespace and relation.relkind in ('r', 'p', 'v')
          and attribute.attnum > 0 and not attribute.attisdropped
        order by relation.oid, attribute.attnum""",
        [SCHEMA],
    ).fetchall()
    constraints = connection.execute(
        """
        select relation.relname, conname
        from pg_constraint join pg_class as relation on relation.oid = conrelid
        where relation.relnamespace = %s::regnamespace""",
        [SCHEMA],
    ).fetchall()
    indexes = connection.execute("select indexname from pg_indexes where schemaname = %s", [SCHEMA]).fetchall()
    found: dict[str, dict[str, str]] = {}
    comments: dict[tuple[str, str | None], str | None] = {}
    for table, column, kind, _, about_column, about_table in described:
        found.setdefault(table, {})[column] = _normal(kind)
        comments |= {(table, column): about_column, (table, None): about_table}
    return Existing(
        columns=found,
        comments=comments,
        constraints=frozenset((table, name) for table, name in constraints),
        required=frozenset((table, column) for table, column, _, required, *_ in described if required),
        indexes=frozenset(name for (name,) in indexes),
    )

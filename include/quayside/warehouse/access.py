"""Who may not see personal data, and what they see instead: views in which the contracts' personal columns are masked.

The analysts' role reads the schema ``masked`` and nothing else. A view runs with its owner's rights, so they need none
in the schema of the stars; of a masked column no value ever reaches what they ask, nor a function of their own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql

from quayside.contract import Column, Contract
from quayside.warehouse.schema import MASKED, SCHEMA, column_type, columns, view_name

ANALYST = "quayside_analyst"
MASK = "•••"
Relations = Mapping[str, Mapping[str, str]]  # name of a table or view → column → type


def mask(connection: psycopg.Connection[Any], tables: Sequence[Contract]) -> list[tuple[str, str]]:
    """Give each of the stars' tables a masked view that analysts may read, in the caller's transaction.

    Call it when the tables are what the contracts say. Where all is as it should be, it only looks.

    :return: (dataset, what changed)
    """
    if connection.execute("select to_regnamespace(%s) is null", [MASKED]).fetchone() == (True,):
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(MASKED)))
    stars, comments = _relations(connection, SCHEMA)
    views, told = _relations(connection, MASKED)
    notes = []
    for table in tables:
        for name in (table.table, view_name(table)):
            if name not in stars:
                continue
            shown = [column for column in columns(table) if column.name in stars[name]]
            comment = _comment(comments[name], shown)
            wanted = {column.name: stars[name][column.name] for column in shown}
            if (views.get(name), told.get(name)) != (wanted, comment):
                for statement in _make(name, shown, comment):
                    connection.execute(statement)
                notes.append((table.name, f"view {MASKED}.{name} made"))
    _let_read(connection)
    return notes


def _make(name: str, shown: Sequence[Column], comment: str) -> Iterator[sql.Composed]:
    """Make a view; anew, as a view that is replaced may neither lose a column nor change a type."""
    view, star = sql.Identifier(MASKED, name), sql.Identifier(SCHEMA, name)
    yield sql.SQL("drop view if exists {}").format(view)
    values = sql.SQL(", ").join(sql.SQL("{} as {}").format(_shown(item), sql.Identifier(item.name)) for item in shown)
    yield sql.SQL("create view {} as select {} from {}").format(view, values, star)
    yield sql.SQL("comment on view {} is {}").format(view, sql.Literal(comment))


def _shown(column: Column) -> sql.Composable:
    """Return what is shown of a column: of personal text that there is some, of other personal values nothing."""
    name = sql.Identifier(column.name)
    if not column.personal:
        return name
    if column.type == "text":
        return sql.SQL("case when {} is not null then {}::text end").format(name, sql.Literal(MASK))
    return sql.SQL("null::{}").format(column_type(column))


def _comment(comment: str, shown: Sequence[Column]) -> str:
    """Say what is masked; a changed classification so changes the comment, and the view is made again."""
    hidden = ", ".join(column.name for column in shown if column.personal)
    return f"{comment} Masked: {hidden or 'nothing'}.".strip()


def _let_read(connection: psycopg.Connection[Any]) -> None:
    """Grant the analysts what they lack; make their role where we may, else wait until somebody has."""
    role, schema = sql.Identifier(ANALYST), sql.Identifier(MASKED)
    [there, may_create] = connection.execute(
        """
        select exists (select from pg_roles where rolname = %s), rolcreaterole or rolsuper
        from pg_roles where rolname = current_user""",
        [ANALYST],
    ).fetchone() or (False, False)
    if not there:
        if not may_create:
            return
        connection.execute(sql.SQL("create role {} nologin").format(role))
    closed = connection.execute(
        """
        select relname from pg_class
        where relnamespace = %(schema)s::regnamespace and relkind = 'v'
          and not (has_schema_privilege(%(role)s, relnamespace, 'usage') and has_table_privilege(%(role)s, oid, 'select'))
        """,
        {"schema": MASKED, "role": ANALYST},
    ).fetchall()
    if closed:
        connection.execute(sql.SQL("grant usage on schema {} to {}").format(schema, role))
    for (view,) in closed:
        connection.execute(sql.SQL("grant select on {} to {}").format(sql.Identifier(MASKED, view), role))


def _relations(connection: psycopg.Connection[Any], schema: str) -> tuple[Relations, Mapping[str, str]]:
    """Return the columns of a schema's tables and views, in their order, and the comments on these."""
    rows = connection.execute(
        """
        select relname, attname, format_type(atttypid, atttypmod), coalesce(obj_description(relation.oid, 'pg_class'), '')
        from pg_class as relation join pg_attribute on attrelid = relation.oid
        where relnamespace = %s::regnamespace and relkind in ('r', 'p', 'v') and attnum > 0 and not attisdropped
        order by relation.oid, attnum""",
        [schema],
    ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for relation, column, kind, _ in rows:
        found.setdefault(relation, {})[column] = kind
    return found, {relation: comment for relation, _, _, comment in rows}

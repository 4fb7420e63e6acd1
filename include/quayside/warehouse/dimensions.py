"""Dimensions: the latest version of every member, and members that a fact knew first."""

from datetime import date
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
from psycopg import sql

from quayside.contract import Contract
from quayside.warehouse.schema import columns, names, qualified
from quayside.warehouse.staging import copy_in, staged


def upsert(connection: psycopg.Connection[Any], table: Contract) -> int:
    """Make a dimension's members what was staged last of each; return how many were added or differ now."""
    key = sql.Identifier(table.key.name)
    others = [column for column in columns(table) if not column.key]
    settled = sql.SQL("nothing")
    if others:
        new = sql.SQL(", ").join(sql.Identifier("excluded", column.name) for column in others)
        old = sql.SQL(", ").join(sql.Identifier("kept", column.name) for column in others)
        settled = sql.SQL("update set ({}) = row({}) where ({}) is distinct from ({})").format(names(others), new, old, new)
    return connection.execute(sql.SQL(
        "insert into {} as kept ({}) select distinct on ({}) {} from {} order by {}, staged desc "
        "on conflict ({}) do {}").format(
            qualified(table.table), names(columns(table)), key, names(columns(table)), staged(table), key, key, settled,
    )).rowcount


def infer_members(connection: psycopg.Connection[Any], table: Contract, dimensions: dict[str, Contract]) -> dict[str, int]:
    """Add the members that staged rows refer to and that have not arrived; return how many of each dimension.

    A member so inferred has its key only, until the dimension's own row completes it. Days are computed, whole years of them.

    :param dimensions: all tables of this load by their names
    """
    added: dict[str, int] = {}
    for column in columns(table):
        if column.references:
            target = dimensions[column.references.rpartition(".")[0]]
            fill = _add_days if target.source == "calendar" else _add_keys
            count = fill(connection, target, sql.Identifier(column.name), staged(table))
            if count:
                added[target.name] = added.get(target.name, 0) + count
    return added


def _missing(target: Contract, reference: sql.Identifier, source: sql.Identifier) -> sql.Composed:
    """Select the values of a staged column that are no member's key."""
    return sql.SQL("select {0} from (select distinct {0} from {1}) as referred where {0} is not null "
                   "and not exists (select from {2} as member where member.{3} = referred.{0})").format(
        reference, source, qualified(target.table), sql.Identifier(target.key.name))


def _add_keys(connection: psycopg.Connection[Any], target: Contract, reference: sql.Identifier, source: sql.Identifier) -> int:
    return connection.execute(sql.SQL("insert into {} ({}) {} on conflict do nothing").format(
        qualified(target.table), sql.Identifier(target.key.name), _missing(target, reference, source))).rowcount


def _add_days(connection: psycopg.Connection[Any], target: Contract, reference: sql.Identifier, source: sql.Identifier) -> int:
    years = connection.execute(sql.SQL("select distinct extract(year from day)::int from ({}) as missing (day)").format(
        _missing(target, reference, source))).fetchall()
    if not years:
        return 0
    kept = sql.Identifier("days")
    wished = names(columns(target))
    connection.execute(sql.SQL("create temporary table {} (like {}) on commit drop").format(kept, qualified(target.table)))
    for _ in copy_in(connection, kept, [column.name for column in columns(target)], calendar(target, [year for year, in years])):
        pass
    added = connection.execute(sql.SQL("insert into {} ({}) select {} from {} on conflict do nothing").format(
        qualified(target.table), wished, wished, kept)).rowcount
    connection.execute(sql.SQL("drop table {}").format(kept))
    return added


def calendar(table: Contract, years: list[int]) -> list[pa.RecordBatch]:
    """Return a calendar dimension's rows for every day of some years, as its contract computes them from ``calendar``."""
    days = [date.fromordinal(day) for year in sorted(years)
            for day in range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)]
    with duckdb.connect() as memory:
        relation = memory.from_arrow(pa.table({"date_id": pa.array(days, pa.date32())})).set_alias("calendar")
        computed = [duckdb.SQLExpression(column.transform or column.name).alias(column.name) for column in columns(table)]
        return relation.select(*computed).to_arrow_table().to_batches()

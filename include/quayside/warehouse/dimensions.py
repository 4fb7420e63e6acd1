"""Dimensions: the latest version of every member, and members that a fact knew first."""

from datetime import date
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
from psycopg import sql

from quayside.contract import Contract
from quayside.warehouse.schema import column_type, columns, names, qualified
from quayside.warehouse.staging import copy_in, staged


def upsert(connection: psycopg.Connection[Any], table: Contract) -> int:
    """Make a dimension's members what was staged last of each; return how many were added or differ now.

    Where the contract says by which columns a row is the latest, one that is older than what is there changes nothing.
    """
    key = sql.Identifier(table.key.name)
    others = [column for column in columns(table) if not column.key]
    settled: sql.Composable = sql.SQL("nothing")
    if others:
        new = sql.SQL(", ").join(sql.Identifier("excluded", column.name) for column in others)
        old = sql.SQL(", ").join(sql.Identifier("kept", column.name) for column in others)
        settled = sql.SQL("update set ({}) = row({}) where ({}) is distinct from ({}){}").format(
            names(others), new, old, new, _not_older(table)
        )
    later = [sql.SQL("{} desc nulls last").format(sql.Identifier(name)) for name in table.latest_by]
    return connection.execute(
        sql.SQL(
            "insert into {} as kept ({}) select distinct on ({}) {} from {} order by {} on conflict ({}) do {}"
        ).format(
            qualified(table.table),
            names(columns(table)),
            key,
            names(columns(table)),
            staged(table),
            sql.SQL(", ").join([key, *later, sql.SQL("staged desc")]),
            key,
            settled,
        )
    ).rowcount


def _not_older(table: Contract) -> sql.Composable:
    """Return the condition that the row which is there is no later one; an inferred member's has no time."""
    if not table.latest_by:
        return sql.SQL("")
    new, old = (
        sql.SQL(", ").join(sql.Identifier(side, name) for name in table.latest_by) for side in ("excluded", "kept")
    )
    return sql.SQL(" and (({}) >= ({}) or {} is null)").format(new, old, sql.Identifier("kept", table.latest_by[0]))


def infer_members(connection: psycopg.Connection[Any], dimension: Contract, referred: "pa.Array[Any]") -> int:
    """Add the members that are referred to and have not arrived; return how many.

    A member so inferred has its key only, until the dimension's own row completes it. Days are computed,
    whole years of them.

    :param referred: distinct keys
    """
    values, key = sql.Identifier("referred"), sql.Identifier(dimension.key.name)
    connection.execute(
        sql.SQL("create temporary table {} ({} {}) on commit drop").format(values, key, column_type(dimension.key))
    )
    for _ in copy_in(
        connection, values, [dimension.key.name], [pa.record_batch([referred], names=[dimension.key.name])]
    ):
        pass
    missing = sql.SQL(
        "select {0} from {1} where {0} is not null and not exists "
        "(select from {2} as member where member.{0} = referred.{0})"
    ).format(key, values, qualified(dimension.table))
    if dimension.source == "calendar":
        years = connection.execute(
            sql.SQL("select distinct extract(year from day)::int from ({}) as missing (day)").format(missing)
        ).fetchall()
        added = _add_days(connection, dimension, [year for (year,) in years])
    else:
        added = connection.execute(
            sql.SQL("insert into {} ({}) {} on conflict do nothing").format(qualified(dimension.table), key, missing)
        ).rowcount
    connection.execute(sql.SQL("drop table {}").format(values))
    return added


def _add_days(connection: psycopg.Connection[Any], dimension: Contract, years: list[int]) -> int:
    if not years:
        return 0
    days, wished = sql.Identifier("days"), names(columns(dimension))
    connection.execute(
        sql.SQL("create temporary table {} (like {}) on commit drop").format(days, qualified(dimension.table))
    )
    for _ in copy_in(connection, days, [column.name for column in columns(dimension)], calendar(dimension, years)):
        pass
    added = connection.execute(
        sql.SQL("insert into {} ({}) select {} from {} on conflict do nothing").format(
            qualified(dimension.table), wished, wished, days
        )
    ).rowcount
    connection.execute(sql.SQL("drop table {}").format(days))
    return added


def calendar(table: Contract, years: list[int]) -> list[pa.RecordBatch]:
    """Return a calendar dimension's rows for every day of some years, as its contract computes them."""
    days = [
        date.fromordinal(day)
        for year in sorted(years)
        for day in range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)
    ]
    with duckdb.connect() as memory:
        relation = memory.from_arrow(pa.table({"date_id": pa.array(days, pa.date32())})).set_alias("calendar")
        computed = [
            duckdb.SQLExpression(column.transform or column.name).alias(column.name) for column in columns(table)
        ]
        return list(relation.select(*computed).to_arrow_reader())

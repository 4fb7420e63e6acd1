"""What the source itself says of the rows about to be read, so that later stages can be held against it."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
import pyarrow as pa
from psycopg import sql

from quayside.contract import Column
from quayside.manifest import Totals
from quayside.sources.catalog import SourceTable
from quayside.types import arrow_type


@dataclass(frozen=True, slots=True)
class Counted:
    """Totals of some rows, and their highest cursor value; None where there is no row."""

    totals: Totals
    until: datetime | None


def count(connection: psycopg.Connection, table: SourceTable, where: sql.Composable) -> Counted:
    """Let the source add up the rows that a condition selects."""
    contract = table.contract
    key, cursor = sql.Identifier(contract.key.name), sql.Identifier(contract.cursor or contract.key.name)
    # date_part instead of extract: the same milliseconds exactly, and ten times as fast as in numeric.
    key_hash = sql.SQL("sum(({}::bigint * 1000003 + (date_part('epoch', {}) * 1000)::bigint) % 2147483647)").format(
        key, cursor
    )
    sums = [
        sql.SQL("coalesce(sum({}), 0)::numeric(38, {})::text").format(
            sql.Identifier(column.name) if column.name in table.present else sql.SQL("null::numeric"),
            sql.Literal(_scale(column)),
        )
        for column in contract.money
    ]
    row = connection.execute(
        sql.SQL("select {} from {} where {}").format(
            sql.SQL(", ").join(
                [
                    sql.SQL("count(*)"),
                    sql.SQL("coalesce({}, 0)::bigint").format(key_hash),
                    sql.SQL("max({})").format(cursor),
                    *sums,
                ]
            ),
            table.name,
            where,
        )
    ).fetchone()
    assert row is not None  # nosec B101  # noqa: S101 (an aggregate without group has one row)
    rows, hashed, until, *amounts = row
    return Counted(
        Totals(
            rows=rows, key_hash=hashed, sums=dict(zip((column.name for column in contract.money), amounts, strict=True))
        ),
        until,
    )


def _scale(column: Column) -> int:
    kind = arrow_type(column)
    return kind.scale if isinstance(kind, pa.Decimal128Type) else 0

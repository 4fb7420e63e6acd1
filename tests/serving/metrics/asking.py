"""Ask either engine a compiled query, and read the rows in the types of its columns."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import boto3
import psycopg

from quayside.serving.metrics import Column, Compiled
from quayside.settings import Settings
from tests.support.athena import Athena

Rows = list[tuple[Any, ...]]
Ask = Callable[[Compiled], Rows]
_READ: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "bigint": int,
    "text": str,
    "date": date.fromisoformat,
    "timestamp(3)": datetime.fromisoformat,
    "boolean": lambda text: text == "true",
}


def athena(settings: Settings) -> Ask:
    """Return who asks Athena; the database stands in the query."""
    asked = Athena(settings)

    def ask(compiled: Compiled) -> Rows:
        options = {"ExecutionParameters": compiled.execution_parameters} if compiled.parameters else {}
        query = asked.start(compiled.sql, **options)
        execution = asked.finish(query)
        assert execution["Status"]["State"] == "SUCCEEDED", (execution["Status"], compiled.sql, compiled.parameters)
        pages = boto3.client("athena").get_paginator("get_query_results").paginate(QueryExecutionId=query)
        found = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]][1:]
        return [
            tuple(_read(column, item.get("VarCharValue")) for column, item in zip(compiled.columns, row, strict=True))
            for row in found
        ]

    return ask


def postgres(connection: psycopg.Connection[Any]) -> Ask:
    """Return who asks the warehouse."""

    def ask(compiled: Compiled) -> Rows:
        with connection.transaction(force_rollback=True):
            cursor = connection.execute(compiled.sql.encode(), compiled.named_parameters)
            assert [item.name for item in cursor.description or []] == [column.name for column in compiled.columns]
            return cursor.fetchall()

    return ask


def same(rows: Rows) -> list[tuple[str, ...]]:
    """Return rows so that nothing equal is different: a decimal's digits and every type count."""
    return [tuple(f"{type(value).__name__} {value}" for value in row) for row in rows]


def _read(column: Column, text: str | None) -> Any:
    if text is None:
        return None
    return Decimal(text) if column.type.startswith("numeric") else _READ[column.type](text)

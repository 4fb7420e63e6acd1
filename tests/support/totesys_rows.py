"""The shop's real rows, where they are at hand: one JSON file a table."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from psycopg import Connection, sql

from local.sources.totesys import TABLES


def load_json_rows(connection: Connection[Any], folder: Path) -> dict[str, int]:
    """Copy the rows into an empty source and return how many each table got; the caller commits.

    Keys that come as floats, because they may be null, are written as the integers they are.
    """
    counts = {}
    for table in TABLES:
        rows = json.loads((folder / f"{table}.json").read_text(encoding="utf-8"), parse_float=Decimal)[table]
        columns = list(rows[0])
        statement = sql.SQL("copy {} ({}) from stdin").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with connection.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row([_key(row[column]) if column.endswith("_id") else row[column] for column in columns])
        key = f"{table}_id"
        highest = max(row[key] for row in rows)
        connection.execute("select setval(pg_get_serial_sequence(%s, %s), %s)", [table, key, highest])
        counts[table] = len(rows)
    return counts


def _key(value: int | Decimal | None) -> int | None:
    return None if value is None else int(value)

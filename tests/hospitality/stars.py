"""The stars that the curated tables make, in plain Python, and how they are put into a warehouse."""

from typing import Any

import psycopg
from psycopg import sql

from quayside.contract import load_contract
from quayside.settings import Credentials
from quayside.warehouse.access import mask
from quayside.warehouse.schema import SCHEMA, column_type, columns, names, qualified
from tests.hospitality.curated import Rows

STARS = ("dim_terminal", "fact_gaming", "fact_member_transaction", "fact_sale_item", "fact_shift")


def put(found: Rows, credentials: Credentials) -> None:
    """Put the stars that the questions ask into the warehouse, and what analysts see of them."""
    made = _stars(found)
    contracts = [load_contract(f"warehouse.{table}") for table in STARS]
    with psycopg.connect(**credentials.conninfo()) as connection:  # type: ignore[arg-type]
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(SCHEMA)))
        for contract in contracts:
            kept = columns(contract)
            name = qualified(contract.table)
            types = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(item.name), column_type(item)) for item in kept
            )
            connection.execute(sql.SQL("create table {} ({})").format(name, types))
            into = sql.SQL("copy {} ({}) from stdin").format(name, names(kept))
            with connection.cursor().copy(into) as copy:
                for row in made[contract.table]:
                    copy.write_row([row.get(item.name) for item in kept])
        mask(connection, contracts)


def _stars(found: Rows) -> Rows:
    sales = {row["sale_key"]: row for row in found["sale"]}
    tills = {_till(row): {**row, "terminal_key": _till(row)} for row in found["sale"]}
    return {
        "dim_terminal": list(tills.values()),
        "fact_gaming": found["gaming_reading"],
        "fact_member_transaction": found["member_transaction"],
        "fact_sale_item": [_line(row, sales[row["sale_key"]]) for row in found["sale_item"]],
        "fact_shift": [
            {**row, "kind": kind}
            for kind, table in (("worked", "timesheet"), ("rostered", "roster_shift"))
            for row in found[table]
            if not row["deleted"]
        ],
    }


def _till(row: dict[str, Any]) -> str:
    return f"{row['venue_id']}-{row['terminal_id']}"


def _line(row: dict[str, Any], sale: dict[str, Any]) -> dict[str, Any]:
    covers = {name: sale[name] if row["line"] == 1 else 0 for name in ("adult_covers", "child_covers")}
    return {**row, **covers, "terminal_key": _till(row), "clerk_name": sale["clerk_name"]}

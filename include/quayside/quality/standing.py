"""What stands now: rows that are not deleted, in source, lake and warehouse."""

from collections.abc import Iterator, Sequence, Set
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from quayside.contract import Contract
from quayside.curated import current_keys
from quayside.curated.shelf import Shelf
from quayside.quality.dates import rows_in_curated
from quayside.run import Run
from quayside.settings import Credentials
from quayside.sources.postgres import SCHEMA, connect
from quayside.warehouse.connection import warehouse
from quayside.warehouse.schema import columns, qualified, view_name
from quayside.warehouse.staging import copy_in


def standing(
    sources: Sequence[Contract],
    tables: Sequence[Contract],
    run: Run,
    source: Credentials,
    stars: Credentials,
) -> Iterator[dict[str, Any]]:
    """Count each dataset's rows: ``dataset``, ``source``, ``lake``, ``warehouse`` and ``equal``, whether all agree.

    For facts the warehouse's number is that of their view of current rows. A dimension keeps the members
    that were deleted in the source, as facts refer to them, and has members that facts knew first; neither
    counts here: its number is that of complete members whose key the lake does not know as deleted.
    ``warehouse`` is None for a dataset that has no star table of its own, such as one that only lends
    columns to another's dimension.

    :param tables: star tables, of this source and others
    """
    with connect(source) as shop, warehouse(stars, "totals") as connection:
        for contract in sources:
            keys = current_keys(contract, run)
            lake = keys.num_rows - int(pc.sum(keys["deleted"]).as_py() or 0)
            [(there,)] = shop.execute(
                sql.SQL("select count(*) from {}").format(sql.Identifier(SCHEMA, contract.table))
            ).fetchall()
            own = next((table for table in tables if table.grain == contract.name), None)
            loaded = _in_warehouse(connection, own, keys.filter(keys["deleted"])["key"]) if own else None
            yield {
                "dataset": contract.name,
                "source": there,
                "lake": lake,
                "warehouse": loaded,
                "equal": there == lake and loaded in (lake, None),
            }


def standing_of_curated(
    landed: Set[str], tables: Sequence[Contract], run: Run, stars: Credentials
) -> Iterator[dict[str, Any]]:
    """Count the rows of curated tables and of the facts that are made of them, as `standing` does; no source is asked.

    :param landed: the landing datasets whose curated tables are counted
    :param tables: star tables, of this product and others
    """
    facts = {fact.grain: fact for fact in tables if fact.replaced_by}
    shelf = Shelf([fact for fact in tables if fact.replaced_by], run)
    with warehouse(stars, "totals") as connection:
        for contract in shelf.contracts.values():
            if contract.landing not in landed:
                continue
            fact = facts.pop(contract.name, None)
            yield _standing(contract.name, shelf.count(contract.table), _rows(connection, fact) if fact else None)
        for name, fact in facts.items():  # their rows are those of several tables, or not all of one
            tables_of = {table for query in shelf.queries if query.contract is fact for table in shelf.tables(query)}
            if name and {shelf.contracts[table].landing for table in tables_of} <= landed:
                yield _standing(name, rows_in_curated(fact, run), _rows(connection, fact))


def _standing(dataset: str, lake: int, loaded: int | None) -> dict[str, Any]:
    return {
        "dataset": dataset,
        "source": None,
        "lake": lake,
        "warehouse": loaded,
        "equal": loaded in (lake, None),
    }


def _rows(connection: psycopg.Connection[Any], fact: Contract) -> int:
    if connection.execute("select to_regclass(%s) is null", [qualified(fact.table).as_string()]).fetchone() == (True,):
        return 0
    [(rows,)] = connection.execute(sql.SQL("select count(*) from {}").format(qualified(fact.table))).fetchall()
    return int(rows)


def _in_warehouse(connection: psycopg.Connection[Any], table: Contract, deleted: "pa.ChunkedArray[Any]") -> int:
    name = view_name(table) if table.history else table.table
    if connection.execute("select to_regclass(%s) is null", [qualified(name).as_string()]).fetchone() == (True,):
        return 0
    condition: sql.Composable = sql.SQL("true")
    if not table.history:
        connection.execute("create temporary table if not exists gone (key bigint)")
        connection.execute("truncate gone")
        for _ in copy_in(
            connection, sql.Identifier("gone"), ["key"], pa.Table.from_arrays([deleted], names=["key"]).to_batches()
        ):
            pass
        others = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns(table) if not column.key)
        condition = sql.SQL("{} not in (select key from gone) and not (row({}) is null)").format(
            sql.Identifier(table.key.name), others
        )
    [(rows,)] = connection.execute(
        sql.SQL("select count(*) from {} where {}").format(qualified(name), condition)
    ).fetchall()
    return int(rows)

"""A table's columns as the source has them, held against its contract: what is carried, and what has drifted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
import pyarrow as pa
from psycopg import sql

from quayside.contract import Column, Contract
from quayside.errors import Terminal
from quayside.sources.postgres import SCHEMA
from quayside.types import arrow_type

COLUMNS = """
select attribute.attname, format_type(attribute.atttypid, attribute.atttypmod)
from pg_attribute as attribute join pg_class as class on class.oid = attribute.attrelid
where class.relname = %s and class.relnamespace = to_regnamespace(%s) and attribute.attnum > 0 and not attribute.attisdropped
order by attribute.attnum
"""
# Of a partitioned table, the pages of its largest partition: a range of pages is read in each of them.
PAGES = """
select coalesce(max(pg_relation_size(part.relid)), pg_relation_size(class.oid)) / current_setting('block_size')::bigint
from pg_class as class left join pg_partition_tree(class.oid) as part on part.isleaf
where class.relname = %s and class.relnamespace = to_regnamespace(%s)
group by class.oid
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTable:
    """One table as it is read.

    :param columns: the expressions selected, in the order of ``carried``
    :param carried: the columns in the source's own order: any other costs it a twentieth more
    :param schema: the contract's columns in its order, then those that it does not know
    :param present: names of the contract's columns that the source has
    :param pages: its size in blocks
    :param drift: what differs from the contract and does not stop the flow
    """

    contract: Contract
    columns: tuple[sql.Composable, ...]
    carried: pa.Schema
    schema: pa.Schema
    present: frozenset[str]
    pages: int
    drift: tuple[str, ...]

    @property
    def name(self) -> sql.Identifier:
        """The table's qualified name."""
        return sql.Identifier(SCHEMA, self.contract.table)


def inspect(connection: psycopg.Connection, contract: Contract) -> SourceTable:
    """Look a contract's table up in the source's catalog.

    :raises Terminal: a required column is gone, or one has a type whose values the contract's cannot hold
    """
    table = [contract.table, SCHEMA]
    actual = {name: _type(text) for name, text in connection.execute(COLUMNS, table)}
    broken = [problem for column in contract.columns if (problem := _break(column, actual.get(column.name)))]
    if broken:
        raise Terminal(
            f"{contract.name} in the source no longer fits its contract: {'; '.join(broken)}. Nothing was "
            f"landed. Agree with the source's owner, then change include/contracts/{contract.domain}/"
            f"{contract.table}.yaml (type or required, and a new version); the next run goes on from where "
            "the last one ended."
        )
    known = {column.name for column in contract.columns}
    extra = [Column(name=name, type=text) for name, text in actual.items() if name not in known]
    schema = pa.schema(
        [(column.name, arrow_type(column)) for column in contract.columns]
        + [(column.name, _extra_type(column)) for column in extra]
    )
    names = [*actual, *(name for name in schema.names if name not in actual)]
    pages = connection.execute(PAGES, table).fetchone()
    return SourceTable(
        contract=contract,
        columns=tuple(sql.Identifier(name) if name in actual else sql.SQL("null") for name in names),
        carried=pa.schema([schema.field(name) for name in names]),
        schema=schema,
        present=frozenset(known & set(actual)),
        pages=int(pages[0]) if pages else 0,
        drift=tuple(_drift(contract, actual, extra)),
    )


def _type(text: str) -> str:
    """Return a type as contracts write it."""
    text = text.replace("character varying", "varchar").removesuffix(" without time zone")
    return re.sub(r"^(timestamp|time)\((\d)\) without time zone$", r"\1(\2)", text)


def _break(column: Column, actual: str | None) -> str | None:
    if actual is None:
        return f"required column {column.name} ({column.type}) is gone" if column.required else None
    return None if fits(actual, column.type) else f"{column.name} is {actual}, which {column.type} cannot hold"


def fits(actual: str, wanted: str) -> bool:
    """Tell whether every value of one PostgreSQL type is exactly a value of another."""
    if actual == wanted:
        return True
    whole = {"smallint": 5, "integer": 10, "bigint": 19}
    if wanted in whole:
        return actual in whole and whole[actual] <= whole[wanted]
    if room := _digits(wanted):
        given = (whole[actual], 0) if actual in whole else _digits(actual)
        return given is not None and given[0] <= room[0] and given[1] <= room[1]
    if wanted == "text":
        return actual.startswith(("varchar", "character("))
    if wanted == "double precision":
        return actual == "real"
    if wanted.startswith("time"):  # time, timestamp, timestamp(3): no finer than what is wanted
        finest = re.fullmatch(r"(\w+?)(?:\((\d)\))?", wanted)
        found = re.fullmatch(r"(\w+?)(?:\((\d)\))?", actual)
        return bool(finest and found and finest[1] == found[1] and int(found[2] or 6) <= int(finest[2] or 6))
    return False


def _digits(text: str) -> tuple[int, int] | None:
    """Return how many digits before and after the point a numeric holds."""
    found = re.fullmatch(r"numeric\((\d+),\s*(\d+)\)", text)
    return (int(found[1]) - int(found[2]), int(found[2])) if found else None


def _extra_type(column: Column) -> pa.DataType:
    try:
        return arrow_type(column)
    except Terminal:  # a type that contracts do not know: kept as PostgreSQL writes it
        return pa.string()


def _drift(contract: Contract, actual: Mapping[str, str], extra: list[Column]) -> list[str]:
    gone = [f"column {column.name} is gone: landed as null" for column in contract.columns if column.name not in actual]
    narrower = [
        f"column {column.name} is {actual[column.name]}, narrower than {column.type}"
        for column in contract.columns
        if actual.get(column.name, column.type) != column.type
    ]
    new = [f"new column {column.name} ({column.type}): landed, but not in the contract" for column in extra]
    return gone + narrower + new

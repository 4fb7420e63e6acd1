"""A contract's types are PostgreSQL's; what they are called in Arrow and in the Glue catalog."""

import re

import pyarrow as pa

from quayside.contract import Column, Contract
from quayside.errors import Terminal

_ARROW: dict[str, pa.DataType] = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "text": pa.string(),
    "boolean": pa.bool_(),
    "double precision": pa.float64(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp(3)": pa.timestamp("ms"),
    "timestamp": pa.timestamp("us"),
}
_HIVE = {
    "smallint": "smallint",
    "integer": "int",
    "bigint": "bigint",
    "text": "string",
    "boolean": "boolean",
    "double precision": "double",
    "date": "date",
    "time": "string",
    "timestamp(3)": "timestamp",
    "timestamp": "timestamp",
}
_NUMERIC = re.compile(r"numeric\((\d+),\s*(\d+)\)")


def arrow_type(column: Column) -> pa.DataType:
    """Return the Arrow type of a column.

    :raises Terminal: the contract uses a type that the platform does not carry
    """
    decimal = _NUMERIC.fullmatch(column.type)
    if decimal:
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    if column.type not in _ARROW:
        raise Terminal(
            f"Column {column.name}: type {column.type} is not carried; use one of "
            f"{', '.join(_ARROW)} or numeric(precision, scale)."
        )
    return _ARROW[column.type]


def hive_type(column: Column) -> str:
    """Return the Glue catalog's type of a column; times of day are text there, as Hive has none."""
    decimal = _NUMERIC.fullmatch(column.type)
    if decimal:
        return f"decimal({decimal[1]},{decimal[2]})"
    arrow_type(column)
    return _HIVE[column.type]


def arrow_schema(contract: Contract) -> pa.Schema:
    """Return the Arrow schema of a dataset as it is landed: the contract's columns in its order."""
    return pa.schema([pa.field(column.name, arrow_type(column)) for column in contract.columns])

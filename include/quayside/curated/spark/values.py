"""Values as the contracts have them: types, times, business days, venues.

Expressions are SQL's, as text: one that is put together by Python's functions costs Spark a search through all its
libraries for each of them, which is a second and a half for a table.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f
from pyspark.sql import types as t

from quayside.curated.spark.messages import Table
from quayside.venues import DAY_STARTS

BATCH, ROW = "source_batch", "_row"  # where a row came from: the batch, and the line in it
LINES_OF_A_BATCH = 1 << 32  # no batch has so many
Venues = Sequence[Mapping[str, Any]]

_TYPES: dict[str, t.DataType] = {
    "integer": t.IntegerType(),
    "bigint": t.LongType(),
    "text": t.StringType(),
    "boolean": t.BooleanType(),
    "date": t.DateType(),
    "timestamp(3)": t.TimestampNTZType(),
}


def spark_type(kind: str) -> t.DataType:
    """Return the type of a contract's type.

    :raises ValueError: Spark's tables do not carry it
    """
    if decimal := re.fullmatch(r"numeric\((\d+),\s*(\d+)\)", kind):
        return t.DecimalType(int(decimal[1]), int(decimal[2]))
    if kind not in _TYPES:
        raise ValueError(f"type {kind} is not carried; use one of {', '.join(_TYPES)} or numeric(precision, scale)")
    return _TYPES[kind]


def schema(table: Table) -> t.StructType:
    """Return the columns of a table, its partition included."""
    return t.StructType([t.StructField(name, spark_type(kind)) for name, kind in table.columns])


def conform(rows: DataFrame, table: Table) -> DataFrame:
    """Return exactly the contract's columns in its types, and ROW; a row that lacks a required value fails the job."""
    casts = {name: f"cast({name} as {spark_type(kind).simpleString()})" for name, kind in table.columns}
    lacks = " or ".join(f"{name} is null" for name in table.required)
    lacking = ", ".join(f"if({name} is null, '{name}', null)" for name in table.required)
    said = (
        f"' lacks ', concat_ws(', ', {lacking}), ', which it must have: add a rule to the contract of {table.landing}.'"
    )
    casts[table.key] = (
        f"if({lacks}, raise_error(concat('batch ', {BATCH}, ' row ', {ROW} % {LINES_OF_A_BATCH}, {said})), {casts[table.key]})"
    )
    return rows.selectExpr(*(f"{cast} as {name}" for name, cast in casts.items()), ROW)


def instant(text: str) -> str:
    """Return a time that a vendor wrote in ISO 8601, to the millisecond; without a zone it is taken as it stands."""
    return f"date_trunc('millisecond', cast({text} as timestamp))"


def clock(time: str) -> str:
    """Return an instant without its zone, as tables have it."""
    return f"cast({time} as timestamp_ntz)"


def local(time: str, zone: str) -> str:
    """Return what a clock shows in a zone (IANA name) at an instant."""
    return clock(f"from_utc_timestamp({time}, {zone})")


def business_date(clock: str) -> str:
    """Return the business day that a local time belongs to; which hours daylight saving left out does not matter."""
    return f"cast({clock} - interval {DAY_STARTS.hour} hours as date)"


def said(text: str) -> str:
    """Return a text, null where it is blank."""
    return f"if(trim({text}) != '', trim({text}), null)"


def listed(array: str) -> str:
    """Return an array, empty where there is none."""
    return f"coalesce({array}, array())"


def total(array: str, field: str, kind: str = "decimal(14,2)") -> str:
    """Return the exact sum of a field over an array; null where an element lacks it, 0 of none."""
    zero = f"cast(0 as {kind})"
    return f"aggregate({listed(array)}, {zero}, (sum, item) -> cast(sum + item.{field} as {kind}))"


def zones(venues: Venues) -> Column:
    """Return the map from a venue's id to its time zone."""
    return _map({item["id"]: item["time_zone"] for item in venues})


def ids(venues: Venues) -> Column:
    """Return the map from a venue's name to its id."""
    return _map({item["name"]: item["id"] for item in venues})


def _map(values: Mapping[Any, Any]) -> Column:
    return f.create_map(*(f.lit(item) for pair in values.items() for item in pair))

"""Values as the contracts have them: types, times, business days, venues."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f
from pyspark.sql import types as t

from quayside.curated.spark.messages import Table
from quayside.venues import DAY_STARTS

BATCH, ROW = "source_batch", "_row"  # where a row came from: the batch, and the line in it
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
    """Return exactly the contract's columns in its types, and ROW; a required one that is null fails the job."""
    return rows.select(*(_conformed(name, kind, table) for name, kind in table.columns), ROW)


def _conformed(name: str, kind: str, table: Table) -> Column:
    value = f.col(name).cast(spark_type(kind))
    if name in table.required:
        where = f.concat_ws(" ", f.lit("batch"), f.col(BATCH), f.lit("row"), f.col(ROW).cast("string"))
        said = f"no {name}, which its contract requires. Add a rule to the contract of {table.landing}, or relax this."
        value = f.coalesce(value, f.raise_error(f.concat(where, f.lit(f" has {said}"))).cast(spark_type(kind)))
    return value.alias(name)


def instant(text: Column) -> Column:
    """Return a time that a vendor wrote in ISO 8601, to the millisecond; without a zone it is taken as it stands."""
    return f.date_trunc("millisecond", text.cast("timestamp"))


def clock(time: Column) -> Column:
    """Return a time without its zone, as tables have it."""
    return time.cast("timestamp_ntz")


def local(time: Column, zone: Column) -> Column:
    """Return what a clock shows in a zone (IANA name) at an instant."""
    return clock(f.from_utc_timestamp(time, zone))


def business_date(clock: Column) -> Column:
    """Return the business day that a local time belongs to; which hours daylight saving left out does not matter."""
    return (clock - f.expr(f"interval {DAY_STARTS.hour} hours")).cast("date")


def zone_of(venue: Column, venues: Venues) -> Column:
    """Return the time zone of a venue's id; null where there is no such venue."""
    return _lookup(venue, {item["id"]: item["time_zone"] for item in venues})


def id_of(name: Column, venues: Venues) -> Column:
    """Return the id of a venue's name; null where there is no such venue."""
    return _lookup(name, {item["name"]: item["id"] for item in venues})


def said(text: Column) -> Column:
    """Return a text, null where it is blank."""
    return unless(f.trim(text), "")


def unless(value: Column, nothing: Any) -> Column:
    """Return a value, null where it is one that stands for nothing."""
    return f.when(value != nothing, value)


def listed(array: Column) -> Column:
    """Return an array, empty where there is none."""
    return f.coalesce(array, f.array())


def total(array: Column, field: str, *, kind: str = "decimal(14,2)") -> Column:
    """Return the exact sum of a field over an array; null where an element lacks it, 0 of none."""
    return f.aggregate(listed(array), f.lit(0).cast(kind), lambda sum_, item: (sum_ + item[field]).cast(kind))


def _lookup(key: Column, values: Mapping[Any, Any]) -> Column:
    return f.create_map(*(f.lit(item) for pair in values.items() for item in pair))[key]

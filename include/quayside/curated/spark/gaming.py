"""Aristocrat: what gaming machines took and paid, from lines of CSV files, whose values are all text."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f

from quayside.curated.spark.values import BATCH, ROW, Venues, business_date, clock, instant, said


def gaming_reading(lines: DataFrame, venues: Venues) -> DataFrame:  # noqa: ARG001 - local times need no zone
    """Return one row per landed line."""
    at = clock(instant(f.concat_ws(" ", _value("Date"), _value("Time"))))
    return lines.withColumn("read_at_local", at).select(
        f.concat_ws("-", _value("Venue"), f.date_format("read_at_local", "yyyy-MM-dd'T'HH:mm:ss")).alias("reading_key"),
        _value("Venue").cast("int").alias("venue_id"),
        "read_at_local",
        _value("EGM Turnover").cast("decimal(14,2)").alias("turnover"),
        _value("EGM Wins").cast("decimal(14,2)").alias("wins"),
        _value("Machines").cast("int").alias("machines"),
        f.col("of.File").alias("source_file"),
        BATCH,
        ROW,
        business_date(f.col("read_at_local")).alias("business_date"),
    )


def _value(column: str) -> Column:
    return said(f.col("record")[column])

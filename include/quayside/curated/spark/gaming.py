"""Aristocrat: what gaming machines took and paid, from lines of CSV files, whose values are all text."""

from pyspark.sql import DataFrame

from quayside.curated.spark.values import BATCH, ROW, Venues, business_date, clock, instant, said

_ISO = "\"yyyy-MM-dd'T'HH:mm:ss\""


def gaming_reading(lines: DataFrame, venues: Venues) -> DataFrame:  # noqa: ARG001 - local times need no zone
    """Return one row per landed line."""
    at = clock(instant(f"concat({_value('Date')}, ' ', {_value('Time')})"))
    return lines.selectExpr("*", f"cast({_value('Venue')} as int) as venue_id", f"{at} as read_at_local").selectExpr(
        f"concat_ws('-', venue_id, date_format(read_at_local, {_ISO})) as reading_key",
        "venue_id",
        "read_at_local",
        f"cast({_value('EGM Turnover')} as decimal(14,2)) as turnover",
        f"cast({_value('EGM Wins')} as decimal(14,2)) as wins",
        f"cast({_value('Machines')} as int) as machines",
        "of.File as source_file",
        BATCH,
        ROW,
        f"{business_date('read_at_local')} as business_date",
    )


def _value(column: str) -> str:
    return said(f"record['{column}']")

"""Humanforce: work that was done, and work that is planned. Its times are venue-local and have no zone."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f

from quayside.curated.spark.values import BATCH, ROW, Venues, business_date, clock, id_of, instant, said


def timesheet(lines: DataFrame, venues: Venues) -> DataFrame:
    """Return one row per landed timesheet."""
    paid = (_time("PayStartTime"), _time("PayEndTime"))
    clocked = (_time("ClockedStartTime"), _time("ClockedEndTime"))
    day = f.col("record.DateStart").cast("date")
    return lines.select(
        f.col("record.GuidKey").alias("timesheet_key"),
        id_of(f.col("record.Location.Name"), venues).alias("venue_id"),
        f.col("record.Employee.EmployeeCode").alias("employee_code"),
        f.col("record.Employee.Name").alias("employee_name"),
        f.col("record.Employee.EmploymentType.Name").alias("employment_type"),
        f.col("record.Department.Name").alias("department"),
        f.col("record.Role.Name").alias("role"),
        day.alias("shift_date"),
        f.col("record.PayDate").cast("date").alias("pay_date"),
        paid[0].alias("pay_start"),
        paid[1].alias("pay_end"),
        clocked[0].alias("clocked_start"),
        clocked[1].alias("clocked_end"),
        _time("RosterStartTime").alias("roster_start"),
        _time("RosterEndTime").alias("roster_end"),
        f.coalesce(clocked[0], paid[0]).alias("start_at"),
        f.coalesce(clocked[1], paid[1]).alias("end_at"),
        f.col("record.GrossMinutes").alias("gross_minutes"),
        f.col("record.NetMinutes").alias("net_minutes"),
        _minutes("BreakMinutesPaid").alias("break_minutes_paid"),
        _minutes("BreakMinutesUnpaid").alias("break_minutes_unpaid"),
        f.col("record.Cost").alias("cost"),
        f.col("record.Authorised").alias("authorised"),
        f.col("record.Paid").alias("paid"),
        f.col("record.Deleted").alias("deleted"),
        _time("LastEdit").alias("last_edit"),
        BATCH,
        ROW,
        day.alias("business_date"),
    )


def roster_shift(lines: DataFrame, venues: Venues) -> DataFrame:
    """Return one row per landed roster item."""
    return lines.select(
        f.col("record.GuidKey").alias("roster_shift_key"),
        id_of(f.col("record.Location.Name"), venues).alias("venue_id"),
        said(f.col("record.Employee.EmployeeCode")).alias("employee_code"),
        said(f.col("record.Employee.Name")).alias("employee_name"),
        f.col("record.Department.Name").alias("department"),
        f.col("record.Role.Name").alias("role"),
        _time("StartTime").alias("start_at"),
        _time("EndTime").alias("end_at"),
        f.col("record.GrossMinutes").alias("gross_minutes"),
        f.col("record.NetMinutes").alias("net_minutes"),
        _minutes("BreakMinutes").alias("break_minutes"),
        f.col("record.Cost").alias("cost"),
        f.col("record.Published").alias("published"),
        f.col("record.Deleted").alias("deleted"),
        _time("LastEdit").alias("last_edit"),
        BATCH,
        ROW,
        business_date(_time("StartTime")).alias("business_date"),
    )


def _time(field: str) -> Column:
    return clock(instant(said(f.col(f"record.{field}"))))


def _minutes(field: str) -> Column:
    return f.coalesce(f.col(f"record.{field}"), f.lit(0))

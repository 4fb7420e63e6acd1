"""Humanforce: work that was done, and work that is planned. Its times are venue-local and have no zone."""

from pyspark.sql import DataFrame

from quayside.curated.spark.values import BATCH, ROW, Venues, business_date, clock, ids, instant, said


def timesheet(lines: DataFrame, venues: Venues) -> DataFrame:
    """Return one row per landed timesheet."""
    clocked, paid = ("ClockedStartTime", "ClockedEndTime"), ("PayStartTime", "PayEndTime")
    return _placed(lines, venues).selectExpr(
        "record.GuidKey as timesheet_key",
        "venue_id",
        "record.Employee.EmployeeCode as employee_code",
        f"{said('record.Employee.Name')} as employee_name",
        "record.Employee.EmploymentType.Name as employment_type",
        "record.Department.Name as department",
        "record.Role.Name as role",
        "cast(record.DateStart as date) as shift_date",
        "cast(record.PayDate as date) as pay_date",
        f"{_time(paid[0])} as pay_start",
        f"{_time(paid[1])} as pay_end",
        f"{_time(clocked[0])} as clocked_start",
        f"{_time(clocked[1])} as clocked_end",
        f"{_time('RosterStartTime')} as roster_start",
        f"{_time('RosterEndTime')} as roster_end",
        f"coalesce({_time(clocked[0])}, {_time(paid[0])}) as start_at",
        f"coalesce({_time(clocked[1])}, {_time(paid[1])}) as end_at",
        "record.GrossMinutes as gross_minutes",
        "record.NetMinutes as net_minutes",
        "coalesce(record.BreakMinutesPaid, 0) as break_minutes_paid",
        "coalesce(record.BreakMinutesUnpaid, 0) as break_minutes_unpaid",
        "record.Cost as cost",
        "record.Authorised as authorised",
        "record.Paid as paid",
        "record.Deleted as deleted",
        f"{_time('LastEdit')} as last_edit",
        BATCH,
        ROW,
        "cast(record.DateStart as date) as business_date",
    )


def roster_shift(lines: DataFrame, venues: Venues) -> DataFrame:
    """Return one row per landed roster item."""
    return _placed(lines, venues).selectExpr(
        "record.GuidKey as roster_shift_key",
        "venue_id",
        f"{said('record.Employee.EmployeeCode')} as employee_code",
        f"{said('record.Employee.Name')} as employee_name",
        "record.Department.Name as department",
        "record.Role.Name as role",
        f"{_time('StartTime')} as start_at",
        f"{_time('EndTime')} as end_at",
        "record.GrossMinutes as gross_minutes",
        "record.NetMinutes as net_minutes",
        "coalesce(record.BreakMinutes, 0) as break_minutes",
        "record.Cost as cost",
        "record.Published as published",
        "record.Deleted as deleted",
        f"{_time('LastEdit')} as last_edit",
        BATCH,
        ROW,
        f"{business_date(_time('StartTime'))} as business_date",
    )


def _placed(lines: DataFrame, venues: Venues) -> DataFrame:
    return lines.withColumn("venue_id", ids(venues)[lines["record.Location.Name"]])


def _time(field: str) -> str:
    return clock(instant(said(f"record.{field}")))

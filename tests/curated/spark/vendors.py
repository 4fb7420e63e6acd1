"""Records as the vendors give them, with the values that matter to a test; and lines as landing keeps them."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from quayside.contract import Contract, load_contract
from quayside.curated.spark.lake import few
from quayside.curated.spark.landed import parse
from quayside.curated.spark.messages import Table
from quayside.curated.spark.values import BATCH, ROW

VENUES = (
    {"id": 1, "name": "Bella Vista Hotel", "time_zone": "Australia/Sydney"},
    {"id": 2, "name": "Harbour Light Hotel", "time_zone": "Australia/Perth"},
)
BEER = {
    "InventoryCode": "B001", "Plu": 1001, "Name": "Schooner Lager", "Category": {"Id": 11, "Name": "Tap Beer"},
    "Group": {"Id": 1, "Name": "Beer"}, "MasterGroup": {"Id": 1, "Name": "Beverage"},
    "PriceLevel": {"Id": 1, "Name": "Standard"}, "Quantity": 2, "TotalEx": 15.45, "TotalInc": 17.00, "Tax": 1.55,
    "NormalPrice": 8.50, "ItemCost": 2.1234, "IsDiscount": False, "IsRefund": False, "IsVoid": False,
    "IsSurcharge": False, "IsPromotion": False, "TaxRate": 10,
}  # fmt: skip
CASH = {"Id": 1, "Name": "Cash", "Amount": 17.00, "RoundedAmount": 17.00, "Tip": 0}


def sale(id: int = 7, at: str = "2026-05-01T08:15:30.123Z", **fields: Any) -> dict[str, Any]:
    return {
        "Id": id, "ReceiptId": 700, "TransactionDate": at, "TransactionType": "Sale",
        "Location": {"Id": 3, "Name": "Public Bar"}, "Terminal": {"Id": 31, "Name": "Bar 1"},
        "Clerk": {"Id": 5, "Name": "Ann"}, "Items": [BEER], "Media": [CASH], **fields,
    }  # fmt: skip


def text(record: Mapping[str, Any], row: int = 0, of: Mapping[str, Any] | None = None) -> str:
    """A landed line."""
    return json.dumps({"row": row, "of": of, "record": record})


def lines(spark: SparkSession, dataset: str, *texts: str, batch: str = "00000001-a") -> DataFrame:
    """Lines of one batch, parsed."""
    return several(spark, dataset, [(value, batch) for value in texts])


def several(spark: SparkSession, dataset: str, given: Iterable[tuple[str, str]]) -> DataFrame:
    """Lines of several batches, parsed."""
    rows = [{"value": value, BATCH: batch, ROW: json.loads(value)["row"]} for value, batch in given]
    return parse(few(spark, rows, f"struct<value: string, {BATCH}: string, {ROW}: bigint>"), dataset)


def table(contract: Contract | str, **current: str) -> Table:
    """A table as a plan has it."""
    contract = load_contract(f"hospitality.{contract}") if isinstance(contract, str) else contract
    return Table(
        landing=contract.landing or "",
        columns=tuple((column.name, column.type) for column in contract.columns),
        required=tuple(column.name for column in contract.columns if column.required),
        key=contract.key.name,
        partition=next((column.name for column in contract.columns if column.partition), None),
        current=current,
        target="",
    )


def rows(frame: DataFrame) -> list[dict[str, Any]]:
    """All rows, in the order of their first column: exact numbers, times as text in ISO 8601."""
    texts = frame.select(f.to_json(f.struct("*"), {"ignoreNullFields": "false"})).collect()
    found = [json.loads(text, parse_float=Decimal) for (text,) in texts]
    return sorted(found, key=lambda row: str(next(iter(row.values()))))


BELLA, HARBOUR = ({"Id": venue["id"], "Name": venue["name"]} for venue in VENUES)


def transaction(id: str = "1-7", **fields: Any) -> dict[str, Any]:
    return {
        "Id": id, "Member": {"Id": 9, "Name": "Bob"}, "Venue": BELLA, "SaleId": 7,
        "TransactionDate": "2026-05-01T08:15:30.123Z", "TransactionType": "Sale", "Items": [{"InventoryCode": "B001"}],
        "Media": [{"Amount": 17.00}], "TotalEx": 15.45, "TotalInc": 17.00, "Tax": 1.55, "PointsEarned": 17,
        "PointsRedeemed": 0, "PointsBalance": 117, **fields,
    }  # fmt: skip


def product(code: str = "B001", **fields: Any) -> dict[str, Any]:
    return {
        "InventoryCode": code, "Plu": 1001, "Name": "Schooner Lager", "Category": {"Id": 11, "Name": "Tap Beer"},
        "Group": {"Id": 1, "Name": "Beer"}, "MasterGroup": {"Id": 1, "Name": "Beverage"}, "Price": 8.5,
        "ItemCost": 2.1, "StockLevel": 40, "Barcodes": ["93001", "93002"], **fields,
    }  # fmt: skip


def timesheet(key: str = "t1", day: str = "2026-05-01", **fields: Any) -> dict[str, Any]:
    return {
        "GuidKey": key, "LastEdit": f"{day}T20:00:00", "DateStart": f"{day}T00:00:00", "PayDate": f"{day}T00:00:00",
        "Employee": {"EmployeeCode": "E1", "Name": "Ann", "EmploymentType": {"Name": "Casual"}},
        "PayStartTime": f"{day}T10:00:00", "PayEndTime": f"{day}T18:00:00.000", "ClockedStartTime": None,
        "GrossMinutes": 480, "NetMinutes": 450, "Breaks": [], "BreakMinutesUnpaid": 30, "BreakMinutesPaid": 0,
        "Location": {"Name": "Harbour Light Hotel"}, "Department": {"Name": "Bar"}, "Role": {"Name": "Bartender"},
        "Cost": 240.5, "Authorised": True, "Paid": False, "Deleted": False, **fields,
    }  # fmt: skip


def roster_item(key: str = "r1", day: str = "2026-05-01", **fields: Any) -> dict[str, Any]:
    return {
        "GuidKey": key, "LastEdit": f"{day}T20:00:00.000", "StartTime": f"{day}T10:00:00",
        "EndTime": f"{day}T18:00:00", "Employee": {"EmployeeCode": "E1", "Name": "Ann"}, "GrossMinutes": 480,
        "NetMinutes": 450, "BreakMinutes": 30, "Location": {"Name": "Bella Vista Hotel"},
        "Department": {"Name": "Bar"}, "Role": {"Name": "Bartender"}, "Cost": 240, "Published": True,
        "Deleted": False, **fields,
    }  # fmt: skip


def reading(at: str = "03:45:00", day: str = "2026-05-02", **fields: str) -> dict[str, str]:
    return {
        "Venue": "1", "Date": day, "Time": at, "EGM Turnover": "1234.50", "EGM Wins": "980", "Firmware": "7",
        "Machines": "", **fields,
    }  # fmt: skip

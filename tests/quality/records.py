"""Records of the hotels' systems made by hand, and batches of them as landing would have left them."""

import gzip
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from hashlib import sha256
from typing import Any

from quayside.contract import Contract
from quayside.lake import File, Lake
from quayside.ledger import Ledger, Position
from quayside.manifest import Kind, Manifest, prefix

VENUE = {"Id": 1, "Name": "Bella Vista Hotel"}
ITEM = {
    "InventoryCode": "B1",
    "Plu": 7,
    "Name": "Pint",
    "Category": {"Id": 1, "Name": "Tap Beer"},
    "Group": {"Id": 1, "Name": "Beer"},
    "MasterGroup": {"Id": 1, "Name": "Beverage"},
    "PriceLevel": {"Id": 1, "Name": "Standard"},
    "Quantity": 2,
    "TotalEx": 20.00,
    "TotalInc": 22.00,
    "Tax": 2.00,
    "NormalPrice": 11.00,
    "ItemCost": 4.20,
    "IsDiscount": False,
    "IsRefund": False,
    "IsVoid": False,
    "IsSurcharge": False,
    "IsPromotion": False,
}
SALE = {
    "Id": 5,
    "ReceiptId": 50,
    "TransactionDate": "2026-05-01T08:15:00.250Z",
    "TransactionType": "Sale",
    "Location": {"Id": 11, "Name": "Public Bar"},
    "Terminal": {"Id": 111, "Name": "Public Bar 1"},
    "Clerk": {"Id": 9, "Name": "Mia Kowalczyk"},
    "Customer": {"Id": 77, "Name": "Ravi Subramaniam", "Balance": {"Account": 0.00, "Points": 150.00}},
    "Table": {"Id": 4, "AdultCovers": 2, "ChildCovers": 0},
    "Items": [ITEM, {**ITEM, "InventoryCode": "F2", "Quantity": 1, "TotalEx": 9.07, "TotalInc": 9.98, "Tax": 0.91}],
    "Media": [{"Id": 1, "Name": "Cash", "Amount": 31.98, "RoundedAmount": 32.00}],
}
TIMESHEET = {
    "GuidKey": "6f1d3c1e-0000-4000-8000-000000000001",
    "LastEdit": "2026-05-02T09:00:00",
    "Employee": {"EmployeeCode": "E7", "Name": "Mia Kowalczyk", "EmploymentType": {"Name": "Casual"}},
    "DateStart": "2026-05-01T00:00:00",
    "PayDate": "2026-05-01",
    "PayStartTime": "2026-05-01T18:00:00",
    "PayEndTime": "2026-05-02T02:00:00.000",
    "ClockedStartTime": "2026-05-01T17:58:00",
    "ClockedEndTime": "2026-05-02T02:03:00",
    "GrossMinutes": 480,
    "NetMinutes": 450,
    "BreakMinutesUnpaid": 30,
    "BreakMinutesPaid": 0,
    "Location": {"Name": "Bella Vista Hotel"},
    "Department": {"Name": "Bar"},
    "Role": {"Name": "Bartender"},
    "Cost": 240.00,
    "Authorised": True,
    "Paid": False,
    "Deleted": False,
}
ROSTER_ITEM = {
    "GuidKey": "6f1d3c1e-0000-4000-8000-000000000002",
    "LastEdit": "2026-04-20T09:00:00.120",
    "StartTime": "2026-05-01T18:00:00",
    "EndTime": "2026-05-02T02:00:00",
    "Employee": {"EmployeeCode": "E7", "Name": "Mia Kowalczyk"},
    "GrossMinutes": 480,
    "NetMinutes": 450,
    "BreakMinutes": 30,
    "Location": {"Name": "Bella Vista Hotel"},
    "Department": {"Name": "Bar"},
    "Role": {"Name": "Bartender"},
    "Cost": 240.00,
    "Published": True,
    "Deleted": False,
}
READING = {"Venue": "1", "Date": "2026-05-01", "Time": "18:15", "EGM Turnover": "1234.50", "EGM Wins": "1100.00"}
MEMBER_TRANSACTION = {
    "Id": "1-5",
    "Member": {"Id": 77, "Name": "Ravi Subramaniam"},
    "Venue": VENUE,
    "SaleId": 5,
    "TransactionDate": "2026-05-01T08:15:00.250Z",
    "TransactionType": "Sale",
    "Items": [{"InventoryCode": "B1", "TotalInc": 22.00}],
    "Media": [{"Id": 1, "Amount": 22.00}],
    "TotalEx": 20.00,
    "TotalInc": 22.00,
    "Tax": 2.00,
    "PointsEarned": 22.00,
    "PointsRedeemed": 0.00,
    "PointsBalance": 150.00,
}
PRODUCT = {
    "InventoryCode": "B1",
    "Plu": 7,
    "Name": "Pint",
    "Category": {"Id": 1, "Name": "Tap Beer"},
    "Group": {"Id": 1, "Name": "Beer"},
    "MasterGroup": {"Id": 1, "Name": "Beverage"},
    "Price": 11.00,
    "ItemCost": 4.00,
    "StockLevel": -3.5,
    "Barcodes": [],
}
# Dataset → a record with which nothing is wrong, and what it hung under.
GOOD: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any] | None]] = {
    "swiftpos.sale": (SALE, VENUE),
    "swiftpos.member_transaction": (MEMBER_TRANSACTION, {"MemberId": 77}),
    "swiftpos.product": (PRODUCT, None),
    "humanforce.timesheet": (TIMESHEET, None),
    "humanforce.roster_item": (ROSTER_ITEM, None),
    "aristocrat.reading": (READING, {"File": "egm.csv", "Line": 2}),
}
GONE = object()  # as a value: the field is not there


def changed(record: Mapping[str, Any], path: str, value: object) -> dict[str, Any]:
    """The record with another value at a path, such as ``Items.0.TotalInc``."""
    copy = deepcopy(dict(record))
    *places, last = (int(name) if name.isdigit() else name for name in path.split("."))
    place: Any = copy
    for name in places:
        place = place[name]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return copy


def line(row: int, record: object, of: object = None) -> str:
    """A landed line."""
    return json.dumps({"row": row, "of": of, "record": record}, ensure_ascii=False, separators=(",", ":"))


def land(
    lake: Lake,
    ledger: Ledger,
    contract: Contract,
    lines: Sequence[str],
    *,
    kind: Kind = "window",
    files: int = 1,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Manifest:
    """Land lines as a batch of so many files."""
    position = ledger.position(contract.name)
    batch = f"{position.sequence + 1:08d}-test"
    size = -(-len(lines) // files) or 1
    written = []
    for number in range(files):
        part = lines[number * size : (number + 1) * size]
        data = gzip.compress("".join(f"{each}\n" for each in part).encode())
        key = f"{prefix(contract.name, batch, kind)}part-{number:04d}.json.gz"
        lake.write_bytes(key, data)
        written.append(File(key=key, rows=len(part), bytes=len(data), sha256=sha256(data).hexdigest()))
    manifest = Manifest(
        dataset=contract.name,
        batch=batch,
        kind=kind,
        run="r1",
        files=tuple(written),
        rows=len(lines),
        schema_version=contract.version,
        snapshot_at=datetime(2026, 5, 1, 12),
        since=since,
        until=until,
    )
    manifest.write(lake)
    after = Position(sequence=position.sequence + 1, cursor=until)
    ledger.record(manifest, before=position, after=after, todo="gate")
    return manifest

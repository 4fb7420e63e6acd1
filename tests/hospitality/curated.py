"""The curated tables that the vendors' truth makes, in plain Python, and how they are put into a lake."""

import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from local.sources.hospitality import World
from quayside.contract import contract_names, load_contract
from quayside.curated.catalog import Catalog
from quayside.lake import Lake
from quayside.settings import Settings
from quayside.types import arrow_schema
from quayside.venues import venues

Rows = dict[str, list[dict[str, Any]]]
BATCH = "00000001-00000000"
LONG_AGO = "2020-01-01"
_ZONES = {venue.id: ZoneInfo(venue.time_zone) for venue in venues()}
_VENUES = {venue.name: venue.id for venue in venues()}


def rows(world: World, now: datetime) -> Rows:
    """Return the rows of each curated table, as all that was let out by ``now`` makes them."""
    found: Rows = defaultdict(list)
    for sale in world.sales(now):
        row = _sale(sale)
        found["sale"].append(row)
        found["sale_item"].extend(_items(sale, row))
        found["sale_payment"].extend(_payments(sale, row))
    found["member_transaction"] = [_transaction(told) for told in world.member_transactions(now)]
    found["timesheet"] = [_timesheet(sheet) for sheet in world.timesheets(now)]
    found["roster_shift"] = [_rostered(item) for item in world.roster_items(now)]
    found["gaming_reading"] = [_reading(reading) for reading in world.readings(now)]
    found["product"] = [_product(item, now) for item in world.products(now)]
    return found


def put(found: Rows, settings: Settings) -> None:
    """Put the rows into the lake, each business day a partition, and tell the catalog."""
    lake, catalog = Lake.of(settings), Catalog.of(settings)
    for name in contract_names("hospitality"):
        contract = load_contract(name)
        schema = arrow_schema(contract)
        base = f"curated/hospitality/{contract.table}/"
        parted = "business_date" in schema.names
        stored = schema.remove(schema.get_field_index("business_date")) if parted else schema
        keys = pa.schema([("business_date", pa.date32())] if parted else [])
        days: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        for row in found[contract.table]:
            days[(row["business_date"].isoformat(),) if parted else ()].append(row)
        placed = {}
        for values, some in days.items():
            folder = f"{base}v=1/" + "".join(f"business_date={value}/" for value in values)
            buffer = io.BytesIO()
            pq.write_table(pa.Table.from_pylist(some, schema=stored), buffer)
            lake.write_bytes(f"{folder}part-0.parquet", buffer.getvalue())
            placed[values] = lake.uri(folder)
        table = catalog.ensure_table(contract.table, stored, lake.uri(base), partitions=keys)
        if parted:
            catalog.place_partitions(table, placed, existing=())
        else:
            catalog.relocate(table, placed[()])


def spoil(settings: Settings) -> None:
    """Add a partition of long ago to every table, on which a query fails unless it has ruled it out."""
    lake, catalog = Lake.of(settings), Catalog.of(settings)
    for name, table in catalog.tables().items():
        if table.definition["PartitionKeys"]:
            folder = f"curated/hospitality/{name}/v=1/business_date={LONG_AGO}/"
            lake.write_bytes(f"{folder}part-0.parquet", b"not to be opened")
            catalog.place_partitions(table, {(LONG_AGO,): lake.uri(folder)}, existing=())


def business_day(local: datetime) -> date:
    """Return the business day of what the venue's clock shows: it begins at six."""
    return (local - timedelta(hours=6)).date()


def _moment(text: str, venue: int) -> tuple[datetime, datetime]:
    """Return a moment in UTC and as the venue's clock shows it, both without a zone."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).replace(tzinfo=None), moment.astimezone(_ZONES[venue]).replace(tzinfo=None)


def _sale(sale: dict[str, Any]) -> dict[str, Any]:
    venue, items = sale["Venue"]["Id"], sale["Items"]
    at, local = _moment(sale["TransactionDate"], venue)
    customer, table = sale.get("Customer") or {}, sale.get("Table") or {}
    member = customer.get("Id") or None
    return {
        "sale_key": f"{venue}-{sale['Id']}",
        "venue_id": venue,
        "sale_id": sale["Id"],
        "receipt_id": sale["ReceiptId"],
        "sale_type": sale.get("SaleType"),
        "transaction_type": sale["TransactionType"],
        "sold_at": at,
        "sold_at_local": local,
        "location_id": sale["Location"]["Id"],
        "location_name": sale["Location"]["Name"],
        "terminal_id": sale["Terminal"]["Id"],
        "terminal_name": sale["Terminal"]["Name"],
        "clerk_id": sale["Clerk"]["Id"],
        "clerk_name": sale["Clerk"]["Name"],
        "member_id": member,
        "member_name": customer.get("Name") if member else None,
        "member_class": customer["Classification"]["Name"] if member else None,
        "member_points": customer["Balance"]["Points"] if member else None,
        "table_id": table.get("Id"),
        "adult_covers": table.get("AdultCovers", 0),
        "child_covers": table.get("ChildCovers", 0),
        "items": len(items),
        "total_ex": _sum(item["TotalEx"] for item in items),
        "total_inc": _sum(item["TotalInc"] for item in items),
        "tax": _sum(item["Tax"] for item in items),
        "paid": _sum(medium["Amount"] for medium in sale["Media"]),
        "discounts": _sum(item["TotalInc"] for item in items if item["IsDiscount"]),
        "is_refund": any(item["IsRefund"] for item in items),
        "is_void": any(item["IsVoid"] for item in items),
        "reason": sale.get("Reason"),
        "source_batch": BATCH,
        "business_date": business_day(local),
    }


_OF_SALE = ("sale_key", "venue_id", "sale_id", "sold_at", "sold_at_local", "terminal_id", "clerk_id", "member_id",
            "source_batch", "business_date")  # fmt: skip


def _items(sale: dict[str, Any], row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for line, item in enumerate(sale["Items"], 1):
        yield {
            **{name: row[name] for name in _OF_SALE},
            **_groups(item),
            "sale_item_key": f"{row['sale_key']}-{line}",
            "line": line,
            "price_level_id": item["PriceLevel"]["Id"],
            "price_level_name": item["PriceLevel"]["Name"],
            "quantity": Decimal(item["Quantity"]),
            "total_ex": item["TotalEx"],
            "total_inc": item["TotalInc"],
            "tax": item["Tax"],
            "normal_price": item["NormalPrice"],
            "item_cost": item["ItemCost"],
            "is_discount": item["IsDiscount"],
            "is_refund": item["IsRefund"],
            "is_void": item["IsVoid"],
            "is_surcharge": item["IsSurcharge"],
            "is_promotion": item["IsPromotion"],
        }


def _groups(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "inventory_code": item["InventoryCode"],
        "plu": item["Plu"],
        "product_name": item["Name"],
        "category_id": item["Category"]["Id"],
        "category_name": item["Category"]["Name"],
        "group_id": item["Group"]["Id"],
        "group_name": item["Group"]["Name"],
        "master_group_id": item["MasterGroup"]["Id"],
        "master_group_name": item["MasterGroup"]["Name"],
    }


def _payments(sale: dict[str, Any], row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for line, medium in enumerate(sale["Media"], 1):
        yield {
            **{name: row[name] for name in _OF_SALE},
            "sale_payment_key": f"{row['sale_key']}-{line}",
            "line": line,
            "medium_id": medium["Id"],
            "medium_name": medium["Name"],
            "amount": medium["Amount"],
            "rounded_amount": medium["RoundedAmount"],
        }


def _transaction(told: dict[str, Any]) -> dict[str, Any]:
    venue = told["Venue"]["Id"]
    at, local = _moment(told["TransactionDate"], venue)
    return {
        "transaction_key": told["Id"],
        "member_id": told["Member"]["Id"],
        "member_name": told["Member"]["Name"],
        "venue_id": venue,
        "sale_id": told.get("SaleId"),
        "transacted_at": at,
        "transacted_at_local": local,
        "transaction_type": told["TransactionType"],
        "total_inc": told["TotalInc"],
        "paid": _sum(medium["Amount"] for medium in told["Media"]),
        "points_earned": told["PointsEarned"],
        "points_redeemed": told["PointsRedeemed"],
        "points_balance": told["PointsBalance"],
        "items": len(told["Items"]),
        "source_batch": BATCH,
        "business_date": business_day(local),
    }


def _product(item: dict[str, Any], now: datetime) -> dict[str, Any]:
    at = now.astimezone(UTC).replace(tzinfo=None)
    return {
        **_groups(item),
        "product_version_key": f"{item['InventoryCode']}@{at.isoformat(timespec='milliseconds')}",
        "price": item["Price"],
        "item_cost": item["ItemCost"],
        "stock_level": Decimal(item["StockLevel"]),
        "barcodes": ", ".join(item["Barcodes"]),
        "valid_from": at,
        "source_batch": BATCH,
    }


def _timesheet(sheet: dict[str, Any]) -> dict[str, Any]:
    times = {
        "pay_start": sheet["PayStartTime"],
        "pay_end": sheet["PayEndTime"],
        "clocked_start": sheet.get("ClockedStartTime"),
        "clocked_end": sheet.get("ClockedEndTime"),
        "roster_start": sheet.get("RosterStartTime"),
        "roster_end": sheet.get("RosterEndTime"),
        "last_edit": sheet["LastEdit"],
    }
    read = {name: datetime.fromisoformat(text) if text else None for name, text in times.items()}
    day = datetime.fromisoformat(sheet["DateStart"]).date()
    return {
        **read,
        "timesheet_key": sheet["GuidKey"],
        "venue_id": _VENUES[sheet["Location"]["Name"]],
        "employee_code": sheet["Employee"]["EmployeeCode"],
        "employee_name": sheet["Employee"]["Name"],
        "employment_type": sheet["Employee"]["EmploymentType"]["Name"],
        "department": sheet["Department"]["Name"],
        "role": sheet["Role"]["Name"],
        "shift_date": day,
        "pay_date": datetime.fromisoformat(sheet["PayDate"]).date(),
        "start_at": read["clocked_start"] or read["pay_start"],
        "end_at": read["clocked_end"] or read["pay_end"],
        "gross_minutes": sheet["GrossMinutes"],
        "net_minutes": sheet["NetMinutes"],
        "break_minutes_paid": sheet["BreakMinutesPaid"],
        "break_minutes_unpaid": sheet["BreakMinutesUnpaid"],
        "cost": sheet["Cost"],
        "authorised": sheet["Authorised"],
        "paid": sheet["Paid"],
        "deleted": sheet["Deleted"],
        "source_batch": BATCH,
        "business_date": day,
    }


def _rostered(item: dict[str, Any]) -> dict[str, Any]:
    start, employee = datetime.fromisoformat(item["StartTime"]), item.get("Employee") or {}
    return {
        "roster_shift_key": item["GuidKey"],
        "venue_id": _VENUES[item["Location"]["Name"]],
        "employee_code": employee.get("EmployeeCode"),
        "employee_name": employee.get("Name"),
        "department": item["Department"]["Name"],
        "role": item["Role"]["Name"],
        "start_at": start,
        "end_at": datetime.fromisoformat(item["EndTime"]),
        "gross_minutes": item["GrossMinutes"],
        "net_minutes": item["NetMinutes"],
        "break_minutes": item["BreakMinutes"],
        "cost": item["Cost"],
        "published": item["Published"],
        "deleted": item["Deleted"],
        "last_edit": datetime.fromisoformat(item["LastEdit"]),
        "source_batch": BATCH,
        "business_date": business_day(start),
    }


def _reading(reading: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromisoformat(f"{reading['Date']}T{reading['Time']}")
    return {
        "reading_key": f"{reading['Venue']}-{at.isoformat()}",
        "venue_id": reading["Venue"],
        "read_at_local": at,
        "turnover": reading["EGM Turnover"],
        "wins": reading["EGM Wins"],
        "machines": reading["Machines"],
        "source_file": "readings.csv",
        "source_batch": BATCH,
        "business_date": business_day(at),
    }


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal("0.00"))

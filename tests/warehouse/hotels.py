"""Curated tables of the hotels made by hand, as the Glue jobs leave them, and stars derived from them and loaded."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from quayside.contract import contract_names, load_contract
from quayside.curated import Curated
from quayside.curated.catalog import NO_PARTITIONS, Catalog
from quayside.curated.stars import derive_stars
from quayside.types import arrow_type
from tests.warehouse.conftest import Stars

CURATED = {name.partition(".")[2]: load_contract(name) for name in contract_names("hospitality")}
HOTEL_STARS = tuple(map(load_contract, contract_names("warehouse", product="hospitality")))
DAY = date(2026, 5, 1)


def days(number: int) -> date:
    """Return a day so long after the first."""
    return DAY + timedelta(days=number)


class Hotels:
    """A lake with curated tables of the hotels, and the warehouse that they fill."""

    def __init__(self, stars: Stars) -> None:
        self.stars = stars
        stars.tables = HOTEL_STARS
        self.catalog = Catalog.of(stars.settings)
        self._version = 0

    def write(self, **tables: Mapping[date, Sequence[dict[str, Any]]] | Sequence[dict[str, Any]]) -> list[Curated]:
        """Rewrite partitions of tables, given as day → rows (``product``: rows), and derive the stars."""
        self._version += 1
        changes = {}
        for name, content in tables.items():
            contract = CURATED[name]
            base = f"curated/hospitality/{name}/"
            schema = pa.schema([(c.name, arrow_type(c)) for c in contract.columns if not c.partition])
            parted = isinstance(content, Mapping)
            table = self.catalog.ensure_table(
                name,
                schema,
                self.stars.lake.uri(base),
                partitions=pa.schema([("business_date", pa.date32())]) if parted else NO_PARTITIONS,
            )
            target = f"{base}v={self._version}/"
            if isinstance(content, Mapping):
                places = {}
                for day, rows in content.items():
                    self._file(f"{target}business_date={day}/part-0.parquet", schema, rows)
                    places[(str(day),)] = self.stars.lake.uri(f"{target}business_date={day}/")
                self.catalog.place_partitions(table, places, existing=self.catalog.partitions(name))
                changes[contract.name] = [str(day) for day in content]
            else:
                self._file(f"{target}part-0.parquet", schema, content)
                self.catalog.relocate(table, self.stars.lake.uri(target))
                changes[contract.name] = []
        return self.derive(changes)

    def derive(self, changes: Mapping[str, Sequence[str]]) -> list[Curated]:
        """Derive the stars anew."""
        return derive_stars(changes, (f"swiftpos.sale/{self._version:08d}-x",), HOTEL_STARS, self.stars.run())

    def load(self) -> dict[str, int]:
        """Load; return how many rows changed, by table, where any did."""
        return {item.dataset.partition(".")[2]: item.changed for item in self.stars.load() if item.changed}

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        return self.stars.query(statement)

    def _file(self, key: str, schema: pa.Schema, rows: Sequence[dict[str, Any]]) -> None:
        with self.stars.lake.parquet_writer(key, schema) as file:
            file.write(pa.Table.from_pylist(list(rows), schema))


def sale(number: int, day: date, **changes: Any) -> dict[str, Any]:
    """Return a sale of venue 1, at noon."""
    return {
        "sale_key": f"1-{number}",
        "venue_id": 1,
        "sale_id": number,
        "receipt_id": number,
        "transaction_type": "Sale",
        "sold_at": datetime.combine(day, time(2)),
        "sold_at_local": datetime.combine(day, time(12)),
        "location_id": 1,
        "location_name": "Bar",
        "terminal_id": 11,
        "terminal_name": "Bar 1",
        "clerk_id": 5,
        "clerk_name": "Zoë",
        "adult_covers": 2,
        "child_covers": 1,
        "items": 1,
        "total_ex": Decimal("9.09"),
        "total_inc": Decimal("10.00"),
        "tax": Decimal("0.91"),
        "paid": Decimal("10.00"),
        "discounts": Decimal(0),
        "is_refund": False,
        "is_void": False,
        "source_batch": "x",
        **changes,
    }


def item(of: Mapping[str, Any], line: int = 1, code: str = "BEER", **changes: Any) -> dict[str, Any]:
    """Return a line of a sale."""
    return {
        **{
            name: of.get(name)
            for name in (
                "sale_key",
                "venue_id",
                "sale_id",
                "sold_at",
                "sold_at_local",
                "terminal_id",
                "clerk_id",
                "member_id",
            )
        },
        "sale_item_key": f"{of['sale_key']}-{line}",
        "line": line,
        "inventory_code": code,
        "plu": 1,
        "product_name": code.title(),
        "category_id": 1,
        "category_name": "Tap",
        "group_id": 1,
        "group_name": "Beer",
        "master_group_id": 1,
        "master_group_name": "Beverage",
        "price_level_id": 1,
        "price_level_name": "Normal",
        "quantity": Decimal(1),
        "total_ex": Decimal("9.09"),
        "total_inc": Decimal("10.00"),
        "tax": Decimal("0.91"),
        "normal_price": Decimal("10.00"),
        "item_cost": Decimal("3.00"),
        **dict.fromkeys(("is_discount", "is_refund", "is_void", "is_surcharge", "is_promotion"), False),
        "source_batch": "x",
        **changes,
    }


def product(code: str, seen: datetime, **changes: Any) -> dict[str, Any]:
    """Return one version of a product."""
    return {
        "product_version_key": f"{code}@{seen.isoformat()}",
        "inventory_code": code,
        "plu": 1,
        "product_name": code.title(),
        "category_id": 1,
        "category_name": "Tap",
        "group_id": 1,
        "group_name": "Beer",
        "master_group_id": 1,
        "master_group_name": "Beverage",
        "price": Decimal("10.00"),
        "barcodes": "",
        "valid_from": seen,
        "source_batch": "x",
        **changes,
    }


def timesheet(key: str, day: date, **changes: Any) -> dict[str, Any]:
    """Return a worked shift of six hours."""
    start = datetime.combine(day, time(16))
    end = start + timedelta(hours=6)
    return {
        "timesheet_key": key,
        "venue_id": 1,
        "employee_code": "E1",
        "employee_name": "Ana Lee",
        "employment_type": "Casual",
        "department": "Bar",
        "role": "Bartender",
        "shift_date": day,
        "pay_date": day,
        "pay_start": start,
        "pay_end": end,
        "start_at": start,
        "end_at": end,
        "gross_minutes": 360,
        "net_minutes": 330,
        "break_minutes_paid": 0,
        "break_minutes_unpaid": 30,
        "cost": Decimal("180.00"),
        "authorised": True,
        "paid": False,
        "deleted": False,
        "last_edit": end,
        "source_batch": "x",
        **changes,
    }


def rostered(key: str, day: date, **changes: Any) -> dict[str, Any]:
    """Return a rostered shift of six hours."""
    start = datetime.combine(day, time(16))
    return {
        "roster_shift_key": key,
        "venue_id": 1,
        "employee_code": "E1",
        "employee_name": "Ana Lee",
        "department": "Bar",
        "role": "Bartender",
        "start_at": start,
        "end_at": start + timedelta(hours=6),
        "gross_minutes": 360,
        "net_minutes": 330,
        "break_minutes": 30,
        "cost": Decimal("175.00"),
        "published": True,
        "deleted": False,
        "last_edit": start,
        "source_batch": "x",
        **changes,
    }

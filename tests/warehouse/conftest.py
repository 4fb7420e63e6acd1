"""A warehouse of the test's own, and derived batches made by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pyarrow as pa
import pytest

from quayside.contract import Contract, contract_names, load_contract
from quayside.lake import Lake
from quayside.ledger import Ledger
from quayside.manifest import Manifest, prefix
from quayside.run import Run
from quayside.settings import Credentials, Settings
from quayside.types import arrow_type
from quayside.warehouse import Loaded, load
from quayside.warehouse.schema import loaded_columns
from tests.conftest import Databases

TABLES = tuple(map(load_contract, contract_names("warehouse", product="totesys")))
DAY, NOON = date(2026, 3, 1), time(12)
ORDER: dict[str, Any] = {
    "created_date": DAY,
    "created_time": NOON,
    "last_updated_date": DAY,
    "last_updated_time": NOON,
    "sales_staff_id": 1,
    "counterparty_id": 1,
    "units_sold": 1000,
    "unit_price": Decimal("3.50"),
    "currency_id": 1,
    "design_id": 1,
    "agreed_payment_date": DAY,
    "agreed_delivery_date": DAY,
    "agreed_delivery_location_id": 1,
    "deleted": False,
}
STAFF = {
    "first_name": "Zoë",
    "last_name": "O'Brien",
    "department_name": "Sales",
    "location": None,
    "email_address": "z@x",
}


@dataclass(slots=True)
class Stars:
    """A warehouse, and the lake and ledger that feed it."""

    settings: Settings
    credentials: Credentials
    lake: Lake
    ledger: Ledger
    tables: tuple[Contract, ...] = TABLES
    told: list[tuple[str, str]] = field(default_factory=list)

    def run(self) -> Run:
        """A run that nobody else has."""
        return Run(
            id=f"test__{uuid4().hex[:8]}",
            settings=self.settings,
            lake=self.lake,
            ledger=self.ledger,
            progress=lambda dataset, message: self.told.append((dataset, message)),
        )

    def put(self, table: str, rows: Sequence[dict[str, Any]], *, inputs: Sequence[str] = ()) -> str:
        """Derive a batch of rows, given as dictionaries; what a row does not name is null."""
        contract = next(item for item in self.tables if item.table == table)
        schema = pa.schema([(column.name, arrow_type(column)) for column in loaded_columns(contract)])
        return self.put_table(contract.name, pa.Table.from_pylist(list(rows), schema=schema), inputs=inputs)

    def put_table(self, dataset: str, rows: pa.Table, *, inputs: Sequence[str] = ()) -> str:
        """Derive a batch of Arrow rows."""
        batch = f"{len(self.ledger.batches(dataset)) + 1:08d}-{uuid4().hex[:8]}"
        with self.lake.parquet_writer(f"{prefix(dataset, batch, 'derived')}part-0.parquet", rows.schema) as parquet:
            parquet.write(rows)
        manifest = Manifest(
            dataset=dataset,
            batch=batch,
            kind="derived",
            run="curate",
            files=(parquet.file,),
            rows=rows.num_rows,
            schema_version="1.0.0",
            snapshot_at=datetime(2026, 3, 1),
            inputs=tuple(inputs),
        )
        manifest.write(self.lake)
        self.ledger.record_derived(manifest, todo="load")
        return batch

    def orders(self, *rows: dict[str, Any]) -> str:
        """Derive a batch of sales orders, each ``ORDER`` with changes."""
        return self.put("fact_sales_order", [{"sales_order_id": 1, **ORDER, **row} for row in rows])

    def load(self) -> list[Loaded]:
        """Load whatever is pending."""
        return load(self.tables, self.run(), self.credentials)

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with psycopg.connect(**self.credentials.conninfo()) as connection:
            return connection.execute(statement, values or None).fetchall()  # type: ignore[arg-type]

    def execute(self, statement: str) -> None:
        """Change the warehouse behind the platform's back."""
        with psycopg.connect(**self.credentials.conninfo()) as connection:
            connection.execute(statement)  # type: ignore[arg-type]


@pytest.fixture
def stars(settings: Settings, lake: Lake, ledger: Ledger, database: Databases) -> Stars:
    """An empty warehouse database."""
    name = database("quayside_loader")
    port = psycopg.conninfo.conninfo_to_dict(database.url(name, "quayside_loader"))["port"]
    return Stars(settings, Credentials("127.0.0.1", int(str(port)), name, "quayside_loader", "secret"), lake, ledger)

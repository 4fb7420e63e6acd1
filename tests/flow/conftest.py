"""The whole flow without an orchestrator: a source, a lake and a warehouse of the test's own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import tuple_row

from local.sources.totesys import create_schema
from quayside.contract import Contract, contract_names, load_contract
from quayside.curated import curate
from quayside.lake import Lake
from quayside.landing import compare_keys, land
from quayside.ledger import Ledger
from quayside.quality.gate import gate
from quayside.quality.reconciliation import reconcile
from quayside.run import Run
from quayside.settings import Credentials, Settings
from quayside.warehouse import load
from tests.conftest import Databases

SOURCES = tuple(map(load_contract, contract_names("totesys")))
TABLES = tuple(map(load_contract, contract_names("warehouse", product="totesys")))


@dataclass(slots=True)
class Flow:
    """One source followed through the stages, run by run."""

    settings: Settings
    source: Credentials
    warehouse: Credentials
    source_url: str
    warehouse_url: str
    sources: tuple[Contract, ...] = SOURCES
    tables: tuple[Contract, ...] = TABLES

    def new_run(self) -> Run:
        """A run that nobody else has."""
        return Run(
            id=f"test__{uuid4().hex[:8]}",
            settings=self.settings,
            lake=Lake.of(self.settings),
            ledger=Ledger.of(self.settings),
        )

    def run(self) -> list[Any]:
        """Take what changed from the source to the star, and reconcile; return the reconciliation."""
        run = self.new_run()
        land(self.sources, run, self.source)
        return self.after_landing(run)

    def find_deletes(self) -> list[Any]:
        """Compare keys, then take what was found to the star."""
        run = self.new_run()
        compare_keys(self.sources, run, self.source)
        return self.after_landing(run)

    def after_landing(self, run: Run) -> list[Any]:
        """Gate, curate, load and reconcile whatever is pending."""
        gate(self.sources, run)
        curate(self.sources, self.tables, run)
        load(self.tables, run, self.warehouse)
        return reconcile(self.sources, self.tables, run, self.warehouse)

    def write(self, statement: str, *values: object) -> None:
        """Change the source in a transaction of its own."""
        with psycopg.connect(self.source_url) as connection:
            connection.execute(statement, values)  # type: ignore[arg-type]

    def insert(self, table: str, **values: object) -> None:
        """Insert one row into the source."""
        insert_row(self.source_url, table, values)

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with psycopg.connect(self.warehouse_url, row_factory=tuple_row) as connection:
            return connection.execute(statement, values).fetchall()  # type: ignore[arg-type]


def insert_row(connection: str | psycopg.Connection[Any], table: str, values: dict[str, object]) -> None:
    """Insert one row, in a transaction of its own when given a URL."""
    if isinstance(connection, str):
        with psycopg.connect(connection) as own:
            return insert_row(own, table, values)
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(sql.Placeholder() * len(values)),
    )
    connection.execute(statement, list(values.values()))
    return None


SHOP: dict[str, dict[str, object]] = {
    "address": {
        "address_id": 1,
        "address_line_1": "1 O'Brien Row",
        "city": "Porto",
        "postal_code": "4000",
        "country": "Portugal",
        "phone": "1",
    },
    "counterparty": {"counterparty_id": 1, "counterparty_legal_name": "O'Brien & Søns 🚢", "legal_address_id": 1},
    "currency": {"currency_id": 1, "currency_code": "GBP"},
    "department": {"department_id": 1, "department_name": "Sales", "location": "Leeds", "manager": "Ana"},
    "design": {"design_id": 1, "design_name": "Wave", "file_location": "/d", "file_name": "wave.json"},
    "payment_type": {"payment_type_id": 1, "payment_type_name": "SALES_RECEIPT"},
    "staff": {
        "staff_id": 1,
        "first_name": "Zoë",
        "last_name": "D'Arcy",
        "department_id": 1,
        "email_address": "zoe@shop.example",
    },
}
ORDER: dict[str, object] = {
    "design_id": 1,
    "staff_id": 1,
    "counterparty_id": 1,
    "units_sold": 1000,
    "unit_price": "3.50",
    "currency_id": 1,
    "agreed_delivery_date": "2026-03-10",
    "agreed_payment_date": "2026-03-08",
    "agreed_delivery_location_id": 1,
}


@pytest.fixture
def flow(settings: Settings, database: Databases) -> Flow:
    """A flow whose source has the shop's schema and one row in each small table, and no orders."""
    return new_flow(settings, database)


def new_flow(settings: Settings, database: Databases) -> Flow:
    """Make a source and a warehouse for a lake and a ledger."""
    source, warehouse = database("totesys_app"), database("quayside_loader")
    source_url = database.url(source, "totesys_app")
    port = psycopg.conninfo.conninfo_to_dict(source_url)["port"]
    with psycopg.connect(source_url) as connection:
        create_schema(connection)
        for table, values in SHOP.items():
            stamp = datetime(2026, 1, 1)
            insert_row(connection, table, {**values, "created_at": stamp, "last_updated": stamp})
    return Flow(
        settings=settings,
        source=Credentials("127.0.0.1", int(str(port)), source, "quayside_extract", "secret"),
        warehouse=Credentials("127.0.0.1", int(str(port)), warehouse, "quayside_loader", "secret"),
        source_url=source_url,
        warehouse_url=database.url(warehouse, "quayside_loader"),
    )

"""Batches made by hand, as landing would have left them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from quayside.contract import Contract, load_contract
from quayside.lake import Lake
from quayside.ledger import Ledger, Position
from quayside.manifest import Kind, Manifest, prefix
from quayside.quality import accepted, quarantine_key
from quayside.run import Run
from quayside.settings import Settings
from quayside.types import arrow_schema

NOON = datetime(2026, 5, 1, 12)
STAMPS = {"created_at": NOON, "last_updated": NOON}
ORDER = {
    "sales_order_id": 1,
    "design_id": 1,
    "staff_id": 1,
    "counterparty_id": 1,
    "units_sold": 1000,
    "unit_price": Decimal("3.50"),
    "currency_id": 1,
    "agreed_delivery_date": "2026-05-09",
    "agreed_payment_date": "2026-05-08",
    "agreed_delivery_location_id": 1,
    **STAMPS,
}
PAYMENT = {
    "payment_id": 1,
    "transaction_id": 1,
    "counterparty_id": 1,
    "payment_amount": Decimal("10.00"),
    "currency_id": 1,
    "payment_type_id": 1,
    "paid": False,
    "payment_date": "2026-05-08",
    "company_ac_number": 66_660_001,
    "counterparty_ac_number": 66_660_002,
    **STAMPS,
}
STAFF = {
    "staff_id": 1,
    "first_name": "Zoë 🚢",
    "last_name": "O'Brien",
    "department_id": 1,
    "email_address": "zoe@shop.example",
    **STAMPS,
}
DEPARTMENT = {"department_id": 1, "department_name": "Sales", "location": None, "manager": None, **STAMPS}


@dataclass
class Shop:
    """Lands batches, and reads what the gate made of them."""

    settings: Settings
    lake: Lake
    ledger: Ledger
    told: list[str] = field(default_factory=list)

    def run(self, name: str = "totesys_landing/manual__2026-05-01T12:00:00+00:00") -> Run:
        return Run(
            id=name,
            settings=self.settings,
            lake=self.lake,
            ledger=self.ledger,
            progress=lambda dataset, message: self.told.append(f"{dataset}: {message}"),
        )

    def land(
        self, contract: Contract, content: list[dict[str, Any]] | pa.Table, kind: Kind = "window", **changes: Any
    ) -> Manifest:
        table = (
            content if isinstance(content, pa.Table) else pa.Table.from_pylist(content, schema=arrow_schema(contract))
        )
        position = self.ledger.position(contract.name)
        batch = f"{position.sequence + 1:08d}-test"
        key = f"{prefix(contract.name, batch, kind)}part-0.parquet"
        with self.lake.parquet_writer(key, table.schema) as file:
            file.write(table)
        manifest = Manifest(
            **{
                "dataset": contract.name,
                "batch": batch,
                "kind": kind,
                "run": "r1",
                "files": (file.file,),
                "rows": table.num_rows,
                "schema_version": contract.version,
                "snapshot_at": NOON,
                "until": NOON,
                **changes,
            }
        )
        manifest.write(self.lake)
        self.ledger.record(
            manifest, before=position, after=Position(sequence=position.sequence + 1, cursor=NOON), todo="gate"
        )
        return manifest

    def accepted(self, manifest: Manifest) -> list[dict[str, Any]]:
        return [row for chunk in accepted(self.lake, manifest) for row in chunk.to_pylist()]

    def rejected(self, manifest: Manifest) -> list[dict[str, Any]]:
        key = quarantine_key(manifest.dataset, manifest.batch)
        return self.lake.read_table([key]).to_pylist() if self.lake.exists(key) else []

    def results(self, **wanted: Any) -> list[dict[str, Any]]:
        keys = self.lake.keys("quality/gate_result")
        rows = self.lake.read_table(keys).to_pylist() if keys else []
        return [row for row in rows if wanted.items() <= row.items()]


@pytest.fixture
def shop(settings: Settings, lake: Lake, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose current tables are empty: other tests follow the keys that curated knows."""
    nothing = pa.table(
        {
            "key": pa.array([], pa.int64()),
            "last_updated": pa.array([], pa.timestamp("ms")),
            "deleted": pa.array([], pa.bool_()),
        }
    )
    monkeypatch.setattr("quayside.curated.current_keys", lambda contract, run: nothing, raising=False)
    return Shop(settings, lake, ledger)


@pytest.fixture
def orders() -> Contract:
    return load_contract("totesys.sales_order")


def changed(contract: Contract, name: str, **changes: Any) -> Contract:
    """The contract with one column described differently."""
    columns = tuple(replace(column, **changes) if column.name == name else column for column in contract.columns)
    return replace(contract, columns=columns)


def rows_of(row: Mapping[str, Any], key: str, count: int, **bad: Any) -> list[dict[str, Any]]:
    """So many good rows, and after them one with the values given, if any."""
    good = [{**row, key: number} for number in range(1, count + 1)]
    return [*good, {**row, key: count + 1, **bad}] if bad else good

"""A source played by hand: batches as landing would leave them, passed by the gate, and what curated makes of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from quayside.contract import Contract, contract_names, load_contract
from quayside.curated import Curated, curate
from quayside.curated.catalog import Catalog
from quayside.lake import Lake
from quayside.ledger import Position
from quayside.manifest import Manifest, prefix
from quayside.run import Run
from quayside.settings import Settings
from quayside.types import arrow_schema

NOON = datetime(2026, 5, 1, 12)
SOURCES = tuple(load_contract(name) for name in contract_names("totesys"))
STARS = tuple(load_contract(name) for name in contract_names("warehouse", product="totesys"))
# What most tests need: fewer tables, quicker runs.
FEW_SOURCES = tuple(
    item for item in SOURCES if item.table in ("department", "design", "payment", "sales_order", "staff")
)
FEW_STARS = tuple(
    item for item in STARS if item.table in ("dim_date", "dim_design", "dim_staff", "fact_payment", "fact_sales_order")
)


def at(minutes: float) -> datetime:
    """A time so many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def row(contract: Contract, key: int, updated: datetime, **values: Any) -> dict[str, Any]:
    """A valid row of a dataset, with the values that matter to a test."""
    made: dict[str, Any] = {}
    for column in contract.columns:
        if column.references:
            made[column.name] = 1
        elif column.type.startswith("numeric"):
            made[column.name] = Decimal("9.99")
        elif column.type.startswith("timestamp"):
            made[column.name] = NOON
        elif column.name.endswith("_date"):
            made[column.name] = "2026-06-01"
        else:
            made[column.name] = {"integer": 7, "boolean": False}.get(column.type, column.name)
    return {**made, contract.key.name: key, "last_updated": updated, **values}


class World:
    """A source's datasets, the lake, and runs of the curated stage."""

    def __init__(
        self, settings: Settings, sources: Iterable[Contract] = FEW_SOURCES, stars: Iterable[Contract] = FEW_STARS
    ) -> None:
        self.settings, self.sources, self.stars = settings, tuple(sources), tuple(stars)
        self.lake, self.catalog = Lake.of(settings), Catalog.of(settings)
        self.run = Run.of("run 1")
        self.ledger = self.run.ledger

    def contract(self, table: str) -> Contract:
        return next(contract for contract in self.sources if contract.table == table)

    def land(self, table: str, *rows: Mapping[str, Any], seen: datetime | None = None, kind: str = "window") -> str:
        """Land rows as one batch that passed the gate; missing values are filled in."""
        contract = self.contract(table)
        full = [row(contract, given[contract.key.name], given["last_updated"], **given) for given in rows]
        return self.land_table(table, pa.Table.from_pylist(full, arrow_schema(contract)), seen=seen, kind=kind)

    def delete(self, table: str, *keys: int, seen: datetime) -> str:
        """Land tombstones."""
        contract = self.contract(table)
        schema = pa.schema([(contract.key.name, pa.int32()), ("last_updated", pa.timestamp("ms"))])
        rows = [{contract.key.name: key, "last_updated": seen} for key in keys]
        return self.land_table(table, pa.Table.from_pylist(rows, schema), seen=seen, kind="deletes")

    def land_table(
        self, table: str, rows: pa.Table, *, seen: datetime | None = None, kind: str = "window", passed: bool = True
    ) -> str:
        dataset = self.contract(table).name
        before = self.ledger.position(dataset)
        after = Position(sequence=before.sequence + 1)
        batch = f"{after.sequence:08d}-{kind[:4]}"
        with self.lake.parquet_writer(f"{prefix(dataset, batch, kind)}part-0.parquet", rows.schema) as file:
            for part in rows.to_batches(100_000):
                file.write(part)
        manifest = Manifest(
            dataset=dataset,
            batch=batch,
            kind=kind,
            run="landing",
            files=(file.file,),
            rows=rows.num_rows,
            schema_version="1.0.0",
            snapshot_at=seen or max(rows.column("last_updated").to_pylist(), default=NOON),
        )
        manifest.write(self.lake)
        self.ledger.record(manifest, before=before, after=after, todo="gate")
        if passed:
            self.release(table, batch)
        return batch

    def release(self, table: str, batch: str) -> None:
        self.ledger.advance(self.contract(table).name, batch, taken="gate", status="passed", todo="curate")

    def again(self, table: str, batch: str) -> None:
        """Hand a batch to curated once more."""
        self.ledger.note(self.contract(table).name, f"todo#curate#{batch}", {})

    def curate(self) -> dict[str, Curated]:
        return {item.dataset: item for item in curate(self.sources, self.stars, self.run)}

    def rows(self, name: str) -> list[dict[str, Any]]:
        """All rows of a table, read as Athena does: the catalog's locations, and partition values from there."""
        return sorted(
            (item for table in self.files(name).values() for item in table.to_pylist()),
            key=lambda item: [str(value) for value in item.values()],
        )

    def files(self, name: str) -> dict[tuple[str, ...], pa.Table]:
        table = self.catalog.table(name)
        assert table is not None
        names = [item["Name"] for item in table.definition["PartitionKeys"]]
        places = self.catalog.partitions(name) if names else {(): table.location}
        return {values: self._read(place, dict(zip(names, values, strict=True))) for values, place in places.items()}

    def current(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Some columns of a source dataset's current rows."""
        return sorted(tuple(item[name] for name in columns) for item in self.rows(f"totesys_{table}"))

    def star(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        return sorted(tuple(item[name] for name in columns) for item in self.rows(table))

    def changes(self, table: str) -> list[dict[str, Any]]:
        """The rows of all change batches of a star table, in the order in which the warehouse loads them."""
        found = []
        for entry in self.ledger.pending(f"warehouse.{table}", "load"):
            manifest = Manifest.from_dict(self.lake.read_json(entry.manifest))
            found += [item for file in manifest.files for item in self.lake.read_table([file.key]).to_pylist()]
        return found

    def warehouse(self, table: str) -> list[dict[str, Any]]:
        """What the warehouse holds once it has loaded all change batches: versions of facts once, dimensions' latest."""
        contract = next(contract for contract in self.stars if contract.table == table)
        names = contract.version_key or (contract.key.name,)
        held: dict[tuple[Any, ...], dict[str, Any]] = {}
        for item in self.changes(table):
            key = tuple(item[name] for name in names)
            if not (contract.history and key in held):
                held[key] = item
        return sorted(held.values(), key=str)

    def lake_as_warehouse(self, table: str) -> list[dict[str, Any]]:
        """The lake's rows of a star table, in the warehouse's columns and types."""
        contract = next(contract for contract in self.stars if contract.table == table)
        times = {column.name for column in contract.columns if column.type == "time"}
        partitions = {column.name for column in contract.columns if column.partition}
        return sorted(
            (
                {
                    name: time.fromisoformat(value) if name in times else value
                    for name, value in item.items()
                    if name not in partitions
                }
                for item in self.rows(table)
            ),
            key=str,
        )

    def _read(self, place: str, partition: dict[str, str]) -> pa.Table:
        keys = self.lake.keys(place.removeprefix(f"s3://{self.lake.bucket}/"))
        tables = []
        for key in keys:
            with self.lake.filesystem.open_input_file(key) as source:
                tables.append(pq.read_table(source))
        table = pa.concat_tables(tables) if tables else pa.table({})
        for name, value in partition.items():
            table = table.append_column(name, pa.repeat(value, table.num_rows))
        return table

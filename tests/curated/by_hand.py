"""The hotels' curated stage with a job played by hand: batches as the gate leaves them, files as Spark would write them."""

import json
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from quayside.contract import Contract, contract_names, load_contract
from quayside.curated.catalog import Catalog
from quayside.curated.plan import plan
from quayside.curated.publish import publish
from quayside.curated.spark.messages import Done, Plan, done_key
from quayside.lake import File, Lake
from quayside.ledger import Position
from quayside.manifest import Kind, Manifest, prefix
from quayside.quality.quarantine import quarantine_key
from quayside.run import Run
from quayside.settings import Settings
from quayside.types import arrow_schema

NOON = datetime(2026, 5, 1, 12)
CONTRACTS = tuple(load_contract(name) for name in contract_names("hospitality"))
READINGS = tuple(contract for contract in CONTRACTS if contract.table == "gaming_reading")
TILLS = tuple(contract for contract in CONTRACTS if (contract.landing or "").startswith("swiftpos."))


class ByHand:
    """A lake, and runs of plan, job and publish for some tables."""

    def __init__(self, settings: Settings, tables: tuple[Contract, ...] = READINGS) -> None:
        self.settings, self.tables = settings, tables
        self.run = Run.of("by_hand/1")
        self.lake, self.catalog, self.ledger = Lake.of(settings), Catalog.of(settings), self.run.ledger

    def land(
        self,
        dataset: str = "aristocrat.reading",
        rows: int = 3,
        rejected: Iterable[int] = (),
        seen: datetime | None = None,
        kind: Kind = "window",
        until: datetime | None = None,
        replays: str = "",
    ) -> str:
        """Land a batch that the gate has passed; return its id.

        :param until: the end of its window
        :param replays: the batch whose rejected rows these are
        """
        before = self.ledger.position(dataset)
        after = Position(sequence=before.sequence + 1)
        batch = f"{after.sequence:08d}-{uuid.uuid4().hex[:8]}"
        key = f"{prefix(dataset, batch, kind)}part-0000.json.gz"
        self.lake.write_bytes(key, b"")
        manifest = Manifest(
            dataset=dataset,
            batch=batch,
            kind=kind,
            run="landing",
            files=(File(key=key, rows=rows, bytes=0, sha256=""),),
            rows=rows,
            schema_version="1.0.0",
            snapshot_at=seen or NOON + timedelta(minutes=15 * after.sequence),
            until=until,
            inputs=(replays,) if replays else (),
        )
        manifest.write(self.lake)
        self.ledger.record(manifest, before=before, after=after, todo="gate")
        if rejected:
            with self.lake.parquet_writer(quarantine_key(dataset, batch), pa.schema([("_row", pa.int64())])) as file:
                file.write(pa.table({"_row": pa.array(rejected, pa.int64())}))
        self.ledger.advance(dataset, batch, taken="gate", status="passed", todo="curate")
        return batch

    def plan(self, run: Run | None = None) -> Plan | None:
        return plan(self.tables, run or self.run)

    def work(self, made: Plan, written: dict[str, int], **said: Any) -> None:
        """Write so many rows into partitions of the first table, and say so; of the others, that there was nothing."""
        contract, planned = self.tables[0], made.tables[self.tables[0].table]
        accepted = sum(batch.rows - len(batch.rejected) for batch in made.batches)
        schema = arrow_schema(contract)
        schema = schema.remove(schema.get_field_index("business_date"))
        for partition, number in written.items():
            if number:
                key = self._key(f"{planned.place(partition)}part-00000.zstd.parquet")
                with self.lake.parquet_writer(key, schema) as file:
                    some = [
                        {**dict.fromkeys(schema.names), "reading_key": f"{partition} {made.version} {n}"}
                        for n in range(number)
                    ]
                    file.write(pa.Table.from_pylist(some, schema))
        done = {
            "version": made.version,
            "read": accepted,
            "partitions": tuple(sorted(written)),
            "keys": min(accepted, sum(written.values())),
            "rows": sum(written.values()),
            **said,
        }
        nothing = {"version": made.version, "read": 0, "partitions": (), "keys": 0, "rows": 0}
        plan_key = self._key(made.arguments["--plan"])
        for each in self.tables:
            value = Done(**(done if each is contract else nothing))
            self.lake.write_bytes(done_key(plan_key, each.table), json.dumps(value.as_dict()).encode())

    def publish(self, run: Run | None = None) -> dict[str, Any]:
        return {item.dataset: item for item in publish(self.tables, run or self.run)}

    def once(self, partitions: dict[str, int]) -> Plan:
        """Land, plan, work and publish."""
        self.land()
        made = self.plan()
        assert made is not None
        self.work(made, partitions)
        self.publish()
        return made

    def places(self) -> dict[str, str]:
        """Partition → version that the catalog has of the first table."""
        found = self.catalog.partitions(self.tables[0].table)
        return {values[0]: place.split("/v=")[1].split("/")[0] for values, place in found.items()}

    def keys(self) -> list[str]:
        """The keys of the rows that a reader of the first table gets."""
        found = self.catalog.partitions(self.tables[0].table)
        files = [file for place in found.values() for file in self.lake.keys(self._key(place))]
        return sorted(key for file in files for key in self.lake.read_table([file])["reading_key"].to_pylist())

    def _key(self, address: str) -> str:
        return address.removeprefix(self.lake.uri(""))

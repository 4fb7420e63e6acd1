"""The Glue job's work in this process, on a folder instead of S3, and a catalog that is a dictionary."""

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from quayside.contract import contract_names, load_contract
from quayside.curated.spark.job import curate
from quayside.curated.spark.messages import Batch, Done, Plan
from tests.curated.spark.vendors import VENUES, table

Line = tuple[Mapping[str, Any] | None, Mapping[str, Any]]  # what a record hung under, and the record


class Folder:
    """Landed batches, runs of the job over some of them, and the tables as they are then."""

    def __init__(self, spark: SparkSession, path: Path) -> None:
        self.spark, self.path = spark, path
        self.places: dict[str, dict[str, str]] = {}
        self.done: dict[str, Done] = {}
        self._runs = 0

    def land(
        self,
        dataset: str,
        batch: str,
        lines: Sequence[Line | str],
        *,
        rejected: Iterable[int] = (),
        seen: str = "",
        replays: str = "",
    ) -> Batch:
        """Land a batch; a line that is a text is put in as it is.

        :param replays: the batch whose rejected records these are
        """
        file = self.path / "landing" / dataset / f"batch={batch}" / "part-0000.json.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(file, "wt", encoding="utf-8") as out:
            for row, line in enumerate(lines):
                text = line if isinstance(line, str) else json.dumps({"row": row, "of": line[0], "record": line[1]})
                out.write(f"{text}\n")
        return Batch(
            dataset=dataset,
            batch=batch,
            files=(f"file://{file}",),
            rows=len(lines),
            rejected=tuple(rejected),
            snapshot_at=seen or "2026-05-01T00:00:00.000",
            counts_as=replays or batch,
        )

    def curate(self, *batches: Batch, tables: Iterable[str] = (), publish: bool = True) -> dict[str, Done]:
        """Let the job take batches; then the tables are what it wrote."""
        self._runs += 1
        landings = {batch.dataset for batch in batches}
        names = list(tables) or [
            contract.table
            for contract in map(load_contract, contract_names("hospitality"))
            if contract.landing in landings
        ]
        planned = {name: table(name, **self.places.get(name, {})) for name in {*names, *self._heads(names)}}
        for name, item in planned.items():
            object.__setattr__(item, "target", f"file://{self.path}/{name}/v={self._runs}/")
        plan = Plan(
            run="r",
            version=f"{self._runs}",
            source="?",
            batches=batches,
            venues=VENUES,
            tables=planned,
            arguments={},
        )
        self.done = {}
        curate(self.spark, plan, names, self.done.__setitem__)
        for name, done in self.done.items() if publish else ():
            placed = {**self.places.get(name, {}), **{part: planned[name].place(part) for part in done.partitions}}
            self.places[name] = {part: place for part, place in placed.items() if self.files(place)}
        return self.done

    def rows(self, name: str) -> list[dict[str, Any]]:
        """All rows of a table, sorted by their key."""
        item = table(name)
        found = []
        for part, place in self.places.get(name, {}).items():
            for file in self.files(place):
                rows = pq.read_table(pa.py_buffer(file.read_bytes())).to_pylist()
                found += [{**row, **({item.partition: part} if item.partition else {})} for row in rows]
        return sorted(found, key=lambda row: str(row[item.key]))

    def files(self, place: str) -> list[Path]:
        """The Parquet files of a partition."""
        return sorted(Path(place.removeprefix("file://")).glob("*.parquet"))

    def _heads(self, names: Iterable[str]) -> list[str]:
        return ["sale"] if {"sale_item", "sale_payment"} & set(names) else []

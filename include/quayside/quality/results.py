"""What the gate found, as data: one Parquet object for each batch and run, and the catalog's table over them."""

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import pyarrow as pa

from quayside.quality.checks import Severity
from quayside.run import Run

TABLE = "gate_result"
FOLDER = f"quality/{TABLE}"
_TYPES: dict[str, pa.DataType] = {
    "run": pa.string(),
    "checked_at": pa.timestamp("ms"),
    "dataset": pa.string(),
    "batch": pa.string(),
    "rule": pa.string(),
    "column_name": pa.string(),
    "kind": pa.string(),
    "severity": pa.string(),
    "passed": pa.bool_(),
    "observed": pa.string(),
    "expected": pa.string(),
    "unexpected_rows": pa.int64(),
}
SCHEMA = pa.schema(_TYPES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One check of one batch.

    :param checked_at: UTC without offset
    :param rule: name of the check; ``check`` and ``column`` would be reserved words in SQL
    :param severity: what follows if it does not pass: ``reject`` rows, ``block`` the dataset, ``warn``
    :param unexpected_rows: how many rows break it
    """

    run: str
    checked_at: datetime
    dataset: str
    batch: str
    rule: str
    column_name: str | None
    kind: Literal["row", "dataset"]
    severity: Severity
    passed: bool
    observed: str
    expected: str
    unexpected_rows: int


def write_results(run: Run, dataset: str, batch: str, results: list[Result]) -> None:
    """Keep what was found in a batch; the same run replaces what it wrote before."""
    from quayside.curated.catalog import Catalog  # here, because curated reads what the gate accepted

    Catalog.of(run.settings).ensure_table(
        TABLE, SCHEMA, run.lake.uri(f"{FOLDER}/"), description="What the quality gate found, check by check."
    )
    table = pa.Table.from_pylist([asdict(result) for result in results], schema=SCHEMA)
    with run.lake.parquet_writer(f"{_folder(run)}{dataset}.{batch}.parquet", SCHEMA) as file:
        file.write(table)


def read_results(run: Run) -> list[Result]:
    """Return what this run has found so far: a retry goes on where the attempt before it was killed."""
    keys = run.lake.keys(_folder(run))
    rows: list[dict[str, Any]] = run.lake.read_table(keys).to_pylist() if keys else []
    return [Result(**row) for row in rows]


def slug(name: str) -> str:
    """Return a run's name as a part of a key: run ids have colons, slashes and pluses."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def _folder(run: Run) -> str:
    return f"{FOLDER}/{slug(run.id)}/"

"""What reconciliation found: a line for each stage of each batch, kept as a table of the catalog."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from quayside.curated.catalog import Catalog
from quayside.manifest import Manifest, Totals
from quayside.quality.results import slug
from quayside.run import Run

TABLE = "reconciliation"
FOLDER = f"quality/{TABLE}/"
_FIELDS: list[tuple[str, pa.DataType]] = [
    ("run", pa.string()),
    ("checked_at", pa.timestamp("ms")),
    ("dataset", pa.string()),
    ("batch", pa.string()),
    ("kind", pa.string()),
    ("since", pa.timestamp("ms")),
    ("until", pa.timestamp("ms")),
    ("stage", pa.string()),
    ("place", pa.string()),
    ("found_rows", pa.int64()),
    ("wanted_rows", pa.int64()),
    ("found_key_hash", pa.int64()),
    ("wanted_key_hash", pa.int64()),
    ("found_sums", pa.string()),
    ("wanted_sums", pa.string()),
    ("equal", pa.bool_()),
    ("note", pa.string()),
]
SCHEMA = pa.schema(_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one stage has of one batch, held against what it should have.

    :param stage: ``landing``, held against the source; ``accepted``, with quarantine, against landing; ``curated`` and
        ``warehouse``, against accepted
    :param place: the table that was looked at; the dataset itself for landing and accepted
    :param equal: whether the two agree
    :param note: in what they differ, or why a difference is as it should be
    """

    dataset: str
    batch: str
    stage: str
    place: str
    found: Totals
    wanted: Totals
    equal: bool
    note: str = ""


def store(run: Run, lines: Sequence[Line], manifests: Mapping[tuple[str, str], Manifest]) -> None:
    """Keep a run's lines.

    :param manifests: by dataset and batch
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = []
    for line in lines:
        manifest = manifests[line.dataset, line.batch]
        rows.append(
            {
                "run": run.id,
                "checked_at": now,
                "dataset": line.dataset,
                "batch": line.batch,
                "kind": manifest.kind,
                "since": manifest.since,
                "until": manifest.until,
                "stage": line.stage,
                "place": line.place,
                "found_rows": line.found.rows,
                "wanted_rows": line.wanted.rows,
                "found_key_hash": line.found.key_hash,
                "wanted_key_hash": line.wanted.key_hash,
                "found_sums": json.dumps(line.found.sums),
                "wanted_sums": json.dumps(line.wanted.sums),
                "equal": line.equal,
                "note": line.note,
            }
        )
    Catalog.of(run.settings).ensure_table(
        TABLE,
        SCHEMA,
        run.lake.uri(FOLDER),
        description="What each stage has of each batch, against what it should have.",
    )
    with run.lake.parquet_writer(f"{FOLDER}{slug(run.id)}.parquet", SCHEMA) as file:
        file.write(pa.Table.from_pylist(rows, schema=SCHEMA))

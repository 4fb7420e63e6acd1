"""Batches of records as the landing stage leaves them, for tests of what comes after."""

import gzip
import json
import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any

from quayside.lake import File
from quayside.manifest import Manifest, prefix
from quayside.run import Run


def land_records(run: Run, dataset: str, *records: dict[str, Any]) -> str:
    """Land a batch of an API's records, hand it to the gate, and return its id."""
    before = run.ledger.position(dataset)
    batch = f"{before.sequence + 1:08d}-{uuid.uuid4().hex[:8]}"
    lines = [json.dumps({"row": row, "of": None, "record": record}) for row, record in enumerate(records)]
    key, body = f"{prefix(dataset, batch, 'window')}part-0000.json.gz", gzip.compress("\n".join([*lines, ""]).encode())
    run.lake.write_bytes(key, body)
    manifest = Manifest(
        dataset=dataset,
        batch=batch,
        kind="window",
        run=run.id,
        files=(File(key=key, rows=len(records), bytes=len(body), sha256=""),),
        rows=len(records),
        schema_version="1.0.0",
        snapshot_at=datetime(2026, 5, 2),
    )
    manifest.write(run.lake)
    run.ledger.record(manifest, before=before, after=replace(before, sequence=before.sequence + 1), todo="gate")
    return batch

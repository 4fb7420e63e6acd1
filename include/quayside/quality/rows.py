"""How the rows of a landed batch are read, whatever they were landed as: the only place that knows of formats."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from quayside.contract import Contract
from quayside.lake import Lake
from quayside.manifest import Manifest
from quayside.quality.records import Records, Values

CHUNK = 50_000
LINE = "line"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a batch.

    :param rows: typed; what is checked
    :param unfit: name of a check → what breaks it that no column can hold
    :param lines: of JSON, where the rows came as such
    """

    rows: pa.RecordBatch
    unfit: Mapping[str, Values] = field(default_factory=dict)
    lines: "pa.Array[Any] | None" = None

    def landed(self, positions: np.ndarray) -> pa.RecordBatch:
        """Return some rows as quarantine keeps them; of those that came as lines of JSON, the whole line, too."""
        rows = self.rows.take(pa.array(positions))
        if self.lines is None:
            return rows
        return rows.append_column(LINE, pc.utf8_rtrim(self.lines.take(pa.array(positions)), "\n"))


def chunks(contract: Contract, manifest: Manifest, lake: Lake, columns: list[str] | None = None) -> Iterator[Chunk]:
    """Give all rows of a batch, in the order of the manifest's files, in pieces that fit in memory.

    :param columns: only these are wanted
    :raises Retryable: the lake did not answer
    :raises Terminal: a file of the batch is missing, or is not what the contract says
    """
    keys = [file.key for file in manifest.files]
    if contract.form == "table":
        for rows in lake.batches(keys, columns=columns, rows=CHUNK):
            yield Chunk(rows)
        return
    with Records.of(contract) as records:
        for block in records.read(lake, keys):
            rows = block.rows.select(columns) if columns else block.rows
            yield Chunk(rows, block.unfit, block.lines)


def whole(contract: Contract, manifest: Manifest, lake: Lake, columns: list[str]) -> pa.Table:
    """Return some columns of all rows of a batch.

    :raises Retryable: as `chunks`
    :raises Terminal: as `chunks`
    """
    if contract.form == "table":
        return lake.read_table([file.key for file in manifest.files], columns=columns)
    return pa.Table.from_batches([chunk.rows for chunk in chunks(contract, manifest, lake, columns)])

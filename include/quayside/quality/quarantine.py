"""Quarantine: rejected rows with rule and reason, and what of a batch goes on without them.

One object per batch, ``quarantine/<domain>/<table>/batch=<id>/rejected.parquet``: one row for each rejected source
row, with its ordinal in the batch (in the order of the manifest's files), the rules it breaks, the reasons in words,
and the row as it was landed; of a line of JSON that is its columns and, in ``line``, all of it. A batch without
rejected rows has none.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Self

import numpy as np
import pyarrow as pa

from quayside.lake import Lake, ParquetFile
from quayside.manifest import Manifest
from quayside.quality.rows import CHUNK

RULES = ", "  # between the names of rules
_TYPES: dict[str, pa.DataType] = {"_row": pa.int64(), "_rule": pa.string(), "_reason": pa.string()}
_NOTES = pa.schema(_TYPES)


def quarantine_key(dataset: str, batch: str) -> str:
    """Return where the rejected rows of a batch are."""
    domain, _, table = dataset.partition(".")
    return f"quarantine/{domain}/{table}/batch={batch}/rejected.parquet"


def accepted(lake: Lake, manifest: Manifest, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Give the rows of a batch that passed the gate, as landed, in chunks and in the manifest's order.

    Valid once the ledger says that the batch has passed. For batches of Parquet; who reads lines of JSON leaves out
    those whose ``row`` is among `rejected_rows`.

    :param columns: only these
    :raises Retryable: the lake did not answer
    :raises Terminal: a file of the batch is missing
    """
    rejected = rejected_rows(lake, manifest)
    start = 0
    for chunk in lake.batches([file.key for file in manifest.files], columns=columns, rows=CHUNK):
        first, last = np.searchsorted(rejected, [start, start + chunk.num_rows])
        if last > first:
            keep = np.ones(chunk.num_rows, dtype=bool)
            keep[rejected[first:last] - start] = False
            yield chunk.filter(pa.array(keep))
        else:
            yield chunk
        start += chunk.num_rows


def rejected_rows(lake: Lake, manifest: Manifest) -> np.ndarray:
    """Return the ordinals of the rejected rows of a batch, ascending."""
    key = quarantine_key(manifest.dataset, manifest.batch)
    if not lake.exists(key):
        return np.empty(0, dtype=np.int64)
    return np.sort(lake.read_table([key], columns=["_row"]).column("_row").to_numpy())


class Quarantine:
    """Takes the rejected rows of one batch. The object appears when the block ends well, and replaces an earlier one."""

    def __init__(self, lake: Lake, manifest: Manifest) -> None:
        self._lake, self._key = lake, quarantine_key(manifest.dataset, manifest.batch)
        self._stack = ExitStack()
        self._file: ParquetFile | None = None

    def __enter__(self) -> Self:
        """Begin; nothing is written before the first rejected row."""
        self._stack.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        """Finish the object; or, where nothing was rejected, remove what an earlier attempt had."""
        self._stack.__exit__(*raised)  # type: ignore[arg-type]
        if raised[0] is None and self._file is None and self._lake.exists(self._key):
            self._lake.delete([self._key])

    def add(self, rows: pa.RecordBatch, ordinals: np.ndarray, rules: list[str], reasons: list[str]) -> None:
        """Put rows aside.

        :param ordinals: of the rows in the batch
        :param rules: names of the rules that each row breaks, joined by ``, ``
        :param reasons: in words, joined by ``; ``
        """
        schema = pa.unify_schemas([_NOTES, rows.schema.remove_metadata()])
        if self._file is None:
            self._file = self._stack.enter_context(self._lake.parquet_writer(self._key, schema))
        notes: list[pa.Array[Any]] = [
            pa.array(ordinals, pa.int64()),
            pa.array(rules, pa.string()),
            pa.array(reasons, pa.string()),
        ]
        self._file.write(pa.RecordBatch.from_arrays([*notes, *rows.columns], schema=schema))

    @property
    def rows(self) -> int:
        """Rows put aside so far."""
        return self._file.rows if self._file else 0


def sample(lake: Lake, dataset: str, batch: str, rows: int) -> list[tuple[int, str, str]]:
    """Return ordinal, rules and reasons of the first rejected rows of a batch: reasons hold no personal data."""
    key = quarantine_key(dataset, batch)
    if not lake.exists(key):
        return []
    for chunk in lake.batches([key], columns=_NOTES.names, rows=rows):
        return [(row["_row"], row["_rule"], row["_reason"]) for row in chunk.to_pylist()]
    return []

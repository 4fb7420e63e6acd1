"""What the lake knows of a dataset's keys: their newest version, and whether they were deleted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from quayside.contract import Contract
from quayside.lake import Lake
from quayside.manifest import read_manifest
from quayside.run import Run

NEVER = np.iinfo(np.int64).min  # the version of a row that has none


@dataclass(frozen=True, slots=True)
class Known:
    """Keys that the lake has, each once, ascending; versions in milliseconds since 1970.

    :param rejected: versions that are in quarantine: the lake has them, if not where they should be
    """

    keys: np.ndarray
    versions: np.ndarray
    deleted: np.ndarray
    rejected: pa.Table

    def find(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the place of each key, and whether it is there at all."""
        places = np.searchsorted(self.keys, keys)
        places[places == len(self.keys)] = 0
        return places, self.keys[places] == keys if len(self.keys) else np.zeros(len(keys), dtype=bool)

    def lacks(self, keys: np.ndarray, versions: np.ndarray) -> np.ndarray:
        """Tell for each of the source's rows whether the lake lacks its key or this or a newer version of it."""
        places, found = self.find(keys)
        if not len(self.keys):
            return ~found
        lacks: np.ndarray = ~found | self.deleted[places] | (self.versions[places] < versions)
        return lacks


def known(contract: Contract, run: Run) -> Known:
    """Gather what the curated table, the batches on their way to it, and the quarantine have of a dataset."""
    from quayside import curated  # DuckDB, which no other reading of a source needs

    # Read before the table they go to: a batch that arrives meanwhile is seen twice, not missed.
    waiting = [_waiting(contract, run, batch) for batch in _on_their_way(contract, run)]
    current = curated.current_keys(contract, run)
    rows = pa.concat_tables([_plain(current), *waiting])
    keys, versions = milliseconds(rows["key"]), milliseconds(rows["last_updated"])
    deleted = rows["deleted"].to_numpy()
    order = np.lexsort((np.arange(len(keys)), versions, keys))  # the newest of each key last, the later batch's of two
    keys, versions, deleted = keys[order], versions[order], deleted[order]
    last = np.append(keys[1:] != keys[:-1], True) if len(keys) else np.zeros(0, dtype=bool)
    return Known(keys[last], versions[last], deleted[last].astype(bool), _rejected(contract, run.lake))


def _on_their_way(contract: Contract, run: Run) -> list[str]:
    """Return the ids of the batches that the curated table does not hold yet, in order."""
    gate = [entry.batch for entry in run.ledger.pending(contract.name, "gate")]
    return sorted({*gate, *(entry.batch for entry in run.ledger.pending(contract.name, "curate"))})


def _waiting(contract: Contract, run: Run, batch: str) -> pa.Table:
    manifest = read_manifest(run.lake, contract.name, batch)
    rows = _versions(contract, run.lake, [file.key for file in manifest.files])
    return rows.append_column("deleted", pa.repeat(manifest.kind == "deletes", len(rows)))


def _rejected(contract: Contract, lake: Lake) -> pa.Table:
    keys = lake.keys(f"quarantine/{contract.domain}/{contract.table}/")
    return _versions(contract, lake, keys)


def _versions(contract: Contract, lake: Lake, keys: list[str]) -> pa.Table:
    """Read key and version of rows as they were landed."""
    names = [contract.key.name, contract.cursor or contract.key.name]
    tables = [lake.read_table([key], columns=names).select(names).rename_columns(["key", "last_updated"]) for key in keys]
    return pa.concat_tables([_plain(table) for table in tables]) if tables else VERSIONS.empty_table()


VERSIONS = pa.schema([("key", pa.int64()), ("last_updated", pa.timestamp("ms"))])


def _plain(rows: pa.Table) -> pa.Table:
    fields = [*VERSIONS, *(field for field in rows.schema if field.name not in VERSIONS.names)]
    return rows.cast(pa.schema(fields)).filter(pc.is_valid(rows["key"]))


def milliseconds(column: "pa.ChunkedArray[Any]") -> np.ndarray:
    """Return a column of integers or times as integers; a null is earlier than all."""
    values: np.ndarray = pc.fill_null(column.cast(pa.int64()), NEVER).to_numpy()  # type: ignore[type-var, attr-defined]
    return values

"""A manifest: what is in a batch. It is written last; a batch without one does not exist."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

from quayside.lake import File, Lake

Kind = Literal["window", "backfill", "deletes", "derived", "replay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What two stages must agree on.

    :param key_hash: sum over rows of ``(key * 1000003 + epoch milliseconds of the version) mod 2147483647``
    :param sums: exact decimal sum of each money column, as text; null counts as nothing
    """

    rows: int
    key_hash: int
    sums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One immutable batch of a dataset.

    :param batch: its id; ids of one dataset sort in the order in which they were recorded
    :param kind: ``window`` moved the cursor; ``backfill`` and ``deletes`` did not; ``derived`` came from other
        batches (named in ``inputs``); ``replay`` from the quarantine of the first of ``inputs``, after having been
        landed with the last of them
    :param run: the run that made it
    :param since: lower bound of the cursor, inclusive, UTC without offset; None reads from the beginning
    :param until: highest cursor value in it; for backfills the upper bound, exclusive
    :param snapshot_at: the source's clock when the rows were read, UTC without offset
    :param source: totals computed by the source itself in the same snapshot; None for derived batches
    :param partitions: of a derived batch of a fact that is replaced by partition: those whose whole content it is
    """

    dataset: str
    batch: str
    kind: Kind
    run: str
    files: tuple[File, ...]
    rows: int
    schema_version: str
    snapshot_at: datetime
    since: datetime | None = None
    until: datetime | None = None
    source: Totals | None = None
    inputs: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Where the manifest is in the lake."""
        return f"{prefix(self.dataset, self.batch, self.kind)}manifest.json"

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values only."""
        value = asdict(self)
        for name in ("snapshot_at", "since", "until"):
            value[name] = value[name].isoformat(timespec="milliseconds") if value[name] else None
        return value

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Read what `as_dict` returned."""
        times = {
            name: datetime.fromisoformat(value[name]) if value[name] else None
            for name in ("snapshot_at", "since", "until")
        }
        return cls(
            **{
                **value,
                **times,
                "files": tuple(File(**file) for file in value["files"]),
                "source": Totals(**value["source"]) if value["source"] else None,
                "inputs": tuple(value["inputs"]),
                "partitions": tuple(value.get("partitions", ())),  # older manifests do not speak of them
            }
        )

    def write(self, lake: Lake) -> None:
        """Put it beside its files: from now on the batch exists."""
        # One line: who explores landed JSON in Athena meets it as a row without a record, not as broken ones.
        lake.write_bytes(self.key, json.dumps(self.as_dict(), ensure_ascii=False).encode())


def read_manifest(lake: Lake, dataset: str, batch: str, kind: Kind = "window") -> Manifest:
    """Read the manifest of a batch.

    :raises Terminal: there is none
    """
    return Manifest.from_dict(lake.read_json(f"{prefix(dataset, batch, kind)}manifest.json"))


def prefix(dataset: str, batch: str, kind: Kind) -> str:
    """Return the folder of a batch: source batches are in landing, derived ones beside their curated table."""
    domain, _, table = dataset.partition(".")
    stage = "curated/_changes" if kind == "derived" else "landing"
    return f"{stage}/{domain}/{table}/batch={batch}/"

"""What the worker and its Glue job tell each other: a plan before, and for each table what was done after. JSON in S3."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One landing batch to read.

    :param files: ``s3://`` addresses
    :param rows: lines in the files
    :param rejected: ordinals of the lines that the gate rejected, ascending
    :param snapshot_at: when the source was read, ISO 8601, UTC without offset
    :param counts_as: the batch whose place among the versions of a row it takes: of a replay the one that was rejected,
        of a backfill the last window that ended by its end, so that what came after that still wins; else itself
    :param pending: False where it was curated before, and is read again because an earlier one comes late
    """

    dataset: str
    batch: str
    files: tuple[str, ...]
    rows: int
    rejected: tuple[int, ...]
    snapshot_at: str
    counts_as: str
    pending: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table to bring up to date.

    :param landing: the dataset that it is made of
    :param columns: name and type, as the contract has them
    :param required: names of those that are never null
    :param partition: name of the column that it is partitioned by; None where it is one whole
    :param current: partition → ``s3://`` folder, as the catalog has them; a table that is one whole is the partition ""
    :param target: ``s3://`` folder to write to
    """

    landing: str
    columns: tuple[tuple[str, str], ...]
    required: tuple[str, ...]
    key: str
    partition: str | None
    current: Mapping[str, str]
    target: str

    def place(self, partition: str) -> str:
        """Return the folder of a partition that the job writes."""
        return f"{self.target}{self.partition}={partition}/" if self.partition else self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run of a Glue job.

    :param run: the orchestrator's run
    :param version: of the folders that are written; later plans have greater ones
    :param venues: ``id``, ``name`` and ``time_zone`` of each
    :param tables: by name
    :param arguments: of the Glue job's run
    """

    run: str
    version: str
    source: str
    batches: tuple[Batch, ...]
    venues: tuple[Mapping[str, Any], ...]
    tables: Mapping[str, Table]
    arguments: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values only."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Read what `as_dict` returned, as JSON gives it back."""
        batches = (
            Batch(**{**item, "files": tuple(item["files"]), "rejected": tuple(item["rejected"])})
            for item in value["batches"]
        )
        tables = {
            name: Table(
                **{
                    **item,
                    "columns": tuple((column, kind) for column, kind in item["columns"]),
                    "required": tuple(item["required"]),
                }
            )
            for name, item in value["tables"].items()
        }
        return cls(**{**value, "batches": tuple(batches), "venues": tuple(value["venues"]), "tables": tables})


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a job did to one table.

    :param version: of the plan
    :param read: accepted lines that it read, of all batches
    :param partitions: those rewritten, with their complete content; one without rows has no file
    :param keys: distinct keys among the lines that were read
    :param rows: rows written
    """

    version: str
    read: int
    partitions: tuple[str, ...]
    keys: int
    rows: int

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values only."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Read what `as_dict` returned, as JSON gives it back."""
        return cls(**{**value, "partitions": tuple(value["partitions"])})


def done_key(plan: str, table: str) -> str:
    """Return where a job says what it did to a table; ``plan`` is the plan's key or address."""
    return f"{plan.removesuffix('.json')}.{table}.json"

"""From rows of a snapshot to batches: files, then the manifest, then the ledger, in this order."""

import math
import secrets
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pyarrow as pa
from psycopg import sql

from quayside.errors import Retryable
from quayside.lake import File, ParquetFile
from quayside.ledger import Position
from quayside.manifest import Kind, Manifest, Totals, prefix
from quayside.memory import give_back_large_blocks
from quayside.run import Run
from quayside.sources.catalog import SourceTable
from quayside.sources.postgres import Snapshot

READERS = 2  # connections that read at once: what a small worker's two cores can parse
CHUNK = 250_000  # rows that one reader takes at a time: small, so that both end at about the same moment
MOST_CHUNKS = 64  # of one batch: a huge table has larger chunks, not thousands of files
TELL = 5.0  # seconds between two progress messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What became of one dataset; what is not said stands for nothing to land.

    :param batch: id of the batch; None where there was nothing to land
    :param manifest: key of its manifest in the lake; None where there is no batch
    :param since: lower bound of the cursor, None from the beginning; ``until`` the highest value landed
    :param drift: how the source differs from the contract without stopping the flow
    :param note: what a person should know about the rows chosen; empty in the normal case
    """

    dataset: str
    kind: Kind
    batch: str | None = None
    manifest: str | None = None
    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0
    since: datetime | None = None
    until: datetime | None = None
    drift: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Rows of one table that are to become one batch.

    :param parts: conditions that together select each row once; every part becomes a file
    :param before: the position that the rows were chosen from, and ``after`` what it becomes
    """

    table: SourceTable
    kind: Kind
    parts: Sequence[sql.Composable]
    totals: Totals
    since: datetime | None
    until: datetime | None
    before: Position
    after: Position
    note: str = ""
    batch: str = field(init=False)

    def __post_init__(self) -> None:
        """Name the batch."""
        object.__setattr__(self, "batch", new_batch(self.after))

    @property
    def dataset(self) -> str:
        """The contract's name."""
        return self.table.contract.name

    @property
    def folder(self) -> str:
        """Where its files and its manifest go."""
        return prefix(self.dataset, self.batch, self.kind)


def new_batch(after: Position) -> str:
    """Return a batch's id: its sequence, and a mark that is another for each attempt.

    So no two attempts ever write the same object, and of several with one sequence the ledger takes one.
    """
    return f"{after.sequence:08d}-{secrets.token_hex(4)}"


def chunks(table: SourceTable, where: sql.Composable, rows: int) -> list[sql.Composable]:
    """Split a condition into as many as there are chunks in so many rows.

    By ranges of the table's pages: whatever gaps its keys have, each range holds about as many bytes, and each page
    is read once, without an index.
    """
    count = min(max(math.ceil(rows / CHUNK), 1), MOST_CHUNKS, max(table.pages, 1))
    if count == 1:
        return [where]
    starts = [table.pages * number // count for number in range(count)]
    ranges: list[sql.Composable] = []
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        within = sql.SQL("ctid >= {}::tid").format(sql.Literal(f"({start},0)"))
        if end is not None:
            within = sql.SQL("{} and ctid < {}::tid").format(within, sql.Literal(f"({end},0)"))
        ranges.append(sql.SQL("({}) and {}").format(where, within))
    return ranges


def land_readings(readings: Iterable[Reading], run: Run, snapshot: Snapshot) -> list[Landed]:
    """Land each reading as a batch, the smallest first; files of several are written at the same time.

    :raises Retryable: the source or the lake failed; what was recorded before stays and is not read again
    :raises Terminal: the source or the lake refuses, or a value cannot be carried
    """
    give_back_large_blocks()
    landed = []
    stop = threading.Event()
    # One thread more than connections: while it finishes a file's upload, both connections go on.
    with ThreadPoolExecutor(READERS + 1, thread_name_prefix="read") as pool:
        work = [
            (reading, [_Part(run, snapshot, reading, number, stop) for number in range(len(reading.parts))])
            for reading in sorted(readings, key=lambda reading: reading.totals.rows)
        ]
        try:
            futures = {reading.dataset: [pool.submit(part.read) for part in parts] for reading, parts in work}
            for reading, parts in work:
                started = time.monotonic()
                _wait(reading, parts, futures[reading.dataset], run)
                files = tuple(part.file for part in parts if part.file is not None)
                landed.append(_record(reading, files, run, snapshot, started))
        finally:
            stop.set()  # after a failure nobody needs the rest
            pool.shutdown(cancel_futures=True)
    return landed


class _Part:
    """One part of a reading, on its way into a file."""

    def __init__(self, run: Run, snapshot: Snapshot, reading: Reading, number: int, stop: threading.Event) -> None:
        self._run, self._snapshot, self._reading, self._number, self._stop = run, snapshot, reading, number, stop
        self.rows = 0
        self.file: File | None = None

    def read(self) -> None:
        """Copy the rows into a Parquet file; no file where there are none."""
        table = self._reading.table
        query = sql.SQL("select {} from {} where {}").format(
            sql.SQL(", ").join(table.columns), table.name, self._reading.parts[self._number]
        )
        with ExitStack() as files:
            writer: ParquetFile | None = None

            def take(rows: pa.Table) -> None:
                nonlocal writer
                if self._stop.is_set():
                    raise CancelledError
                if writer is None:
                    key = f"{self._reading.folder}part-{self._number:04d}.parquet"
                    writer = files.enter_context(self._run.lake.parquet_writer(key, table.schema, packed=packed(table)))
                writer.write(rows.select(table.schema.names))
                self.rows += rows.num_rows

            with self._snapshot.stream() as stream:
                stream.copy(query, table.carried, take)
        self.file = writer.file if writer else None


def packed(table: SourceTable) -> list[str]:
    """Return the whole numbers and times: packed as differences they are small without a dictionary's cost."""
    return [
        field.name for field in table.schema if pa.types.is_integer(field.type) or pa.types.is_timestamp(field.type)
    ]


def _wait(reading: Reading, parts: Sequence[_Part], futures: Sequence["Future[None]"], run: Run) -> None:
    """Wait for all parts, telling how far they are; raise what one of them raised."""
    while True:
        done, waiting = wait(futures, timeout=TELL, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
        if not waiting:
            return
        run.progress(reading.dataset, f"{sum(part.rows for part in parts):,} of {reading.totals.rows:,} rows read")


def _record(reading: Reading, files: tuple[File, ...], run: Run, snapshot: Snapshot, started: float) -> Landed:
    rows = sum(file.rows for file in files)
    if rows != reading.totals.rows:
        raise Retryable(
            f"{reading.dataset}: the source counted {reading.totals.rows} rows, and {rows} came: nothing is "
            "recorded, the next try reads them again"
        )
    manifest = Manifest(
        dataset=reading.dataset,
        batch=reading.batch,
        kind=reading.kind,
        run=run.id,
        files=files,
        rows=rows,
        schema_version=reading.table.contract.version,
        snapshot_at=snapshot.at,
        since=reading.since,
        until=reading.until,
        source=reading.totals,
    )
    seconds = time.monotonic() - started
    landed = replace(
        publish(manifest, run, before=reading.before, after=reading.after, seconds=seconds),
        drift=reading.table.drift,
        note=reading.note,
    )
    run.progress(
        reading.dataset,
        f"landed {rows:,} rows, {landed.bytes:,} bytes in {seconds:.1f} s as {reading.kind} {reading.batch}",
    )
    return landed


def publish(
    manifest: Manifest,
    run: Run,
    *,
    before: Position,
    after: Position,
    seconds: float,
    journal: Mapping[str, Any] | None = None,
) -> Landed:
    """Write the manifest of files that are in place, then make the batch part of the flow.

    :param journal: what is to be noted once the batch is recorded, see `Ledger.record`
    """
    manifest.write(run.lake)
    run.ledger.record(manifest, before=before, after=after, todo="gate", journal=journal)
    _sweep(manifest, run)
    return Landed(
        dataset=manifest.dataset,
        kind=manifest.kind,
        batch=manifest.batch,
        manifest=manifest.key,
        rows=manifest.rows,
        bytes=sum(file.bytes for file in manifest.files),
        seconds=round(seconds, 3),
        since=manifest.since,
        until=manifest.until,
    )


def _sweep(manifest: Manifest, run: Run) -> None:
    """Delete what attempts that crashed left under this sequence: it is taken, they can never be recorded."""
    own = prefix(manifest.dataset, manifest.batch, manifest.kind)
    sequence = own[: own.rindex("-") + 1]
    run.lake.delete([key for key in run.lake.keys_starting(sequence) if not key.startswith(own)])

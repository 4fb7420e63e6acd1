"""Records as lines of JSON in compressed objects, numbered through the batch, and the batch that they make."""

import gzip
import io
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from quayside.contract import Contract
from quayside.lake import File, Lake
from quayside.landing.batches import Landed, new_batch, publish
from quayside.ledger import Position
from quayside.manifest import Kind, Manifest, prefix
from quayside.memory import give_back_large_blocks
from quayside.run import Run
from quayside.sources.feed import Record
from quayside.upload import Upload, failures

ROLL = 32 * 1024 * 1024  # bytes of text after which another object begins
LEVEL = 2  # of compression: a fifth of the text remains, at some 100 MB a second
_LINE_ENDS = bytes.maketrans(b"\r\n", b"  ")  # in JSON only between values, where a space means the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """What is to become one batch of records.

    :param since: lower bound of what was asked for, UTC without offset; None where nothing bounds it
    :param until: upper bound, exclusive
    :param at: when it was asked
    :param before: the position that this was chosen from, and ``after`` what it becomes; of that, the sequence is of no
        meaning
    """

    contract: Contract
    kind: Kind
    since: datetime | None
    until: datetime | None
    at: datetime
    before: Position
    after: Position


def land_records(
    what: Slice,
    records: Iterable[Record],
    run: Run,
    *,
    inputs: tuple[str, ...] = (),
    journal: Mapping[str, Any] | None = None,
) -> Landed:
    """Write records as they come, then the manifest, then the ledger; where there are none, only move the position.

    Memory holds a record and what the upload holds.

    :param inputs: what the batch was made of, for the manifest
    :param journal: kept with the batch, in the same write, as the ledger's entry ``journal#<batch>``
    :raises Retryable: the lake or the ledger is out of reach, or the position is no longer ``before``
    """
    give_back_large_blocks()
    started, dataset = time.monotonic(), what.contract.name
    after = replace(what.after, sequence=what.before.sequence + 1)
    batch = new_batch(after)
    with writing(run.lake, prefix(dataset, batch, what.kind)) as files:
        for record in records:
            files.write(record)
    if files.rows == 0:
        moved = replace(after, sequence=what.before.sequence)
        if moved != what.before:
            run.ledger.move(dataset, before=what.before, after=moved)
        return Landed(dataset=dataset, kind=what.kind, since=what.since, until=what.until)
    manifest = Manifest(
        dataset=dataset,
        batch=batch,
        kind=what.kind,
        run=run.id,
        files=tuple(files.files),
        rows=files.rows,
        schema_version=what.contract.version,
        snapshot_at=what.at,
        since=what.since,
        until=what.until,
        inputs=inputs,
    )
    seconds = time.monotonic() - started
    return publish(manifest, run, before=what.before, after=after, seconds=seconds, journal=journal)


class RecordFiles:
    """The objects of one batch, the last of them open."""

    def __init__(self, lake: Lake, folder: str) -> None:
        self._lake, self._folder = lake, folder
        self._upload: Upload | None = None
        self._text = 0
        self._first = 0
        self.files: list[File] = []
        self.rows = 0

    def write(self, record: Record) -> None:
        """Append a record."""
        if self._upload is None:
            self._open()
        json = record.json.translate(_LINE_ENDS)
        self._text += self._gzip.write(b'{"row":%d,"of":%b,"record":%b}\n' % (self.rows, record.of, json))
        self.rows += 1
        if self._text >= ROLL:
            self.finish()

    def finish(self) -> None:
        """Make the open object visible."""
        if self._upload is not None:
            self._gzip.close()
            self._upload.finish()
            rows, upload = self.rows - self._first, self._upload
            self.files.append(File(key=self._key, rows=rows, bytes=upload.bytes, sha256=upload.sha256))
            self._upload = None

    def abandon(self) -> None:
        """Forget the open object; what was finished has no manifest and is swept with the next batch."""
        if self._upload is not None:
            self._upload.abandon()

    def _open(self) -> None:
        self._key = f"{self._folder}part-{len(self.files):04d}.json.gz"
        self._upload, self._text, self._first = Upload(self._lake.bucket, self._key), 0, self.rows
        self._gzip = gzip.GzipFile(fileobj=self._upload, mode="wb", compresslevel=LEVEL, mtime=0)


@contextmanager
def writing(lake: Lake, folder: str) -> Iterator[RecordFiles]:
    """Write a batch's objects; after an error the open one never appears."""
    files = RecordFiles(lake, folder)
    try:
        yield files
        files.finish()
    except BaseException:
        files.abandon()
        raise


def lines(lake: Lake, keys: Sequence[str]) -> Iterator[bytes]:
    """Read landed lines back, in the order of ``keys``.

    :raises Retryable: the lake did not give them
    :raises Terminal: an object does not exist
    """
    for key in keys:
        with failures(f"read {key}"), lake.filesystem.open_input_stream(key, compression="gzip") as stream:
            yield from io.BufferedReader(stream, 1024 * 1024)  # type: ignore[type-var]

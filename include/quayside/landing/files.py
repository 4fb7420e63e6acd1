"""Land files that others drop in the inbox: each content once, whatever its name and however often it comes."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import batched
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from quayside.alerts import Alert, raise_alert, recover
from quayside.contract import Contract
from quayside.errors import Terminal
from quayside.landing.batches import Landed
from quayside.landing.land import LEASE
from quayside.landing.records import Slice, land_records
from quayside.run import Run
from quayside.settings import aws
from quayside.sources.feed import Record
from quayside.sources.gaming_files import Unusable, records
from quayside.upload import Upload, failures

SOURCE, DATASET = "aristocrat", "aristocrat.reading"
MOST_FILES = 500  # of one batch, and `MOST_BYTES`; the journal of so many fits an item of the ledger
MOST_BYTES = 64 * 1024 * 1024
TOGETHER = 8  # files that are fetched at once
IN_MEMORY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Drop:
    """A file in the inbox.

    :param modified: when it was dropped, UTC without offset
    """

    key: str
    etag: str
    bytes: int
    modified: datetime

    @property
    def name(self) -> str:
        """Its name below the source's folder."""
        return self.key.removeprefix(f"{SOURCE}/")


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A file as it was read.

    :param etag: of what was read, which may be newer than what was listed
    :param known: a batch holds this content already
    """

    drop: Drop
    etag: str
    sha256: str
    content: IO[bytes]
    known: bool


def arrived(run: Run) -> list[str]:
    """Return the keys in the inbox that are neither landed nor set aside: two queries, whatever is in them.

    :raises Retryable: the inbox or the ledger is out of reach
    :raises Terminal: there is no inbox
    """
    return [drop.key for drop in _new(_inbox(run), _known(run))]


def land_files(contract: Contract, run: Run) -> list[Landed]:
    """Land every file in the inbox that was not landed yet, in the order in which they were dropped.

    Safe to repeat: a file's content is noted with the batch that holds its rows, in one write. A file that is no such
    CSV is set aside: it is told, and looked at again when it was replaced.

    :return: one for each batch, or one that says that there was none
    :raises Retryable: the inbox, the lake or the ledger is out of reach, or another run lands; what was recorded stays
    :raises Terminal: there is no inbox, or it may not be read
    """
    with run.ledger.lease(SOURCE, owner=run.id, seconds=LEASE):
        for journal in run.ledger.notes(contract.name, "journal#"):
            _note(run, journal["files"], journal["entry"].removeprefix("journal#"))
        drops, known = _inbox(run), _known(run)
        landed = [_Landing(contract, run).land(some) for some in _portions(_new(drops, known))]
        _tell_what_is_set_aside(run, {drop.key for drop in drops})
    return [each for each in landed if each.batch or each.note] or [Landed(dataset=contract.name, kind="window")]


class _Landing:
    """One batch of files on its way."""

    def __init__(self, contract: Contract, run: Run) -> None:
        self._contract, self._run = contract, run
        self._required = [
            column.path.removeprefix("record.") for column in contract.columns if column.path and column.required
        ]
        self._taken: list[list[str]] = []  # key, etag, sha256
        self._known: dict[str, dict[str, Any]] = {}
        self._refused: list[str] = []

    def land(self, drops: Sequence[Drop]) -> Landed:
        """Land the rows of all that are new and usable as one batch."""
        ledger, dataset = self._run.ledger, self._contract.name
        before = ledger.position(dataset)
        newest = max(drop.modified for drop in drops)
        what = Slice(
            contract=self._contract,
            kind="window",
            since=None,
            until=newest,
            at=datetime.now(UTC).replace(tzinfo=None),
            before=before,
            after=replace(before, cursor=max(before.cursor or newest, newest)),
        )
        landed = land_records(what, self._records(drops), self._run, journal={"files": self._taken})
        _note(self._run, self._taken, landed.batch or "")
        ledger.note_all(dataset, self._known)
        self._run.progress(
            dataset,
            f"{len(self._taken)} of {len(drops)} files, {landed.rows:,} rows; "
            f"{len(self._known) - len(self._refused)} known, {len(self._refused)} set aside",
        )
        return replace(landed, note="; ".join(self._refused)[:500])

    def _records(self, drops: Sequence[Drop]) -> Iterator[Record]:
        with ThreadPoolExecutor(TOGETHER, thread_name_prefix="files") as pool:
            for some in batched(drops, TOGETHER):
                with ExitStack() as files:
                    contents = [files.enter_context(SpooledTemporaryFile(IN_MEMORY)) for _ in some]
                    for fetched in list(pool.map(self._fetch, some, contents)):
                        if fetched:
                            yield from self._take(fetched)

    def _take(self, fetched: _Fetched) -> Iterator[Record]:
        drop = fetched.drop
        noted = {"etag": fetched.etag, "sha256": fetched.sha256}
        if fetched.known or any(fetched.sha256 == sha256 for _, _, sha256 in self._taken):
            self._known[f"file#{drop.key}"] = noted
            return
        try:
            for _ in records(fetched.content, drop.name, self._required):
                pass  # before any row of it is written
        except Unusable as error:
            self._known[f"file#{drop.key}"] = {**noted, "reason": str(error)}
            self._refused.append(f"{drop.name}: {error}")
            self._run.progress(self._contract.name, f"set aside {drop.name}: {error}")
            return
        yield from records(fetched.content, drop.name, self._required)
        self._taken.append([drop.key, fetched.etag, fetched.sha256])

    def _fetch(self, drop: Drop, content: IO[bytes]) -> _Fetched | None:
        """Read a file and keep it as it was dropped; None where it was taken away meanwhile."""
        digest, s3 = hashlib.sha256(), aws("s3")
        with failures(f"read {drop.key} in the inbox"):
            try:
                answer = s3.get_object(Bucket=self._run.settings.inbox_bucket, Key=drop.key)
            except s3.exceptions.NoSuchKey:
                return None
            for block in answer["Body"].iter_chunks(IN_MEMORY):
                digest.update(block)
                content.write(block)
        sha256 = digest.hexdigest()
        known = self._run.ledger.noted(self._contract.name, f"content#{sha256}")
        fetched = _Fetched(drop, answer["ETag"], sha256, content, known)
        if not known:
            self._keep(fetched)
        return fetched

    def _keep(self, fetched: _Fetched) -> None:
        key = original(fetched.sha256, fetched.drop.name)
        if self._run.lake.exists(key):
            return
        upload = Upload(self._run.lake.bucket, key)
        try:
            fetched.content.seek(0)
            while block := fetched.content.read(IN_MEMORY):
                upload.write(block)
            upload.finish()
        except BaseException:
            upload.abandon()
            raise


def original(sha256: str, name: str) -> str:
    """Return where the lake keeps a file as it was dropped."""
    return f"landing/{SOURCE}/file/{sha256[:16]}/{name.rpartition('/')[2]}"


def _inbox(run: Run) -> list[Drop]:
    """List the inbox, in the order in which the files came."""
    bucket = run.settings.inbox_bucket
    if not bucket:
        raise Terminal("There is no inbox: set QUAYSIDE_INBOX_BUCKET to the bucket in which files are dropped.")
    with failures(f"list the inbox {bucket}"):
        pages = aws("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{SOURCE}/")
        drops = [
            Drop(item["Key"], item["ETag"], item["Size"], item["LastModified"].astimezone(UTC).replace(tzinfo=None))
            for page in pages
            for item in page.get("Contents", [])
            if not item["Key"].endswith("/")
        ]
    return sorted(drops, key=lambda drop: (drop.modified, drop.key))


def _known(run: Run) -> dict[str, Mapping[str, Any]]:
    return {item["entry"].removeprefix("file#"): item for item in run.ledger.notes(DATASET, "file#")}


def _new(drops: Sequence[Drop], known: Mapping[str, Mapping[str, Any]]) -> list[Drop]:
    return [drop for drop in drops if known.get(drop.key, {}).get("etag") != drop.etag]


def _portions(drops: Sequence[Drop]) -> Iterator[list[Drop]]:
    portion: list[Drop] = []
    size = 0
    for drop in drops:
        if portion and (len(portion) == MOST_FILES or size + drop.bytes > MOST_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(drop)
        size += drop.bytes
    if portion:
        yield portion


def _note(run: Run, files: Sequence[Sequence[str]], batch: str) -> None:
    """Note the files of a batch one by one; begun and not finished, the batch's journal is still there."""
    contents = {f"content#{sha256}": {"file": key, "batch": batch} for key, _, sha256 in files}
    run.ledger.note_all(DATASET, contents)
    run.ledger.note_all(DATASET, {f"file#{key}": {"etag": etag, "sha256": sha256} for key, etag, sha256 in files})
    if batch:
        run.ledger.forget(DATASET, f"journal#{batch}")


def _tell_what_is_set_aside(run: Run, present: set[str]) -> None:
    """Keep one incident open while there is a file in the inbox that could not be used; forget those that are gone."""
    aside = []
    for key, item in _known(run).items():
        if key not in present:
            run.ledger.forget(DATASET, f"file#{key}")
        elif "reason" in item:
            aside.append(f"{key}: {item['reason']}")
    subject, link = f"{SOURCE}#set_aside", f"s3://{run.settings.inbox_bucket}/{SOURCE}/"
    if not aside:
        recover(subject, link=link, run=run.id, settings=run.settings, ledger=run.ledger)
        return
    more = f"; and {len(aside) - 3} more" if len(aside) > 3 else ""
    alert = Alert(
        subject=subject,
        headline=f"Files of {SOURCE} were set aside",
        reason=f"{'; '.join(aside[:3])}{more}. Drop them again as they should be, under the same name, or remove them.",
        link=link,
        run=run.id,
    )
    raise_alert(alert, run.settings, run.ledger)

"""The extraction ledger: what was landed, how far each stage is, and who works on it now.

One DynamoDB table, partition key ``dataset``, sort key ``entry``:

========================  =====================================================================
entry                     holds
========================  =====================================================================
``position``              how far a source dataset was read: sequence, cursor, horizon, source
``batch#<id>``            one batch: kind, bounds, rows, checksum, manifest, run, status
``todo#<stage>#<id>``     a batch that a stage has yet to take; gone once it has
``journal#<id>``          what is still to be noted about a batch of files
``replay#<id>#<by>``      which rejected rows of a batch another replays, who decided so, and why
``lease``                 who works on this dataset, and until when
========================  =====================================================================

Every change is a conditional write: a second writer fails instead of overwriting.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched
from typing import Any, Literal, Self

from quayside.errors import Retryable, Terminal
from quayside.items import ABSENT, Condition, Conflict, Items, Write
from quayside.manifest import Kind, Manifest
from quayside.settings import Settings

Stage = Literal["gate", "curate", "load", "reconcile"]
MOST_WRITES = 100  # in one transaction
_DONE: Mapping[Stage, str] = {
    "gate": "gated_at",
    "curate": "curated_at",
    "load": "loaded_at",
    "reconcile": "reconciled_at",
}


class Superseded(Conflict):
    """Another run recorded something in between; nothing is lost, the next try reads from where it left off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a dataset was read.

    :param sequence: of the last recorded batch; 0 before the first
    :param cursor: highest value of the cursor column landed, UTC without offset; None before the first window
    :param horizon: transaction id (64 bit) of the source below which all was visible to the last snapshot
    :param source: the server that ``horizon`` belongs to: cluster, timeline and start, see `quayside.sources.postgres.Identity`
    """

    sequence: int = 0
    cursor: datetime | None = None
    horizon: int | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One batch as the ledger knows it.

    :param status: ``landed``, ``passed``, ``blocked``, ``curated`` or ``loaded``
    :param facts: what stages noted about it, e.g. ``rejected`` rows
    """

    dataset: str
    batch: str
    kind: Kind
    status: str
    rows: int
    manifest: str
    run: str
    recorded_at: str
    facts: Mapping[str, Any]


class Ledger:
    """The ledger of one environment."""

    def __init__(self, table: str) -> None:
        self._items = Items(table)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return an environment's ledger."""
        return cls(settings.ledger_table)

    def position(self, dataset: str) -> Position:
        """Return how far a dataset was read; the beginning where it never was."""
        item = self._items.get(dataset, "position")
        if item is None:
            return Position()
        cursor = item.get("cursor")
        return Position(
            sequence=int(item["sequence"]),
            cursor=datetime.fromisoformat(cursor) if cursor else None,
            horizon=int(item["horizon"]) if item.get("horizon") is not None else None,
            source=item.get("source"),
        )

    def record(
        self,
        manifest: Manifest,
        *,
        before: Position,
        after: Position,
        todo: Stage,
        journal: Mapping[str, Any] | None = None,
    ) -> None:
        """Make a source batch part of the flow and move the position, both or neither.

        :param before: the position that the batch was read from
        :param after: what it becomes; its sequence must be the next one
        :param todo: the stage that takes the batch next
        :param journal: kept in the same write, as ``journal#<batch>``: notes that are too many for one; of a replay, as
            ``replay#<what it replays>#<batch>``
        :raises Superseded: the position is no longer ``before``
        """
        dataset, batch = manifest.dataset, manifest.batch
        notes = []
        if journal is not None:
            about = f"replay#{manifest.inputs[0]}" if manifest.kind == "replay" else "journal"
            notes = [self._items.put(dataset, f"{about}#{batch}", journal)]
        self._items.write(
            [
                self._items.put(dataset, "position", _position_item(after), _still(before)),
                self._items.put(dataset, f"batch#{batch}", _batch_item(manifest, "landed"), ABSENT),
                self._items.put(dataset, f"todo#{todo}#{batch}", {}),
                *notes,
            ],
            Superseded(f"{dataset}: another run recorded a batch since sequence {before.sequence}"),
        )

    def move(self, dataset: str, *, before: Position, after: Position) -> None:
        """Move the position of a dataset in whose window nothing had changed; the sequence stays.

        :raises Superseded: the position is no longer ``before``
        """
        self._items.write(
            [self._items.put(dataset, "position", _position_item(after), _still(before))],
            Superseded(f"{dataset}: another run moved the position"),
        )

    def record_derived(self, manifest: Manifest, *, todo: Stage) -> bool:
        """Make a derived batch part of the flow; return False where this very batch already is.

        Its id names its inputs, so that deriving it again after a crash finds it here.
        """
        dataset, batch = manifest.dataset, manifest.batch
        return self._try(
            self._items.put(dataset, f"batch#{batch}", _batch_item(manifest, "curated"), ABSENT),
            self._items.put(dataset, f"todo#{todo}#{batch}", {}),
        )

    def pending(self, dataset: str, stage: Stage) -> list[Entry]:
        """Return the batches that a stage has yet to take, in the order in which they were recorded."""
        start = f"todo#{stage}#"
        return [self.batch(dataset, item["entry"].removeprefix(start)) for item in self._items.query(dataset, start)]

    def batch(self, dataset: str, batch: str) -> Entry:
        """Return one batch.

        :raises Terminal: the ledger does not know it
        """
        item = self._items.get(dataset, f"batch#{batch}")
        if item is None:
            raise Terminal(f"{dataset}: the ledger knows no batch {batch}; `batches` lists those it knows.")
        return _entry(item)

    def batches(self, dataset: str, *, newest: int | None = None) -> list[Entry]:
        """Return all batches of a dataset, newest last; or only the ``newest`` so many."""
        return [_entry(item) for item in self._items.query(dataset, "batch#", newest=newest)]

    def advance(
        self,
        dataset: str,
        batch: str,
        *,
        taken: Stage,
        status: str,
        todo: Stage | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Note that a stage has taken a batch, and hand it to the next; doing so twice changes nothing.

        :param facts: small JSON values to keep with the batch
        :raises Terminal: the ledger does not know the batch
        """
        noted = {"status": status, _DONE[taken]: _now(), **(facts or {})}
        writes = [
            self._items.change(dataset, f"batch#{batch}", noted),
            self._items.delete(dataset, f"todo#{taken}#{batch}"),
        ]
        if todo:
            writes.append(self._items.put(dataset, f"todo#{todo}#{batch}", {}))
        if not self._try(*writes):
            self.batch(dataset, batch)  # it exists, so another attempt has taken it; what comes after may have, too

    def hold(self, dataset: str, batch: str, *, at: Stage, facts: Mapping[str, Any]) -> None:
        """Note that a stage stopped a batch: its status is ``blocked``, and it stays pending there.

        :param facts: small JSON values to keep with the batch
        :raises Superseded: the batch is no longer pending there: somebody has released it
        """
        self._items.write(
            [
                self._items.change(dataset, f"batch#{batch}", {"status": "blocked", **facts}),
                self._items.check(dataset, f"todo#{at}#{batch}"),
            ],
            Superseded(f"{dataset}: batch {batch} is no longer at the {at}"),
        )

    @contextmanager
    def lease(self, dataset: str, *, owner: str, seconds: int) -> Iterator[None]:
        """Work on a dataset alone. The same owner may take its own lease again: a retry after a crash does.

        It is renewed while the work lasts, so that only a killed process keeps others waiting.

        :param seconds: after a process was killed, when another may take it
        :raises Retryable: somebody else works on it
        """
        self._take_lease(dataset, owner, seconds)
        done = threading.Event()
        renewal = threading.Thread(target=self._renew_lease, args=(dataset, owner, seconds, done), daemon=True)
        renewal.start()
        try:
            yield
        finally:
            done.set()
            renewal.join()
            # Expired and with somebody else by now, it is theirs to give back.
            self._try(self._items.delete(dataset, "lease", Condition("#o = :o", {"#o": "owner"}, {":o": owner})))

    def note(self, dataset: str, entry: str, values: Mapping[str, Any]) -> None:
        """Keep a small record under an entry of the caller's own, replacing what was there."""
        self._items.write([self._items.put(dataset, entry, values)], Conflict(f"{dataset}: {entry}"))

    def note_all(self, dataset: str, records: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep many small records, by their entry; a failure may leave some of them unwritten."""
        for some in batched(records.items(), MOST_WRITES):
            writes = [self._items.put(dataset, entry, values) for entry, values in some]
            self._items.write(writes, Conflict(f"{dataset}: {some[0][0]}"))

    def notes(self, dataset: str, start: str = "", *, newest: int | None = None) -> list[dict[str, Any]]:
        """Return the records whose entry begins with ``start``, in the order of their entries; or the last so many."""
        return self._items.query(dataset, start, newest=newest)

    def noted(self, dataset: str, entry: str) -> bool:
        """Tell whether there is a small record under this very entry."""
        return self._items.get(dataset, entry) is not None

    def claim(self, dataset: str, entry: str, values: Mapping[str, Any]) -> bool:
        """Keep a small record where there is none yet; return False where there is one."""
        return self._try(self._items.put(dataset, entry, values, ABSENT))

    def forget(self, dataset: str, entry: str) -> bool:
        """Remove a small record; return False where there was none."""
        return self._try(self._items.delete(dataset, entry))

    def _try(self, *writes: Write) -> bool:
        """Do all of the writes, or return False because a condition does not hold."""
        try:
            self._items.write(list(writes), Conflict())
        except Conflict:
            return False
        return True

    def _take_lease(self, dataset: str, owner: str, seconds: int) -> None:
        now = int(time.time())
        free = Condition(
            f"{ABSENT.expression} OR #x < :now OR #o = :owner",
            {**ABSENT.names, "#x": "expires", "#o": "owner"},
            {":now": now, ":owner": owner},
        )
        self._items.write(
            [self._items.put(dataset, "lease", {"owner": owner, "expires": now + seconds}, free)],
            Superseded(f"{dataset}: another run works on it; this one starts when that has ended"),
        )

    def _renew_lease(self, dataset: str, owner: str, seconds: int, done: threading.Event) -> None:
        # Losing it is no danger: the conditional writes refuse the work of whoever comes second.
        while not done.wait(max(seconds / 3, 1)):
            with suppress(Retryable):
                self._take_lease(dataset, owner, seconds)


def _still(before: Position) -> Condition:
    """Return the condition that nothing was recorded since ``before``; an empty table's position may have moved."""
    absent = "attribute_not_exists(#n) OR " if before.sequence == 0 else ""
    return Condition(f"{absent}#n = :n", {"#n": "sequence"}, {":n": before.sequence})


def _position_item(position: Position) -> dict[str, Any]:
    return {
        "sequence": position.sequence,
        "cursor": position.cursor.isoformat(timespec="milliseconds") if position.cursor else None,
        "horizon": position.horizon,
        "source": position.source,
    }


def _batch_item(manifest: Manifest, status: str) -> dict[str, Any]:
    return {
        "kind": manifest.kind,
        "status": status,
        "rows": manifest.rows,
        "manifest": manifest.key,
        "run": manifest.run,
        "recorded_at": _now(),
        "since": manifest.since.isoformat() if manifest.since else None,
        "until": manifest.until.isoformat() if manifest.until else None,
        "key_hash": manifest.source.key_hash if manifest.source else None,
    }


def _entry(item: Mapping[str, Any]) -> Entry:
    known = ("dataset", "entry", "kind", "status", "rows", "manifest", "run", "recorded_at")
    return Entry(
        dataset=item["dataset"],
        batch=item["entry"].removeprefix("batch#"),
        kind=item["kind"],
        status=item["status"],
        rows=int(item["rows"]),
        manifest=item["manifest"],
        run=item["run"],
        recorded_at=item["recorded_at"],
        facts={name: value for name, value in item.items() if name not in known},
    )


def _now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")

"""The extraction ledger: what was landed, how far each stage is, and who works on it now.

One DynamoDB table, partition key ``dataset``, sort key ``entry``:

========================  =====================================================================
entry                     holds
========================  =====================================================================
``position``              how far a source dataset was read: sequence, cursor, horizon, source
``batch#<id>``            one batch: kind, bounds, rows, checksum, manifest, run, status
``todo#<stage>#<id>``     a batch that a stage has yet to take; gone once it has
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
from typing import Any, Literal, Self

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from quayside.errors import Retryable, Terminal
from quayside.manifest import Kind, Manifest
from quayside.settings import Settings, aws

Stage = Literal["gate", "curate", "load"]
_DONE: Mapping[Stage, str] = {"gate": "gated_at", "curate": "curated_at", "load": "loaded_at"}


class Superseded(Retryable):
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
        self._table = table

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return an environment's ledger."""
        return cls(settings.ledger_table)

    def position(self, dataset: str) -> Position:
        """Return how far a dataset was read; the beginning where it never was."""
        item = self._get(dataset, "position")
        if item is None:
            return Position()
        cursor = item.get("cursor")
        return Position(
            sequence=int(item["sequence"]),
            cursor=datetime.fromisoformat(cursor) if cursor else None,
            horizon=int(item["horizon"]) if item.get("horizon") is not None else None,
            source=item.get("source"),
        )

    def record(self, manifest: Manifest, *, before: Position, after: Position, todo: Stage) -> None:
        """Make a source batch part of the flow and move the position, both or neither.

        :param before: the position that the batch was read from
        :param after: what it becomes; its sequence must be the next one
        :param todo: the stage that takes the batch next
        :raises Superseded: the position is no longer ``before``
        """
        moved: dict[str, Any] = {
            "dataset": manifest.dataset,
            "entry": "position",
            "sequence": after.sequence,
            "cursor": after.cursor.isoformat(timespec="milliseconds") if after.cursor else None,
            "horizon": after.horizon,
            "source": after.source,
        }
        condition = _still(before)
        self._write(
            [
                self._put(moved, *condition, names={"#n": "sequence"}),
                self._put(_batch_item(manifest, "landed"), "attribute_not_exists(#e)", names={"#e": "entry"}),
                self._put({"dataset": manifest.dataset, "entry": f"todo#{todo}#{manifest.batch}"}),
            ],
            f"{manifest.dataset}: another run recorded a batch since sequence {before.sequence}",
        )

    def move(self, dataset: str, *, before: Position, after: Position) -> None:
        """Move the position of a dataset in whose window nothing had changed; the sequence stays.

        :raises Superseded: the position is no longer ``before``
        """
        item = {
            "dataset": dataset,
            "entry": "position",
            "sequence": after.sequence,
            "horizon": after.horizon,
            "cursor": after.cursor.isoformat(timespec="milliseconds") if after.cursor else None,
            "source": after.source,
        }
        condition = _still(before)
        self._write(
            [self._put(item, *condition, names={"#n": "sequence"})], f"{dataset}: another run moved the position"
        )

    def record_derived(self, manifest: Manifest, *, todo: Stage) -> bool:
        """Make a derived batch part of the flow; return False where this very batch already is.

        Its id names its inputs, so that deriving it again after a crash finds it here.
        """
        try:
            self._write(
                [
                    self._put(_batch_item(manifest, "curated"), "attribute_not_exists(#e)", names={"#e": "entry"}),
                    self._put({"dataset": manifest.dataset, "entry": f"todo#{todo}#{manifest.batch}"}),
                ],
                f"{manifest.dataset}: batch {manifest.batch} is recorded",
            )
        except Superseded:
            return False
        return True

    def pending(self, dataset: str, stage: Stage) -> list[Entry]:
        """Return the batches that a stage has yet to take, in the order in which they were recorded."""
        start = f"todo#{stage}#"
        return [self.batch(dataset, item["entry"].removeprefix(start)) for item in self._query(dataset, start)]

    def batch(self, dataset: str, batch: str) -> Entry:
        """Return one batch.

        :raises Terminal: the ledger does not know it
        """
        item = self._get(dataset, f"batch#{batch}")
        if item is None:
            raise Terminal(f"{dataset}: the ledger knows no batch {batch}; `batches` lists those it knows.")
        return _entry(item)

    def batches(self, dataset: str, *, newest: int | None = None) -> list[Entry]:
        """Return all batches of a dataset, newest last; or only the ``newest`` so many."""
        if newest is None:
            return [_entry(item) for item in self._query(dataset, "batch#")]
        return [_entry(item) for item in self._query(dataset, "batch#", backwards=True, limit=newest)][::-1]

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
        """
        marker = self._key(dataset, f"todo#{taken}#{batch}")
        writes = [
            self._update(dataset, batch, {"status": status, _DONE[taken]: _now(), **(facts or {})}),
            {
                "Delete": {
                    **marker,
                    "ConditionExpression": "attribute_exists(#e)",
                    "ExpressionAttributeNames": {"#e": "entry"},
                }
            },
        ]
        if todo:
            writes.append(self._put({"dataset": dataset, "entry": f"todo#{todo}#{batch}"}))
        try:
            self._write(writes, f"{dataset}: batch {batch} was taken before")
        except Superseded:
            self.batch(dataset, batch)  # it exists, so another attempt has taken it; what comes after may have, too

    def hold(self, dataset: str, batch: str, *, at: Stage, facts: Mapping[str, Any]) -> None:
        """Note that a stage stopped a batch: its status is ``blocked``, and it stays pending there.

        :param facts: small JSON values to keep with the batch
        :raises Superseded: the batch is no longer pending there: somebody has released it
        """
        marker = self._key(dataset, f"todo#{at}#{batch}")
        self._write(
            [
                self._update(dataset, batch, {"status": "blocked", **facts}),
                {
                    "ConditionCheck": {
                        **marker,
                        "ConditionExpression": "attribute_exists(#e)",
                        "ExpressionAttributeNames": {"#e": "entry"},
                    }
                },
            ],
            f"{dataset}: batch {batch} is no longer at the {at}",
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
            mine = {
                "Delete": {
                    **self._key(dataset, "lease"),
                    "ConditionExpression": "#o = :owner",
                    "ExpressionAttributeNames": {"#o": "owner"},
                    "ExpressionAttributeValues": _serialize({":owner": owner}),
                }
            }
            with suppress(Superseded):  # it expired and somebody else has it: theirs to give back
                self._write([mine], "the lease passed to another")

    def _take_lease(self, dataset: str, owner: str, seconds: int) -> None:
        now = int(time.time())
        item = {"dataset": dataset, "entry": "lease", "owner": owner, "expires": now + seconds}
        free = "attribute_not_exists(#e) OR #x < :now OR #o = :owner"
        names = {"#e": "entry", "#x": "expires", "#o": "owner"}
        self._write(
            [self._put(item, free, {":now": now, ":owner": owner}, names=names)],
            f"{dataset}: another run works on it; this one starts when that has ended",
        )

    def _renew_lease(self, dataset: str, owner: str, seconds: int, done: threading.Event) -> None:
        # Losing it is no danger: the conditional writes refuse the work of whoever comes second.
        while not done.wait(max(seconds / 3, 1)):
            with suppress(Retryable):
                self._take_lease(dataset, owner, seconds)

    def note(self, dataset: str, entry: str, values: Mapping[str, Any]) -> None:
        """Keep a small record under an entry of the caller's own, replacing what was there."""
        self._write([self._put({"dataset": dataset, "entry": entry, **values})], f"{dataset}: {entry}")

    def notes(self, dataset: str, start: str = "", *, newest: int | None = None) -> list[dict[str, Any]]:
        """Return the records whose entry begins with ``start``, in the order of their entries; or the last so many."""
        if newest is None:
            return list(self._query(dataset, start))
        return list(self._query(dataset, start, backwards=True, limit=newest))[::-1]

    def claim(self, dataset: str, entry: str, values: Mapping[str, Any]) -> bool:
        """Keep a small record where there is none yet; return False where there is one."""
        record = self._put(
            {"dataset": dataset, "entry": entry, **values}, "attribute_not_exists(#e)", names={"#e": "entry"}
        )
        try:
            self._write([record], f"{dataset}: {entry} is there")
        except Superseded:
            return False
        return True

    def forget(self, dataset: str, entry: str) -> bool:
        """Remove a small record; return False where there was none."""
        record = {
            "Delete": {
                **self._key(dataset, entry),
                "ConditionExpression": "attribute_exists(#e)",
                "ExpressionAttributeNames": {"#e": "entry"},
            }
        }
        try:
            self._write([record], f"{dataset}: {entry} is gone")
        except Superseded:
            return False
        return True

    def _update(self, dataset: str, batch: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        names = {f"#f{number}": name for number, name in enumerate(changes)}
        values = {f":f{number}": value for number, value in enumerate(changes.values())}
        return {
            "Update": {
                **self._key(dataset, f"batch#{batch}"),
                "UpdateExpression": "SET " + ", ".join(f"#f{number} = :f{number}" for number in range(len(changes))),
                "ConditionExpression": "attribute_exists(#e)",
                "ExpressionAttributeNames": {**names, "#e": "entry"},
                "ExpressionAttributeValues": _serialize(values),
            }
        }

    def _key(self, dataset: str, entry: str) -> dict[str, Any]:
        return {"TableName": self._table, "Key": _serialize({"dataset": dataset, "entry": entry})}

    def _put(
        self,
        item: Mapping[str, Any],
        condition: str = "",
        values: Mapping[str, Any] | None = None,
        *,
        names: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self._table, "Item": _serialize(item)}
        if condition:
            put |= {"ConditionExpression": condition, "ExpressionAttributeNames": dict(names or {})}
        if values:
            put["ExpressionAttributeValues"] = _serialize(values)
        return {"Put": put}

    def _write(self, writes: list[dict[str, Any]], conflict: str) -> None:
        try:
            aws("dynamodb").transact_write_items(TransactItems=writes)
        except ClientError as error:
            reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
            if "ConditionalCheckFailed" in reasons:
                raise Superseded(conflict) from None
            raise _failure(error) from error
        except BotoCoreError as error:
            raise _failure(error) from error

    def _get(self, dataset: str, entry: str) -> dict[str, Any] | None:
        try:
            answer = aws("dynamodb").get_item(**self._key(dataset, entry), ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise _failure(error) from error
        return _deserialize(answer["Item"]) if "Item" in answer else None

    def _query(
        self,
        dataset: str,
        start: str,
        *,
        backwards: bool = False,
        limit: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        condition, values = "dataset = :dataset", {":dataset": dataset}
        if start:  # an empty string is no valid beginning
            condition, values = f"{condition} AND begins_with(entry, :start)", {**values, ":start": start}
        pages = (
            aws("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self._table,
                ConsistentRead=True,
                ScanIndexForward=not backwards,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=_serialize(values),
                PaginationConfig={"MaxItems": limit} if limit else {},
            )
        )
        try:
            for page in pages:
                yield from map(_deserialize, page["Items"])
        except (ClientError, BotoCoreError) as error:
            raise _failure(error) from error


def _still(before: Position) -> tuple[str, dict[str, Any]]:
    """Return the condition that nothing was recorded since ``before``; an empty table's position may have moved."""
    absent = "attribute_not_exists(#n) OR " if before.sequence == 0 else ""
    return f"{absent}#n = :n", {":n": before.sequence}


def _batch_item(manifest: Manifest, status: str) -> dict[str, Any]:
    return {
        "dataset": manifest.dataset,
        "entry": f"batch#{manifest.batch}",
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


def _failure(error: Exception) -> Retryable | Terminal:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    if code in ("ResourceNotFoundException", "AccessDeniedException", "ValidationException"):
        return Terminal(f"The ledger refused: {error}. Apply Terraform, or grant the role access to its table.")
    return Retryable(f"The ledger did not answer: {error}")


def _serialize(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: TypeSerializer().serialize(value) for name, value in values.items()}


def _deserialize(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}


def _now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")

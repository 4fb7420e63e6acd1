"""Rejected records once more: as they are, by a person's decision, or corrected; as a batch that goes the usual way.

The ledger says in the same write that makes the batch known which rejected records it replays, so that none is replayed
twice. The quarantine stays as it is: it is the evidence.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from quayside.contract import Contract, load_contract
from quayside.errors import Terminal
from quayside.landing.batches import Landed
from quayside.landing.land import LEASE
from quayside.landing.records import Slice, land_records
from quayside.ledger import Position
from quayside.manifest import Manifest
from quayside.quality.quarantine import quarantine_key
from quayside.quality.rejected import Rejected, ranges, rejected
from quayside.quality.rows import LINE
from quayside.run import Run
from quayside.sources.feed import Record

MOST_NOTED = 200_000  # characters, of the 400 KB that an item of the ledger may have


_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Line(msgspec.Struct, frozen=True):
    """A landed line; its parts are as they stand in it."""

    of: msgspec.Raw
    record: msgspec.Raw


def replay(
    dataset: str,
    batch: str,
    run: Run,
    *,
    rows: Collection[int] | None = None,
    rule: str | None = None,
    corrected: Mapping[int, Any] | None = None,
    by: str,
    reason: str,
) -> Landed:
    """Land rejected records of a batch again, as a batch of kind ``replay``, which waits at the gate as any other.

    A record that is not corrected passes the rules that had rejected it, but for those that what comes after the gate
    cannot do without: its values must have their types, required ones be there, and its venue be known. Safe to repeat.

    :param rows: ordinals of the records in the batch; where neither these nor ``rule`` are given, those in
        ``corrected``, or else all that are not replayed yet
    :param rule: all that this rule has rejected and that are not replayed yet
    :param corrected: ordinal → the whole record as it should have been
    :param by: who decides, and for what ``reason``: kept in the ledger
    :raises Terminal: there is nothing to replay, some of it is replayed already, or the batch is not through the gate
    :raises Retryable: another run reads this source, or lake or ledger did not answer
    """
    contract, corrected = load_contract(dataset), corrected or {}
    _refuse(contract, batch, run, by=by, reason=reason)
    if rows is None and rule is None and corrected:
        rows = corrected.keys()
    with run.ledger.lease(contract.domain, owner=run.id, seconds=LEASE):
        before = run.ledger.position(dataset)
        wanted = _wanted(rejected(dataset, batch, run), rows, rule, corrected, f"{dataset}: batch {batch}")
        chosen = [each for each in wanted if each.by is None]
        if not chosen and (done := _done_by(run, dataset, wanted)):
            return done
        if not chosen or (rows is not None and len(chosen) < len(wanted)):
            others = ", ".join(sorted({each.by for each in wanted if each.by}))
            raise Terminal(f"{dataset}: batch {batch}: replayed already, by {others}; name other rows.")
        landed = _land(contract, batch, chosen, corrected, run, before=before, by=by, reason=reason)
    run.progress(dataset, f"{landed.rows} rejected rows of batch {batch} replayed as {landed.batch} by {by}: {reason}")
    return landed


def _refuse(contract: Contract, batch: str, run: Run, *, by: str, reason: str) -> None:
    if contract.form == "table":
        raise Terminal(
            f"{contract.name}: rows of a table are not replayed. Correct them in the source, and they land as new "
            "versions; or correct the contract, and land their range again."
        )
    if not by.strip() or not reason.strip():
        raise Terminal(f"{contract.name}: say who decides, and why these records may come again.")
    entry = run.ledger.batch(contract.name, batch)
    if entry.status in ("landed", "blocked"):
        raise Terminal(
            f"{contract.name}: batch {batch} is {entry.status}, and what is rejected of it not settled. Let it through the "
            "gate first."
        )


def _wanted(
    known: Sequence[Rejected], rows: Collection[int] | None, rule: str | None, corrected: Mapping[int, Any], where: str
) -> list[Rejected]:
    """Return what is meant, replayed or not.

    :raises Terminal: some of it is not in quarantine
    """
    wanted = [each for each in known if (rows is None or each.row in rows) and (rule is None or rule in each.rules)]
    strange = sorted({*(rows or ()), *corrected} - {each.row for each in wanted})
    if strange or not wanted:
        there = sorted({name for each in known for name in each.rules})
        raise Terminal(
            f"{where}: quarantine has no {f'row {strange[0]} of these' if strange else 'such row'}; it holds {len(known)} "
            f"rows{f' that break {", ".join(there)}' if there else ''}."
        )
    for row, record in corrected.items():
        if not isinstance(record, Mapping | msgspec.Raw):
            raise Terminal(f"{where}: row {row}: give the whole record, a JSON object, as it should have been.")
    return wanted


def _done_by(run: Run, dataset: str, wanted: Sequence[Rejected]) -> Landed | None:
    """Return the batch that this very run has made of all of it, before it was interrupted."""
    last = max(str(each.by) for each in wanted)
    entry = run.ledger.batch(dataset, last)
    if entry.run != run.id:
        return None
    manifest = Manifest.from_dict(run.lake.read_json(entry.manifest))
    return Landed(
        dataset=dataset,
        kind="replay",
        batch=last,
        manifest=manifest.key,
        rows=manifest.rows,
        bytes=sum(file.bytes for file in manifest.files),
        seconds=0.0,
        since=manifest.since,
        until=manifest.until,
        note="landed before",
    )


def _land(
    contract: Contract,
    batch: str,
    chosen: Sequence[Rejected],
    corrected: Mapping[int, Any],
    run: Run,
    *,
    before: Position,
    by: str,
    reason: str,
) -> Landed:
    replayed = Manifest.from_dict(run.lake.read_json(run.ledger.batch(contract.name, batch).manifest))
    note = {
        "rows": ranges(each.position for each in chosen),
        "corrected": ranges(each.position for each in chosen if each.row in corrected),
        "by": by,
        "because": reason,
    }
    if sum(map(len, note.values())) > MOST_NOTED:
        raise Terminal(f"{contract.name}: batch {batch}: too many rows to note at once; replay some of them at a time.")
    what = Slice(
        contract=contract,
        kind="replay",
        since=replayed.since,
        until=replayed.until,
        at=replayed.snapshot_at,
        before=before,
        after=before,
    )
    origin = replayed.inputs if replayed.kind == "replay" else ()
    records = _records(contract.name, batch, chosen, corrected, run)
    return land_records(what, records, run, inputs=(batch, *origin), journal=note)


def _records(
    dataset: str, batch: str, chosen: Sequence[Rejected], corrected: Mapping[int, Any], run: Run
) -> Iterator[Record]:
    rows = {each.row for each in chosen}
    for chunk in run.lake.batches([quarantine_key(dataset, batch)], columns=["_row", LINE], rows=1000):
        for row, text in zip(chunk["_row"].to_pylist(), chunk[LINE].to_pylist(), strict=True):
            if row not in rows:
                continue
            try:
                line = msgspec.json.decode(str(text), type=Line)
            except msgspec.DecodeError as error:
                raise Terminal(
                    f"{dataset}: batch {batch}: row {row} is no JSON, so that nothing can be made of it: {error}. Land its "
                    "range again."
                ) from error
            record = _ENCODER.encode(corrected[row]) if row in corrected else line.record
            yield Record(bytes(record), bytes(line.of))

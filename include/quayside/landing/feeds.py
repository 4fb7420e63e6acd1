"""Land what an API shows since it was last asked: in slices of bounded size, each recorded before the next is asked for.

A failure costs the slice that it met, and an outage, however long, only time: the cursor moves with a batch's record
alone, so whatever was not recorded is asked for again.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from quayside.contract import Contract
from quayside.errors import Terminal
from quayside.landing.batches import Landed
from quayside.landing.land import LEASE
from quayside.landing.records import Slice, land_records, lines
from quayside.manifest import read_manifest
from quayside.run import Run
from quayside.sources.feed import Feed, Following, Present, Windowed, pieces

LONGEST = timedelta(days=31)  # that a batch spans
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (the platform's times are UTC without offset)


def land_feed(contracts: Sequence[Contract], run: Run, feed: Feed, now: datetime) -> list[Landed]:
    """Land what a feed shows from each dataset's cursor until now.

    Safe to repeat: what is recorded is not asked for again, but for the overlap that each resource wants.

    :param now: UTC without offset
    :return: one for each batch, in the order in which they were recorded; for a dataset without any, one that says so
    :raises Retryable: the vendor, the lake or the ledger is out of reach, or another run reads this feed; what was
        recorded before stays
    :raises Terminal: the vendor refuses
    """
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)  # as the ledger keeps it
    landed: list[Landed] = []
    with run.ledger.lease(_domain(contracts), owner=run.id, seconds=LEASE), feed.api:
        for contract in _leaders_first(contracts, feed):
            resource = _resource(contract, feed)
            if isinstance(resource, Windowed):
                done = _windows(contract, run, resource, feed.begins, now)
            elif isinstance(resource, Following):
                done = _follow(contract, run, resource, now)
            else:
                done = _present(contract, run, resource, now)
            landed += _told(contract, run, done)
    return landed


def backfill_feed(
    contracts: Sequence[Contract], run: Run, feed: Feed, since: datetime, until: datetime
) -> list[Landed]:
    """Land again what a feed has of a range; the cursor stays where it is.

    :param since: inclusive, UTC without offset
    :param until: exclusive
    :raises Retryable: as `land_feed`
    :raises Terminal: as `land_feed`, or the range is empty
    """
    if since >= until:
        raise Terminal(f"Backfill from {since} until {until}: the first must be the earlier.")
    landed: list[Landed] = []
    with run.ledger.lease(_domain(contracts), owner=run.id, seconds=LEASE), feed.api:
        for contract in _leaders_first(contracts, feed):
            landed += _told(contract, run, _again(contract, run, _resource(contract, feed), since, until))
    return landed


def _windows(contract: Contract, run: Run, resource: Windowed, begins: datetime, now: datetime) -> Iterator[Landed]:
    for since, until in windows(resource, run.ledger.position(contract.name).cursor, begins, now):
        before = run.ledger.position(contract.name)
        after = replace(before, cursor=max(before.cursor or begins, min(until, now)))
        what = Slice(contract=contract, kind="window", since=since, until=until, at=now, before=before, after=after)
        yield land_records(what, resource.read(since, until), run)


def windows(
    resource: Windowed, cursor: datetime | None, begins: datetime, now: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Return what is to be asked for: adjacent ranges from ``again`` before the cursor to ``ahead`` of now."""
    start = begins if cursor is None else max(begins, cursor - resource.again)
    end = now + resource.ahead
    start -= (start - EPOCH) % resource.unit
    end += (EPOCH - end) % resource.unit
    return pieces(start, end, LONGEST)


def _follow(contract: Contract, run: Run, resource: Following, now: datetime) -> Iterator[Landed]:
    """Land what goes with each batch of another dataset, a batch for each; the position names the last of them."""
    followed = f"{contract.domain}.{resource.follows}"
    last = run.ledger.position(contract.name).source or ""
    behind = run.ledger.position(followed).sequence - int(last.partition("-")[0] or 0)
    entries = run.ledger.batches(followed, newest=behind) if behind else []
    for entry in entries:
        if entry.kind != "window":
            continue
        theirs = read_manifest(run.lake, followed, entry.batch)
        if theirs.since is None or theirs.until is None:
            raise Terminal(f"{followed}: batch {entry.batch} has no bounds; land it anew by a backfill.")
        before = run.ledger.position(contract.name)
        cursor = max(before.cursor or theirs.until, theirs.until)
        what = Slice(
            contract=contract,
            kind="window",
            since=theirs.since,
            until=theirs.until,
            at=now,
            before=before,
            after=replace(before, cursor=cursor, source=entry.batch),
        )
        text = lines(run.lake, [file.key for file in theirs.files])
        yield land_records(what, resource.read(theirs.since, theirs.until, text), run, inputs=(entry.batch,))


def _present(contract: Contract, run: Run, resource: Present, now: datetime) -> Iterator[Landed]:
    """Land a list as it is now, unless it is as it was."""
    records = list(resource.read())
    digest = hashlib.sha256(b"\n".join(record.json for record in records)).hexdigest()
    before = run.ledger.position(contract.name)
    after = replace(before, cursor=max(before.cursor or now, now), source=digest)
    what = Slice(contract=contract, kind="window", since=None, until=now, at=now, before=before, after=after)
    yield land_records(what, records if digest != before.source else (), run)


def _again(
    contract: Contract,
    run: Run,
    resource: Windowed | Following | Present,
    since: datetime,
    until: datetime,
) -> Iterator[Landed]:
    if isinstance(resource, Present):
        note = "the vendor gives only the present list, so nothing was read again"
        yield Landed(dataset=contract.name, kind="backfill", note=note)
        return
    for start, end in pieces(since, until, LONGEST):
        if isinstance(resource, Following):
            text = lines(run.lake, _files(f"{contract.domain}.{resource.follows}", run, start, end))
            records = resource.read(start, end, text)
        else:
            records = resource.read(start, end)
        before = run.ledger.position(contract.name)
        at = datetime.now(UTC).replace(tzinfo=None)
        what = Slice(contract=contract, kind="backfill", since=start, until=end, at=at, before=before, after=before)
        yield land_records(what, records, run)


def _files(dataset: str, run: Run, since: datetime, until: datetime) -> list[str]:
    """Return the objects of all batches of a dataset that have something of a range."""
    keys = []
    for entry in run.ledger.batches(dataset):
        first, last = entry.facts.get("since"), entry.facts.get("until")
        if first and last and datetime.fromisoformat(first) < until and since < datetime.fromisoformat(last):
            keys += [file.key for file in read_manifest(run.lake, dataset, entry.batch, entry.kind).files]
    return keys


def _told(contract: Contract, run: Run, done: Iterable[Landed]) -> list[Landed]:
    """Tell of each slice as it is done; return those that are batches, or else the last."""
    last, batches = Landed(dataset=contract.name, kind="window"), []
    for last in done:
        span = f"{last.since:%Y-%m-%d %H:%M} – {last.until:%Y-%m-%d %H:%M}: " if last.since and last.until else ""
        run.progress(contract.name, f"{span}{last.rows:,} rows, {last.bytes:,} bytes")
        if last.batch:
            batches.append(last)
    return batches or [last]


def _domain(contracts: Sequence[Contract]) -> str:
    [domain] = {contract.domain for contract in contracts}
    return domain


def _leaders_first(contracts: Sequence[Contract], feed: Feed) -> list[Contract]:
    return sorted(contracts, key=lambda contract: isinstance(_resource(contract, feed), Following))


def _resource(contract: Contract, feed: Feed) -> Windowed | Following | Present:
    if contract.table not in feed.resources:
        raise Terminal(
            f"{contract.name}: the feed gives {', '.join(feed.resources)}; take the contract out of the pipeline's "
            "extracts, or teach the feed."
        )
    return feed.resources[contract.table]

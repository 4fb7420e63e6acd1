"""Land what changed in a source since the last window, or any range of its history."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import psycopg
from psycopg import sql

from quayside.contract import Contract
from quayside.errors import Terminal
from quayside.landing.batches import READERS, Landed, Reading, chunks, land_readings
from quayside.landing.totals import count
from quayside.landing.windows import window
from quayside.ledger import Position
from quayside.run import Run
from quayside.settings import Credentials
from quayside.sources.catalog import SourceTable, inspect
from quayside.sources.postgres import Snapshot, open_snapshot

LEASE = 120  # seconds after which a killed run's source is free; renewed as long as the run lives

type Plan = Callable[[psycopg.Connection, SourceTable, Position], Reading | Landed]


def land(contracts: Sequence[Contract], run: Run, source: Credentials) -> list[Landed]:
    """Land all that changed in some tables of a source since they were last read; the first time, all there is.

    All tables are read from one snapshot. Safe to repeat: what is recorded is not read again, what is not is.

    :return: one for each contract, in their order; without a batch where nothing had changed
    :raises Retryable: the source, the lake or the ledger is out of reach, or another run reads this source
    :raises Terminal: the source refuses, or no longer fits a contract; then nothing was landed
    """
    with only_reader(contracts, run, source) as snapshot:

        def plan(connection: psycopg.Connection, table: SourceTable, before: Position) -> Reading | Landed:
            contract = table.contract
            chosen = window(contract, before, snapshot)
            counted = count(connection, table, chosen.where)
            cursor = max((time for time in (before.cursor, counted.until) if time is not None), default=None)
            after = replace(before, cursor=cursor, horizon=snapshot.horizon, source=str(snapshot.identity))
            if counted.totals.rows == 0:
                if after != before:
                    run.ledger.move(contract.name, before=before, after=after)
                return Landed(
                    dataset=contract.name, kind="window", since=before.cursor, drift=table.drift, note=chosen.note
                )
            return Reading(
                table=table,
                kind="window",
                parts=chunks(table, chosen.where, counted.totals.rows),
                totals=counted.totals,
                since=before.cursor,
                until=counted.until,
                before=before,
                after=replace(after, sequence=before.sequence + 1),
                note=chosen.note,
            )

        return _land(contracts, run, snapshot, plan)


def backfill(
    contracts: Sequence[Contract],
    run: Run,
    source: Credentials,
    since: datetime,
    until: datetime,
) -> list[Landed]:
    """Land again what a source has of a range of its history; the position stays where it is.

    :param since: lower bound of the cursor, inclusive, UTC without offset
    :param until: upper bound, exclusive
    :raises Retryable: as `land`
    :raises Terminal: as `land`, or the range is empty
    """
    if since >= until:
        raise Terminal(f"Backfill from {since} until {until}: the first must be the earlier.")
    with only_reader(contracts, run, source) as snapshot:

        def plan(connection: psycopg.Connection, table: SourceTable, before: Position) -> Reading | Landed:
            cursor = sql.Identifier(table.contract.cursor or table.contract.key.name)
            where = sql.SQL("{} >= {} and {} < {}").format(cursor, sql.Literal(since), cursor, sql.Literal(until))
            counted = count(connection, table, where)
            if counted.totals.rows == 0:
                return Landed(dataset=table.contract.name, kind="backfill", since=since, drift=table.drift)
            return Reading(
                table=table,
                kind="backfill",
                parts=chunks(table, where, counted.totals.rows),
                totals=counted.totals,
                since=since,
                until=until,
                before=before,
                after=replace(before, sequence=before.sequence + 1),
            )

        return _land(contracts, run, snapshot, plan)


@contextmanager
def only_reader(contracts: Sequence[Contract], run: Run, source: Credentials) -> Iterator[Snapshot]:
    """Work on a source alone, with a snapshot of its tables."""
    [domain] = {contract.domain for contract in contracts}
    with (
        run.ledger.lease(domain, owner=run.id, seconds=LEASE),
        open_snapshot(source, [contract.table for contract in contracts], readers=READERS) as snapshot,
    ):
        yield snapshot


def _land(contracts: Sequence[Contract], run: Run, snapshot: Snapshot, plan: Plan) -> list[Landed]:
    tables = inspect_all(contracts, snapshot, run)

    def planned(table: SourceTable) -> Reading | Landed:
        before = run.ledger.position(table.contract.name)
        with snapshot.reader() as connection:
            return plan(connection, table, before)

    with ThreadPoolExecutor(READERS, thread_name_prefix="plan") as pool:
        plans = list(pool.map(planned, tables))
    for each in plans:
        rows = f"{each.totals.rows:,} rows to land" if isinstance(each, Reading) else "nothing to land"
        run.progress(each.dataset, f"{each.note}; {rows}" if each.note else rows)
    landed = land_readings([each for each in plans if isinstance(each, Reading)], run, snapshot)
    by_dataset = {each.dataset: each for each in [*landed, *(each for each in plans if isinstance(each, Landed))]}
    return [by_dataset[contract.name] for contract in contracts]


def inspect_all(contracts: Sequence[Contract], snapshot: Snapshot, run: Run) -> list[SourceTable]:
    """Hold every table against its contract before any of them is read.

    :raises Terminal: some no longer fit; the message names each
    """
    tables, problems = [], []
    with snapshot.reader() as connection:
        for contract in contracts:
            try:
                tables.append(inspect(connection, contract))
            except Terminal as problem:
                problems.append(str(problem))
    if problems:
        raise Terminal(" ".join(problems))
    for table in tables:
        for difference in table.drift:
            run.progress(table.contract.name, f"drift: {difference}")
    return tables

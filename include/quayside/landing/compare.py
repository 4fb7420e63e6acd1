"""Find deleted rows, and rows that the lake should have and lacks, by comparing keys and versions with the source."""

import time
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from quayside.contract import Contract
from quayside.landing.batches import Landed, Reading, land_readings, new_batch, publish
from quayside.landing.land import inspect_all, only_reader
from quayside.landing.totals import Counted, count
from quayside.landing.windows import window
from quayside.ledger import Position
from quayside.manifest import Manifest, Totals, prefix
from quayside.run import Run
from quayside.settings import Credentials
from quayside.sources.catalog import SourceTable
from quayside.sources.copying import copy
from quayside.sources.postgres import Snapshot
from quayside.types import arrow_type

if TYPE_CHECKING:
    from quayside.landing.differences import Differences

REPAIR = 50_000  # keys looked up by one query


def compare_keys(contracts: Sequence[Contract], run: Run, source: Credentials) -> list[Landed]:
    """Compare every key and version of some tables with what the lake knows, and land the difference.

    Keys that the source no longer has become one batch of ``deletes``; rows that the lake lacks, and that the next
    window would not bring, one ``backfill``. The position stays where it is.

    :return: the batches made, in the order of the contracts; none for a table that agrees
    :raises Retryable: as `land`
    :raises Terminal: as `land`
    """
    made: list[Landed] = []
    with only_reader(contracts, run, source) as snapshot:
        for table in inspect_all(contracts, snapshot, run):
            run.progress(table.contract.name, "comparing keys with the source")
            made += _compare(table, run, snapshot)
    return made


def _compare(table: SourceTable, run: Run, snapshot: Snapshot) -> list[Landed]:
    from quayside.landing.differences import SOURCE, Differences  # DuckDB, which no other reading of a source needs

    contract = table.contract
    started = time.monotonic()
    position = run.ledger.position(contract.name)
    made = []
    with Differences.gathered(contract, run) as differences:
        with snapshot.reader() as connection:
            rows = copy(connection, _keys_query(table, position, snapshot), SOURCE, differences.add)
            differences.compare()
            repairs = _repairs(connection, table, differences.lacking(), position)
        if gone := differences.gone:
            made.append(_land_deletes(contract, run, snapshot, differences, position, started))
    if repairs is not None:
        before = run.ledger.position(contract.name)
        repairs = replace(repairs, before=before, after=replace(before, sequence=before.sequence + 1))
        made += land_readings([repairs], run, snapshot)
    run.progress(
        contract.name,
        f"{rows:,} keys compared in {time.monotonic() - started:.1f} s: {gone:,} deleted, "
        f"{repairs.totals.rows if repairs else 0:,} lacking",
    )
    return made


def _keys_query(table: SourceTable, before: Position, snapshot: Snapshot) -> sql.Composable:
    contract = table.contract
    due = window(contract, before, snapshot).where
    return sql.SQL("select {}, {}, coalesce({}, false) from {}").format(
        sql.Identifier(contract.key.name), sql.Identifier(contract.cursor or contract.key.name), due, table.name
    )


def _repairs(connection: psycopg.Connection, table: SourceTable, keys: list[int], before: Position) -> Reading | None:
    """Return how to read the rows that the lake lacks; None where it lacks none."""
    if not keys:
        return None
    name = sql.Identifier(table.contract.key.name)
    parts = [
        sql.SQL("{} = any({}::bigint[])").format(name, sql.Literal(keys[start : start + REPAIR]))
        for start in range(0, len(keys), REPAIR)
    ]
    counted = [count(connection, table, part) for part in parts]
    until = max((each.until for each in counted if each.until is not None), default=None)
    return Reading(
        table=table,
        kind="backfill",
        parts=parts,
        totals=_sum(counted),
        since=None,
        until=until,
        before=before,
        after=before,
        note="the lake lacked these",
    )


def _sum(counted: Sequence[Counted]) -> Totals:
    totals = [each.totals for each in counted]
    return Totals(
        rows=sum(each.rows for each in totals),
        key_hash=sum(each.key_hash for each in totals),
        sums={name: str(sum(Decimal(each.sums[name]) for each in totals)) for name in totals[0].sums},
    )


def _land_deletes(
    contract: Contract, run: Run, snapshot: Snapshot, differences: "Differences", before: Position, started: float
) -> Landed:
    """Land tombstones: key and version only."""
    columns = contract.key, contract.column(contract.cursor or "")
    schema = pa.schema([pa.field(column.name, arrow_type(column)) for column in columns])
    after = replace(before, sequence=before.sequence + 1)
    batch = new_batch(after)
    until = snapshot.at
    with run.lake.parquet_writer(f"{prefix(contract.name, batch, 'deletes')}part-0000.parquet", schema) as file:
        for rows in differences.tombstones(snapshot.at, schema):
            file.write(rows)
            until = max(until, pc.max(rows.column(1)).as_py())
    manifest = Manifest(
        dataset=contract.name,
        batch=batch,
        kind="deletes",
        run=run.id,
        files=(file.file,),
        rows=file.rows,
        schema_version=contract.version,
        snapshot_at=snapshot.at,
        until=until,
    )
    return publish(manifest, run, before=before, after=after, seconds=time.monotonic() - started)

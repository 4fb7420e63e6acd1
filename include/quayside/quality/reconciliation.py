"""Reconciliation: for every window, what source, landing, gate, lake and warehouse say of it must agree.

::

    python -m quayside.quality.reconciliation totals --pipeline totesys
    python -m quayside.quality.reconciliation again totesys.sales_order 00000012-1a2b3c4d

The first prints what stands in source, lake and warehouse now, as JSON lines; the second mends the warehouse.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import psycopg
import pyarrow as pa

from quayside.contract import Contract, contract_names, load_contract
from quayside.curated.catalog import Catalog
from quayside.curated.engine import engine
from quayside.errors import QuaysideError, Terminal
from quayside.manifest import Manifest, Totals
from quayside.quality import comparison
from quayside.quality.comparison import Arrived
from quayside.quality.quarantine import accepted, quarantine_key
from quayside.quality.results import slug
from quayside.quality.standing import standing
from quayside.quality.totals import added, differences, totals_of
from quayside.run import Run
from quayside.settings import Credentials, credentials
from quayside.warehouse import load_again
from quayside.warehouse.connection import warehouse

TABLE = "reconciliation"
FOLDER = f"quality/{TABLE}/"
_FIELDS: list[tuple[str, pa.DataType]] = [
    ("run", pa.string()),
    ("checked_at", pa.timestamp("ms")),
    ("dataset", pa.string()),
    ("batch", pa.string()),
    ("kind", pa.string()),
    ("since", pa.timestamp("ms")),
    ("until", pa.timestamp("ms")),
    ("stage", pa.string()),
    ("place", pa.string()),
    ("found_rows", pa.int64()),
    ("wanted_rows", pa.int64()),
    ("found_key_hash", pa.int64()),
    ("wanted_key_hash", pa.int64()),
    ("found_sums", pa.string()),
    ("wanted_sums", pa.string()),
    ("equal", pa.bool_()),
    ("note", pa.string()),
]
SCHEMA = pa.schema(_FIELDS)
_REMEDIES = {
    "landing": "An object in landing changed after it was written: restore its version, or backfill the window.",
    "accepted": "Landing, quarantine and what passed the gate do not add up: clear the gate's task of this batch.",
    "curated": "The lake's table lost or changed versions: restore the table's objects, or backfill the window.",
    "warehouse": "Somebody changed the star, or a load is missing: see who wrote to it, delete what differs, let "
    "`python -m quayside.quality.reconciliation again {dataset} {batch}` hand the batch back, and load.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one stage has of one batch, held against what it should have.

    :param stage: ``landing``, held against the source; ``accepted``, with quarantine, against landing; ``curated`` and
        ``warehouse``, against accepted
    :param place: the table that was looked at; the dataset itself for landing and accepted
    :param equal: whether the two agree
    :param note: in what they differ, or why a difference is as it should be
    """

    dataset: str
    batch: str
    stage: str
    place: str
    found: Totals
    wanted: Totals
    equal: bool
    note: str = ""


def reconcile(
    sources: Sequence[Contract], tables: Sequence[Contract], run: Run, credentials: Credentials
) -> list[Line]:
    """Compare every curated batch of the sources that has not yet been found equal; store and return the results.

    A batch is compared once nothing that was derived from it waits to be loaded, and again by every run
    until it agrees. Not compared, because they rightly differ: attributes of dimensions (a later batch
    may have replaced them; the key must be there), and the time of versions that the lake had to stamp
    anew (said in the note). Versions loaded before are counted like new ones: they must be there.

    :raises Terminal: some do not agree; the message says what differs and what to do. The results are stored first.
    :raises Retryable: lake, ledger or warehouse did not answer
    """
    lines: list[Line] = []
    manifests = _to_compare(sources, tables, run)
    if not manifests:
        return lines
    with engine() as connection, warehouse(credentials, f"reconcile {run.id}") as stars:
        for contract, manifest in manifests:
            mine = list(_compare(contract, manifest, tables, run, connection, stars))
            lines += mine
            good = all(line.equal for line in mine)
            run.progress(
                contract.name, f"batch {manifest.batch}: {manifest.rows:,} rows {'agree' if good else 'DIFFER'}"
            )
    _store(run, lines, {(manifest.dataset, manifest.batch): manifest for _, manifest in manifests})
    broken = [line for line in lines if not line.equal]
    failed = {(line.dataset, line.batch) for line in broken}
    for contract, manifest in manifests:
        if (contract.name, manifest.batch) not in failed:
            run.ledger.advance(
                contract.name, manifest.batch, taken="load", status="loaded", facts={"reconciled_by": run.id}
            )
    if broken:
        raise Terminal(_complaint(run, broken))
    return lines


def _to_compare(sources: Sequence[Contract], tables: Sequence[Contract], run: Run) -> list[tuple[Contract, Manifest]]:
    waiting = {
        name
        for table in tables
        for entry in run.ledger.pending(table.name, "load")
        for name in Manifest.from_dict(run.lake.read_json(entry.manifest)).inputs
    }
    return [
        (contract, Manifest.from_dict(run.lake.read_json(entry.manifest)))
        for contract in sources
        for entry in run.ledger.pending(contract.name, "load")
        if f"{contract.name}/{entry.batch}" not in waiting
    ]


def _compare(
    contract: Contract,
    manifest: Manifest,
    tables: Sequence[Contract],
    run: Run,
    connection: duckdb.DuckDBPyConnection,
    stars: psycopg.Connection[Any],
) -> Iterator[Line]:
    keys = [file.key for file in manifest.files]
    landing = totals_of(contract, run.lake.batches(keys))
    passed = totals_of(contract, accepted(run.lake, manifest))
    aside = quarantine_key(contract.name, manifest.batch)
    rejected = totals_of(contract, run.lake.batches([aside])) if run.lake.exists(aside) else Totals(rows=0, key_hash=0)

    def line(stage: str, place: str, found: Totals, wanted: Totals, note: str = "") -> Line:
        gaps = differences(found, wanted)
        return Line(
            dataset=contract.name,
            batch=manifest.batch,
            stage=stage,
            place=place,
            found=found,
            wanted=wanted,
            equal=not gaps,
            note="; ".join([*gaps, note] if note else gaps),
        )

    if manifest.source:
        yield line("landing", contract.name, landing, manifest.source)
    yield line(
        "accepted",
        contract.name,
        added([passed, rejected]),
        landing,
        f"{rejected.rows:,} rows are in quarantine" if rejected.rows else "",
    )
    comparison.load_accepted(connection, contract, manifest, run)
    mine = [table for table in tables if table.grain == contract.name]
    facts = [table for table in mine if table.history]
    for fact in facts:
        there = comparison.in_curated_fact(connection, fact, contract, manifest, run)
        yield line("curated", fact.table, there.totals, passed, _restamped(there))
    if not facts:
        yield line(
            "curated",
            contract.name.replace(".", "_"),
            comparison.in_curated_current(connection, contract, run).totals,
            passed,
        )
    for table in mine:
        there = comparison.in_warehouse(connection, stars, table, contract, manifest)
        yield line("warehouse", table.name, there.totals, passed, _restamped(there))


def _restamped(there: Arrived) -> str:
    return (
        f"{there.restamped:,} stand there under a later time, as they were seen again after a deletion"
        if there.restamped
        else ""
    )


def _store(run: Run, lines: Sequence[Line], manifests: Mapping[tuple[str, str], Manifest]) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = []
    for line in lines:
        manifest = manifests[line.dataset, line.batch]
        rows.append(
            {
                "run": run.id,
                "checked_at": now,
                "dataset": line.dataset,
                "batch": line.batch,
                "kind": manifest.kind,
                "since": manifest.since,
                "until": manifest.until,
                "stage": line.stage,
                "place": line.place,
                "found_rows": line.found.rows,
                "wanted_rows": line.wanted.rows,
                "found_key_hash": line.found.key_hash,
                "wanted_key_hash": line.wanted.key_hash,
                "found_sums": json.dumps(line.found.sums),
                "wanted_sums": json.dumps(line.wanted.sums),
                "equal": line.equal,
                "note": line.note,
            }
        )
    Catalog.of(run.settings).ensure_table(
        TABLE,
        SCHEMA,
        run.lake.uri(FOLDER),
        description="What each stage has of each batch, against what it should have.",
    )
    with run.lake.parquet_writer(f"{FOLDER}{slug(run.id)}.parquet", SCHEMA) as file:
        file.write(pa.Table.from_pylist(rows, schema=SCHEMA))


def _complaint(run: Run, broken: Sequence[Line]) -> str:
    said = []
    for line in broken[:5]:
        remedy = _REMEDIES[line.stage].format(dataset=line.dataset, batch=line.batch)
        said.append(f"{line.dataset}, batch {line.batch}: {line.place} ({line.stage}) has {line.note}. {remedy}")
    more = f" And {len(broken) - 5} more." if len(broken) > 5 else ""
    return f"{' '.join(said)}{more} All results are in the lake's table {TABLE} under run {run.id}."


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the process's exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m quayside.quality.reconciliation", description="What agrees, and how to mend."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    totals = commands.add_parser(
        "totals", help="current rows of every dataset in source, lake and warehouse, as JSON lines"
    )
    totals.add_argument("--pipeline", required=True, help="the source's name, e.g. totesys")
    again = commands.add_parser("again", help="let the next load take again what came of a source batch")
    again.add_argument("dataset", help="e.g. totesys.sales_order")
    again.add_argument("batch")
    given = parser.parse_args(arguments)
    try:
        run = Run.of("by-hand")
        tables = [load_contract(name) for name in contract_names("warehouse", product="totesys")]
        if given.command == "again":
            found = load_again(
                [table for table in tables if table.grain == given.dataset], f"{given.dataset}/{given.batch}", run
            )
            print("\n".join(found) or "Nothing was derived from it")
        else:
            sources = [load_contract(name) for name in contract_names(given.pipeline)]
            for record in standing(
                sources,
                tables,
                run,
                credentials(f"source/{given.pipeline}", run.settings),
                credentials("warehouse", run.settings),
            ):
                print(json.dumps(record))
    except QuaysideError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Reconciliation: for every window, what source, landing, gate, lake and warehouse say of it must agree.

::

    python -m quayside.quality.reconciliation totals --pipeline totesys
    python -m quayside.quality.reconciliation again totesys.sales_order 00000012-1a2b3c4d

The first prints what stands in source, lake and warehouse now, as JSON lines; the second mends the warehouse.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import duckdb
import psycopg

from quayside.contract import Contract, contract_names, load_contract
from quayside.curated.engine import engine
from quayside.errors import QuaysideError, Terminal
from quayside.manifest import Manifest, Totals
from quayside.quality import comparison
from quayside.quality.comparison import Arrived
from quayside.quality.dates import compare_dates, loaded_facts
from quayside.quality.lines import TABLE, Line, store
from quayside.quality.quarantine import accepted, quarantine_key, rejected_rows
from quayside.quality.records import lines_of
from quayside.quality.standing import standing, standing_of_curated
from quayside.quality.totals import added, differences, totals_of
from quayside.run import Run
from quayside.settings import Credentials, credentials
from quayside.warehouse import load_again
from quayside.warehouse.connection import warehouse

_REMEDIES = {
    "landing": "An object in landing changed after it was written: restore its version, or backfill the window.",
    "accepted": "Landing, quarantine and what passed the gate do not add up: clear the gate's task of this batch.",
    "curated": "The lake's table lost or changed versions: restore the table's objects, or backfill the window.",
    "warehouse": "Somebody changed the star, or a load is missing: see who wrote to it, delete what differs, let "
    "`python -m quayside.quality.reconciliation again {dataset} {batch}` hand the batch back, and load.",
    "dates": "Somebody changed the fact or the curated table: see who wrote to it, let `python -m "
    "quayside.quality.reconciliation again {dataset} {batch}` hand the batch back, and load; where that does not help, "
    "backfill these dates.",
}


def reconcile(
    sources: Sequence[Contract], tables: Sequence[Contract], run: Run, credentials: Credentials
) -> list[Line]:
    """Compare every curated batch of the sources that has not yet been found equal; store and return the results.

    Of datasets that are landed as lines of JSON, landing is held against the manifest, and the facts that come of them
    against the curated tables, by business date.

    A batch is compared once nothing that was derived from it waits to be loaded, and again by every run
    until it agrees. Not compared, because they rightly differ: attributes of dimensions (a later batch
    may have replaced them; the key must be there), and the time of versions that the lake had to stamp
    anew (said in the note). Versions loaded before are counted like new ones: they must be there.

    :raises Terminal: some do not agree; the message says what differs and what to do. The results are stored first.
    :raises Retryable: lake, ledger or warehouse did not answer
    """
    lines: list[Line] = []
    manifests, facts = _to_compare(sources, tables, run), loaded_facts(tables, run)
    if not manifests and not facts:
        return lines
    with engine() as connection, warehouse(credentials, f"reconcile {run.id}") as stars:
        for contract, manifest in manifests:
            if contract.form == "table":
                lines += _tell(run, manifest, _compare(contract, manifest, tables, run, connection, stars))
            else:
                lines += _tell(run, manifest, _compare_records(contract, manifest, run))
        for fact, loaded in facts:
            by_batch = {manifest.batch: manifest for manifest in loaded}
            for line in compare_dates(fact, loaded, run, stars):
                lines += _tell(run, by_batch[line.batch], [line])
    known = [manifest for _, manifest in manifests] + [manifest for _, loaded in facts for manifest in loaded]
    store(run, lines, {(manifest.dataset, manifest.batch): manifest for manifest in known})
    _settle(run, lines, manifests)
    return lines


def _tell(run: Run, manifest: Manifest, lines: Iterable[Line]) -> list[Line]:
    found = list(lines)
    said = "agree" if all(line.equal for line in found) else "DIFFER"
    run.progress(manifest.dataset, f"batch {manifest.batch}: {manifest.rows:,} rows {said}")
    return found


def _settle(run: Run, lines: Sequence[Line], manifests: Sequence[tuple[Contract, Manifest]]) -> None:
    """Take the batches that agree.

    :raises Terminal: some do not
    """
    broken = [line for line in lines if not line.equal]
    failed = {(line.dataset, line.batch) for line in broken}
    _tell_health(run, lines)
    for line in lines:
        if line.stage == "dates" and line.equal:
            facts = {"reconciled_by": run.id}
            run.ledger.advance(line.dataset, line.batch, taken="reconcile", status="loaded", facts=facts)
    for contract, manifest in manifests:
        if (contract.name, manifest.batch) not in failed:
            run.ledger.advance(
                contract.name, manifest.batch, taken="load", status="loaded", facts={"reconciled_by": run.id}
            )
    if broken:
        raise Terminal(_complaint(run, broken))


def _tell_health(run: Run, lines: Sequence[Line]) -> None:
    """Note for each dataset and star table whether it agreed, which data health reads; the next run replaces it."""
    agree: dict[str, bool] = {}
    for line in lines:
        for name in {line.dataset, *([line.place] if line.stage == "warehouse" else [])}:
            agree[name] = agree.get(name, True) and line.equal
    run.ledger.note_all("reconciliation", {name: {"equal": equal, "run": run.id} for name, equal in agree.items()})


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

    line = partial(_line, manifest)
    if manifest.source:
        yield line("landing", contract.name, landing, manifest.source)
    yield line("accepted", contract.name, added([passed, rejected]), landing, _aside(rejected.rows))
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


def _compare_records(contract: Contract, manifest: Manifest, run: Run) -> Iterator[Line]:
    """Count the lines in the objects against the manifest, and what the gate said against what is in quarantine."""

    def totals(rows: int) -> Totals:
        return Totals(rows=rows, key_hash=0)

    landed = totals(sum(len(lines) for file in manifest.files for lines in lines_of(run.lake, file.key)))
    facts = run.ledger.batch(contract.name, manifest.batch).facts
    passed, rejected = manifest.rows - int(facts.get("rejected", 0)), len(rejected_rows(run.lake, manifest))
    yield _line(manifest, "landing", contract.name, landed, totals(manifest.rows))
    yield _line(manifest, "accepted", contract.name, totals(passed + rejected), landed, _aside(rejected))


def _line(manifest: Manifest, stage: str, place: str, found: Totals, wanted: Totals, note: str = "") -> Line:
    gaps = differences(found, wanted)
    return Line(
        dataset=manifest.dataset,
        batch=manifest.batch,
        stage=stage,
        place=place,
        found=found,
        wanted=wanted,
        equal=not gaps,
        note="; ".join([*gaps, note] if note else gaps),
    )


def _aside(rows: int) -> str:
    return f"{rows:,} rows are in quarantine" if rows else ""


def _restamped(there: Arrived) -> str:
    return (
        f"{there.restamped:,} stand there under a later time, as they were seen again after a deletion"
        if there.restamped
        else ""
    )


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
    totals.add_argument(
        "--pipeline", action="append", required=True, help="a source's name, e.g. totesys; may be repeated"
    )
    again = commands.add_parser("again", help="let the next load take again what came of a source batch")
    again.add_argument("dataset", help="e.g. totesys.sales_order")
    again.add_argument("batch")
    given = parser.parse_args(arguments)
    try:
        run = Run.of("by-hand")
        if given.command == "again":
            found = load_again(_made_of(given.dataset), f"{given.dataset}/{given.batch}", run)
            print("\n".join(found) or "Nothing was derived from it")
        else:
            for record in (record for pipeline in given.pipeline for record in _standing(pipeline, run)):
                print(json.dumps(record))
    except QuaysideError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _made_of(dataset: str) -> list[Contract]:
    """Return the star tables whose rows are a dataset's, or may be; or the star table that it is itself."""
    records = load_contract(dataset).form != "table"
    tables = [load_contract(name) for name in contract_names("warehouse")]
    return [table for table in tables if dataset in (table.name, table.grain) or (records and table.replaced_by)]


def _standing(pipeline: str, run: Run) -> Iterator[dict[str, Any]]:
    sources = [load_contract(name) for name in contract_names(pipeline)]
    stars = credentials("warehouse", run.settings)
    if any(source.form != "table" for source in sources):
        tables = [load_contract(name) for name in contract_names("warehouse")]
        return standing_of_curated({source.name for source in sources}, tables, run, stars)
    tables = [load_contract(name) for name in contract_names("warehouse", product=pipeline)]
    return standing(sources, tables, run, credentials(f"source/{pipeline}", run.settings), stars)


if __name__ == "__main__":
    sys.exit(main())

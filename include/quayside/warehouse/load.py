"""Load: what the lake derived, into the stars; one transaction a run."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from typing import Any

import psycopg

from quayside.contract import Contract
from quayside.ledger import Entry
from quayside.manifest import Manifest
from quayside.run import Run
from quayside.settings import Credentials
from quayside.warehouse.access import mask
from quayside.warehouse.connection import lock, warehouse
from quayside.warehouse.dimensions import infer_members, upsert
from quayside.warehouse.facts import all_known, insert_versions, keep_new
from quayside.warehouse.partitions import partitions_of, replace_partitions, stage_partitions
from quayside.warehouse.schema import migrate, version_columns
from quayside.warehouse.staging import stage
from quayside.warehouse.versions import forget_members, infer_versions, merge_versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a run brought into one table.

    :param batches: of the table, in the order in which they were applied
    :param rows: in those batches
    :param changed: rows added, or for dimensions added or now different
    :param inferred: members added to dimensions because these rows refer to them, by dimension
    """

    dataset: str
    batches: tuple[str, ...]
    rows: int
    changed: int
    seconds: float
    inferred: dict[str, int] = field(default_factory=dict)


def load(tables: Sequence[Contract], run: Run, credentials: Credentials) -> list[Loaded]:
    """Load all pending batches of the tables, dimensions before what refers to them, in one transaction.

    Loading a batch again changes nothing, so a crash at any point is mended by the next try. A second
    load waits for the first.

    :param tables: every table that one of them refers to must be among them
    :raises Retryable: the warehouse is out of reach or went away, or S3 did; nothing of this run was loaded
    :raises Terminal: it refuses; the message says what to do, and the batches wait
    """
    with warehouse(credentials, f"load {run.id}") as connection:
        lock(connection)
        for dataset, note in [*migrate(connection, tables), *mask(connection, tables)]:
            run.progress(dataset, note)
        # Only now: what another load took meanwhile must not be applied after what followed it.
        pending = {table.name: _pending(table, run) for table in tables}
        by_name = {table.name: table for table in tables}
        ready = [_prepare(connection, by_name, name, pending[name], run) for name in _order(tables) if pending[name]]
        # Facts last, and all together: readers may have to wait from the first of these until the commit.
        loaded = [_insert(connection, by_name, each, pending[each.dataset]) for each in ready]
    for table in loaded:
        for batch in table.batches:
            run.ledger.advance(
                table.dataset,
                batch,
                taken="load",
                status="loaded",
                todo="reconcile" if by_name[table.dataset].replaced_by else None,
                facts={"loaded_by": run.id},
            )
        run.progress(
            table.dataset, f"loaded {table.rows:,} rows, {table.changed:,} of them new, in {table.seconds:.1f} s"
        )
    return loaded


def load_again(tables: Sequence[Contract], source: str, run: Run) -> list[str]:
    """Let the next load take again what was derived from a source batch, and all that came after it; return what.

    After somebody has changed rows of a star by hand: missing ones come back. Facts that are there stay
    as they are; dimensions pass through their later batches once more, and end as the last of them says.

    :param tables: the star tables to mend
    :param source: ``dataset/batch``: of a source, or of a star table itself
    """
    found = []
    for table in tables:
        batches = run.ledger.batches(table.name)
        made_of_it = [
            source == f"{table.name}/{entry.batch}" or source in _manifest(entry, run).inputs for entry in batches
        ]
        for entry in batches[made_of_it.index(True) :] if any(made_of_it) else []:
            run.ledger.note(table.name, f"todo#load#{entry.batch}", {})
            found.append(f"{table.name}/{entry.batch}")
    return found


def _manifest(entry: Entry, run: Run) -> Manifest:
    return Manifest.from_dict(run.lake.read_json(entry.manifest))


def _pending(table: Contract, run: Run) -> list[Manifest]:
    return [_manifest(entry, run) for entry in run.ledger.pending(table.name, "load")]


def _order(tables: Sequence[Contract]) -> list[str]:
    """Return the tables' names, each after those that it refers to."""
    return list(
        TopologicalSorter(
            {
                table.name: {column.references.rpartition(".")[0] for column in table.columns if column.references}
                for table in tables
            }
        ).static_order()
    )


def _prepare(
    connection: psycopg.Connection[Any], tables: dict[str, Contract], name: str, manifests: Sequence[Manifest], run: Run
) -> Loaded:
    """Load a dimension; stage a fact's rows and infer the members that they refer to. ``changed`` counts what is new."""
    table, begun = tables[name], time.monotonic()
    rows = sum(manifest.rows for manifest in manifests)
    run.progress(name, f"loading {rows:,} rows of {len(manifests)} batches")
    new, inferred = 0, {}
    if not (table.history and all_known(connection, table, manifests, run.lake)):
        rows, referred = _stage(connection, table, manifests, run)
        new = keep_new(connection, table, rows) if table.history else rows
        if new:
            counts = {dataset: infer_members(connection, tables[dataset], keys) for dataset, keys in referred.items()}
            for column in version_columns(table):
                dataset = (column.references or "").rpartition(".")[0]
                counts[dataset] = infer_versions(connection, tables[dataset], table, column)
            inferred = {dataset: count for dataset, count in counts.items() if count}
    for dimension, count in inferred.items():
        run.progress(dimension, f"{count:,} members added that {table.table} refers to")
    return Loaded(
        dataset=name,
        batches=tuple(manifest.batch for manifest in manifests),
        rows=rows,
        changed=new if table.fact else _settle(connection, table, tables),
        inferred=inferred,
        seconds=time.monotonic() - begun,
    )


def _stage(
    connection: psycopg.Connection[Any], table: Contract, manifests: Sequence[Manifest], run: Run
) -> tuple[int, dict[str, Any]]:
    def told(rows: int) -> None:
        run.progress(table.name, f"{rows:,} rows staged")

    if table.replaced_by:
        return stage_partitions(connection, table, manifests, run.lake, told)
    whole = manifests[-1:] if table.natural_key else manifests  # each batch of versions holds them all
    return stage(connection, table, whole, run.lake, told)


def _settle(connection: psycopg.Connection[Any], table: Contract, tables: dict[str, Contract]) -> int:
    return merge_versions(connection, table, tables.values()) if table.natural_key else upsert(connection, table)


def _insert(
    connection: psycopg.Connection[Any],
    tables: dict[str, Contract],
    prepared: Loaded,
    manifests: Sequence[Manifest],
) -> Loaded:
    table, begun = tables[prepared.dataset], time.monotonic()
    if table.replaced_by:
        changed = replace_partitions(connection, table, partitions_of(manifests), tables)
        for column in version_columns(table):
            forget_members(connection, tables[(column.references or "").rpartition(".")[0]], tables.values())
    elif table.history and prepared.changed:
        changed = insert_versions(connection, table, prepared.changed)
    else:
        return prepared
    return replace(prepared, changed=changed, seconds=prepared.seconds + time.monotonic() - begun)

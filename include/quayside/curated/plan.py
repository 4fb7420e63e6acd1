"""The plan of a Glue job: what is pending of a source, where its tables stand, and where the job is to write.

The worker reads ledger, catalog and manifests and writes one small file; the rows are read by Spark only.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pyarrow as pa

from quayside.contract import Contract
from quayside.curated import catalog
from quayside.curated.catalog import NO_PARTITIONS, Catalog, commented
from quayside.curated.code import deploy
from quayside.curated.spark.messages import Batch, Plan, Table
from quayside.errors import Terminal
from quayside.ledger import Entry
from quayside.manifest import Manifest
from quayside.quality.quarantine import rejected_rows
from quayside.quality.results import slug
from quayside.run import Run
from quayside.types import arrow_type
from quayside.venues import venues

LEASE_SECONDS = 120
HISTORY = "hospitality.product"  # a table of versions, whose rows depend on the order in which batches were read
WHOLE = ""  # the one partition of a table that has none
BEFORE_ALL = "00000000"  # the place of what was read from before the first window


def plan(tables: Sequence[Contract], run: Run) -> Plan | None:
    """Plan what a Glue job has to do for the tables of one source, and put the code where Glue finds it.

    :param tables: contracts of all curated tables that are made of one source's landing datasets
    :return: the plan, whose ``arguments`` the job is started with; None where nothing is pending
    :raises Retryable: another run works on these tables, or a service did not answer
    :raises Terminal: the contracts are not of one source
    """
    source = source_of(tables)
    with run.ledger.lease(f"curated.{source}", owner=run.id, seconds=LEASE_SECONDS):
        batches = [
            batch
            for dataset in sorted({contract.landing or "" for contract in tables})
            for batch in _batches(dataset, run, ordered=any(c.name == HISTORY and c.landing == dataset for c in tables))
        ]
        key = plan_key(run)
        if not batches:
            run.lake.delete([key])  # of an earlier try, which was published
            return None
        version = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        made = Plan(
            run=run.id,
            version=version,
            source=source,
            batches=tuple(batches),
            venues=tuple({"id": venue.id, "name": venue.name, "time_zone": venue.time_zone} for venue in venues()),
            tables=dict(_tables(tables, version, run)),
            arguments={
                "--plan": run.lake.uri(key),
                "--landing": run.lake.uri(f"landing/{source}/"),
                "--curated": run.lake.uri("curated/hospitality/"),
                **deploy(run.lake),
            },
        )
        run.lake.write_json(key, made.as_dict())
    rows = sum(batch.rows - len(batch.rejected) for batch in batches)
    run.progress(f"curated.{source}", f"{len(batches)} batches with {rows} accepted rows to curate")
    return made


def plan_key(run: Run) -> str:
    """Return where a run's plan is in the lake."""
    return f"curated/_plans/{slug(run.id)}.json"


def source_of(tables: Sequence[Contract]) -> str:
    """Return the source that the tables are made of.

    :raises Terminal: there is none, or more than one
    """
    found = {(contract.landing or "?").partition(".")[0] for contract in tables}
    if len(found) != 1 or "?" in found:
        names = ", ".join(contract.name for contract in tables)
        raise Terminal(
            f"Curate the tables of one source at a time, each naming its dataset by the custom property landing; "
            f"{names or 'no tables'} are of {', '.join(sorted(found)) or 'none'}."
        )
    return found.pop()


def places(name: str, lake_catalog: Catalog, table: catalog.Table, base: str) -> dict[str, str]:
    """Return partition → location as the catalog has them; a table that is one whole, once filled, is ``{WHOLE: …}``.

    :param base: the location of a table that was never filled
    """
    if table.definition["PartitionKeys"]:
        return {values[0]: place for values, place in lake_catalog.partitions(name).items()}
    return {} if table.location == base else {WHOLE: table.location}


def base_of(contract: Contract, run: Run) -> str:
    """Return the ``s3://`` folder in which all versions of a table are."""
    return run.lake.uri(f"curated/{contract.domain}/{contract.table}/")


def _batches(dataset: str, run: Run, *, ordered: bool) -> Iterator[Batch]:
    """Give the pending batches; for a table of versions also those read after the first of these.

    Out of the versions alone nobody could tell where a snapshot belongs that comes late: between two that looked
    alike, it makes a version of the later one.
    """
    manifests = [_manifest(entry, run) for entry in run.ledger.pending(dataset, "curate")]
    for manifest in manifests:
        yield _batch(manifest, run, pending=True)
    known = {manifest.batch for manifest in manifests}
    if ordered and manifests:
        for manifest in _curated_since(min(manifest.snapshot_at for manifest in manifests), dataset, run):
            if manifest.batch not in known:
                yield _batch(manifest, run, pending=False)


def _curated_since(first: datetime, dataset: str, run: Run) -> list[Manifest]:
    """Return the curated batches that were read at ``first`` or later, without looking at all there ever were.

    Windows are recorded in the order in which they were read, so that one from before ``first`` ends the search.
    """
    newest = 16
    while True:
        entries = run.ledger.batches(dataset, newest=newest)
        found = [_manifest(entry, run) for entry in entries if entry.status in ("curated", "loaded")]
        if len(entries) < newest or any(item.kind == "window" and item.snapshot_at < first for item in found):
            return [item for item in found if item.snapshot_at >= first]
        newest *= 2


def _manifest(entry: Entry, run: Run) -> Manifest:
    return Manifest.from_dict(run.lake.read_json(entry.manifest))


def _batch(manifest: Manifest, run: Run, *, pending: bool) -> Batch:
    return Batch(
        dataset=manifest.dataset,
        batch=manifest.batch,
        files=tuple(run.lake.uri(file.key) for file in manifest.files),
        rows=manifest.rows,
        rejected=tuple(rejected_rows(run.lake, manifest).tolist()),
        snapshot_at=manifest.snapshot_at.isoformat(timespec="milliseconds"),
        counts_as=_place(manifest, run),
        pending=pending,
    )


def _place(manifest: Manifest, run: Run) -> str:
    """Return the batch as which one counts among the versions of a row.

    A window that is read again shows what had come by its end, and nothing that came later: it counts as the last window
    that ended by then. So what was sent again since still wins.
    """
    dataset, batch, kind, until = manifest.dataset, manifest.batch, manifest.kind, manifest.until
    if kind == "replay":
        original = run.ledger.batch(dataset, manifest.inputs[-1])
        batch, kind, until = original.batch, original.kind, _until(original)
    if kind != "backfill" or until is None:
        return batch
    newest = 16
    while True:
        entries = run.ledger.batches(dataset, newest=newest)
        ended = [entry.batch for entry in entries if entry.kind == "window" and (_until(entry) or until) <= until]
        if ended or len(entries) < newest:
            return max(ended, default=BEFORE_ALL)
        newest *= 2


def _until(entry: Entry) -> datetime | None:
    until = entry.facts.get("until")
    return datetime.fromisoformat(until) if until else None


def _tables(tables: Sequence[Contract], version: str, run: Run) -> Iterator[tuple[str, Table]]:
    lake_catalog = Catalog.of(run.settings)
    existing = lake_catalog.tables()
    for contract in tables:
        base = base_of(contract, run)
        columns = [column for column in contract.columns if not column.restricted]
        partition = next((column.name for column in columns if column.partition), None)
        fields = {column.name: commented(column.name, arrow_type(column), column.description) for column in columns}
        table = lake_catalog.ensure_table(
            contract.table,
            pa.schema([field for name, field in fields.items() if name != partition]),
            base,
            partitions=pa.schema([fields[partition]]) if partition else NO_PARTITIONS,
            description=contract.description,
            existing=existing.get(contract.table),
        )
        yield (
            contract.table,
            Table(
                landing=contract.landing or "",
                columns=tuple((column.name, column.type) for column in columns),
                required=tuple(column.name for column in columns if column.required),
                key=contract.key.name,
                partition=partition,
                current=places(contract.table, lake_catalog, table, base),
                target=f"{base}v={version}/",
            ),
        )


__all__ = ["HISTORY", "LEASE_SECONDS", "WHOLE", "base_of", "places", "plan", "plan_key", "source_of"]

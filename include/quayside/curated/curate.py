"""One run of the curated stage: from gated batches to current rows, star tables and the warehouse's change batches.

The order makes a crash harmless at any point: files that nobody refers to, then change batches, then the catalog,
then the ledger. Done again, every step finds what it did or does the same; `docs/decisions/0002` says why.
"""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv

from quayside.contract import Contract
from quayside.curated.catalog import Catalog, Table, Values
from quayside.curated.current import Dataset
from quayside.curated.engine import engine, read, write
from quayside.curated.layout import DELETED, Layout, change_schema, columns_by_table, part, source_layout, star_layout
from quayside.curated.masked import mask_tables
from quayside.curated.star import Star, load_calendar
from quayside.curated.transform import CHANGE, CURRENT, STAR, Query, compile_query
from quayside.errors import Retryable
from quayside.ledger import Entry
from quayside.manifest import Manifest, prefix
from quayside.run import Run

REFERENCE = Path(__file__).resolve().parents[2] / "reference"
_LEASE_SECONDS = 120  # renewed while the run lives: how long a killed one keeps the next waiting
_CALENDAR, _CURRENCIES = "calendar", "iso_4217"
_PROVIDED = {_CALENDAR: {"date_id"}, _CURRENCIES: {"currency_code", "currency_name"}}
_VERSIONS = pa.schema([("key", pa.int64()), ("last_updated", pa.timestamp("ms"))])
CURRENT_KEYS = _VERSIONS.append(pa.field("deleted", pa.bool_()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Curated:
    """What a run made of one table.

    :param dataset: a source dataset, whose current rows changed, or a star table
    :param rows: rows that are new or different
    :param batch: the change batch for the warehouse; None for source datasets
    :param inputs: the source batches that it came from, ``dataset/batch``
    """

    dataset: str
    rows: int
    batch: str | None
    inputs: tuple[str, ...]


def curate(sources: Sequence[Contract], tables: Sequence[Contract], run: Run) -> list[Curated]:
    """Apply all gated batches of the sources, and derive from them what the star tables gain.

    :param sources: contracts of all datasets that the tables are made of
    :param tables: contracts of the star tables
    :return: what changed; empty where nothing was pending or nothing differs
    :raises Retryable: another run curates, or a service did not answer
    :raises Terminal: a contract refers to something that is not there, or a row does not fit its contract
    """
    layouts = {contract.table: source_layout(contract) for contract in sources}
    known = {**columns_by_table(layouts), **_PROVIDED}
    queries = [compile_query(contract, known) for contract in tables]
    with run.ledger.lease("curated", owner=run.id, seconds=_LEASE_SECONDS):
        return _Work(sources, layouts, queries, run).do()


def current_keys(contract: Contract, run: Run) -> pa.Table:
    """Return every key that curated knows: key (int64), last_updated (timestamp[ms]) and deleted; in no order."""
    return pa.Table.from_batches(current_key_batches(contract, run), CURRENT_KEYS)


def current_key_batches(contract: Contract, run: Run) -> Iterator[pa.RecordBatch]:
    """Stream what `current_keys` returns."""
    layout = source_layout(contract)
    schema = pa.schema(list(map(layout.schema.field, [contract.key.name, contract.cursor or "", DELETED])))
    catalog = Catalog.of(run.settings)
    placed = catalog.partitions(layout.name) if catalog.table(layout.name) else {}
    for batch in read(run.lake, [part(place, run.lake.bucket) for place in placed.values()], schema):
        yield batch.rename_columns(CURRENT_KEYS.names).cast(CURRENT_KEYS)


class _Work:
    """The steps of one run, in their order."""

    def __init__(
        self, sources: Sequence[Contract], layouts: Mapping[str, Layout], queries: Sequence[Query], run: Run
    ) -> None:
        self._run, self._queries, self._layouts = run, queries, layouts
        self._sources = {contract.table: contract for contract in sources}
        self._catalog = Catalog.of(run.settings)
        self._version = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        self._tables: dict[str, Table] = {}
        self._placed: dict[str, dict[Values, str]] = {}

    def do(self) -> list[Curated]:
        """Do the whole."""
        began = time.monotonic()
        pending = {name: self._run.ledger.pending(contract.name, "curate") for name, contract in self._sources.items()}
        self._ensure_tables()
        fresh = [query for query in self._queries if self._is_unfilled(query)]
        if not any(pending.values()) and not fresh:
            return []
        rebuilt = {name for query in fresh for name in query.changes}
        datasets = [
            self._dataset(name, entries, afresh=name in rebuilt)
            for name, entries in pending.items()
            if entries or name in rebuilt
        ]
        with engine() as connection:
            for schema in (CURRENT, CHANGE, STAR):
                connection.execute(f"create schema {schema}")
            for dataset in datasets:
                self._apply(connection, dataset, afresh=dataset.contract.table in rebuilt)
            stars = self._compute(connection, datasets, fresh)
            results = [self._hand_on(connection, star) for star in stars if star.rows]
        self._swap(datasets, stars)
        self._forget(datasets, stars)
        for name, entries in pending.items():
            for entry in entries:
                # To the load: once what came of it is in the stars, reconciliation takes it.
                self._run.ledger.advance(
                    self._sources[name].name, entry.batch, taken="curate", status="curated", todo="load"
                )
        self._run.progress("curated", f"{sum(map(len, pending.values()))} batches in {time.monotonic() - began:.1f} s")
        return [
            *(
                Curated(dataset=item.contract.name, rows=item.changed, batch=None, inputs=tuple(item.inputs))
                for item in datasets
                if item.changed
            ),
            *results,
        ]

    def _ensure_tables(self) -> None:
        existing = self._catalog.tables()
        for layout in [*self._layouts.values(), *(star_layout(query.contract) for query in self._queries)]:
            table = self._catalog.ensure_table(
                layout.name,
                layout.schema,
                self._run.lake.uri(layout.base),
                partitions=layout.partitions,
                description=layout.description,
                existing=existing.get(layout.name),
            )
            self._tables[layout.name] = table
        contracts = {self._layouts[name].name: contract for name, contract in self._sources.items()}
        contracts |= {query.contract.table: query.contract for query in self._queries}
        mask_tables(contracts, self._run.settings)

    def _places(self, layout: Layout) -> dict[Values, str]:
        """Return where a table's data is; that of an unpartitioned one is the partition ``()``."""
        if layout.name not in self._placed:
            if layout.partitions.names:
                self._placed[layout.name] = self._catalog.partitions(layout.name)
            else:
                place = self._tables[layout.name].location
                self._placed[layout.name] = {} if place == self._run.lake.uri(layout.base) else {(): place}
        return self._placed[layout.name]

    def _is_unfilled(self, query: Query) -> bool:
        """Tell whether a table was added to the pipeline after its sources had been curated."""
        grain = (query.contract.grain or "").partition(".")[2]
        return (
            grain in self._layouts
            and not self._places(star_layout(query.contract))
            and bool(self._places(self._layouts[grain]))
        )

    def _dataset(self, name: str, pending: list[Entry], *, afresh: bool) -> Dataset:
        contract = self._sources[name]
        entries = pending
        if afresh:  # a new fact needs every version that there ever was
            entries = [
                entry
                for entry in self._run.ledger.batches(contract.name)
                if entry.status in ("passed", "curated", "loaded")
            ]
        batches = [Manifest.from_dict(self._run.lake.read_json(entry.manifest)) for entry in entries]
        return Dataset(contract, self._layouts[name], batches, self._places(self._layouts[name]))

    def _apply(self, connection: duckdb.DuckDBPyConnection, dataset: Dataset, *, afresh: bool) -> None:
        began = time.monotonic()
        grains = {name for query in self._queries for name in query.changes}
        dataset.apply(
            connection, self._run.lake, self._version, afresh=afresh, keep_versions=dataset.contract.table in grains
        )
        self._run.progress(
            dataset.contract.name,
            f"{dataset.changed} current rows changed, "
            f"{len(dataset.written)} buckets written in {time.monotonic() - began:.1f} s",
        )

    def _compute(
        self, connection: duckdb.DuckDBPyConnection, datasets: Sequence[Dataset], fresh: Sequence[Query]
    ) -> list[Star]:
        """Compute the stars that the datasets concern: facts first, as they say which days there must be."""
        changed = {dataset.contract.table: dataset for dataset in datasets}
        facts = [query for query in self._queries if query.changes and set(query.changes) & set(changed)]
        calendars = [query for query in self._queries if _CALENDAR in query.tables]
        dimensions = [
            query
            for query in self._queries
            if not query.changes and query not in calendars and (query.tables & set(changed) or query in fresh)
        ]
        self._load(connection, [*facts, *dimensions], changed)
        stars = {query.contract.name: self._star(query, changed) for query in [*facts, *dimensions]}
        for query in [*facts, *dimensions]:
            self._compute_star(connection, stars[query.contract.name])
        for query in calendars if facts else []:
            star = self._star(query, {name: changed[name] for fact in facts for name in fact.changes})
            load_calendar(connection, self._run.lake, star, [stars[fact.contract.name] for fact in facts])
            self._compute_star(connection, star)
            stars[query.contract.name] = star
        return list(stars.values())

    def _star(self, query: Query, changed: Mapping[str, Dataset]) -> Star:
        names = set(changed) if _CALENDAR in query.tables else query.tables & set(changed)
        layout = star_layout(query.contract)
        batches = sorted((batch for name in names for batch in changed[name].batches), key=lambda item: item.key)
        return Star(query, layout, batches, self._places(layout))

    def _compute_star(self, connection: duckdb.DuckDBPyConnection, star: Star) -> None:
        began = time.monotonic()
        star.compute(connection, self._run.lake, self._version)
        self._run.progress(star.contract.name, f"{star.rows} rows new or changed in {time.monotonic() - began:.1f} s")

    def _load(
        self, connection: duckdb.DuckDBPyConnection, queries: Sequence[Query], changed: Mapping[str, Dataset]
    ) -> None:
        """Make the ``current`` tables that queries read, with the columns that any of them needs."""
        needed: dict[str, set[str]] = {}
        for query in queries:
            for name, columns in query.reads.items():
                needed.setdefault(name, set()).update(columns)
        for name, columns in needed.items():
            if name == _CURRENCIES:
                currencies = pa.csv.read_csv(REFERENCE / "iso_4217.csv")
                connection.from_arrow(currencies).create(f"{CURRENT}.{_CURRENCIES}")
            elif name != _CALENDAR:
                layout = self._layouts[name]
                dataset = changed.get(name) or Dataset(self._sources[name], layout, [], self._places(layout))
                dataset.load_current(connection, self._run.lake, [c for c in layout.schema.names if c in columns])

    def _hand_on(self, connection: duckdb.DuckDBPyConnection, star: Star) -> Curated:
        """Write a star's new or changed rows as a batch for the warehouse, unless an earlier try did."""
        contract, ledger, lake = star.contract, self._run.ledger, self._run.lake
        mark = hashlib.sha1("\n".join([contract.version, *star.inputs]).encode(), usedforsecurity=False).hexdigest()[:8]
        newest = ledger.batches(contract.name, newest=1)
        last = newest[0].batch if newest else "00000000-"
        batch = last
        if not last.endswith(f"-{mark}"):
            batch = f"{int(last.partition('-')[0]) + 1:08d}-{mark}"
            file = write(
                lake,
                f"{prefix(contract.name, batch, 'derived')}part-0.parquet",
                change_schema(contract),
                star.changes(connection),
            )
            manifest = Manifest(
                dataset=contract.name,
                batch=batch,
                kind="derived",
                run=self._run.id,
                files=(file,),
                rows=file.rows,
                schema_version=contract.version,
                inputs=tuple(star.inputs),
                snapshot_at=max((item.snapshot_at for item in star.batches), default=_now()),
            )
            manifest.write(lake)
            ledger.record_derived(manifest, todo="load")
        return Curated(dataset=contract.name, rows=star.rows, batch=batch, inputs=tuple(star.inputs))

    def _swap(self, datasets: Sequence[Dataset], stars: Sequence[Star]) -> None:
        """Let the catalog name what this run wrote; stars before sources, as a retry starts from the sources.

        :raises Retryable: another run did meanwhile, as this one was halted for longer than its lease
        """
        self._placed.clear()
        self._tables = self._catalog.tables()
        for item in _all(stars, datasets):
            if item.written and self._places(item.layout) != item.placed:
                raise Retryable(
                    f"Another run has rewritten {item.layout.name} meanwhile; this one begins again from there."
                )
        for item in _all(stars, datasets):
            table = self._tables[item.layout.name]
            if item.layout.partitions.names:
                self._catalog.place_partitions(table, item.written, existing=item.placed)
            elif item.written:
                self._catalog.relocate(table, item.written[()])

    def _forget(self, datasets: Sequence[Dataset], stars: Sequence[Star]) -> None:
        """Delete files that the catalog has not named since the run before: a reader in flight may still read those."""

        def forget(parent: str, kept: tuple[str, ...]) -> None:
            self._run.lake.delete(
                [key for key in self._run.lake.keys(parent) if not self._run.lake.uri(key).startswith(kept)]
            )

        with ThreadPoolExecutor(4) as pool:
            done = [
                pool.submit(forget, item.layout.parent(values), (place, item.placed.get(values, place)))
                for item in _all(stars, datasets)
                for values, place in item.written.items()
            ]
        for each in done:
            each.result()


def _all(stars: Sequence[Star], datasets: Sequence[Dataset]) -> list[Star | Dataset]:
    return [*stars, *datasets]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)

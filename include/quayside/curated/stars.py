"""The stars of a data product, derived from curated tables that are rewritten a partition at a time.

Facts, and the members that facts tell of, follow from the dates that changed; versions of members (SCD type 2) are
computed anew from all that the lake holds, so that it does not matter in which order it came.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import batched

import duckdb
import pyarrow as pa
from sqlglot import exp

from quayside.contract import Contract, contract_names, load_contract
from quayside.curated.catalog import Catalog
from quayside.curated.curate import Curated
from quayside.curated.engine import engine, read, rows_of, stream_in, write
from quayside.curated.layout import change_schema
from quayside.curated.transform import CURRENT, Query, compile_query, to_sql
from quayside.curated.versions import versions
from quayside.lake import Lake
from quayside.manifest import Manifest, prefix
from quayside.run import Run
from quayside.types import arrow_type
from quayside.venues import venues

SOURCE_TABLE = "source_table"  # in a union: the table that a row is of
VENUES, CALENDAR = "venue", "calendar"
WHOLE = ""  # the one partition of a table that has none
_PROVIDED = {VENUES: {"venue_id", "venue_name", "time_zone"}, CALENDAR: {"date_id"}}
_READERS = 8  # partitions read at the same time


def derive_stars(
    changes: Mapping[str, Sequence[str]], inputs: tuple[str, ...], stars: Sequence[Contract], run: Run
) -> list[Curated]:
    """Hand what follows from rewritten partitions to the warehouse: a derived batch for each star that they concern.

    Deriving again from the same files finds the batch of before. Days need no batch: the load computes them.

    :param changes: curated contract → its partitions that were rewritten; none for a table that is one whole
    :param inputs: the landing batches that they came from, ``dataset/batch``
    :param stars: contracts of the product's warehouse tables
    :return: what was derived, a star each
    :raises Retryable: catalog, lake or ledger did not answer
    :raises Terminal: a contract refers to something that is not there, or a row does not fit its contract
    """
    changed = {name.partition(".")[2] for name in changes}
    dates = sorted({partition for partitions in changes.values() for partition in partitions})
    curated = Shelf(stars, run)
    todo = [query for query in curated.queries if not (tables := curated.tables(query)) or tables & changed]
    part = [query for query in todo if query.contract.fact or query.contract.latest_by]
    rest = [query for query in todo if query not in part and CALENDAR not in query.tables]
    made = []
    for queries, only in ((part if dates else [], dates), (rest, None)):
        places = {name: curated.places(name, only) for query in queries for name in curated.tables(query)}
        made += _derive(curated, queries, places, only, inputs)
    return made


class Shelf:
    """The curated tables of a product: what stars ask of them, where they are, and their rows.

    :param stars: contracts of the product's warehouse tables
    """

    def __init__(self, stars: Sequence[Contract], run: Run) -> None:
        domains = {star.grain.partition(".")[0] for star in stars if star.grain}
        names = [name for domain in sorted(domains) for name in contract_names(domain)]
        self.contracts = {contract.table: contract for contract in map(load_contract, names)}
        self._unions = {name: tables for star in stars for name, tables in star.union.items()}
        known = {
            name: {column.name for column in contract.columns if not column.restricted}
            for name, contract in self.contracts.items()
        }
        together = {
            name: {SOURCE_TABLE}.union(*(known[table] for table in tables)) for name, tables in self._unions.items()
        }
        self.queries = [compile_query(star, {**known, **_PROVIDED, **together}) for star in stars]
        self._known = known
        self.run, self._catalog = run, Catalog.of(run.settings)

    def tables(self, query: Query) -> set[str]:
        """Return the curated tables that a star is made of."""
        return {table for name in query.tables for table in self.parts(name)} - _PROVIDED.keys()

    def parts(self, name: str) -> tuple[str, ...]:
        """Return the tables that a name in a contract's ``source`` stands for."""
        return self._unions.get(name, (name,))

    def places(self, name: str, only: Iterable[str] | None = None) -> dict[str, str]:
        """Return partition → location, as the catalog says now.

        :param only: these partitions, where there are such; all where None
        """
        table = self._catalog.table(name)
        if table is None:
            return {}
        if not table.definition["PartitionKeys"]:
            filled = table.location != self.run.lake.uri(f"curated/{self.contracts[name].domain}/{name}/")
            return {WHOLE: table.location} if filled else {}
        found = {values[0]: place for values, place in self._catalog.partitions(name).items()}
        return found if only is None else {value: found[value] for value in only if value in found}

    def load(
        self, connection: duckdb.DuckDBPyConnection, queries: Sequence[Query], places: Mapping[str, Mapping[str, str]]
    ) -> None:
        """Make the tables of the schema ``current``, with the columns that any of the queries reads."""
        connection.execute(to_sql(exp.Create(this=exp.to_identifier(CURRENT), kind="SCHEMA")))
        needed: dict[str, set[str]] = {}
        for query in queries:
            for name, columns in query.reads.items():
                needed.setdefault(name, set()).update(columns)
        if VENUES in needed:
            rows = [
                {"venue_id": venue.id, "venue_name": venue.name, "time_zone": venue.time_zone} for venue in venues()
            ]
            connection.from_arrow(pa.Table.from_pylist(rows)).create(f"{CURRENT}.{VENUES}")
        wanted: dict[str, set[str]] = {}
        for name, columns in needed.items():
            for table in self.parts(name) if name not in _PROVIDED else ():
                wanted.setdefault(table, set()).update(columns & self._known[table])
        for table, columns in wanted.items():
            self._load_table(connection, table, columns, places[table])
        for name in needed.keys() & self._unions.keys():
            connection.execute(to_sql(_union(name, self._unions[name])))

    def _load_table(
        self, connection: duckdb.DuckDBPyConnection, table: str, columns: set[str], places: Mapping[str, str]
    ) -> None:
        contract = self.contracts[table]
        schema = pa.schema([(item.name, arrow_type(item)) for item in contract.columns if item.name in columns])
        target = exp.Create(
            this=exp.table_(table, db=CURRENT), kind="TABLE", expression=exp.select("*").from_("incoming")
        )
        stream_in(connection, to_sql(target), schema, self.rows(table, schema, places))

    def rows(self, table: str, schema: pa.Schema, places: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
        """Stream the rows of partitions, some columns of them."""
        partition = next((column.name for column in self.contracts[table].columns if column.partition), None)
        with ThreadPoolExecutor(_READERS) as pool:
            for some in batched(places.items(), _READERS):
                for batches in pool.map(lambda item: list(_read(self.run.lake, *item, schema, partition)), some):
                    yield from batches


def _read(lake: Lake, value: str, place: str, schema: pa.Schema, partition: str | None) -> Iterator[pa.RecordBatch]:
    """Read one partition; its value is in no file."""
    keys = [key for key in lake.keys(place.removeprefix(lake.uri(""))) if key.endswith(".parquet")]
    for batch in read(lake, keys, schema):
        if partition in schema.names:
            place_of = schema.get_field_index(partition)
            days = pa.repeat(pa.scalar(date.fromisoformat(value)), batch.num_rows)
            batch = batch.set_column(place_of, schema.field(place_of), days)
        yield batch


def _union(name: str, tables: Sequence[str]) -> exp.Expr:
    """Return the view of all rows of some tables, columns matched by name; a table that lacks one has nulls."""
    parts = [
        exp.select("*", exp.alias_(exp.Literal.string(table), SOURCE_TABLE)).from_(exp.table_(table, db=CURRENT))
        for table in tables
    ]
    rows: exp.Expr = parts[0]
    for each in parts[1:]:
        rows = exp.Union(this=rows, expression=each, distinct=False, by_name=True)
    return exp.Create(this=exp.table_(name, db=CURRENT), kind="VIEW", expression=rows)


@dataclass(frozen=True, slots=True)
class _Batch:
    """One star's batch: named after the very files that it follows from."""

    query: Query
    id: str


def _derive(
    curated: Shelf,
    queries: Sequence[Query],
    places: Mapping[str, Mapping[str, str]],
    dates: Sequence[str] | None,
    inputs: tuple[str, ...],
) -> list[Curated]:
    run = curated.run
    named = [
        _name(query, {table: places[table] for table in curated.tables(query)}, dates, inputs, run) for query in queries
    ]
    fresh = [batch for batch in named if batch]
    if not fresh:
        return []
    with engine() as connection:
        curated.load(connection, [batch.query for batch in fresh], places)
        made = [(batch, _hand_on(connection, batch, dates or (), inputs, run)) for batch in fresh]
    return [
        Curated(dataset=batch.query.contract.name, rows=rows, batch=batch.id, inputs=inputs) for batch, rows in made
    ]


def _name(
    query: Query,
    places: Mapping[str, Mapping[str, str]],
    dates: Sequence[str] | None,
    inputs: tuple[str, ...],
    run: Run,
) -> _Batch | None:
    """Name a star's next batch; None where the newest one follows from the same files."""
    contract = query.contract
    said = [contract.version, to_sql(query.select), *(dates or ()), *(inputs if places else ())]
    said += [f"{table} {value} {place}" for table, found in sorted(places.items()) for value, place in found.items()]
    if not places:
        said.append(repr(venues()))
    mark = hashlib.sha1("\n".join(said).encode(), usedforsecurity=False).hexdigest()[:8]
    newest = run.ledger.batches(contract.name, newest=1)
    number, _, known = newest[0].batch.partition("-") if newest else ("0", "", "")
    return None if known == mark else _Batch(query, f"{int(number) + 1:08d}-{mark}")


def _hand_on(
    connection: duckdb.DuckDBPyConnection, batch: _Batch, dates: Sequence[str], inputs: tuple[str, ...], run: Run
) -> int:
    """Write a star's rows as a batch for the warehouse; return how many."""
    contract, schema = batch.query.contract, change_schema(batch.query.contract)
    rows = rows_of(_relation(connection, batch.query).select(*map(duckdb.ColumnExpression, schema.names)), schema)
    file = write(run.lake, f"{prefix(contract.name, batch.id, 'derived')}part-0.parquet", schema, rows)
    manifest = Manifest(
        dataset=contract.name,
        batch=batch.id,
        kind="derived",
        run=run.id,
        files=(file,),
        rows=file.rows,
        schema_version=contract.version,
        inputs=inputs,
        snapshot_at=datetime.now(UTC).replace(tzinfo=None),
        partitions=tuple(dates) if contract.replaced_by else (),
    )
    manifest.write(run.lake)
    run.ledger.record_derived(manifest, todo="load")
    run.progress(contract.name, f"{file.rows:,} rows derived")
    return file.rows


def _relation(connection: duckdb.DuckDBPyConnection, query: Query) -> duckdb.DuckDBPyRelation:
    contract = query.contract
    if contract.natural_key:
        return versions(connection, query)
    select: exp.Query = query.select
    if contract.latest_by:
        story = exp.Window(
            this=exp.RowNumber(),
            partition_by=[exp.column(contract.key.name, quoted=True)],
            order=exp.Order(
                expressions=[exp.Ordered(this=exp.column(name, quoted=True), desc=True) for name in contract.latest_by]
            ),
        )
        told = exp.select("*").from_(select.subquery("told"))
        told.set("qualify", exp.Qualify(this=exp.EQ(this=story, expression=exp.Literal.number(1))))
        select = told
    return connection.sql(to_sql(select))

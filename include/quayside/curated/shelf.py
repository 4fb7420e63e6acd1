"""The curated tables that a product's stars are made of: where their partitions are, and their rows in DuckDB."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import batched

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import exp

from quayside.contract import Contract, contract_names, load_contract
from quayside.curated.catalog import Catalog
from quayside.curated.engine import ROWS, conform, stream_in
from quayside.curated.transform import CURRENT, Query, compile_query, to_sql
from quayside.lake import Lake
from quayside.run import Run
from quayside.types import arrow_type
from quayside.venues import venues

SOURCE_TABLE = "source_table"  # in a union: the table that a row is of
VENUES, CALENDAR = "venue", "calendar"
WHOLE = ""  # the one partition of a table that has none
_PROVIDED = {VENUES: {"venue_id", "venue_name", "time_zone"}, CALENDAR: {"date_id"}}
_READERS = 8  # partitions read at the same time
_MANY = 20  # partitions of which each is not worth a listing of its own


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

    def partitions(self, queries: Iterable[Query]) -> list[str]:
        """Return all partitions of the tables that some stars are made of, sorted."""
        names = {name for query in queries for name in self.tables(query)}
        return sorted({value for name in names for value in self.places(name) if value != WHOLE})

    def count(self, name: str) -> int:
        """Return how many rows a table has, from the footers of its files."""
        files = self._files(name, self.places(name))
        with ThreadPoolExecutor(_READERS) as pool:
            return sum(pool.map(self.run.lake.count_rows, (key for keys in files.values() for key in keys)))

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

        def whole(item: tuple[str, list[str]]) -> list[pa.RecordBatch]:
            return list(_read(self.run.lake, *item, schema, partition))

        with ThreadPoolExecutor(_READERS) as pool:
            for some in batched(self._files(table, places).items(), _READERS):
                for batches in pool.map(whole, some):
                    yield from batches

    def _files(self, table: str, places: Mapping[str, str]) -> dict[str, list[str]]:
        """Return the Parquet objects of partitions; of many partitions by one listing of the table."""
        lake = self.run.lake
        files: dict[str, list[str]] = {}
        folders = {f"{place.removeprefix(lake.uri('')).rstrip('/')}/": value for value, place in places.items()}
        base = [f"curated/{self.contracts[table].domain}/{table}/"]
        for prefix in base if len(folders) > _MANY else folders:
            for key in lake.keys_starting(prefix):
                folder = f"{key.rpartition('/')[0]}/"
                if folder in folders and key.endswith(".parquet"):
                    files.setdefault(folders[folder], []).append(key)
        return files


def _read(
    lake: Lake, value: str, keys: Sequence[str], schema: pa.Schema, partition: str | None
) -> Iterator[pa.RecordBatch]:
    """Read one partition, a day: small files, each by one request, where reading parts of it takes three."""
    for key in keys:
        file = pq.ParquetFile(pa.BufferReader(lake.read_bytes(key)))
        columns = [name for name in schema.names if name in file.schema_arrow.names]
        for rows in file.iter_batches(ROWS, columns=columns, use_threads=False):
            batch = conform(rows, schema)
            if partition in schema.names:  # its value is in no file
                place = schema.get_field_index(partition)
                days = pa.repeat(pa.scalar(date.fromisoformat(value)), batch.num_rows)
                batch = batch.set_column(place, schema.field(place), days)
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

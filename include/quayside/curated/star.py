"""The star tables of one run: which rows are new or changed, and the lake's files that follow from them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import duckdb
import pyarrow as pa
from sqlglot import exp

from quayside.contract import Contract
from quayside.curated.catalog import Values
from quayside.curated.engine import read, rows_of, stream_in, write
from quayside.curated.layout import Layout, change_schema, part
from quayside.curated.transform import STAR, Query, to_sql
from quayside.errors import Terminal
from quayside.lake import Lake
from quayside.manifest import Manifest

_CALENDAR = """
create or replace table current.calendar as
select unnest(generate_series(
    date_trunc('year', min(day)), date_trunc('year', max(day)) + interval 1 year - interval 1 day, interval 1 day)
    )::date as date_id
from mentioned
"""


@dataclass
class Star:
    """One star table in one run. Its new or changed rows are in the table ``star.<table>`` of the engine.

    :param batches: the source batches that it is computed from
    :param placed: where the catalog says its partitions are; the table itself is the partition ``()``
    :param written: what this run wrote, not yet in the catalog
    :param rows: new or changed rows
    """

    query: Query
    layout: Layout
    batches: list[Manifest]
    placed: dict[Values, str]
    written: dict[Values, str] = field(default_factory=dict)
    rows: int = 0

    @property
    def inputs(self) -> list[str]:
        """The batches, as a derived batch names them."""
        return [f"{batch.dataset}/{batch.batch}" for batch in self.batches]

    @property
    def contract(self) -> Contract:
        """The table's contract."""
        return self.query.contract

    def compute(self, connection: duckdb.DuckDBPyConnection, lake: Lake, version: str) -> None:
        """Find the rows that are new or changed and write the lake's files that hold them.

        :raises Terminal: the contract's ``source`` gives a key of a dimension more than once
        """
        if self.contract.history:
            self._compute_fact(connection, lake, version)
        else:
            self._compute_dimension(connection, lake, version)
        self.rows = connection.table(self._table).shape[0]

    def changes(self, connection: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
        """Stream the new or changed rows as the warehouse takes them."""
        schema = change_schema(self.contract)
        columns = [duckdb.ColumnExpression(name) for name in schema.names]
        return rows_of(connection.table(self._table).select(*columns), schema)

    def new_rows(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        """Return the new or changed rows."""
        return connection.table(self._table)

    @property
    def _table(self) -> str:
        return f'{STAR}."{self.contract.table}"'

    def _compute_fact(self, connection: duckdb.DuckDBPyConnection, lake: Lake, version: str) -> None:
        """Add the versions that the lake does not have, by rewriting the partitions that they belong to."""
        added = exp.table_(self.contract.table, db=STAR)
        connection.execute(to_sql(self.query.select.ctas(added)))
        known = [
            part(self.placed[values], lake.bucket)
            for values, _ in self._partitions(connection)
            if values in self.placed
        ]
        if known:
            self._remove_known(connection, lake, known)
        for values, rows in self._partitions(connection):
            old = [part(self.placed[values], lake.bucket)] if values in self.placed else []
            self._write(
                lake,
                values,
                version,
                chain(read(lake, old, self.layout.schema), rows_of(self._stored(rows), self.layout.schema)),
            )

    def _partitions(
        self,
        connection: duckdb.DuckDBPyConnection,
    ) -> list[tuple[Values, duckdb.DuckDBPyRelation]]:
        """Return the partitions that rows of this run belong to, and those rows."""
        rows = connection.table(self._table)
        columns = [duckdb.ColumnExpression(name) for name in self.layout.partitions.names]
        if not columns:
            return [((), rows)] if rows.shape[0] else []
        found = []
        for raw in sorted(rows.select(*columns).distinct().fetchall()):
            some = rows
            for column, value in zip(columns, raw, strict=True):
                some = some.filter(column == duckdb.ConstantExpression(value))
            found.append((tuple(map(str, raw)), some))
        return found

    def _remove_known(self, connection: duckdb.DuckDBPyConnection, lake: Lake, keys: list[str]) -> None:
        """Forget the versions that the lake has; a version is known by the contract's ``versionKey``."""
        names = self.contract.version_key
        key = [exp.column(name) for name in names]
        table = exp.table_(self.contract.table, db=STAR)
        schema = pa.schema([self.layout.schema.field(name) for name in names])
        connection.execute(to_sql(exp.select(*key).from_(table).limit(0).ctas("known_version", properties=None)))
        stream_in(connection, "insert into known_version from incoming", schema, read(lake, keys, schema))
        both = exp.select(*key).from_("known_version")
        connection.execute(
            to_sql(exp.delete(table, where=exp.In(this=exp.Tuple(expressions=key), query=both.subquery())))
        )
        connection.execute("drop table known_version")

    def _compute_dimension(self, connection: duckdb.DuckDBPyConnection, lake: Lake, version: str) -> None:
        """Compute all rows anew; where some differ from what the lake has, rewrite the table."""
        connection.execute(to_sql(self.query.select.ctas("computed")))
        keys = connection.table("computed").select(duckdb.ColumnExpression(self.contract.key.name))
        if keys.distinct().shape[0] != keys.shape[0]:
            raise Terminal(
                f"Contract {self.contract.name}: source gives some {self.contract.key.name} more than once; "
                "join by columns that are unique in the joined table."
            )
        computed, old = connection.table("computed"), [part(place, lake.bucket) for place in self.placed.values()]
        connection.execute("create table stored as from computed limit 0")
        # Inserted, not created: the text of a time becomes a time again.
        stream_in(
            connection, "insert into stored from incoming", self.layout.schema, read(lake, old, self.layout.schema)
        )
        computed.except_(connection.table("stored")).create(self._table)
        if connection.table(self._table).shape[0]:
            self._write(
                lake, (), version, rows_of(self._stored(computed.order(self.contract.key.name)), self.layout.schema)
            )
        for table in ("computed", "stored"):
            connection.execute(f"drop table {table}")

    def _stored(self, rows: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
        return rows.select(*(duckdb.ColumnExpression(name) for name in self.layout.schema.names))

    def _write(self, lake: Lake, values: Values, version: str, rows: Iterator[pa.RecordBatch]) -> None:
        location = lake.uri(self.layout.folder(values, version))
        write(lake, part(location, lake.bucket), self.layout.schema, rows)
        self.written[values] = location


def load_calendar(connection: duckdb.DuckDBPyConnection, lake: Lake, dates: Star, facts: list[Star]) -> None:
    """Make ``current.calendar``: every day of the years in which facts refer to ``dates``, old ones and new."""
    key = dates.contract.key.name
    target = f"{dates.contract.name}.{key}"
    schema = pa.schema([dates.layout.schema.field(key)])
    stream_in(
        connection,
        "create or replace table mentioned as select * from incoming",
        pa.schema([("day", pa.date32())]),
        (
            batch.rename_columns(["day"])
            for batch in read(lake, [part(place, lake.bucket) for place in dates.placed.values()], schema)
        ),
    )
    for fact in facts:
        for column in fact.contract.columns:
            if column.references == target:
                for bound in ("min", "max"):
                    day = duckdb.FunctionExpression(bound, duckdb.ColumnExpression(column.name))
                    fact.new_rows(connection).aggregate([day]).insert_into("mentioned")
    connection.execute(_CALENDAR)

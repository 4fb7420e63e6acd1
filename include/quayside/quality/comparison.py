"""How much of a batch has arrived at a later stage: its versions there, matched one by one in DuckDB.

What a stage holds of the batch's keys is streamed beside the batch's accepted rows; matching both in one
place, by one rule, is what makes lake and warehouse comparable.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql

from quayside.contract import Contract
from quayside.curated.catalog import Catalog
from quayside.curated.engine import conform, read, stream_in
from quayside.curated.layout import DELETED, KEYS_PER_BUCKET, Layout, part, source_layout, star_layout
from quayside.errors import Terminal
from quayside.manifest import Manifest, Totals
from quayside.quality.quarantine import accepted
from quayside.run import Run
from quayside.sources.copying import copy
from quayside.types import arrow_type
from quayside.warehouse.schema import columns, qualified
from quayside.warehouse.staging import copy_in

_KNOWN: list[tuple[str, pa.DataType]] = [("key", pa.int64()), ("version", pa.timestamp("us")), ("deleted", pa.bool_())]
_ACCEPTED = pa.schema([("key", pa.int64()), ("version", pa.timestamp("ms"))])
_FACT = """
create or replace temp table known as
from (select key, day + clock::time as version, deleted, * exclude (key, day, clock, deleted) from incoming)
semi join accepted using (key)
"""
_CURRENT = "create or replace temp table known as from incoming"
# A version that the lake stamped anew (a restored row, a tombstone not younger than what it deletes) is found
# as the next one of its key; a tombstone for what was gone already as the deletion before it.
_VERSIONS = """
create or replace temp table match as
with exact as (
    select accepted.key, accepted.version, known.version as found, known.* exclude (key, version, deleted)
    from accepted join known on known.key = accepted.key and known.version = accepted.version and known.deleted = $gone
), later as (
    select accepted.key, accepted.version, known.version as found, known.* exclude (key, version, deleted)
    from (from accepted anti join exact using (key, version)) as accepted
    join known on known.key = accepted.key and known.deleted = $gone
        and (known.version > accepted.version or ($gone and known.version < accepted.version))
    qualify row_number() over (
        partition by accepted.key, accepted.version
        order by known.version < accepted.version, abs(epoch_ms(known.version) - epoch_ms(accepted.version))) = 1
)
from exact union all by name from later
"""
_KEYS = """
create or replace temp table match as
select accepted.key, accepted.version, accepted.version as found
from accepted join known on known.key = accepted.key
    and (known.version is null or known.version >= accepted.version or known.deleted)
"""


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a stage has of a batch.

    :param restamped: rows among them that stand there under another version time
    """

    totals: Totals
    restamped: int = 0


def load_accepted(connection: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest, run: Run) -> None:
    """Make the table ``accepted``: keys and versions of a batch's rows that passed the gate."""
    names = [contract.key.name, contract.cursor or contract.key.name]
    stream_in(
        connection,
        "create or replace temp table accepted as from incoming",
        _ACCEPTED,
        (
            batch.select(names).rename_columns(_ACCEPTED.names).cast(_ACCEPTED)
            for batch in accepted(run.lake, manifest, columns=names)
        ),
    )


def money_in(fact: Contract, source: Contract) -> dict[str, str]:
    """Return which columns of a fact carry a source's amounts as they are: the source's column by the fact's."""
    plain = {f"{source.table}.{column.name}": column.name for column in source.money}
    return {column.name: plain[column.transform] for column in columns(fact) if column.transform in plain}


def in_curated_fact(
    connection: duckdb.DuckDBPyConnection, fact: Contract, source: Contract, manifest: Manifest, run: Run
) -> Arrived:
    """Match a batch with the versions in the lake's table of a fact."""
    layout, catalog = star_layout(fact), Catalog.of(run.settings)
    money = money_in(fact, source)
    key, day, clock = _version_key(fact)
    stored = catalog.table(layout.name)
    if layout.partitions.names:
        files = [part(place, run.lake.bucket) for place in catalog.partitions(layout.name).values()]
    else:
        files = [part(stored.location, run.lake.bucket)] if stored else []
    wanted = _fields(layout, (key, day, clock, DELETED, *money))
    since = connection.execute("select min(version)::date from accepted").fetchall()[0][0]
    rows = (batch for file in files if run.lake.exists(file) for batch in _since(run, file, wanted, day, since))
    _stream_as(connection, _FACT, ("key", "day", "clock", "deleted", *money.values()), wanted, rows)
    return _matched(connection, _VERSIONS, list(money.values()), gone=manifest.kind == "deletes")


def in_curated_current(connection: duckdb.DuckDBPyConnection, source: Contract, run: Run) -> Arrived:
    """Match a batch with the lake's table of current rows: each key there, as new as the batch has it or newer."""
    layout, catalog = source_layout(source), Catalog.of(run.settings)
    places = catalog.partitions(layout.name) if catalog.table(layout.name) else {}
    touched = connection.execute("select distinct key // $size from accepted", {"size": KEYS_PER_BUCKET}).fetchall()
    buckets = {str(bucket) for (bucket,) in touched}
    wanted = _fields(layout, (source.key.name, source.cursor or "", DELETED))
    files = [part(place, run.lake.bucket) for values, place in places.items() if values[0] in buckets]
    _stream_as(connection, _CURRENT, ("key", "version", "deleted"), wanted, read(run.lake, files, wanted))
    return _matched(connection, _KEYS, [], gone=None)


def in_warehouse(
    connection: duckdb.DuckDBPyConnection,
    warehouse: psycopg.Connection[Any],
    table: Contract,
    source: Contract,
    manifest: Manifest,
) -> Arrived:
    """Match a batch with a star table: facts by version, dimensions by key, members only inferred not counted."""
    keys = connection.sql("select distinct key from accepted").to_arrow_reader()
    warehouse.execute("create temporary table if not exists wanted (key bigint) on commit drop")
    warehouse.execute("truncate wanted")
    for _ in copy_in(warehouse, sql.Identifier("wanted"), ["key"], keys):
        pass
    warehouse.execute("analyze wanted")
    money = money_in(table, source) if table.history else {}
    query, schema = _fact_rows(table, money) if table.history else _members(table)
    _create_known(connection, schema)
    copy(
        warehouse,
        query,
        schema,
        lambda rows: stream_in(connection, "insert into known from incoming", schema, rows.to_batches()),
    )
    if table.history:
        return _matched(connection, _VERSIONS, list(money.values()), gone=manifest.kind == "deletes")
    return _matched(connection, _KEYS, [], gone=None)


def _fields(layout: Layout, names: Sequence[str]) -> pa.Schema:
    return pa.schema([layout.schema.field(name).remove_metadata() for name in names])


def _stream_as(
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    names: Sequence[str],
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
) -> None:
    """Run a statement over rows whose columns have other names there."""
    renamed = pa.schema([pa.field(name, field.type) for name, field in zip(names, schema, strict=True)])
    rows = (pa.RecordBatch.from_arrays(batch.columns, schema=renamed) for batch in batches)
    stream_in(connection, statement, renamed, rows)


def _fact_rows(fact: Contract, money: Mapping[str, str]) -> tuple[sql.Composed, pa.Schema]:
    key, day, clock = map(sql.Identifier, _version_key(fact))
    query = sql.SQL("select {0}, {1} + {2}, deleted{3} from {4} where {0} in (select key from wanted)").format(
        key,
        day,
        clock,
        sql.SQL("").join(sql.SQL(", {}").format(sql.Identifier(name)) for name in money),
        qualified(fact.table),
    )
    amounts: list[tuple[str, pa.DataType]] = [(name, arrow_type(fact.column(column))) for column, name in money.items()]
    return query, pa.schema([*_KNOWN, *amounts])


def _members(dimension: Contract) -> tuple[sql.Composed, pa.Schema]:
    others = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns(dimension) if not column.key)
    complete = sql.SQL("not (row({}) is null)").format(others) if others.as_string() else sql.SQL("true")
    query = sql.SQL("select {0}, null::timestamp, false from {1} where {0} in (select key from wanted) and {2}").format(
        sql.Identifier(dimension.key.name), qualified(dimension.table), complete
    )
    return query, pa.schema(_KNOWN)


def _create_known(connection: duckdb.DuckDBPyConnection, schema: pa.Schema) -> None:
    stream_in(connection, "create or replace temp table known as from incoming", schema, [])


def _version_key(fact: Contract) -> tuple[str, str, str]:
    kinds = [fact.column(name).type for name in fact.version_key[1:]]
    if kinds != ["date", "time"]:
        raise Terminal(
            f"Contract {fact.name}: versionKey must be the source's key, then a date and a time, to be reconciled."
        )
    key, day, clock = fact.version_key
    return key, day, clock


def _since(run: Run, key: str, schema: pa.Schema, day: str, since: date | None) -> Iterator[pa.RecordBatch]:
    """Read a Parquet object without the row groups whose versions are all older."""
    if since is None:
        return
    with run.lake.filesystem.open_input_file(key) as source:
        file = pq.ParquetFile(source, pre_buffer=True)
        position = file.schema_arrow.names.index(day)
        for group in range(file.num_row_groups):
            statistics = file.metadata.row_group(group).column(position).statistics
            latest: Any = statistics.max if statistics is not None and statistics.has_min_max else since
            if latest >= since:
                yield from (
                    conform(batch, schema) for batch in file.iter_batches(row_groups=[group], columns=schema.names)
                )


def _matched(connection: duckdb.DuckDBPyConnection, statement: str, money: list[str], *, gone: bool | None) -> Arrived:
    connection.execute(statement, {} if gone is None else {"gone": gone})
    counted = [
        duckdb.FunctionExpression("sum", duckdb.ColumnExpression(name)).alias(name) for name in money if not gone
    ]
    [(rows, key_hash, restamped)] = connection.execute("""
        select count(*), coalesce(sum((key * 1000003 + epoch_ms(version)) % 2147483647), 0),
               count(*) filter (found <> version)
        from match""").fetchall()
    sums = connection.table("match").aggregate(counted).fetchall()[0] if counted else ()
    names = [name for name in money if not gone]
    return Arrived(
        Totals(
            rows=rows,
            key_hash=int(key_hash),
            sums={name: str(value or 0) for name, value in zip(names, sums, strict=True)},
        ),
        restamped,
    )

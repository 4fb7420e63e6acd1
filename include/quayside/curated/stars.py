"""The stars of a data product, derived from curated tables that are rewritten a partition at a time.

Facts, and the members that facts tell of, follow from the dates that changed; versions of members (SCD type 2) are
computed anew from all that the lake holds, so that it does not matter in which order it came.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched

import duckdb
from sqlglot import exp

from quayside.contract import Contract
from quayside.curated.curate import Curated
from quayside.curated.engine import engine, rows_of, write
from quayside.curated.layout import change_schema
from quayside.curated.shelf import CALENDAR, Shelf
from quayside.curated.transform import Query, to_sql
from quayside.curated.versions import versions
from quayside.lake import File, Lake
from quayside.manifest import Manifest, prefix
from quayside.run import Run
from quayside.venues import venues

DATES = 100  # derived at a time, so that memory does not grow with history


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
    new = [query for query in part if not run.ledger.batches(query.contract.name, newest=1)]
    old = [query for query in part if query not in new]
    made = []
    # A star that was never derived, such as one that joined the product later, is of all the dates that there are.
    for queries, only in ((old, dates), (new, curated.partitions(new)), (rest, None)):
        names = {name for query in queries for name in curated.tables(query)}
        places = {name: curated.places(name, only) for name in sorted(names)}
        made += _derive(curated, queries, places, only, inputs)
    return made


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
    files: dict[str, list[File]] = {batch.query.contract.name: [] for batch in fresh}
    chunks = list(batched(dates, DATES)) if dates is not None else [None]
    if not fresh or not chunks:
        return []
    for number, some in enumerate(chunks):
        with engine() as connection:
            curated.load(connection, [batch.query for batch in fresh], _only(places, some))
            for batch in fresh:
                files[batch.query.contract.name].append(_write(connection, batch, number, run.lake))
    return [_hand_on(batch, files[batch.query.contract.name], dates or (), inputs, run) for batch in fresh]


def _only(places: Mapping[str, Mapping[str, str]], dates: Collection[str] | None) -> dict[str, dict[str, str]]:
    return {
        table: {value: place for value, place in found.items() if dates is None or value in dates}
        for table, found in places.items()
    }


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


def _write(connection: duckdb.DuckDBPyConnection, batch: _Batch, number: int, lake: Lake) -> File:
    """Write a star's rows, or those of some dates, as a file of its batch."""
    contract, schema = batch.query.contract, change_schema(batch.query.contract)
    rows = rows_of(_relation(connection, batch.query).select(*map(duckdb.ColumnExpression, schema.names)), schema)
    return write(lake, f"{prefix(contract.name, batch.id, 'derived')}part-{number}.parquet", schema, rows)


def _hand_on(batch: _Batch, files: Sequence[File], dates: Sequence[str], inputs: tuple[str, ...], run: Run) -> Curated:
    """Make what was written a batch for the warehouse."""
    contract, rows = batch.query.contract, sum(file.rows for file in files)
    manifest = Manifest(
        dataset=contract.name,
        batch=batch.id,
        kind="derived",
        run=run.id,
        files=tuple(files),
        rows=rows,
        schema_version=contract.version,
        inputs=inputs,
        snapshot_at=datetime.now(UTC).replace(tzinfo=None),
        partitions=tuple(dates) if contract.replaced_by else (),
    )
    manifest.write(run.lake)
    run.ledger.record_derived(manifest, todo="load")
    run.progress(contract.name, f"{rows:,} rows derived")
    return Curated(dataset=contract.name, rows=rows, batch=batch.id, inputs=inputs)


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

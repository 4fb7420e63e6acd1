"""A source dataset's rows: which versions a batch brings, and which one of each key stands now.

A key's events are taken in the order of the batches, which is the order in which the source was read. Latest
``last_updated`` wins; a row that reappears after a tombstone as it was is stamped with the time it was seen again,
and a tombstone that is not younger than what it deletes with the next millisecond.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from quayside.contract import Contract
from quayside.curated.catalog import Values
from quayside.curated.engine import conform, count, read, rows_of, stream_in, write
from quayside.curated.layout import BATCH, DELETED, KEYS_PER_BUCKET, Layout, part
from quayside.curated.transform import CHANGE, CURRENT
from quayside.lake import Lake
from quayside.manifest import Manifest

# Names of our own beside a dataset's columns; its key and cursor are known by these alone while we work.
_FIXED = ("_key", "_version", "_deleted", "_batch", "_snapshot", "_old")

_TOUCHED = """
create or replace temp table touched as
with new as (select * exclude (_bucket) from event where _bucket = $bucket)
from new union all by name from known semi join new using (_key)
"""
_DELETED_EVER = "create or replace temp table deleted_ever as select distinct _key from touched where _deleted"
_TOLD = """
create or replace temp table told as
with told_of as (
    select rowid as _row, * from touched semi join deleted_ever using (_key)
), counted as (
    select *, count(*) filter (not _deleted) over (
        partition by _key order by _batch, _old desc, _version rows between unbounded preceding and 1 preceding) as _rows
    from told_of
), ordered as (
    select *, lag(_deleted, 1, false) over story as _gone, lag(_row) over story as _last,
           max(_version) over (story rows between unbounded preceding and 1 preceding) as _before
    from counted
    where _old or not _deleted or _rows > 0
    window story as (partition by _key order by _batch, _old desc, _version)
), timed as (
    select * replace (case
        when _old or _before is null or _version > _before then _version
        when _deleted then _before + interval 1 millisecond
        when _gone then greatest(_snapshot, _before + interval 1 millisecond)
        else _version end as _version)
    from ordered
    where _old or not (_deleted and _gone)
)
select * exclude (_row, _rows, _gone, _last, _before) from timed where _old or not _deleted
union all by name
select timed._key, timed._version, timed._deleted, timed._batch, timed._snapshot, timed._old,
       known.* exclude (_key, _version, _deleted, _batch, _snapshot, _old)
from timed join touched as known on known.rowid = timed._last
where timed._deleted and not timed._old
"""
_RESOLVED = """
create or replace temp view resolved as
from touched anti join deleted_ever using (_key) union all by name from told
"""
_VERSIONS = "from resolved where not _old qualify row_number() over (partition by _key, _version order by _batch) = 1"
_WINNER = """
create or replace temp table winner as
from resolved qualify row_number() over (partition by _key order by _version desc, _batch desc, _old desc) = 1
"""
_DIFFERENT = """
select count(*) from (
    select * exclude (_batch, _snapshot, _old) from winner where not _old
    except select * exclude (_batch, _snapshot, _old) from known)
"""
_ROWS = "from (from known anti join winner using (_key) union all by name from winner) order by _key"


@dataclass
class Dataset:
    """One source dataset in one run.

    :param batches: what is to be applied, in the order of their ids
    :param placed: where the catalog says that its buckets are
    :param written: buckets written by this run, not yet in the catalog
    :param changed: rows of the current table that are new or different
    """

    contract: Contract
    layout: Layout
    batches: list[Manifest]
    placed: dict[Values, str]
    written: dict[Values, str] = field(default_factory=dict)
    changed: int = 0

    @property
    def inputs(self) -> list[str]:
        """The batches, as a derived batch names them."""
        return [f"{batch.dataset}/{batch.batch}" for batch in self.batches]

    def apply(
        self, connection: duckdb.DuckDBPyConnection, lake: Lake, version: str, *, keep_versions: bool, afresh: bool
    ) -> None:
        """Apply the batches: write the buckets that change, and leave the versions in ``change.<table>``.

        :param version: name of this run's folders
        :param keep_versions: whether a fact needs them
        :param afresh: disregard what is there; the batches are all there ever were
        """
        stream_in(
            connection,
            f"create or replace temp table event as "  # noqa: S608 (a number of our own)
            f"select *, _key // {KEYS_PER_BUCKET} as _bucket from incoming",
            self._frame_schema(),
            self._events(lake),
        )
        if keep_versions:
            connection.from_arrow(self.layout.schema.empty_table()).create(f'{CHANGE}."{self.contract.table}"')
        for [bucket] in connection.execute("select distinct _bucket from event order by 1").fetchall():
            values = (str(bucket),)
            known = [] if afresh or values not in self.placed else [part(self.placed[values], lake.bucket)]
            stream_in(
                connection,
                "create or replace temp table known as from incoming",
                self._frame_schema(),
                self._known(lake, known),
            )
            self._resolve(connection, bucket)
            if keep_versions:
                self._output(connection.sql(_VERSIONS)).insert_into(f'{CHANGE}."{self.contract.table}"')
            changed = count(connection, _DIFFERENT if known else "select count(*) from winner")
            if changed:
                self.changed += changed
                self.written[values] = lake.uri(self.layout.folder(values, version))
                write(
                    lake,
                    part(self.written[values], lake.bucket),
                    self.layout.schema,
                    rows_of(self._output(connection.sql(_ROWS)), self.layout.schema),
                )
        connection.execute("drop table event")

    def load_current(self, connection: duckdb.DuckDBPyConnection, lake: Lake, columns: Iterable[str]) -> None:
        """Make ``current.<table>``: some columns of the rows as they stand after this run, deleted ones included."""
        schema = pa.schema([self.layout.schema.field(name) for name in columns])
        keys = [part(place, lake.bucket) for place in {**self.placed, **self.written}.values()]
        stream_in(connection, "create or replace temp table loaded as from incoming", schema, read(lake, keys, schema))
        connection.table("loaded").create(f'{CURRENT}."{self.contract.table}"')

    @property
    def _payload(self) -> "list[pa.Field[Any]]":
        special = {self.contract.key.name, self._cursor, DELETED, BATCH}
        return [item for item in self.layout.schema if item.name not in special]

    @property
    def _cursor(self) -> str:
        return self.contract.cursor or ""

    def _frame_schema(self) -> pa.Schema:
        stamp = pa.timestamp("ms")
        kinds = (pa.int64(), self.layout.schema.field(self._cursor).type, pa.bool_(), pa.string(), stamp, pa.bool_())
        return pa.schema([*map(pa.field, _FIXED, kinds), *self._payload])

    def _events(self, lake: Lake) -> Iterator[pa.RecordBatch]:
        from quayside.quality import accepted

        for manifest in self.batches:
            for batch in accepted(lake, manifest):
                size = batch.num_rows
                yield self._frame(
                    batch,
                    deleted=pa.repeat(manifest.kind == "deletes", size),
                    batch_id=pa.repeat(manifest.batch, size),
                    old=False,
                    snapshot=pa.repeat(pa.scalar(manifest.snapshot_at, pa.timestamp("ms")), size),
                )

    def _known(self, lake: Lake, keys: list[str]) -> Iterator[pa.RecordBatch]:
        for batch in read(lake, keys, self.layout.schema):
            yield self._frame(
                batch,
                deleted=batch.column(DELETED),
                batch_id=batch.column(BATCH),
                old=True,
                snapshot=pa.nulls(batch.num_rows, pa.timestamp("ms")),
            )

    def _frame(
        self,
        batch: pa.RecordBatch,
        *,
        deleted: "pa.Array[Any]",
        batch_id: "pa.Array[Any]",
        old: bool,
        snapshot: "pa.Array[Any]",
    ) -> pa.RecordBatch:
        schema = self._frame_schema()
        fixed = (
            batch.column(self.contract.key.name),
            batch.column(self._cursor),
            deleted,
            batch_id,
            snapshot,
            pa.repeat(old, batch.num_rows),
        )
        payload = conform(batch, pa.schema(self._payload)).columns
        arrays = [pc.cast(array, item.type) for array, item in zip([*fixed, *payload], schema, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _resolve(self, connection: duckdb.DuckDBPyConnection, bucket: int) -> None:
        connection.execute(_TOUCHED, {"bucket": bucket})
        for statement in (_DELETED_EVER, _TOLD, _RESOLVED, _WINNER):
            connection.execute(statement)

    def _output(self, relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
        """Give a relation of frames the columns of the lake's table."""
        given = {self.contract.key.name: "_key", self._cursor: "_version", DELETED: "_deleted", BATCH: "_batch"}
        return relation.select(
            *(duckdb.ColumnExpression(given.get(name, name)).alias(name) for name in self.layout.schema.names)
        )

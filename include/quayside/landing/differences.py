"""The source's keys and versions beside the lake's: in DuckDB, which keeps on disk what memory cannot hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Self

import duckdb
import pyarrow as pa

from quayside import curated
from quayside.contract import Contract
from quayside.curated.engine import count, engine, rows_of, stream_in
from quayside.manifest import read_manifest
from quayside.run import Run

_VERSIONS = pa.schema([("key", pa.int64()), ("last_updated", pa.timestamp("ms"))])
SOURCE = _VERSIONS.append(pa.field("due", pa.bool_()))
_ROWS = 65_536
_TABLES = """
create table source (key bigint, last_updated timestamp, due boolean);
create table known (key bigint, last_updated timestamp, deleted boolean, arrival integer);
create table rejected (key bigint, last_updated timestamp);
"""
_ARRIVAL = "(select coalesce(max(arrival), 0) + 1 from known)"
_DELETES = f"insert into known select *, true, {_ARRIVAL} from incoming"  # noqa: S608 (constants)
_ROWS_OF = f"insert into known select *, false, {_ARRIVAL} from incoming"  # noqa: S608
_CURRENT = "insert into known select *, 0 from incoming"
_NEVER = "timestamp '0001-01-01'"
# Of two that are as new, the batch that arrived later tells.
_COMPARE = f"""
create table newest as
select key, max(coalesce(last_updated, {_NEVER})) as last_updated,
       arg_max(deleted, {{'version': coalesce(last_updated, {_NEVER}), 'arrival': arrival}}) as deleted
from known where key is not null group by key;

create table gone as
select key, last_updated from newest where not deleted and key not in (select key from source);

create table lacking as
select source.key from source left join newest using (key)
where not due
  and (newest.key is null or newest.deleted or newest.last_updated < coalesce(source.last_updated, {_NEVER}))
  and not exists (select 1 from rejected where rejected.key = source.key
                  and rejected.last_updated is not distinct from source.last_updated);
"""  # noqa: S608 (a constant)


class Differences:
    """What the lake knows of one dataset; then what the source has; then how they differ."""

    def __init__(self, database: duckdb.DuckDBPyConnection, contract: Contract, run: Run) -> None:
        self._database, self._contract, self._run = database, contract, run

    @classmethod
    @contextmanager
    def gathered(cls, contract: Contract, run: Run) -> Iterator[Self]:
        """Gather what the curated table, the batches on their way to it, and the quarantine have of a dataset."""
        with engine() as database:
            database.execute(_TABLES)
            made = cls(database, contract, run)
            made._gather()
            yield made

    def add(self, rows: pa.Table) -> None:
        """Take some of the source's rows, in the columns of ``SOURCE``."""
        stream_in(self._database, "insert into source from incoming", SOURCE, rows.to_batches())

    def compare(self) -> None:
        """Hold one against the other, once all is there."""
        self._database.execute(_COMPARE)

    @property
    def gone(self) -> int:
        """How many keys the lake has as not deleted, and the source has not."""
        return count(self._database, "select count(*) from gone")

    def tombstones(self, now: datetime, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Give those keys with a version later than anything the lake knows of them, and not before ``now``.

        :param schema: names and types of key and version
        """
        plain = pa.schema([pa.field("key", pa.int64()), pa.field("last_updated", pa.timestamp("us"))])
        stamped = self._database.sql(
            "select key, greatest(last_updated + interval 1 millisecond, $now) as last_updated from gone order by key",
            params={"now": now},
        )
        for batch in rows_of(stamped, plain):
            yield batch.rename_columns(schema.names).cast(schema)

    def lacking(self) -> list[int]:
        """Return the keys of the source's rows that the lake lacks, in this version or at all, ascending."""
        return [key for (key,) in self._database.execute("select distinct key from lacking order by key").fetchall()]

    def _gather(self) -> None:
        # Read before the table they go to: a batch that arrives meanwhile is seen twice, not missed.
        for batch in self._on_their_way():
            manifest = read_manifest(self._run.lake, self._contract.name, batch)
            stream_in(
                self._database,
                _DELETES if manifest.kind == "deletes" else _ROWS_OF,
                _VERSIONS,
                self._versions([file.key for file in manifest.files]),
            )
        stream_in(
            self._database, _CURRENT, curated.CURRENT_KEYS, curated.current_key_batches(self._contract, self._run)
        )
        rejected = self._run.lake.keys(f"quarantine/{self._contract.domain}/{self._contract.table}/")
        stream_in(self._database, "insert into rejected from incoming", _VERSIONS, self._versions(rejected))

    def _on_their_way(self) -> list[str]:
        """Return the ids of the batches that the curated table does not hold yet, in order."""
        gate = [entry.batch for entry in self._run.ledger.pending(self._contract.name, "gate")]
        return sorted({*gate, *(entry.batch for entry in self._run.ledger.pending(self._contract.name, "curate"))})

    def _versions(self, keys: list[str]) -> Iterator[pa.RecordBatch]:
        """Stream key and version of rows as they were landed."""
        names = [self._contract.key.name, self._contract.cursor or self._contract.key.name]
        for batch in self._run.lake.batches(keys, columns=names, rows=_ROWS):
            yield batch.select(names).rename_columns(_VERSIONS.names).cast(_VERSIONS)

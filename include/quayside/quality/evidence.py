"""What can only be seen over a whole batch, or over several datasets: kept in DuckDB, which spills to disk."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from quayside.contract import Column, Contract, load_contract
from quayside.errors import Terminal
from quayside.manifest import Manifest
from quayside.quality.rows import chunks
from quayside.run import Run

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MEMORY = "48MB"
# What is grouped or joined at once, so that it fits: the rest waits on disk.
_AT_ONCE = 250_000
_TABLES = """
create table versions (key ubigint, version timestamp, content ubigint);
create table referenced (place varchar, key ubigint, occurrences bigint);
create table known (dataset varchar, key ubigint);
"""
_COUNT = {
    "versions": "select count(*) from versions",
    "known": "select greatest((select count(*) from known), (select count(*) from referenced))",
}


class Evidence:
    """Versions and references of the batch at hand, and keys known so far. Values are kept as hashes only."""

    def __init__(self, connection: "DuckDBPyConnection", contracts: Sequence[Contract], run: Run) -> None:
        self._database, self._run = connection, run
        self._contracts = {contract.name: contract for contract in contracts}
        self._loaded: set[tuple[str, str]] = set()

    @classmethod
    @contextmanager
    def gathered(cls, contracts: Sequence[Contract], run: Run) -> "Iterator[Evidence]":
        """Open an empty store; what it holds on disk goes away with it."""
        import duckdb

        with TemporaryDirectory(prefix="quayside-gate-") as folder:
            settings = {"memory_limit": _MEMORY, "temp_directory": folder, "threads": 1}
            with duckdb.connect(config=settings) as connection:  # type: ignore[arg-type]
                connection.execute(_TABLES)
                yield cls(connection, contracts, run)

    def forget_batch(self) -> None:
        """Begin with another batch."""
        self._database.execute("delete from versions; delete from referenced")

    def add(self, contract: Contract, rows: pa.RecordBatch) -> None:
        """Note versions and references of some rows of the batch."""
        names = rows.schema.names
        if contract.key.name not in names:
            return
        # A struct of fixed name: the statements below name no column of a contract.
        content = pa.StructArray.from_arrays(rows.columns, fields=list(rows.schema))
        if contract.cursor in names:
            self._insert(
                "insert into versions select hash(key::varchar), version, hash(content) from batch",
                {"key": rows.column(contract.key.name), "version": rows.column(contract.cursor), "content": content},
            )
        for column in references(contract):
            if column.name in names:
                self._insert(
                    """insert into referenced select $place, hash(key::varchar), count(*) from batch
                             where key is not null group by all""",
                    {"key": rows.column(column.name)},
                    place=column.name,
                )

    def conflicting_versions(self) -> int:
        """Return how many pairs of key and version the batch has with different content.

        A dataset without a cursor has no versions to conflict: a sale that is sent again is corrected by that.
        """
        return sum(
            int(number)
            for [[number]] in self._in_parts(
                "versions",
                """select count(*) from (
            select 1 from versions where key % $parts::ubigint = $part::ubigint
            group by key, version having min(content) <> max(content))""",
            )
        )

    def missing(self, column: Column) -> tuple[int, int]:
        """Return how many keys that the batch refers to exist nowhere, and in how many of its rows."""
        target = str(column.references).rpartition(".")[0]
        for load in (self._load_pending, self._load_curated):
            load(target)
            keys, rows = self._missing(column.name, target)
            if keys == 0:
                break
        return keys, rows

    def _missing(self, place: str, target: str) -> tuple[int, int]:
        found = [
            (int(keys), int(rows))
            for [[keys, rows]] in self._in_parts(
                "known",
                """
            select count(distinct key), coalesce(sum(occurrences), 0)::bigint from referenced
            where place = $place and key % $parts::ubigint = $part::ubigint
            and key not in (select key from known where dataset = $target and key % $parts::ubigint = $part::ubigint)
            """,
                place=place,
                target=target,
            )
        ]
        return sum(keys for keys, _ in found), sum(rows for _, rows in found)

    def _in_parts(self, table: Literal["versions", "known"], statement: str, **values: str) -> Iterator[list[Any]]:
        """Ask about a part of the keys at a time."""
        [[rows]] = self._database.execute(_COUNT[table]).fetchall()
        parts = int(rows) // _AT_ONCE + 1
        for part in range(parts):
            yield self._database.execute(statement, {"parts": parts, "part": part, **values}).fetchall()

    def _load_pending(self, target: str) -> None:
        """Learn the keys of batches that have not reached the current table yet."""
        if (target, "pending") in self._loaded:
            return
        self._loaded.add((target, "pending"))
        key, ledger, lake = self._contract(target).key.name, self._run.ledger, self._run.lake
        for entry in [*ledger.pending(target, "gate"), *ledger.pending(target, "curate")]:
            manifest = Manifest.from_dict(lake.read_json(entry.manifest))
            for chunk in chunks(self._contract(target), manifest, lake, columns=[key]):
                self._know(target, chunk.rows.column(key))

    def _load_curated(self, target: str) -> None:
        if (target, "curated") in self._loaded:
            return
        from quayside.curated import current_keys

        self._loaded.add((target, "curated"))
        for key in current_keys(self._contract(target), self._run).column("key").chunks:
            self._know(target, key)

    def _know(self, target: str, keys: "pa.Array[Any]") -> None:
        self._insert("insert into known select $target, hash(key::varchar) from batch", {"key": keys}, target=target)

    def _contract(self, name: str) -> Contract:
        return self._contracts.get(name) or load_contract(name)

    def _insert(self, statement: str, columns: "dict[str, pa.Array[Any]]", **values: str) -> None:
        self._database.register("batch", pa.table(columns))
        self._database.execute(statement, values)
        self._database.unregister("batch")


def references(contract: Contract) -> list[Column]:
    """Return the columns that point to another dataset's key.

    :raises Terminal: one of them points to something else than ``<domain>.<dataset>.<column>``
    """
    columns = [column for column in contract.columns if column.references]
    for column in columns:
        if str(column.references).count(".") != 2:
            raise Terminal(
                f"Contract {contract.name}: {column.name} refers to {column.references}; write "
                "<domain>.<dataset>.<column>."
            )
    return columns

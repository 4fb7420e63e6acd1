"""COPY as a stream: whole, in bounded memory, and with the source's own errors."""

from collections.abc import Iterator

import psycopg
import pyarrow as pa
import pytest
from psycopg import sql

from local.postgres import Postgres
from quayside.errors import Terminal
from quayside.sources import copying
from quayside.sources.copying import copy


@pytest.fixture
def connection(postgres: Postgres) -> Iterator[psycopg.Connection]:
    with psycopg.connect(f"{postgres.url}/postgres", autocommit=True) as made:
        yield made


def read(connection: psycopg.Connection, query: str, **types: pa.DataType) -> list[pa.Table]:
    tables: list[pa.Table] = []
    rows = copy(connection, sql.SQL(query), pa.schema(list(types.items())), tables.append)
    assert rows == sum(len(table) for table in tables)
    return tables


def test_many_blocks_arrive_once_and_in_order(connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "BLOCK", 10_000)
    tables = read(
        connection, "select i, repeat('x', 20) from generate_series(1, 50000) as i", i=pa.int32(), t=pa.string()
    )

    assert pa.concat_tables(tables)["i"].to_pylist() == list(range(1, 50_001))
    assert len(tables) > 10, "handed on in pieces"
    assert connection.execute("select 1").fetchone() == (1,), "the connection is free again"


@pytest.mark.parametrize("rows", [0, 1])
def test_few_rows_arrive(connection: psycopg.Connection, rows: int) -> None:
    tables = read(connection, f"select i from generate_series(1, {rows}) as i", i=pa.int32())
    assert sum(len(table) for table in tables) == rows
    assert connection.execute("select 1").fetchone() == (1,)


def test_a_row_larger_than_a_block_arrives(connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "BLOCK", 1_000)
    tables = read(
        connection, "select i, repeat(E'x\\n', i * 50000) from generate_series(1, 3) as i", i=pa.int32(), t=pa.string()
    )

    assert [len(text) for table in tables for text in table["t"].to_pylist()] == [100_000, 200_000, 300_000]


def test_a_lone_column_of_nothing_keeps_its_rows(connection: psycopg.Connection) -> None:
    [table] = read(connection, "select * from (values (null), ('a'), (''), (null)) as rows (t)", t=pa.string())
    assert table["t"].to_pylist() == [None, "a", "", None]


def test_what_the_source_says_in_the_middle_is_raised(connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        read(
            connection,
            "select 1 / (i - 30000), repeat('x', 100) from generate_series(1, 60000) as i",
            i=pa.int32(),
            t=pa.string(),
        )
    assert connection.execute("select 1").fetchone() == (1,)


def test_what_the_taker_raises_ends_the_copy(connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "BLOCK", 10_000)

    def refuse(_: pa.Table) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        copy(
            connection,
            sql.SQL("select i from generate_series(1, 3000000) as i"),
            pa.schema([("i", pa.int32())]),
            refuse,
        )
    assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("value", ["'NaN'::numeric", "'infinity'::timestamp"])
def test_a_value_that_cannot_be_carried_is_named(connection: psycopg.Connection, value: str) -> None:
    kind = pa.decimal128(10, 2) if "numeric" in value else pa.timestamp("ms")
    with pytest.raises(Terminal, match=r"NaN|infinity"):
        read(connection, f"select {value}", v=kind)

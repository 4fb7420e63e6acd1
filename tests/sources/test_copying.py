"""COPY as a stream: whole, in bounded memory, and with the source's own errors."""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

import psycopg
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from psycopg import sql

from local.postgres import Postgres
from local.processes import free_port
from quayside.errors import Terminal
from quayside.settings import Credentials
from quayside.sources import copying
from quayside.sources.copying import copy
from quayside.sources.stream import Stream

Way = Callable[[sql.Composable, pa.Schema, Callable[[pa.Table], None]], int]


@pytest.fixture(scope="module", params=["connection", "stream"])
def way(request: pytest.FixtureRequest, postgres: Postgres) -> Iterator[Way]:
    """Both that copy: within a connection's transaction, and as a stream of its own."""
    if request.param == "connection":
        with psycopg.connect(f"{postgres.url}/postgres", autocommit=True) as connection:
            yield partial(copy, connection)
    else:
        credentials = Credentials("127.0.0.1", postgres.port, "postgres", "postgres", postgres.password)
        with closing(Stream(credentials)) as stream:
            yield stream.copy


def read(way: Way, query: str | sql.Composable, **types: pa.DataType) -> list[pa.Table]:
    tables: list[pa.Table] = []
    composed = sql.SQL(query) if isinstance(query, str) else query
    rows = way(composed, pa.schema(list(types.items())), tables.append)
    assert rows == sum(len(table) for table in tables)
    return tables


def free(way: Way) -> bool:
    [table] = read(way, "select 1", i=pa.int32())
    return bool(table["i"].to_pylist() == [1])


def test_many_blocks_arrive_once_and_in_order(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "BLOCK", 10_000)
    monkeypatch.setattr(copying, "GROUP", 1)
    tables = read(way, "select i, repeat('x', 20) from generate_series(1, 50000) as i", i=pa.int32(), t=pa.string())

    assert pa.concat_tables(tables)["i"].to_pylist() == list(range(1, 50_001))
    assert len(tables) > 3, "handed on in pieces"
    assert free(way)


@pytest.mark.parametrize("rows", [0, 1])
def test_few_rows_arrive(way: Way, rows: int) -> None:
    tables = read(way, f"select i from generate_series(1, {rows}) as i", i=pa.int32())
    assert sum(len(table) for table in tables) == rows
    assert free(way)


def test_a_row_larger_than_a_block_arrives(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "BLOCK", 1_000)
    tables = read(
        way, "select i, repeat(E'x\\n', i * 50000) from generate_series(1, 3) as i", i=pa.int32(), t=pa.string()
    )

    assert [len(text) for table in tables for text in table["t"].to_pylist()] == [100_000, 200_000, 300_000]


def test_a_lone_column_of_nothing_keeps_its_rows(way: Way) -> None:
    [table] = read(way, "select * from (values (null), ('a'), (''), (null)) as rows (t)", t=pa.string())
    assert table["t"].to_pylist() == [None, "a", "", None]


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from("\\\\\\nNtbr\n\t\r\"',."))


@example(texts=["\\N", None, "", "\\", "\\n", "\n", "\\\\n", "\\.", "a\tb\\tc", '"', "\r\n", "\b\f\v", "O'Brien 🎉"])
@given(texts=st.lists(st.none() | TEXT, min_size=1, max_size=20))
def test_any_text_arrives_as_it_is(way: Way, texts: list[str | None]) -> None:
    rows = sql.SQL(", ").join(sql.SQL("({}, {}::text)").format(number, text) for number, text in enumerate(texts))
    query = sql.SQL("select t, n, t from (values {}) as rows (n, t) order by n").format(rows)
    [table] = read(way, query, first=pa.string(), number=pa.int32(), last=pa.string())

    assert table["first"].to_pylist() == texts
    assert table["last"].to_pylist() == texts


def test_what_the_source_says_in_the_middle_is_raised(way: Way) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        read(
            way,
            "select 1 / (i - 30000), repeat('x', 100) from generate_series(1, 60000) as i",
            i=pa.int32(),
            t=pa.string(),
        )
    assert free(way)


def test_what_the_source_says_under_a_code_of_its_own_is_raised(way: Way, postgres: Postgres) -> None:
    refuse = """
        create or replace function refuse() returns int language plpgsql as
        $$ begin raise exception 'not on Sundays' using errcode = 'ZZ001'; end $$
    """
    with psycopg.connect(f"{postgres.url}/postgres", autocommit=True) as admin:
        admin.execute(refuse)

    with pytest.raises(psycopg.DatabaseError, match="not on Sundays"):
        read(way, "select refuse()", i=pa.int32())
    assert free(way)


def test_what_the_taker_raises_ends_the_copy(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "BLOCK", 10_000)

    def refuse(_: pa.Table) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        way(
            sql.SQL("select i from generate_series(1, 3000000) as i"),
            pa.schema([("i", pa.int32())]),
            refuse,
        )
    assert free(way)


def test_a_stream_that_finds_nobody_or_is_not_let_in_says_so(postgres: Postgres) -> None:
    for port, password, error in (
        (free_port(), postgres.password, "connection failed"),
        (postgres.port, "wrong", "password authentication failed"),
    ):
        stream = Stream(Credentials("127.0.0.1", port, "postgres", "postgres", password))
        with closing(stream), pytest.raises(psycopg.OperationalError, match=error):
            read(stream.copy, "select 1", i=pa.int32())


def test_a_stream_that_is_cut_off_is_lost_and_hangs_nowhere(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "BLOCK", 10_000)

    def cut(_: pa.Table) -> None:
        with psycopg.connect(f"{postgres.url}/postgres", autocommit=True) as admin:
            admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'quayside'")

    credentials = Credentials("127.0.0.1", postgres.port, "postgres", "postgres", postgres.password)
    with closing(Stream(credentials)) as stream, pytest.raises(psycopg.OperationalError, match=r"closed|terminating"):
        stream.copy(sql.SQL("select i from generate_series(1, 3000000) as i"), pa.schema([("i", pa.int32())]), cut)


@pytest.mark.parametrize("value", ["'NaN'::numeric", "'infinity'::timestamp"])
def test_a_value_that_cannot_be_carried_is_named(way: Way, value: str) -> None:
    kind = pa.decimal128(10, 2) if "numeric" in value else pa.timestamp("ms")
    with pytest.raises(Terminal, match=r"NaN|infinity"):
        read(way, f"select {value}", v=kind)

"""Records that were landed as lines of JSON, read as the columns of their contract.

DuckDB casts and computes, over blocks of lines that never become Python objects. What is there but does not fit its
column is null, and told beside.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from quayside.contract import Contract
from quayside.errors import Terminal
from quayside.lake import Lake
from quayside.quality.checks import READABLE, fitting_check
from quayside.quality.extraction import FUNCTIONS, LINES, ORDINAL, landed_name, to_query
from quayside.types import arrow_schema
from quayside.upload import failures

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BLOCK = 8 * 1024 * 1024  # of text at once: some thousands of sales
_MEMORY = "128MB"


@dataclass(frozen=True, slots=True)
class Unfit:
    """Rows of a block that cannot be read as the contract wants.

    :param positions: in the block, ascending
    :param values: what stands there; nothing where the whole line is meant
    """

    positions: np.ndarray
    values: list[str | None]


@dataclass(frozen=True, slots=True)
class Block:
    """Some landed records.

    :param rows: the contract's columns
    :param lines: as landed
    :param unfit: name of a check → what breaks it
    """

    rows: pa.RecordBatch
    lines: "pa.Array[Any]"
    unfit: Mapping[str, Unfit]


class Records:
    """Reads the landed records of one contract."""

    def __init__(self, connection: "DuckDBPyConnection", contract: Contract) -> None:
        self._connection, self._query = connection, to_query(contract)
        self._schema = arrow_schema(contract)
        self._checks = {landed_name(column.name): fitting_check(column) for column in contract.columns if column.path}

    @classmethod
    @contextmanager
    def of(cls, contract: Contract) -> "Iterator[Records]":
        """Prepare to read.

        :raises Terminal: a path or an expression of the contract makes no sense
        """
        import duckdb

        with duckdb.connect(config={"memory_limit": _MEMORY, "threads": 1}) as connection:
            connection.execute(FUNCTIONS)
            yield cls(connection, contract)

    def read(self, lake: Lake, keys: list[str]) -> Iterator[Block]:
        """Give the records of some objects, in the order of their lines.

        :raises Retryable: the lake did not give them
        :raises Terminal: an expression of the contract cannot be computed, or a line is not where its number says
        """
        start = 0
        for key in keys:
            for lines in lines_of(lake, key):
                yield self._read(lines, start, key)
                start += len(lines)

    def _read(self, lines: "pa.Array[Any]", start: int, key: str) -> Block:
        import duckdb

        self._connection.register(LINES, pa.table({"line": lines}))
        try:
            found = self._connection.sql(self._query).to_arrow_table().combine_chunks()
        except duckdb.Error as error:
            raise Terminal(f"{key} cannot be read as its contract says: {error}") from error
        finally:
            self._connection.unregister(LINES)
        read = np.flatnonzero(found[ORDINAL].is_valid().to_numpy())
        if not np.array_equal(found[ORDINAL].drop_null().to_numpy(), read + start):
            raise Terminal(f"{key}: its lines are not numbered one after the other; was it changed by hand?")
        unfit = {check.name: _unfit(found[name]) for name, check in self._checks.items()}
        unreadable = np.setdiff1d(np.arange(len(lines)), read)
        unfit[READABLE.name] = Unfit(unreadable, [None] * len(unreadable))
        [rows] = found.select(self._schema.names).cast(self._schema).to_batches()
        return Block(rows, lines, {name: each for name, each in unfit.items() if len(each.positions)})


def lines_of(lake: Lake, key: str) -> "Iterator[pa.Array[Any]]":
    """Give the lines of a gzipped text object, some megabytes at a time.

    :raises Retryable: the lake did not give it
    :raises Terminal: there is no such object, or it is no text
    """
    with failures(f"read {key}"), lake.filesystem.open_input_stream(key, compression="gzip") as stream:
        rest = b""
        while block := stream.read(BLOCK):
            whole, newline, rest = (rest + block).rpartition(b"\n")
            if newline:
                yield _split(whole, key)
        if rest:
            yield _split(rest, key)


def _split(text: bytes, key: str) -> "pa.Array[Any]":
    try:
        whole = pa.array([text], pa.large_binary()).cast(pa.large_string())
    except pa.ArrowInvalid as error:
        raise Terminal(f"{key} is not UTF-8: {error}") from error
    return pc.split_pattern(whole, "\n").flatten().cast(pa.string())


def _unfit(values: "pa.ChunkedArray[Any]") -> Unfit:
    positions = np.flatnonzero(values.is_valid().to_numpy())
    return Unfit(positions, values.take(positions).to_pylist())

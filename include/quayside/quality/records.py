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
from quayside.quality.checks import READABLE, fitting_check, lacking_check
from quayside.quality.extraction import (
    FUNCTIONS,
    LINES,
    ORDINAL,
    STRUCTURE,
    demanding_lists,
    lacking_name,
    landed_name,
    to_query,
)
from quayside.quality.shapes import Shapes
from quayside.types import arrow_schema
from quayside.upload import failures

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BLOCK = 6 * 1024 * 1024  # of text that is checked at once: some thousands of sales
AT_ONCE = 256  # lines that DuckDB parses at once: what its functions make of them is there until all are done with
_MEMORY = "96MB"


type Values = Mapping[int, str | None]  # by position in a block, what stands there; nothing where all of it is meant


@dataclass(frozen=True, slots=True)
class Block:
    """Some landed records.

    :param rows: the contract's columns
    :param lines: as landed, each with its end
    :param unfit: name of a check → what breaks it that no column can hold
    """

    rows: pa.RecordBatch
    lines: "pa.Array[Any]"
    unfit: Mapping[str, Values]


class Records:
    """Reads the landed records of one contract."""

    def __init__(self, connection: "DuckDBPyConnection", contract: Contract) -> None:
        self._connection, self._query = connection, to_query(contract)
        self._schema = arrow_schema(contract)
        self._shapes = Shapes(contract)
        self._columns = {landed_name(each.name): fitting_check(each).name for each in contract.columns if each.path}
        self._columns |= {lacking_name(each.name): lacking_check(each).name for each in demanding_lists(contract)}

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

        parts = [lines.slice(first, AT_ONCE) for first in range(0, len(lines), AT_ONCE)]
        self._connection.register(LINES, pa.table([pa.chunked_array(parts)], names=["line"]))
        try:
            found = self._connection.sql(self._query).to_arrow_table().combine_chunks()
        except duckdb.Error as error:
            raise Terminal(f"{key} cannot be read as its contract says: {error}") from error
        finally:
            self._connection.unregister(LINES)
        read = np.flatnonzero(found[ORDINAL].is_valid().to_numpy())
        if not np.array_equal(found[ORDINAL].drop_null().to_numpy(), read + start):
            raise Terminal(f"{key}: its lines are not numbered one after the other; was it changed by hand?")
        [rows] = found.select(self._schema.names).cast(self._schema).to_batches()
        unreadable = np.setdiff1d(np.arange(len(lines)), read)
        said = {name: _where(found[column]) for column, name in self._columns.items()}
        unfit = _merged(self._misfits(found[STRUCTURE]), said)
        unfit[READABLE.name] = dict.fromkeys(unreadable.tolist())
        return Block(rows, lines, {name: values for name, values in unfit.items() if values})

    def _misfits(self, structures: "pa.ChunkedArray[Any]") -> Mapping[str, Values]:
        """Return what has other types than the contract wants, for each check by position."""
        found: dict[str, dict[int, str]] = {}
        for structure in structures.unique().drop_null().to_pylist():
            if misfits := self._shapes.misfits(str(structure)):
                positions = np.flatnonzero(
                    pc.equal(structures, pa.scalar(str(structure))).fill_null(False).to_numpy()
                ).tolist()
                for name, kind in misfits.items():
                    found.setdefault(f"{name}.type", {}).update(dict.fromkeys(positions, kind))
        return found


def lines_of(lake: Lake, key: str) -> "Iterator[pa.Array[Any]]":
    """Give the lines of a gzipped text object, each with its end, some megabytes at a time.

    :raises Retryable: the lake did not give it
    :raises Terminal: there is no such object, or it is no text
    """
    with failures(f"read {key}"), lake.filesystem.open_input_stream(key, compression="gzip") as stream:
        rest, more = b"", True
        while more:
            text, more = _filled(stream, rest)
            end = text.rfind(b"\n") + 1
            rest = text[end:]
            if end:
                yield _split(text, end, key)
        if rest:
            yield _split(rest + b"\n", len(rest) + 1, key)


def _filled(stream: pa.NativeFile, begun: bytes) -> tuple[bytes, bool]:
    """Read a block more than what has begun, as one read may give little; tell whether there may be more."""
    parts, left = [begun], BLOCK
    while left > 0:
        part = stream.read(left)
        if not part:
            return b"".join(parts), False
        parts.append(part)
        left -= len(part)
    return b"".join(parts), True


def _split(text: bytes, end: int, key: str) -> "pa.Array[Any]":
    """Return the lines of a text up to an end, as places in it: nothing is copied."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8, end) == ord("\n")) + 1
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    lines = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(text))
    try:
        lines.validate(full=True)
    except pa.ArrowInvalid as error:
        raise Terminal(f"{key} is not UTF-8: {error}") from error
    return lines


def _where(values: "pa.ChunkedArray[Any]") -> Values:
    positions = np.flatnonzero(values.is_valid().to_numpy())
    return dict(zip(positions.tolist(), values.take(positions).to_pylist(), strict=True))


def _merged(first: Mapping[str, Values], then: Mapping[str, Values]) -> dict[str, Values]:
    """Return what stands where; the text itself, where there is one, says more than its type."""
    return {name: {**first.get(name, {}), **then.get(name, {})} for name in {**first, **then}}

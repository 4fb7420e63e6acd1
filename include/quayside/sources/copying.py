"""``COPY … TO STDOUT`` → Arrow: rows as a stream, exact, in bounded memory, never as Python objects."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import psycopg
import pyarrow as pa
from psycopg import sql
from pyarrow import compute as pc
from pyarrow import csv

from quayside.errors import Terminal

BLOCK = 1024 * 1024
GROUP = 8  # blocks that are handed on together: about 85,000 rows of a hundred bytes, one Parquet row group
# What COPY writes, and what it means, to be replaced in this order. Two backslashes are one, kept aside meanwhile as
# NUL, which no text of PostgreSQL's holds: else the `\\n` of a path would become a line's end.
ESCAPES = [
    ("\\\\", "\0"),
    ("\\b", "\b"),
    ("\\f", "\f"),
    ("\\n", "\n"),
    ("\\r", "\r"),
    ("\\t", "\t"),
    ("\\v", "\v"),
    ("\0", "\\"),
]

Take = Callable[[pa.Table], None]


def copy(connection: psycopg.Connection, query: sql.Composable, schema: pa.Schema, take: Take) -> int:
    """Read a query's rows within a connection's transaction; return how many there were.

    :param schema: names and types of the query's columns, in its order
    :param take: is handed the rows in tables of about 8 MB of text
    :raises psycopg.Error: what the source says
    :raises Terminal: a value that the column's type cannot hold, such as the timestamp ``infinity``
    """
    with Tables(schema, take) as tables:
        with connection.cursor().copy(statement(query)) as rows:
            for row in rows:
                if parsing := tables.add(row):
                    parsing.result()
        tables.finish()
    return tables.rows


def statement(query: sql.Composable) -> sql.Composed:
    """Return the COPY whose bytes `Tables` takes."""
    return sql.SQL("copy ({}) to stdout").format(query)


class Tables:
    """Makes tables of the bytes of a COPY, in a thread of its own, while more bytes arrive."""

    def __init__(self, schema: pa.Schema, take: Take) -> None:
        self._schema, self._take = schema, take
        self._block = bytearray()
        self._parsed: list[pa.Table] = []
        self._parser = ThreadPoolExecutor(1, thread_name_prefix="parse")
        self._parsing: Future[None] | None = None
        self.rows = 0

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the thread; after an error, what was not handed on is dropped."""
        self._parser.shutdown(cancel_futures=True)

    def add(self, rows: "bytes | bytearray | memoryview[int]") -> "Future[None] | None":
        """Take some whole rows; return what must be waited for before more are added, if anything.

        The wait is the caller's, who may have an event loop; it raises what the parser or ``take`` raised.
        """
        self._block += rows
        return self._hand_over() if len(self._block) >= BLOCK else None

    def finish(self) -> None:
        """Hand on what is left."""
        for waiting in (self._hand_over(), self._parsing):
            if waiting:
                waiting.result()
        if self._parsed:
            self._parser.submit(self._hand_on).result()

    def _hand_over(self) -> "Future[None] | None":
        before, block = self._parsing, self._block
        if block:
            self._block = bytearray()
            self._parsing = self._parser.submit(self._parse, block)
        return before

    def _parse(self, block: bytearray) -> None:
        self._parsed.append(_parse(block, self._schema))
        self.rows += self._parsed[-1].num_rows
        if len(self._parsed) == GROUP:
            self._hand_on()

    def _hand_on(self) -> None:
        self._take(pa.concat_tables(self._parsed))
        self._parsed.clear()


def _parse(block: bytearray, schema: pa.Schema) -> pa.Table:
    convert = csv.ConvertOptions(
        column_types=schema,
        null_values=["\\N"],
        strings_can_be_null=True,
        true_values=["t"],
        false_values=["f"],
    )
    read = csv.ReadOptions(column_names=schema.names, use_threads=False, block_size=max(2 * BLOCK, len(block) + 1))
    # COPY escapes a tab or a line's end within a value: every raw one separates. (newlines_in_values only because
    # pyarrow is a third faster where it need not look for the last line's end of a block.)
    parse = csv.ParseOptions(
        delimiter="\t", quote_char=False, escape_char=False, newlines_in_values=True, ignore_empty_lines=False
    )
    try:
        table = csv.read_csv(pa.BufferReader(block), read_options=read, parse_options=parse, convert_options=convert)  # type: ignore[arg-type]
    except pa.ArrowInvalid as error:
        raise Terminal(f"A value cannot be carried: {error}. Correct it in the source.") from error
    if b"\\" in block:
        for number, field in enumerate(schema):
            if pa.types.is_string(field.type):
                table = table.set_column(number, field, _unescaped(table.column(number)))
    return table


def _unescaped(texts: "pa.ChunkedArray[Any]") -> "pa.ChunkedArray[Any]":
    for written, meant in ESCAPES:
        texts = pc.replace_substring(texts, written, meant)
    return texts

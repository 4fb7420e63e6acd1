"""``COPY … TO STDOUT`` → Arrow: rows as a stream, exact, in bounded memory, never as Python objects."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
import pyarrow as pa
from psycopg import sql
from pyarrow import csv

from quayside.errors import Terminal

BLOCK = 1024 * 1024
GROUP = 8  # blocks that are handed on together: about 85,000 rows of a hundred bytes, one Parquet row group


def copy(
    connection: psycopg.Connection, query: sql.Composable, schema: pa.Schema, take: Callable[[pa.Table], None]
) -> int:
    """Read a query's rows and hand them on in tables of about 8 MB of text; return how many rows there were.

    While the next block comes over the wire, a thread of its own parses the last and calls ``take``.

    :param schema: names and types of the query's columns, in its order
    :raises psycopg.Error: what the source says
    :raises Terminal: a value that the column's type cannot hold, such as the timestamp ``infinity``
    """
    statement = sql.SQL("copy ({}) to stdout (format csv)").format(query)
    rows = 0
    tables: list[pa.Table] = []

    def parse(block: bytearray) -> None:
        nonlocal rows
        tables.append(_parse(block, schema))
        rows += tables[-1].num_rows
        if len(tables) == GROUP:
            hand_on()

    def hand_on() -> None:
        take(pa.concat_tables(tables))
        tables.clear()

    with ThreadPoolExecutor(1, thread_name_prefix="parse") as parser, connection.cursor() as cursor:
        parsing: Future[None] | None = None
        with cursor.copy(statement) as rows_of:
            for block in _blocks(rows_of, connection.pgconn):
                if parsing is not None:
                    parsing.result()
                parsing = parser.submit(parse, block)
        if parsing is not None:
            parsing.result()
        if tables:
            parser.submit(hand_on).result()
    return rows


def _blocks(rows: psycopg.Copy, pgconn: psycopg.pq.abc.PGconn) -> Iterator[bytearray]:
    """Yield the rows of a COPY in blocks, each ending on a row: every message of the protocol is one whole row."""
    block = bytearray()
    while True:
        # What libpq has read already costs half of what psycopg's own reading does; asked not to wait (1), because
        # waiting there would keep every other thread waiting too.
        size, row = pgconn.get_copy_data(1)
        if size == 0:
            waited = rows.read()  # waits, and raises what the server says; empty at the end
            if not waited:
                break
            block += waited
        elif size < 0:
            result = pgconn.get_result()
            pgconn.get_result()  # none left: the connection is idle again
            if result is not None and result.status != psycopg.pq.ExecStatus.COMMAND_OK:
                raise psycopg.errors.error_from_result(result)
            break
        else:
            block += row
        if len(block) >= BLOCK:
            yield block
            block = bytearray()
    if block:
        yield block


def _parse(block: bytearray, schema: pa.Schema) -> pa.Table:
    # Unquoted nothing is null and quoted nothing is '': so COPY writes them, and so they stay apart.
    convert = csv.ConvertOptions(
        column_types=schema,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        true_values=["t"],
        false_values=["f"],
    )
    read = csv.ReadOptions(column_names=schema.names, use_threads=False, block_size=max(2 * BLOCK, len(block) + 1))
    parse = csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)
    try:
        return csv.read_csv(pa.BufferReader(block), read_options=read, parse_options=parse, convert_options=convert)  # type: ignore[arg-type]
    except pa.ArrowInvalid as error:
        raise Terminal(f"A value cannot be carried: {error}. Correct it in the source.") from error

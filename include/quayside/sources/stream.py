"""A connection that does nothing but copy rows out, as fast as they can be had."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import asyncpg
import psycopg
import pyarrow as pa
from psycopg import sql

from quayside.settings import Credentials
from quayside.sources.copying import Tables, Take
from quayside.sources.session import KEEPALIVE_COUNT, KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, SETTINGS

FEW = 100_000  # bytes: less than this at a time, and both sides do little else than wake each other
REST = 0.002  # seconds in which more arrives


class Stream:
    """Copies the rows of queries, one query at a time; connects when it is first used.

    psycopg gives each row to Python by itself, which takes longer than everything else that is done to the row.
    asyncpg gives all that has arrived at once. Its errors are raised as psycopg's: the platform knows one kind.

    :param source: where the rows are
    :param begin: statements before the first copy, such as those that join a snapshot
    """

    def __init__(self, source: Credentials, begin: Sequence[str] = ()) -> None:
        self._source, self._begin = source, begin
        self._loop = asyncio.Runner()
        self._connection: Any = None

    def copy(self, query: sql.Composable, schema: pa.Schema, take: Take) -> int:
        """Read a query's rows; return how many there were.

        :param schema: names and types of the query's columns, in its order
        :param take: is handed the rows in tables of about 8 MB of text
        :raises psycopg.Error: what the source says
        :raises Terminal: a value that the column's type cannot hold, such as the timestamp ``infinity``
        """
        with Tables(schema, take) as tables:
            self._loop.run(self._copy(query.as_string(), tables))
            tables.finish()
        return tables.rows

    def close(self) -> None:
        """Disconnect."""
        if self._connection is not None:
            self._connection.terminate()
        self._loop.close()

    async def _copy(self, query: str, tables: Tables) -> None:
        async def arrived(rows: bytes) -> None:
            if parsing := tables.add(rows):
                await asyncio.wrap_future(parsing)
            elif len(rows) < FEW:
                await asyncio.sleep(REST)

        with _errors():
            if self._connection is None:
                self._connection = await self._connect()
            await self._connection.copy_from_query(query, output=arrived)

    async def _connect(self) -> Any:
        try:
            connection = await asyncpg.connect(
                host=self._source.host,
                port=self._source.port,
                database=self._source.dbname,
                user=self._source.username,
                password=self._source.password,
                timeout=10,
                server_settings={**SETTINGS, "application_name": "quayside"},
            )
        except OSError as error:
            raise psycopg.OperationalError(f"connection failed: {error}") from error
        # asyncpg has no option for these, and without them a peer that is gone would be waited for.
        wire: socket.socket = connection._transport.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (
            (getattr(socket, "TCP_KEEPIDLE", None), KEEPALIVE_IDLE),
            (getattr(socket, "TCP_KEEPINTVL", None), KEEPALIVE_INTERVAL),
            (getattr(socket, "TCP_KEEPCNT", None), KEEPALIVE_COUNT),
        ):
            if option is not None:  # macOS calls the first by another name
                wire.setsockopt(socket.IPPROTO_TCP, option, value)
        try:
            for statement in self._begin:
                await connection.execute(statement)
        except asyncpg.PostgresError as error:  # a snapshot ends with the connection that took it
            connection.terminate()
            raise psycopg.OperationalError(f"cannot begin: {error}") from error
        return connection


@contextmanager
def _errors() -> Iterator[None]:
    """Raise asyncpg's errors as psycopg's."""
    try:
        yield
    except asyncpg.PostgresError as error:
        try:
            kind = psycopg.errors.lookup(error.sqlstate) if error.sqlstate else psycopg.OperationalError
        except KeyError:  # PostgreSQL lets a function raise any code
            kind = psycopg.DatabaseError
        raise kind(str(error)) from error
    except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise psycopg.OperationalError(str(error)) from error

"""A PostgreSQL source: one read-only snapshot, shared by several connections, and what its catalog says of a table."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from queue import SimpleQueue

import psycopg
from psycopg import sql

from quayside.errors import Retryable, Terminal
from quayside.settings import Credentials
from quayside.sources.session import KEEPALIVE_COUNT, KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, SETTINGS
from quayside.sources.stream import Stream

SCHEMA = "public"
SESSION = {
    "options": " ".join(f"-c {name}={value}" for name, value in SETTINGS.items()),
    "client_encoding": "UTF8",
    "keepalives_idle": KEEPALIVE_IDLE,
    "keepalives_interval": KEEPALIVE_INTERVAL,
    "keepalives_count": KEEPALIVE_COUNT,
}
BEGIN = sql.SQL("begin transaction isolation level repeatable read, read only")
JOIN = sql.SQL("set transaction snapshot {}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which server's transaction ids these are.

    :param system: the cluster's identifier; a copy made by dump and restore has another
    :param start: its timeline and when it was started: differs after a fail-over, a restore from backup, a restart
    """

    system: str
    start: str

    def __str__(self) -> str:
        """Return ``<system>/<start>``, as the ledger keeps it."""
        return f"{self.system}/{self.start}"

    @classmethod
    def parse(cls, text: str) -> "Identity":
        """Read what ``str`` returned."""
        system, _, start = text.partition("/")
        return cls(system=system, start=start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A state of the whole database that every reader sees, however long it reads and whatever is written meanwhile.

    :param at: the source's clock when it was taken, UTC without offset, to the millisecond
    :param horizon: every transaction with a lower id (64 bit) had ended when it was taken
    :param upcoming: the first id that had not been given out
    """

    at: datetime
    horizon: int
    upcoming: int
    identity: Identity
    _idle: SimpleQueue[psycopg.Connection]
    _streams: SimpleQueue[Stream]

    def stream(self) -> AbstractContextManager[Stream]:
        """Lend what copies rows of the snapshot fastest; waits while all are lent.

        :raises Retryable: the source was lost
        :raises Terminal: the source refuses
        """
        return _lent(self._streams)

    def reader(self) -> AbstractContextManager[psycopg.Connection]:
        """Lend a connection that sees the snapshot; waits while all are lent.

        :raises Retryable: the source was lost
        :raises Terminal: the source refuses
        """
        return _lent(self._idle)


@contextmanager
def _lent[T](queue: SimpleQueue[T]) -> Iterator[T]:
    lent = queue.get()
    try:
        with failures():
            yield lent
    finally:
        queue.put(lent)


def connect(source: Credentials) -> psycopg.Connection:
    """Connect to a source; the connection commits each statement until told otherwise.

    :raises Retryable: out of reach, or not ready
    :raises Terminal: it does not let this user in
    """
    try:
        return psycopg.connect(**source.conninfo(), **SESSION, autocommit=True)  # type: ignore[arg-type]
    except psycopg.OperationalError as error:
        # libpq gives no code for a refused connection, only the server's words.
        if any(words in str(error) for words in ("authentication failed", "no pg_hba.conf entry", "does not exist")):
            raise Terminal(
                f"{source!r} refuses the connection: {error}. "
                "Correct the secret in Secrets Manager, or let the user in on the server."
            ) from error
        raise Retryable(
            f"{source!r} is out of reach: {error}. If this lasts, look at the server and the network "
            "between (security group, port)."
        ) from error


@contextmanager
def open_snapshot(source: Credentials, tables: Sequence[str], *, readers: int) -> Iterator[Snapshot]:
    """Open one snapshot of the source for as many readers.

    The tables are locked against changes of their definition (not of their rows) before the snapshot is taken: after
    ``truncate`` or a rewriting ``alter table`` a snapshot from before would show an empty table.

    :raises Retryable: the source is out of reach, or a change of a table's definition is going on
    :raises Terminal: a table is missing, or may not be read
    """
    with ExitStack() as stack:
        with failures():
            snapshot = _take(stack, source, tables, readers)
        yield snapshot


def _take(stack: ExitStack, source: Credentials, tables: Sequence[str], readers: int) -> Snapshot:
    idle: SimpleQueue[psycopg.Connection] = SimpleQueue()
    first, *others = [stack.enter_context(closing(connect(source))) for _ in range(readers)]
    _require_readable(first, source, tables)
    first.execute(BEGIN)
    for table in tables:
        first.execute(sql.SQL("lock table {} in access share mode").format(sql.Identifier(SCHEMA, table)))
    row = first.execute(STATE).fetchone()
    assert row is not None  # nosec B101  # noqa: S101 (a query without from has one row)
    exported, at, horizon, upcoming, system, start = row
    idle.put(first)
    join = JOIN.format(sql.Literal(exported))
    for other in others:
        other.execute(BEGIN)
        other.execute(join)
        idle.put(other)
    streams: SimpleQueue[Stream] = SimpleQueue()
    for _ in range(readers):
        streams.put(stack.enter_context(closing(Stream(source, [BEGIN.as_string(), join.as_string()]))))
    return Snapshot(
        at=at,
        horizon=horizon,
        upcoming=upcoming,
        identity=Identity(system=system, start=start),
        _idle=idle,
        _streams=streams,
    )


STATE = """
select pg_export_snapshot(), date_trunc('milliseconds', clock_timestamp() at time zone 'UTC'),
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
       (select system_identifier from pg_control_system())::text,
       (select timeline_id from pg_control_checkpoint()) || '/'
           || (extract(epoch from pg_postmaster_start_time()) * 1000)::bigint
"""

READABLE = """
select wanted, class.relkind, has_schema_privilege(class.relnamespace, 'usage') and has_table_privilege(class.oid, 'select')
from unnest(%s::text[]) as wanted
left join pg_class as class on class.relname = wanted and class.relnamespace = to_regnamespace(%s)
"""


def _require_readable(connection: psycopg.Connection, source: Credentials, tables: Sequence[str]) -> None:
    missing, closed, others = [], [], []
    for table, kind, readable in connection.execute(READABLE, [list(tables), SCHEMA]):
        if kind is None:
            missing.append(table)
        elif not readable:
            closed.append(table)
        elif kind not in ("r", "p"):
            others.append(table)
    problems = []
    if missing:
        problems.append(
            f"no table {', '.join(missing)} in {source.dbname}.{SCHEMA}: restore it, or take its contract "
            "out of the pipeline's extracts"
        )
    if closed:
        grants = [
            sql.SQL("grant usage on schema {} to {};").format(sql.Identifier(SCHEMA), sql.Identifier(source.username))
        ]
        grants += [
            sql.SQL("grant select on {} to {};").format(sql.Identifier(SCHEMA, table), sql.Identifier(source.username))
            for table in closed
        ]
        problems.append(
            f"{source.username} may not read {', '.join(closed)}: run as its owner "
            f"{sql.SQL(' ').join(grants).as_string(connection)}"
        )
    if others:
        problems.append(
            f"{', '.join(others)}: not a table, so that changes of its rows cannot be followed; "
            "extract the tables it reads"
        )
    if problems:
        raise Terminal(f"{source!r}: {'; '.join(problems)}.")


@contextmanager
def failures() -> Iterator[None]:
    """Turn the errors of a PostgreSQL source into the platform's."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise Terminal(
            f"The source refuses: {_said(error)}. Grant the reading role the table, and exempt it from row security."
        ) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise Retryable(f"The source was lost, or gave up: {_said(error)}.") from error
    except psycopg.Error as error:
        raise Terminal(f"The source cannot answer: {_said(error)}.") from error


def _said(error: psycopg.Error) -> str:
    return " ".join(str(error).split()).rstrip(".")

"""Connections to the warehouse, who may write to it, and what its errors mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors

from quayside.errors import Retryable, Terminal
from quayside.settings import Credentials

WRITER = 7_305_800_310_846_113  # the advisory lock of whoever writes to the stars: any number that nobody else takes
TABLE_LOCK_TIMEOUT = "30s"
SETTINGS = {
    "statement_timeout": "30min",  # of one statement; a load of 10 million rows stays far below
    "lock_timeout": "10min",  # a second load waits so long for the first
    "idle_in_transaction_session_timeout": "10min",  # a worker that hangs gives its locks back
    "client_connection_check_interval": "10s",  # so does one that was killed while a statement ran
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",  # what a foreign key's check and an index's sort may take
    "search_path": "pg_temp",  # every other name is written with its schema
    "datestyle": "ISO, YMD",
}
# Connecting fails without an SQLSTATE; these will not mend by themselves.
_REFUSALS = ("authentication failed", "does not exist", "no pg_hba.conf entry", "permission denied")


@contextmanager
def warehouse(credentials: Credentials, purpose: str) -> Iterator[psycopg.Connection[Any]]:
    """Connect to the warehouse; commit at the end of the block, or roll back when it fails.

    :param purpose: what ``pg_stat_activity`` shows beside the platform's name
    :raises Retryable: out of reach, restarted in between, or a lock not to be had in time
    :raises Terminal: it refuses, and will again; the message says what to change
    """
    settings = " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in SETTINGS.items())
    words = {
        **credentials.conninfo(),
        "application_name": f"quayside {purpose}"[:63],
        "options": settings,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    }
    try:
        with psycopg.connect(**words) as connection:  # type: ignore[arg-type]
            yield connection
    except psycopg.Error as error:
        raise translated(error, credentials) from error


def lock(connection: psycopg.Connection[Any]) -> None:
    """Write to the stars alone until this transaction ends; whoever comes second waits.

    From here on other locks are waited for less long: readers queue behind who waits for a table.
    """
    connection.execute("select pg_advisory_xact_lock(%s)", [WRITER])
    connection.execute("select set_config('lock_timeout', %s, true)", [TABLE_LOCK_TIMEOUT])


def translated(error: psycopg.Error, credentials: Credentials) -> Retryable | Terminal:
    """Return what a database error means for the platform."""
    # Not the whole text: it quotes values, and values may be somebody's name.
    said, where = ((text or "").partition(': "')[0] for text in (error.diag.message_primary, error.diag.context))
    said = said or str(error).strip()
    what = f"{credentials}: {said}{f' ({where})' if where else ''}."
    owner = credentials.username
    match error:
        case errors.InsufficientPrivilege():
            return Terminal(
                f"{what} The loader owns what it fills. Grant it: create schema warehouse authorization {owner}; "
                f"grant create, temporary on database {credentials.dbname} to {owner}; and where somebody else "
                f"made a table: alter table … owner to {owner}."
            )
        case errors.LockNotAvailable():
            return Retryable(
                f"{what} Another load, or a long transaction of a reader, holds it; pg_stat_activity shows who."
            )
        case errors.QueryCanceled() | errors.DeadlockDetected() | errors.SerializationFailure():
            return Retryable(what)
        case errors.DiskFull() | errors.ConfigurationLimitExceeded():
            return Terminal(f"{what} Give the server more room, then clear the task.")
        case psycopg.OperationalError() | psycopg.InterfaceError():
            if error.sqlstate is None and any(words in str(error) for words in _REFUSALS):
                return Terminal(f"{what} Correct the secret `warehouse`, or the server's roles and databases.")
            return Retryable(what)
        case _:
            return Terminal(
                f"{what} Nothing of this run was loaded; the batches wait. Compare the contract with the table."
            )

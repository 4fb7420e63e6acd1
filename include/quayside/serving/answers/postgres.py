"""PostgreSQL: the warehouse is asked as a role that can only read, and, for who may see no names, only masks."""

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import errors, sql

from quayside.errors import Retryable, Terminal
from quayside.serving.answers.errors import NotYet, TooMuch
from quayside.serving.answers.values import Row, from_objects
from quayside.serving.metrics import Compiled
from quayside.settings import Credentials

MASKED_ROLE = "quayside_analyst"  # reads the schema `masked` and nothing else
SECONDS = 8  # of one statement; the API has 29 for all of them


def ask(compiled: Compiled, credentials: Credentials, *, masked: bool, most: int) -> list[Row]:
    """Return a query's rows.

    :param masked: the database itself then refuses whatever is not masked
    :param most: rows at most
    :raises TooMuch: there are more, or it takes too long
    :raises NotYet: a table is not there
    :raises Terminal: the warehouse refuses it
    :raises Retryable: the warehouse is out of reach
    """
    with _connected(credentials) as connection:
        connection.read_only = True
        if masked:
            connection.execute(sql.SQL("set local role {}").format(sql.Identifier(MASKED_ROLE)))
        cursor = connection.execute(compiled.sql.encode(), compiled.named_parameters)
        names = [column.name for column in cursor.description or []]
        if names != [column.name for column in compiled.columns]:
            raise Terminal(f"The warehouse gives {names}, not {[column.name for column in compiled.columns]}.")
        rows = cursor.fetchmany(most + 1)
    if len(rows) > most:
        raise TooMuch(f"There are more than {most:,} rows: take fewer days, or download Parquet.")
    return from_objects(rows)


@contextlib.contextmanager
def _connected(credentials: Credentials) -> Iterator[psycopg.Connection[Any]]:
    words = {
        **credentials.conninfo(),
        "application_name": "quayside serving",
        "connect_timeout": 3,
        "options": f"-c statement_timeout={SECONDS}s -c search_path=pg_temp -c idle_in_transaction_session_timeout=15s",
    }
    try:
        with psycopg.connect(**words) as connection:  # type: ignore[arg-type]
            yield connection
    except errors.QueryCanceled as error:
        raise TooMuch(f"This takes longer than {SECONDS} s: take fewer days.") from error
    except errors.UndefinedTable as error:
        raise NotYet from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise Retryable(f"{credentials}: out of reach ({error.sqlstate or type(error).__name__}).") from error
    except psycopg.Error as error:
        # Not the whole text: it quotes values.
        raise Terminal(f"{credentials}: {error.diag.message_primary or type(error).__name__}.") from error

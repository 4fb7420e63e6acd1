"""Facts: every version once, with foreign keys that hold.

A foreign key checks each inserted row by itself, which costs seven times the insert. Many rows at once
are therefore inserted without the keys, which are added back in the same transaction: then one join
checks all rows. See docs/decisions/0003-foreign-keys-in-bulk-loads.md.
"""

import time
from typing import Any

import psycopg
from psycopg import sql

from quayside.contract import Contract
from quayside.warehouse.schema import loaded_columns, names, qualified
from quayside.warehouse.staging import staged

MANY = 50_000  # rows: below, checking each takes under two seconds and needs no lock
SHARE = 15  # checking a row by itself costs about as much as joining this many
PATIENCE = 60.0  # seconds to try for the locks; readers go first
STEP = "300ms"  # how long a try may hold up readers: below deadlock_timeout, so that no reader is ever the victim


def insert_versions(connection: psycopg.Connection[Any], table: Contract, new: int) -> int:
    """Insert the staged versions, which are all new (see `keep_new`); return how many were added.

    :param new: how many are staged
    """
    keys = _foreign_keys(connection, table) if _checks_pay(connection, table, new) else {}
    if not keys or not _lock_all(connection, table):
        return _insert(connection, table)
    _alter(connection, table, [sql.SQL("drop constraint {}").format(sql.Identifier(name)) for name in keys])
    rows = _insert(connection, table)
    _alter(connection, table, [sql.SQL("add constraint {} {}").format(sql.Identifier(name), sql.SQL(definition))
                               for name, definition in keys.items()])
    connection.execute(sql.SQL("analyze {}").format(qualified(table.table)))
    return rows


def keep_new(connection: psycopg.Connection[Any], table: Contract, rows: int) -> int:
    """Drop the staged versions that the fact has already; return how many are new.

    They are counted first, because the usual answers, all or none, leave nothing to delete.

    :param rows: how many are staged
    """
    same = sql.SQL(" and ").join(sql.SQL("known.{0} = staged.{0}").format(sql.Identifier(name)) for name in table.version_key)
    source, fact = staged(table), qualified(table.table)
    [[new]] = connection.execute(sql.SQL(
        "select count(*) from {} as staged where not exists (select from {} as known where {})").format(source, fact, same))
    if 0 < new < rows:
        connection.execute(sql.SQL("delete from {} as staged using {} as known where {}").format(source, fact, same))
    return int(new)


def _insert(connection: psycopg.Connection[Any], table: Contract) -> int:
    target, wished, source = qualified(table.table), names(loaded_columns(table)), staged(table)
    try:
        with connection.transaction():  # a savepoint
            return connection.execute(sql.SQL("insert into {} ({}) select {} from {}").format(
                target, wished, wished, source)).rowcount
    except psycopg.errors.UniqueViolation:
        # The same version in two batches. Rare enough to begin anew; looking for it each time costs half as much again.
        version = sql.SQL(", ").join(map(sql.Identifier, table.version_key))
        return connection.execute(sql.SQL("insert into {} ({}) select distinct on ({}) {} from {}").format(
            target, wished, version, wished, source)).rowcount


def _checks_pay(connection: psycopg.Connection[Any], table: Contract, new: int) -> bool:
    """Tell whether one check of all rows, old and new, is cheaper than one check a new row."""
    if new < MANY:
        return False
    return connection.execute("select pg_relation_size(%s) < %s * pg_relation_size(%s)", [
        qualified(table.table).as_string(), SHARE, staged(table).as_string()]).fetchone() == (True,)


def _foreign_keys(connection: psycopg.Connection[Any], table: Contract) -> dict[str, str]:
    return dict(connection.execute(
        "select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = %s::regclass and contype = 'f'",
        [qualified(table.table).as_string()]).fetchall())


def _lock_all(connection: psycopg.Connection[Any], table: Contract) -> bool:
    """Lock the fact and its dimensions against readers, all or none; return whether it could be had in time.

    Without it the rows are checked one by one: slower, never wrong.
    """
    tables = connection.execute("""
        select distinct relation.oid, format('%%I.%%I', nspname, relname) from pg_class as relation
        join pg_namespace as namespace on namespace.oid = relation.relnamespace
        where relation.oid = %(fact)s::regclass or relation.oid in
            (select confrelid from pg_constraint where conrelid = %(fact)s::regclass and contype = 'f')
        order by relation.oid""", {"fact": qualified(table.table).as_string()}).fetchall()
    lock = sql.SQL("lock table {} in access exclusive mode").format(sql.SQL(", ").join(sql.SQL(name) for _, name in tables))
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        try:
            with connection.transaction():  # a savepoint: giving up gives back what was locked
                connection.execute("select set_config('lock_timeout', %s, true)", [STEP])
                connection.execute(lock)
        except psycopg.errors.LockNotAvailable:
            time.sleep(0.5)
            continue
        return True
    return False


def _alter(connection: psycopg.Connection[Any], table: Contract, changes: list[sql.Composed]) -> None:
    connection.execute(sql.SQL("alter table {} {}").format(qualified(table.table), sql.SQL(", ").join(changes)))

"""Facts: every version once, with foreign keys that hold.

A foreign key checks each inserted row by itself, which costs seven times the insert. Many rows at once
are therefore inserted without the keys, which are added back in the same transaction: then one join
checks all rows. See docs/decisions/0003-foreign-keys-in-bulk-loads.md.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import sql

from quayside.contract import Contract
from quayside.lake import Lake
from quayside.manifest import Manifest
from quayside.warehouse.connection import SETTINGS
from quayside.warehouse.schema import loaded_columns, names, qualified
from quayside.warehouse.staging import copy_in, stage, staged

PROBE = 1_000  # versions to look at before all are
MANY = 50_000  # rows: below, checking each takes under two seconds and needs no lock
SHARE = 15  # checking a row by itself costs about as much as joining this many
PATIENCE = 60.0  # seconds to try for the locks; readers go first
STEP = "800ms"  # how long a try may hold up readers: below deadlock_timeout, so that no reader is ever the victim
VACUUM = "20s"  # to wait for vacuum to give way


def insert_versions(connection: psycopg.Connection[Any], table: Contract, new: int) -> int:
    """Insert the staged versions, which are all new (see `keep_new`); return how many were added.

    :param new: how many are staged
    """
    return insert_many(connection, table, new, lambda: _insert(connection, table))


def insert_many(connection: psycopg.Connection[Any], table: Contract, new: int, insert: Callable[[], int]) -> int:
    """Insert rows in the way that costs least for so many; return how many were added.

    :param new: how many there are
    :param insert: inserts them all, and says how many it added; done once more where keys turn out to be needed
    """
    keys = _keys(connection, table, "f") if _checks_pay(connection, table, new) else {}
    if not keys or not _lock_all(connection, table):
        return insert()
    if _outnumbered(connection, table):
        try:
            with connection.transaction():  # a savepoint
                return _insert_without(connection, table, _keys(connection, table, "fpu"), insert)
        except psycopg.errors.UniqueViolation:  # the same version in two batches: while its key stands, that is mended
            pass
    return _insert_without(connection, table, keys, insert)


def _insert_without(
    connection: psycopg.Connection[Any], table: Contract, keys: dict[str, str], insert: Callable[[], int]
) -> int:
    """Insert while some keys are off; adding them back checks every row, old and new."""
    _alter(connection, table, [sql.SQL("drop constraint {}").format(sql.Identifier(name)) for name in keys])
    rows = insert()
    _alter(
        connection,
        table,
        [
            sql.SQL("add constraint {} {}").format(sql.Identifier(name), sql.SQL(definition))
            for name, definition in keys.items()
        ],
    )
    connection.execute(sql.SQL("analyze {}").format(qualified(table.table)))
    return rows


def all_known(connection: psycopg.Connection[Any], table: Contract, manifests: Sequence[Manifest], lake: Lake) -> bool:
    """Tell whether a fact has every version of large batches, as when they are loaded again.

    Reads no more than it must: a few versions first, and if the fact has these, the version keys of all.
    Small batches are not looked at; staging them costs less.
    """
    files = [file.key for manifest in manifests for file in manifest.files]
    if sum(manifest.rows for manifest in manifests) < MANY:
        return False
    first = next(lake.batches(files, columns=list(table.version_key), rows=PROBE))
    connection.execute(
        sql.SQL("create temporary table {} on commit drop as select {} from {} limit 0").format(
            staged(table), sql.SQL(", ").join(map(sql.Identifier, table.version_key)), qualified(table.table)
        )
    )
    for _ in copy_in(connection, staged(table), table.version_key, [first]):
        pass
    known = _count_new(connection, table) == 0
    connection.execute(sql.SQL("drop table {}").format(staged(table)))
    if known:
        stage(connection, table, manifests, lake, only=table.version_key)
        known = _count_new(connection, table) == 0
        connection.execute(sql.SQL("drop table {}").format(staged(table)))
    return known


def keep_new(connection: psycopg.Connection[Any], table: Contract, rows: int) -> int:
    """Drop the staged versions that the fact has already; return how many are new.

    They are counted first, because the usual answers, all or none, leave nothing to delete.

    :param rows: how many are staged
    """
    new = _count_new(connection, table)
    if 0 < new < rows:
        connection.execute(
            sql.SQL("delete from {} as staged using {} as known where {}").format(
                staged(table), qualified(table.table), _same_version(table)
            )
        )
    return new


def _count_new(connection: psycopg.Connection[Any], table: Contract) -> int:
    [[new]] = connection.execute(
        sql.SQL("select count(*) from {} as staged where not exists (select from {} as known where {})").format(
            staged(table), qualified(table.table), _same_version(table)
        )
    ).fetchall()
    return int(new)


def _same_version(table: Contract) -> sql.Composed:
    return sql.SQL(" and ").join(
        sql.SQL("known.{0} = staged.{0}").format(sql.Identifier(name)) for name in table.version_key
    )


def _insert(connection: psycopg.Connection[Any], table: Contract) -> int:
    target, wished, source = qualified(table.table), names(loaded_columns(table)), staged(table)
    try:
        with connection.transaction():  # a savepoint
            return connection.execute(
                sql.SQL("insert into {} ({}) select {} from {}").format(target, wished, wished, source)
            ).rowcount
    except psycopg.errors.UniqueViolation:
        # The same version in two batches. Rare enough to begin anew; looking for it each time costs half as much again.
        version = sql.SQL(", ").join(map(sql.Identifier, table.version_key))
        return connection.execute(
            sql.SQL("insert into {} ({}) select distinct on ({}) {} from {}").format(
                target, wished, version, wished, source
            )
        ).rowcount


def _checks_pay(connection: psycopg.Connection[Any], table: Contract, new: int) -> bool:
    """Tell whether one check of all rows, old and new, is cheaper than one check a new row."""
    if new < MANY:
        return False
    return connection.execute(
        "select pg_relation_size(%s) < %s * pg_relation_size(%s)",
        [qualified(table.table).as_string(), SHARE, staged(table).as_string()],
    ).fetchone() == (True,)


def _outnumbered(connection: psycopg.Connection[Any], table: Contract) -> bool:
    """Tell whether there are more new rows than old ones: then an index is built sooner than it takes them one by one."""
    return connection.execute(
        "select pg_relation_size(%s) < pg_relation_size(%s)",
        [qualified(table.table).as_string(), staged(table).as_string()],
    ).fetchone() == (True,)


def _keys(connection: psycopg.Connection[Any], table: Contract, kinds: str) -> dict[str, str]:
    """Return the definitions of a table's keys by name: ``f`` foreign, ``p`` primary, ``u`` unique."""
    return dict(
        connection.execute(
            "select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = %s::regclass"
            " and contype::text = any(%s)",
            [qualified(table.table).as_string(), list(kinds)],
        ).fetchall()
    )


def _lock_all(connection: psycopg.Connection[Any], table: Contract) -> bool:
    """Lock the fact and its dimensions against readers, all or none; return whether it could be had in time.

    Without it the rows are checked one by one: slower, never wrong.
    """
    tables = connection.execute(
        """
        select format('%%I.%%I', nspname, relname) from pg_class as relation
        join pg_namespace as namespace on namespace.oid = relation.relnamespace
        where relation.oid = %(fact)s::regclass or relation.oid in
            (select confrelid from pg_constraint where conrelid = %(fact)s::regclass and contype = 'f')
        order by relation.oid""",
        {"fact": qualified(table.table).as_string()},
    ).fetchall()
    named = sql.SQL(", ").join(sql.SQL(name) for (name,) in tables)
    # First against vacuum alone, which readers do not notice: it gives way only to who waits for longer than a second.
    if not _lock(connection, sql.SQL("lock table {} in share update exclusive mode").format(named), within=VACUUM):
        return False
    give_up = time.monotonic() + PATIENCE
    while not _lock(connection, sql.SQL("lock table {} in access exclusive mode").format(named), within=STEP):
        if time.monotonic() > give_up:
            return False
        time.sleep(0.5)
    return True


def _lock(connection: psycopg.Connection[Any], statement: sql.Composed, *, within: str) -> bool:
    try:
        with connection.transaction():  # a savepoint: giving up gives back what was locked
            connection.execute("select set_config('statement_timeout', %s, true)", [within])
            connection.execute(statement)
    except psycopg.errors.QueryCanceled:
        return False
    connection.execute("select set_config('statement_timeout', %s, true)", [SETTINGS["statement_timeout"]])
    return True


def _alter(connection: psycopg.Connection[Any], table: Contract, changes: list[sql.Composed]) -> None:
    connection.execute(sql.SQL("alter table {} {}").format(qualified(table.table), sql.SQL(", ").join(changes)))

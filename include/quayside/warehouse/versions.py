"""Versions of dimensions' members (SCD type 2), and the facts that point to the one which was valid at their time.

A batch is the whole set of versions, computed anew from all there is. So a change that arrives late may move the
bounds of a version, split one or make one vanish; the facts follow in the same transaction.
"""

from collections.abc import Iterable, Iterator
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from quayside.contract import Column, Contract
from quayside.curated.versions import BEGINNING, END
from quayside.warehouse.schema import loaded_columns, names, qualified, version_columns
from quayside.warehouse.staging import staged

# A number that is the same wherever and whenever it is computed: 60 bits of a hash, so that it is positive.
_NUMBER: LiteralString = (
    "('x0' || substr(md5({} || '@' || to_char({}, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS')), 1, 15))::bit(64)::bigint"
)
_VALIDITY = ("valid_from", "valid_to", "is_current")
_WANTED, _MOVED = sql.Identifier("wanted"), sql.Identifier("moved")
Pointer = tuple[Contract, Column]  # a fact, and its column that points to a version


def merge_versions(connection: psycopg.Connection[Any], table: Contract, tables: Iterable[Contract]) -> int:
    """Make a dimension's versions what is staged, and let facts point to them; return how many came, went or differ.

    A member that is not staged but that facts refer to keeps one version, which has no more than its natural key.

    :param tables: among them the facts that refer to the dimension
    """
    pointers = list(_pointers(table, tables))
    parts = {"dimension": qualified(table.table), "key": sql.Identifier(table.key.name), "natural": _natural(table)}
    _want(connection, table, pointers)
    _note_moved(connection, table)
    changed = _upsert(connection, table)
    for pointer in pointers:
        _point(connection, table, pointer)
    gone = sql.SQL(
        "delete from {dimension} as kept using {moved} as moved where moved.{natural} = kept.{natural} "
        "and not exists (select from {wanted} as wanted where wanted.{key} = kept.{key})"
    ).format(**parts, moved=_MOVED, wanted=_WANTED)
    changed += connection.execute(gone).rowcount
    for temporary in (_WANTED, _MOVED):
        connection.execute(sql.SQL("drop table {}").format(temporary))
    return changed


def infer_versions(connection: psycopg.Connection[Any], table: Contract, fact: Contract, column: Column) -> int:
    """Add the members of a dimension that a fact's staged rows refer to and that have no version; return how many.

    A member so inferred has one version, of all time. Its key is that of the first version that is told later.
    """
    referred = sql.SQL("select distinct {of} as {natural} from {staged} where {of} is not null").format(
        of=sql.Identifier(column.version_of or ""), natural=_natural(table), staged=staged(fact)
    )
    return connection.execute(
        sql.SQL(
            "insert into {dimension} ({names}) select {values} from ({referred}) as referred "
            "where not exists (select from {dimension} as kept where kept.{natural} = referred.{natural})"
        ).format(
            dimension=qualified(table.table),
            names=_inferred_names(table),
            values=_inferred(sql.SQL("referred.{}").format(_natural(table))),
            referred=referred,
            natural=_natural(table),
        )
    ).rowcount


def forget_members(connection: psycopg.Connection[Any], table: Contract, tables: Iterable[Contract]) -> int:
    """Remove members that have no more than their natural key and that no fact refers to any more; return how many."""
    told = [column for column in loaded_columns(table) if column.name not in (table.natural_key, *_VALIDITY)]
    unused = [
        sql.SQL(" and not exists (select from {} as fact where fact.{} = kept.{})").format(
            qualified(fact.table), sql.Identifier(column.name), sql.Identifier(table.key.name)
        )
        for fact, column in _pointers(table, tables)
    ]
    return connection.execute(
        sql.SQL("delete from {} as kept where row({}) is null{}").format(
            qualified(table.table), names(told), sql.SQL("").join(unused)
        )
    ).rowcount


def valid_then(table: Contract, column: Column, fact: LiteralString, version: sql.Identifier) -> sql.Composed:
    """Return the condition that a version of a dimension is the one that a fact's column points to.

    :param fact: name of the fact's rows in the query
    :param version: name of the versions in it
    """
    return sql.SQL("{v}.{n} = {f}.{of} and {f}.{at} >= {v}.valid_from and {f}.{at} < {v}.valid_to").format(
        v=version,
        n=_natural(table),
        f=sql.SQL(fact),
        of=sql.Identifier(column.version_of or ""),
        at=sql.Identifier(column.valid_at or ""),
    )


def _pointers(table: Contract, tables: Iterable[Contract]) -> Iterator[Pointer]:
    for fact in tables:
        for column in version_columns(fact):
            if (column.references or "").rpartition(".")[0] == table.name:
                yield fact, column


def _want(connection: psycopg.Connection[Any], table: Contract, pointers: Iterable[Pointer]) -> None:
    """Make the table ``wanted``: the versions as they are to be, those of members that only facts know among them."""
    own, natural = names(loaded_columns(table)), _natural(table)
    connection.execute(
        sql.SQL("create temporary table {} (like {}) on commit drop").format(_WANTED, qualified(table.table))
    )
    connection.execute(
        sql.SQL("insert into {} ({}, {}) select {}, {} from {}").format(
            _WANTED,
            sql.Identifier(table.key.name),
            own,
            sql.SQL(_NUMBER).format(natural, sql.Identifier("valid_from")),
            own,
            staged(table),
        )
    )
    for fact, column in pointers:
        connection.execute(
            sql.SQL(
                "insert into {wanted} ({names}) select {values} from (select distinct {natural} from {dimension}) as kept "
                "where not exists (select from {wanted} as wanted where wanted.{natural} = kept.{natural}) "
                "and exists (select from {fact} as fact where fact.{of} = kept.{natural})"
            ).format(
                wanted=_WANTED,
                names=_inferred_names(table),
                values=_inferred(sql.SQL("kept.{}").format(natural)),
                natural=natural,
                dimension=qualified(table.table),
                fact=qualified(fact.table),
                of=sql.Identifier(column.version_of or ""),
            )
        )
    connection.execute(sql.SQL("analyze {}").format(_WANTED))


def _note_moved(connection: psycopg.Connection[Any], table: Contract) -> None:
    """Make the table ``moved``: natural keys of members whose versions are not, or not then, what they were."""
    shown = sql.SQL("select {}, valid_from, valid_to from").format(_natural(table))
    connection.execute(
        sql.SQL(
            "create temporary table {moved} on commit drop as select distinct {natural} from ("
            "({shown} {wanted} except {shown} {dimension}) union ({shown} {dimension} except {shown} {wanted})) as different"
        ).format(moved=_MOVED, natural=_natural(table), shown=shown, wanted=_WANTED, dimension=qualified(table.table))
    )


def _upsert(connection: psycopg.Connection[Any], table: Contract) -> int:
    own = loaded_columns(table)
    new, old = (
        sql.SQL(", ").join(sql.Identifier(side, column.name) for column in own) for side in ("excluded", "kept")
    )
    return connection.execute(
        sql.SQL(
            "insert into {dimension} as kept select * from {wanted} on conflict ({key}) "
            "do update set ({own}) = row({new}) where ({old}) is distinct from ({new})"
        ).format(
            dimension=qualified(table.table),
            wanted=_WANTED,
            key=sql.Identifier(table.key.name),
            own=names(own),
            new=new,
            old=old,
        )
    ).rowcount


def _point(connection: psycopg.Connection[Any], table: Contract, pointer: Pointer) -> None:
    """Let a fact's rows of moved members point to the version that was valid then."""
    fact, column = pointer
    connection.execute(
        sql.SQL(
            "update {fact} as fact set {column} = version.{key} from {wanted} as version, {moved} as moved "
            "where moved.{natural} = version.{natural} and {valid} and fact.{column} is distinct from version.{key}"
        ).format(
            fact=qualified(fact.table),
            column=sql.Identifier(column.name),
            key=sql.Identifier(table.key.name),
            wanted=_WANTED,
            moved=_MOVED,
            natural=_natural(table),
            valid=valid_then(table, column, "fact", sql.Identifier("version")),
        )
    )


def _natural(table: Contract) -> sql.Identifier:
    return sql.Identifier(table.natural_key or "")


def _inferred_names(table: Contract) -> sql.Composed:
    return names([table.key, *(table.column(name) for name in (table.natural_key or "", *_VALIDITY))])


def _inferred(natural: sql.Composed) -> sql.Composed:
    """Return the values of `_inferred_names` for a member of which no more than its natural key is known."""
    begin, end = (sql.SQL("{}::timestamp").format(sql.Literal(bound)) for bound in (BEGINNING, END))
    return sql.SQL("{}, {}, {}, {}, true").format(sql.SQL(_NUMBER).format(natural, begin), natural, begin, end)

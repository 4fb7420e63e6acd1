"""Facts that are kept as they stand: what a batch says of a partition (a business date) replaces what was there.

Only rows that differ are touched, so that a window which adds ten sales to a day writes ten sales.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from quayside.contract import Contract
from quayside.lake import Lake
from quayside.manifest import Manifest
from quayside.warehouse.facts import insert_many
from quayside.warehouse.schema import column_type, loaded_columns, qualified, version_columns
from quayside.warehouse.staging import stage, staged
from quayside.warehouse.versions import valid_then


def stage_partitions(
    connection: psycopg.Connection[Any],
    table: Contract,
    manifests: Sequence[Manifest],
    lake: Lake,
    told: Callable[[int], None],
) -> tuple[int, dict[str, "pa.Array[Any]"]]:
    """Stage what the last of the batches that speak of a partition says of it; return as `stage`."""
    wanted: dict[str, frozenset[str]] = {}
    said: set[str] = set()
    for manifest in reversed(manifests):
        wanted[manifest.batch] = frozenset(manifest.partitions) - said
        said |= wanted[manifest.batch]
    some = [manifest for manifest in manifests if wanted[manifest.batch]]
    return stage(connection, table, some, lake, told, partitions=wanted)


def partitions_of(manifests: Sequence[Manifest]) -> list[str]:
    """Return the partitions that batches speak of, sorted."""
    return sorted({partition for manifest in manifests for partition in manifest.partitions})


def replace_partitions(
    connection: psycopg.Connection[Any], table: Contract, partitions: Sequence[str], tables: Mapping[str, Contract]
) -> int:
    """Make a fact's partitions what is staged; return how many rows were added, changed or removed.

    :param partitions: all that the staged rows are of, and those that have no row any more
    :param tables: by name: among them the dimensions of whose members the fact points to versions
    """
    removed = _remove(connection, table, partitions)
    [[new]] = connection.execute(
        sql.SQL("select count(*) from {} as staged where {}").format(staged(table), _missing(table))
    ).fetchall()
    if not new:
        return removed
    added = insert_many(connection, table, int(new), lambda: _insert(connection, table, tables))
    return max(added, removed)


def _remove(connection: psycopg.Connection[Any], table: Contract, partitions: Sequence[str]) -> int:
    """Delete the rows of partitions that are not staged, or are staged otherwise."""
    column = table.column(table.replaced_by or "")
    others = [sql.Identifier(item.name) for item in loaded_columns(table)]
    both = (
        sql.SQL(", ").join(sql.SQL("{}.{}").format(sql.SQL(side), name) for name in others)
        for side in ("staged", "known")
    )
    return connection.execute(
        sql.SQL(
            "delete from {} as known where {} = any(%s::{}[]) and not exists "
            "(select from {} as staged where staged.{} = known.{} and ({}) is not distinct from ({}))"
        ).format(
            qualified(table.table),
            sql.Identifier("known", column.name),
            column_type(column),
            staged(table),
            sql.Identifier(table.key.name),
            sql.Identifier(table.key.name),
            *both,
        ),
        [list(partitions)],
    ).rowcount


def _missing(table: Contract) -> sql.Composed:
    """Return the condition that a staged row is not there; one of its key in another partition is in its way."""
    return sql.SQL(
        "not exists (select from {0} as known where known.{1} = staged.{1} and known.{2} = staged.{2})"
    ).format(qualified(table.table), sql.Identifier(table.key.name), sql.Identifier(table.replaced_by or ""))


def _insert(connection: psycopg.Connection[Any], table: Contract, tables: Mapping[str, Contract]) -> int:
    """Insert the staged rows that are not there, with the versions of members that were valid then."""
    own = [sql.Identifier(column.name) for column in loaded_columns(table)]
    pointing, found, joins = [], [], []
    for column in version_columns(table):
        dataset, _, key = (column.references or "").rpartition(".")
        name = sql.Identifier(column.name)
        pointing.append(name)
        found.append(sql.SQL("{}.{}").format(name, sql.Identifier(key)))
        valid = valid_then(tables[dataset], column, "staged", name)
        joins.append(sql.SQL(" left join {} as {} on {}").format(qualified(tables[dataset].table), name, valid))
    return connection.execute(
        sql.SQL("insert into {} ({}) select {} from {} as staged{} where {}").format(
            qualified(table.table),
            sql.SQL(", ").join([*own, *pointing]),
            sql.SQL(", ").join([*(sql.SQL("staged.{}").format(name) for name in own), *found]),
            staged(table),
            sql.SQL("").join(joins),
            _missing(table),
        )
    ).rowcount

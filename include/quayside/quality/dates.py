"""Facts that are replaced by business date: what the curated tables hold of a date, the warehouse must.

Counted in both places by the same names, but not by the same way: of the curated table whose rows the fact has, and of
no table that it is joined with.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql
from sqlglot import exp

from quayside.contract import Column, Contract
from quayside.curated.engine import engine
from quayside.curated.shelf import Shelf
from quayside.curated.transform import to_sql
from quayside.manifest import Manifest, Totals
from quayside.quality.lines import Line
from quayside.quality.totals import added, differences
from quayside.run import Run
from quayside.warehouse.partitions import partitions_of
from quayside.warehouse.schema import column_type, qualified

_NONE = Totals(rows=0, key_hash=0)
_TOLD = 3  # dates that a line names


def rows_in_curated(fact: Contract, run: Run) -> int:
    """Return how many rows the curated tables have that a fact is to have."""
    return sum(totals.rows for totals in _curated(Shelf([_narrowed(fact)], run), fact, None).values())


def loaded_facts(tables: Sequence[Contract], run: Run) -> list[tuple[Contract, list[Manifest]]]:
    """Return the facts of which batches were loaded that have not yet been found equal, with these batches."""
    return [
        (table, manifests) for table in tables if table.replaced_by and (manifests := _pending(table, "reconcile", run))
    ]


def compare_dates(
    fact: Contract, manifests: Sequence[Manifest], run: Run, stars: psycopg.Connection[Any]
) -> Iterator[Line]:
    """Hold what the warehouse has of the dates that batches wrote against the curated tables as they are now.

    A line for each batch, but for those with dates that have been curated anew meanwhile: they are compared once the
    warehouse has these, too.
    """
    shelf = Shelf([_narrowed(fact)], run)
    dates = partitions_of(manifests)
    wanted, found = _curated(shelf, fact, dates), _loaded(stars, fact, dates)
    gaps = {date: differences(found.get(date, _NONE), wanted.get(date, _NONE)) for date in dates}
    differing = {date for date, said in gaps.items() if said}
    # Looked at last: whoever changed a curated table after it was counted is told of by now.
    moving = _moving(fact, shelf, run) & differing if differing else set()
    for manifest in manifests:
        mine = sorted(manifest.partitions)
        if moving & set(mine):
            run.progress(
                fact.name, f"batch {manifest.batch}: dates are being curated anew; compared when these are loaded"
            )
            continue
        broken = [f"on {date} {' and '.join(gaps[date])}" for date in mine if date in differing]
        more = [f"and {len(broken) - _TOLD} more dates"] if len(broken) > _TOLD else []
        yield Line(
            dataset=fact.name,
            batch=manifest.batch,
            stage="dates",
            place=fact.name,
            found=added([found.get(date, _NONE) for date in mine]),
            wanted=added([wanted.get(date, _NONE) for date in mine]),
            equal=not broken,
            note="; ".join([*broken[:_TOLD], *more]),
        )


def _pending(table: Contract, stage: Any, run: Run) -> list[Manifest]:
    return [Manifest.from_dict(run.lake.read_json(entry.manifest)) for entry in run.ledger.pending(table.name, stage)]


def _amounts(fact: Contract) -> tuple[Column, ...]:
    """Return the fact's amounts that are those of its curated rows, as they are."""
    rows = (fact.grain or "").partition(".")[2]
    return tuple(column for column in fact.money if column.transform == f"{rows}.{column.name}")


def _narrowed(fact: Contract) -> Contract:
    """Return the contract of no more than a fact's dates and amounts, of the rows that it has and nothing joined."""
    date = fact.column(fact.replaced_by or "")
    return replace(fact, columns=(date, *_amounts(fact)), source=(fact.grain or "").partition(".")[2])


def _curated(shelf: Shelf, fact: Contract, dates: Sequence[str] | None) -> dict[str, Totals]:
    [query] = shelf.queries
    names = [column.name for column in _amounts(fact)]
    totals = (
        exp.select(exp.cast(exp.column(fact.replaced_by or "", quoted=True), "text"), exp.Count(this=exp.Star()))
        .select(*(exp.Sum(this=exp.column(name, quoted=True)) for name in names))
        .from_(query.select.subquery("kept"))
        .group_by(exp.Literal.number(1))
    )
    with engine() as connection:
        shelf.load(connection, [query], {table: shelf.places(table, dates) for table in shelf.tables(query)})
        return _totals(names, connection.sql(to_sql(totals)).fetchall())


def _loaded(stars: psycopg.Connection[Any], fact: Contract, dates: Sequence[str]) -> dict[str, Totals]:
    date, names = fact.column(fact.replaced_by or ""), [column.name for column in _amounts(fact)]
    parts = [sql.SQL("{}::text, count(*)").format(sql.Identifier(date.name))]
    parts += [sql.SQL("sum({})").format(sql.Identifier(name)) for name in names]
    rows = stars.execute(
        sql.SQL("select {} from {} where {} = any(%s::{}[]) group by 1").format(
            sql.SQL(", ").join(parts), qualified(fact.table), sql.Identifier(date.name), column_type(date)
        ),
        [list(dates)],
    ).fetchall()
    return _totals(names, rows)


def _totals(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, Totals]:
    return {
        date: Totals(
            rows=count,
            key_hash=0,
            sums={name: str(value or Decimal(0)) for name, value in zip(names, sums, strict=True)},
        )
        for date, count, *sums in rows
    }


def _moving(fact: Contract, shelf: Shelf, run: Run) -> set[str]:
    """Return the dates that curated tables have anew and the warehouse does not have yet, or may not."""
    moving = set(partitions_of(_pending(fact, "load", run)))
    [query] = shelf.queries
    for contract in (shelf.contracts[table] for table in shelf.tables(query)):
        source = (contract.landing or "").partition(".")[0]
        for note in run.ledger.notes(f"curated.{source}", "changes#"):
            tables: Mapping[str, Sequence[str]] = note["tables"]
            moving.update(tables.get(contract.name, ()))
    return moving

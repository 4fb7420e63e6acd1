"""Where a semantic model's rows are, as its file says it, held against the contracts."""

import csv
from collections.abc import Mapping
from pathlib import Path

from quayside.contract import Contract, load_contract
from quayside.errors import Terminal
from quayside.serving.metrics import expressions
from quayside.serving.metrics.definitions import DIALECTS, Join, Relation, Spread
from quayside.serving.metrics.located import Part
from quayside.serving.metrics.rows import VENUE

REFERENCE = Path(__file__).resolve().parents[3] / "reference"
_DELETED = {"deleted": "boolean"}  # what the lake adds to a source's current rows


def read_relations(part: Part) -> tuple[dict[str, Relation], frozenset[str]]:
    """Read where each engine has a semantic model's rows; return it, and which columns hold personal data.

    :raises Terminal: it is not as it should be; the message says in which file and line, and what to do
    """
    fields = part.fields("", " ".join((*DIALECTS, "reference")))
    if "reference" in fields and len(fields) == 1:
        relation = _reference(fields["reference"])
        return dict.fromkeys(DIALECTS, relation), frozenset()
    if not fields or "reference" in fields:
        raise part.error(f"give {' and '.join(DIALECTS)}, or a reference.")
    found = {dialect: _relation(inner, dialect) for dialect, inner in fields.items()}
    return {name: relation for name, (relation, _) in found.items()}, frozenset().union(*(p for _, p in found.values()))


def _reference(part: Part) -> Relation:
    path = REFERENCE / f"{part.text()}.csv"
    if not path.is_file():
        raise part.error(f"there is no include/reference/{part.text()}.csv.")
    with path.open(encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    types = {name: "integer" if all(row[i].isdecimal() for row in rows) else "text" for i, name in enumerate(names)}
    values = tuple(
        tuple(int(value) if types[name] == "integer" else value for name, value in zip(names, row, strict=True))
        for row in rows
    )
    return Relation(dataset=None, table=path.stem, own=types, columns=types, venue=VENUE in types, rows=values)


def _relation(part: Part, dialect: str) -> tuple[Relation, set[str]]:
    """Read a relation; return it, and which of its columns hold personal data."""
    fields = part.fields("dataset", "columns joins filter group_by spread")
    contract, own = _dataset(fields["dataset"], dialect)
    hidden = {column.name for column in contract.columns if column.personal}
    joins, usable, ours = [], dict(own), set(own)
    for name, inner in fields["joins"].entries().items() if "joins" in fields else ():
        join, theirs = _join(name, inner, own, dialect)
        joins.append(join)
        usable |= {f"{name}.{column}": kind for column, kind in join.types.items()}
        hidden |= {f"{name}.{column}" for column in theirs}
    grouped = fields["group_by"].names() if "group_by" in fields else ()
    computed, columns = {}, {name: kind for name, kind in own.items() if name in (grouped or own)}
    for name, inner in fields["columns"].entries().items() if "columns" in fields else ():
        columns[name] = checked(inner, inner.text(), usable, aggregates=bool(grouped) and name not in grouped)
        computed[name] = inner.text()
        if hidden & {*expressions.columns(inner.text())}:
            hidden.add(name)
    if set(grouped) - set(columns):
        raise fields["group_by"].error(f"there is no column {sorted(set(grouped) - set(columns))[0]}.")
    if "filter" in fields and checked(fields["filter"], fields["filter"].text(), own) != "boolean":
        raise fields["filter"].error("a filter is a condition.")
    spread = _spread(fields["spread"], columns, own) if "spread" in fields else None
    if spread:
        columns |= {spread.column: "timestamp(3)", spread.day: "date"}
    relation = Relation(
        dataset=contract.name,
        table=_table(contract, dialect),
        own=own,
        columns=columns,
        computed=computed,
        joins=tuple(joins),
        filter=fields["filter"].text() if "filter" in fields else None,
        group_by=grouped,
        spread=spread,
        venue=VENUE in ours,
    )
    return relation, hidden


def _join(name: str, part: Part, own: Mapping[str, str], dialect: str) -> tuple[Join, set[str]]:
    fields = part.fields("dataset on")
    contract, types = _dataset(fields["dataset"], dialect)
    on = [(mine, theirs.text()) for mine, theirs in fields["on"].entries().items()]
    for mine, theirs in on:
        if own.get(mine, "nothing") != types.get(theirs):
            raise fields["on"].error(f"{mine} and {theirs} of {contract.name} must be there, and of one type.")
    if key_of(contract, dialect) not in dict(on).values():
        raise fields["on"].error(
            f"name {key_of(contract, dialect)}, the key of {contract.name}: else a row could find several, and count as often."
        )
    personal = {column.name for column in contract.columns if column.personal}
    join = Join(
        name=name,
        dataset=contract.name,
        table=_table(contract, dialect),
        on=tuple(on),
        types=types,
        venue=VENUE in types,
    )
    return join, personal


def _spread(part: Part, columns: Mapping[str, str], own: Mapping[str, str]) -> Spread:
    fields = part.fields("start end amounts hour day")
    for name in ("start", "end"):
        if not columns.get(fields[name].text(), "").startswith("timestamp"):
            raise fields[name].error("name a column of the local clock.")
    for item in fields["amounts"].items():
        if expressions.scale(columns.get(item.text(), "")) != 2:
            raise item.error("name a column of money, with two digits after the point.")
    if own.get(fields["day"].text()) != "date":
        raise fields["day"].error("name the business day that the span of time was entered under.")
    return Spread(
        start=fields["start"].text(),
        end=fields["end"].text(),
        amounts=fields["amounts"].names(),
        column=fields["hour"].text(),
        day=fields["day"].text(),
    )


def _dataset(part: Part, dialect: str) -> tuple[Contract, dict[str, str]]:
    """Return a contract, and the columns of its table in an engine."""
    try:
        contract = load_contract(part.text())
    except Terminal as error:
        raise part.error(str(error)) from error
    if (contract.domain == "warehouse") != (dialect == "postgres"):
        raise part.error(
            f"{contract.name} is not in {dialect}: stars are in postgres, what they are made of is in athena."
        )
    types = {column.name: column.type for column in contract.columns if not column.restricted}
    if dialect == "postgres":
        hidden = {column.name for column in contract.columns if column.partition}
        hidden |= set(_DELETED) if contract.history else set()
        types = {name: kind for name, kind in types.items() if name not in hidden}
    elif contract.cursor:
        types |= _DELETED
    return contract, types


def _table(contract: Contract, dialect: str) -> str:
    """Return the name of a table: of facts whose every version is kept, that of the view of what stands now."""
    if dialect == "postgres":
        return f"current_{contract.table.removeprefix('fact_')}" if contract.history else contract.table
    return contract.name.replace(".", "_") if contract.cursor else contract.table


def key_of(contract: Contract, dialect: str) -> str:
    """Return the column by which a table's rows are known: of a view of what stands now, not that of the version."""
    return contract.version_key[0] if contract.history and dialect == "postgres" else contract.key.name


def checked(part: Part, text: str, types: Mapping[str, str], where: str = "", *, aggregates: bool = False) -> str:
    """Return the type of an expression.

    :raises Terminal: it is not allowed; the message says where it stands
    """
    try:
        return expressions.type_of(text, types, aggregates=aggregates)
    except expressions.NotAllowed as error:
        raise part.error(f"{text}{where}: {error}.") from error

"""Semantic models as they are written in ``include/metrics/semantic_models``, held against the contracts."""

import csv
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from quayside.contract import Contract, load_contract
from quayside.errors import Terminal
from quayside.serving.metrics import expressions
from quayside.serving.metrics.definitions import (
    DIALECTS,
    GRAINS,
    Dimension,
    Entity,
    Join,
    Measure,
    Relation,
    SemanticModel,
    Spread,
)
from quayside.serving.metrics.located import Part

REFERENCE = Path(__file__).resolve().parents[3] / "reference"
VENUE = "venue_id"  # the column by which rows belong to a venue
_AGGREGATIONS = ("sum", "count", "count_distinct", "sum_boolean", "average", "min", "max")
_INTEGERS = ("smallint", "integer", "bigint")
_DELETED = {"deleted": "boolean"}  # what the lake adds to a source's current rows
T = TypeVar("T")


def read_model(part: Part) -> SemanticModel:
    """Read one semantic model.

    :raises Terminal: it is not as it should be; the message says in which file and line, and what to do
    """
    fields = part.fields("name description model dimensions", "defaults entities measures")
    relations, personal = _relations(fields["model"])
    source = _Source(relations, personal)
    entities = [_entity(item, source) for item in fields["entities"].items()] if "entities" in fields else []
    dimensions = _unique([(item, _dimension(item, source)) for item in fields["dimensions"].items()])
    for item in fields["dimensions"].items():
        _check_attribute(item, dimensions)
    time = fields["defaults"].fields("agg_time_dimension")["agg_time_dimension"] if "defaults" in fields else None
    measures = [(item, _measure(item, source, dimensions, time)) for item in _items(fields, "measures")]
    return SemanticModel(
        name=fields["name"].text(),
        description=fields["description"].text(),
        relations=relations,
        entities=tuple(entities),
        dimensions=dimensions,
        measures=_unique(measures),
    )


class _Source:
    """What a semantic model's expressions may use."""

    def __init__(self, relations: Mapping[str, Relation], personal: frozenset[str]) -> None:
        self.relations, self.personal = relations, personal

    def type_of(self, part: Part, text: str, dialects: Iterable[str]) -> str:
        """Return an expression's type, which has to be the same in these engines."""
        kinds = {}
        for dialect in dialects:
            if dialect not in self.relations:
                raise part.error(f"there is no model for {dialect}.")
            kinds[dialect] = _checked(part, text, self.relations[dialect].columns, f" in {dialect}")
        found = set(kinds.values())
        if len(found) > 1 and found <= {*_INTEGERS}:
            return max(found, key=_INTEGERS.index)
        if len(found) > 1 and len({expressions.scale(kind) for kind in found}) == 1 and all(map(_numeric, found)):
            return expressions.summed(found.pop())
        if len(found) != 1:
            raise part.error(f"{text} is {' but '.join(f'{kind} in {name}' for name, kind in kinds.items())}.")
        return found.pop()

    def dialects(self, fields: Mapping[str, Part]) -> tuple[str, ...]:
        """Return the engines that something is there for: all that the model has, if nothing else is said."""
        if "dialects" not in fields:
            return tuple(self.relations)
        return tuple(item.one_of(tuple(self.relations)) for item in fields["dialects"].items())


def _relations(part: Part) -> tuple[dict[str, Relation], frozenset[str]]:
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
        columns[name] = _checked(inner, inner.text(), usable, aggregates=bool(grouped) and name not in grouped)
        computed[name] = inner.text()
        if hidden & {*expressions.columns(inner.text())}:
            hidden.add(name)
    if set(grouped) - set(columns):
        raise fields["group_by"].error(f"there is no column {sorted(set(grouped) - set(columns))[0]}.")
    if "filter" in fields and _checked(fields["filter"], fields["filter"].text(), own) != "boolean":
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
    if _key(contract, dialect) not in dict(on).values():
        raise fields["on"].error(
            f"name {_key(contract, dialect)}, the key of {contract.name}: else a row could find several, and count as often."
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


def _key(contract: Contract, dialect: str) -> str:
    return contract.version_key[0] if contract.history and dialect == "postgres" else contract.key.name


def _entity(part: Part, source: _Source) -> Entity:
    fields = part.fields("name type", "expr dialects")
    name, kind = fields["name"].text(), fields["type"].one_of(("primary", "unique", "foreign"))
    expr, dialects = fields["expr"].text() if "expr" in fields else name, source.dialects(fields)
    source.type_of(part, expr, dialects)
    for dialect in dialects:
        relation = source.relations[dialect]
        if kind != "foreign" and relation.dataset:
            keys = relation.group_by or (_key(load_contract(relation.dataset), dialect),)
            if relation.spread or relation.computed.get(expr, expr) not in keys:
                raise part.error(
                    f"{expr} is not the key of {relation.dataset} in {dialect}: rows would count several times."
                )
    return Entity(name=name, type=kind, expr=expr, dialects=dialects)


def _dimension(part: Part, source: _Source) -> Dimension:
    fields = part.fields("name type", "label description expr type_params config")
    name, kind = fields["name"].text(), fields["type"].one_of(("categorical", "time"))
    meta = _meta(fields, "dialects attribute_of latest_by hour sort")
    expr = fields["expr"].text() if "expr" in fields else name
    dialects = source.dialects(meta)
    column_type = source.type_of(fields.get("expr", part), expr, dialects)
    granularity = ""
    if kind == "time":
        if column_type != "date" or expressions.columns(expr) != (expr,):
            raise part.error(
                f"time is a column of dates, and {expr} is {column_type}; make one of it in columns, by cast(… as date)."
            )
        params = fields["type_params"].fields("time_granularity") if "type_params" in fields else {}
        if not params:
            raise part.error("type_params: {time_granularity: day} is missing.")
        granularity = params["time_granularity"].one_of(GRAINS)
    hour = meta["hour"].text() if "hour" in meta else None
    if (granularity == "hour") != (hour is not None):
        raise part.error(
            "time at the granularity hour, and no other, names its clock: config: {meta: {hour: sold_at_local}}."
        )
    if hour and not source.type_of(meta["hour"], hour, dialects).startswith("timestamp"):
        raise meta["hour"].error(f"{hour} is no timestamp.")
    latest_by = meta["latest_by"].names() if "latest_by" in meta else ()
    for item in latest_by:
        source.type_of(meta["latest_by"], item, dialects)
    if "sort" in meta:
        _checked(meta["sort"], meta["sort"].text(), {name: column_type})
    return Dimension(
        name=name,
        label=fields["label"].text() if "label" in fields else name.replace("_", " ").capitalize(),
        description=fields["description"].text() if "description" in fields else "",
        type=kind,
        expr=expr,
        column_type=column_type,
        dialects=dialects,
        granularity=granularity,
        hour=hour,
        attribute_of=meta["attribute_of"].text() if "attribute_of" in meta else None,
        latest_by=latest_by,
        sort=meta["sort"].text() if "sort" in meta else None,
        personal=bool(source.personal & {*expressions.columns(expr)}),
    )


def _check_attribute(part: Part, dimensions: Mapping[str, Dimension]) -> None:
    fields = part.fields("name type", "label description expr type_params config")
    dimension = dimensions[fields["name"].text()]
    if dimension.attribute_of is None:
        return
    of = dimensions.get(dimension.attribute_of)
    if of is None or of.attribute_of or dimension.type == "time" or dimension.column_type != "text":
        raise part.error(
            f"attribute_of: a text shown beside {dimension.attribute_of}, which must be a dimension of this model."
        )


def _measure(part: Part, source: _Source, dimensions: Mapping[str, Dimension], time: Part | None) -> Measure:
    fields = part.fields("name agg", "description expr agg_time_dimension fill_nulls_with non_additive_dimension")
    name, agg = fields["name"].text(), fields["agg"].one_of(_AGGREGATIONS)
    expr = fields["expr"].text() if "expr" in fields else name
    when = fields.get("agg_time_dimension", time)
    if when is None or getattr(dimensions.get(when.text()), "type", "") != "time":
        raise (when or part).error("agg_time_dimension must name a dimension of time of this model.")
    if set(dimensions[when.text()].dialects) != set(source.relations):
        raise when.error(f"{when.text()} must be there for every engine of the model.")
    kind = source.type_of(fields.get("expr", part), expr, source.relations)
    if source.personal & {*expressions.columns(expr)}:
        raise part.error(
            f"{expr} is personal data, which some see masked: their numbers would be wrong. Count an id instead."
        )
    if agg == "sum_boolean" and kind != "boolean":
        raise part.error(f"sum_boolean takes a condition, and {expr} is {kind}.")
    if agg in ("sum", "average", "min", "max") and not expressions.is_number(kind):
        raise part.error(f"{agg} takes a number, and {expr} is {kind}.")
    counts = agg in ("count", "count_distinct", "sum_boolean")
    fill = fields["fill_nulls_with"].number() if "fill_nulls_with" in fields else 0 if counts else None
    split = (
        fields["non_additive_dimension"].fields("name")["name"].text() if "non_additive_dimension" in fields else None
    )
    return Measure(
        name=name,
        agg=agg,
        expr=expr,
        column_type="bigint" if counts else kind if agg in ("min", "max") else expressions.summed(kind),
        agg_time_dimension=when.text(),
        fill=fill,
        split_by=split,
    )


def _meta(fields: Mapping[str, Part], allowed: str) -> dict[str, Part]:
    return fields["config"].fields("meta")["meta"].fields("", allowed) if "config" in fields else {}


def _items(fields: Mapping[str, Part], name: str) -> Iterable[Part]:
    return fields[name].items() if name in fields else ()


def _checked(part: Part, text: str, types: Mapping[str, str], where: str = "", *, aggregates: bool = False) -> str:
    try:
        return expressions.type_of(text, types, aggregates=aggregates)
    except expressions.NotAllowed as error:
        raise part.error(f"{text}{where}: {error}.") from error


def _numeric(kind: str) -> bool:
    return kind.startswith("numeric")


def _unique(pairs: Iterable[tuple[Part, T]]) -> dict[str, T]:
    named: Callable[[T], str] = lambda item: item.name  # type: ignore[attr-defined]  # noqa: E731
    found: dict[str, T] = {}
    for part, item in pairs:
        if named(item) in found:
            raise part.error(f"{named(item)} stands twice.")
        found[named(item)] = item
    return found

"""Semantic models as they are written in ``include/metrics/semantic_models``, held against the contracts."""

from collections.abc import Iterable, Mapping

from quayside.contract import load_contract
from quayside.serving.metrics import expressions
from quayside.serving.metrics.definitions import (
    GRAINS,
    Dimension,
    Entity,
    Measure,
    Relation,
    SemanticModel,
)
from quayside.serving.metrics.located import Part
from quayside.serving.metrics.reading_relations import checked, key_of, read_relations

_AGGREGATIONS = ("sum", "count", "count_distinct", "sum_boolean", "average", "min", "max")
_INTEGERS = ("smallint", "integer", "bigint")


def read_model(part: Part) -> SemanticModel:
    """Read one semantic model.

    :raises Terminal: it is not as it should be; the message says in which file and line, and what to do
    """
    fields = part.fields("name description model dimensions", "defaults entities measures")
    relations, personal = read_relations(fields["model"])
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
            kinds[dialect] = checked(part, text, self.relations[dialect].columns, f" in {dialect}")
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


def _entity(part: Part, source: _Source) -> Entity:
    fields = part.fields("name type", "expr dialects")
    name, kind = fields["name"].text(), fields["type"].one_of(("primary", "unique", "foreign"))
    expr, dialects = fields["expr"].text() if "expr" in fields else name, source.dialects(fields)
    source.type_of(part, expr, dialects)
    for dialect in dialects:
        relation = source.relations[dialect]
        if kind != "foreign" and relation.dataset:
            keys = relation.group_by or (key_of(load_contract(relation.dataset), dialect),)
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
        checked(meta["sort"], meta["sort"].text(), {name: column_type})
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


def _numeric(kind: str) -> bool:
    return kind.startswith("numeric")


def _unique[T: (Dimension, Measure)](pairs: Iterable[tuple[Part, T]]) -> dict[str, T]:
    found: dict[str, T] = {}
    for part, item in pairs:
        if item.name in found:
            raise part.error(f"{item.name} stands twice.")
        found[item.name] = item
    return found

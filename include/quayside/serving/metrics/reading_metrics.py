"""Metrics as they are written in ``include/metrics/metrics``, held against the semantic models."""

from collections.abc import Mapping
from dataclasses import replace

from quayside.serving.metrics import expressions
from quayside.serving.metrics.definitions import DIALECTS, METRIC_TIME, Measure, Metric, SemanticModel
from quayside.serving.metrics.graph import reachable
from quayside.serving.metrics.located import Part

_TYPES = ("simple", "ratio", "derived", "cumulative")
_UNITS = ("AUD", "currency", "hours", "minutes", "count", "percent", "points", "units")
_GRAINS_TO_DATE = ("week", "month", "quarter", "year")
_DIGITS = 18
_ADDED_UP = ("sum", "count", "sum_boolean")  # what days have can be added up


def read_metric(part: Part, models: Mapping[str, SemanticModel], metrics: Mapping[str, Metric]) -> Metric:
    """Read one metric.

    :param metrics: those that stand before it, which ratios and derived metrics may name
    :raises Terminal: it is not as it should be; the message says in which file and line, and what to do
    """
    fields = part.fields("name label description type type_params config", "filter")
    meta = fields["config"].fields("meta")["meta"].fields("unit", "decimals")
    kind = fields["type"].one_of(_TYPES)
    metric = Metric(
        name=fields["name"].text(),
        label=fields["label"].text(),
        description=fields["description"].text(),
        type=kind,
        unit=meta["unit"].one_of(_UNITS),
        decimals=meta["decimals"].number() if "decimals" in meta else 0,
        column_type="",
    )
    if "__" in metric.name or any(metric.name in model.dimensions for model in models.values()):
        raise fields["name"].error(f"{metric.name} is a dimension's name, or has __ in it; give another.")
    if kind in ("simple", "cumulative"):
        return _of_measure(metric, fields, models)
    if "filter" in fields:
        raise fields["filter"].error(f"a {kind} metric has no filter of its own; give one to what it is made of.")
    return _of_metrics(metric, fields["type_params"], metrics)


def _of_measure(metric: Metric, fields: Mapping[str, Part], models: Mapping[str, SemanticModel]) -> Metric:
    simple = metric.type == "simple"
    params = fields["type_params"].fields("measure" if simple else "measure cumulative_type_params")
    model, measure = _measure(params["measure"], models)
    reached = {dialect: reachable(models, model.name, dialect) for dialect in model.relations}
    if "filter" in fields:
        _check_filter(fields["filter"], reached)
    decimals = expressions.scale(measure.column_type)
    if metric.decimals < decimals and measure.agg != "average":
        raise fields["config"].error(f"{measure.name} has {decimals} digits after its point: decimals: {decimals}.")
    window, to_date = _window(params["cumulative_type_params"], measure) if not simple else (None, None)
    names = {name for found in reached.values() for name, way in found.items() if way}
    exact = measure.column_type == "bigint" and measure.agg != "average"
    return replace(
        metric,
        column_type="bigint" if exact and not metric.decimals else f"numeric({_DIGITS},{metric.decimals})",
        measure=(model.name, measure.name),
        filter=fields["filter"].text() if "filter" in fields else None,
        window=window,
        grain_to_date=to_date,
        dimensions=(METRIC_TIME, *sorted(names)),
        dialects=tuple(model.relations),
    )


def _measure(part: Part, models: Mapping[str, SemanticModel]) -> tuple[SemanticModel, Measure]:
    found = [(model, model.measures[part.text()]) for model in models.values() if part.text() in model.measures]
    if len(found) != 1:
        raise part.error(
            f"{part.text()} is a measure of {' and '.join(model.name for model, _ in found) or 'no semantic model'}; "
            "it has to be one's."
        )
    return found[0]


def _check_filter(part: Part, reached: Mapping[str, Mapping[str, object]]) -> None:
    for found in reached.values():
        types = {name: way.dimension.column_type for name, way in found.items() if way}  # type: ignore[attr-defined]
        try:
            if expressions.type_of(part.text(), types) != "boolean":
                raise part.error("a filter is a condition on dimensions, such as master_group = 1.")
        except expressions.NotAllowed as error:
            raise part.error(f"{part.text()}: {error}.") from error


def _window(part: Part, measure: Measure) -> tuple[int | None, str | None]:
    fields = part.fields("", "window grain_to_date")
    if len(fields) != 1:
        raise part.error("give a window, such as 7 days, or a grain_to_date, such as month.")
    if measure.agg not in _ADDED_UP:
        raise part.error(f"{measure.name} is a {measure.agg}, which cannot be added up over days.")
    if "grain_to_date" in fields:
        return None, fields["grain_to_date"].one_of(_GRAINS_TO_DATE)
    number, _, unit = fields["window"].text().partition(" ")
    if not number.isdecimal() or unit not in ("day", "days") or not 1 < int(number) <= 366:
        raise fields["window"].error("a window is of 2 to 366 days, such as 7 days.")
    return int(number), None


def _of_metrics(metric: Metric, part: Part, metrics: Mapping[str, Metric]) -> Metric:
    if metric.type == "ratio":
        fields = part.fields("numerator denominator")
        inputs: tuple[str, ...] = (fields["numerator"].text(), fields["denominator"].text())
        expr = f"{inputs[0]}{' * 100' if metric.unit == 'percent' else ''} / {inputs[1]}"
    else:
        fields = part.fields("expr metrics")
        inputs, expr = fields["metrics"].names(), fields["expr"].text()
    used = [_input(part, name, metrics) for name in inputs]
    types = {other.name: other.column_type for other in used}
    try:
        kind = expressions.type_of(expr, types)
    except expressions.NotAllowed as error:
        raise part.error(f"{expr}: {error}.") from error
    if {*expressions.columns(expr)} != {*inputs}:
        raise part.error(f"metrics: list those that {expr} uses, and no others.")
    rounded = expressions.rounds(expr)
    if not rounded and expressions.scale(kind) > metric.decimals:
        raise part.error(
            f"{expr} has {expressions.scale(kind)} digits after its point: decimals: {expressions.scale(kind)}."
        )
    dimensions = [name for name in used[0].dimensions if all(name in other.dimensions for other in used)]
    return replace(
        metric,
        expr=expr,
        inputs=inputs,
        column_type="bigint" if kind == "bigint" and not rounded else f"numeric({_DIGITS},{metric.decimals})",
        dimensions=tuple(dimensions),
        dialects=tuple(name for name in DIALECTS if all(name in other.dialects for other in used)),
    )


def _input(part: Part, name: str, metrics: Mapping[str, Metric]) -> Metric:
    if name not in metrics:
        raise part.error(f"there is no metric {name} before this one, in this file or one that comes before it.")
    metric = metrics[name]
    if (metric.expr and expressions.rounds(metric.expr)) or not metric.dimensions:
        raise part.error(f"{name} is rounded; name what it is made of, so that this is rounded once.")
    return metric

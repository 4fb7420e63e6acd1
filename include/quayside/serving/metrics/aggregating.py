"""One part of a query: the measures of one semantic model, by one time, grouped and summed up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlglot import exp

from quayside.serving.access import Forbidden
from quayside.serving.metrics import expressions
from quayside.serving.metrics.checking import check_values
from quayside.serving.metrics.definitions import GRAINS, METRIC_TIME, Dimension, Measure, Metric, SemanticModel
from quayside.serving.metrics.graph import Found, Models, counted_twice, reachable
from quayside.serving.metrics.query import Filter, InvalidQuery
from quayside.serving.metrics.rows import Binding, Days, Place, select_rows
from quayside.serving.metrics.tree import any_of, column, enclosed, in_order, joined, named, nested, select, within

_ROWS = "line"
_COMPARED = {"=": exp.EQ, "!=": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE}


@dataclass(frozen=True, slots=True)
class Item:
    """What is grouped by.

    :param name: as it was asked for
    :param dimension: without the grain
    :param grain: of time; None for the dimension's own
    """

    name: str
    dimension: str
    grain: str | None

    @classmethod
    def of(cls, name: str) -> "Item":
        """Read ``<dimension>`` or ``<dimension>__<grain>``."""
        dimension, _, grain = name.rpartition("__")
        return cls(name, dimension, grain) if dimension and grain in GRAINS else cls(name, name, None)


Path = tuple[tuple[str, str], ...]  # (entity, semantic model) of each join


class Part:
    """The measures of one semantic model that are counted by one time.

    :param metrics: simple or cumulative ones, each with its measure
    :param time: name of the dimension of time that they are counted by
    :raises Forbidden: the rows are of no venue, and the caller sees only some
    :raises InvalidQuery: the engine does not have these rows
    """

    def __init__(
        self, models: Models, model: SemanticModel, time: str, metrics: Sequence[tuple[Metric, Measure]], place: Place
    ) -> None:
        self.models, self.model, self.time, self.metrics, self.place = models, model, time, tuple(metrics), place
        self._first = self.metrics[0][0].name
        if place.dialect not in model.relations:
            raise InvalidQuery(f"{self._first} cannot be asked of {place.dialect}.", field="metrics")
        if place.access.venues is not None and not model.relations[place.dialect].venue:
            raise Forbidden(f"{self._first} is of no venue; only who sees all venues may ask for it.")
        self._reached = reachable(models, model.name, place.dialect)
        self._aliases: dict[Path, str] = {(): "t"}

    def find(self, name: str, where: str) -> Found:
        """Return a dimension by its name.

        :param where: the part of the query that names it
        :raises InvalidQuery: these metrics cannot be split by it
        """
        found = self._reached.get(self.time if name == METRIC_TIME else name)
        if found is not None:
            return found
        why = f"there is no such dimension for it, and its time is {self.time}, or {METRIC_TIME}"
        if name in self._reached:
            ways = sorted(full for full in self._reached if full.endswith(f"__{name}"))
            why = f"that could be any of {', '.join(ways)}"
        elif other := counted_twice(self.models, self.model.name, name):
            why = f"each row of {self.model.name} may have several rows of {other}, and would count as often"
        elif any(name in reachable(self.models, self.model.name, other) for other in self.model.relations):
            why = f"that is not known in {self.place.dialect}"
        raise InvalidQuery(f"{self._first} cannot be split or filtered by {name}: {why}.", field=where)

    def select(self, items: Sequence[Item], filters: Sequence[Filter], days: tuple[date, date]) -> exp.Select:
        """Return the query of the groups: columns ``d0``, ``d1``, … for the items, and those of `outputs`.

        :raises InvalidQuery: something cannot be split or filtered as it is asked
        """
        founds = [self.find(item.dimension, "group_by") for item in items]
        inner, keys, values = list[exp.Expr](), list[exp.Expr](), list[exp.Expr]()
        for i, (item, found) in enumerate(zip(items, founds, strict=True)):
            inner.append(named(self._grouped(item, found), f"d{i}"))
            if is_attribute(found, founds):
                order = found.dimension.latest_by
                inner += [named(self._value(found, text), f"d{i}_{j}") for j, text in enumerate(order)]
                values.append(named(self._latest(i, found), f"d{i}"))
            else:
                keys.append(column(f"d{i}", _ROWS))
        conditions = [self._condition(item) for item in filters]
        counted = [self._filter(metric) for metric, _ in self.metrics]
        for i, ((_, measure), kind) in enumerate(zip(self.metrics, counted, strict=True)):
            value = self._words(measure.expr, ())
            inner.append(named(exp.Case().when(kind.copy(), value, copy=False) if kind is not None else value, f"m{i}"))
            values += [named(node, name) for name, node in _aggregates(i, measure)]
        if all(kind is not None for kind in counted):  # a group in which nothing is counted is none
            conditions.append(any_of([kind for kind in counted if kind is not None]))
        rows = nested(self._rows(inner, conditions, days), _ROWS)
        return select([*keys, *values], rows, group_by=[key.copy() for key in keys])

    def outputs(self) -> list[tuple[str, str]]:
        """Return the columns of the metrics, with their types: ``m0``, …; of averages also ``n0``, …, of how many."""
        found = []
        for i, (_, measure) in enumerate(self.metrics):
            found.append((f"m{i}", measure.column_type))
            found += [(f"n{i}", "bigint")] if measure.agg == "average" else []
        return found

    def _grouped(self, item: Item, found: Found) -> exp.Expr:
        """Return what is grouped by: a dimension's value; of time the beginning of the period, of hours by the clock."""
        dimension = found.dimension
        if dimension.type != "time":
            if item.grain:
                raise InvalidQuery(
                    f"{item.name}: {dimension.name} is no time, and has no {item.grain}.", field="group_by"
                )
            return self._value(found, dimension.expr)
        grain = item.grain or default_grain(dimension)
        if grain not in grains(dimension):
            raise InvalidQuery(
                f"{self._first} by {item.name}: it is known by {', '.join(grains(dimension))}.", field="group_by"
            )
        if grain == "day":
            return self._value(found, dimension.expr)
        clock = self._value(found, (dimension.hour or "") if grain == "hour" else dimension.expr)
        return expressions.truncated(clock, grain)

    def _latest(self, i: int, found: Found) -> exp.Expr:
        """Return the latest of an attribute's values in a group."""
        dialect, order = self.place.dialect, found.dimension.latest_by
        if not order:
            return exp.Max(this=in_order(column(f"d{i}", _ROWS), "text", dialect))
        relation = self._model(found.path).relations[dialect]
        by = [
            exp.Ordered(
                this=in_order(column(f"d{i}_{j}", _ROWS), relation.columns[name], dialect), desc=True, nulls_first=False
            )
            for j, name in enumerate(order)
        ]
        ordered = exp.ArrayAgg(this=exp.Order(this=column(f"d{i}", _ROWS), expressions=by))
        if dialect == "postgres":
            return exp.Bracket(this=exp.paren(ordered, copy=False), expressions=[exp.Literal.number(1)], offset=1)
        return exp.Anonymous(this="element_at", expressions=[ordered, exp.Literal.number(1)])

    def _condition(self, given: Filter) -> exp.Expr:
        found = self.find(given.name, "where")
        value = self._value(found, found.dimension.expr)
        return condition(given, value, found.dimension.column_type, self.place.bind)

    def _filter(self, metric: Metric) -> exp.Expr | None:
        """Return a metric's own filter, over dimensions."""
        if metric.filter is None:
            return None

        def value(name: str) -> exp.Expr:
            found = self.find(name, "metrics")
            return exp.paren(self._value(found, found.dimension.expr), copy=False)

        return exp.paren(expressions.words(metric.filter, self.place.dialect, value), copy=False)

    def _value(self, found: Found, text: str) -> exp.Expr:
        return self._words(text, found.path)

    def _words(self, text: str, path: Path) -> exp.Expr:
        alias = self._alias(path)
        return expressions.words(text, self.place.dialect, lambda name: column(name, alias))

    def _alias(self, path: Path) -> str:
        """Return what the rows at the end of a path are called; they are joined where anything of theirs is used."""
        if path not in self._aliases:
            self._alias(path[:-1])
            self._aliases[path] = "__".join(["t", *(entity for entity, _ in path)])
        return self._aliases[path]

    def _model(self, path: Path) -> SemanticModel:
        return self.models[path[-1][1]] if path else self.model

    def _rows(self, items: Sequence[exp.Expr], conditions: Sequence[exp.Expr], days: tuple[date, date]) -> exp.Select:
        """Return items of the rows, and of what they are joined with, each with no more columns than are used."""
        ons = {path: self._on(path) for path in self._aliases if path}
        used: dict[str, set[str]] = {alias: set() for alias in self._aliases.values()}
        for node in (*items, *conditions, *ons.values()):
            for item in node.find_all(exp.Column):
                used[item.table].add(item.name)
        tables = {}
        for path, alias in self._aliases.items():
            relation = self._model(path).relations[self.place.dialect]
            range_ = None if path else Days(self.model.dimensions[self.time].expr, *days)
            needed = used[alias] or {next(iter(relation.columns))}
            tables[path] = select_rows(relation, needed, alias, self.place, range_)
        query = select(items, tables.pop(()), where=conditions)
        for path, table in tables.items():
            query = joined(query, table, how="left", on=ons[path])
        return query

    def _on(self, path: Path) -> exp.Expr:
        ends = (path[:-1], path)
        keys = [self._words(self._entity(end, path[-1][0]), end) for end in ends]
        return exp.EQ(this=enclosed(keys[0]), expression=enclosed(keys[1]))

    def _entity(self, path: Path, name: str) -> str:
        return next(entity.expr for entity in self._model(path).entities if entity.name == name)


def is_attribute(found: Found, founds: Sequence[Found]) -> bool:
    """Tell whether a dimension is shown beside what it is an attribute of, and so makes no groups of its own."""
    of = found.dimension.attribute_of
    return any(other.path == found.path and other.dimension.name == of for other in founds)


def grains(dimension: Dimension) -> tuple[str, ...]:
    """Return the grains that a dimension of time can be grouped by: those that whole periods of it make up."""
    if dimension.granularity == "week":
        return ("week",)
    coarser = GRAINS[GRAINS.index(dimension.granularity) :]
    return tuple(grain for grain in coarser if grain != "week" or dimension.granularity in ("hour", "day"))


def default_grain(dimension: Dimension) -> str:
    """Return the grain of a dimension of time where none is said: days, if there are."""
    return "day" if dimension.granularity == "hour" else dimension.granularity


def condition(given: Filter, value: exp.Expr, kind: str, bind: Binding) -> exp.Expr:
    """Return a filter's condition on a value; the filter's own values are bound.

    :param kind: the value's type
    :raises InvalidQuery: the filter's values are of another
    """
    check_values(given, kind)
    marks = [bind(item) for item in given.values]
    match given.operator:
        case "in" | "not in":
            inside = within(value, marks)
            return inside if given.operator == "in" else exp.not_(inside, copy=False)
        case "is null" | "is not null":
            there = exp.Is(this=enclosed(value), expression=exp.Null())
            return there if given.operator == "is null" else exp.not_(there, copy=False)
    return _COMPARED[given.operator](this=enclosed(value), expression=marks[0])


def _aggregates(i: int, measure: Measure) -> list[tuple[str, exp.Expr]]:
    """Return a measure's aggregates over the rows' column ``m<i>``, in the types of `Part.outputs`."""
    value = column(f"m{i}", _ROWS)
    match measure.agg:
        case "sum" | "average":
            node: exp.Expr = exp.Sum(this=value)
        case "sum_boolean":
            node = exp.Sum(
                this=exp.Case().when(value, exp.Literal.number(1), copy=False).else_(exp.Literal.number(0), copy=False)
            )
        case "count":
            node = exp.Count(this=value)
        case "count_distinct":
            node = exp.Count(this=exp.Distinct(expressions=[value]))
        case "min":
            node = exp.Min(this=value)
        case _:
            node = exp.Max(this=value)
    found = [(f"m{i}", expressions.cast(node, measure.column_type))]
    return [*found, (f"n{i}", exp.Count(this=value.copy()))] if measure.agg == "average" else found

"""From a query to SQL: the parts are aggregated each for itself, then brought together by their dimensions."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from quayside.errors import Terminal
from quayside.serving.access import Access, Forbidden
from quayside.serving.metrics import expressions
from quayside.serving.metrics.aggregating import Item, Part, condition, default_grain, is_attribute
from quayside.serving.metrics.checking import check
from quayside.serving.metrics.cumulative import add_up, day_items, needed_days
from quayside.serving.metrics.definitions import METRIC_TIME, Dimension, Measure, Metric
from quayside.serving.metrics.graph import Found, Models
from quayside.serving.metrics.periods import begins
from quayside.serving.metrics.query import Column, Compiled, InvalidQuery, Query
from quayside.serving.metrics.rows import MARK, Binding, Place
from quayside.serving.metrics.tree import column, in_order, joined, named, nested, select, values_table
from quayside.venues import venues

_MARKS = re.compile(rf"%\({MARK}(\d+)\)s|:{MARK}(\d+)")
_ALL, _ANSWER = "together", "answer"


def compile_query(
    models: Models, metrics: Mapping[str, Metric], query: Query, access: Access, *, dialect: str, database: str
) -> Compiled:
    """Return the SQL of a query for one engine; of rows that the caller may not see, none is read.

    :param database: for Athena, the Glue database of the tables; that of the masked views is named like it
    :raises InvalidQuery: it cannot be asked so
    :raises Forbidden: the caller may not ask for it
    """
    check(query, metrics, dialect)
    place = Place(dialect, access, database, Binding())
    return _Compiling(models, metrics, query, place).compiled()


class _Compiling:
    def __init__(self, models: Models, metrics: Mapping[str, Metric], query: Query, place: Place) -> None:
        self.metrics, self.query, self.place = metrics, query, place
        self.asked = [metrics[name] for name in query.metrics]
        self.leaves = list(dict.fromkeys(leaf for metric in self.asked for leaf in self._leaves(metric)))
        self.items = [Item.of(name) for name in query.group_by]
        self.having = [item for item in query.where if item.name in query.metrics]
        self.filters = [item for item in query.where if item.name not in query.metrics]
        self.parts = [
            Part(models, models[model], time, found, place) for (model, time, _), found in self._by_part(models).items()
        ]
        self.founds = [self._found(item) for item in self.items]

    def compiled(self) -> Compiled:
        """Put all together."""
        self._check_additive()
        branches = [self._branch(number, part) for number, part in enumerate(self.parts)]
        names = [f"d{i}" for i in range(len(self.items))]
        values = [name for number, part in enumerate(self.parts) for name, _ in self._outputs(number, part)]
        if self.query.every_period:
            branches.append(self._every_period())
        together = self._together(branches, names, values)
        answer = select(
            [
                *(named(column(name, _ALL), item.name) for name, item in zip(names, self.items, strict=True)),
                *(named(self._value(metric), metric.name) for metric in self.asked),
            ],
            nested(together, _ALL),
        )
        columns = self._columns()
        shown = [column(item.name, _ANSWER) for item in columns]
        final = select(shown, nested(answer, _ANSWER), where=self._shown())
        final = final.order_by(*self._order(), copy=False) if self.items else final
        final = final.limit(self.query.limit, copy=False) if self.query.limit is not None else final
        return self._finished(final, columns)

    def _leaves(self, metric: Metric) -> Iterator[Metric]:
        """Yield the metrics of measures that a metric is made of."""
        if metric.measure:
            yield metric
        for name in metric.inputs:
            yield from self._leaves(self.metrics[name])

    def _by_part(self, models: Models) -> dict[tuple[str, str, tuple[object, ...]], list[tuple[Metric, Measure]]]:
        """Return what can be aggregated together: of one model, by one time, over the same days."""
        found: dict[tuple[str, str, tuple[object, ...]], list[tuple[Metric, Measure]]] = {}
        for leaf in self.leaves:
            model, name = leaf.measure or ("", "")
            measure = models[model].measures[name]
            over = (leaf.window, leaf.grain_to_date)
            found.setdefault((model, measure.agg_time_dimension, over), []).append((leaf, measure))
        return found

    def _found(self, item: Item) -> Found:
        """Return the dimension that an item means, which must be alike for all metrics."""
        found = [part.find(item.dimension, "group_by") for part in self.parts]
        kinds = {_kind(each.dimension, item) for each in found}
        if len(kinds) > 1:
            raise InvalidQuery(
                f"{item.name} is not the same for all of these metrics; say a grain, or ask for them apart.",
                field="group_by",
            )
        return found[0]

    def _outputs(self, number: int, part: Part) -> list[tuple[str, str]]:
        return [(f"p{number}_{name}", kind) for name, kind in part.outputs()]

    def _branch(self, number: int, part: Part) -> exp.Select:
        """Return a part's groups, with nothing in the columns of the other parts."""
        days = (self.query.since, self.query.until)
        metric = part.metrics[0][0]
        if metric.type == "cumulative":
            inner = part.select(day_items(self.items, part, metric), self.filters, needed_days(metric, *days))
            inner = add_up(inner, self.items, part, metric, days)
        else:
            inner = part.select(self.items, self.filters, days)
        alias = f"p{number}"
        shown: list[exp.Expr] = [column(f"d{i}", alias) for i in range(len(self.items))]
        for other_number, other in enumerate(self.parts):
            for (plain, kind), (name, _) in zip(other.outputs(), self._outputs(other_number, other), strict=True):
                value = column(plain, alias) if other is part else expressions.cast(exp.Null(), kind)
                shown.append(named(value, name))
        return select(shown, nested(inner, alias))

    def _together(self, branches: Sequence[exp.Select], names: Sequence[str], values: Sequence[str]) -> exp.Select:
        """Bring the groups of all parts together, null being equal to null: what a full outer join on all dimensions gives.

        A group has at most one row of each part, so that the highest value is the only one.
        """
        if len(branches) == 1:
            return branches[0]
        rows: exp.Query = branches[0]
        for branch in branches[1:]:
            rows = exp.union(rows, branch, distinct=False, copy=False)
        attribute = [is_attribute(found, self.founds) for found in self.founds]
        keys = [column(name, "part") for name, shown in zip(names, attribute, strict=True) if not shown]
        labels = [
            named(exp.Max(this=in_order(column(name, "part"), "text", self.place.dialect)), name)
            for name, shown in zip(names, attribute, strict=True)
            if shown
        ]
        highest = [named(exp.Max(this=column(name, "part")), name) for name in values]
        return select([*keys, *labels, *highest], nested(rows, "part"), group_by=[key.copy() for key in keys])

    def _every_period(self) -> exp.Select:
        """Return a row with no values for each period of the range, and each venue where these are grouped by."""
        times = [i for i, found in enumerate(self.founds) if found.dimension.type == "time"]
        places = [i for i, found in enumerate(self.founds) if found.dimension.name == "venue"]
        if len(times) != 1 or len(times) + len(places) != len(self.items):
            raise InvalidQuery(
                "Every period can be shown where one grain of time, and venue, is grouped by.", field="every_period"
            )
        [time] = times
        for part in self.parts:
            if self.items[time].dimension not in (METRIC_TIME, part.time):
                raise InvalidQuery(f"Every period of {METRIC_TIME} can be shown.", field="every_period")
        of_time = [item for item in self.filters if self.parts[0].find(item.name, "where").dimension.type == "time"]
        if of_time:
            raise InvalidQuery(
                "Every period can be shown of since and until; leave other filters of time out.", field="where"
            )
        grain = self.items[time].grain or default_grain(self.founds[time].dimension)
        rows = [[self.place.bind(moment)] for moment in begins(grain, self.query.since, self.query.until)]
        query = exp.select().from_(values_table(rows, "period", ["begins"]), copy=False)
        shown: dict[int, exp.Expr] = {time: column("begins", "period")}
        for i in places:
            query = joined(query, self._venues(), how="cross")
            shown[i] = column("venue_id", "each")
            of_venue = [
                item for item in self.filters if self.parts[0].find(item.name, "where").dimension.name == "venue"
            ]
            query = query.where(
                *(condition(item, column("venue_id", "each"), "integer", self.place.bind) for item in of_venue),
                copy=False,
            )
        values = [
            named(expressions.cast(exp.Null(), kind), name)
            for number, part in enumerate(self.parts)
            for name, kind in self._outputs(number, part)
        ]
        return query.select(*(named(shown[i], f"d{i}") for i in sorted(shown)), *values, copy=False)

    def _venues(self) -> exp.Expr:
        """Return the venues that the caller may see."""
        numbers = [venue.id for venue in venues() if self.place.access.sees(venue.id)]
        if not numbers:
            raise Forbidden("None of the caller's venues is known.")
        return values_table([[self.place.bind(number)] for number in numbers], "each", ["venue_id"])

    def _value(self, metric: Metric) -> exp.Expr:
        """Return a metric's value, rounded and of its type."""
        return expressions.cast(self._exact(metric), metric.column_type)

    def _exact(self, metric: Metric) -> exp.Expr:
        """Return a metric's value before it gets its type; only a quotient is rounded yet, and to the metric's digits."""
        dialect = self.place.dialect
        if metric.expr is None:
            return self._measured(metric)
        types = {name: self.metrics[name].column_type for name in metric.inputs}
        return expressions.words(
            metric.expr,
            dialect,
            lambda name: exp.paren(self._exact(self.metrics[name]), copy=False),
            types=types,
            decimals=metric.decimals,
        )

    def _measured(self, metric: Metric) -> exp.Expr:
        for number, part in enumerate(self.parts):
            for i, (leaf, measure) in enumerate(part.metrics):
                if leaf is metric:
                    value = column(f"p{number}_m{i}", _ALL)
                    if measure.agg == "average":
                        scales = (expressions.scale(measure.column_type), 0)
                        count = column(f"p{number}_n{i}", _ALL)
                        value = expressions.quotient(value, count, scales, metric.decimals, self.place.dialect)
                    if measure.fill is None:
                        return value
                    nothing = expressions.cast(exp.Literal.number(measure.fill), metric.column_type)
                    return exp.Coalesce(this=value, expressions=[nothing])
        raise KeyError(metric.name)

    def _columns(self) -> tuple[Column, ...]:
        found = []
        for item, way in zip(self.items, self.founds, strict=True):
            time = way.dimension.type == "time"
            grain = item.grain or (default_grain(way.dimension) if time else None)
            kind = way.dimension.column_type if grain != "hour" else "timestamp(3)"
            label = (grain or "day").capitalize() if time else way.dimension.label
            found.append(
                Column(name=item.name, type=kind, label=label, unit=None, kind="time" if time else "dimension")
            )
        metrics = [
            Column(name=metric.name, type=metric.column_type, label=metric.label, unit=metric.unit, kind="metric")
            for metric in self.asked
        ]
        return (*found, *metrics)

    def _shown(self) -> list[exp.Expr]:
        """Return the conditions on metrics, of the groups that are shown."""
        return [
            condition(item, column(item.name, _ANSWER), self.metrics[item.name].column_type, self.place.bind)
            for item in self.having
        ]

    def _order(self) -> list[exp.Expr]:
        """Return what rows are ordered by: what was asked for, then all that makes them different."""
        asked = [(name.removeprefix("-"), name.startswith("-")) for name in self.query.order_by]
        rest = [(item.name, False) for item in self.items if item.name not in dict(asked)]
        return [
            exp.Ordered(this=self._sorted(name), desc=downwards, nulls_first=False)
            for name, downwards in [*asked, *rest]
        ]

    def _sorted(self, name: str) -> exp.Expr:
        """Return what rows are put in order by where they are by a column of the answer."""
        value = column(name, _ANSWER)
        for item, found in zip(self.items, self.founds, strict=True):
            if item.name == name and found.dimension.sort:
                return expressions.words(found.dimension.sort, self.place.dialect, lambda _: value.copy())
            if item.name == name:
                return in_order(value, found.dimension.column_type, self.place.dialect)
        return value

    def _check_additive(self) -> None:
        """Refuse to add up what cannot be, such as amounts of several currencies."""
        single = {item.name for item in self.filters if item.operator in ("=", "in") and len(item.values) == 1}
        for part in self.parts:
            for metric, measure in part.metrics:
                if measure.split_by and measure.split_by not in single | {item.dimension for item in self.items}:
                    raise InvalidQuery(
                        f"{metric.name} cannot be added up over {measure.split_by}: group by it, or filter by one.",
                        field="group_by",
                    )

    def _finished(self, tree: exp.Select, columns: tuple[Column, ...]) -> Compiled:
        """Write the SQL, and number the marks as they stand in it."""
        place, values = self.place, self.place.bind.values
        text = tree.sql(place.dialect, identify=True, copy=False)
        order = [int(found[1] or found[2]) for found in _MARKS.finditer(text)]
        if len({*order}) != len(order) or len(order) != len(values):
            raise Terminal(f"{', '.join(self.query.metrics)}: values and marks of the query differ; report this query.")
        numbers = {index: number for number, index in enumerate(order, 1)}

        def mark(found: re.Match[str]) -> str:
            return "?" if place.dialect == "athena" else f"%(p{numbers[int(found[1] or found[2])]})s"

        sql, parameters = _MARKS.sub(mark, text), tuple(values[index] for index in order)
        return Compiled(
            sql=sql,
            parameters=parameters,
            columns=columns,
            datasets=tuple(sorted(place.datasets)),
            key=_key(sql, parameters, place),
            dialect=place.dialect,
        )


def _kind(dimension: Dimension, item: Item) -> tuple[str | None, ...]:
    """Return what has to be alike of a dimension in all semantic models of a query, so that its values can meet."""
    grain = item.grain or (default_grain(dimension) if dimension.type == "time" else None)
    return dimension.column_type, dimension.type, dimension.attribute_of, grain


def _key(sql: str, parameters: Sequence[object], place: Place) -> str:
    venues_ = None if place.access.venues is None else sorted(place.access.venues)
    values = [[type(value).__name__, str(value)] for value in parameters]
    parts = [sql, values, place.dialect, venues_, place.access.masked]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

"""Cumulative metrics: for each period, what the days up to its end add up to."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlglot import exp

from quayside.serving.metrics import expressions
from quayside.serving.metrics.aggregating import Item, Part
from quayside.serving.metrics.definitions import METRIC_TIME, Metric
from quayside.serving.metrics.periods import begin, spans
from quayside.serving.metrics.query import InvalidQuery
from quayside.serving.metrics.tree import between, column, joined, named, nested, values_table


def day_items(items: Sequence[Item], part: Part, metric: Metric) -> list[Item]:
    """Return what is grouped by before days are added up: the same, with days in the place of periods.

    :raises InvalidQuery: it is not split by one grain of its time, of days or longer
    """
    times = [item for item in items if part.find(item.dimension, "group_by").dimension.type == "time"]
    if len(times) != 1 or times[0].dimension not in (METRIC_TIME, part.time) or times[0].grain == "hour":
        raise InvalidQuery(
            f"{metric.name} is told for the end of days or longer periods: group by one of {METRIC_TIME}.",
            field="group_by",
        )
    return [Item(item.name, item.dimension, "day") if item is times[0] else item for item in items]


def needed_days(metric: Metric, since: date, until: date) -> tuple[date, date]:
    """Return the days that are added up: some before the range belong to it."""
    return _first(metric, since), until


def add_up(
    days: exp.Select, items: Sequence[Item], part: Part, metric: Metric, range_: tuple[date, date]
) -> exp.Select:
    """Return the sums for each period, of groups by day.

    :raises InvalidQuery: the periods are too many
    """
    [time] = [i for i, item in enumerate(items) if part.find(item.dimension, "group_by").dimension.type == "time"]
    bind = part.place.bind
    rows = [
        [bind(first), bind(_first(metric, max(last, range_[0]))), bind(last)]
        for first, last in spans(items[time].grain or "day", *range_)
    ]
    periods = values_table(rows, "period", ["begins", "first_day", "last_day"])
    within = between(column(f"d{time}", "each"), column("first_day", "period"), column("last_day", "period"))
    keys = [column("begins", "period") if i == time else column(f"d{i}", "each") for i in range(len(items))]
    sums = [named(expressions.cast(exp.Sum(this=column(name, "each")), kind), name) for name, kind in part.outputs()]
    items_ = [*(named(key, f"d{i}") for i, key in enumerate(keys)), *sums]
    query = joined(exp.select(*items_, copy=False).from_(periods, copy=False), nested(days, "each"), on=within)
    return query.group_by(*(key.copy() for key in keys), copy=False)


def _first(metric: Metric, day: date) -> date:
    """Return the first day that is added up for a day."""
    if metric.window:
        return day - timedelta(days=metric.window - 1)
    return begin(metric.grain_to_date or "", day)

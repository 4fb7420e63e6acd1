"""Queries of any kind, as far as one can see that they are valid without compiling them."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from quayside.serving.metrics import Filter, Query, load_layer
from quayside.serving.metrics.aggregating import grains

LAYER = load_layer()
SOME: dict[str, list[Any]] = {
    "integer": [1, 2, 3, 10],
    "bigint": [1, 2, 100],
    "text": ["Beer", "Beverage", "Bar", "Kitchen", "GBP", "Zürich", "O'Brien", "", "•••"],
    "date": [date(2026, 3, 30), date(2024, 6, 28)],
    "boolean": [True, False],
}
LITTLE = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to look for a smaller one would take minutes of asking
)
MORE = settings(LITTLE, max_examples=40)


Range = tuple[date, date]


@st.composite
def ranges(draw: st.DrawFn, known: Sequence[Range]) -> Range:
    first, last = draw(st.sampled_from(known))
    since = first + timedelta(days=draw(st.integers(-1, (last - first).days)))
    return since, min(last + timedelta(days=2), since + timedelta(days=draw(st.integers(0, 9))))


@st.composite
def filters(draw: st.DrawFn, name: str, kind: str) -> Filter:
    values = st.sampled_from(SOME.get(kind, [Decimal("0"), Decimal("12.35"), 100]))
    operators = ["=", "!=", "in", "not in", "is null", "is not null"]
    operator = draw(st.sampled_from(operators + (["<", "<=", ">", ">="] if kind not in ("text", "boolean") else [])))
    if operator.startswith("is"):
        return Filter(name, operator)
    some = draw(st.lists(values, min_size=1, max_size=3, unique=True))
    return Filter(name, operator, tuple(some if "in" in operator else some[:1]))


@st.composite
def queries(draw: st.DrawFn, names_of_metrics: Sequence[str], known: Sequence[Range]) -> Query:
    """A query of some metrics, over days of which something is known."""
    metrics = tuple(draw(st.lists(st.sampled_from(names_of_metrics), min_size=1, max_size=4, unique=True)))
    common = set.intersection(*(set(LAYER.metrics[name].dimensions) for name in metrics))
    cumulative = any(LAYER.metrics[name].type == "cumulative" for name in metrics)
    names = sorted(name for name in common if not name.startswith("metric_time") and plain(metrics, name))
    times = ["metric_time"] if cumulative else draw(st.lists(st.just("metric_time"), max_size=1))
    others = draw(st.lists(st.sampled_from(names), max_size=2, unique=True)) if names else []
    if any(LAYER.metrics[name].unit == "currency" for name in metrics) and "currency" not in others:
        others.append("currency")
    by = [time + draw(st.sampled_from(["", *suffixes(metrics, cumulative)])) for time in times] + others
    where = [draw(filters(name, kind_of(metrics, name))) for name in draw(some_of(names))]
    having = draw(st.lists(st.sampled_from(metrics), max_size=1))
    where += [draw(filters(name, LAYER.metrics[name].column_type)) for name in having]
    asked = [*metrics, *by]
    order = draw(st.lists(st.sampled_from(asked), max_size=2, unique=True))
    since, until = draw(ranges(known))
    return Query(
        metrics=metrics,
        group_by=tuple(by),
        since=since,
        until=until,
        where=tuple(where),
        order_by=tuple(draw(st.sampled_from(["", "-"])) + name for name in order),
        limit=draw(st.none() | st.integers(1, 20)),
        every_period=bool(times) and set(others) <= {"venue"} and draw(st.booleans()),
    )


def some_of(names: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), max_size=2) if names else st.just([])


def plain(metrics: tuple[str, ...], name: str) -> bool:
    """Whether a dimension is known in both engines, and is no time: of that, metric_time is enough."""
    found = [LAYER.dimension(metric, name) for metric in metrics]
    return all(item and item.type == "categorical" and len(item.dialects) == 2 for item in found)


def kind_of(metrics: tuple[str, ...], name: str) -> str:
    found = LAYER.dimension(metrics[0], name)
    assert found is not None
    return found.column_type


def suffixes(metrics: tuple[str, ...], cumulative: bool) -> list[str]:
    times = [LAYER.dimension(metric, "metric_time") for metric in metrics]
    common = set.intersection(*(set(grains(time)) for time in times if time))
    return [f"__{grain}" for grain in sorted(common - ({"hour"} if cumulative else set()))]

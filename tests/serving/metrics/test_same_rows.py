"""Properties: both engines give the same rows, and nobody is given rows of a venue that is not theirs."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from quayside.serving.access import Access
from quayside.serving.metrics import Filter, InvalidQuery, Query, load_layer
from quayside.serving.metrics.aggregating import grains
from tests.hospitality.edges import SINCE, UNTIL
from tests.hospitality.places import AUTUMN, SPRING
from tests.serving.metrics.asking import same
from tests.serving.metrics.conftest import Engines

LAYER = load_layer()
HOTELS = sorted(name for name, metric in LAYER.metrics.items() if "venue" in metric.dimensions)
BOTH = [name for name in HOTELS if len(LAYER.metrics[name].dialects) == 2]
ACCESSES = st.sampled_from(
    [
        Access(role="admin", venues=None),
        Access(role="analyst", venues=None),
        Access(role="manager", venues=frozenset({1})),
        Access(role="viewer", venues=frozenset({2})),
        Access(role="viewer", venues=frozenset({1, 2})),
        Access(role="manager", venues=frozenset({7})),
    ]
)
SOME: dict[str, list[Any]] = {
    "integer": [1, 2, 3, 10],
    "bigint": [1, 2, 100],
    "text": ["Beer", "Beverage", "Bar", "Kitchen", "O'Brien", "", "•••"],
    "date": [AUTUMN[0], SINCE],
    "boolean": [True, False],
}
LITTLE = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to look for a smaller one would take minutes of asking
)
MORE = settings(LITTLE, max_examples=60)


@st.composite
def ranges(draw: st.DrawFn) -> tuple[date, date]:
    first, last = draw(st.sampled_from([SPRING, AUTUMN, (SINCE, UNTIL)]))
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
def queries(draw: st.DrawFn) -> Query:
    """A query that is valid, as far as one can see without compiling it."""
    metrics = tuple(draw(st.lists(st.sampled_from(BOTH), min_size=1, max_size=4, unique=True)))
    common = set.intersection(*(set(LAYER.metrics[name].dimensions) for name in metrics))
    cumulative = any(LAYER.metrics[name].type == "cumulative" for name in metrics)
    names = sorted(name for name in common if not name.startswith("metric_time") and plain(metrics, name))
    times = ["metric_time"] if cumulative else draw(st.lists(st.just("metric_time"), max_size=1))
    others = draw(st.lists(st.sampled_from(names), max_size=2, unique=True)) if names else []
    by = [time + draw(st.sampled_from(["", *suffixes(metrics, cumulative)])) for time in times] + others
    where = [draw(filters(name, kind_of(metrics, name))) for name in draw(st.lists(st.sampled_from(names), max_size=2))]
    having = draw(st.lists(st.sampled_from(metrics), max_size=1))
    where += [draw(filters(name, LAYER.metrics[name].column_type)) for name in having]
    asked = [*metrics, *by]
    order = draw(st.lists(st.sampled_from(asked), max_size=2, unique=True))
    since, until = draw(ranges())
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


@given(query=queries(), access=ACCESSES)
@LITTLE
def test_the_lake_and_the_warehouse_give_the_same_rows(engines: Engines, query: Query, access: Access):
    try:
        engines.compiled(query, "postgres", access)
    except InvalidQuery:
        with pytest.raises(InvalidQuery):
            engines.compiled(query, "athena", access)
        return
    note(repr(query))
    assert same(engines.rows(query, "athena", access)) == same(engines.rows(query, "postgres", access))


@given(query=queries(), access=ACCESSES.filter(lambda access: access.venues is not None))
@MORE
def test_nobody_is_given_rows_of_another_venue(engines: Engines, query: Query, access: Access):
    """What is given to who sees some venues is what is given to who sees all, and asks for these."""
    assert access.venues is not None
    everything = Access(role="admin" if not access.masked else "analyst", venues=None)
    theirs = Filter("venue", "in", tuple(sorted(access.venues)))
    narrowed = Query(**{**fields(query), "where": (*query.where, theirs)})
    try:
        allowed = engines.rows(narrowed, "postgres", everything)
    except InvalidQuery:
        return
    if query.every_period and not access.venues & {1, 2}:
        return
    assert same(engines.rows(query, "postgres", access)) == same(allowed)

    if not query.every_period and "venue" not in query.group_by:
        split = Query(**{**fields(query), "group_by": (*query.group_by, "venue"), "limit": None})
        for dialect in ("postgres", "athena"):
            compiled = engines.compiled(split, dialect, access)
            venues = {value for value in compiled.parameters if type(value) is int and value in access.venues}
            assert venues == set(access.venues), "the row rule stands in the query"
        place = len(query.group_by)
        assert {row[place] for row in engines.rows(split, "postgres", access)} <= set(access.venues)


def fields(query: Query) -> dict[str, Any]:
    return {name: getattr(query, name) for name in Query.__dataclass_fields__}

"""Properties: both engines give the same rows, and nobody is given rows of a venue that is not theirs."""

from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from quayside.serving.access import Access
from quayside.serving.metrics import Filter, InvalidQuery, Query
from tests.hospitality.edges import SINCE, UNTIL
from tests.hospitality.places import AUTUMN, SPRING
from tests.serving.metrics.asking import same
from tests.serving.metrics.conftest import Engines
from tests.serving.metrics.strategies import LAYER, LITTLE, MORE, queries

BOTH = sorted(name for name, metric in LAYER.metrics.items() if "venue" in metric.dimensions)
DAYS = (SPRING, AUTUMN, (SINCE, UNTIL))
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


@pytest.mark.parametrize("operator", ["=", "!=", "in", "not in", "is null", "is not null"])
def test_a_condition_is_filtered_by_as_a_whole(engines: Engines, operator: str):
    """Not the last part of it, which an operator beside it could take for its own."""
    where = (Filter("has_covers", operator, () if "null" in operator else (True,)),)
    days = {"since": AUTUMN[0], "until": AUTUMN[1]}
    query = Query(metrics=("average_sale",), group_by=("has_covers",), where=where, **days)
    shown = {"=": [True], "in": [True], "is not null": [False, True], "is null": []}.get(operator, [False])
    for dialect in ("athena", "postgres"):
        assert [row[0] for row in engines.rows(query, dialect)] == shown


@given(query=queries(BOTH, DAYS), access=ACCESSES)
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


@given(query=queries(BOTH, DAYS), access=ACCESSES.filter(lambda access: access.venues is not None))
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

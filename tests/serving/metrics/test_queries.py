"""What is asked wrongly is refused and told why; whatever is asked, no value of it becomes SQL."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from quayside.curated.masked import masked_database
from quayside.errors import Terminal
from quayside.serving.access import Access, Forbidden
from quayside.serving.metrics import Filter, InvalidQuery, MetricLayer, Query
from quayside.serving.metrics.query import OPERATORS
from tests.hospitality.places import AUTUMN, Places
from tests.serving.metrics.conftest import ADMIN, Engines

QUERY = Query(metrics=("sales",), group_by=("venue",), since=AUTUMN[0], until=AUTUMN[1])
DIALECTS = ("athena", "postgres")
EVIL = [
    "' or 1=1 --", "'; drop table warehouse.fact_sale_item; --", '" or "1"="1', "\\' or 1=1", "x' union select 1 --",
    "%(p1)s", "?", "%s", "{0}", "$1", ":quayside_value_0", "%(quayside_value_0)s", "/* */", "1); select pg_sleep(9) --", "Beer\n--",
    "‘", "＇ or 1=1", "a" * 200, "", " ", "NULL", "date '2026-01-01'",
]  # fmt: skip
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"metrics": ()}, "metrics", "one metric at least"),
    ({"metrics": ("profit",)}, "metrics", "There is no metric 'profit'"),
    ({"metrics": ("sales", "sales")}, "metrics", "twice"),
    ({"metrics": ["sales"]}, "metrics", "tuple"),
    ({"metrics": (1,)}, "metrics", "names"),
    ({"group_by": ("colour",)}, "group_by", "there is no such dimension"),
    ({"group_by": ("venue", "venue")}, "group_by", "twice"),
    ({"group_by": ("venue__week",)}, "group_by", "no time"),
    ({"group_by": ("medium",)}, "group_by", "would count as often"),
    ({"group_by": ("business_date__minute",)}, "group_by", "no such dimension"),
    ({"metrics": ("wages",), "group_by": ("business_date__hour",)}, "group_by", "it is known by day, week"),
    ({"metrics": ("overtime_minutes",), "group_by": ("metric_time__month",)}, "group_by", "it is known by week"),
    ({"metrics": ("sales", "overtime_minutes"), "group_by": ("business_date",)}, "group_by", "no such dimension"),
    ({"metrics": ("sales", "overtime_minutes"), "group_by": ("metric_time",)}, "group_by", "not the same for all"),
    ({"metrics": ("sales_month_to_date",)}, "group_by", "end of days or longer periods"),
    ({"since": "2026-01-01"}, "since", "a day"),
    ({"since": datetime(2026, 1, 1)}, "since", "a day"),
    ({"until": date(2026, 1, 1)}, "until", "before since"),
    ({"since": date(1, 1, 1)}, "since", "a day from 1970"),
    ({"where": ("venue = 1",)}, "where", "operator"),
    ({"where": (Filter("venue", "like", (1,)),)}, "where", "operator is one of"),
    ({"where": (Filter("venue", "=", ()),)}, "where", "takes one value"),
    ({"where": (Filter("venue", "in", ()),)}, "where", "takes 1 to 200 values"),
    ({"where": (Filter("venue", "is null", (1,)),)}, "where", "takes no values"),
    ({"where": (Filter("venue", "=", ("1",)),)}, "where", "compared with integer"),
    ({"where": (Filter("venue", "=", (True,)),)}, "where", "compared with integer"),
    ({"where": (Filter("venue", "=", (2**40,)),)}, "where", "compared with integer"),
    ({"where": (Filter("product_group", "<", ("Beer",)),)}, "where", "texts are compared by"),
    ({"where": (Filter("product_group", "=", ("a\0b",)),)}, "where", "compared with text"),
    ({"where": (Filter("product_group", "=", ("\ud83d",)),)}, "where", "compared with text"),
    ({"where": (Filter("product_group", "=", ("a" * 201,)),)}, "where", "compared with text"),
    ({"where": (Filter("sales", ">", (Decimal("nan"),)),)}, "where", "compared with numeric"),
    ({"where": (Filter("sales", ">", (1.5,)),)}, "where", "compared with numeric"),  # type: ignore[arg-type]
    ({"where": (Filter("wages", ">", (1,)),)}, "where", "no such dimension"),
    ({"where": (Filter("business_date__week", "=", (AUTUMN[0],)),)}, "where", "no such dimension"),
    ({"order_by": ("wages",)}, "order_by", "asked for"),
    ({"order_by": ("--sales",)}, "order_by", "asked for"),
    ({"limit": 0}, "limit", "whole number"),
    ({"limit": "1; drop"}, "limit", "whole number"),
    ({"limit": True}, "limit", "whole number"),
    ({"every_period": True}, "every_period", "one grain of time"),
    ({"every_period": True, "group_by": ("metric_time", "clerk")}, "every_period", "one grain of time"),
    ({"every_period": True, "group_by": ("metric_time__hour",), "until": date(2026, 12, 31)}, "since", "too many"),
]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("wrong", "field", "said"), WRONG)
def test_a_wrong_query_is_refused(wrong: dict[str, Any], field: str, said: str, dialect: str, layer: MetricLayer):
    with pytest.raises(InvalidQuery, match=said) as error:
        layer.compile(replace(QUERY, **wrong), ADMIN, dialect, "lake")
    assert error.value.field == field


@pytest.mark.parametrize(
    ("metric", "dimension", "other"),
    [
        ("member_spend", "product", "sale_items"),
        ("sales", "medium", "sale_payments"),
        ("orders", "item_code", "purchase_orders"),
    ],
)
def test_rows_that_would_count_several_times_are_refused(metric: str, dimension: str, other: str, layer: MetricLayer):
    asked = replace(QUERY, metrics=(metric,), group_by=(dimension,))
    with pytest.raises(InvalidQuery, match=f"may have several rows of {other}, and would count as often"):
        layer.compile(asked, ADMIN, "athena", "lake")


def test_the_dialect_is_one_of_two(layer: MetricLayer):
    with pytest.raises(InvalidQuery, match="no dialect"):
        layer.compile(QUERY, ADMIN, "postgres; drop", "lake")


@pytest.mark.parametrize("text", EVIL)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_field_of_a_query_becomes_sql(text: str, dialect: str, layer: MetricLayer):
    """As a name it is refused; as a value it is bound, and the SQL is that of any other value."""
    for field in ("metrics", "group_by", "order_by"):
        with pytest.raises(InvalidQuery):
            layer.compile(replace(QUERY, **{field: (text,)}), ADMIN, dialect, "lake")
    for wrong in (Filter(text, "=", (1,)), Filter("venue", text, (1,)), Filter("venue", "=", (text,))):
        with pytest.raises(InvalidQuery):
            layer.compile(replace(QUERY, where=(wrong,)), ADMIN, dialect, "lake")
    harmless, evil = (
        layer.compile(replace(QUERY, where=(Filter("product_group", "=", (value,)),)), ADMIN, dialect, "lake")
        for value in ("Beer", text)
    )
    assert evil.sql == harmless.sql
    assert text in evil.parameters
    assert evil.key != harmless.key


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_databases_name_cannot_leave_its_quotes(dialect: str, layer: MetricLayer):
    sql = layer.compile(QUERY, ADMIN, dialect, 'a"; drop table x; --').sql
    assert len(sqlglot.parse(sql.replace("%(", ":a").replace(")s", ""), dialect=dialect)) == 1


def test_evil_values_find_nothing_and_break_nothing(engines: Engines):
    names = tuple(text for text in EVIL if text)
    asked = replace(QUERY, where=(Filter("product_group", "in", names),))
    for dialect in DIALECTS:
        assert engines.rows(asked, dialect) == []
        assert engines.rows(QUERY, dialect) != []


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_a_value_like_any_other(engines: Engines, text: str):
    for operator, found in (("=", False), ("!=", True), ("in", False), ("not in", True)):
        rows = engines.rows(replace(QUERY, where=(Filter("product_group", operator, (text,)),)), "postgres")
        assert bool(rows) is found


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60))
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_athena_reads_any_text_as_a_value_too(engines: Engines, text: str):
    assert engines.rows(replace(QUERY, where=(Filter("product_group", "=", (text,)),)), "athena") == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_table_with_venues_has_the_row_rule(dialect: str, layer: MetricLayer):
    """Of whatever metric, by whatever dimensions that need joins."""
    viewer = Access(role="viewer", venues=frozenset({1, 2}))
    for name in layer.metrics:
        if not layer.sees(viewer, name):
            with pytest.raises(Forbidden):
                layer.compile(replace(QUERY, metrics=(name,), group_by=("metric_time",)), viewer, dialect, "lake")
            continue
        asked = replace(QUERY, metrics=(name,), group_by=("metric_time", *_joined(layer, name, dialect)))
        _check_rules(layer.compile(asked, viewer, dialect, "lake").sql, dialect)


def _joined(layer: MetricLayer, metric: str, dialect: str) -> list[str]:
    """Return dimensions that take a join."""
    names = ("clerk_name", "venue_name", "member_name", "employee_name")
    found = {name: layer.dimension(metric, name) for name in names if name in layer.metrics[metric].dimensions}
    return [name for name, dimension in found.items() if dimension and dialect in dimension.dialects]


def _check_rules(sql: str, dialect: str) -> None:
    tree = sqlglot.parse_one(
        sql.replace("%(", ":").replace(")s", "") if dialect == "postgres" else sql, dialect=dialect
    )
    for table in tree.find_all(exp.Table):
        if not table.name.startswith(("dim_member", "dim_employee")):
            select = table.find_ancestor(exp.Select)
            assert select is not None
            where = [
                node
                for node in select.args["where"].find_all(exp.In, exp.Between)
                if node.this.text("table") == table.alias
            ]
            assert any(node.this.name == "venue_id" and len(node.expressions) == 2 for node in where), table.sql()
            if dialect == "athena":  # where a table is read whole, if no range of days stands beside it
                assert any(node.this.name == "business_date" and isinstance(node, exp.Between) for node in where)


@pytest.mark.parametrize("role", ["analyst", "viewer"])
def test_who_may_not_see_names_is_given_the_masked_tables_alone(role: str, layer: MetricLayer, hotels: Places):
    access = Access(role=role, venues=frozenset({1}))
    for name in ("sales", "member_spend", "wages", "hourly_wages", "covers"):
        asked = replace(QUERY, metrics=(name,))
        lake = layer.compile(asked, access, "athena", hotels.lake.catalog_database).sql
        assert f'"{masked_database(hotels.lake)}".' in lake
        assert f'"{hotels.lake.catalog_database}".' not in lake
        assert '"warehouse".' not in layer.compile(asked, access, "postgres").sql


def test_the_key_tells_callers_and_queries_apart(layer: MetricLayer):
    queries = [
        QUERY,
        replace(QUERY, until=AUTUMN[0]),
        replace(QUERY, metrics=("wages",)),
        replace(QUERY, limit=1),
        replace(QUERY, where=(Filter("venue", "=", (1,)),)),
        replace(QUERY, where=(Filter("venue", "in", (1,)),)),
    ]
    callers = [
        ADMIN,
        Access(role="analyst", venues=None),
        Access(role="manager", venues=frozenset({1})),
        Access(role="manager", venues=frozenset({1, 2})),
        Access(role="viewer", venues=frozenset({1})),
    ]
    made = [
        layer.compile(query, who, dialect, "lake").key for query in queries for who in callers for dialect in DIALECTS
    ]
    assert len(set(made)) == len(made)
    assert [
        layer.compile(query, who, dialect, "lake").key for query in queries for who in callers for dialect in DIALECTS
    ] == made


def test_what_was_compiled_once_is_not_given_for_another(layer: MetricLayer):
    """A query that is equal in Python may not be the same: True is 1, and nobody's rows are another's."""
    first = layer.compile(replace(QUERY, limit=1, where=(Filter("venue", "=", (1,)),)), ADMIN, "athena", "lake")
    assert layer.compile(replace(QUERY, limit=1, where=(Filter("venue", "=", (1,)),)), ADMIN, "athena", "lake") is first
    for wrong in ({"limit": True}, {"where": (Filter("venue", "=", (True,)),)}):
        with pytest.raises(InvalidQuery):
            layer.compile(
                replace(QUERY, **{"limit": 1, "where": (Filter("venue", "=", (1,)),), **wrong}), ADMIN, "athena", "lake"
            )
    made = {
        layer.compile(QUERY, Access(role="viewer", venues=frozenset(some)), "athena", "lake").parameters[2:]
        for some in ((1,), (2,), (1, 2))
    }
    assert made == {(1,), (2,), (1, 2)}


def test_columns_say_what_stands_in_them(layer: MetricLayer):
    asked = replace(QUERY, metrics=("sales", "wage_percentage"), group_by=("venue_name", "business_date__week"))
    compiled = layer.compile(asked, ADMIN, "athena", "lake")
    assert [(item.name, item.type, item.unit, item.kind) for item in compiled.columns] == [
        ("venue_name", "text", None, "dimension"),
        ("business_date__week", "date", None, "time"),
        ("sales", "numeric(18,2)", "AUD", "metric"),
        ("wage_percentage", "numeric(18,2)", "percent", "metric"),
    ]
    assert compiled.datasets == ("hospitality.sale_item", "hospitality.timesheet")
    with pytest.raises(Terminal, match="no names"):
        _ = compiled.named_parameters


def test_rows_are_put_in_order_by_code_points_and_null_is_last(layer: MetricLayer):
    """Whatever the database's own collation is, which in the tests may happen to be this one."""
    asked = replace(QUERY, group_by=("product", "product_name", "clerk"), order_by=("-product_name", "-sales"))
    order = layer.compile(asked, ADMIN, "postgres").sql.rpartition("ORDER BY")[2]
    assert order == (
        ' "answer"."product_name" COLLATE "C" DESC NULLS LAST, "answer"."sales" DESC NULLS LAST, '
        '"answer"."product" COLLATE "C" ASC, "answer"."clerk" ASC'
    )


def test_athenas_parameters_are_literals(layer: MetricLayer):
    values = (Filter("venue", "=", (1,)), Filter("is_void", "=", (True,)), Filter("product_group", "=", ("O'Brien",)))
    compiled = layer.compile(
        replace(QUERY, where=(*values, Filter("sales", ">", (Decimal("1E+2"),)))), ADMIN, "athena", "lake"
    )
    assert compiled.sql.count("?") == len(compiled.execution_parameters)
    assert sorted(compiled.execution_parameters) == sorted(
        ["date '2026-03-30'", "date '2026-04-08'", "1", "true", "'O''Brien'", "decimal '100'"]
    )


def test_filters_know_these_operators():
    assert set(OPERATORS) == {"=", "!=", "in", "not in", "<", "<=", ">", ">=", "is null", "is not null"}

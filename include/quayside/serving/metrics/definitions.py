"""What the metric layer is made of, in MetricFlow's words; read by `reading`, asked by `compiling`.

Types are PostgreSQL's, as in contracts. Expressions are SQL texts that `expressions` has approved of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

DIALECTS = ("athena", "postgres")
GRAINS = ("hour", "day", "week", "month", "quarter", "year")
METRIC_TIME = "metric_time"  # the time that each metric is counted by


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Another table that an engine needs for a relation's columns; it has at most one row for each of the relation's.

    :param on: (column of the relation's table, column of this) that are equal
    :param types: of its columns
    """

    name: str
    dataset: str
    table: str
    on: tuple[tuple[str, str], ...]
    types: Mapping[str, str]
    venue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Shares out the amounts of a span of time among the hours that it touches, in equal parts of whole cents.

    :param column: what the hour is called
    :param day: the table's business day, in whose place the hour's stands
    """

    start: str
    end: str
    amounts: tuple[str, ...]
    column: str
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Where one engine has a semantic model's rows.

    :param dataset: name of the contract; None for rows that stand in a file of ``include/reference``
    :param table: name in the engine, without schema or database
    :param own: columns of the table itself, with their types
    :param columns: what can be used of it, with their types
    :param computed: those of them that are no columns of the table: SQL expressions
    :param filter: which rows of the table are meant
    :param group_by: columns whose equal rows are made one; the other computed ones are then aggregates
    :param venue: the table has a ``venue_id``
    :param rows: of a file: the values of `own`
    """

    dataset: str | None
    table: str
    own: Mapping[str, str]
    columns: Mapping[str, str]
    computed: Mapping[str, str] = field(default_factory=dict)
    joins: tuple[Join, ...] = ()
    filter: str | None = None
    group_by: tuple[str, ...] = ()
    spread: Spread | None = None
    venue: bool = False
    rows: tuple[tuple[str | int, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """What rows are about, by which semantic models are joined.

    :param type: ``primary`` and ``unique``: a row each; ``foreign``: any number of rows
    """

    name: str
    type: str
    expr: str
    dialects: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """What metrics are split and filtered by.

    :param type: ``categorical`` or ``time``
    :param column_type: of its values
    :param granularity: of time: the finest
    :param hour: of time: the expression of the local clock, where there are hours
    :param attribute_of: shown beside this dimension it makes no rows of its own, but is the latest by `latest_by`
    :param sort: an expression of the dimension by whose value rows are put in order
    :param personal: masked for who may not see names
    """

    name: str
    label: str
    description: str
    type: str
    expr: str
    column_type: str
    dialects: tuple[str, ...]
    granularity: str = ""
    hour: str | None = None
    attribute_of: str | None = None
    latest_by: tuple[str, ...] = ()
    sort: str | None = None
    personal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """An aggregation of a semantic model's rows.

    :param agg: ``sum``, ``count``, ``count_distinct``, ``sum_boolean``, ``average``, ``min`` or ``max``
    :param column_type: of the aggregated value; for an average that of its sum
    :param fill: what stands where there is nothing; None: null
    :param split_by: a dimension whose values cannot be added up, e.g. of currencies: a query splits by it, or picks one
    """

    name: str
    agg: str
    expr: str
    column_type: str
    agg_time_dimension: str
    fill: int | None = None
    split_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticModel:
    """One kind of rows, and what can be asked about them."""

    name: str
    description: str
    relations: Mapping[str, Relation]
    entities: tuple[Entity, ...]
    dimensions: Mapping[str, Dimension]
    measures: Mapping[str, Measure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A number that people ask for.

    :param type: ``simple``, ``ratio``, ``derived`` or ``cumulative``
    :param label: for people
    :param unit: ``AUD``, ``hours``, ``minutes``, ``count``, ``percent``, ``points``, ``units``; ``currency``: that of the
        row's currency
    :param decimals: digits after the point; quotients are rounded to them, once, half up
    :param column_type: of its values
    :param measure: simple and cumulative: (semantic model, measure)
    :param filter: simple and cumulative: which rows count, a condition on dimensions
    :param expr: ratio and derived: over the metrics `inputs`
    :param window: cumulative: days that are added up, the last included
    :param grain_to_date: cumulative: since the beginning of what is added up
    :param dimensions: what it can be split and filtered by
    :param dialects: the engines that can tell it
    """

    name: str
    label: str
    description: str
    type: str
    unit: str
    decimals: int
    column_type: str
    measure: tuple[str, str] | None = None
    filter: str | None = None
    expr: str | None = None
    inputs: tuple[str, ...] = ()
    window: int | None = None
    grain_to_date: str | None = None
    dimensions: tuple[str, ...] = ()
    dialects: tuple[str, ...] = DIALECTS

"""What is asked of the metric layer, and what that becomes: a query, and the SQL that answers it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from quayside.errors import Terminal

Value = str | int | Decimal | date | datetime | bool
OPERATORS = ("=", "!=", "in", "not in", "<", "<=", ">", ">=", "is null", "is not null")
_ATHENA_NAMES = "Athena's parameters have no names; use execution_parameters."


class InvalidQuery(Terminal):
    """The query cannot be answered as it was asked; the message says why, and what can be.

    :param field: the part of `Query` that is wrong, such as ``group_by``
    """

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition: on a dimension, which rows count; on one of the query's metrics, which groups are shown.

    :param name: of a dimension or a metric
    :param operator: one of `OPERATORS`
    :param values: one for comparisons, any number for ``in`` and ``not in``, none for ``is null`` and ``is not null``.
        What is null fulfils no condition but ``is null``
    """

    name: str
    operator: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Metrics, split by dimensions, over a range of days.

    :param metrics: names, in the order of the answer's columns
    :param group_by: dimensions; of time at a grain, such as ``business_date__week``, or ``metric_time__week``: the time
        that each metric is counted by
    :param since: the first day, included: business days of venues, else days in UTC
    :param until: the last day, included
    :param where: all of them must hold
    :param order_by: names of metrics and dimensions that are asked for, ``-`` before what goes downwards; whatever is
        equal then is in the order of ``group_by``. Null is last
    :param limit: rows at most
    :param every_period: a row for each period of the range, also where nothing happened; only where nothing but one
        grain of time, and ``venue``, is grouped by
    """

    metrics: tuple[str, ...]
    group_by: tuple[str, ...] = ()
    since: date
    until: date
    where: tuple[Filter, ...] = ()
    order_by: tuple[str, ...] = ()
    limit: int | None = None
    every_period: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of an answer.

    :param name: as it was asked for
    :param type: in PostgreSQL's words, such as ``numeric(18,2)``, ``bigint``, ``text``, ``date``, ``timestamp(3)``
    :param label: for people
    :param unit: of a metric: ``AUD``, ``hours``, ``minutes``, ``count``, ``percent``, ``points``; ``currency``: that of
        the row's currency. None for dimensions
    :param kind: ``metric``, ``dimension``, or ``time``
    """

    name: str
    type: str
    label: str
    unit: str | None
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A query in the words of one engine.

    :param sql: with a mark for each value: ``?`` for Athena, ``%(p1)s``, ``%(p2)s``, … for psycopg
    :param parameters: the values, in the order of the marks
    :param columns: of the answer, in its order
    :param datasets: names of the contracts whose tables are read
    :param key: sha256 of all that the answer depends on but the data: sql, parameters, dialect, and whose rows
    :param dialect: ``athena`` or ``postgres``
    """

    sql: str
    parameters: tuple[Value, ...]
    columns: tuple[Column, ...]
    datasets: tuple[str, ...]
    key: str
    dialect: str

    @property
    def named_parameters(self) -> Mapping[str, Value]:
        """The values as psycopg takes them beside the SQL.

        :raises Terminal: it is Athena's SQL
        """
        if self.dialect != "postgres":
            raise Terminal(_ATHENA_NAMES)
        return {f"p{number}": value for number, value in enumerate(self.parameters, 1)}

    @property
    def execution_parameters(self) -> list[str]:
        """The values as Athena takes them beside the SQL (``ExecutionParameters``): literals, in the order of the marks."""
        return [_literal(value) for value in self.parameters]


def _literal(value: Value) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case Decimal():
            return f"decimal '{value:f}'"
        case datetime():
            return f"timestamp '{value.isoformat(sep=' ', timespec='milliseconds')}'"
        case date():
            return f"date '{value.isoformat()}'"
        case str():
            return "'" + value.replace("'", "''") + "'"

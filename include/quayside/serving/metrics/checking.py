"""Whether a query is one: the shape of every field, before anything is looked up in semantic models."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from quayside.serving.metrics.definitions import DIALECTS, Metric
from quayside.serving.metrics.query import OPERATORS, Filter, InvalidQuery, Query, Value

_MOST = {"metrics": 20, "group_by": 8, "where": 20, "order_by": 20}
_MOST_VALUES, _LONGEST, _ROWS = 200, 200, 100_000
_FIRST, _LAST = date(1970, 1, 1), date(2200, 1, 1)
_SINGLE = ("=", "!=", "<", "<=", ">", ">=")


def check(query: Query, metrics: Mapping[str, Metric], dialect: str) -> None:
    """Check a query's shape.

    :raises InvalidQuery: something in it is not what it should be; ``field`` says what
    """
    if dialect not in DIALECTS:
        raise InvalidQuery(f"There is no dialect {dialect!r}; there are {', '.join(DIALECTS)}.", field="dialect")
    for field, most in _MOST.items():
        given = getattr(query, field)
        if not isinstance(given, tuple) or len(given) > most:
            raise InvalidQuery(f"{field} is a tuple of at most {most}.", field=field)
        names = [item.name if isinstance(item, Filter) else item for item in given]
        if not all(isinstance(name, str) for name in names):
            raise InvalidQuery(f"{field} holds names.", field=field)
        if field != "where" and len({*names}) != len(names):
            raise InvalidQuery(f"{field} names something twice.", field=field)
    if not query.metrics:
        raise InvalidQuery("Ask for one metric at least.", field="metrics")
    for name in query.metrics:
        if name not in metrics:
            raise InvalidQuery(f"There is no metric {_shown(name)}.", field="metrics")
        if dialect not in metrics[name].dialects:
            raise InvalidQuery(f"{name} cannot be asked of {dialect}.", field="metrics")
    _check_range(query)
    for item in query.where:
        check_filter(item)
    asked = {*query.metrics, *query.group_by}
    for name in query.order_by:
        if name.removeprefix("-") not in asked:
            raise InvalidQuery(
                f"Rows can be ordered by what is asked for, and {_shown(name)} is not.", field="order_by"
            )
    if query.limit is not None and not (type(query.limit) is int and 1 <= query.limit <= _ROWS):
        raise InvalidQuery(f"limit is a whole number from 1 to {_ROWS}.", field="limit")
    if type(query.every_period) is not bool:
        raise InvalidQuery("every_period is True or False.", field="every_period")


def _check_range(query: Query) -> None:
    for field in ("since", "until"):
        day = getattr(query, field)
        if type(day) is not date or not _FIRST <= day <= _LAST:
            raise InvalidQuery(f"{field} is a day from {_FIRST} to {_LAST}.", field=field)
    if query.until < query.since:
        raise InvalidQuery(f"until ({query.until}) is before since ({query.since}); both are included.", field="until")


def check_filter(given: Filter) -> None:
    """Check a filter's shape.

    :raises InvalidQuery: it has another operator, or too few or too many values
    """
    if not isinstance(given, Filter) or given.operator not in OPERATORS:
        raise InvalidQuery(f"A filter's operator is one of {', '.join(OPERATORS)}.", field="where")
    values = given.values
    count = len(values) if isinstance(values, tuple) else -1
    lowest, highest = (1, 1) if given.operator in _SINGLE else (1, _MOST_VALUES) if "in" in given.operator else (0, 0)
    if not lowest <= count <= highest:
        wanted = "one value" if highest == 1 else f"1 to {_MOST_VALUES} values" if highest else "no values"
        raise InvalidQuery(f"{_shown(given.name)} {given.operator} takes {wanted}.", field="where")


def check_values(given: Filter, kind: str) -> None:
    """Check that a filter's values are of the type of what they are compared with.

    :raises InvalidQuery: one is of another type, or can be no such value
    """
    if kind == "text" and given.operator in ("<", "<=", ">", ">="):
        raise InvalidQuery(f"{given.name}: texts are compared by =, !=, in and not in.", field="where")
    for value in given.values:
        if not _fits(value, kind):
            raise InvalidQuery(f"{given.name} is compared with {kind}, not with {_shown(value)}.", field="where")


def _fits(value: Value, kind: str) -> bool:
    match kind:
        case "text":
            if not isinstance(value, str) or len(value) > _LONGEST or "\0" in value:
                return False
            return not any(
                "\ud800" <= letter <= "\udfff" for letter in value
            )  # half a letter, of which no text is made
        case "boolean":
            return type(value) is bool
        case "date":
            return type(value) is date and _FIRST <= value <= _LAST
        case "smallint" | "integer" | "bigint":
            limit = 2**31 if kind != "bigint" else 2**63
            return type(value) is int and -limit <= value < limit
    if kind.startswith("timestamp"):
        return type(value) is datetime and value.tzinfo is None and _FIRST <= value.date() <= _LAST
    if type(value) is int:
        return abs(value) < 10**18
    return type(value) is Decimal and value.is_finite() and abs(value) < 10**18 and len(value.as_tuple().digits) <= 30


def _shown(value: object) -> str:
    """Return a value as an error shows it: whatever it is, shortly."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"

"""Types that Athena does not let go together, though DuckDB would: a date and a text, a number and a text."""

from sqlglot import exp

from local.aws.athena.errors import QueryFailed, not_supported
from local.aws.athena.exact import ARITHMETIC, DATE_PARTS, choices

OF_TEXT = (exp.Lower, exp.Upper, exp.Length, exp.Substring, exp.StrPosition, exp.Replace, exp.RegexpLike, exp.Like)
OF_NUMBERS = (exp.Sum, exp.Avg, exp.Neg, exp.Abs, exp.Round, exp.Sqrt, exp.Pow)
COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ)
UNITS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
DATE_UNITS = UNITS[3:]


def family(node: exp.Expr) -> str | None:
    """Return the kind of a node's values: numbers, texts, …; None for null and what is not known."""
    kind = node.type
    if kind is None or kind.this in (exp.DType.UNKNOWN, exp.DType.NULL):
        return None
    if kind.this in exp.DataType.TEXT_TYPES:
        return "varchar"
    if kind.this in exp.DataType.NUMERIC_TYPES:
        return "number"
    return "timestamp" if kind.this.name.startswith("TIMESTAMP") else kind.this.name.lower()


def check(node: exp.Expr) -> None:
    """Refuse a node whose arguments are not of the kinds that Athena wants.

    :raises QueryFailed: TYPE_MISMATCH, or NOT_SUPPORTED where the two understand a unit differently
    """
    if isinstance(node, COMPARISONS):
        _comparable(node, node.this, node.expression)
    elif isinstance(node, exp.Between):
        _comparable(node, node.this, node.args["low"])
        _comparable(node, node.this, node.args["high"])
    elif isinstance(node, exp.In):
        for item in node.expressions or node.args["query"].unnest().selects[:1]:
            _comparable(node, node.this, item)
    elif isinstance(node, exp.SetOperation):
        for left, right in zip(node.this.unnest().selects, node.expression.unnest().selects, strict=False):
            _comparable(node, left, right)
    elif isinstance(node, OF_TEXT):
        _only(node, "varchar", node.this)
    elif isinstance(node, (exp.DPipe, exp.Concat)):
        _only(node, "varchar", *(node.flatten() if isinstance(node, exp.DPipe) else node.expressions))
    elif isinstance(node, OF_NUMBERS):
        _only(node, "number", node.this)
    elif isinstance(node, (exp.Add, exp.Sub)) and isinstance(node.expression, exp.Interval):
        _shift(node, node.this, node.expression.args.get("unit"))
    elif isinstance(node, ARITHMETIC):
        _only(node, "number", node.this, node.expression)
    elif isinstance(node, exp.DateAdd):
        _shift(node, node.this, node.args.get("unit"))
    elif isinstance(node, exp.Extract):
        if node.name.lower() not in UNITS:  # of the others, the two have their own ideas
            raise not_supported(node.sql("athena"))
        _moment(node, node.expression, "date", "timestamp")
    elif isinstance(node, DATE_PARTS):
        _moment(node, node.this, "date", "timestamp")
    elif isinstance(node, (exp.Hour, exp.Minute, exp.Second)):
        _moment(node, node.this, "timestamp")
    elif isinstance(node, (exp.DateDiff, exp.TimestampTrunc, exp.DateTrunc)) and unit_of(node) not in UNITS:
        raise not_supported(f"the unit of {node.sql('athena')}")
    for choice in choices(node)[1:]:
        _comparable(node, choices(node)[0], choice)


def _comparable(node: exp.Expr, left: exp.Expr, right: exp.Expr) -> None:
    families = {family(left), family(right)} - {None}
    if len(families) > 1 and families != {"date", "timestamp"}:
        raise QueryFailed("TYPE_MISMATCH", f"Cannot compare {family(left)} and {family(right)}: {node.sql('athena')}")


def _only(node: exp.Expr, wanted: str, *arguments: exp.Expr) -> None:
    for argument in arguments:
        if family(argument) not in (wanted, None):
            text = f"Unexpected {family(argument)} where a {wanted} is needed: {node.sql('athena')}"
            raise QueryFailed("TYPE_MISMATCH", text)


def _moment(node: exp.Expr, argument: exp.Expr, *families: str) -> None:
    if family(argument) not in families:
        raise QueryFailed("TYPE_MISMATCH", f"A {' or a '.join(families)} is needed: {node.sql('athena')}")


def _shift(node: exp.Expr, moment: exp.Expr, unit: exp.Expr | None) -> None:
    units = {"date": DATE_UNITS, "timestamp": UNITS}.get(family(moment) or "", ())
    if unit is None or unit.name.lower().rstrip("s") not in units:
        raise not_supported(f"{node.sql('athena')}: dates move by days or longer, timestamps by seconds or longer")


def unit_of(node: exp.Expr) -> str:
    """Return the unit that a function on dates names."""
    unit = node.args.get("unit")
    return unit.name.lower() if unit is not None else ""

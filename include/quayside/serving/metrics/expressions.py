"""The SQL expressions of the metric files: what is allowed in them, what type they have, and each engine's words.

Few functions are allowed, so that both engines are known to give the same. Decimals stay exact; a quotient is rounded
once, half up.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache

import sqlglot
from sqlglot import exp

Types = Mapping[str, str]  # name of a column → its type
_NUMERIC = re.compile(r"numeric\((\d+),\s*(\d+)\)")
_INTEGERS = ("smallint", "integer", "bigint")
_CASTS = ("integer", "bigint", "text", "date")
_ABOVE_DIV = (exp.Case, exp.If, exp.Paren)  # what may stand around a quotient: nothing that computes with it
_LONGEST = 38  # digits of a decimal


class NotAllowed(Exception):
    """An expression is not understood, or would not mean the same in both engines; the message says why."""


@cache
def parse(text: str) -> exp.Expr:
    """Return an expression's tree, which must not be changed.

    :raises NotAllowed: it is no expression
    """
    if "%" in text or "?" in text:
        raise NotAllowed("% and ? are marks of parameters, which no expression may have")
    try:
        tree = sqlglot.parse_one(text, dialect="postgres")
    except sqlglot.errors.SqlglotError as error:
        raise NotAllowed(f"{text!r} cannot be read: {str(error).splitlines()[0]}") from error
    return tree


def columns(text: str) -> tuple[str, ...]:
    """Return the columns that an expression uses, ``table.column`` where it says so, each once."""
    return tuple(dict.fromkeys(map(_name, parse(text).find_all(exp.Column))))


def rounds(text: str) -> bool:
    """Tell whether an expression has a quotient, which is rounded."""
    return parse(text).find(exp.Div) is not None


def type_of(text: str, types: Types, *, aggregates: bool = False) -> str:
    """Return the type of an expression's values.

    :param types: of the columns that it may use
    :param aggregates: sums and their like are allowed
    :raises NotAllowed: it uses another column, or what is not known to be alike in both engines
    """
    return _type(parse(text), types, aggregates)


def scale(kind: str) -> int:
    """Return how many digits a number has after its point."""
    found = _NUMERIC.fullmatch(kind)
    return int(found[2]) if found else 0


def is_number(kind: str) -> bool:
    """Tell whether values can be added up."""
    return kind in _INTEGERS or _NUMERIC.fullmatch(kind) is not None


def summed(kind: str) -> str:
    """Return the type of a sum of values."""
    return "bigint" if kind in _INTEGERS else f"numeric({_LONGEST},{scale(kind)})"


def cast(node: exp.Expr, kind: str) -> exp.Expr:
    """Return a value as one of a contract's types."""
    return exp.cast(node, exp.DataType.build(kind, dialect="postgres"), copy=False)


def truncated(value: exp.Expr, grain: str) -> exp.Expr:
    """Return the beginning of the period that a date or timestamp is in: a date, of hours a timestamp."""
    moment = cast(value, "timestamp(3)")
    begins = exp.Anonymous(this="date_trunc", expressions=[exp.Literal.string(grain), moment])
    return cast(begins, "timestamp(3)" if grain == "hour" else "date")


def truncated_column(text: str) -> str | None:
    """Return the column whose weeks an expression is, if it is nothing else."""
    tree = parse(text)
    return _name(tree.this) if isinstance(tree, exp.TimestampTrunc) and isinstance(tree.this, exp.Column) else None


def words(
    text: str, dialect: str, column: Callable[[str], exp.Expr], *, types: Types | None = None, decimals: int = 0
) -> exp.Expr:
    """Return an expression in an engine's words.

    :param column: returns what stands for a column of the expression
    :param types: of the columns; needed where there is a quotient or a sum
    :param decimals: digits that a quotient is rounded to
    """
    return _words(parse(text), dialect, column, types or {}, decimals)


def quotient(
    numerator: exp.Expr, denominator: exp.Expr, scales: tuple[int, int], decimals: int, dialect: str
) -> exp.Expr:
    """Return a quotient, rounded once, half up (away from zero); null where it would be divided by 0 or by nothing.

    :param scales: digits after the point of numerator and denominator
    """
    zero = exp.Literal.number(0)
    if dialect == "postgres":
        # So many digits that rounding to them never makes a half of what is none: see docs/metrics.md.
        wide = cast(exp.paren(numerator, copy=False), "numeric(60,30)")
        divided = exp.Div(this=wide, expression=exp.Nullif(this=exp.paren(denominator, copy=False), expression=zero))
        return exp.func("round", divided, exp.Literal.number(decimals), copy=False)
    # Trino's quotient has the longer of the two scales, and is rounded half up to it: let that be the decimals.
    top, bottom = scales
    tens = exp.Literal.number(10 ** max(bottom, top - decimals, 0))
    above = cast(exp.Mul(this=exp.paren(numerator, copy=False), expression=tens), f"numeric({_LONGEST},{decimals})")
    below = cast(exp.Mul(this=exp.paren(denominator, copy=False), expression=tens.copy()), f"numeric({_LONGEST},0)")
    return exp.Div(this=above, expression=exp.Nullif(this=below, expression=zero))


def _name(node: exp.Column) -> str:
    return f"{node.table}.{node.name}" if node.table else node.name


def _type(node: exp.Expr, types: Types, aggregates: bool) -> str:
    def of(inner: exp.Expr) -> str:
        return _type(inner, types, aggregates)

    match node:
        case exp.Column():
            if _name(node) not in types:
                raise NotAllowed(f"there is no column {_name(node)}; there are {', '.join(sorted(types))}")
            return types[_name(node)]
        case exp.Literal():
            return _type_of_literal(node)
        case exp.Boolean():
            return "boolean"
        case exp.Null():
            return "null"
        case exp.Paren():
            return of(node.this)
        case exp.Neg() | exp.Abs():
            return _number(node, of(node.this))
        case exp.Div():
            return _type_of_quotient(node, of)
        case exp.Case():
            if node.this is not None:
                raise NotAllowed("write case when …, without a value after case")
            branches = node.args["ifs"]
            if any(of(branch.this) != "boolean" for branch in branches):
                raise NotAllowed("after when belongs a condition")
            ends = [branch.args["true"] for branch in branches]
            ends += [node.args["default"]] if node.args.get("default") is not None else []
            return _common(node, [of(end) for end in ends])
        case exp.Coalesce() | exp.Nullif():
            inner = node.expressions if isinstance(node, exp.Coalesce) else [node.expression]
            return _common(node, [of(node.this), *map(of, inner)])
        case exp.DPipe():
            if {of(node.this), of(node.expression)} != {"text"}:
                raise NotAllowed("|| joins texts: cast(… as text) what is none")
            return "text"
        case exp.SplitPart():
            if (
                of(node.this) != "text"
                or not _is_text(node.args["delimiter"])
                or not _is_whole(node.args["part_index"])
            ):
                raise NotAllowed("write split_part(text, 'delimiter', number)")
            return "text"
        case exp.Extract():
            if node.name.lower() not in ("hour", "day", "month", "year") or not of(node.expression).startswith(
                ("timestamp", "date")
            ):
                raise NotAllowed("extract takes hour, day, month or year from a date or timestamp")
            return "integer"
        case exp.TimestampTrunc():
            if of(node.this) != "date" or node.text("unit").lower() != "week":
                raise NotAllowed("write date_trunc('week', date)")
            return "date"
        case exp.Cast():
            return _type_of_cast(node, of(node.this))
        case exp.Sum() | exp.Max() | exp.Min() | exp.LogicalOr() if aggregates:
            kind = of(node.this)
            if isinstance(node, exp.LogicalOr):
                if kind != "boolean":
                    raise NotAllowed("bool_or takes conditions")
                return kind
            return summed(_number(node, kind)) if isinstance(node, exp.Sum) else kind
    return _type_of_operator(node, of)


def _type_of_operator(node: exp.Expr, of: Callable[[exp.Expr], str]) -> str:
    match node:
        case exp.Add() | exp.Sub() | exp.Mul():
            kinds = [_number(node, of(side)) for side in (node.this, node.expression)]
            digits = [scale(kind) for kind in kinds]
            if all(kind in _INTEGERS for kind in kinds):
                return "bigint"
            return f"numeric({_LONGEST},{sum(digits) if isinstance(node, exp.Mul) else max(digits)})"
        case exp.EQ() | exp.NEQ() | exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
            kind = _common(node, [of(node.this), of(node.expression)])
            if kind == "text" and not isinstance(node, (exp.EQ, exp.NEQ)):
                raise NotAllowed(
                    f"{node.sql()}: engines put texts into different orders; compare them by = and <> only"
                )
            return "boolean"
        case exp.And() | exp.Or():
            if {of(node.this), of(node.expression)} != {"boolean"}:
                raise NotAllowed(f"{node.sql()}: and, or join conditions")
            return "boolean"
        case exp.Not():
            if of(node.this) != "boolean":
                raise NotAllowed(f"{node.sql()}: not takes a condition")
            return "boolean"
        case exp.Is() if isinstance(node.expression, exp.Null):
            of(node.this)
            return "boolean"
        case exp.In() if node.expressions and not node.args.get("query"):
            _common(node, [of(node.this), *map(of, node.expressions)])
            return "boolean"
        case exp.Between():
            if _common(node, [of(node.args[part]) for part in ("this", "low", "high")]) == "text":
                raise NotAllowed(f"{node.sql()}: engines put texts into different orders")
            return "boolean"
    raise NotAllowed(f"{node.sql('postgres')} ({type(node).__name__}) is not among what is allowed: docs/metrics.md")


def _type_of_literal(node: exp.Literal) -> str:
    if node.is_string:
        return "text"
    if node.name.isdigit():
        return "integer" if int(node.name) < 2**31 else "bigint"
    whole, point, part = node.name.partition(".")
    if not (point and (whole + part).isdigit()):
        raise NotAllowed(f"the number {node.name} is not written plainly")
    return f"numeric({max(len(whole + part), 1)},{len(part)})"


def _type_of_quotient(node: exp.Div, of: Callable[[exp.Expr], str]) -> str:
    kinds = [_number(node, of(side)) for side in (node.this, node.expression)]
    around = node.parent
    while around is not None:
        if not isinstance(around, _ABOVE_DIV):
            raise NotAllowed(f"{node.sql()}: a quotient is rounded, and nothing may be computed with it: divide last")
        around = around.parent
    return f"numeric({_LONGEST},{max(map(scale, kinds))})"


def _type_of_cast(node: exp.Cast, given: str) -> str:
    kind = (
        node.to.sql("postgres").lower().replace("int", "integer")
        if node.to.is_type("int")
        else node.to.sql("postgres").lower()
    )
    if kind == "text" and given not in (*_INTEGERS, "text"):
        raise NotAllowed(f"{node.sql('postgres')}: only whole numbers become text alike in both engines")
    if kind == "date" and not (given in ("text", "date") or given.startswith("timestamp")):
        raise NotAllowed(f"{node.sql('postgres')}: {given} is no date")
    if kind in ("integer", "bigint") and given not in (*_INTEGERS, "text"):
        raise NotAllowed(f"{node.sql('postgres')}: engines round differently")
    if kind not in _CASTS:
        raise NotAllowed(f"{node.sql('postgres')}: cast to {', '.join(_CASTS)}")
    return kind


def _number(node: exp.Expr, kind: str) -> str:
    if not is_number(kind):
        raise NotAllowed(f"{node.sql('postgres')}: {kind} is no number")
    return kind


def _common(node: exp.Expr, kinds: list[str]) -> str:
    """Return the type that holds values of all these."""
    there = [kind for kind in kinds if kind != "null"]
    if there and all(is_number(kind) for kind in there):
        if all(kind in _INTEGERS for kind in there):
            return max(there, key=_INTEGERS.index)
        return f"numeric({_LONGEST},{max(map(scale, there))})"
    if len(set(there)) != 1:
        raise NotAllowed(f"{node.sql('postgres')}: {' and '.join(there) or 'null'} do not go together")
    return there[0]


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _is_whole(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit()


def _words(node: exp.Expr, dialect: str, column: Callable[[str], exp.Expr], types: Types, decimals: int) -> exp.Expr:
    if isinstance(node, exp.Column):
        return column(_name(node))
    if isinstance(node, exp.Literal) and not node.is_string and not node.name.isdigit():
        return cast(exp.Literal.string(node.name), _type_of_literal(node))  # bare, it is a double in Athena

    def of(inner: exp.Expr) -> exp.Expr:
        return _words(inner, dialect, column, types, decimals)

    if isinstance(node, exp.TimestampTrunc):
        return truncated(of(node.this), "week")
    if isinstance(node, exp.Div):
        scales = [scale(_type(side, types, False)) for side in (node.this, node.expression)]
        return quotient(of(node.this), of(node.expression), (scales[0], scales[1]), decimals, dialect)
    made = type(node)(**{name: _each(value, of) for name, value in node.args.items()})
    if isinstance(node, (exp.Extract, exp.Sum)):  # whose types differ between the engines
        return cast(made, "integer" if isinstance(node, exp.Extract) else summed(_type(node.this, types, False)))
    return made


def _each(value: object, of: Callable[[exp.Expr], exp.Expr]) -> object:
    if isinstance(value, list):
        return [_each(item, of) for item in value]
    if isinstance(value, (exp.DataType, exp.Var)):
        return value.copy()
    return of(value) if isinstance(value, exp.Expr) else value

"""A checked query as DuckDB has to read it to come to Trino's result.

The two differ in silence: integers divide differently, decimals divide as doubles, a date plus an interval becomes a
timestamp, a text may be cast to more. Each rewriting below is for one such difference.
"""

from collections.abc import Callable, Iterator

from sqlglot import exp

from local.aws.athena.checks import COMPARISONS, check, family, unit_of
from local.aws.athena.errors import not_supported
from local.aws.athena.exact import (
    ARITHMETIC,
    BIGINT,
    INTEGERS,
    LONGEST,
    Exact,
    ExactTypes,
    branches,
    choices,
    operation,
)

MACROS = """
create macro unscaled(x) as cast(replace(cast(x as varchar), '.', '') as hugeint);
create macro exact_quotient(a, b, factor) as
    case when a is not null and b is not null then
        case when (unscaled(a) < 0) <> (unscaled(b) < 0) then -1 else 1 end
        * ((abs(unscaled(a) * factor) * 2 + abs(unscaled(b))) // (abs(unscaled(b)) * 2))
    end;
create macro checked(x, pattern, kind) as
    case when x is null or regexp_full_match(x, pattern) then x
         else error('INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to ' || kind) end;
create macro matching(x, pattern) as case when regexp_full_match(x, pattern) then x end;
"""

# What a text must look like to be cast: DuckDB takes more than Trino, e.g. 1.5 or a blank for an integer.
TEXT_FORMS = {
    "INT": r"[+-]?\d+",
    "DOUBLE": r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*",
    "DECIMAL": r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?",
    "DATE": r"\d{4}-\d{1,2}-\d{1,2}",
    "TIMESTAMP": r"\d{4}-\d{1,2}-\d{1,2}( \d{1,2}:\d{2}(:\d{2}(\.\d{1,12})?)?)?",
}


def rewritten(tree: exp.Query) -> exp.Query:
    """Return the tree as DuckDB has to read it to come to Trino's result.

    :raises QueryFailed: types do not go together, or nothing is known that comes to the same
    """
    for node in tree.walk():
        check(node)
    exact = ExactTypes(tree)
    types = {id(node): (exact.of(node.this), exact.of(node.expression) if isinstance(node, exp.Binary) else None)
             for node in tree.find_all(*ARITHMETIC, exp.Avg, exp.Round, exp.Cast, exp.TryCast)}  # fmt: skip
    _align(tree, exact)
    for node in reversed(list(tree.walk())):
        rewrite = REWRITES.get(type(node))
        if rewrite is not None:
            rewrite(node, *types.get(id(node), (None, None)))
    return tree


def _align(tree: exp.Expr, exact: ExactTypes) -> None:
    """Give decimals that meet the type that Trino gives them, where 38 digits do not hold both: DuckDB drops decimals."""
    for node in list(tree.walk()):
        for group in _meeting(node):
            kind = exact.widest(group)
            if kind is None or kind.integer or kind.precision < LONGEST:
                continue
            for item in group:
                value = item.this if isinstance(item, exp.Alias) else item
                cast = _as(exp.Null(), kind.sql)
                value.replace(cast)
                cast.set("this", value)  # the node itself: its type is known by its identity
                cast.type = cast.to


def _meeting(node: exp.Expr) -> Iterator[list[exp.Expr]]:
    """Return the groups of a node's values that are made one type."""
    if isinstance(node, exp.SetOperation) and not isinstance(node.parent, exp.SetOperation):
        yield from map(list, zip(*(select.selects for select in branches(node)), strict=False))
    elif isinstance(node, COMPARISONS):
        yield [node.this, node.expression]
    elif isinstance(node, exp.Between):
        yield [node.this, node.args["low"], node.args["high"]]
    elif isinstance(node, exp.In):
        yield [node.this, *node.expressions]
    else:
        yield choices(node)


def _wrap(node: exp.Expr, wrapper: Callable[[exp.Expr], exp.Expr]) -> None:
    """Put a node into another one, in its place."""
    new = wrapper(node.copy())
    new.type = node.type
    node.replace(new)


def _as(node: exp.Expr, kind: str) -> exp.Cast:
    """Return a cast; sqlglot's own leaves one out where only the digits differ."""
    return exp.Cast(this=node, to=exp.DataType.build(kind, dialect="duckdb"))


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _divide(node: exp.Expr, left: Exact | None, right: Exact | None) -> None:
    result = operation(node, left, right)
    if left is None or right is None or result is None:
        if not {exp.DType.DOUBLE, exp.DType.FLOAT} & {node.this.type.this, node.expression.type.this}:
            raise not_supported(f"{node.sql('athena')}, whose precision it cannot follow; cast both sides to a type")
    elif result.integer:
        node.replace(exp.IntDiv(this=node.this.copy(), expression=node.expression.copy()))
    else:
        node.replace(_quotient(node.this.copy(), left, node.expression.copy(), right, result))


def _quotient(dividend: exp.Expr, left: Exact, divisor: exp.Expr, right: Exact, result: Exact) -> exp.Expr:
    """Return the quotient of decimals, half rounded away from zero."""
    scale = result.scale
    factor = exp.Literal.number(10 ** (scale - left.scale + right.scale))
    # An operand is cast first: the macro reads its digits, and a literal or a sum of integers has no scale of its own.
    operands = [_as(item, f"decimal(38,{kind.scale})") for item, kind in ((dividend, left), (divisor, right))]
    digits: exp.Expr = _as(_call("exact_quotient", *operands, _as(factor, "hugeint")), f"decimal({38 - scale},0)")
    if scale:
        digits = digits * _as(exp.Literal.string(f"0.{'1'.zfill(scale)}"), f"decimal({scale},{scale})")
    return _as(digits, result.sql)


def _average(node: exp.Expr, argument: Exact | None, _: Exact | None) -> None:
    if argument is None or argument.integer:
        if argument is None and node.this.type.this == exp.DType.DECIMAL:
            raise not_supported(f"{node.sql('athena')}, whose precision it cannot follow; cast the argument to a type")
        return
    whole = node
    while isinstance(whole.parent, (exp.Filter, exp.Window)) and whole.arg_key == "this":
        whole = whole.parent
    total: exp.Expr = exp.Sum(this=node.this.copy())
    count: exp.Expr = exp.Count(this=node.this.copy())
    if whole is not node:  # the same window or filter for both
        node.replace(total)
        sums = whole.copy()
        total.replace(count)
        total, count = sums, whole.copy()
    whole.replace(_quotient(total, Exact(38, argument.scale), count, BIGINT, argument))


def _decimal_result(node: exp.Expr, left: Exact | None, right: Exact | None) -> None:
    """Let a sum, a product or a remainder of decimals have Trino's digits: DuckDB stops at 18 where Trino does not."""
    result = operation(node, left, right)
    if isinstance(node, exp.Mod) and result is None:
        raise not_supported(f"{node.sql('athena')} of what is no exact number")
    if result is not None and left is not None and not result.integer:
        node.set("this", _as(node.this.copy(), f"decimal(38,{left.scale})"))
        _wrap(node, lambda inner: _as(inner, result.sql))


def _round(node: exp.Expr, argument: Exact | None, _: Exact | None) -> None:
    if argument is None and node.this.type.this == exp.DType.DECIMAL:
        raise not_supported(f"{node.sql('athena')}, whose precision it cannot follow; cast the argument to a type")
    if argument is not None and not argument.integer:  # DuckDB's result has fewer decimals
        result = Exact(min(LONGEST, argument.precision + 1), argument.scale)
        _wrap(node, lambda inner: _as(inner, result.sql))


def _sum(node: exp.Expr, left: Exact | None, right: Exact | None) -> None:
    if isinstance(node.expression, exp.Interval):
        _date_shift(node)
    else:
        _decimal_result(node, left, right)


def _date_shift(node: exp.Expr, *_: object) -> None:
    if family(node.this) == "date":  # DuckDB makes a timestamp of it
        _wrap(node, lambda inner: _as(inner, "date"))


def _elapsed(node: exp.Expr, *_: object) -> None:
    ends = [_as(end.copy(), "timestamp") for end in (node.expression, node.this)]  # it is `this` minus `expression`
    node.replace(_call("date_sub", exp.Literal.string(unit_of(node)), *ends))


def _to_date(node: exp.Expr, *_: object) -> None:
    cast = _as(node.this.copy(), "date")
    node.replace(cast)
    _cast(cast, None, None)


def _substring(node: exp.Expr, *_: object) -> None:
    start = node.args.get("start")
    if not isinstance(start, exp.Literal) or int(start.name) < 1:
        raise not_supported(f"{node.sql('athena')}: the start must be a number from 1")


def _replace(node: exp.Expr, *_: object) -> None:
    if node.args.get("replacement") is None:
        node.set("replacement", exp.Literal.string(""))


def _greatest_by(node: exp.Expr, *_: object) -> None:
    if node.args.get("count") is not None:
        raise not_supported(node.sql("athena"))
    name = "arg_max_null" if isinstance(node, exp.ArgMax) else "arg_min_null"  # Trino returns a null where it stands
    node.replace(_call(name, node.this.copy(), node.expression.copy()))


def _cast(node: exp.Expr, source: Exact | None, _: Exact | None) -> None:
    given, to = family(node.this), node.args["to"]
    kind = "INT" if to.this.name in INTEGERS else to.this.name
    if to.this in exp.DataType.TEXT_TYPES:
        _cast_to_text(node, "exact" if source else given)
    elif given == "varchar":
        if kind not in TEXT_FORMS:
            raise not_supported(node.sql("athena"))
        pattern, name = exp.Literal.string(TEXT_FORMS[kind]), exp.Literal.string(to.sql("athena").lower())
        text = node.this.copy()
        lenient = isinstance(node, exp.TryCast)
        node.set("this", _call("matching", text, pattern) if lenient else _call("checked", text, pattern, name))
    elif given == "number" and source is None and kind == "INT":
        node.set("this", _call("round", node.this.copy()))  # DuckDB rounds a half to the even number
    elif given not in (None, kind.lower()) and (given, kind) not in ALIKE:
        raise not_supported(node.sql("athena"))
    if kind == "TIMESTAMP":
        node.set("to", exp.DataType.build("timestamp"))


# Casts that both do alike, by the family of what is cast.
ALIKE = {
    *(("number", kind) for kind in ("INT", "DOUBLE", "DECIMAL", "FLOAT", "BOOLEAN")),
    *(("boolean", kind) for kind in ("INT", "DOUBLE")),
    ("date", "TIMESTAMP"),
    ("date", "TIMESTAMPNTZ"),
    ("timestamp", "DATE"),
    ("timestamp", "TIMESTAMPNTZ"),
}


def _cast_to_text(node: exp.Expr, given: str | None) -> None:
    if node.args["to"].expressions or node.args["to"].this == exp.DType.CHAR:
        raise not_supported(f"{node.sql('athena')}: a text of limited length")
    if given == "timestamp":
        node.replace(_call("strftime", node.this.copy(), exp.Literal.string("%Y-%m-%d %H:%M:%S.%g")))
    elif given not in ("varchar", "exact", "date", "boolean", None):
        raise not_supported(node.sql("athena"))


REWRITES: dict[type[exp.Expr], Callable[..., None]] = {
    exp.Div: _divide,
    exp.Mul: _decimal_result,
    exp.Mod: _decimal_result,
    exp.Avg: _average,
    exp.Round: _round,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Add: _sum,
    exp.Sub: _sum,
    exp.DateAdd: _date_shift,
    exp.Date: _to_date,
    exp.DateDiff: _elapsed,
    exp.Substring: _substring,
    exp.Replace: _replace,
    exp.ArgMax: _greatest_by,
    exp.ArgMin: _greatest_by,
}

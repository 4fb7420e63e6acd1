"""Every expression's shape in DuckDB's words: literals, operators, conditions, constructors."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from local.aws.athena import calls, literals, types
from local.aws.athena.calls import LAYERS, Call
from local.aws.athena.casts import cast_of
from local.aws.athena.errors import QueryFailed, not_supported
from local.aws.athena.raw import raw
from local.aws.athena.typed import (
    Columns,
    Typed,
    coerce_outputs,
    coerced,
    common_type,
    instant,
    mismatch,
    sqlglot_type,
    text_literal,
)
from local.aws.athena.types import BIGINT, BOOLEAN, DOUBLE, JSON, UNKNOWN, VARCHAR, Type

if TYPE_CHECKING:
    from local.aws.athena.rewrite import Rewriting

COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
ARITHMETIC = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}
EXTRACTED = {"year", "quarter", "month", "week", "day", "day_of_month", "day_of_week", "dow", "day_of_year", "doy",
             "year_of_week", "yow", "hour", "minute", "second"}  # fmt: skip
INTERVAL_UNITS = {
    **dict.fromkeys(("second", "minute", "hour", "day"), types.INTERVALS[0]),
    **dict.fromkeys(("month", "year"), types.INTERVALS[1]),
}


def _literal(_: Rewriting, node: exp.Literal) -> Typed:
    if node.is_string:
        return Typed(node, VARCHAR)
    text = node.name
    if not text.isdigit():  # also 1.5: Trino would make a decimal of it, Athena does not
        return Typed(raw(f"cast({text_literal(text)} as double)"), DOUBLE)
    if int(text) > 2**63 - 1:
        raise QueryFailed("INVALID_LITERAL", f"Invalid numeric literal: {text}")
    return Typed(node, types.INTEGER if int(text) < 2**31 else BIGINT)


def _column(query: Rewriting, node: exp.Column) -> Typed:
    kind = query.names.find(node)
    node.type = sqlglot_type(kind)
    return Typed(node, kind)


def _identifier(query: Rewriting, node: exp.Identifier) -> Typed:
    for known in reversed(query.lambdas):
        if node.name in known:
            value: Typed = known[node.name]
            return value
    raise QueryFailed("COLUMN_NOT_FOUND", f"Column '{node.name}' cannot be resolved")


def _dot(query: Rewriting, node: exp.Dot) -> Typed:
    value, name = query.expr(node.this), node.expression.name
    kind = dict(value.type.of).get(name.lower()) if value.type.name == "row" else None
    if kind is None:
        raise mismatch(f"Expression {node.this.sql('athena')} is not of type ROW with a field {name}")
    field = exp.to_identifier(name.lower(), quoted=True)
    path = isinstance(value.node, (exp.Column, exp.Dot))
    return Typed(exp.Dot(this=value.node if path else raw("({0})", value.node), expression=field), kind)


def _bracket(query: Rewriting, node: exp.Bracket) -> Typed:
    value, place = query.expr(node.this), query.expr(node.expressions[0])
    if value.type.name == "array" and place.type.name in types.INTEGERS:
        return Typed(raw("item_of({0}, {1})", value.node, place.node), value.type.of[0])
    if value.type.name == "map" and types.common(value.type.of[0], place.type) == value.type.of[0]:
        key = coerced(place, value.type.of[0])
        return Typed(raw("value_of({0}, {1})", value.node, key), value.type.of[1])
    raise mismatch(f"Cannot use {place.type} for subscript of {value.type}")


def _array(query: Rewriting, node: exp.Array) -> Typed:
    items = [query.expr(item) for item in node.expressions]
    kind = types.array(common_type(node, *items))
    inner = ", ".join(f"{{{i}}}" for i in range(len(items)))
    return Typed(raw(f"cast([{inner}] as {kind.duck})", *(coerced(item, kind.of[0]) for item in items)), kind)


def _row(query: Rewriting, node: exp.Expr) -> Typed:
    items = [query.expr(item) for item in node.expressions]
    kind = Type("row", tuple((f"field{i}", item.type) for i, item in enumerate(items)))
    inner = ", ".join(f'"field{i}" := {{{i}}}' for i in range(len(items)))
    return Typed(raw(f"struct_pack({inner})", *(item.node for item in items)), kind)


def _paren(query: Rewriting, node: exp.Paren) -> Typed:
    value = query.expr(node.this)
    return Typed(exp.Paren(this=value.node), value.type)


def _cast(query: Rewriting, node: exp.Cast) -> Typed:
    to = types.parse(node.to.sql("trino"))
    stands = isinstance(node.this, exp.Literal) and not isinstance(node, exp.TryCast)
    if stands and (to.name == "timestamp with time zone" or (to.name == "timestamp" and node.to.expressions)):
        return _moment_literal(node.this.name, to)
    value = query.expr(node.this)
    words = cast_of(value.node, value.type, to, literal=isinstance(node.this, exp.Literal))
    if isinstance(node, exp.TryCast):
        words = raw("try({0})", words)
    return Typed(words, VARCHAR if to.name == "varchar" else to)


def _case(query: Rewriting, node: exp.Case) -> Typed:
    operand = query.expr(node.this) if node.this is not None else None
    ends = [branch.args["true"] for branch in node.args["ifs"]]
    ends += [node.args["default"]] if node.args.get("default") is not None else []
    conditions = []
    for branch in node.args["ifs"]:
        if operand is None:
            conditions.append(query.condition(branch.this, "CASE WHEN"))
        else:
            conditions.append(
                _compared(query, exp.EQ, Typed(operand.node.copy(), operand.type), query.expr(branch.this))
            )
    return _choice(query, node, conditions, [query.expr(end) for end in ends])


def _if(query: Rewriting, node: exp.If) -> Typed:
    ends = [node.args["true"]] + ([node.args["false"]] if node.args.get("false") is not None else [])
    return _choice(query, node, [query.condition(node.this, "IF")], [query.expr(end) for end in ends])


def _choice(_: Rewriting, node: exp.Expr, conditions: list[exp.Expr], ends: list[Typed]) -> Typed:
    kind = common_type(node, *ends)
    values = [coerced(end, kind) for end in ends]
    count = len(conditions)
    words = "".join(f" when {{{i}}} then {{{count + i}}}" for i in range(count))
    words += f" else {{{2 * count}}}" if len(values) > count else ""
    return Typed(raw(f"case{words} end", *conditions, *values), kind)


def _logical(query: Rewriting, node: exp.Expr) -> Typed:
    sides = [query.condition(side, "Logical expression term") for side in (node.this, node.expression)]
    return Typed(exp.Paren(this=type(node)(this=sides[0], expression=sides[1])), BOOLEAN)


def _not(query: Rewriting, node: exp.Not) -> Typed:
    return Typed(exp.Paren(this=exp.Not(this=query.condition(node.this, "NOT"))), BOOLEAN)


def _is(query: Rewriting, node: exp.Is) -> Typed:
    if not isinstance(node.expression, exp.Null) or node.args.get("negate"):
        raise not_supported(node.sql("athena"))
    return Typed(exp.Paren(this=exp.Is(this=query.expr(node.this).node, expression=exp.Null())), BOOLEAN)


def _comparison(query: Rewriting, node: exp.Binary) -> Typed:
    same = _compared(query, type(node), query.expr(node.this), query.expr(node.expression))
    return Typed(same, BOOLEAN)


def _compared(_: Rewriting, operator: type[exp.Expr], left: Typed, right: Typed) -> exp.Expr:
    """Return a comparison. NaN equals nothing; nested values, which may hold nulls, are refused."""
    sign = COMPARISONS[operator]
    kind = types.common(left.type, right.type)
    if kind is None or (kind == JSON and sign not in ("=", "<>")):
        raise mismatch(f"Cannot apply operator: {left.type} {sign} {right.type}")
    if kind.name in ("array", "map", "row"):
        raise not_supported(f"comparing values of the type {kind}")
    sides = [instant(_met(side, kind), kind) for side in (left, right)]
    if kind.name not in ("real", "double"):
        return exp.Paren(this=operator(this=sides[0], expression=sides[1]))
    words = "case when isnan({0}) or isnan({1}) then nullif({0} is null or {1} is null, true) else {0} %s {1} end"
    if operator is exp.NEQ:
        return raw(f"(not {words % '='})", *sides)
    return raw(words % sign, *sides)


def _distinct_from(query: Rewriting, node: exp.Binary) -> Typed:
    left, right = query.expr(node.this), query.expr(node.expression)
    kind = common_type(node, left, right)
    sides = [instant(coerced(side, kind), kind) for side in (left, right)]
    words = "is distinct from" if isinstance(node, exp.NullSafeNEQ) else "is not distinct from"
    return Typed(raw(f"({{0}} {words} {{1}})", *sides), BOOLEAN)


def _between(query: Rewriting, node: exp.Between) -> Typed:
    value, low, high = (query.expr(node.args[name]) for name in ("this", "low", "high"))
    ends = [
        _compared(query, exp.GTE, value, low),
        _compared(query, exp.LTE, Typed(value.node.copy(), value.type), high),
    ]
    return Typed(exp.Paren(this=exp.And(this=ends[0], expression=ends[1])), BOOLEAN)


def _in(query: Rewriting, node: exp.In) -> Typed:
    value = query.expr(node.this)
    if node.args.get("query") is not None:
        return _in_subquery(query, value, node.args["query"])
    items = [query.expr(item) for item in node.expressions]
    kind = common_type(node, value, *items)
    tests = [_compared(query, exp.EQ, Typed(value.node.copy(), value.type), item) for item in items]
    if all(isinstance(test, exp.Paren) for test in tests):  # no NaN among them
        sides = [instant(_met(side, kind), kind) for side in (value, *items)]
        return Typed(exp.Paren(this=exp.In(this=sides[0], expressions=sides[1:])), BOOLEAN)
    words = " or ".join(f"{{{i}}}" for i in range(len(tests)))
    return Typed(raw(f"({words})", *tests), BOOLEAN)


def _in_subquery(query: Rewriting, value: Typed, subquery: exp.Expr) -> Typed:
    [(_, kind)] = _one_column(query, subquery, "in")
    met = types.common(value.type, kind)
    if met is None:
        text = f"value and result of subquery must be of the same type for IN expression: {value.type} vs {kind}"
        raise mismatch(text)
    if met.name in ("array", "map", "row", "real", "double", "timestamp with time zone"):
        raise not_supported(f"IN of a subquery of the type {met}")
    coerce_outputs(subquery, [("", kind)], [met])
    return Typed(raw("({0} in {1})", coerced(value, met), subquery), BOOLEAN)


def _exists(query: Rewriting, node: exp.Exists) -> Typed:
    query.query(node.this, query.names, query.names.tables)
    return Typed(node, BOOLEAN)


def _subquery(query: Rewriting, node: exp.Subquery) -> Typed:
    [(_, kind)] = _one_column(query, node, "a scalar subquery")
    return Typed(node, kind)


def _one_column(query: Rewriting, node: exp.Expr, where: str) -> Columns:
    columns = query.query(node, query.names, query.names.tables)
    if len(columns) != 1:
        raise QueryFailed(
            "NOT_SUPPORTED",
            f"Multiple columns returned by subquery are not yet supported in {where}. Found {len(columns)}",
        )
    return columns


def _like(query: Rewriting, node: exp.Expr) -> Typed:
    escape = None
    if isinstance(node, exp.Escape):
        escape, node = node.expression, node.this
    sides = [query.expr(side) for side in (node.this, node.expression, *([escape] if escape is not None else []))]
    if any(side.type not in (VARCHAR, UNKNOWN) for side in sides):
        raise mismatch(f"LIKE takes varchars: {node.sql('athena')}")
    if escape is not None and isinstance(escape, exp.Literal) and isinstance(node.expression, exp.Literal):
        _check_escapes(node.expression.name, escape.name)
    values = [coerced(side, VARCHAR) for side in sides]
    like: exp.Expr = exp.Like(this=values[0], expression=values[1])
    if escape is not None:
        like = exp.Escape(this=like, expression=values[2])
    return Typed(exp.Paren(this=exp.Not(this=exp.Paren(this=like)) if node.args.get("negate") else like), BOOLEAN)


def _negative(query: Rewriting, node: exp.Neg) -> Typed:
    value = query.expr(node.this)
    if value.type.name not in (*types.NUMBERS, *types.INTERVALS):
        raise mismatch(f"Cannot negate {value.type}")
    return Typed(raw("(-{0})", value.node), value.type)


def _arithmetic(query: Rewriting, node: exp.Binary) -> Typed:
    return _computed(query, ARITHMETIC[type(node)], query.expr(node.this), query.expr(node.expression))


def _computed(query: Rewriting, operator: str, left: Typed, right: Typed) -> Typed:
    """Return a sum, a difference, a product, a quotient or a remainder."""
    if {left.type.name, right.type.name} & {*types.MOMENTS, *types.INTERVALS}:
        return _moved(query, operator, left, right)
    kind = types.arithmetic(operator, left.type, right.type)
    if kind is None:
        raise mismatch(f"Cannot apply operator: {left.type} {operator} {right.type}")
    if kind.name != "decimal":
        sides = [coerced(side, kind) for side in (left, right)]
        word = "//" if operator == "/" and kind.name in types.INTEGERS else operator
        return Typed(raw(f"({{0}} {word} {{1}})", *sides), kind)
    (_, s1), (_, s2), (_, scale) = left.type.digits, right.type.digits, kind.digits
    wide = [_wide(side) for side in (left, right)]
    before, after = types.pointed(kind)
    if operator == "/":
        return Typed(raw(f"{before}exact_quotient({{0}}, {{1}}, {10 ** (scale - s1 + s2)}){after}", *wide), kind)
    if operator == "%":  # DuckDB's own goes by way of doubles
        words = f"exact_remainder({{0}}, {{1}}, {10 ** (scale - s1)}, {10 ** (scale - s2)})"
        return Typed(raw(f"{before}{words}{after}", *wide), kind)
    if operator == "*":  # 38 digits have to hold the digits of both
        wide[1] = coerced(right, types.decimal(*right.type.digits))
    return Typed(raw(f"cast(({{0}} {operator} {{1}}) as {kind.duck})", *wide), kind)


def _moved(_: Rewriting, operator: str, left: Typed, right: Typed) -> Typed:
    """Return a moment plus or minus an interval, the time between moments, or an interval of intervals."""
    if operator == "+" and left.type.name in types.INTERVALS and right.type.name in types.MOMENTS:
        left, right = right, left
    a, b = left.type.name, right.type.name
    if operator in "+-" and a in types.MOMENTS and b in types.INTERVALS:
        if a == "date":
            if b == types.INTERVALS[0] and not re.search(r"interval '-?\d+ (day|week)'", right.node.sql("duckdb")):
                raise not_supported("a date plus or minus an interval of less than days")
            return Typed(raw(f"cast({{0}} {operator} {{1}} as date)", left.node, right.node), left.type)
        if a == "timestamp":
            return Typed(raw(f"({{0}} {operator} {{1}})", left.node, right.node), left.type)
        zone = "struct_extract({0}, '$zone')"
        if b == types.INTERVALS[0]:
            words = f"at_zone(struct_extract({{0}}, '$at') {operator} {{1}}, {zone})"
        else:
            words = f"zoned(wall({{0}}) {operator} {{1}}, {zone})"
        return Typed(raw(words, left.node, right.node), left.type)
    met = types.common(left.type, right.type)
    if operator == "-" and met is not None and met.name in types.MOMENTS:
        sides = [instant(coerced(side, met), met) for side in (left, right)]
        words = (
            "to_days(cast({0} - {1} as integer))"
            if met.name == "date"
            else "to_milliseconds(epoch_ms({0}) - epoch_ms({1}))"
        )
        return Typed(raw(words, *sides), Type(types.INTERVALS[0]))
    if operator in "+-" and a == b and a in types.INTERVALS:
        return Typed(raw(f"({{0}} {operator} {{1}})", left.node, right.node), left.type)
    raise mismatch(f"Cannot apply operator: {left.type} {operator} {right.type}")


def _interval(_: Rewriting, node: exp.Interval) -> Typed:
    unit = node.args.get("unit")
    kind = INTERVAL_UNITS.get(unit.name.lower()) if isinstance(unit, exp.Var) else None
    if (
        unit is None
        or kind is None
        or not isinstance(node.this, exp.Literal)
        or not re.fullmatch(r"-?\d+", node.this.name)
    ):
        raise not_supported(node.sql("athena"))
    return Typed(raw(f"interval '{node.this.name} {unit.name.lower()}'"), Type(kind))


def _joined(query: Rewriting, node: exp.DPipe) -> Typed:
    values = [query.expr(item) for item in (node.this, node.expression)]
    left, right = values
    if all(value.type in (VARCHAR, UNKNOWN) for value in values):
        return Typed(raw("({0} || {1})", *(coerced(value, VARCHAR) for value in values)), VARCHAR)
    if "array" in (left.type.name, right.type.name):
        whole = left if left.type.name == "array" else right
        items = [value if value.type.name == "array" and types.common(value.type, whole.type) else
                 Typed(raw("[{0}]", value.node), types.array(value.type)) for value in values]  # fmt: skip
        kind = common_type(node, *items)
        words = "case when {0} is null or {1} is null then null else list_concat({0}, {1}) end"
        return Typed(raw(words, *(coerced(item, kind) for item in items)), kind)
    raise mismatch(f"Cannot apply operator: {left.type} || {right.type}")


def _hex(_: Rewriting, node: exp.HexString) -> Typed:
    return Typed(raw(f"unhex('{node.name}')"), Type("varbinary"))


def _moment(query: Rewriting, node: exp.Expr) -> Typed:
    if isinstance(node, exp.CurrentDate):
        return Typed(raw(f"date '{query.now.date()}'"), Type("date"))
    at = f"timestamp '{query.now.isoformat(' ', 'milliseconds')}'"
    if isinstance(node, exp.Localtimestamp):
        return Typed(raw(at), Type("timestamp", (3,)))
    return Typed(raw(f"at_zone({at}, 'UTC')"), Type("timestamp with time zone", (3,)))


def _extract(query: Rewriting, node: exp.Extract) -> Typed:
    if node.name.lower() not in EXTRACTED:
        raise not_supported(node.sql("athena"))
    return _function(query, node, node.name.lower(), [node.expression])


def _trim(query: Rewriting, node: exp.Trim) -> Typed:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get((node.args.get("position") or "").upper(), "trim")
    if node.expression is None:
        return _function(query, node, name, [node.this])
    sides = [query.expr(side) for side in (node.this, node.expression)]
    if any(side.type not in (VARCHAR, UNKNOWN) for side in sides):
        raise mismatch(f"trim takes varchars: {node.sql('athena')}")
    return Typed(raw(f"{name}({{0}}, {{1}})", *(coerced(side, VARCHAR) for side in sides)), VARCHAR)


def _using(query: Rewriting, node: exp.Coalesce) -> Typed:
    """Keep what sqlglot makes of a column that USING names."""
    sides = [query.expr(side) for side in (node.this, *node.expressions)]
    kind = common_type(node, *sides)
    if any(side.type != kind for side in sides):
        raise not_supported("USING of columns of different types")
    return Typed(node, kind)


def _date(query: Rewriting, node: exp.Anonymous) -> Typed:
    return _cast(query, exp.Cast(this=node.expressions[0].copy(), to=exp.DataType.build("date")))


def _coalesce(query: Rewriting, node: exp.Anonymous) -> Typed:
    items = [query.expr(item) for item in node.expressions]
    kind = common_type(node, *items)
    inner = ", ".join(f"{{{i}}}" for i in range(len(items)))
    return Typed(raw(f"coalesce({inner})", *(coerced(item, kind) for item in items)), kind)


def _nullif(query: Rewriting, node: exp.Anonymous) -> Typed:
    if len(node.expressions) != 2:
        raise not_supported(node.sql("athena"))
    left, right = (query.expr(item) for item in node.expressions)
    same = _compared(query, exp.EQ, left, right)
    return Typed(raw("case when {0} then null else {1} end", same, left.node.copy()), left.type)


def _mod(query: Rewriting, node: exp.Anonymous) -> Typed:
    if len(node.expressions) != 2:
        raise not_supported(node.sql("athena"))
    left, right = (query.expr(item) for item in node.expressions)
    return _computed(query, "%", left, right)


def _wide(value: Typed) -> exp.Expr:
    """Return an exact number of 38 digits: DuckDB computes with as many as it is given."""
    return raw(f"cast({{0}} as decimal(38,{value.type.digits[1]}))", value.node)


def _moment_literal(text: str, to: Type) -> Typed:
    """Return a timestamp that stands in the query, with or without a zone."""
    match = re.fullmatch(
        r"\s*(\d{4}-\d{1,2}-\d{1,2})(?: (\d{1,2}:\d{2})(:\d{2}(?:\.\d{1,3})?)?)?(?:\s+(\S+))?\s*", text
    )
    if match is None or (match[4] and to.name == "timestamp"):
        raise QueryFailed("INVALID_CAST_ARGUMENT", f"Value cannot be cast to {to.name}: {text}")
    words = f"timestamp '{match[1]} {match[2] or '00:00'}{match[3] or ':00'}'"
    if to.name == "timestamp":
        return Typed(raw(words), to)
    return Typed(raw(f"zoned({words}, '{literals.zone(match[4] or 'UTC')}')"), to)


def _check_escapes(pattern: str, escape: str) -> None:
    if len(escape) != 1:
        raise QueryFailed("INVALID_FUNCTION_ARGUMENT", "Escape string must be a single character")
    if re.search(
        f"(?:{re.escape(escape)}.)*?{re.escape(escape)}(?![%_{re.escape(escape)}])", pattern.replace(escape * 2, "")
    ):
        text = "Escape character must be followed by '%', '_' or the escape character itself"
        raise QueryFailed("INVALID_FUNCTION_ARGUMENT", text)


def _met(value: Typed, kind: Type) -> exp.Expr:
    """Return a side of a comparison: exact numbers of few digits meet in DuckDB as in Trino."""
    if value.type.exact and kind.exact and kind.digits[0] < types.LONGEST:
        return value.node
    return coerced(value, kind)


def _function(query: Rewriting, node: exp.Expr, name: str, arguments: list[exp.Expr | None]) -> Typed:
    """Return the call of a function that is not spelled as one."""
    return calls.written(query, Call(node, name, [argument for argument in arguments if argument is not None]))


def _call(query: Rewriting, node: exp.Expr) -> Typed:
    """Return a call."""
    taken = calls.called(node)
    special = SPECIAL.get(taken.name)
    return calls.written(query, taken) if special is None or taken.layers else special(query, node)


SPECIAL: dict[str, Callable[..., Typed]] = {  # functions that the table in `functions` cannot tell
    "row": _row, "date": _date, "coalesce": _coalesce, "nullif": _nullif, "mod": _mod, "now": _moment,
}  # fmt: skip
EXPRESSIONS: dict[type[exp.Expr], Callable[..., Typed]] = {
    exp.Literal: _literal,
    exp.Boolean: lambda _, node: Typed(node, BOOLEAN),
    exp.Null: lambda _, node: Typed(node, UNKNOWN),
    exp.Column: _column,
    exp.Identifier: _identifier,
    exp.Dot: _dot,
    exp.Bracket: _bracket,
    exp.Array: _array,
    exp.Tuple: _row,
    exp.Paren: _paren,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Case: _case,
    exp.If: _if,
    exp.And: _logical,
    exp.Or: _logical,
    exp.Not: _not,
    exp.Is: _is,
    **dict.fromkeys(COMPARISONS, _comparison),
    exp.NullSafeEQ: _distinct_from,
    exp.NullSafeNEQ: _distinct_from,
    exp.Between: _between,
    exp.In: _in,
    exp.Exists: _exists,
    exp.Subquery: _subquery,
    exp.Like: _like,
    exp.Escape: _like,
    exp.Neg: _negative,
    **dict.fromkeys(ARITHMETIC, _arithmetic),
    exp.Interval: _interval,
    exp.DPipe: _joined,
    exp.HexString: _hex,
    exp.CurrentDate: _moment,
    exp.CurrentTimestamp: _moment,
    exp.Localtimestamp: _moment,
    exp.Extract: _extract,
    exp.Trim: _trim,
    exp.Substring: lambda query, node: _function(
        query, node, "substring", [node.this, node.args.get("start"), node.args.get("length")]
    ),
    exp.StrPosition: lambda query, node: _function(query, node, "strpos", [node.this, node.args["substr"]]),
    exp.ParseJSON: lambda query, node: _function(query, node, "json_parse", [node.this]),
    exp.AtTimeZone: lambda query, node: _function(query, node, "at_timezone", [node.this, node.args["zone"]]),
    exp.Coalesce: _using,
    exp.Anonymous: _call,
    **dict.fromkeys(LAYERS, _call),
}

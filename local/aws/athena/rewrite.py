"""A qualified query in DuckDB's words, typed from its tables up: every expression's type is known, or it is refused.

`types` says what coerces to what, `functions` which functions there are, `casts` how values change their type; what is
left is here: the shapes of expressions and queries. Nothing passes that this module does not know.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, cast

import duckdb
from sqlglot import exp
from sqlglot.generators.duckdb import DuckDBGenerator

from local.aws.athena import functions, literals, macros, types
from local.aws.athena.casts import cast_of
from local.aws.athena.errors import QueryFailed, not_supported
from local.aws.athena.functions import FUNCTIONS, Function
from local.aws.athena.raw import Raw, raw
from local.aws.athena.types import BIGINT, BOOLEAN, DOUBLE, JSON, UNKNOWN, VARCHAR, Type

Columns = list[tuple[str, Type]]
EQUALITIES = {exp.EQ: "=", exp.NEQ: "<>"}
ORDERINGS = {exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
COMPARISONS: dict[type[exp.Expr], str] = {**EQUALITIES, **ORDERINGS}
ARITHMETIC = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}
EXTRACTED = {"year", "quarter", "month", "week", "day", "day_of_month", "day_of_week", "dow", "day_of_year", "doy",
             "year_of_week", "yow", "hour", "minute", "second"}  # fmt: skip
LAYERS = (exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)
INTERVAL_UNITS = {
    **dict.fromkeys(("second", "minute", "hour", "day", "week"), types.INTERVALS[0]),
    **dict.fromkeys(("month", "year"), types.INTERVALS[1]),
}


class Typed(NamedTuple):
    """An expression in DuckDB's words, and its type in Trino."""

    node: exp.Expr
    type: Type


class Names:
    """What a query can see: its sources' columns, and those of the queries around it."""

    def __init__(self, outer: "Names | None", tables: dict[str, Columns]) -> None:
        self.sources: dict[str, dict[str, Type]] = {}
        self.aliases: dict[str, Type] = {}
        self.outer, self.tables = outer, tables

    def find(self, column: exp.Column) -> Type:
        """Return a column's type."""
        if not column.table:
            if column.name in self.aliases:
                return self.aliases[column.name]
            owners = [alias for alias, columns in self.sources.items() if column.name in columns]
            if len(owners) > 1:
                raise QueryFailed("AMBIGUOUS_NAME", f"Column '{column.name}' is ambiguous")
            if owners:  # sqlglot leaves some in HAVING as they are
                column.set("table", exp.to_identifier(owners[0], quoted=True))
        if column.table in self.sources:
            if column.name in self.sources[column.table]:
                return self.sources[column.table][column.name]
        elif self.outer is not None:
            return self.outer.find(column)
        raise QueryFailed("COLUMN_NOT_FOUND", f"Column '{column.name}' cannot be resolved")


def rewritten(tree: exp.Query) -> Columns:
    """Make of a qualified tree what DuckDB has to read to come to Trino's result; return its columns.

    Conjunctions, comparisons of columns, fields and windows stay sqlglot's own nodes, which `pruning` reads.

    :raises QueryFailed: types do not go together, or nothing is known that comes to the same
    """
    columns = _Rewriting().query(tree, None, {})
    for name, kind in columns:
        if kind.any(lambda inner: inner.name == "interval year to month"):
            raise not_supported(f"a result of the type {kind}: {name}")
    return columns


def prepare(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Make what a rewritten query needs."""
    if made := macros.needed(sql):
        connection.execute(made)
    if re.search(r"\btry\(", sql):  # else an error in a constant is raised before TRY could catch it
        connection.execute("set disabled_optimizers = 'expression_rewriter'")


def _mismatch(text: str) -> QueryFailed:
    return QueryFailed("TYPE_MISMATCH", text)


class _Rewriting:
    """The rewriting of one query. Every moment in it is the same."""

    def __init__(self) -> None:
        self._now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        self._now = self._now.replace(microsecond=self._now.microsecond // 1000 * 1000)
        self._names = Names(None, {})
        self._lambdas: list[dict[str, Typed]] = []
        self._count = 0

    # Queries

    def query(self, node: exp.Expr, outer: Names | None, tables: dict[str, Columns]) -> Columns:
        """Rewrite a query in its place; return its columns."""
        with_ = node.args.get("with_")
        for cte in with_.expressions if with_ is not None else ():
            tables = {**tables, cte.alias: _renamed(self.query(cte.this, outer, tables), cte)}
        if isinstance(node, exp.Subquery):
            columns = self.query(node.this, outer, tables)
        elif isinstance(node, exp.SetOperation):
            columns = self._set_operation(node, outer, tables)
        elif isinstance(node, exp.Select):
            return self._select(node, outer, tables)
        else:
            raise not_supported(f"{node.sql('athena')} as a query")
        names = Names(outer, tables)
        names.aliases = dict(columns)
        self._within(names, lambda: self._order(node))
        return columns

    def _set_operation(self, node: exp.SetOperation, outer: Names | None, tables: dict[str, Columns]) -> Columns:
        left, right = self.query(node.this, outer, tables), self.query(node.expression, outer, tables)
        if len(left) != len(right):
            name = node.key.upper()
            raise _mismatch(f"{name} query has different number of fields: {len(left)}, {len(right)}")
        columns: Columns = []
        for (name, mine), (_, other) in zip(left, right, strict=True):
            kind = types.common(mine, other)
            if kind is None:
                raise _mismatch(
                    f"column {len(columns) + 1} in {node.key.upper()} query has incompatible types: {mine}, {other}"
                )
            columns.append((name, kind))
        if node.args.get("distinct"):
            self._groupable(kind for _, kind in columns)
        for side, had in ((node.this, left), (node.expression, right)):
            _coerce_outputs(side, had, [kind for _, kind in columns])
        return columns

    def _select(self, node: exp.Select, outer: Names | None, tables: dict[str, Columns]) -> Columns:
        names, before = Names(outer, tables), self._names
        self._names = names
        from_ = node.args.get("from_")
        if from_ is not None:
            self._source(from_.this, names)
        for join in node.args.get("joins") or ():
            self._source(join.this, names)
            self._boolean(join.args.get("on"), "JOIN ON")
        self._boolean(getattr(node.args.get("where"), "this", None), "WHERE")
        self._group(node.args.get("group"))
        self._boolean(getattr(node.args.get("having"), "this", None), "HAVING")
        columns: Columns = []
        for item in node.expressions:
            value = self._put(item.this if isinstance(item, exp.Alias) else item)
            item.type = _sqlglot(value.type)
            columns.append((item.alias_or_name, value.type))
        if node.args.get("distinct") is not None:
            self._groupable(kind for _, kind in columns)
        names.aliases = dict(columns)
        self._order(node)
        self._names = before
        return columns

    def _within(self, names: Names, work: Callable[[], None]) -> None:
        before, self._names = self._names, names
        work()
        self._names = before

    def _source(self, node: exp.Expr, names: Names) -> None:
        """Note a source's columns; put UNNEST and VALUES into DuckDB's words."""
        if isinstance(node, exp.Table):
            known = names.tables.get(node.name) if not node.db else None
            columns = _renamed(known if known is not None else node.meta["columns"], node)
        elif isinstance(node, exp.Subquery):
            columns = _renamed(self.query(node, names.outer, names.tables), node)
        elif isinstance(node, exp.Values):
            columns = _renamed(self._values(node), node)
        elif isinstance(node, exp.Unnest):
            columns = self._unnest(node)
        else:
            raise not_supported(f"{node.sql('athena')} as a table")
        names.sources[node.alias_or_name] = dict(columns)

    def _values(self, node: exp.Values) -> Columns:
        rows = [[self._put(item) for item in row.expressions] for row in node.expressions]
        columns: Columns = []
        for place, column in enumerate(zip(*rows, strict=True)):
            kind = self._common(node, *column)
            columns.append((f"_col{place}", kind))
            for value in column:
                _replace(value.node, _coerced(value, kind))
        return columns

    def _unnest(self, node: exp.Unnest) -> Columns:
        """Put UNNEST into DuckDB's words: arrays side by side, maps and arrays of rows as several columns."""
        alias = node.args.get("alias")
        ordinal = node.args.get("offset")
        if alias is None or not alias.columns or (ordinal and not isinstance(ordinal, exp.Expr)):
            raise not_supported(f"{node.sql('athena')} without names for its columns: write AS t(a, b)")
        given = [self.expr(item) for item in node.expressions]
        wanted = [column.name for column in alias.columns]
        inner: list[str] = []
        outer: list[tuple[str, Type]] = []
        for place, value in enumerate(given):
            if value.type.name == "map":
                inner += [f"unnest(map_keys({{{place}}})) as k{place}", f"unnest(map_values({{{place}}})) as v{place}"]
                outer += [(f"k{place}", value.type.of[0]), (f"v{place}", value.type.of[1])]
            elif value.type.name == "array" and value.type.of[0].name == "row":
                inner.append(f"unnest({{{place}}}) as k{place}")
                outer += [(f"struct_extract(k{place}, {_text(name)})", kind) for name, kind in value.type.of[0].of]
            elif value.type.name == "array":
                inner.append(f"unnest({{{place}}}) as k{place}")
                outer.append((f"k{place}", value.type.of[0]))
            else:
                raise _mismatch(f"Cannot unnest type: {value.type}")
        if ordinal:
            sizes = (
                f"coalesce(len({'map_keys' if v.type.name == 'map' else ''}({{{i}}})), 0)" for i, v in enumerate(given)
            )
            inner.append(f"unnest(range(1, greatest(0, {', '.join(sizes)}) + 1)) as n")
            outer.append(("n", BIGINT))
            wanted.append(ordinal.name)
        if len(wanted) != len(outer):
            text = f"Column alias list has {len(wanted)} entries but '{alias.name}' has {len(outer)} columns available"
            raise QueryFailed("MISMATCHED_COLUMN_ALIASES", text)
        items = ", ".join(f"{words} as {types.quoted(name)}" for (words, _), name in zip(outer, wanted, strict=True))
        words = f"lateral (select {items} from (select {', '.join(inner)})) as {types.quoted(alias.name)}"  # noqa: S608
        node.replace(raw(words, *(value.node for value in given)))
        return [(name, kind) for name, (_, kind) in zip(wanted, outer, strict=True)]

    def _boolean(self, node: exp.Expr | None, clause: str) -> None:
        if node is not None and (kind := self._put(node).type) not in (BOOLEAN, UNKNOWN):
            raise _mismatch(f"{clause} clause must evaluate to a boolean: actual type {kind}")

    def _group(self, node: exp.Expr | None) -> None:
        for item in list(node.expressions) if node is not None else ():
            if isinstance(item, (exp.GroupingSets, exp.Rollup, exp.Cube, exp.Tuple)):
                self._group(item)
            elif isinstance(item, exp.Paren):
                self._group(exp.Group(expressions=[item.this])) if not isinstance(item.this, exp.Column) else None
            else:
                self._groupable([self._put(item).type])

    def _order(self, node: exp.Expr, *, ordinals: bool = True) -> None:
        order = node.args.get("order")
        for item in order.expressions if order is not None else ():
            if not ordinals or not (isinstance(item.this, exp.Literal) and not item.this.is_string):
                self._sortable(self._put(item.this).type)

    def _groupable(self, kinds: Iterable[Type]) -> None:
        for kind in kinds:
            if kind.any(lambda inner: inner.name == "timestamp with time zone"):
                raise not_supported(f"grouping or comparing values of the type {kind}; cast them to timestamp")

    def _sortable(self, kind: Type) -> None:
        if kind.any(lambda inner: inner.name in ("map", "json")):
            raise _mismatch(f"Type {kind} is not orderable, and therefore cannot be used in ORDER BY")

    # Expressions

    def _put(self, node: exp.Expr) -> Typed:
        """Rewrite an expression in its place."""
        parent, key, index = node.parent, node.arg_key, node.index
        value = self.expr(node)
        if value.node is not node and parent is not None:
            parent.set(cast("str", key), value.node, index)
        return value

    def expr(self, node: exp.Expr) -> Typed:
        """Return an expression in DuckDB's words.

        :raises QueryFailed: its types do not go together, or it is not known
        """
        if isinstance(node, LAYERS):
            return self._call(node)
        work = EXPRESSIONS.get(type(node))
        if work is None:
            raise not_supported(f"{node.sql('athena')} ({type(node).__name__})")
        return work(self, node)

    def _literal(self, node: exp.Literal) -> Typed:
        if node.is_string:
            return Typed(node, VARCHAR)
        text = node.name
        if "e" in text.lower():
            return Typed(raw(f"cast({_text(text)} as double)"), DOUBLE)
        whole, point, fraction = text.partition(".")
        if point:
            kind = types.decimal(max(1, len(whole.lstrip("0")) + len(fraction)), len(fraction))
            return Typed(raw(f"cast({_text(text)} as {kind.duck})"), kind)
        if int(text) > 2**63 - 1:
            raise QueryFailed("INVALID_LITERAL", f"Invalid numeric literal: {text}")
        return Typed(node, types.INTEGER if int(text) < 2**31 else BIGINT)

    def _column(self, node: exp.Column) -> Typed:
        kind = self._names.find(node)
        node.type = _sqlglot(kind)
        return Typed(node, kind)

    def _identifier(self, node: exp.Identifier) -> Typed:
        for known in reversed(self._lambdas):
            if node.name in known:
                return known[str(node.name)]
        raise QueryFailed("COLUMN_NOT_FOUND", f"Column '{node.name}' cannot be resolved")

    def _dot(self, node: exp.Dot) -> Typed:
        value, name = self.expr(node.this), node.expression.name
        kind = dict(value.type.of).get(name.lower()) if value.type.name == "row" else None
        if kind is None:
            raise _mismatch(f"Expression {node.this.sql('athena')} is not of type ROW with a field {name}")
        field = exp.to_identifier(name.lower(), quoted=True)
        path = isinstance(value.node, (exp.Column, exp.Dot))
        return Typed(exp.Dot(this=value.node if path else raw("({0})", value.node), expression=field), kind)

    def _bracket(self, node: exp.Bracket) -> Typed:
        value, place = self.expr(node.this), self.expr(node.expressions[0])
        if value.type.name == "array" and place.type.name in types.INTEGERS:
            return Typed(raw("item_of({0}, {1})", value.node, place.node), value.type.of[0])
        if value.type.name == "map" and types.common(value.type.of[0], place.type) == value.type.of[0]:
            key = _coerced(place, value.type.of[0])
            return Typed(raw("value_of({0}, {1})", value.node, key), value.type.of[1])
        raise _mismatch(f"Cannot use {place.type} for subscript of {value.type}")

    def _array(self, node: exp.Array) -> Typed:
        items = [self.expr(item) for item in node.expressions]
        kind = types.array(self._common(node, *items))
        inner = ", ".join(f"{{{i}}}" for i in range(len(items)))
        return Typed(raw(f"cast([{inner}] as {kind.duck})", *(_coerced(item, kind.of[0]) for item in items)), kind)

    def _row(self, node: exp.Expr) -> Typed:
        items = [self.expr(item) for item in node.expressions]
        kind = Type("row", tuple((f"field{i}", item.type) for i, item in enumerate(items)))
        inner = ", ".join(f'"field{i}" := {{{i}}}' for i in range(len(items)))
        return Typed(raw(f"struct_pack({inner})", *(item.node for item in items)), kind)

    def _paren(self, node: exp.Paren) -> Typed:
        value = self.expr(node.this)
        return Typed(exp.Paren(this=value.node), value.type)

    def _cast(self, node: exp.Cast) -> Typed:
        to = types.parse(node.to.sql("trino"))
        if to.name.startswith("timestamp") and isinstance(node.this, exp.Literal) and not isinstance(node, exp.TryCast):
            return _moment_literal(node.this.name, to)
        value = self.expr(node.this)
        words = cast_of(value.node, value.type, to, literal=isinstance(node.this, exp.Literal))
        if isinstance(node, exp.TryCast):
            words = raw("try({0})", words)
        return Typed(words, VARCHAR if to.name == "varchar" else to)

    def _case(self, node: exp.Case) -> Typed:
        operand = self.expr(node.this) if node.this is not None else None
        ends = [branch.args["true"] for branch in node.args["ifs"]]
        ends += [node.args["default"]] if node.args.get("default") is not None else []
        conditions = []
        for branch in node.args["ifs"]:
            if operand is None:
                conditions.append(self._condition(branch.this, "CASE WHEN"))
            else:
                conditions.append(
                    self._compared(exp.EQ, Typed(operand.node.copy(), operand.type), self.expr(branch.this))
                )
        return self._choice(node, conditions, [self.expr(end) for end in ends])

    def _if(self, node: exp.If) -> Typed:
        ends = [node.args["true"]] + ([node.args["false"]] if node.args.get("false") is not None else [])
        return self._choice(node, [self._condition(node.this, "IF")], [self.expr(end) for end in ends])

    def _choice(self, node: exp.Expr, conditions: list[exp.Expr], ends: list[Typed]) -> Typed:
        kind = self._common(node, *ends)
        values = [_coerced(end, kind) for end in ends]
        count = len(conditions)
        words = "".join(f" when {{{i}}} then {{{count + i}}}" for i in range(count))
        words += f" else {{{2 * count}}}" if len(values) > count else ""
        return Typed(raw(f"case{words} end", *conditions, *values), kind)

    def _condition(self, node: exp.Expr, clause: str) -> exp.Expr:
        value = self.expr(node)
        if value.type not in (BOOLEAN, UNKNOWN):
            raise _mismatch(f"{clause} clause must be a boolean type: actual type {value.type}")
        return _coerced(value, BOOLEAN)

    def _logical(self, node: exp.Expr) -> Typed:
        sides = [self._condition(side, "Logical expression term") for side in (node.this, node.expression)]
        return Typed(exp.Paren(this=type(node)(this=sides[0], expression=sides[1])), BOOLEAN)

    def _not(self, node: exp.Not) -> Typed:
        return Typed(exp.Paren(this=exp.Not(this=self._condition(node.this, "NOT"))), BOOLEAN)

    def _is(self, node: exp.Is) -> Typed:
        if not isinstance(node.expression, exp.Null) or node.args.get("negate"):
            raise not_supported(node.sql("athena"))
        return Typed(exp.Paren(this=exp.Is(this=self.expr(node.this).node, expression=exp.Null())), BOOLEAN)

    def _comparison(self, node: exp.Binary) -> Typed:
        same = self._compared(type(node), self.expr(node.this), self.expr(node.expression))
        return Typed(same, BOOLEAN)

    def _compared(self, operator: type[exp.Expr], left: Typed, right: Typed) -> exp.Expr:
        """Return a comparison. NaN equals nothing; nested values, which may hold nulls, are refused."""
        sign = COMPARISONS[operator]
        kind = types.common(left.type, right.type)
        if kind is None or (kind == JSON and operator in ORDERINGS):
            raise _mismatch(f"Cannot apply operator: {left.type} {sign} {right.type}")
        if kind.name in ("array", "map", "row"):
            raise not_supported(f"comparing values of the type {kind}")
        sides = [_instant(_met(side, kind), kind) for side in (left, right)]
        if kind.name not in ("real", "double"):
            return exp.Paren(this=cast("type[exp.Binary]", operator)(this=sides[0], expression=sides[1]))
        words = "case when isnan({0}) or isnan({1}) then nullif({0} is null or {1} is null, true) else {0} %s {1} end"
        if operator is exp.NEQ:
            return raw(f"(not {words % '='})", *sides)
        return raw(words % sign, *sides)

    def _distinct_from(self, node: exp.Binary) -> Typed:
        left, right = self.expr(node.this), self.expr(node.expression)
        kind = self._common(node, left, right)
        sides = [_instant(_coerced(side, kind), kind) for side in (left, right)]
        words = "is distinct from" if isinstance(node, exp.NullSafeNEQ) else "is not distinct from"
        return Typed(raw(f"({{0}} {words} {{1}})", *sides), BOOLEAN)

    def _between(self, node: exp.Between) -> Typed:
        value, low, high = (self.expr(node.args[name]) for name in ("this", "low", "high"))
        ends = [
            self._compared(exp.GTE, value, low),
            self._compared(exp.LTE, Typed(value.node.copy(), value.type), high),
        ]
        return Typed(exp.Paren(this=exp.And(this=ends[0], expression=ends[1])), BOOLEAN)

    def _in(self, node: exp.In) -> Typed:
        value = self.expr(node.this)
        if node.args.get("query") is not None:
            query = node.args["query"]
            [(_, kind)] = self._one_column(query, "in")
            met = types.common(value.type, kind)
            if met is None or met.name in ("array", "map", "row", "real", "double", "timestamp with time zone"):
                raise _mismatch(
                    f"value and result of subquery must be of the same type for IN expression: {value.type} vs {kind}"
                )
            _coerce_outputs(query, [("", kind)], [met])
            return Typed(raw("({0} in {1})", _coerced(value, met), query), BOOLEAN)
        items = [self.expr(item) for item in node.expressions]
        kind = self._common(node, value, *items)
        tests = [self._compared(exp.EQ, Typed(value.node.copy(), value.type), item) for item in items]
        if all(isinstance(test, exp.Paren) for test in tests):  # no NaN among them
            sides = [_instant(_met(side, kind), kind) for side in (value, *items)]
            return Typed(exp.Paren(this=exp.In(this=sides[0], expressions=sides[1:])), BOOLEAN)
        words = " or ".join(f"{{{i}}}" for i in range(len(tests)))
        return Typed(raw(f"({words})", *tests), BOOLEAN)

    def _exists(self, node: exp.Exists) -> Typed:
        self.query(node.this, self._names, self._names.tables)
        return Typed(node, BOOLEAN)

    def _subquery(self, node: exp.Subquery) -> Typed:
        [(_, kind)] = self._one_column(node, "a scalar subquery")
        return Typed(node, kind)

    def _one_column(self, node: exp.Expr, where: str) -> Columns:
        columns = self.query(node, self._names, self._names.tables)
        if len(columns) != 1:
            raise QueryFailed(
                "NOT_SUPPORTED",
                f"Multiple columns returned by subquery are not yet supported in {where}. Found {len(columns)}",
            )
        return columns

    def _like(self, node: exp.Expr) -> Typed:
        escape = None
        if isinstance(node, exp.Escape):
            escape, node = node.expression, node.this
        sides = [self.expr(side) for side in (node.this, node.expression, *([escape] if escape is not None else []))]
        if any(side.type not in (VARCHAR, UNKNOWN) for side in sides):
            raise _mismatch(f"LIKE takes varchars: {node.sql('athena')}")
        if escape is not None and isinstance(escape, exp.Literal) and isinstance(node.expression, exp.Literal):
            _check_escapes(node.expression.name, escape.name)
        values = [_coerced(side, VARCHAR) for side in sides]
        like: exp.Expr = exp.Like(this=values[0], expression=values[1])
        if escape is not None:
            like = exp.Escape(this=like, expression=values[2])
        return Typed(exp.Paren(this=exp.Not(this=exp.Paren(this=like)) if node.args.get("negate") else like), BOOLEAN)

    def _negative(self, node: exp.Neg) -> Typed:
        value = self.expr(node.this)
        if value.type.name not in (*types.NUMBERS, *types.INTERVALS):
            raise _mismatch(f"Cannot negate {value.type}")
        return Typed(raw("(-{0})", value.node), value.type)

    def _arithmetic(self, node: exp.Binary) -> Typed:
        return self._computed(ARITHMETIC[type(node)], self.expr(node.this), self.expr(node.expression))

    def _computed(self, operator: str, left: Typed, right: Typed) -> Typed:
        """Return a sum, a difference, a product, a quotient or a remainder."""
        if {left.type.name, right.type.name} & {*types.MOMENTS, *types.INTERVALS}:
            return self._moved(operator, left, right)
        kind = types.arithmetic(operator, left.type, right.type)
        if kind is None:
            raise _mismatch(f"Cannot apply operator: {left.type} {operator} {right.type}")
        if kind.name != "decimal":
            sides = [_coerced(side, kind) for side in (left, right)]
            word = "//" if operator == "/" and kind.name in types.INTEGERS else operator
            return Typed(raw(f"({{0}} {word} {{1}})", *sides), kind)
        (_, s1), (_, s2) = left.type.digits, right.type.digits
        wide = [_wide(side) for side in (left, right)]
        if operator == "/":
            scale = kind.digits[1]
            before, after = _pointed(kind)
            return Typed(raw(f"{before}exact_quotient({{0}}, {{1}}, {10 ** (scale - s1 + s2)}){after}", *wide), kind)
        if operator == "*":  # 38 digits have to hold both, and DuckDB adds them up
            wide = [_coerced(side, types.decimal(*side.type.digits)) for side in (left, right)]
        return Typed(raw(f"cast(({{0}} {operator} {{1}}) as {kind.duck})", *wide), kind)

    def _moved(self, operator: str, left: Typed, right: Typed) -> Typed:
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
            sides = [_instant(_coerced(side, met), met) for side in (left, right)]
            words = (
                "to_days(cast({0} - {1} as integer))"
                if met.name == "date"
                else "to_milliseconds(epoch_ms({0}) - epoch_ms({1}))"
            )
            return Typed(raw(words, *sides), Type(types.INTERVALS[0]))
        if operator in "+-" and a == b and a in types.INTERVALS:
            return Typed(raw(f"({{0}} {operator} {{1}})", left.node, right.node), left.type)
        raise _mismatch(f"Cannot apply operator: {left.type} {operator} {right.type}")

    def _interval(self, node: exp.Interval) -> Typed:
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

    def _joined(self, node: exp.DPipe) -> Typed:
        values = [self.expr(item) for item in (node.this, node.expression)]
        left, right = values
        if all(value.type in (VARCHAR, UNKNOWN) for value in values):
            return Typed(raw("({0} || {1})", *(_coerced(value, VARCHAR) for value in values)), VARCHAR)
        if "array" in (left.type.name, right.type.name):
            whole = left if left.type.name == "array" else right
            items = [value if value.type.name == "array" and types.common(value.type, whole.type) else
                     Typed(raw("[{0}]", value.node), types.array(value.type)) for value in values]  # fmt: skip
            kind = self._common(node, *items)
            words = "case when {0} is null or {1} is null then null else list_concat({0}, {1}) end"
            return Typed(raw(words, *(_coerced(item, kind) for item in items)), kind)
        raise _mismatch(f"Cannot apply operator: {left.type} || {right.type}")

    def _hex(self, node: exp.HexString) -> Typed:
        return Typed(raw(f"unhex('{node.name}')"), Type("varbinary"))

    def _moment(self, node: exp.Expr) -> Typed:
        if isinstance(node, exp.CurrentDate):
            return Typed(raw(f"date '{self._now.date()}'"), Type("date"))
        at = f"timestamp '{self._now.isoformat(' ', 'milliseconds')}'"
        if isinstance(node, exp.Localtimestamp):
            return Typed(raw(at), Type("timestamp", (3,)))
        return Typed(raw(f"at_zone({at}, 'UTC')"), Type("timestamp with time zone", (3,)))

    def _extract(self, node: exp.Extract) -> Typed:
        if node.name.lower() not in EXTRACTED:
            raise not_supported(node.sql("athena"))
        return self._named(node, node.name.lower(), [node.expression])

    def _trim(self, node: exp.Trim) -> Typed:
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get((node.args.get("position") or "").upper(), "trim")
        if node.expression is None:
            return self._named(node, name, [node.this])
        sides = [self.expr(side) for side in (node.this, node.expression)]
        if any(side.type not in (VARCHAR, UNKNOWN) for side in sides):
            raise _mismatch(f"trim takes varchars: {node.sql('athena')}")
        return Typed(raw(f"{name}({{0}}, {{1}})", *(_coerced(side, VARCHAR) for side in sides)), VARCHAR)

    # Functions

    def _call(self, node: exp.Expr) -> Typed:
        """Return a function's call, with what stands around it: OVER, FILTER, IGNORE NULLS, WITHIN GROUP."""
        layers: dict[type[exp.Expr], Any] = {}
        inner = node
        while isinstance(inner, LAYERS):
            layers[type(inner)] = inner
            inner = inner.this
        if not isinstance(inner, exp.Anonymous):
            raise not_supported(f"{node.sql('athena')} ({type(inner).__name__})")
        name, arguments = str(inner.this).lower(), list(inner.expressions)
        special = SPECIAL.get(name)
        if special is not None and not layers:
            return special(self, inner)
        if name not in FUNCTIONS:
            raise not_supported(f"the function {name}")
        return self._named(node, name, arguments, layers)

    def _named(
        self, node: exp.Expr, name: str, arguments: list[exp.Expr], layers: dict[type[exp.Expr], Any] | None = None
    ) -> Typed:
        layers = layers or {}
        if len(arguments) == 1 and isinstance(arguments[0], exp.Star) and name == "count":
            arguments = []
        distinct = bool(arguments) and isinstance(arguments[0], exp.Distinct)
        if distinct:
            arguments = [*arguments[0].expressions, *arguments[1:]]
        order = layers[exp.WithinGroup].expression if exp.WithinGroup in layers else None
        if arguments and isinstance(arguments[-1], exp.Order):
            order, arguments = arguments[-1], [*arguments[:-1], arguments[-1].this]
            if isinstance(arguments[0], exp.Distinct):
                distinct, arguments = True, [*arguments[0].expressions, *arguments[1:]]
        given = [item if isinstance(item, exp.Lambda) else self.expr(item) for item in arguments]
        function, found = self._overload(node, name, arguments, given)
        if function.aggregate:
            self._check_aggregate(node, function, layers, distinct, order)
        elif layers or distinct or order is not None:
            raise _mismatch(f"{name} is not an aggregation function: {node.sql('athena')}")
        if distinct:
            self._groupable(item.type for item in given if isinstance(item, Typed))
        return self._spelled(node, function, given, found, layers, distinct, order)

    def _check_aggregate(
        self, node: exp.Expr, function: Function, layers: dict[type[exp.Expr], Any], distinct: bool, order: Any
    ) -> None:
        windowed = function.name in functions.WINDOW_ONLY
        refused = (
            (windowed and (exp.Window not in layers or exp.Filter in layers or distinct))
            or (exp.IgnoreNulls in layers and "{^}" not in function.words)
            or ((exp.WithinGroup in layers) is not (function.name == "listagg"))
            or (order is not None and function.name not in functions.ORDERED)
            or (distinct and "{!}" not in function.words)
            or (exp.IgnoreNulls in layers and not windowed)
            or (exp.Window in layers and (distinct or order is not None or function.name == "map_agg"))
        )
        if refused:
            raise not_supported(node.sql("athena"))

    def _overload(
        self, node: exp.Expr, name: str, arguments: Sequence[exp.Expr], given: Sequence[Any]
    ) -> tuple[Function, dict[str, Type]]:
        for coerce in (False, True):
            for function in FUNCTIONS[name]:
                found = _fitting(function, arguments, given, coerce)
                if found is not None:
                    return function, found
        kinds = ", ".join(str(item.type) if isinstance(item, Typed) else "function" for item in given)
        raise QueryFailed(
            "FUNCTION_NOT_FOUND", f"Unexpected parameters ({kinds}) for function {name}: {node.sql('athena')}"
        )

    def _spelled(
        self,
        node: exp.Expr,
        function: Function,
        given: list[Any],
        found: dict[str, Type],
        layers: dict[type[exp.Expr], Any],
        distinct: bool,
        order: Any,
    ) -> Typed:
        values: list[exp.Expr] = []
        lambdas: dict[int, tuple[list[str], exp.Expr]] = {}
        for place, (item, kind) in enumerate(zip(given, _parameters(function, len(given)), strict=True)):
            if isinstance(item, exp.Lambda):
                lambdas[place] = self._lambda(item, kind, found)
                names, body = lambdas[place]
                values.append(raw(f"lambda {', '.join(names)}: {{0}}", body))
            elif kind.name in functions.LITERALS:
                values.append(raw(found[f"literal {place}"].name))
            elif kind.name in functions.ADAPTED:
                values.append(_adapted(item, kind.name))
            else:
                values.append(_coerced(item, _resolved(kind, found)))
        result = _resolved(function.result, found)
        if function.rule:
            result = functions.DERIVED[function.rule](result)
        if function.name in functions.SORTING:
            self._sortable(result)
        words = self._words(function, result, values, lambdas, given)
        words = words.replace("{!}", "distinct " if distinct else "")
        inside = " ignore nulls" if exp.IgnoreNulls in layers else ""
        if order is not None:
            inside = f" {self._order_words(order, values)}"
        words = words.replace("{^}", inside)
        while "{~}" in words:
            words = self._layered(words, values, layers)
        return Typed(raw(words, *values), result)

    def _layered(self, words: str, values: list[exp.Expr], layers: dict[type[exp.Expr], Any]) -> str:
        """Put FILTER and OVER around the call that ends at the first mark for them."""
        end = words.index("{~}")
        start, depth = end, 0
        while start == end or depth:
            start -= 1
            depth += (words[start] == ")") - (words[start] == "(")
        start -= len(re.search(r"\w*$", words[:start])[0])  # type: ignore[index]
        call: exp.Expr = raw(words[start:end], *(value.copy() for value in values))
        if exp.Filter in layers:
            test = self._condition(layers[exp.Filter].expression.this.copy(), "FILTER")
            call = exp.Filter(this=call, expression=exp.Where(this=test))
        if exp.Window in layers:
            call = self._over(call, layers[exp.Window].copy())
        values.append(call)
        return f"{words[:start]}{{{len(values) - 1}}}{words[end + 3 :]}"

    def _words(
        self,
        function: Function,
        result: Type,
        values: list[exp.Expr],
        lambdas: dict[int, tuple[list[str], exp.Expr]],
        given: list[Any],
    ) -> str:
        """Return a function's words with nothing but numbers, of which some are added, in their places."""
        self._count += 1
        unique = f"_{self._count}"
        every = [f"{{{i}}}" for i in range(len(given))]
        before, after = _pointed(result) if result.name == "decimal" else ("", "")
        fixed = {
            "*": ", ".join(every),
            "|": " || ".join(every),
            "?": " or ".join(f"{place} is null" for place in every),
            "=": result.duck,
            "=38": types.decimal(38, result.digits[1]).duck if result.exact else "",
            "=(": before,
            "=)": after,
        }

        def place(match: re.Match[str]) -> str:
            word = match[1]
            if word in fixed:
                return fixed[word]
            number, _, rest = word.partition(":")
            if rest == "text":
                values.append(cast_of(values[int(number)].copy(), given[int(number)].type, VARCHAR))
            elif rest:
                names, body = lambdas[int(number)]
                instead = dict(zip(names, rest.replace("@e", f"e{unique}").split(";"), strict=True))
                values.append(_substituted(body, instead))
            else:
                return match[0]
            return f"{{{len(values) - 1}}}"

        return functions.PLACES.sub(place, function.words).replace("@e", f"e{unique}")

    def _lambda(self, node: exp.Lambda, kind: Type, found: dict[str, Type]) -> tuple[list[str], exp.Expr]:
        """Return a lambda's parameters, by names of their own, and its body; note its result's type."""
        *takes, gives = kind.of
        names = [item.name for item in node.expressions]
        if len(names) != len(takes):
            raise QueryFailed(
                "FUNCTION_NOT_FOUND", f"A lambda of {len(takes)} arguments is needed: {node.sql('athena')}"
            )
        self._count += 1
        own = [f"p{self._count}_{i}" for i in range(len(names))]
        self._lambdas.append(
            {name: Typed(raw(word), _resolved(take, found)) for name, word, take in zip(names, own, takes, strict=True)}
        )
        body = self.expr(node.this)
        self._lambdas.pop()
        if not _fits(gives, body.type, found, coerce=True) or types.common(_resolved(gives, found), body.type) is None:
            raise QueryFailed("FUNCTION_NOT_FOUND", f"The lambda returns {body.type}: {node.sql('athena')}")
        return own, _coerced(body, _resolved(gives, found))

    def _order_words(self, order: exp.Order, values: list[exp.Expr]) -> str:
        items = []
        for item in order.expressions:
            value = self.expr(item.this)
            self._sortable(value.type)
            values.append(value.node)
            direction = "desc" if item.args.get("desc") else "asc"
            items.append(
                f"{{{len(values) - 1}}} {direction} nulls {'first' if item.args.get('nulls_first') else 'last'}"
            )
        return f"order by {', '.join(items)}"

    def _over(self, call: exp.Expr, window: exp.Window) -> exp.Expr:
        if window.args.get("alias") is not None or window.args.get("first") is not None:
            raise not_supported(f"named windows: {window.sql('athena')}")
        for item in window.args.get("partition_by") or ():
            self._groupable([self._put(item).type])
        self._order(window, ordinals=False)
        if window.args.get("spec") is not None:
            _check_frame(window.args["spec"])
        window.set("this", call)
        return window

    def _common(self, node: exp.Expr, *values: Typed) -> Type:
        kind: Type | None = UNKNOWN
        for value in values:
            kind = types.common(kind, value.type) if kind is not None else None
        if kind is None:
            kinds = ", ".join(str(value.type) for value in values)
            raise _mismatch(f"All operands must be the same type: {kinds}: {node.sql('athena')}")
        return kind

    def _using(self, node: exp.Coalesce) -> Typed:
        """Keep what sqlglot makes of a column that USING names."""
        sides = [self.expr(side) for side in (node.this, *node.expressions)]
        kind = self._common(node, *sides)
        if any(side.type != kind for side in sides):
            raise not_supported("USING of columns of different types")
        return Typed(node, kind)

    def _date(self, node: exp.Anonymous) -> Typed:
        return self._cast(exp.Cast(this=node.expressions[0].copy(), to=exp.DataType.build("date")))

    def _coalesce(self, node: exp.Anonymous) -> Typed:
        items = [self.expr(item) for item in node.expressions]
        kind = self._common(node, *items)
        inner = ", ".join(f"{{{i}}}" for i in range(len(items)))
        return Typed(raw(f"coalesce({inner})", *(_coerced(item, kind) for item in items)), kind)

    def _nullif(self, node: exp.Anonymous) -> Typed:
        if len(node.expressions) != 2:
            raise not_supported(node.sql("athena"))
        left, right = (self.expr(item) for item in node.expressions)
        same = self._compared(exp.EQ, left, right)
        return Typed(raw("case when {0} then null else {1} end", same, left.node.copy()), left.type)

    def _mod(self, node: exp.Anonymous) -> Typed:
        if len(node.expressions) != 2:
            raise not_supported(node.sql("athena"))
        left, right = (self.expr(item) for item in node.expressions)
        return self._computed("%", left, right)

    def _at_time_zone(self, node: exp.AtTimeZone) -> Typed:
        return self._named(node, "at_timezone", [node.this, node.args["zone"]])


def _renamed(columns: Columns, node: exp.Expr) -> Columns:
    alias = node.args.get("alias")
    names = [column.name for column in alias.columns] if alias is not None else []
    if alias is not None and names and len(names) != len(columns):
        text = f"Column alias list has {len(names)} entries but '{alias.name}' has {len(columns)} columns available"
        raise QueryFailed("MISMATCHED_COLUMN_ALIASES", text)
    return [(name, kind) for name, (_, kind) in zip(names, columns, strict=True)] if names else list(columns)


def _coerce_outputs(query: exp.Expr, had: Columns, wanted: Sequence[Type]) -> None:
    """Cast the columns of a query, in all its branches."""
    query = query.unnest()
    if isinstance(query, exp.SetOperation):
        _coerce_outputs(query.this, had, wanted)
        _coerce_outputs(query.expression, had, wanted)
    else:
        for item, (_, kind), to in zip(query.expressions, had, wanted, strict=True):
            if kind != to:
                node = item.this if isinstance(item, exp.Alias) else item
                new = _coerced(Typed(node.copy(), kind), to)
                _replace(node, new if isinstance(item, exp.Alias) else new.as_(item.alias_or_name, quoted=True))


def _replace(node: exp.Expr, new: exp.Expr) -> None:
    if new is not node:
        node.replace(new)


def _text(text: str) -> str:
    return f"'{literals.sql_text(text)}'"


def _coerced(value: Typed, to: Type) -> exp.Expr:
    """Return a value of a type that its own coerces to."""
    return value.node if value.type == to else cast_of(value.node, value.type, to)


def _met(value: Typed, kind: Type) -> exp.Expr:
    """Return a side of a comparison: exact numbers of few digits meet in DuckDB as in Trino."""
    if value.type.exact and kind.exact and kind.digits[0] < types.LONGEST:
        return value.node
    return _coerced(value, kind)


def _instant(node: exp.Expr, kind: Type) -> exp.Expr:
    """Return what a moment with a zone is compared by."""
    return raw("struct_extract({0}, '$at')", node) if kind.name == "timestamp with time zone" else node


def _pointed(kind: Type) -> tuple[str, str]:
    """Return what makes a decimal of its digits, to stand before and after them."""
    scale = kind.digits[1]
    unit = f"'0.{'1'.zfill(scale)}'" if scale else "'1'"
    return (
        "cast(cast(",
        f" as decimal({38 - scale},0)) * cast({unit} as decimal({max(1, scale)},{scale})) as {kind.duck})",
    )


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


def _parameters(function: Function, count: int) -> list[Type]:
    kinds = list(function.arguments)
    return kinds + [kinds[-1]] * (count - len(kinds)) if function.more else kinds


def _fitting(
    function: Function, arguments: Sequence[exp.Expr], given: Sequence[Any], coerce: bool
) -> dict[str, Type] | None:
    """Return what a function's capital letters stand for with these arguments; None where they do not fit."""
    kinds = _parameters(function, len(given))
    found: dict[str, Type] = {}
    if len(kinds) != len(given):
        return None
    for kind, item in zip(kinds, given, strict=True):
        if isinstance(item, exp.Lambda) is not (kind.name == "function"):
            return None
        if isinstance(item, exp.Lambda) or kind.name in functions.LITERALS:
            continue
        if not _fits(kind, item.type, found, coerce):
            return None
    for place, (kind, argument) in enumerate(zip(kinds, arguments, strict=True)):
        if kind.name in functions.LITERALS:
            if not isinstance(argument, exp.Literal):
                raise not_supported(
                    f"{argument.sql('athena')} as an argument of {function.name}: it has to be a literal"
                )
            words = functions.LITERALS[kind.name](argument.name)
            if words is None:
                return None
            found[f"literal {place}"] = Type(words)
    return found


COERCED: dict[str, Callable[[Type], Type | None]] = {
    "D": lambda kind: types.decimal(*kind.digits) if kind.exact else types.decimal(1, 0) if kind == UNKNOWN else None,
    "F": lambda kind: DOUBLE if kind.name in types.NUMBERS or kind == UNKNOWN else None,
    "I": lambda kind: types.INTEGER if kind == UNKNOWN else None,
    "N": lambda kind: types.INTEGER if kind == UNKNOWN else None,
    "M": lambda kind: (
        Type("timestamp", (0,)) if kind.name == "date" else Type("timestamp", (3,)) if kind == UNKNOWN else None
    ),
    "Z": lambda kind: Type("timestamp with time zone", kind.of or (0,)) if kind.name in types.MOMENTS else None,
    "L": lambda _: None,
}
ADAPTS: dict[str, Callable[[Type], bool]] = {
    "wall": lambda kind: kind.name in types.MOMENTS or kind == UNKNOWN,
    "clock": lambda kind: kind.name in types.MOMENTS[1:],
    "texts": lambda kind: kind.name == "array",
    "item": lambda kind: kind.name in ("boolean", "varchar", "double", *types.INTEGERS),
}


def _fits(kind: Type, actual: Type, found: dict[str, Type], coerce: bool) -> bool:
    """Return whether a type fits a parameter's, and note what the parameter's capital letters stand for."""
    if kind.name in functions.ADAPTED:
        return ADAPTS[kind.name](actual)
    if len(kind.name) == 1:
        allowed = functions.LIMITED.get(kind.name)
        target: Type | None = actual
        if allowed is not None and actual.name not in allowed:
            target = COERCED[kind.name](actual) if coerce else None
        known = found.get(kind.name)
        met = target if known is None or target is None else types.common(known, target)
        if met is None or (not coerce and known is not None and met != known and known != UNKNOWN):
            return False
        found[kind.name] = met
        return True
    if kind.name in ("array", "map", "row") and actual != UNKNOWN:
        if kind.name != actual.name or len(kind.of) != len(actual.of):
            return False
        pairs = zip(_inner(kind), _inner(actual), strict=True)
        return all(_fits(inner, other, found, coerce) for inner, other in pairs)
    if actual == UNKNOWN:
        return coerce
    return kind.name == actual.name or (coerce and (types.common(kind, actual) or UNKNOWN).name == kind.name)


def _inner(kind: Type) -> list[Type]:
    return [item[1] if kind.name == "row" else item for item in kind.of]


def _resolved(kind: Type, found: dict[str, Type]) -> Type:
    if len(kind.name) == 1:
        return found.get(kind.name, UNKNOWN)
    if kind.name == "row":
        return Type("row", tuple((name, _resolved(item, found)) for name, item in kind.of))
    if kind.name in ("array", "map"):
        return Type(kind.name, tuple(_resolved(item, found) for item in kind.of))
    return kind


def _adapted(value: Typed, name: str) -> exp.Expr:
    if name in ("wall", "clock"):
        if value.type == UNKNOWN:
            return raw("cast({0} as timestamp)", value.node)
        return raw("wall({0})", value.node) if value.type.name == "timestamp with time zone" else value.node
    return _coerced(value, types.array(VARCHAR)) if name == "texts" else value.node


def _substituted(body: exp.Expr, instead: dict[str, str]) -> exp.Expr:
    def substitute(node: exp.Expr) -> exp.Expr:
        if isinstance(node, Raw) and node.args["words"] in instead:
            return raw(instead[node.args["words"]])
        return node

    return body.copy().transform(substitute)


def _check_frame(spec: exp.WindowSpec) -> None:
    """Refuse a window's frame but for ROWS, and RANGE without distances."""
    kind = str(spec.args["kind"]).upper()
    for value in (spec.args.get("start"), spec.args.get("end")):
        if isinstance(value, exp.Expr) and (
            kind != "ROWS" or not (isinstance(value, exp.Literal) and value.name.isdigit())
        ):
            raise not_supported(f"the frame {spec.sql('athena')}")
    if spec.args.get("exclude") or kind not in ("ROWS", "RANGE"):
        raise not_supported(f"the frame {spec.sql('athena')}")


def _sqlglot(kind: Type) -> exp.DataType:
    return exp.DataType.build(kind.duck, dialect="duckdb")


SPECIAL: dict[str, Callable[[_Rewriting, exp.Anonymous], Typed]] = {
    "row": _Rewriting._row,
    "date": _Rewriting._date,
    "coalesce": _Rewriting._coalesce,
    "nullif": _Rewriting._nullif,
    "mod": _Rewriting._mod,
    "now": _Rewriting._moment,
}
EXPRESSIONS: dict[type[exp.Expr], Callable[..., Typed]] = {
    exp.Literal: _Rewriting._literal,
    exp.Boolean: lambda _, node: Typed(node, BOOLEAN),
    exp.Null: lambda _, node: Typed(node, UNKNOWN),
    exp.Column: _Rewriting._column,
    exp.Identifier: _Rewriting._identifier,
    exp.Dot: _Rewriting._dot,
    exp.Bracket: _Rewriting._bracket,
    exp.Array: _Rewriting._array,
    exp.Tuple: _Rewriting._row,
    exp.Paren: _Rewriting._paren,
    exp.Cast: _Rewriting._cast,
    exp.TryCast: _Rewriting._cast,
    exp.Case: _Rewriting._case,
    exp.If: _Rewriting._if,
    exp.And: _Rewriting._logical,
    exp.Or: _Rewriting._logical,
    exp.Not: _Rewriting._not,
    exp.Is: _Rewriting._is,
    **dict.fromkeys(COMPARISONS, _Rewriting._comparison),
    exp.NullSafeEQ: _Rewriting._distinct_from,
    exp.NullSafeNEQ: _Rewriting._distinct_from,
    exp.Between: _Rewriting._between,
    exp.In: _Rewriting._in,
    exp.Exists: _Rewriting._exists,
    exp.Subquery: _Rewriting._subquery,
    exp.Like: _Rewriting._like,
    exp.Escape: _Rewriting._like,
    exp.Neg: _Rewriting._negative,
    **dict.fromkeys(ARITHMETIC, _Rewriting._arithmetic),
    exp.Interval: _Rewriting._interval,
    exp.DPipe: _Rewriting._joined,
    exp.HexString: _Rewriting._hex,
    exp.CurrentDate: _Rewriting._moment,
    exp.CurrentTimestamp: _Rewriting._moment,
    exp.Localtimestamp: _Rewriting._moment,
    exp.Extract: _Rewriting._extract,
    exp.Trim: _Rewriting._trim,
    exp.Substring: lambda self, node: self._named(
        node, "substring", [a for a in (node.this, node.args.get("start"), node.args.get("length")) if a is not None]
    ),
    exp.StrPosition: lambda self, node: self._named(node, "strpos", [node.this, node.args["substr"]]),
    exp.ParseJSON: lambda self, node: self._named(node, "json_parse", [node.this]),
    exp.AtTimeZone: _Rewriting._at_time_zone,
    exp.Coalesce: _Rewriting._using,
    exp.Anonymous: _Rewriting._call,
}
DuckDBGenerator.TRANSFORMS = {**DuckDBGenerator.TRANSFORMS, Raw: Raw.written}

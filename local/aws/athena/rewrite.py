"""A qualified query in DuckDB's words, typed from its tables up: every expression's type is known, or it is refused.

rewrite      queries and what they select from
expressions  the shapes of expressions
calls        functions' calls, after the table in `functions`; `overloads` says which overload is meant
casts        how values change their type
macros       what DuckDB's words are made of
types        Trino's types
"""

import datetime as dt
import re
from collections.abc import Callable
from typing import cast

import duckdb
from sqlglot import exp
from sqlglot.generators.duckdb import DuckDBGenerator

from local.aws.athena import macros, types
from local.aws.athena.errors import QueryFailed, not_supported
from local.aws.athena.expressions import EXPRESSIONS
from local.aws.athena.raw import Raw, raw, to_sql
from local.aws.athena.typed import (
    Columns,
    Typed,
    check_groupable,
    check_sortable,
    coerce_outputs,
    coerced,
    common_type,
    mismatch,
    sqlglot_type,
    text_literal,
)
from local.aws.athena.types import BIGINT, BOOLEAN, UNKNOWN, Type


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
    columns = Rewriting().query(tree, None, {})
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


class Rewriting:
    """The rewriting of one query. Every moment in it is the same.

    :ivar names: what the query that is being rewritten can see
    :ivar lambdas: the parameters of the lambdas around an expression
    """

    def __init__(self) -> None:
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        self.now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self.names = Names(None, {})
        self.lambdas: list[dict[str, Typed]] = []
        self._count = 0

    def unique(self) -> str:
        """Return a name's part that no other has."""
        self._count += 1
        return str(self._count)

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
        self._within(names, lambda: self.order(node))
        return columns

    def put(self, node: exp.Expr) -> Typed:
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
        work = EXPRESSIONS.get(type(node))
        if work is None:
            raise not_supported(f"{node.sql('athena')} ({type(node).__name__})")
        return work(self, node)

    def condition(self, node: exp.Expr, clause: str) -> exp.Expr:
        """Return a condition in DuckDB's words.

        :raises QueryFailed: it is no boolean
        """
        value = self.expr(node)
        if value.type not in (BOOLEAN, UNKNOWN):
            raise mismatch(f"{clause} clause must be a boolean type: actual type {value.type}")
        return coerced(value, BOOLEAN)

    def _set_operation(self, node: exp.SetOperation, outer: Names | None, tables: dict[str, Columns]) -> Columns:
        left, right = self.query(node.this, outer, tables), self.query(node.expression, outer, tables)
        if len(left) != len(right):
            name = node.key.upper()
            raise mismatch(f"{name} query has different number of fields: {len(left)}, {len(right)}")
        columns: Columns = []
        for (name, mine), (_, other) in zip(left, right, strict=True):
            kind = types.common(mine, other)
            if kind is None:
                raise mismatch(
                    f"column {len(columns) + 1} in {node.key.upper()} query has incompatible types: {mine}, {other}"
                )
            columns.append((name, kind))
        if node.args.get("distinct"):
            check_groupable(kind for _, kind in columns)
        for side, had in ((node.this, left), (node.expression, right)):
            coerce_outputs(side, had, [kind for _, kind in columns])
        return columns

    def _select(self, node: exp.Select, outer: Names | None, tables: dict[str, Columns]) -> Columns:
        names, before = Names(outer, tables), self.names
        self.names = names
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
            value = self.put(item.this if isinstance(item, exp.Alias) else item)
            item.type = sqlglot_type(value.type)
            columns.append((item.alias_or_name, value.type))
        if node.args.get("distinct") is not None:
            check_groupable(kind for _, kind in columns)
        names.aliases = dict(columns)
        self.order(node)
        self.names = before
        return columns

    def _within(self, names: Names, work: Callable[[], None]) -> None:
        before, self.names = self.names, names
        work()
        self.names = before

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
        rows = [[self.put(item) for item in row.expressions] for row in node.expressions]
        columns: Columns = []
        for place, column in enumerate(zip(*rows, strict=True)):
            kind = common_type(node, *column)
            columns.append((f"_col{place}", kind))
            for value in column:
                if (node_of := coerced(value, kind)) is not value.node:
                    value.node.replace(node_of)
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
                outer += [
                    (f"struct_extract(k{place}, {text_literal(name)})", kind) for name, kind in value.type.of[0].of
                ]
            elif value.type.name == "array":
                inner.append(f"unnest({{{place}}}) as k{place}")
                outer.append((f"k{place}", value.type.of[0]))
            else:
                raise mismatch(f"Cannot unnest type: {value.type}")
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
        if node is not None and (kind := self.put(node).type) not in (BOOLEAN, UNKNOWN):
            raise mismatch(f"{clause} clause must evaluate to a boolean: actual type {kind}")

    def _group(self, node: exp.Expr | None) -> None:
        for item in list(node.expressions) if node is not None else ():
            if isinstance(item, (exp.GroupingSets, exp.Rollup, exp.Cube, exp.Tuple)):
                self._group(item)
            elif isinstance(item, exp.Paren):
                self._group(exp.Group(expressions=[item.this])) if not isinstance(item.this, exp.Column) else None
            else:
                check_groupable([self.put(item).type])

    def order(self, node: exp.Expr, *, ordinals: bool = True) -> None:
        """Rewrite what a query or a window is ordered by; an ordinal of a query stays one."""
        order = node.args.get("order")
        for item in order.expressions if order is not None else ():
            if not ordinals or not (isinstance(item.this, exp.Literal) and item.this.is_int):
                check_sortable(self.put(item.this).type)


def _renamed(columns: Columns, node: exp.Expr) -> Columns:
    alias = node.args.get("alias")
    names = [column.name for column in alias.columns] if alias is not None else []
    if alias is not None and names and len(names) != len(columns):
        text = f"Column alias list has {len(names)} entries but '{alias.name}' has {len(columns)} columns available"
        raise QueryFailed("MISMATCHED_COLUMN_ALIASES", text)
    return [(name, kind) for name, (_, kind) in zip(names, columns, strict=True)] if names else list(columns)


DuckDBGenerator.TRANSFORMS = {**DuckDBGenerator.TRANSFORMS, Raw: to_sql}

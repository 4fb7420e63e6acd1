"""What a query needs of each table that it names: the columns, and the partitions that no condition rules out.

A condition rules a partition out only where that is certain: rows that it drops early must be rows that the query would
have dropped itself, and their absence must not let an outer join keep a row that it would have matched.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from local.aws.athena.catalog import Table


@dataclass(frozen=True)
class Source:
    """A table where a query names it: one that is named twice is read twice.

    :param needed: the columns that the query reads, each with the fields that lead to what it reads of a struct
    :param conditions: what the query demands of the table's partition keys alone
    """

    node: exp.Table
    table: Table
    needed: set[tuple[str, ...]]
    conditions: list[exp.Expr]


def sources(
    connection: duckdb.DuckDBPyConnection, tree: exp.Expr, tables: Mapping[tuple[str, str], Table]
) -> list[Source]:
    """Return the tables of a qualified query, with every column's type known."""
    found = []
    # scope → for each place that names it, what is demanded of its columns there
    demands: dict[int, list[list[exp.Expr]]] = defaultdict(list)
    named = Counter(node.name for node in tree.find_all(exp.Table) if not node.db)
    places: dict[int, int] = {}
    recursive = any(clause.recursive for clause in tree.find_all(exp.With))
    for scope in reversed(traverse_scope(tree)):  # from the outermost inwards
        known = demands[id(scope)]
        outer = _either(known) if len(known) == places.get(id(scope)) else []
        if isinstance(scope.expression, exp.SetOperation):
            for branch in scope.set_operation_scopes:
                places[id(branch)] = 1
                demands[id(branch)].append(_by_position(scope.expression, branch.expression, outer))
            continue
        conditions = Conditions(connection, scope.expression, outer)
        for alias, (node, source) in scope.selected_sources.items():
            if isinstance(node, exp.Table) and isinstance(source, exp.Table):
                table = tables[node.db, node.name]
                keys = {key for key, _ in table.keys}
                demanded = [part for part in conditions.on(alias) if keys.issuperset(_names(part))]
                found.append(Source(node, table, _needed(scope.expression, alias), demanded))
            elif isinstance(source, Scope):
                places[id(source)] = named[node.name] if isinstance(node, exp.Table) else 1
                unclear = recursive or (isinstance(node, exp.Table) and node.alias_column_names)
                demands[id(source)].append([] if unclear else list(conditions.on(alias)))
    return found


class Conditions:
    """What a SELECT demands of each of the tables and subqueries that it joins.

    :param outer: what is demanded of its result's columns
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, select: exp.Expr, outer: Sequence[exp.Expr]) -> None:
        self._connection = connection
        first, self._joins = select.args.get("from_"), select.args.get("joins") or []
        self._order = {node.this.alias_or_name: i for i, node in enumerate([first, *self._joins]) if node is not None}
        where = select.args.get("where")
        self._on = [list(_parts(join.args.get("on"))) for join in self._joins]
        self._where = [self._unmerged(part) for part in _parts(where and where.this)]
        self._where += _inwards(select, outer)
        if not any(join.side for join in self._joins):  # then it does not matter where a condition stands
            self._where, self._on = [part for parts in (self._where, *self._on) for part in parts], []

    def on(self, alias: str) -> Iterator[exp.Expr]:
        """Return what is demanded of one table's columns alone."""
        if alias not in self._order:
            return
        certain = list(self._certain(alias))
        yield from certain
        yield from self._implied(alias)
        for number, parts in enumerate(self._on, start=1):
            side, place = self._joins[number - 1].side, self._order[alias]
            for part in parts:
                if _tables(part) != {alias} or place > number:
                    continue
                if side == "LEFT" and place == number:
                    yield part  # a row that fails never matches
                elif (not side or (side == "RIGHT" and place < number)) and self._stays_out(alias, part, number):
                    yield part

    def _unmerged(self, part: exp.Expr) -> exp.Expr:
        """Return a condition with the first column for the COALESCE that USING makes of two, where that is the same."""
        pairs = [pair for number in range(1, len(self._joins) + 1) for pair in self._equal(number)]
        merged = {
            exp.func("coalesce", left, right): left
            for left, right in pairs
            if self._order[left.table] < self._order[right.table]
        }
        return part.copy().transform(lambda node: merged[node].copy() if node in merged else node)

    def _certain(self, alias: str) -> Iterator[exp.Expr]:
        """Return the conditions that every row of the result meets."""
        for part in self._where:
            if _tables(part) == {alias} and self._stays_out(alias, part, len(self._joins)):
                yield part

    def _implied(self, alias: str) -> Iterator[exp.Expr]:
        """Return the certain conditions on columns that have to equal columns of this table."""
        for number in range(len(self._on) + 1):
            equal: dict[str, dict[str, exp.Column]] = defaultdict(dict)
            for here, there in self._equal(number):
                if here.table == alias:
                    equal[there.table][there.name] = here
            for other, columns in equal.items():
                for part in self._certain(other):
                    if columns.keys() >= _names(part):
                        yield _renamed(part, columns)

    def _equal(self, number: int) -> Iterator[tuple[exp.Column, exp.Column]]:
        """Return the columns, of two tables each, that a join wants to be equal; those that WHERE does for number 0."""
        for part in self._on[number - 1] if number else self._where:
            if not isinstance(part, exp.EQ):
                continue
            left, right = part.this, part.expression
            if isinstance(left, exp.Column) and isinstance(right, exp.Column) and left.type == right.type is not None:
                places = [self._order[column.table] for column in (left, right) if column.table in self._order]
                if len(set(places)) == 2 and (not number or number == max(places)):
                    yield left, right
                    yield right, left

    def _stays_out(self, alias: str, part: exp.Expr, number: int) -> bool:
        """Return whether a row that a condition drops cannot come back as a row of nulls, up to a join."""
        place, joins = self._order[alias], self._joins[:number]
        missing = any(join.side in ("RIGHT", "FULL") for join in joins[place:])
        missing = missing or any(join.side in ("LEFT", "FULL") for join in joins[max(0, place - 1) : place])
        return not missing or self._rejects_nulls(part)

    def _rejects_nulls(self, part: exp.Expr) -> bool:
        nulls = part.copy().transform(lambda node: _null(node) if isinstance(node, exp.Column) else node)
        return self._connection.execute(exp.select("1").where(nulls).sql("duckdb")).fetchone() is None


def _null(column: exp.Column) -> exp.Expr:
    return exp.Cast(this=exp.Null(), to=column.type.copy()) if column.type else exp.Null()


def _parts(condition: exp.Expr | None) -> Iterator[exp.Expr]:
    """Return the parts that all have to hold."""
    if isinstance(condition, exp.Paren):
        yield from _parts(condition.this)
    elif isinstance(condition, exp.And):
        yield from _parts(condition.this)
        yield from _parts(condition.expression)
    elif condition is not None and condition.find(exp.Column) and not condition.find(exp.Query):
        yield condition


def _inwards(select: exp.Expr, outer: Sequence[exp.Expr]) -> Iterator[exp.Expr]:
    """Return what is demanded of a SELECT's result as a demand of what it selects from."""
    if not outer or not isinstance(select, exp.Select):
        return
    items = {item.alias_or_name: item.unalias() for item in select.selects}
    if select.args.get("limit") or select.args.get("offset") or len(items) < len(select.selects):
        return
    group = select.args.get("group")
    if group and any(value for name, value in group.args.items() if name != "expressions"):
        return  # ROLLUP and its like make nulls of columns
    kept = [window.args.get("partition_by") or [] for window in select.find_all(exp.Window)]
    for part in outer:
        columns = {column: items.get(column.name) for column in part.find_all(exp.Column)}
        if all(
            isinstance(inner, exp.Column)
            and inner.type == column.type is not None
            and all(inner in columns for columns in kept)
            for column, inner in columns.items()
        ):
            yield _renamed(part, items)


def _by_position(union: exp.SetOperation, branch: exp.Expr, outer: Sequence[exp.Expr]) -> list[exp.Expr]:
    """Return what is demanded of a union's columns as a demand of a branch's columns, which may have other names."""
    if union.args.get("limit") or union.args.get("offset") or not isinstance(branch, exp.Query):
        return []
    columns: dict[str, exp.Expr] = {}
    for mine, item in zip(union.selects, branch.selects, strict=True):
        columns[mine.alias_or_name] = exp.column(item.alias_or_name)
        columns[mine.alias_or_name].type = mine.type
    if len(columns) < len(union.selects):
        return []
    return [_renamed(part, columns) for part in outer if columns.keys() >= _names(part)]


def _either(demands: Sequence[Sequence[exp.Expr]]) -> list[exp.Expr]:
    """Return what holds wherever one of the demands does."""
    if len(demands) < 2:
        return [part for parts in demands for part in parts]
    if not all(demands):
        return []
    return [exp.or_(*(exp.and_(*parts) for parts in demands))]


def _renamed(part: exp.Expr, columns: Mapping[str, exp.Expr]) -> exp.Expr:
    return part.copy().transform(lambda node: columns[node.name].copy() if isinstance(node, exp.Column) else node)


def _names(part: exp.Expr) -> set[str]:
    return {column.name for column in part.find_all(exp.Column)}


def _tables(part: exp.Expr) -> set[str]:
    return {column.table for column in part.find_all(exp.Column)}


def _needed(select: exp.Expr, alias: str) -> set[tuple[str, ...]]:
    """Return the columns, and the fields within them, that are read: also in correlated subqueries within."""
    return {tuple(_path(column)) for column in select.find_all(exp.Column) if column.table == alias}


def _path(column: exp.Column) -> Iterator[str]:
    yield column.name
    node: exp.Expr = column
    while (
        isinstance(node.parent, exp.Dot)
        and node.arg_key == "this"
        and isinstance(node.parent.expression, exp.Identifier)
    ):
        node = node.parent
        yield node.expression.name.lower()

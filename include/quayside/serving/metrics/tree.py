"""SQL trees, built in place: sqlglot's builders would copy what they are given, three quarters of the time of a query."""

from collections.abc import Iterable, Sequence

from sqlglot import exp


def column(name: str, table: str) -> exp.Expr:
    """Return a table's column."""
    return exp.column(name, table=table, quoted=True)


def named(node: exp.Expr, name: str) -> exp.Expr:
    """Return a value with a name, as it is selected."""
    return exp.alias_(node, name, quoted=True, copy=False)


def select(
    items: Iterable[exp.Expr], source: exp.Expr, *, where: Sequence[exp.Expr] = (), group_by: Sequence[exp.Expr] = ()
) -> exp.Select:
    """Return a query.

    :param where: conditions, all of which must hold
    """
    query = exp.select(*items, copy=False).from_(source, copy=False)
    query = query.where(*where, copy=False) if where else query
    return query.group_by(*group_by, copy=False) if group_by else query


def nested(query: exp.Query, alias: str) -> exp.Expr:
    """Return a query as a table of another."""
    return query.subquery(exp.to_identifier(alias, quoted=True), copy=False)


def joined(query: exp.Select, table: exp.Expr, *, how: str = "", on: exp.Expr | None = None) -> exp.Select:
    """Join a table to a query."""
    return query.join(table, on=on, join_type=how or None, copy=False)


def values_table(rows: Iterable[list[exp.Expr]], alias: str, names: Iterable[str]) -> exp.Expr:
    """Return rows that stand in the query, as a table."""
    tuples = [exp.Tuple(expressions=row) for row in rows]
    columns = [exp.to_identifier(name, quoted=True) for name in names]
    table = exp.TableAlias(this=exp.to_identifier(alias, quoted=True), columns=columns)
    return exp.Values(expressions=tuples, alias=table)


def enclosed(value: exp.Expr) -> exp.Expr:
    """Return a value so that an operator beside it takes all of it."""
    return value if isinstance(value, (exp.Column, exp.Cast, exp.Paren)) else exp.paren(value, copy=False)


def within(value: exp.Expr, values: Iterable[exp.Expr]) -> exp.Expr:
    """Return the condition that a value is one of some."""
    return exp.In(this=enclosed(value), expressions=list(values))


def between(value: exp.Expr, low: exp.Expr, high: exp.Expr) -> exp.Expr:
    """Return the condition that a value is in a range, both ends included."""
    return exp.Between(this=enclosed(value), low=low, high=high)


def all_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    """Return the condition that all of some hold."""
    return exp.and_(*conditions, copy=False)


def any_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    """Return the condition that one of some holds."""
    return exp.paren(exp.or_(*conditions, copy=False), copy=False)


def in_order(value: exp.Expr, kind: str, dialect: str) -> exp.Expr:
    """Return a value by which both engines put rows in the same order: texts by their code points."""
    if kind == "text" and dialect == "postgres":
        return exp.Collate(this=value, expression=exp.to_identifier("C", quoted=True))
    return value

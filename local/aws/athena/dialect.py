"""Athena's SQL as the local Athena takes it: what is not listed here is refused, not tried."""

import logging
import re
from collections.abc import Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, ParseError, TokenError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema
from sqlglot.tokenizer_core import TokenType

from local.aws.athena.checks import family
from local.aws.athena.errors import Malformed, QueryFailed, not_supported
from local.aws.athena.exact import DATE_PARTS

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of each statement that is refused anyway

CLAUSES = {
    exp.Select, exp.Subquery, exp.Union, exp.Intersect, exp.Except, exp.With, exp.CTE, exp.From, exp.Join, exp.Where,
    exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Fetch, exp.LimitOptions, exp.Distinct,
    exp.Table, exp.TableAlias, exp.Alias, exp.Column, exp.Dot, exp.Identifier, exp.Star, exp.Values, exp.Tuple,
    exp.Window, exp.WindowSpec, exp.Filter, exp.Paren, exp.Literal, exp.Boolean, exp.Null, exp.Interval, exp.Var,
    exp.DataType, exp.DataTypeParam,
}  # fmt: skip
OPERATORS = {
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In, exp.Is, exp.Like,
    exp.Escape, exp.Exists, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg,
    exp.DPipe, exp.Case, exp.If, exp.Cast, exp.TryCast, exp.Coalesce, exp.Nullif,
}  # fmt: skip
FUNCTIONS = {
    exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.AnyValue, exp.ArgMax, exp.ArgMin, exp.LogicalAnd,
    exp.LogicalOr, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue,
    exp.Abs, exp.Round, exp.Sqrt, exp.Pow, exp.Greatest, exp.Least,
    exp.Lower, exp.Upper, exp.Length, exp.Concat, exp.Substring, exp.StrPosition, exp.Replace, exp.RegexpLike,
    exp.CurrentDate, exp.Date, exp.DateAdd, exp.DateDiff, exp.TimestampTrunc, exp.DateTrunc, exp.Extract, *DATE_PARTS, exp.Hour,
    exp.Minute, exp.Second,
}  # fmt: skip
KNOWN = CLAUSES | OPERATORS | FUNCTIONS
VARIANTS: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.Join: ("method",),
    exp.Distinct: ("on",),
    exp.Union: ("by_name",),
    exp.In: ("unnest", "field"),
}  # refused

UNNAMED = "_unnamed_"


def parse(sql: str) -> exp.Query:
    """Return a statement's tree.

    :raises Malformed: it is no SQL, or more than one statement
    :raises QueryFailed: it is no SELECT, or contains what is not known to mean the same in both
    """
    try:
        statements = [tree for tree in sqlglot.parse(sql, read="athena") if tree is not None]
    except ParseError as error:
        found = error.errors[0]
        raise Malformed(f"line {found['line']}:{found['col']}: mismatched input '{found['highlight']}'") from error
    except TokenError as error:
        raise Malformed(f"line 1:1: {error}") from error
    if len(statements) != 1:
        raise Malformed(f"Only one sql statement is allowed. Got: {sql}")
    [tree] = statements
    if not isinstance(tree, exp.Query) or isinstance(tree, exp.Values):
        raise not_supported(f"{tree.sql('athena').split()[0].upper()} statements, only SELECT")
    for node in tree.walk():
        refused = type(node) not in KNOWN or any(node.args.get(name) for name in VARIANTS.get(type(node), ()))
        if refused:
            raise not_supported(f"{node.sql('athena')} ({type(node).__name__})")
    return tree


def bind(sql: str, parameters: Sequence[str]) -> str:
    """Return a statement with parameters, each the text of a literal, in the places of its question marks.

    :raises QueryFailed: there are more or fewer parameters than places, or one is no literal
    """
    try:
        tokens = sqlglot.tokenize(f"({sql}", read="athena")  # without the bracket, UNLOAD's query would be one token
    except TokenError as error:
        raise Malformed(f"line 1:1: {error}") from error
    places = [token.start - 1 for token in tokens if token.token_type == TokenType.PLACEHOLDER]
    if len(places) != len(parameters):
        message = f"Incorrect number of parameters: expected {len(places)} but found {len(parameters)}"
        raise QueryFailed("INVALID_PARAMETER_USAGE", message)
    for place, parameter in reversed(list(zip(places, parameters, strict=True))):
        literal = parse(f"SELECT {parameter}")
        if len(literal.selects) != 1 or literal.find(exp.Column, exp.From):
            raise QueryFailed("INVALID_PARAMETER_USAGE", f"{parameter} is no literal")
        sql = f"{sql[:place]}{literal.selects[0].sql('athena')}{sql[place + 1 :]}"
    return sql


def name_columns(tree: exp.Query) -> dict[str, str]:
    """Give every unnamed column a name of its own; return the result's column names as the user wrote them, by key.

    Names are lower-cased on the way, and Athena's `_col0` counts positions that are only known at the end.
    """
    for index, select in enumerate(tree.find_all(exp.Select)):
        for position, item in enumerate(select.selects):
            if not isinstance(item, (exp.Alias, exp.Column, exp.Dot, exp.Star)):
                select.selects[position].replace(exp.alias_(item.copy(), f"{UNNAMED}{index}_{position}"))
    return {item.alias_or_name.lower(): item.alias_or_name for item in tree.selects}


def output_names(tree: exp.Query, written: dict[str, str]) -> list[str]:
    """Return the result's column names."""
    names = [item.alias_or_name for item in tree.selects]
    return [f"_col{i}" if name.startswith(UNNAMED) else written.get(name, name) for i, name in enumerate(names)]


def qualified(tree: exp.Query, schema: MappingSchema) -> exp.Query:
    """Return the tree with every column qualified, every star written out and every type known.

    :raises QueryFailed: a column is not there
    """
    try:
        tree = qualify(tree, schema=schema, dialect="athena", expand_alias_refs=False)
    except OptimizeError as error:
        found = re.search(r"Column '([^']*)'.*?(?:Line: (\d+), Col: (\d+))?$", str(error), re.DOTALL)
        if found is None:
            raise not_supported(f"this query: {error}") from error
        where = f"line {found[2]}:{int(found[3]) - len(found[1]) + 1}: " if found[2] else ""
        text = f"{where}Column '{found[1]}' cannot be resolved or requester is not authorized to access requested resources"
        raise QueryFailed("COLUMN_NOT_FOUND", text) from error
    annotate_types(tree, schema=schema, dialect="athena")
    for node in list(tree.find_all(exp.TimestampTrunc, exp.DateTrunc)):
        if family(node.this) in ("date", "timestamp"):
            node.replace(exp.Cast(this=node.copy(), to=node.this.type.copy()))  # DuckDB makes timestamps of dates
    return annotate_types(tree, schema=schema, dialect="athena")

"""Athena's SQL as the local Athena takes it: what is not listed here is refused, not tried."""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import OptimizeError, ParseError, TokenError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.parsers.athena import AthenaTrinoParser
from sqlglot.schema import MappingSchema
from sqlglot.tokenizer_core import TokenType

from local.aws.athena import types
from local.aws.athena.errors import Malformed, QueryFailed, not_supported
from local.aws.athena.expressions import EXPRESSIONS

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of each statement that is refused anyway


def _decimal(text: exp.Expr) -> exp.Cast:
    """Return ``decimal '1.50'`` as a cast to as many digits as are written."""
    found = re.fullmatch(r"[+-]?(?=\.?\d)0*(\d*)\.?(\d*)", text.name)
    if found is None or len(found[1] + found[2]) > types.LONGEST:
        raise QueryFailed("INVALID_LITERAL", f"'{text.name}' is not a valid DECIMAL literal")
    kind = types.decimal(max(1, len(found[1] + found[2])), len(found[2]))
    return exp.Cast(this=text, to=exp.DataType.build(kind.duck))


class AthenaSelect(Trino):
    """Trino's grammar."""

    INDEX_OFFSET = 0
    Parser = AthenaTrinoParser


# So that functions keep the names and arguments that the user gave them; the arguments of a few are not a list.
GRAMMAR: dict[str, dict[Any, Any]] = {
    "FUNCTIONS": {},
    "FUNCTION_PARSERS": {
        name: AthenaTrinoParser.FUNCTION_PARSERS[name]
        for name in ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "SUBSTRING")
    },
    "TYPE_LITERAL_PARSERS": {
        **AthenaTrinoParser.TYPE_LITERAL_PARSERS,
        exp.DType.DECIMAL: lambda _, this, __: _decimal(this),
    },
}


@contextmanager
def grammar() -> Iterator[None]:
    """Let the parser have our tables: where sqlglot is compiled, nobody's class can be a child of its own."""
    before = {name: getattr(AthenaTrinoParser, name) for name in GRAMMAR}
    for name, table in GRAMMAR.items():
        setattr(AthenaTrinoParser, name, table)
    try:
        yield
    finally:
        for name, table in before.items():
            setattr(AthenaTrinoParser, name, table)


CLAUSES: dict[type[exp.Expr], set[str]] = {  # node → what it may have
    exp.Select: {"with_", "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct"},
    exp.Subquery: {"this", "alias", "with_", "order", "limit", "offset"},
    exp.Union: {"this", "expression", "distinct", "with_", "order", "limit", "offset"},
    exp.Intersect: {"this", "expression", "distinct", "with_", "order", "limit", "offset"},
    exp.Except: {"this", "expression", "distinct", "with_", "order", "limit", "offset"},
    exp.With: {"expressions"},
    exp.CTE: {"this", "alias"},
    exp.From: {"this"},
    exp.Join: {"this", "kind", "side", "on", "using"},
    exp.Where: {"this"},
    exp.Group: {"expressions"},
    exp.GroupingSets: {"expressions"},
    exp.Rollup: {"expressions"},
    exp.Cube: {"expressions"},
    exp.Tuple: {"expressions"},
    exp.Having: {"this"},
    exp.Order: {"this", "expressions"},
    exp.Ordered: {"this", "desc", "nulls_first"},
    exp.Limit: {"expression"},
    exp.Offset: {"expression"},
    exp.Fetch: {"direction", "count", "limit_options"},
    exp.LimitOptions: {"rows"},
    exp.Distinct: {"expressions"},
    exp.Table: {"this", "db", "catalog", "alias"},
    exp.TableAlias: {"this", "columns"},
    exp.Alias: {"this", "alias"},
    exp.Column: {"this", "table", "db", "catalog"},
    exp.Star: set(),
    exp.Values: {"expressions", "alias"},
    exp.Unnest: {"expressions", "alias", "offset"},
    exp.WindowSpec: {"kind", "start", "start_side", "end", "end_side"},
    exp.Lambda: {"this", "expressions"},
    exp.DataType: {"this", "expressions", "nested", "kind", "values"},
}  # fmt: skip
ARGUMENTS = {"this", "expression", "expressions"}
EXPRESSION_ARGUMENTS: dict[type[exp.Expr], set[str]] = {  # beside these
    exp.Literal: {"is_string"},
    exp.Like: {"negate"},
    exp.Between: {"low", "high"},
    exp.In: {"query"},
    exp.Case: {"ifs", "default"},
    exp.If: {"true", "false"},
    exp.Cast: {"to"},
    exp.TryCast: {"to", "safe"},
    exp.Div: {"typed"},
    exp.Interval: {"unit"},
    exp.Trim: {"position"},
    exp.Substring: {"start", "length"},
    exp.StrPosition: {"substr"},
    exp.ParseJSON: {"is_literal"},
    exp.AtTimeZone: {"zone"},
    exp.Window: {"partition_by", "order", "spec", "over"},
}
MOMENTS = (exp.CurrentDate, exp.CurrentTimestamp, exp.Localtimestamp)  # of which none is asked for with a precision
for _type in EXPRESSIONS:
    CLAUSES.setdefault(_type, set() if _type in MOMENTS else ARGUMENTS | EXPRESSION_ARGUMENTS.get(_type, set()))
WITHIN_TYPES = (exp.DataTypeParam, exp.ColumnDef, exp.Var, exp.Identifier)
REFUSED = {exp.Coalesce}  # made by `qualify` alone
UNNAMED = "_unnamed_"
STATEMENTS = {"ALTER", "ANALYZE", "CREATE", "DELETE", "DESCRIBE", "DROP", "EXECUTE", "EXPLAIN", "INSERT", "MERGE", "MSCK",
              "OPTIMIZE", "PREPARE", "SHOW", "UNLOAD", "UPDATE", "VACUUM"}  # fmt: skip


def parse(sql: str) -> exp.Query:
    """Return a query's tree.

    :raises Malformed: it is no SQL, or more than one statement
    :raises QueryFailed: it is no query, or contains what is not known to mean the same in both
    """
    dialect = AthenaSelect()
    try:
        tokens = dialect.tokenize(sql)
        with grammar():
            statements = [tree for tree in dialect.parser().parse(tokens, sql) if tree is not None]
    except ParseError as error:
        first = tokens[0].text.upper()
        if first in STATEMENTS:
            raise not_supported(f"{first} statements, only SELECT") from error
        found = error.errors[0]
        raise Malformed(f"line {found['line']}:{found['col']}: mismatched input '{found['highlight']}'") from error
    except TokenError as error:
        raise Malformed(f"line 1:1: {error}") from error
    if len(statements) != 1:
        raise Malformed(f"Only one sql statement is allowed. Got: {sql}")
    for token, after in pairwise(tokens):
        if token.token_type == TokenType.DCOLON:
            raise Malformed(f"line {token.line}:{token.col - 1}: mismatched input '::'")
        if token.token_type == TokenType.NUMBER and after.start == token.end + 1 and after.token_type == TokenType.VAR:
            raise not_supported(f"the number {token.text}{after.text}")
    [tree] = statements
    if isinstance(tree, exp.Values):
        tree = exp.select("*").from_(exp.Values(expressions=tree.expressions, alias=_alias("_values", _width(tree))))
    if not isinstance(tree, exp.Query):
        raise not_supported(f"{tree.sql('athena').split()[0].upper()} statements, only SELECT")
    for node in tree.walk():
        _check(node)
    for named in tree.find_all(exp.Subquery, exp.CTE):
        columns = named.args["alias"].columns if named.args.get("alias") else []
        if columns and not named.this.is_star and len(columns) != len(named.this.selects):
            text = f"Column alias list has {len(columns)} entries but '{named.alias}' has {len(named.this.selects)} columns available"
            raise QueryFailed("MISMATCHED_COLUMN_ALIASES", text)
    for values in tree.find_all(exp.Values):
        if any(len(row.expressions) == 1 and _is_row(row.expressions[0]) for row in values.expressions):
            raise not_supported("VALUES of ROW(…): leave the word ROW out")
        alias = values.args.get("alias")
        if alias is None or not alias.columns:
            values.set("alias", _alias(values.alias or f"_values{id(values)}", _width(values)))
    return tree


def _check(node: exp.Expr) -> None:
    allowed = CLAUSES.get(type(node))
    given = {name for name, value in node.args.items() if value}
    if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
        raise not_supported(f"{node.sql('athena')} as a table")
    if isinstance(node, WITHIN_TYPES):
        return
    if type(node) in REFUSED or allowed is None or given - allowed:
        raise not_supported(f"{node.sql('athena')} ({type(node).__name__})")


def _is_row(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == "row"


def _width(values: exp.Values) -> int:
    first = values.expressions[0]
    return len(first.expressions) if isinstance(first, exp.Tuple) else 1


def _alias(name: str, width: int) -> exp.TableAlias:
    columns = [exp.to_identifier(f"{UNNAMED}v_{i}") for i in range(width)]
    return exp.TableAlias(this=exp.to_identifier(name), columns=columns)


def bind(sql: str, parameters: Sequence[str]) -> str:
    """Return a statement with parameters, each the text of a literal, in the places of its question marks.

    :raises QueryFailed: there are more or fewer parameters than places, or one is no literal
    """
    try:
        places = [token for token in AthenaSelect().tokenize(sql) if token.token_type == TokenType.PLACEHOLDER]
    except TokenError as error:
        raise Malformed(f"line 1:1: {error}") from error
    if len(places) != len(parameters):
        message = f"Incorrect number of parameters: expected {len(places)} but found {len(parameters)}"
        raise QueryFailed("INVALID_PARAMETER_USAGE", message)
    for place, parameter in reversed(list(zip(places, parameters, strict=True))):
        literal = parse(f"SELECT {parameter}")
        if len(literal.selects) != 1 or literal.find(exp.Column, exp.From, exp.Alias):
            raise QueryFailed("INVALID_PARAMETER_USAGE", f"{parameter} is no literal")
        sql = f"{sql[: place.start]}{parameter}{sql[place.end + 1 :]}"
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
    """Return the tree with every column qualified, every star written out, and every table's columns noted.

    :raises QueryFailed: a column is not there
    """
    try:
        tree = qualify(tree, schema=schema, dialect=AthenaSelect, expand_alias_refs=False)
    except OptimizeError as error:
        raise _not_resolved(tree, schema, error) from error
    for table in tree.find_all(exp.Table):
        if table.db:
            names = schema.column_names(table)
            kinds = (schema.get_column_type(table, name) for name in names)
            table.meta["columns"] = [
                (name, types.parse(kind.sql("trino"))) for name, kind in zip(names, kinds, strict=True)
            ]
    return tree


def _not_resolved(tree: exp.Query, schema: MappingSchema, error: OptimizeError) -> QueryFailed:
    found = re.search(r"Column '([^']*)'.*?(?:Line: (\d+), Col: (\d+))?$", str(error), re.DOTALL)
    if found is None:
        return not_supported(f"this query: {error}")
    if found[1].startswith("$"):
        return not_supported(f"the hidden column {found[1]}")
    where = f"line {found[2]}:{int(found[3]) - len(found[1]) + 1}: " if found[2] else ""
    for scope in traverse_scope(tree):
        named = any(column.name == found[1] and not column.table for column in scope.columns)
        if named and sum(found[1] in _columns(source, schema) for source in scope.sources.values()) > 1:
            return QueryFailed("AMBIGUOUS_NAME", f"{where}Column '{found[1]}' is ambiguous")
    text = f"{where}Column '{found[1]}' cannot be resolved or requester is not authorized to access requested resources"
    return QueryFailed("COLUMN_NOT_FOUND", text)


def _columns(source: exp.Expr | Scope, schema: MappingSchema) -> Sequence[str]:
    if isinstance(source, exp.Table):
        return [str(name) for name in schema.column_names(source)]
    expression = source.expression if isinstance(source, Scope) else source
    return expression.named_selects if isinstance(expression, exp.Query) else []

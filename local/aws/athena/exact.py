"""The types of exact numbers, by Trino's rules: they decide how a quotient or an average of money is rounded.

DuckDB divides decimals as doubles, and sqlglot does not follow precision and scale; so they are followed here.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
LONGEST = 38  # digits of a decimal
INTEGERS = {"TINYINT": 3, "SMALLINT": 5, "INT": 10, "BIGINT": 19}
COUNTS = (exp.Count, exp.CountIf, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Length, exp.StrPosition, exp.DateDiff)
DATE_PARTS = (exp.Year, exp.Quarter, exp.Month, exp.Week, exp.WeekOfYear, exp.Day, exp.DayOfMonth, exp.DayOfWeekIso)
SAME_AS_ARGUMENT = (
    exp.Paren,
    exp.Neg,
    exp.Alias,
    exp.Min,
    exp.Max,
    exp.AnyValue,
    exp.Abs,
    exp.Window,
    exp.Filter,
    exp.Distinct,
    exp.Lag,
    exp.Lead,
    exp.FirstValue,
    exp.LastValue,
    exp.Nullif,
)


class Exact(NamedTuple):
    """An exact number's type: an integer, or a decimal of ``precision`` digits, ``scale`` of them fractional."""

    precision: int
    scale: int
    integer: bool = False

    @property
    def sql(self) -> str:
        """The decimal type's name."""
        return f"decimal({self.precision},{self.scale})"


BIGINT = Exact(19, 0, integer=True)


class ExactTypes:
    """The exact types within a qualified query."""

    def __init__(self, tree: exp.Expr) -> None:
        self._scopes: dict[int, Scope] = {
            id(column): scope for scope in traverse_scope(tree) for column in scope.find_all(exp.Column)
        }

    def of(self, node: exp.Expr) -> Exact | None:
        """Return a node's type; None where it is no exact number, or not known to be one."""
        if isinstance(node, exp.Literal) and not node.is_string:
            return _literal(node.name)
        if isinstance(node, (exp.Cast, exp.TryCast)):
            return declared(node.to)
        if isinstance(node, exp.Column):
            return self._column(node)
        if isinstance(node, SAME_AS_ARGUMENT):
            return self.of(node.expressions[0] if isinstance(node, exp.Distinct) else node.this)
        if isinstance(node, COUNTS + DATE_PARTS + (exp.Extract,)):
            return BIGINT
        if isinstance(node, (exp.Sum, exp.Avg)):
            return self._aggregate(node)
        if isinstance(node, exp.Round):
            argument = self.of(node.this)
            return (
                argument
                if argument is None or argument.integer
                else Exact(min(LONGEST, argument.precision + 1), argument.scale)
            )
        if isinstance(node, ARITHMETIC):
            return operation(node, self.of(node.this), self.of(node.expression))
        return self.widest(choices(node))

    def widest(self, nodes: Iterable[exp.Expr]) -> Exact | None:
        """Return the type that takes the values of all nodes."""
        types = [self.of(node) for node in nodes if not isinstance(node.unalias(), exp.Null)]
        known = [kind for kind in types if kind is not None]
        if not known or len(known) < len(types):
            return None
        scale = max(kind.scale for kind in known)
        digits = max(kind.precision - kind.scale for kind in known)
        return Exact(min(LONGEST, digits + scale), scale, all(kind.integer for kind in known))

    def _aggregate(self, node: exp.Expr) -> Exact | None:
        argument = self.of(node.this)
        if argument is None or (argument.integer and isinstance(node, exp.Avg)):
            return None  # of doubles, or the average of integers, which is a double
        if isinstance(node, exp.Avg):
            return argument
        return BIGINT if argument.integer else Exact(LONGEST, argument.scale)

    def _column(self, column: exp.Column) -> Exact | None:
        scope = self._scopes.get(id(column))
        if scope is None:
            return None
        source = scope.sources.get(column.table) if column.table else scope
        if isinstance(source, exp.Table):
            return declared(column.type)
        query = source.expression if isinstance(source, Scope) else None
        if not isinstance(query, exp.Query):
            return None
        position = next((i for i, item in enumerate(query.selects) if item.alias_or_name == column.name), None)
        if position is None or query.selects[position] is column:
            return None
        return self.widest(select.selects[position] for select in branches(query))


def choices(node: exp.Expr) -> list[exp.Expr]:
    """Return the values that a CASE, a COALESCE and their like choose from; none for another node."""
    if isinstance(node, exp.Case):
        found = [branch.args["true"] for branch in node.args["ifs"]] + [node.args.get("default")]
    elif isinstance(node, exp.If):
        found = [node.args["true"], node.args.get("false")]
    elif isinstance(node, (exp.Coalesce, exp.Greatest, exp.Least)):
        found = [node.this, *node.expressions]
    else:
        found = []
    return [choice for choice in found if choice is not None]


def branches(query: exp.Expr) -> Iterator[exp.Query]:
    """Return the selects that a query or a union of queries is made of."""
    query = query.unnest()
    if isinstance(query, exp.SetOperation):
        yield from branches(query.this)
        yield from branches(query.expression)
    elif isinstance(query, exp.Query):
        yield query


def declared(kind: exp.DataType | None) -> Exact | None:
    """Return what a type's name declares; None for a type that is not exact."""
    if kind is None:
        return None
    if kind.this.name in INTEGERS:
        return Exact(INTEGERS[kind.this.name], 0, integer=True)
    if kind.this.name != "DECIMAL":
        return None
    digits = [int(item.name) for item in kind.expressions]
    precision, scale = ([*digits, 0] if digits else [LONGEST, 0])[:2]
    return Exact(precision, scale)


def _literal(text: str) -> Exact | None:
    if "e" in text.lower():
        return None  # a double
    whole, point, fraction = text.partition(".")
    if not point:
        return Exact(10, 0, integer=True) if int(text) < 2**31 else BIGINT
    return Exact(max(1, len(whole.lstrip("0")) + len(fraction)), len(fraction))


def operation(node: exp.Expr, left: Exact | None, right: Exact | None) -> Exact | None:
    """Return the type of a sum, a difference, a product, a quotient or a remainder; None where it is not exact."""
    if left is None or right is None:
        return None
    if left.integer and right.integer:
        return max(left, right)
    scale = max(left.scale, right.scale)
    if isinstance(node, exp.Mul):
        return Exact(min(LONGEST, left.precision + right.precision), left.scale + right.scale)
    if isinstance(node, exp.Div):
        return Exact(min(LONGEST, left.precision + right.scale + max(0, right.scale - left.scale)), scale)
    if isinstance(node, exp.Mod):
        return Exact(min(left.precision - left.scale, right.precision - right.scale) + scale, scale)
    return Exact(min(LONGEST, max(left.precision - left.scale, right.precision - right.scale) + scale + 1), scale)

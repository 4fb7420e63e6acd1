"""Expressions with their types, and what every part of the rewriting does with them."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlglot import exp

from local.aws.athena import literals, types
from local.aws.athena.casts import cast_of
from local.aws.athena.errors import QueryFailed, not_supported
from local.aws.athena.raw import raw
from local.aws.athena.types import UNKNOWN, Type

Columns = list[tuple[str, Type]]
ZONED = types.MOMENTS[2]


class Typed(NamedTuple):
    """An expression in DuckDB's words, and its type in Trino."""

    node: exp.Expr
    type: Type


def mismatch(text: str) -> QueryFailed:
    """Return the error of types that do not go together."""
    return QueryFailed("TYPE_MISMATCH", text)


def coerced(value: Typed, to: Type) -> exp.Expr:
    """Return a value of a type that its own coerces to."""
    return value.node if value.type == to else cast_of(value.node, value.type, to)


def common_type(node: exp.Expr, *values: Typed) -> Type:
    """Return the type that takes all values of a node.

    :raises QueryFailed: there is none
    """
    kind: Type | None = UNKNOWN
    for value in values:
        kind = types.common(kind, value.type) if kind is not None else None
    if kind is None:
        kinds = ", ".join(str(value.type) for value in values)
        raise mismatch(f"All operands must be the same type: {kinds}: {node.sql('athena')}")
    return kind


def instant(node: exp.Expr, kind: Type) -> exp.Expr:
    """Return what a moment with a zone is compared by; any other value as it is."""
    return raw("struct_extract({0}, '$at')", node) if kind.name == ZONED else node


def check_groupable(kinds: Iterable[Type]) -> None:
    """Refuse values that are the same in Trino and differ in DuckDB: moments in two zones, maps in two orders."""
    for kind in kinds:
        if kind.any(lambda inner: inner.name in (ZONED, "map")):
            raise not_supported(f"grouping or comparing values of the type {kind}")


def check_sortable(kind: Type) -> None:
    """Refuse values that Trino does not order."""
    if kind.any(lambda inner: inner.name in ("map", "json")):
        raise mismatch(f"Type {kind} is not orderable")


def text_literal(text: str) -> str:
    """Return a text as a literal."""
    return f"'{literals.sql_text(text)}'"


def sqlglot_type(kind: Type) -> exp.DataType:
    """Return a type as sqlglot has it."""
    return _built(kind.duck).copy()


@lru_cache(maxsize=1024)
def _built(duck: str) -> exp.DataType:
    return exp.DataType.build(duck, dialect="duckdb")


def coerce_outputs(query: exp.Expr, had: Columns, wanted: Sequence[Type]) -> None:
    """Cast the columns of a query, in all its branches."""
    query = query.unnest()
    if isinstance(query, exp.SetOperation):
        coerce_outputs(query.this, had, wanted)
        coerce_outputs(query.expression, had, wanted)
        return
    for item, (_, kind), to in zip(query.expressions, had, wanted, strict=True):
        if kind != to:
            node = item.this if isinstance(item, exp.Alias) else item
            new = coerced(Typed(node.copy(), kind), to)
            node.replace(new if isinstance(item, exp.Alias) else new.as_(item.alias_or_name, quoted=True))
            item.type = sqlglot_type(to)

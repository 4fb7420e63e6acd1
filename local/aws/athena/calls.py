"""A function's call in DuckDB's words, with what stands around it: DISTINCT, ORDER BY, FILTER, OVER, IGNORE NULLS."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from local.aws.athena import functions, types
from local.aws.athena.casts import cast_of
from local.aws.athena.errors import QueryFailed, not_supported
from local.aws.athena.functions import FUNCTIONS
from local.aws.athena.overloads import Fit, fits, fitting, resolved
from local.aws.athena.raw import Raw, raw
from local.aws.athena.typed import Typed, check_groupable, check_sortable, coerced, mismatch
from local.aws.athena.types import VARCHAR, Type

if TYPE_CHECKING:
    from local.aws.athena.rewrite import Rewriting

LAYERS = (exp.Window, exp.Filter, exp.IgnoreNulls, exp.WithinGroup)


@dataclass
class Call:
    """A function's call, taken apart.

    :param node: all of it, for messages
    :param layers: what stands around it
    """

    node: exp.Expr
    name: str
    arguments: list[exp.Expr]
    layers: dict[type[exp.Expr], Any] = field(default_factory=dict)
    distinct: bool = False
    order: exp.Order | None = None


def called(node: exp.Expr) -> Call:
    """Take a call apart.

    :raises QueryFailed: what is called is no function that the local Athena has
    """
    call, inner = Call(node, "", []), node
    while isinstance(inner, LAYERS):
        call.layers[type(inner)] = inner
        inner = inner.this
    if not isinstance(inner, exp.Anonymous):
        raise not_supported(f"{node.sql('athena')} ({type(inner).__name__})")
    call.name, call.arguments = str(inner.this).lower(), list(inner.expressions)
    if exp.WithinGroup in call.layers:
        call.order = call.layers[exp.WithinGroup].expression
    if call.name == "count" and len(call.arguments) == 1 and isinstance(call.arguments[0], exp.Star):
        call.arguments = []
    if call.arguments and isinstance(last := call.arguments[-1], exp.Order):
        call.order, call.arguments[-1] = last, last.this
    if call.arguments and isinstance(call.arguments[0], exp.Distinct):
        call.distinct, call.arguments = True, [*call.arguments[0].expressions, *call.arguments[1:]]
    return call


def written(query: Rewriting, call: Call) -> Typed:
    """Return a call in DuckDB's words.

    :raises QueryFailed: there is no such function, or none for these arguments
    """
    if call.name not in FUNCTIONS:
        raise not_supported(f"the function {call.name}")
    given = [None if isinstance(item, exp.Lambda) else query.expr(item) for item in call.arguments]
    fit = fitting(call.node, call.name, call.arguments, [item and item.type for item in given])
    if fit.function.aggregate:
        _check_aggregate(call, fit)
    elif call.layers or call.distinct or call.order is not None:
        raise mismatch(f"{call.name} is not an aggregation function: {call.node.sql('athena')}")
    if call.distinct or call.name in functions.COMPARING:
        check_groupable(item.type for item in given if item is not None)
    return _Writing(query, call, fit).written(given)


def _check_aggregate(call: Call, fit: Fit) -> None:
    """Refuse what Trino does not allow around an aggregate, or DuckDB does otherwise."""
    layers, words, windowed = call.layers, fit.function.words, call.name in functions.WINDOW_ONLY
    if (
        (windowed and (exp.Window not in layers or exp.Filter in layers))
        or (exp.IgnoreNulls in layers and not (windowed and "{^}" in words))
        or ((exp.WithinGroup in layers) is not (call.name == "listagg"))
        or (call.order is not None and call.name not in functions.ORDERED)
        or (call.distinct and "{!}" not in words)
        or (exp.Window in layers and (call.distinct or call.order is not None or call.name == "map_agg"))
    ):
        raise not_supported(call.node.sql("athena"))


class _Writing:
    """The writing of one call: DuckDB's words, and the expressions whose places are in them."""

    def __init__(self, query: Rewriting, call: Call, fit: Fit) -> None:
        self._query, self._call, self._fit = query, call, fit
        self._values: list[exp.Expr] = []
        self._lambdas: dict[int, tuple[list[str], exp.Expr]] = {}
        result = resolved(fit.function.result, fit.letters)
        self._unique = query.unique()
        self._given: list[Typed | None] = []
        self._result = result

    def written(self, given: list[Typed | None]) -> Typed:
        """Return the call in DuckDB's words."""
        self._given = given
        function, call = self._fit.function, self._call
        for place, (item, kind) in enumerate(zip(given, function.parameters(len(given)), strict=True)):
            self._values.append(self._argument(place, item, kind))
        result = resolved(function.result, self._fit.letters)  # only now are the lambdas' results known
        self._result = functions.DERIVED[function.rule](result) if function.rule else result
        if function.name in functions.SORTING:
            check_sortable(self._result)
        words = functions.PLACES.sub(self._place, function.words).replace("@e", f"e{self._unique}")
        words = words.replace("{!}", "distinct " if call.distinct else "")
        inside = " ignore nulls" if exp.IgnoreNulls in call.layers else ""
        if call.order is not None:
            inside = f" {self._order(call.order)}"
        words = words.replace("{^}", inside)
        while "{~}" in words:
            words = self._layered(words)
        return Typed(raw(words, *self._values), self._result)

    def _argument(self, place: int, item: Typed | None, kind: Type) -> exp.Expr:
        if item is None:
            names, body = self._lambdas[place] = self._lambda(self._call.arguments[place], kind)
            return raw(f"lambda {', '.join(names)}: {{0}}", body)
        if place in self._fit.literals:
            return raw(self._fit.literals[place])
        if kind.name in ("wall", "clock"):
            if item.type.name == "timestamp with time zone":
                return raw("wall({0})", item.node)
            return item.node if item.type.name != "unknown" else coerced(item, Type("timestamp", (3,)))
        if kind.name == "texts":
            return coerced(item, types.array(VARCHAR))
        return item.node if kind.name == "item" else coerced(item, resolved(kind, self._fit.letters))

    def _place(self, match: re.Match[str]) -> str:
        """Return what stands in one place of the function's words."""
        every, result = [f"{{{i}}}" for i in range(len(self._given))], self._result
        fixed = {"*": ", ".join(every), "|": " || ".join(every), "=": result.duck}
        fixed["?"] = " or ".join(f"{place} is null" for place in every)
        fixed["nan"] = (
            " or ".join(f"not_nan({place})" for place in every) if result.name in ("real", "double") else "false"
        )
        if result.name == "decimal":
            fixed["=38"] = types.decimal(38, result.digits[1]).duck
            fixed["=("], fixed["=)"] = types.pointed(result)
        number, _, rest = match[1].partition(":")
        if match[1] in fixed:
            return fixed[match[1]]
        if not rest:
            return match[0]
        given = self._given[int(number)]
        if given is not None:  # its text
            self._values.append(cast_of(self._values[int(number)].copy(), given.type, VARCHAR))
        else:
            names, body = self._lambdas[int(number)]
            instead = dict(zip(names, rest.replace("@e", f"e{self._unique}").split(";"), strict=True))
            self._values.append(_substituted(body, instead))
        return f"{{{len(self._values) - 1}}}"

    def _lambda(self, node: exp.Expr, kind: Type) -> tuple[list[str], exp.Expr]:
        """Return a lambda's parameters, by names of their own, and its body; note its result's type."""
        *takes, gives = kind.of
        names, letters = [item.name for item in node.expressions], self._fit.letters
        if len(names) != len(takes):
            text = f"A lambda of {len(takes)} arguments is needed: {node.sql('athena')}"
            raise QueryFailed("FUNCTION_NOT_FOUND", text)
        prefix = self._query.unique()
        own = [f"p{prefix}_{i}" for i in range(len(names))]
        known = [Typed(raw(word), resolved(take, letters)) for word, take in zip(own, takes, strict=True)]
        self._query.lambdas.append(dict(zip(names, known, strict=True)))
        body = self._query.expr(node.this)
        self._query.lambdas.pop()
        before = dict(letters)
        if not fits(gives, body.type, letters, coerce=True) or any(letters[name] != before[name] for name in before):
            text = f"The lambda returns {body.type}, which is not what {self._call.name} takes: {node.sql('athena')}"
            raise QueryFailed("FUNCTION_NOT_FOUND", text)
        return own, coerced(body, resolved(gives, letters))

    def _order(self, order: exp.Order) -> str:
        items = []
        for item in order.expressions:
            value = self._query.expr(item.this)
            check_sortable(value.type)
            self._values.append(value.node)
            direction, nulls = "desc" if item.args.get("desc") else "asc", item.args.get("nulls_first")
            items.append(f"{{{len(self._values) - 1}}} {direction} nulls {'first' if nulls else 'last'}")
        return f"order by {', '.join(items)}"

    def _layered(self, words: str) -> str:
        """Put FILTER and OVER around the call that ends at the first mark for them."""
        end = words.index("{~}")
        start, depth = end, 0
        while start == end or depth:
            start -= 1
            depth += (words[start] == ")") - (words[start] == "(")
        start -= len(words[:start]) - len(re.sub(r"\w+$", "", words[:start]))
        inner: exp.Expr = raw(words[start:end], *(value.copy() for value in self._values))
        if exp.Filter in self._call.layers:
            test = self._query.condition(self._call.layers[exp.Filter].expression.this.copy(), "FILTER")
            inner = exp.Filter(this=inner, expression=exp.Where(this=test))
        if exp.Window in self._call.layers:
            inner = self._over(inner, self._call.layers[exp.Window].copy())
        self._values.append(inner)
        return f"{words[:start]}{{{len(self._values) - 1}}}{words[end + 3 :]}"

    def _over(self, inner: exp.Expr, window: exp.Window) -> exp.Expr:
        for item in window.args.get("partition_by") or ():
            check_groupable([self._query.put(item).type])
        self._query.order(window, ordinals=False)
        if window.args.get("spec") is not None:
            _check_frame(window.args["spec"])
        window.set("this", inner)
        return window


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
        number = isinstance(value, exp.Literal) and value.name.isdigit()
        if isinstance(value, exp.Expr) and not (kind == "ROWS" and number):
            raise not_supported(f"the frame {spec.sql('athena')}")
    if kind not in ("ROWS", "RANGE"):
        raise not_supported(f"the frame {spec.sql('athena')}")

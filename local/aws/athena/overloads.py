"""Which overload of a function fits which arguments."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlglot import exp

from local.aws.athena import functions, types
from local.aws.athena.errors import QueryFailed, not_supported
from local.aws.athena.functions import FUNCTIONS, Function
from local.aws.athena.types import DOUBLE, UNKNOWN, Type

# What a limited capital letter makes of a type that it is not: the type that it coerces to.
COERCED: dict[str, Callable[[Type], Type | None]] = {
    "D": lambda kind: types.decimal(*kind.digits) if kind.exact else types.decimal(1, 0) if kind == UNKNOWN else None,
    "F": lambda kind: DOUBLE if kind.name in types.NUMBERS or kind == UNKNOWN else None,
    "I": lambda kind: types.INTEGER if kind == UNKNOWN else None,
    "N": lambda kind: types.INTEGER if kind == UNKNOWN else None,
    "M": lambda kind: Type("timestamp", (0,)) if kind.name == "date" else None,
    "Z": lambda kind: Type("timestamp with time zone", kind.of or (0,)) if kind.name in types.MOMENTS else None,
    "L": lambda _: None,
    "S": lambda _: None,
}
ADAPTS: dict[str, Callable[[Type], bool]] = {
    "wall": lambda kind: kind.name in types.MOMENTS or kind == UNKNOWN,
    "clock": lambda kind: kind.name in types.MOMENTS[1:],
    "texts": lambda kind: kind.name == "array",
    "item": lambda kind: kind.name in ("boolean", "varchar", "double", *types.INTEGERS),
}


class Fit(NamedTuple):
    """An overload, and what it makes of the arguments.

    :param letters: capital letter → type
    :param literals: number of an argument → DuckDB's words for it
    """

    function: Function
    letters: dict[str, Type]
    literals: dict[int, str]


def fitting(node: exp.Expr, name: str, arguments: Sequence[exp.Expr], kinds: Sequence[Type | None]) -> Fit:
    """Return the overload that fits the arguments best.

    :param kinds: the arguments' types; None for a lambda
    :raises QueryFailed: none does
    """
    for coerce in (False, True):
        for function in FUNCTIONS[name]:
            fit = _fit(function, arguments, kinds, coerce=coerce)
            if fit is not None:
                return fit
    given = ", ".join("function" if kind is None else str(kind) for kind in kinds)
    raise QueryFailed(
        "FUNCTION_NOT_FOUND", f"Unexpected parameters ({given}) for function {name}: {node.sql('athena')}"
    )


def _fit(
    function: Function, arguments: Sequence[exp.Expr], given: Sequence[Type | None], *, coerce: bool
) -> Fit | None:
    wanted = function.parameters(len(given))
    letters: dict[str, Type] = {}
    if len(wanted) != len(given):
        return None
    for kind, actual in zip(wanted, given, strict=True):
        if (actual is None) is not (kind.name == "function"):
            return None
        if (
            actual is not None
            and kind.name not in functions.LITERALS
            and not fits(kind, actual, letters, coerce=coerce)
        ):
            return None
    words: dict[int, str] = {}
    for place, (kind, argument) in enumerate(zip(wanted, arguments, strict=True)):
        if kind.name in functions.LITERALS:
            if not isinstance(argument, exp.Literal):
                raise not_supported(
                    f"{argument.sql('athena')} as an argument of {function.name}: it has to be a literal"
                )
            made = functions.LITERALS[kind.name](argument.name)
            if made is None:
                return None
            words[place] = made
    return Fit(function, letters, words)


def fits(kind: Type, actual: Type, letters: dict[str, Type], *, coerce: bool) -> bool:
    """Return whether a type fits a parameter's, and note what the parameter's capital letters stand for."""
    if kind.name in functions.ADAPTED:
        return ADAPTS[kind.name](actual)
    if len(kind.name) == 1:
        return _fits_letter(kind.name, actual, letters, coerce=coerce)
    if kind.name in ("array", "map", "row") and actual != UNKNOWN:
        if kind.name != actual.name or len(kind.of) != len(actual.of):
            return False
        pairs = zip(_inner(kind), _inner(actual), strict=True)
        return all(fits(inner, other, letters, coerce=coerce) for inner, other in pairs)
    if actual == UNKNOWN:
        return coerce
    return kind.name == actual.name or (coerce and (types.common(kind, actual) or UNKNOWN).name == kind.name)


def _fits_letter(letter: str, actual: Type, letters: dict[str, Type], *, coerce: bool) -> bool:
    allowed, target, known = functions.LIMITED.get(letter), actual, letters.get(letter)
    if allowed is not None and actual.name not in allowed:
        made = COERCED[letter](actual) if coerce else None
        if made is None:
            return False
        target = made
    met = target if known is None else types.common(known, target)
    if met is None or (not coerce and known is not None and known not in (met, UNKNOWN)):
        return False
    letters[letter] = met
    return True


def _inner(kind: Type) -> list[Any]:
    return [item[1] if kind.name == "row" else item for item in kind.of]


def resolved(kind: Type, letters: dict[str, Type]) -> Type:
    """Return a parameter's or a result's type, with types for its capital letters."""
    if len(kind.name) == 1:
        return letters.get(kind.name, UNKNOWN)
    if kind.name == "row":
        return Type("row", tuple((name, resolved(item, letters)) for name, item in kind.of))
    if kind.name in ("array", "map"):
        return Type(kind.name, tuple(resolved(item, letters) for item in kind.of))
    return kind

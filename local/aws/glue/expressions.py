"""The filter of GetPartitions: conditions that compare a partition key with literals, in SQL's words.

A literal is read as its key's type says, so that ``10`` follows ``9`` where the key is an ``int``.
"""

import datetime as dt
import operator
import re
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from local.aws.seam import Refused

Condition = Callable[[Sequence[str]], bool]  # partition's values → does it fulfil this?

COMPARISONS: dict[type[exp.Expr], Callable[[Any, Any], bool]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
}
READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    **dict.fromkeys(("tinyint", "smallint", "int", "integer", "bigint", "long"), (int, "an integer")),
    **dict.fromkeys(("string", "char", "varchar"), (str, "a string")),
    "decimal": (Decimal, "a decimal"),
    "date": (dt.date.fromisoformat, "a date"),
    "timestamp": (dt.datetime.fromisoformat, "a timestamp"),
}


def matching(text: str, keys: Sequence[tuple[str, str]], parts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the partitions that fulfil an expression; all of them if it is blank.

    :param keys: name and Hive type of the table's partition keys
    :raises Refused: Glue could not make sense of the expression, or a value is not of its key's type
    """
    if not text.strip():
        return list(parts)
    try:
        condition = _Expression(text, keys).condition(parse_one(text))
    except SqlglotError as error:
        raise _unsupported(text) from error
    return [part for part in parts if condition(part["Values"])]


class _Expression:
    def __init__(self, text: str, keys: Sequence[tuple[str, str]]) -> None:
        self._text = text
        self._keys = {name.lower(): (number, kind) for number, (name, kind) in enumerate(keys)}

    def condition(self, node: exp.Expr) -> Condition:
        """Return what a part of the expression asks of a partition."""
        if isinstance(node, exp.Paren):
            return self.condition(node.this)
        if isinstance(node, exp.Not):
            inner = self.condition(node.this)
            return lambda values: not inner(values)
        if isinstance(node, (exp.And, exp.Or)):
            sides = (self.condition(node.left), self.condition(node.right))
            combine = all if isinstance(node, exp.And) else any
            return lambda values: combine(side(values) for side in sides)
        if type(node) in COMPARISONS:
            return self._compare(node, [node.expression], COMPARISONS[type(node)])
        if isinstance(node, exp.Between):
            bounds = [node.args["low"], node.args["high"]]
            return self._compare(node, bounds, lambda value, low, high: low <= value <= high)
        if isinstance(node, exp.In) and node.expressions:
            return self._compare(node, node.expressions, lambda value, *listed: value in listed)
        if isinstance(node, exp.Like):
            return self._like(node)
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            self._key(node.this)
            return lambda _: False  # a partition's values are texts
        raise _unsupported(self._text)

    def _compare(self, node: exp.Expr, literals: Sequence[exp.Expr], test: Callable[..., bool]) -> Condition:
        number, read, kind = self._key(node.this)
        given = [_read(read, kind, self._literal(literal), "InvalidInputException") for literal in literals]
        return lambda values: test(_read(read, kind, values[number], "InvalidStateException"), *given)

    def _like(self, node: exp.Like) -> Condition:
        number, read, kind = self._key(node.this)
        if read is not str:
            raise Refused("InvalidInputException", f"A key that is {kind} doesn't support operation 'LIKE'")
        letters = ({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in self._literal(node.expression))
        pattern = re.compile("".join(letters), re.DOTALL)
        return lambda values: pattern.fullmatch(values[number]) is not None

    def _key(self, node: exp.Expr) -> tuple[int, Callable[[str], Any], str]:
        if not isinstance(node, exp.Column):
            raise _unsupported(self._text)
        if node.table or node.name.lower() not in self._keys:
            raise Refused("InvalidInputException", f"Invalid partition expression! Unknown column '{node.sql()}'")
        number, kind = self._keys[node.name.lower()]
        return number, *_reader(kind)

    def _literal(self, node: exp.Expr) -> str:
        if isinstance(node, exp.Paren):
            return self._literal(node.this)
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
            return f"-{node.this.this}"
        if isinstance(node, exp.Literal):
            return str(node.this)
        raise _unsupported(self._text)


def _reader(kind: str) -> tuple[Callable[[str], Any], str]:
    name = kind.lower().partition("(")[0].strip()
    if name not in READERS:
        raise Refused("InvalidInputException", f"Unknown type : '{kind}'")
    return READERS[name]


def _read(read: Callable[[str], Any], kind: str, text: str, code: str) -> Any:
    try:
        return read(text)
    except (ValueError, InvalidOperation) as error:
        raise Refused(code, f'"{text}" is not {kind}.') from error


def _unsupported(text: str) -> Refused:
    return Refused("InvalidInputException", f"Unsupported expression '{text}'")

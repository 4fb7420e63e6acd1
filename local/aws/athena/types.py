"""Trino's types: their names, how they coerce, and what DuckDB holds their values in."""

import re
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from local.aws.athena.errors import QueryFailed, not_supported

LONGEST = 38  # digits of a decimal
INTEGERS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}  # name → digits, from narrow to wide
NUMBERS = (*INTEGERS, "decimal", "real", "double")
MOMENTS = ("date", "timestamp", "timestamp with time zone")  # each coerces to the next
INTERVALS = ("interval day to second", "interval year to month")
ZONED = 'STRUCT("$at" TIMESTAMP, "$zone" VARCHAR)'  # the moment in UTC, and the zone that it is told in
HELD = {
    "real": "FLOAT", "varbinary": "BLOB", "unknown": "INTEGER", MOMENTS[2]: ZONED,
    **dict.fromkeys(INTERVALS, "INTERVAL"),
}  # fmt: skip
SYNONYMS = {"int": "integer", "double precision": "double", "string": "varchar", "dec": "decimal", "numeric": "decimal"}
SIMPLE = {"boolean", *INTEGERS, "real", "double", "varchar", "varbinary", *MOMENTS, *INTERVALS, "json", "unknown"}
WORDS = re.compile(r'"(?:[^"]|"")*"|\w+|\S')


class Type(NamedTuple):
    """A type.

    :param of: of a decimal: digits, and those after the point; of a timestamp: digits of its seconds' fraction;
        of an array or a map: types; of a row: names and types
    """

    name: str
    of: tuple[Any, ...] = ()

    @property
    def duck(self) -> str:
        """DuckDB's type."""
        if self.name == "decimal":
            return f"DECIMAL({self.of[0]},{self.of[1]})"
        if self.name == "array":
            return f"{self.of[0].duck}[]"
        if self.name == "map":
            return f"MAP({self.of[0].duck}, {self.of[1].duck})"
        if self.name == "row":
            fields = (f"{quoted(field)} {kind.duck}" for field, kind in self.of)
            return f"STRUCT({', '.join(fields)})"
        return HELD.get(self.name, self.name.upper())

    @property
    def exact(self) -> bool:
        """Whether it is an integer or a decimal."""
        return self.name in INTEGERS or self.name == "decimal"

    @property
    def digits(self) -> tuple[int, int]:
        """Digits of an exact number, and those after the point."""
        return (self.of[0], self.of[1]) if self.name == "decimal" else (INTEGERS[self.name], 0)

    def __str__(self) -> str:
        """Name it as Trino does."""
        if self.name == "row":
            return f"row({', '.join(f'{field} {kind}' for field, kind in self.of)})"
        name, _, zone = self.name.partition(" with ")
        inner = f"({(',' if name == 'decimal' else ', ').join(map(str, self.of))})" if self.of else ""
        return f"{name}{inner}{f' with {zone}' if zone else ''}"

    def any(self, test: Callable[["Type"], bool]) -> bool:
        """Return whether it or a type within it passes a test."""
        within = (item[1] if self.name == "row" else item for item in self.of)
        return test(self) or any(isinstance(item, Type) and item.any(test) for item in within)


UNKNOWN, BOOLEAN, INTEGER, BIGINT = Type("unknown"), Type("boolean"), Type("integer"), Type("bigint")
REAL, DOUBLE, VARCHAR, JSON = Type("real"), Type("double"), Type("varchar"), Type("json")


def decimal(precision: int, scale: int) -> Type:
    """Return a decimal type of as many digits as there may be."""
    return Type("decimal", (min(LONGEST, precision), scale))


def array(item: Type) -> Type:
    """Return the type of arrays."""
    return Type("array", (item,))


def quoted(name: str) -> str:
    """Return an identifier in quotes."""
    return '"' + name.replace('"', '""') + '"'


def parse(text: str, also: Collection[str] = ()) -> Type:
    """Return the type of a name such as ``map(varchar, decimal(10,2))``; a capital letter is a type to be found.

    :param also: names that stand for themselves
    :raises QueryFailed: there is no such type here
    """
    words = WORDS.findall(text)
    kind = _parsed(words, also)
    if words:
        raise not_supported(f"the type {text}")
    return kind


def _parsed(words: list[str], also: Collection[str]) -> Type:
    inner: list[Any] = []
    name = ""
    while words and words[0] not in ",()":
        name = f"{name} {words.pop(0)}".strip()
    if words and words[0] == "(":
        words.pop(0)
        while words[0] != ")":
            inner.append(_field(words, also) if name.lower() == "row" else _parsed(words, also))
            if words[0] == ",":
                words.pop(0)
        words.pop(0)
        while words and words[0] not in ",()":
            name = f"{name} {words.pop(0)}"
    if name in also:
        return Type(name)
    return _named(name if len(name) == 1 else SYNONYMS.get(name.lower(), name.lower()), inner)


def _field(words: list[str], also: Collection[str]) -> tuple[str, Type] | Type:
    """Return a field of a row: its name and type, or its type alone."""
    count = next(i for i, word in enumerate(words) if word in ",()")
    if count > 1 and " ".join(words[:count]).lower() not in {"double precision", *MOMENTS, *INTERVALS}:
        return words.pop(0).strip('"').replace('""', '"').lower(), _parsed(words, also)
    return _parsed(words, also)


def _named(name: str, inner: list[Any]) -> Type:
    digits = [int(item.name) for item in inner if isinstance(item, Type) and item.name.isdigit()]
    if name.isdigit() or (len(name) == 1 and name.isupper()) or name == "function":
        return Type(name, tuple(inner))
    if name == "decimal":
        return Type(name, tuple([*digits, 0][:2]) if digits else (LONGEST, 0))
    if name in ("timestamp", "timestamp with time zone"):
        if (digits or [3])[0] > 3:
            raise not_supported(f"{name}s finer than milliseconds")
        return Type(name, ((digits or [3])[0],))
    if name == "row":
        fields = [item if isinstance(item, tuple) and not isinstance(item, Type) else (f"field{i}", item)
                  for i, item in enumerate(inner)]  # fmt: skip
        return Type(name, tuple(fields))
    if name in ("array", "map") and len(inner) == (1 if name == "array" else 2):
        return Type(name, tuple(inner))
    if name == "varchar" and digits:
        return Type("varchar", tuple(digits))
    if name in SIMPLE and not inner:
        return Type(name)
    raise not_supported(f"the type {name}")


def common(left: Type, right: Type) -> Type | None:
    """Return the type that takes the values of both; None where Trino has none."""
    if left == right or right == UNKNOWN:
        return left
    if left == UNKNOWN:
        return right
    if left.name in NUMBERS and right.name in NUMBERS:
        return _wider(left, right)
    if left.name in MOMENTS and right.name in MOMENTS:
        name = max(left.name, right.name, key=MOMENTS.index)
        return Type(name, (max(sum(left.of), sum(right.of)),))
    if left.name != right.name or len(left.of) != len(right.of):
        return None
    if left.name == "row":
        fields = [common(kind, other) for (_, kind), (_, other) in zip(left.of, right.of, strict=True)]
        names = [name if name == other else f"field{i}"
                 for i, ((name, _), (other, _)) in enumerate(zip(left.of, right.of, strict=True))]  # fmt: skip
        return None if None in fields else Type("row", tuple(zip(names, fields, strict=True)))
    items = [common(item, other) for item, other in zip(left.of, right.of, strict=True)]
    return None if None in items else Type(left.name, tuple(items))


def _wider(left: Type, right: Type) -> Type:
    if not (left.exact and right.exact):
        return DOUBLE if DOUBLE in (left, right) else REAL
    if left.name in INTEGERS and right.name in INTEGERS:
        return max(left, right, key=lambda kind: INTEGERS[kind.name])
    (p1, s1), (p2, s2) = left.digits, right.digits
    return decimal(max(p1 - s1, p2 - s2) + max(s1, s2), max(s1, s2))


def arithmetic(operator: str, left: Type, right: Type) -> Type | None:
    """Return the type of a sum, a difference, a product, a quotient or a remainder of numbers; else None."""
    kind = common(left, right)
    if kind is None or kind.name not in NUMBERS:
        return None
    if kind.name != "decimal":
        return kind
    (p1, s1), (p2, s2) = left.digits, right.digits
    scale = max(s1, s2)
    if operator == "*":
        if s1 + s2 > LONGEST:
            raise QueryFailed("INVALID_FUNCTION_ARGUMENT", "DECIMAL scale must be in range [0, 38]")
        return decimal(p1 + p2, s1 + s2)
    if operator == "/":
        return decimal(p1 + s2 + max(0, s2 - s1), scale)
    if operator == "%":
        return decimal(min(p1 - s1, p2 - s2) + scale, scale)
    return decimal(max(p1 - s1, p2 - s2) + scale + 1, scale)


def pointed(kind: Type) -> tuple[str, str]:
    """Return what makes a decimal of its digits, to stand before and after them in DuckDB's words."""
    precision, scale = kind.digits
    if precision + scale > LONGEST:
        return "cast(placed(", f", {scale}) as {kind.duck})"
    unit = f"'0.{'1'.zfill(scale)}'" if scale else "'1'"
    after = f" as decimal({LONGEST - scale},0)) * cast({unit} as decimal({max(1, scale)},{scale})) as {kind.duck})"
    return "cast(cast(", after

"""Columns and their Hive types, which widen from value to value and from file to file, in whatever order these come."""

import re
from collections.abc import Iterable
from typing import Optional, Union

from local.aws.hive import parts

MOST_DIGITS = 38
INTEGERS = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 19}  # digits of each
NUMBERS = [*INTEGERS, "float", "double"]

# A Hive type: its name, [item], {field: type}, (key, value), or None for nothing but nulls.
Type = Union[str, list["Type"], dict[str, "Type"], tuple["Type", "Type"], None]
Columns = dict[str, Type]


def widened(one: Type, other: Type) -> Type:
    """Return the narrowest type that holds the values of both."""
    if other is None or one == other:
        return one
    if one is None:
        return other
    if isinstance(one, dict) and isinstance(other, dict):
        return merged([one, other])
    if isinstance(one, list) and isinstance(other, list):
        return [widened(one[0], other[0])]
    if isinstance(one, tuple) and isinstance(other, tuple):
        return widened(one[0], other[0]), widened(one[1], other[1])
    if isinstance(one, str) and isinstance(other, str):
        return _wider_number(one, other) or "string"
    return "string"


def merged(schemas: Iterable[Columns]) -> Columns:
    """Return the columns of all of these, each as wide as it must be."""
    columns: Columns = {}
    for schema in schemas:
        for name, kind in schema.items():
            columns[name] = widened(columns.get(name), kind)
    return columns


def added(known: Columns, found: Columns) -> Columns:
    """Return columns as they are known, with those, and the fields within them, that are new in what was found."""
    return {**{name: _extended(kind, found.get(name)) for name, kind in known.items()}, **_without(found, known)}


def hive(kind: Type) -> str:
    """Return a type in Hive's words."""
    if isinstance(kind, str):
        return kind
    if isinstance(kind, list):
        return f"array<{hive(kind[0])}>"
    if isinstance(kind, tuple):
        return f"map<{hive(kind[0])},{hive(kind[1])}>"
    return f"struct<{','.join(f'{name}:{hive(field)}' for name, field in kind.items())}>" if kind else "string"


def parsed(words: str) -> Type:
    """Return the type that Hive's words stand for: the inverse of `hive`."""
    outer, _, inner = words.strip().removesuffix(">").partition("<")
    if outer == "array":
        return [parsed(inner)]
    if outer == "map":
        key, value = map(parsed, parts(inner))
        return key, value
    if outer == "struct":
        return {name.strip(): parsed(kind) for name, _, kind in (part.partition(":") for part in parts(inner))}
    return words.strip()


def _extended(known: Type, found: Type) -> Type:
    if isinstance(known, dict) and isinstance(found, dict):
        return added(known, found)
    if isinstance(known, list) and isinstance(found, list):
        return [_extended(known[0], found[0])]
    return known


def _without(found: Columns, known: Columns) -> Columns:
    return {name: kind for name, kind in found.items() if name not in known}


def _wider_number(one: str, other: str) -> Optional[str]:
    if one in NUMBERS and other in NUMBERS:
        return max(one, other, key=NUMBERS.index)
    digits = [found for found in (_digits(one), _digits(other)) if found]
    if len(digits) == 2:
        whole, fraction = (max(part) for part in zip(*digits))
        return f"decimal({whole + fraction},{fraction})" if whole + fraction <= MOST_DIGITS else "double"
    return "double" if digits and {one, other} & {"float", "double"} else None


def _digits(kind: str) -> Optional[tuple[int, int]]:
    """Return how many digits an exact number has before and after its point."""
    decimal = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    if decimal:
        return int(decimal[1]) - int(decimal[2]), int(decimal[2])
    return (INTEGERS[kind], 0) if kind in INTEGERS else None

"""Hive's types, and how Athena prints values."""

import datetime as dt
import re
import struct
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from local.aws.athena.errors import not_supported
from local.aws.athena.types import Type
from local.aws.hive import parts

# Hive → (DuckDB, Trino)
SCALARS = {
    "boolean": ("BOOLEAN", "boolean"),
    "tinyint": ("TINYINT", "tinyint"),
    "smallint": ("SMALLINT", "smallint"),
    "int": ("INTEGER", "integer"),
    "integer": ("INTEGER", "integer"),
    "bigint": ("BIGINT", "bigint"),
    "float": ("FLOAT", "real"),
    "double": ("DOUBLE", "double"),
    "string": ("VARCHAR", "varchar"),
    "date": ("DATE", "date"),
    "timestamp": ("TIMESTAMP", "timestamp"),
    "binary": ("BLOB", "varbinary"),
}

# Type → what GetQueryResults calls it, with precision and scale
INFO = {
    "tinyint": ("tinyint", 3, 0),
    "smallint": ("smallint", 5, 0),
    "integer": ("integer", 10, 0),
    "bigint": ("bigint", 19, 0),
    "real": ("float", 17, 0),
    "double": ("double", 17, 0),
    "varchar": ("varchar", 2147483647, 0),
    "timestamp": ("timestamp", 3, 0),
    "timestamp with time zone": ("timestamp with time zone", 3, 0),
    "varbinary": ("varbinary", 1073741824, 0),
}
FIELD = re.compile(r'("(?:[^"]|"")*"|)(,|\n)')


def duck_type(hive: str) -> str:
    """Return DuckDB's name of a Hive type.

    :raises QueryFailed: the type is none that the local Athena knows
    """
    return _translated(hive.strip().lower(), 0)


def trino_type(hive: str) -> str:
    """Return Trino's name of a Hive type.

    :raises QueryFailed: the type is none that the local Athena knows
    """
    return _translated(hive.strip().lower(), 1)


def _translated(hive: str, language: int) -> str:
    if hive in SCALARS:
        return SCALARS[hive][language]
    outer, _, inner = hive.removesuffix(">").partition("<")
    if outer == "array":
        item = _translated(inner, language)
        return (f"{item}[]", f"array({item})")[language]
    if outer == "map":
        key, value = (_translated(part.strip(), language) for part in parts(inner))
        return f"map({key}, {value})"
    if outer == "struct":
        fields = (part.strip().partition(":") for part in parts(inner))
        words = ", ".join(f'"{name.strip()}" {_translated(kind.strip(), language)}' for name, _, kind in fields)
        return (f"struct({words})", f"row({words})")[language]
    if re.fullmatch(r"decimal(\(\s*\d+\s*(,\s*\d+\s*)?\))?", hive):
        return hive if "(" in hive else "decimal(10,0)"
    if re.fullmatch(r"varchar\(\s*\d+\s*\)", hive):
        return ("VARCHAR", "varchar")[language]
    raise not_supported(f"the column type {hive}")


def column_info(name: str, kind: Type | str) -> dict[str, Any]:
    """Return what GetQueryResults says of a column of a type."""
    known = kind.name if isinstance(kind, Type) else kind.lower()
    called, precision, scale = INFO.get(known, (known, 0, 0))
    if isinstance(kind, Type) and known == "decimal":
        precision, scale = kind.of
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": called,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": called == "varchar",
    }


def text(value: Any, kind: Type) -> str:
    """Return a value, as DuckDB's client gives it, as Athena prints it."""
    if value is None:
        return "null"  # within an array, a map or a row; a null column prints nothing at all
    write = WRITERS.get(kind.name)
    return str(value) if write is None else write(value, kind)


def _array(value: list[Any], kind: Type) -> str:
    return f"[{', '.join(text(item, kind.of[0]) for item in value)}]"


def _map(value: dict[Any, Any], kind: Type) -> str:
    key, item = kind.of
    if key.name in ("array", "map", "row", "timestamp with time zone"):
        raise not_supported(f"printing values of the type {kind}")
    return "{" + ", ".join(f"{text(name, key)}={text(inner, item)}" for name, inner in value.items()) + "}"


def _row(value: dict[str, Any], kind: Type) -> str:
    return "{" + ", ".join(f"{name}={text(value[name], inner)}" for name, inner in kind.of) + "}"


def _moment(value: dt.datetime, _: Type) -> str:
    return value.replace(tzinfo=None).isoformat(" ", "milliseconds")


def _zoned(value: dict[str, Any], kind: Type) -> str:
    zone = value["$zone"]
    at = value["$at"].replace(tzinfo=dt.UTC)
    offset = re.fullmatch(r"([+-])(\d\d):(\d\d)", zone)
    if offset:
        minutes = int(offset[1] + "1") * (int(offset[2]) * 60 + int(offset[3]))
        return f"{_moment(at + dt.timedelta(minutes=minutes), kind)} {zone}"
    return f"{_moment(at.astimezone(ZoneInfo(zone)), kind)} {zone}"


def _elapsed(value: dt.timedelta, _: Type) -> str:
    sign, value = ("-", -value) if value < dt.timedelta() else ("", value)
    seconds = value.seconds
    return f"{sign}{value.days} {seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{value.microseconds // 1000:03d}"


def csv_row(values: Iterable[str | None]) -> str:
    """Return a line of a result file: every value in quotes, a null as nothing."""
    return ",".join("" if value is None else '"' + value.replace('"', '""') + '"' for value in values) + "\n"


def read_csv(document: str, start: int, rows: int) -> tuple[list[list[str | None]], int | None]:
    """Return some rows of a result file that `csv_row` wrote, and where the next begins; None after the last.

    A null is not an empty text, which the standard library's reader does not tell apart.

    :param start: where the first row begins
    """
    found: list[list[str | None]] = [[]]
    for match in FIELD.finditer(document, start):
        quoted, ending = match.groups()
        found[-1].append(quoted[1:-1].replace('""', '"') if quoted else None)
        if ending == "\n":
            if len(found) == rows or match.end() == len(document):
                return found, match.end() if match.end() < len(document) else None
            found.append([])
    return found[:-1], None


def _double(value: float) -> str:
    """Return a double as Java prints it."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return format(Decimal(repr(value)), "f") if "e" in repr(value) else repr(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    figures = "".join(map(str, digits))
    return f"{'-' if sign else ''}{figures[0]}.{figures[1:] or '0'}E{len(figures) - 1 + int(exponent)}"


def _shortest_single(value: float) -> float:
    """Return the shortest decimal that is the same single-precision number."""
    if value != value or value in (float("inf"), float("-inf")):
        return value
    same = struct.pack("f", value)
    return next(float(f"{value:.{n}g}") for n in range(1, 10) if struct.pack("f", float(f"{value:.{n}g}")) == same)


WRITERS: dict[str, Any] = {
    "boolean": lambda value, _: "true" if value else "false",
    "decimal": lambda value, _: format(value, "f"),
    "real": lambda value, _: _double(_shortest_single(value)),
    "double": lambda value, _: _double(value),
    "timestamp": _moment,
    "timestamp with time zone": _zoned,
    "interval day to second": _elapsed,
    "varbinary": lambda value, _: value.hex(" "),
    "array": _array,
    "map": _map,
    "row": _row,
}

"""Hive's and DuckDB's types, and how Athena prints values."""

import datetime as dt
import re
import struct
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from local.aws.athena.errors import not_supported

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

# DuckDB → what GetQueryResults calls it, with precision and scale
NAMES = {
    "BOOLEAN": ("boolean", 0, 0),
    "TINYINT": ("tinyint", 3, 0),
    "SMALLINT": ("smallint", 5, 0),
    "INTEGER": ("integer", 10, 0),
    "BIGINT": ("bigint", 19, 0),
    "HUGEINT": ("bigint", 19, 0),  # DuckDB's sums of integers
    "FLOAT": ("float", 17, 0),
    "DOUBLE": ("double", 17, 0),
    "VARCHAR": ("varchar", 2147483647, 0),
    "DATE": ("date", 0, 0),
    "TIMESTAMP": ("timestamp", 3, 0),
    "BLOB": ("varbinary", 1073741824, 0),
    '"NULL"': ("unknown", 0, 0),
}


FIELD = re.compile(r'("(?:[^"]|"")*"|)(,|\n)')
PLAIN = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "VARCHAR", "DATE"}  # printed as Python prints them


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
        key, value = (_translated(part.strip(), language) for part in _parts(inner))
        return f"map({key}, {value})"
    if outer == "struct":
        fields = (part.strip().partition(":") for part in _parts(inner))
        words = ", ".join(f'"{name.strip()}" {_translated(kind.strip(), language)}' for name, _, kind in fields)
        return (f"struct({words})", f"row({words})")[language]
    if re.fullmatch(r"decimal(\(\s*\d+\s*(,\s*\d+\s*)?\))?", hive):
        return hive if "(" in hive else "decimal(10,0)"
    if re.fullmatch(r"varchar\(\s*\d+\s*\)", hive):
        return ("VARCHAR", "varchar")[language]
    raise not_supported(f"the column type {hive}")


def _parts(text: str) -> list[str]:
    """Split at the commas that are not within brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "<(") - (letter in ">)")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def column_info(name: str, duck: str) -> dict[str, Any]:
    """Return what GetQueryResults says of a column of a DuckDB type."""
    kind, precision, scale = NAMES.get(duck, (duck.partition("(")[0].lower(), 0, 0))
    decimal = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", duck)
    if decimal:
        kind, precision, scale = "decimal", int(decimal[1]), int(decimal[2])
    elif duck.endswith("]"):
        kind = "array"
    elif duck.startswith("STRUCT"):
        kind = "row"
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind == "varchar",
    }


def text(value: Any, duck: str = "") -> str:
    """Return a value as Athena prints it."""
    if duck in PLAIN:
        return str(value)
    if value is None:
        return "null"  # within an array, a map or a row; a null column prints nothing at all
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        return _double(_shortest_single(value) if duck == "FLOAT" else value)
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}"
    if isinstance(value, list):
        return f"[{', '.join(text(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text(name)}={text(item)}" for name, item in value.items()) + "}"
    if isinstance(value, bytes):
        return value.hex(" ")
    return str(value)


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

"""What one file holds, as a crawler's classifiers see it: its format, its columns and their types.

Text is judged by its first megabyte, Parquet by its footer.
"""

import codecs
import csv
import glob
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Optional, Union

import duckdb

from local.aws.glue.schemas import Columns, Type, merged, widened

SAMPLE = 1 << 20
DELIMITERS = (",", "|", "\t", ";", "\x01")
LONGEST_HEADING = 150
FOREIGN = {  # formats that AWS knows and this does not
    b"ORC": "ORC",
    b"Obj\x01": "Avro",
    b"BZh": "bzip2",
    b"PK\x03\x04": "ZIP",
    b"<?xml": "XML",
    b"\x04\x22\x4d\x18": "LZ4",
    b"\xff\x06\x00\x00sNaPpY": "Snappy",
}
PARQUET_TYPES: dict[str, Type] = {  # of DuckDB → of Hive
    **{name: name for name in ("tinyint", "smallint", "bigint", "float", "double", "boolean", "date")},
    "integer": "int",
    "utinyint": "smallint",
    "usmallint": "int",
    "uinteger": "bigint",
    "ubigint": "decimal(20,0)",
    **dict.fromkeys(("varchar", "json", "enum"), "string"),
    **dict.fromkeys(("timestamp", "timestamp_ns", "timestamp with time zone", "timestamptz_ns"), "timestamp"),
    "blob": "binary",
    "null": None,
}


class Unreadable(Exception):
    """A file that AWS could crawl and this cannot; the message says what it is."""


@dataclass(frozen=True)
class Kind:
    """What the files of one table have in common.

    :param classification: ``parquet``, ``json`` or ``csv``
    :param compression: of the whole file: ``none`` or ``gzip``
    :param header: the first line of a CSV file names its columns
    :param serde: of CSV: ``LazySimpleSerDe`` or ``OpenCSVSerDe``
    """

    classification: str
    compression: str = "none"
    delimiter: str = ""
    quote: str = ""
    header: bool = False
    serde: str = ""


@dataclass(frozen=True)
class Content:
    """What a file holds; ``records`` is estimated where only a part of it was read."""

    kind: Kind
    columns: Columns
    records: int
    quoted: bool = False


@dataclass(frozen=True)
class JsonForm:
    """How a JSON classifier looks at a file: where the records are, as keys and None for every item of an array."""

    path: tuple[Optional[str], ...] = ()


@dataclass(frozen=True)
class CsvForm:
    """How a CSV classifier looks at a file; the defaults are those of the built-in one."""

    delimiters: Sequence[str] = DELIMITERS
    quote: str = '"'
    header: str = "UNKNOWN"
    names: Sequence[str] = ()
    single: bool = False
    trim: bool = False
    serde: str = "LazySimpleSerDe"


Form = Union[JsonForm, CsvForm]


def classify(path: str, size: int, forms: Iterable[Form], parquet: duckdb.DuckDBPyConnection) -> Optional[Content]:
    """Return what a file holds; None if no classifier knows it.

    :param size: of the file, in bytes
    :param forms: what the crawler's own classifiers look for, before the built-in ones
    :param parquet: a connection that reads Parquet
    :raises Unreadable: the file is of a format that AWS knows and this does not
    :raises FileNotFoundError: the object was deleted meanwhile
    """
    with open(path, "rb") as file:  # noqa: PTH123 - objects are streams here, not paths
        head = file.read(SAMPLE + 1)
        compression, consumed = "none", min(len(head), SAMPLE)
        if head.startswith(b"\x1f\x8b"):
            file.seek(0)
            try:
                head = gzip.GzipFile(fileobj=file).read(SAMPLE + 1)
            except (EOFError, gzip.BadGzipFile, zlib.error):
                return None
            compression, consumed = "gzip", file.tell()
    found = _parquet(path, parquet) if head.startswith(b"PAR1") and compression == "none" else None
    whole = len(head) <= SAMPLE
    found = found or _text(head[:SAMPLE], whole, forms)
    if found is None:
        for magic, name in FOREIGN.items():
            if head.startswith(magic):
                raise Unreadable(name)
        return None
    records = found.records
    if not whole and found.kind.classification != "parquet":
        records = max(records, records * size // max(consumed, 1))
    return replace(found, kind=replace(found.kind, compression=compression), records=records)


def _text(head: bytes, whole: bool, forms: Iterable[Form]) -> Optional[Content]:
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head, final=whole)
    except UnicodeDecodeError:
        return None
    for form in (*forms, JsonForm(), CsvForm()):
        found = _json(text, whole, form) if isinstance(form, JsonForm) else _csv(text, whole, form)
        if found:
            return found
    return None


def _parquet(path: str, connection: duckdb.DuckDBPyConnection) -> Optional[Content]:
    literal = glob.escape(path)
    try:
        files = connection.read_parquet(literal, hive_partitioning=False)
        [(records,)] = connection.execute("select num_rows from parquet_file_metadata($1)", [literal]).fetchall()
    except duckdb.Error:  # it only begins like a Parquet file
        return None
    columns = {name.lower(): _parquet_type(name, kind) for name, kind in zip(files.columns, files.types)}
    return Content(Kind("parquet"), columns, records)


def _parquet_type(name: str, kind: Any) -> Type:
    if kind.id == "struct":
        return {field: _parquet_type(name, inner) for field, inner in kind.children}
    if kind.id == "list":
        return [_parquet_type(name, kind.children[0][1])]
    if kind.id == "map":
        key, value = (_parquet_type(name, inner) for _, inner in kind.children)
        return key, value
    if kind.id == "decimal":
        return str(kind).lower()
    if kind.id not in PARQUET_TYPES:
        raise Unreadable(f"Parquet whose column {name} is of type {kind}")
    return PARQUET_TYPES[kind.id]


DECODER = json.JSONDecoder()
BLANK = re.compile(r"[ \t\r\n]*")


def _json(text: str, whole: bool, form: JsonForm) -> Optional[Content]:
    columns: Columns = {}
    records = 0
    try:
        for value in _values(text, whole):
            if not isinstance(value, (dict, list)):
                return None
            for record in _at(form.path, value):
                records += 1
                if isinstance(record, dict):
                    row = merged({name.lower(): _json_type(item)} for name, item in record.items())
                else:
                    row = {"record" if form.path else "array": _json_type(record)}
                columns = merged([columns, row])
    except (ValueError, RecursionError):
        return None
    return Content(Kind("json"), columns, records) if columns else None


def _values(text: str, whole: bool) -> Iterator[Any]:
    """Yield the JSON values that stand one after another, as far as the sample goes; ValueError if these are none."""
    at = _next(text, 0)
    while at < len(text):
        try:
            value, end = DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            cut = error.pos >= len(text) - len("false") or error.msg.startswith("Unterminated string")
            if whole or not cut:
                raise
            if text[at] != "[":
                return
            value, end = _items(text, at + 1), len(text)
        yield value
        at = _next(text, end)


def _items(text: str, at: int) -> list[Any]:
    """Return the whole items of an array that is cut off."""
    found: list[Any] = []
    while True:
        try:
            value, end = DECODER.raw_decode(text, _next(text, at))
        except json.JSONDecodeError:
            return found
        found.append(value)
        at = _next(text, end) + 1


def _next(text: str, at: int) -> int:
    found = BLANK.match(text, at)
    return found.end() if found else at


def _at(path: Sequence[Optional[str]], value: Any) -> list[Any]:
    found = [value]
    for step in path:
        if step is None:
            found = [item for outer in found if isinstance(outer, list) for item in outer]
        else:
            found = [outer[step] for outer in found if isinstance(outer, dict) and step in outer]
    return found


def _json_type(value: Any) -> Type:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int" if -(2**31) <= value < 2**31 else _whole_number(value)
    if isinstance(value, dict):
        return {name: _json_type(item) for name, item in value.items()}
    if isinstance(value, list):
        nothing: Type = None
        return [reduce(widened, map(_json_type, value), nothing)]
    return None if value is None else "double" if isinstance(value, float) else "string"


def _whole_number(value: int) -> str:
    return "bigint" if -(2**63) <= value < 2**63 else "double"


def _csv(text: str, whole: bool, form: CsvForm) -> Optional[Content]:
    """Read text as CSV: with the delimiter that gives the most columns, as many in every row."""
    end = None if whole else -1  # the sample may end within a row
    tables = [(delimiter, _rows(text, delimiter, form.quote)[:end]) for delimiter in form.delimiters]
    regular = [(d, rows) for d, rows in tables if len(rows) >= 2 and len(set(map(len, rows))) == 1]
    nothing: tuple[str, list[list[str]]] = ("", [[]])
    delimiter, rows = max(regular, key=lambda table: len(table[1][0]), default=nothing)
    width = len(rows[0])
    if (
        width < (1 if form.single else 2)
        or (form.names and len(form.names) != width)
        or "\0" in text
        or text.startswith("<?xml")
    ):
        return None
    first, *rest = [[cell.strip() for cell in row] for row in rows] if form.trim else rows
    types = [reduce(widened, (_csv_type(row[i]) for row in rest)) for i in range(width)]
    header = form.header == "PRESENT" or (form.header == "UNKNOWN" and _is_header(first, types, form.names))
    if not header:
        types = [widened(_csv_type(cell), kind) for cell, kind in zip(first, types)]
    columns: Columns = {}
    for i, kind in enumerate(types):
        name = (form.names[i] if form.names else first[i] if header else "").strip().lower() or f"col{i}"
        columns[f"{name}_{i}" if name in columns else name] = kind
    mark = re.escape(form.quote)
    quoted = bool(mark and re.search(rf"(?m)(?:^|{re.escape(delimiter)}){mark}", text))
    serde = form.serde if form.serde != "None" else "OpenCSVSerDe" if quoted else "LazySimpleSerDe"
    found = Kind("csv", delimiter=delimiter, quote=form.quote, header=header, serde=serde)
    return Content(found, columns, len(rest) if header else len(rows), quoted)


def _rows(text: str, delimiter: str, quote: str) -> list[list[str]]:
    lines = io.StringIO(text, newline="")
    if quote:
        reader = csv.reader(lines, delimiter=delimiter, quotechar=quote)
    else:
        reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    try:
        return [row for row in reader if row]
    except csv.Error:
        return []


def _is_header(first: Sequence[str], types: Sequence[Type], names: Sequence[str]) -> bool:
    """Tell whether a first row names the columns: words only, none too long, and some column holds other than words."""
    if names and [name.lower() for name in first] == [name.lower() for name in names]:
        return True
    *most, last = first
    words = all(_csv_type(cell) == "string" and len(cell) < LONGEST_HEADING for cell in most)
    trailing = _csv_type(last) == "string" or (last == "" and types[-1] is None)
    return words and trailing and any(kind not in (None, "string") for kind in types)


def _csv_type(cell: str) -> Type:
    if not cell:
        return None
    if re.fullmatch(r"[-+]?[0-9]+", cell):
        return _whole_number(int(cell)) if len(cell) <= 20 else "double"
    if re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", cell):
        return "double"
    return "boolean" if cell.lower() in ("true", "false") else "string"

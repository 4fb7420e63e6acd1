"""From a contract to the query that makes its columns of landed lines of JSON."""

import json
from collections.abc import Sequence
from typing import Any

import sqlglot
from sqlglot import exp

from quayside.contract import Column, Contract, Elements
from quayside.errors import Terminal

LINES = "lines"  # the table that is queried; its one column is `line`
ORDINAL = "_row"

STRUCTURE = "_structure"  # as DuckDB tells it: names and types, no values

# What a column's text must look like. Stricter than DuckDB's own casts, which take 1_000, make 13 of 12.7, and read
# a time with an offset as if it had none: what is let through here must mean the same to whoever reads it next.
FUNCTIONS = r"""
create macro as_number(value) as
    case when regexp_full_match(value, '-?\d+(\.\d+)?([eE][+-]?\d+)?') then value end;
create macro as_integer(value) as case when regexp_full_match(value, '-?\d+') then value end;
create macro as_boolean(value) as case lower(value) when 'true' then true when 'false' then false end;
create macro as_date(value) as
    case when regexp_full_match(value, '\d{4}-\d{2}-\d{2}(T00:00:00(\.0+)?)?') then left(value, 10) end;
create macro as_local_time(value) as
    case when regexp_full_match(value, '\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?') then left(value, 23) end;
create macro as_utc_time(value) as case when value like '%Z' then as_local_time(rtrim(value, 'Z')) end;
-- For transformLogic: the sum of a field over a list, null where one is no number.
create macro total_of(list, field) as
    coalesce(list_sum(list_transform(list, lambda each: cast(struct_extract(each, field) as decimal(18, 4)))), 0);
"""
_READERS = {
    "smallint": "as_integer",
    "integer": "as_integer",
    "bigint": "as_integer",
    "numeric": "as_number",
    "double precision": "as_number",
    "boolean": "as_boolean",
    "date": "as_date",
    "timestamp": "as_local_time",
}
_DUCKDB = {"timestamp(3)": "timestamp_ms"}  # its own name


def to_query(contract: Contract) -> str:
    """Compose a query with the lines' ordinals, the contract's columns, and why some could not be read.

    That is `landed_name` of each column with a path, which is null where it could be read; `lacking_name` of each list,
    null where no element lacks a required field; and the structure of the line, null where lines were not JSON before.
    Where the line is no JSON, all of them are null, and the ordinal too.

    :raises Terminal: a column says neither where it is nor how it is computed, or how is no expression of its columns
    """
    placed = [column for column in contract.columns if column.path]
    paths = exp.array(_path("row"), *(_path(str(column.path)) for column in placed), dialect="duckdb")
    line = exp.column("line")
    readable = exp.select(exp.alias_(exp.case().when(_call("json_valid", line), line), "line")).from_(LINES)
    lists = demanding_lists(contract)
    # Few calls, each of which parses the line once for all that it finds, because every one of them holds on to memory.
    found = exp.select(
        exp.alias_(_call("json_extract_string", line, paths), "_texts"),
        exp.alias_(_lists(lists, line), "_lists"),
        exp.alias_(exp.null() if contract.form == "csv" else _call("json_structure", line), STRUCTURE),
    ).from_(readable.subquery("readable"))
    texts = {column.name: _text(column, position) for position, column in enumerate(placed, 2)}
    values = [
        *(exp.alias_(_at("_lists", each.path), each.name) for each in lists),
        *(exp.alias_(_lacking(each), lacking_name(each.name)) for each in lists),
        *(exp.alias_(_typed(column, _read(column, texts[column.name])), column.name) for column in placed),
        *(
            exp.alias_(_typed(column, _computed(contract, column)), column.name)
            for column in contract.columns
            if not column.path
        ),
        *(
            exp.alias_(
                exp.case().when(exp.Is(this=exp.column(name), expression=exp.null()), text.copy()), landed_name(name)
            )
            for name, text in texts.items()
        ),
    ]
    ordinal = exp.alias_(
        exp.cast(_call("list_extract", exp.column("_texts"), exp.Literal.number(1)), "bigint"), ORDINAL
    )
    query = exp.select(ordinal, exp.column(STRUCTURE), *values).from_(found.subquery("found"))
    wanted = [ORDINAL, STRUCTURE, *(lacking_name(each.name) for each in lists)]
    wanted += [*(column.name for column in contract.columns), *map(landed_name, texts)]
    return exp.select(*map(_quoted, wanted)).from_(query.subquery("whole")).sql("duckdb", identify=True)


def demanding_lists(contract: Contract) -> list[Elements]:
    """Return the lists of whose elements some field is required."""
    return [each for each in contract.lists if any(field.required for field in each.fields)]


def landed_name(column: str) -> str:
    """Return the name of what a column could not be read from."""
    return f"{column} as landed"


def lacking_name(name: str) -> str:
    """Return the name of the fields that elements of a list lack."""
    return f"lacking in {name}"


def demand(column: Column) -> str:
    """Say what a value must look like to be read as a column's type; completes "The contract …"."""
    if column.type.startswith("timestamp"):
        zone = "a UTC time as 2026-05-01T18:15:00Z" if column.options.get("timezone") else "2026-05-01T18:15:00"
        return f"wants {zone}" if column.options.get("timezone") else f"wants a time without zone, as {zone}"
    return f"wants {column.type}, as {'2026-05-01' if column.type == 'date' else 'JSON writes it'}"


def _path(path: str) -> exp.Expr:
    return exp.Literal.string("$" + "".join(f'."{name}"' for name in path.split(".")))


def _quoted(name: str) -> exp.Expr:
    return exp.column(exp.to_identifier(name, quoted=True))


def _lists(lists: Sequence[Elements], line: exp.Expr) -> exp.Expr:
    structure = exp.Literal.string(json.dumps(_structure(lists)))
    return _call("json_transform", line, structure) if lists else exp.null()


def _structure(lists: Sequence[Elements]) -> dict[str, Any]:
    """Return what `json_transform` is to find: required fields, as text, which every value can be."""
    whole: dict[str, Any] = {}
    for each in lists:
        element: dict[str, Any] = {}
        for field in each.fields:
            if field.required:
                _put(element, str(field.path), "VARCHAR")
        _put(whole, each.path, [element])
    return whole


def _put(into: dict[str, Any], path: str, value: object) -> None:
    *places, last = path.split(".")
    for name in places:
        into = into.setdefault(name, {})
    into[last] = value


def _at(start: str, path: str) -> exp.Expr:
    """Return what is at a path in a struct."""
    found: exp.Expr = exp.column(start)
    for name in path.split("."):
        found = _call("struct_extract", found, exp.Literal.string(name))
    return found


def _lacking(each: Elements) -> exp.Expr:
    """Return the names of required fields that fewer elements have than there are; or that there is no list."""
    whole = exp.column(each.name)
    size = _call("len", whole)
    said = [
        exp.case().when(
            exp.LT(this=_call("list_count", _in_each(whole, str(field.path))), expression=size),
            exp.Literal.string(str(field.path)),
        )
        for field in each.fields
        if field.required
    ]
    if each.required:
        absent = exp.Is(this=whole, expression=exp.null())
        said.append(exp.case().when(absent, exp.Literal.string("the list itself")))
    return _call("nullif", _call("concat_ws", exp.Literal.string(", "), *said, exp.null()), exp.Literal.string(""))


def _in_each(whole: exp.Expr, path: str) -> exp.Expr:
    element = exp.Lambda(this=_at("each", path), expressions=[exp.to_identifier("each")], colon=True)
    return _call("list_transform", whole, element)


def _call(function: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=function, expressions=list(arguments))


def _text(column: Column, position: int) -> exp.Expr:
    """Return what stands at a column's path; an empty text is none."""
    text = _call("list_extract", exp.column("_texts"), exp.Literal.number(position))
    return _call("nullif", text if column.type == "text" else _call("trim", text), exp.Literal.string(""))


def _read(column: Column, text: exp.Expr) -> exp.Expr:
    if column.type == "text":
        return text
    family = column.type.partition("(")[0]
    if family not in _READERS:
        raise Terminal(
            f"Column {column.name}: {column.type} is not read from JSON; use one of text, {', '.join(_READERS)}."
        )
    reader = "as_utc_time" if column.options.get("timezone") else _READERS[family]
    return _call(reader, text)


def _typed(column: Column, value: exp.Expr) -> exp.Expr:
    kind = exp.DataType.build(_DUCKDB.get(column.type, column.type), dialect="duckdb")
    return exp.TryCast(this=value, to=kind)


def _computed(contract: Contract, column: Column) -> exp.Expr:
    where = f"Contract {contract.name}, column {column.name}: transformLogic"
    if not column.transform:
        raise Terminal(f"{where} or physicalName must say where the column comes from.")
    try:
        parsed: object = sqlglot.parse_one(column.transform, dialect="duckdb")
    except sqlglot.ParseError as error:
        raise Terminal(f"{where} is not SQL that can be read: {column.transform!r}: {error}") from error
    if not isinstance(parsed, exp.Expr) or parsed.find(exp.Query, exp.Command):
        raise Terminal(f"{where} must be an expression without queries in it, not {column.transform!r}.")
    known = {each.name for each in contract.columns} | {each.name for each in contract.lists}
    for used in parsed.find_all(exp.Column):
        if used.table or used.name not in known:
            raise Terminal(f"{where} refers to {used.sql()}; there are {', '.join(sorted(known))}.")
    return _call("try", parsed)

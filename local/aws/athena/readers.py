"""Files as their SerDes read them: for each a SELECT of DuckDB's, whose columns have the declared types.

Names, paths and texts come from whoever wrote the catalog and the files: they enter a statement through `name` and
`text` only. Every SELECT has the file of each row as ``$path``.
"""

# ruff: noqa: S608

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
from sqlglot import exp

from local.aws.athena.catalog import CSV, HIVE_JSON, OPENX_JSON, PARQUET, StoredFile
from local.aws.athena.errors import QueryFailed, not_supported
from local.aws.athena.values import duck_type

PATH = "$path"
NO_DELIMITER = "\x1c\x1d\x1e"  # a line is read as a CSV row of one column
COMPRESSIONS = {"gz": "gzip", "zst": "zstd", "snappy": "", "bz2": "", "lz4": "", "lzo": "", "deflate": ""}
JSON_DIGITS = 15  # of a JSON number that DuckDB keeps exactly

# What a Parquet file may hold where the catalog declares another type: wider is fine.
WIDENINGS = {
    "BIGINT": {"TINYINT", "SMALLINT", "INT"},
    "INT": {"TINYINT", "SMALLINT"},
    "SMALLINT": {"TINYINT"},
    "DOUBLE": {"FLOAT"},
    "TIMESTAMP": {"TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMPTZ"},
}

# What a text must look like to be of a type; DuckDB's own casts take more.
NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
DAY = r"\d{4}-\d{1,2}-\d{1,2}"
TIME = r"\d{1,2}:\d{1,2}(:\d{1,2}(\.\d{1,9})?)?"
FORMS = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INT", "BIGINT"), r"[+-]?\d+"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), rf"{NUMBER}|[+-]?(NaN|Infinity)"),
    "DECIMAL": NUMBER,
    "DATE": DAY,
    "TIMESTAMP": rf"{DAY}( {TIME})?",
    "BOOLEAN": "(?i)true|false",
}


class Column:
    """A column as files declare it.

    :param position: its place among the columns, from 0
    """

    def __init__(self, column: str, hive: str, position: int) -> None:
        self.name, self.hive, self.position = column, hive, position
        self.kind = exp.DataType.build(duck_type(hive), dialect="duckdb")


def select(
    connection: duckdb.DuckDBPyConnection,
    storage: str,
    options: Mapping[str, str],
    columns: Sequence[Column],
    files: Mapping[str, StoredFile],
) -> str:
    """Return the SELECT that reads files.

    :param storage: their format, one of `catalog.SERDES`
    :param files: path → the object there
    :raises QueryFailed: a file is not what the catalog says, or an option is beyond what the local Athena supports
    """
    if storage == PARQUET:
        return _parquet(connection, columns, sorted(files))
    for option in ("timestamp.formats", "serialization.last.column.takes.rest", "skip.footer.line.count"):
        if options.get(option, "0").lower() not in ("", "0", "false"):
            raise not_supported(f"the property {option} of a table")
    if options.get("serialization.encoding", "utf-8").lower().replace("-", "") != "utf8":
        raise not_supported(f"files in {options['serialization.encoding']}")
    lines = _lines(files, int(options.get("skip.header.line.count", "0")))
    if storage in (OPENX_JSON, HIVE_JSON):
        return _json(connection, options if storage == OPENX_JSON else _hive_json(options), columns, lines)
    return _csv(options, columns, lines) if storage == CSV else _text(options, columns, lines)


def name(identifier: str) -> str:
    """Return an identifier as SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a text as SQL."""
    return "'" + value.replace("'", "''") + "'"


def readable(found: exp.DataType, wanted: exp.DataType) -> bool:
    """Return whether a type's values may be read as another's: it is the same, or wider; fields go by name."""
    if wanted.is_type(exp.DType.STRUCT) and found.is_type(exp.DType.STRUCT):
        held = {field.name.lower(): field.args["kind"] for field in found.expressions}
        wants = [(field.name.lower(), field.args["kind"]) for field in wanted.expressions]
        return all(readable(held.get(field, kind), kind) for field, kind in wants)
    if wanted.is_type(exp.DType.DECIMAL) and found.is_type(exp.DType.DECIMAL):
        (had, had_scale), (has, has_scale) = (
            [int(digits.name) for digits in kind.expressions] for kind in (found, wanted)
        )
        return has_scale >= had_scale and has - has_scale >= had - had_scale
    if found.expressions and found.this == wanted.this and len(found.expressions) == len(wanted.expressions):
        return all(map(readable, found.expressions, wanted.expressions))
    return found == wanted or _plain(found) in WIDENINGS.get(_plain(wanted), ())


def _plain(kind: exp.DataType) -> str:
    return str(kind.this.name).removesuffix("NTZ")


def _list(items: Sequence[str]) -> str:
    return f"[{', '.join(map(text, items))}]"


def _from(function: str, paths: Sequence[str], options: str) -> str:
    for path in paths:
        if any(letter in path for letter in "*?["):
            raise not_supported(f"object keys with *, ? or [: {path}")
    return f"{function}({_list(paths)}, filename = {text(PATH)}, hive_partitioning = false, {options})"


def _parquet(connection: duckdb.DuckDBPyConnection, columns: Sequence[Column], paths: Sequence[str]) -> str:
    schemas = _parquet_schemas(connection, paths)
    items, differ = [name(PATH)], False
    for column in columns:
        found = {schema.get(column.name) for schema in schemas}
        differ = differ or len(found) > 1
        for kind in found - {None}:
            if not readable(exp.DataType.build(kind, dialect="duckdb"), column.kind):
                raise QueryFailed(
                    "HIVE_BAD_DATA",
                    f"Field {column.name}'s type {kind} in a parquet file is incompatible with type {column.hive} "
                    "defined in table schema",
                )
        value = "null" if found == {None} else name(column.name)
        if _plain(column.kind) == "TIMESTAMP":  # Athena reads milliseconds
            value = f"cast({value} as timestamp_ms)"
        items.append(f"cast({value} as {column.kind.sql('duckdb')}) as {name(column.name)}")
    options = f"union_by_name = {'true' if differ else 'false'}"
    return f"select {', '.join(items)} from {_from('read_parquet', paths, options)}"


def _parquet_schemas(connection: duckdb.DuckDBPyConnection, paths: Sequence[str]) -> list[dict[str, str]]:
    """Return each file's columns and their types in DuckDB's words."""
    query = "select file_name, name, coalesce(num_children, 0), duckdb_type from parquet_schema(?)"
    schemas: dict[str, dict[str, str]] = defaultdict(dict)
    waiting: list[int] = []  # for each element that we are within, how many of its children are to come
    for path, element, children, kind in connection.execute(query, [list(paths)]).fetchall():
        while waiting and not waiting[-1]:
            waiting.pop()
        if waiting:
            waiting[-1] -= 1
            if len(waiting) == 1:
                schemas[path][element.lower()] = kind
        waiting.append(children)
    return list(schemas.values())


def _lines(files: Mapping[str, StoredFile], skip: int) -> str:
    """Return the SELECT of the lines of text files: ``line``, never null, and ``$path``."""
    groups = defaultdict(list)
    for path, file in sorted(files.items()):
        ending = file.key.rpartition(".")[2].lower()
        compression = COMPRESSIONS.get(ending, "none")
        if not compression:
            raise not_supported(f"files that end with .{ending}: gzip (.gz) and Zstandard (.zst) only")
        groups[compression].append(path)
    selects = []
    for compression, paths in groups.items():
        options = (
            f"columns = {{'line': 'VARCHAR'}}, auto_detect = false, header = false, delim = {text(NO_DELIMITER)}, quote = '', "
            f"escape = '', skip = {skip}, compression = {text(compression)}"
        )
        selects.append(f"select coalesce(line, '') as line, {name(PATH)} from {_from('read_csv', paths, options)}")
    return " union all ".join(selects)


def _parsed(value: str, kind: exp.DataType, failure: str = "null") -> str:
    """Return a text's value of a scalar type.

    :param failure: what else where it is not of that type's form
    """
    plain = _plain(kind)
    if kind.is_type(*exp.DataType.TEXT_TYPES):
        return value
    if plain not in FORMS:
        raise not_supported(f"{kind.sql('duckdb')} in a text file")
    cast = f"try_cast({value} as {'timestamp_ms' if plain == 'TIMESTAMP' else kind.sql('duckdb')})"
    found = f"case when regexp_full_match({value}, {text(FORMS[plain])}) then {cast} end"
    return f"case when {value} is not null then cast(coalesce({found}, {failure}) as {kind.sql('duckdb')}) end"


def _bad_data(value: str, position: int) -> str:
    """Return the expression that fails with Athena's words for a text that is not of its type."""
    words = f"HIVE_BAD_DATA: Error parsing field value ''' || {value} || ''' for field {position}: For input string: \""
    return f"error('{words}' || {value} || '\"')"


def _text(options: Mapping[str, str], columns: Sequence[Column], lines: str) -> str:
    """Return the SELECT of LazySimpleSerDe: what is not of its type is null."""
    field = options.get("field.delim") or options.get("serialization.format") or "\x01"
    given = [
        field,
        options.get("collection.delim", options.get("colelction.delim", "\x02")),
        options.get("mapkey.delim", "\x03"),
    ]
    separators = [_character(item) for item in given] + [chr(level) for level in range(4, 9)]
    escape = _character(options["escape.delim"]) if options.get("escape.delim") else ""
    null = text(options.get("serialization.null.format", "\\N"))

    def split(value: str, level: int) -> str:
        separator = separators[level]
        if not escape:
            return f"string_split({value}, {text(separator)})"
        part = rf"((?:[^{_within(separator + escape)}]|{_literally(escape)}.)*){_literally(separator)}"
        return f"regexp_extract_all({value} || {text(separator)}, {text(part)}, 1)"

    def unescaped(value: str) -> str:
        if not escape:
            return value
        refused = " or ".join(f"contains({value}, {text(escape + letter)})" for letter in "nr")
        refusal = f"error({text(str(not_supported('escaped line breaks in text files')))})"
        return f"case when {refused} then {refusal} else regexp_replace({value}, {text(_literally(escape) + '(.)')}, '\\1', 'g') end"

    def read(value: str, kind: exp.DataType, level: int) -> str:
        parts, part = f"parts_{level}", f"part_{level}"
        if kind.is_type(exp.DType.ARRAY):
            item = read(part, kind.expressions[0], level + 1)
            found = f"list_transform({split(value, level)}, lambda {part}: {item})"
        elif kind.is_type(exp.DType.MAP):
            key, item = (
                read(part, inner, level + 2)
                for part, inner in zip((f"{parts}[1]", f"{parts}[2]"), kind.expressions, strict=True)
            )
            pairs = f"list_transform({split(value, level)}, lambda {part}: {split(part, level + 1)})"
            entries = f"list_transform({pairs}, lambda {parts}: {{'key': {key}, 'value': {item}}})"
            found = f"map_from_entries(list_filter({entries}, lambda {part}: {part}.key is not null))"
        elif kind.is_type(exp.DType.STRUCT):
            fields = [
                f"{name(field.name)} := {read(f'{parts}[{i}]', field.args['kind'], level + 1)}"
                for i, field in enumerate(kind.expressions, start=1)
            ]
            found = f"list_transform([{split(value, level)}], lambda {parts}: struct_pack({', '.join(fields)}))[1]"
        else:
            return _parsed(unescaped(f"nullif({value}, {null})"), kind)
        empty = f"cast({'map {}' if kind.is_type(exp.DType.MAP) else 'null' if kind.is_type(exp.DType.STRUCT) else '[]'} as {kind.sql('duckdb')})"
        return (
            f"case when {value} is null or {value} = {null} then null when {value} = '' then {empty} else {found} end"
        )

    items = [f"{read(f'fields[{column.position + 1}]', column.kind, 1)} as {name(column.name)}" for column in columns]
    return f"select {', '.join([name(PATH), *items])} from (select {split('line', 0)} as fields, {name(PATH)} from ({lines}))"


def _csv(options: Mapping[str, str], columns: Sequence[Column], lines: str) -> str:
    """Return the SELECT of OpenCSVSerde.

    A text is read as its column's type, dates as days and timestamps as milliseconds since 1970; what is not of its type
    fails, an empty text too. Quotes within a field that has none around it are refused: that SerDe's rules for them
    surprise.
    """
    given = (("separatorChar", ","), ("quoteChar", '"'), ("escapeChar", "\\"))
    separator, quote, escape = ((options.get(option) or default)[0] for option, default in given)
    marks = _within(quote + escape)
    quoted = f"{_literally(quote)}(?:[^{marks}]|{_literally(escape)}.|{_literally(quote * 2)})*{_literally(quote)}"
    field = f"{quoted}|[^{_within(separator)}{marks}]*"
    whole, each = f"(?s)(?:(?:{field}){_literally(separator)})*", f"(?s)({field}){_literally(separator)}"
    ended = f"line || {text(separator)}"
    refusal = str(not_supported("quotes or escapes in this place of a CSV line: "))
    fields = (
        f"case when line = '' then [] when regexp_full_match({ended}, {text(whole)}) "
        f"then regexp_extract_all({ended}, {text(each)}, 1) else error({text(refusal)} || line) end"
    )
    bare = (
        f"list_transform({fields}, lambda field: case when field[1] = {text(quote)} "
        f"then regexp_replace(field[2:-2], {text(f'(?s)[{marks}](.)')}, '\\1', 'g') else field end)"
    )
    items = [f"{_csv_value(column)} as {name(column.name)}" for column in columns]
    return f"select {', '.join([name(PATH), *items])} from (select {bare} as fields, {name(PATH)} from ({lines}))"


def _csv_value(column: Column) -> str:
    value, kind = f"fields[{column.position + 1}]", _plain(column.kind)
    failure = _bad_data(value, column.position)
    if kind in ("DATE", "TIMESTAMP"):
        number = _parsed(value, exp.DataType.build("bigint"), failure)
        return f"date '1970-01-01' + cast({number} as integer)" if kind == "DATE" else f"epoch_ms({number})"
    if kind == "DECIMAL" or column.kind.args.get("nested"):
        raise not_supported(f"the type {column.hive} of {column.name} in CSV files: declare a string, and cast it")
    return _parsed(value, column.kind, failure)


def _character(option: str) -> str:
    """Return a delimiter: a character, or its number."""
    return chr(int(option) % 256) if option.lstrip("-").isdigit() else option[0]


def _literally(letters: str) -> str:
    return "".join(f"\\x{{{ord(letter):x}}}" for letter in letters)


_within = _literally  # in a pattern's brackets, too


def _hive_json(options: Mapping[str, str]) -> dict[str, str]:
    """Return Hive's own JSON SerDe's options in the words of the OpenX one, which has more."""
    return {option: options[option] for option in ("ignore.malformed.json",) if option in options}


def _json(
    connection: duckdb.DuckDBPyConnection, options: Mapping[str, str], columns: Sequence[Column], lines: str
) -> str:
    """Return the SELECT of the JSON SerDes: one object a line, whose keys may be spelled with capitals.

    DuckDB looks keys up as they are spelled. So the spellings are found first, in one pass over the files.
    """
    on = {option: options.get(option, default).lower() == "true"
          for option, default in (("case.insensitive", "true"), ("dots.in.keys", "false"), ("ignore.malformed.json", "false"))}  # fmt: skip
    refusal = "error('HIVE_CURSOR_ERROR: Row is not a valid JSON Object: ' || line)"
    is_object = "json_valid(line) and starts_with(ltrim(line), '{')"
    otherwise = "null" if on["ignore.malformed.json"] else refusal
    objects = f"select case when trim(line) = '' then null when {is_object} then line else {otherwise} end as line, {name(PATH)} from ({lines})"
    [(structure,)] = connection.execute(f"select json_group_structure(cast(line as json)) from ({objects})").fetchall()

    def plain(key: str) -> str:
        key = key.replace(".", "_") if on["dots.in.keys"] else key
        return key.lower() if on["case.insensitive"] else key

    def spelling(keys: Mapping[str, Any], wanted: str) -> str | None:
        found = [key for key in keys if plain(key) == plain(wanted)]
        if len(found) > 1:
            raise not_supported(f"JSON keys that differ in capitals or dots only: {', '.join(sorted(found))}")
        return found[0] if found else None

    def read(value: str, kind: exp.DataType, held: Any, column: Column, depth: int = 0) -> str:
        """Return a JSON value as a type; ``held`` is the structure that such values have."""
        item, sql = f"item_{depth}", kind.sql("duckdb")
        if not kind.args.get("nested"):
            return _json_scalar(value, kind, column)
        if held == "JSON":
            raise not_supported(f"JSON values of more than one kind in {column.name}, declared {sql}")
        if kind.is_type(exp.DType.STRUCT):
            keys, fields = (held if isinstance(held, dict) else {}), []
            for field in kind.expressions:
                key = spelling(keys, field.name)
                got = (
                    "null"
                    if key is None
                    else read(
                        f"json_extract({item}, {text(_pointer(key))})", field.args["kind"], keys[key], column, depth + 1
                    )
                )
                fields.append(f"{name(field.name)} := cast({got} as {field.args['kind'].sql('duckdb')})")
            found, shape = f"struct_pack({', '.join(fields)})", "OBJECT"
        elif kind.is_type(exp.DType.MAP):
            inner = read(
                f"value_{depth}",
                kind.expressions[1],
                _merged(list(held.values())) if isinstance(held, dict) else None,
                column,
                depth + 1,
            )
            keys_read = _parsed(f"key_{depth}", kind.expressions[0], _bad_data(f"key_{depth}", column.position))
            found = (
                f"map(list_transform(json_keys({item}), lambda key_{depth}: {keys_read}), "
                f"list_transform(json_extract({item}, '$.*'), lambda value_{depth}: {inner}))"
            )
            shape = "OBJECT"
        else:
            inner = read(
                f"value_{depth}",
                kind.expressions[0],
                held[0] if isinstance(held, list) and held else None,
                column,
                depth + 1,
            )
            found, shape = f"list_transform(json_extract({item}, '$[*]'), lambda value_{depth}: {inner})", "ARRAY"
        refused = f"error('HIVE_BAD_DATA: ' || {text(column.name)} || ' is no {sql.replace(chr(39), '')}: ' || {item})"
        chosen = f"case json_type({item}) when '{shape}' then {found} when 'NULL' then null else {refused} end"
        return f"case when {value} is not null then list_transform([{value}], lambda {item}: cast({chosen} as {sql}))[1] end"

    shapes = json.loads(structure) if structure else {}
    shapes = shapes if isinstance(shapes, dict) else {}
    paths, items = [], []
    for column in columns:
        key = options.get(f"mapping.{column.name}", column.name)
        spelled = spelling(shapes, key)
        if spelled is None:
            items.append(f"cast(null as {column.kind.sql('duckdb')}) as {name(column.name)}")
            continue
        paths.append(_pointer(spelled))
        items.append(f"{read(f'found[{len(paths)}]', column.kind, shapes[spelled], column)} as {name(column.name)}")
    found = f"json_extract(line, {_list(paths)})" if paths else "line"
    return f"select {', '.join([name(PATH), *items])} from (select {found} as found, {name(PATH)} from ({objects}))"


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _merged(structures: Sequence[Any]) -> Any:
    """Return the structure that a map's values have in common."""
    found = [item for item in structures if item != "NULL"]
    if found and all(isinstance(item, dict) for item in found):
        keys = {key for item in found for key in item}
        return {key: _merged([item[key] for item in found if key in item]) for key in keys}
    if found and all(isinstance(item, list) for item in found):
        return [_merged([inner for item in found for inner in item])]
    return "JSON" if any(item != found[0] for item in found) else next(iter(found), None)


def _json_scalar(value: str, kind: exp.DataType, column: Column) -> str:
    """Return a JSON value as a scalar type; DuckDB reads a number as a double, and so could change it."""
    string = f"({value} ->> '$')"
    if kind.is_type(*exp.DataType.TEXT_TYPES) or kind.is_type(exp.DType.DECIMAL):
        digits = int(kind.expressions[0].name) if kind.is_type(exp.DType.DECIMAL) else JSON_DIGITS + 1
        if digits > JSON_DIGITS:
            refusal = text(
                str(not_supported(f"JSON numbers with a point in {column.name}, declared {kind.sql('duckdb')}"))
            )
            string = f"case when contains(cast(json_structure({value}) as varchar), '\"DOUBLE\"') then error({refusal}) else {string} end"
    if kind.is_type(exp.DType.BOOLEAN):
        return f"lower({string}) = 'true'"
    if _plain(kind) == "TIMESTAMP":
        return _json_moment(string, column.position)
    return _parsed(string, kind, _bad_data(string, column.position))


def _json_moment(value: str, position: int) -> str:
    """Return the UTC time of an ISO text, or of seconds (up to 12 digits) or milliseconds since 1970."""
    iso = rf"{DAY}[T ]{TIME}([Zz]|[+-]\d\d:?\d\d)?"
    found = (
        f"case when regexp_full_match({value}, {text(iso)}) then cast(try_cast({value} as timestamptz) as timestamp_ms) "
        rf"when regexp_full_match({value}, '[+-]?\d{{13,18}}') then epoch_ms(cast({value} as bigint)) "
        rf"when regexp_full_match({value}, '[+-]?\d{{1,12}}(\.\d+)?') "
        f"then epoch_ms(cast(floor(cast({value} as decimal(38,9)) * 1000) as bigint)) end"
    )
    return f"case when {value} is not null then cast(coalesce({found}, {_bad_data(value, position)}) as timestamp) end"

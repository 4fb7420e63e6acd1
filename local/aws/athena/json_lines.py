"""Lines of JSON as the OpenX and the Hive SerDe read them: one object each, whose keys may be spelled with capitals.

DuckDB looks keys up as they are spelled. So the spellings are found first, in one pass over the files.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from local.aws.athena.columns import DAY, TIME, Column, bad_data, fields, name, parsed, plain, text
from local.aws.athena.errors import not_supported

DIGITS = 15  # of a JSON number that DuckDB, which reads a double, keeps exactly


def objects(options: Mapping[str, str]) -> str:
    """Return a line if it is an object; null for a blank one, and for others if the options want them ignored."""
    refusal = "error('HIVE_CURSOR_ERROR: Row is not a valid JSON Object: ' || line)"
    otherwise = "null" if options.get("ignore.malformed.json", "").lower() == "true" else refusal
    is_object = "json_valid(line) and starts_with(ltrim(line), '{')"
    return f"case when trim(line) = '' then null when {is_object} then line else {otherwise} end"


class JsonLines:
    """Objects, as their structure is known.

    :param options: the OpenX SerDe's; none for Hive's, which has none of these
    :param structure: DuckDB's description of all objects: nested keys, and names of types
    """

    def __init__(self, options: Mapping[str, str], structure: Any) -> None:
        self._options = options
        self._structure = structure if isinstance(structure, dict) else {}

    def values(self, columns: Sequence[Column]) -> tuple[list[str], list[str]]:
        """Return the pointers to what the columns need of a line, and each column's value of what is found there."""
        pointers, values = [], []
        for column in columns:
            key = self._spelling(self._structure, self._options.get(f"mapping.{column.name}", column.name))
            if key is None:
                values.append("null")
            else:
                pointers.append(_pointer(key))
                values.append(self._read(f"parts[{len(pointers)}]", column.kind, self._structure[key], column))
        return pointers, values

    def _spelling(self, keys: Mapping[str, Any], wanted: str) -> str | None:
        """Return a key as the files spell it; None if they do not have it."""
        found = [key for key in keys if self._plain(key) == self._plain(wanted)]
        if len(found) > 1:
            raise not_supported(f"JSON keys that differ in capitals or dots only: {', '.join(sorted(found))}")
        return found[0] if found else None

    def _plain(self, key: str) -> str:
        key = key.replace(".", "_") if self._options.get("dots.in.keys", "").lower() == "true" else key
        return key if self._options.get("case.insensitive", "").lower() == "false" else key.lower()

    def _read(self, value: str, kind: exp.DataType, held: Any, column: Column, depth: int = 0) -> str:
        """Return a JSON value as a type.

        :param held: the structure of the values there
        """
        if not kind.args.get("nested"):
            return _scalar(value, kind, column)
        item, inner, sql = f"item_{depth}", f"inner_{depth}", kind.sql("duckdb")
        if kind.is_type(exp.DType.STRUCT):
            keys, parts = held if isinstance(held, dict) else {}, []
            for field, wanted in fields(kind):
                key, got = self._spelling(keys, field), "null"
                if key is not None:
                    got = self._read(
                        f"json_extract({item}, {text(_pointer(key))})", wanted, keys[key], column, depth + 1
                    )
                parts.append(f"{name(field)} := cast({got} as {wanted.sql('duckdb')})")
            shape, found = "OBJECT", f"struct_pack({', '.join(parts)})"
        elif kind.is_type(exp.DType.MAP):
            merged = _merged(list(held.values())) if isinstance(held, dict) else None
            got = self._read(inner, kind.expressions[1], merged, column, depth + 1)
            keys_got = f"list_transform(json_keys({item}), lambda {inner}: {parsed(inner, kind.expressions[0], bad_data(inner, column))})"
            shape, found = (
                "OBJECT",
                f"map({keys_got}, list_transform(json_extract({item}, '$.*'), lambda {inner}: {got}))",
            )
        else:
            got = self._read(
                inner, kind.expressions[0], held[0] if isinstance(held, list) and held else None, column, depth + 1
            )
            shape, found = "ARRAY", f"list_transform(json_extract({item}, '$[*]'), lambda {inner}: {got})"
        if held == "JSON":  # of more than one kind, or empty: their keys are not known
            refusal = text(
                str(not_supported(f"JSON values of more than one kind in {column.name}, declared {column.hive}"))
            )
            found = f"case when {item} in ('{{}}', '[]') then {found} else error({refusal}) end"
        refused = f"error('HIVE_BAD_DATA: ' || {text(f'{column.name} is declared {sql}: ')} || {item})"
        chosen = f"case json_type({item}) when '{shape}' then {found} when 'NULL' then null else {refused} end"
        return f"case when {value} is not null then list_transform([{value}], lambda {item}: cast({chosen} as {sql}))[1] end"


def _scalar(value: str, kind: exp.DataType, column: Column) -> str:
    string = f"({value} ->> '$')"
    exact = kind.is_type(*exp.DataType.TEXT_TYPES) or (
        kind.is_type(exp.DType.DECIMAL) and int(kind.expressions[0].name) > DIGITS
    )
    if exact:
        refusal = text(str(not_supported(f"JSON numbers with a point in {column.name}, declared {column.hive}")))
        has_doubles = f"contains(cast(json_structure({value}) as varchar), '\"DOUBLE\"')"
        string = f"case when {has_doubles} then error({refusal}) else {string} end"
    if kind.is_type(exp.DType.BOOLEAN):
        return f"lower({string}) = 'true'"
    return _moment(string, column) if plain(kind) == "TIMESTAMP" else parsed(string, kind, bad_data(string, column))


def _moment(value: str, column: Column) -> str:
    """Return the UTC time of an ISO text, or of seconds (up to 12 digits) or milliseconds since 1970."""
    iso = rf"{DAY}[T ]{TIME}([Zz]|[+-]\d\d:?\d\d)?"
    found = (
        f"case when regexp_full_match({value}, {text(iso)}) then cast(try_cast({value} as timestamptz) as timestamp_ms) "
        rf"when regexp_full_match({value}, '[+-]?\d{{13,18}}') then epoch_ms(cast({value} as bigint)) "
        rf"when regexp_full_match({value}, '[+-]?\d{{1,12}}(\.\d+)?') "
        f"then epoch_ms(cast(floor(cast({value} as decimal(38,9)) * 1000) as bigint)) end"
    )
    return f"case when {value} is not null then cast(coalesce({found}, {bad_data(value, column)}) as timestamp) end"


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

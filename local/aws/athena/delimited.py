"""Lines of text as LazySimpleSerDe and OpenCSVSerde read them: the value of each column, in DuckDB's words."""

from collections.abc import Mapping

from sqlglot import exp

from local.aws.athena.columns import Column, bad_data, fields, name, parsed, plain, text
from local.aws.athena.errors import not_supported


class LazyText:
    """Lines of LazySimpleSerDe: what is not of its type is null.

    :param options: the SerDe's; a delimiter is a character or its number
    """

    def __init__(self, options: Mapping[str, str]) -> None:
        defaults = {"collection.delim": options.get("colelction.delim") or "\2", "mapkey.delim": "\3"}
        given = [options.get("field.delim") or options.get("serialization.format") or "\1"]
        given += [options.get(option) or default for option, default in defaults.items()]
        self._separators = [_character(item) for item in given] + [chr(level) for level in range(4, 9)]
        self._escape = _character(options["escape.delim"]) if options.get("escape.delim") else ""
        self._null = text(options.get("serialization.null.format", "\\N"))

    def split(self, value: str, level: int = 0) -> str:
        """Return the parts of a text at a level of nesting."""
        separator = self._separators[level]
        if not self._escape:
            return f"string_split({value}, {text(separator)})"
        part = f"((?:[^{_code(separator + self._escape)}]|{_code(self._escape)}.)*){_code(separator)}"
        return f"regexp_extract_all({value} || {text(separator)}, {text(part)}, 1)"

    def value(self, column: Column) -> str:
        """Return a column's value."""
        return self._read(f"parts[{column.position + 1}]", column.kind, 1)

    def _read(self, value: str, kind: exp.DataType, level: int) -> str:
        parts, part, sql = f"parts_{level}", f"part_{level}", kind.sql("duckdb")
        if kind.is_type(exp.DType.ARRAY):
            item = self._read(part, kind.expressions[0], level + 1)
            found, empty = f"list_transform({self.split(value, level)}, lambda {part}: {item})", "[]"
        elif kind.is_type(exp.DType.MAP):
            key, item = (
                self._read(f"{parts}[{i}]", inner, level + 2) for i, inner in enumerate(kind.expressions, start=1)
            )
            pairs = f"list_transform({self.split(value, level)}, lambda {part}: {self.split(part, level + 1)})"
            entries = f"list_transform({pairs}, lambda {parts}: {{'key': {key}, 'value': {item}}})"
            found = f"map_from_entries(list_filter({entries}, lambda {part}: {part}.key is not null))"
            empty = "map {}"
        elif kind.is_type(exp.DType.STRUCT):
            items = [
                f"{name(field)} := {self._read(f'{parts}[{i}]', inner, level + 1)}"
                for i, (field, inner) in enumerate(fields(kind), start=1)
            ]
            found = f"list_transform([{self.split(value, level)}], lambda {parts}: struct_pack({', '.join(items)}))[1]"
            empty = "null"
        else:
            return parsed(self._unescaped(f"nullif({value}, {self._null})"), kind)
        filled = f"when {value} = '' then cast({empty} as {sql}) else {found}"
        return f"case when {value} is null or {value} = {self._null} then null {filled} end"

    def _unescaped(self, value: str) -> str:
        if not self._escape:
            return value
        refusal = text(str(not_supported("escaped line breaks in text files")))
        refused = " or ".join(f"contains({value}, {text(self._escape + letter)})" for letter in "nr")
        bare = f"regexp_replace({value}, {text(f'{_code(self._escape)}(.)')}, '\\1', 'g')"
        return f"case when {refused} then error({refusal}) else {bare} end"


class Csv:
    """Lines of OpenCSVSerde.

    A text is read as its column's type, dates as days and timestamps as milliseconds since 1970; what is not of its type
    fails, an empty text too. Quotes within a field that has none around it are refused: that SerDe's rules for them
    surprise.
    """

    def __init__(self, options: Mapping[str, str]) -> None:
        given = (("separatorChar", ","), ("quoteChar", '"'), ("escapeChar", "\\"))
        self._separator, self._quote, escape = ((options.get(option) or default)[0] for option, default in given)
        self._marks, mark = _code(self._quote + escape), _code(self._quote)
        quoted = f"{mark}(?:[^{self._marks}]|{_code(escape)}.|{mark}{mark})*{mark}"
        self._field = f"{quoted}|[^{_code(self._separator)}{self._marks}]*"

    def split(self, line: str) -> str:
        """Return the fields of a line."""
        ended, end = f"{line} || {text(self._separator)}", _code(self._separator)
        refusal = text(str(not_supported("quotes or escapes in this place of a CSV line: ")))
        known = f"regexp_full_match({ended}, {text(f'(?s)(?:(?:{self._field}){end})*')})"
        found = f"regexp_extract_all({ended}, {text(f'(?s)({self._field}){end}')}, 1)"
        parts = f"case when {line} = '' then [] when {known} then {found} else error({refusal} || {line}) end"
        bare = f"regexp_replace(part[2:-2], {text(f'(?s)[{self._marks}](.)')}, '\\1', 'g')"
        return (
            f"list_transform({parts}, lambda part: case when part[1] = {text(self._quote)} then {bare} else part end)"
        )

    def value(self, column: Column) -> str:
        """Return a column's value."""
        value, kind = f"parts[{column.position + 1}]", plain(column.kind)
        number = parsed(value, exp.DataType.build("bigint"), bad_data(value, column))
        if kind == "DATE":
            return f"date '1970-01-01' + cast({number} as integer)"
        if kind == "TIMESTAMP":
            return f"epoch_ms({number})"
        if kind == "DECIMAL" or column.kind.args.get("nested"):
            raise not_supported(f"the type {column.hive} of {column.name} in CSV files: declare a string, and cast it")
        return parsed(value, column.kind, bad_data(value, column))


def _character(option: str) -> str:
    return chr(int(option) % 256) if option.lstrip("-").isdigit() else option[0]


def _code(letters: str) -> str:
    """Return letters for a regular expression, also for its brackets."""
    return "".join(f"\\x{{{ord(letter):x}}}" for letter in letters)

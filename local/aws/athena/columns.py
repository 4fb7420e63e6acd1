"""Columns as files declare them, and the texts in files as values of their types.

Names, paths and texts come from whoever wrote the catalog and the files: they enter a statement of DuckDB's through
`name` and `text` only.
"""

from sqlglot import exp

from local.aws.athena.errors import not_supported
from local.aws.athena.values import duck_type

# What a file may hold where another type is declared: wider is fine.
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

    :param hive: its Hive type; ``kind`` is DuckDB's
    :param position: its place among the columns, from 0
    """

    def __init__(self, name: str, hive: str, position: int) -> None:
        self.name, self.hive, self.position = name, hive, position
        self.kind = exp.DataType.build(duck_type(hive), dialect="duckdb")


def name(identifier: str) -> str:
    """Return an identifier as SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a text as SQL."""
    return "'" + value.replace("'", "''") + "'"


def plain(kind: exp.DataType) -> str:
    """Return a type's name without what it is made of."""
    return str(kind.this.name).removesuffix("NTZ")


def fields(kind: exp.DataType) -> list[tuple[str, exp.DataType]]:
    """Return the names and types of a struct's fields."""
    return [(field.name, field.args["kind"]) for field in kind.expressions]


def readable(found: exp.DataType, wanted: exp.DataType) -> bool:
    """Return whether a type's values may be read as another's: it is the same, or wider; fields go by name."""
    if wanted.is_type(exp.DType.STRUCT) and found.is_type(exp.DType.STRUCT):
        held = {field.lower(): kind for field, kind in fields(found)}
        return all(readable(held.get(field.lower(), kind), kind) for field, kind in fields(wanted))
    if wanted.is_type(exp.DType.DECIMAL) and found.is_type(exp.DType.DECIMAL):
        (had, had_scale), (has, has_scale) = ([int(item.name) for item in kind.expressions] for kind in (found, wanted))
        return has_scale >= had_scale and has - has_scale >= had - had_scale
    if found.expressions and found.this == wanted.this and len(found.expressions) == len(wanted.expressions):
        return all(map(readable, found.expressions, wanted.expressions))
    return found == wanted or plain(found) in WIDENINGS.get(plain(wanted), ())


def parsed(value: str, kind: exp.DataType, failure: str = "null") -> str:
    """Return a text's value of a scalar type.

    :param failure: what else where it is not of that type's form
    :raises QueryFailed: texts of that type are beyond what the local Athena supports
    """
    if kind.is_type(*exp.DataType.TEXT_TYPES):
        return value
    sql, form = kind.sql("duckdb"), FORMS.get(plain(kind))
    if form is None:
        raise not_supported(f"{sql} in a text file")
    cast = f"try_cast({value} as {'timestamp_ms' if plain(kind) == 'TIMESTAMP' else sql})"
    found = f"case when regexp_full_match({value}, {text(form)}) then {cast} end"
    return f"case when {value} is not null then cast(coalesce({found}, {failure}) as {sql}) end"


def bad_data(value: str, column: Column) -> str:
    """Return the expression that fails with Athena's words for a text that is not of its column's type."""
    start = f"HIVE_BAD_DATA: Error parsing field value ''' || {value} || ''' for field {column.position}: "
    return f"error('{start}For input string: \"' || {value} || '\"')"

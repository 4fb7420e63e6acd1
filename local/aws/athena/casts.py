"""How values change their type: CAST as Trino does it, and the coercions, which are casts too."""

from sqlglot import exp

from local.aws.athena import types
from local.aws.athena.errors import QueryFailed, not_supported
from local.aws.athena.raw import raw
from local.aws.athena.types import INTEGERS, JSON, MOMENTS, UNKNOWN, VARCHAR, Type

FLOATS = ("real", "double")
ZONED = MOMENTS[2]

# What a text must look like to be cast: DuckDB takes more than Trino, e.g. 1.5 or a blank for an integer.
FORMS = {
    **dict.fromkeys(INTEGERS, r"[+-]?\d+"),
    **dict.fromkeys(FLOATS, r"\s*[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|NaN|Infinity)\s*"),
    "decimal": r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?",
    "date": r"\s*\d{4}-\d{1,2}-\d{1,2}\s*",
    "timestamp": r"\d{4}-\d{1,2}-\d{1,2}( \d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?",
    "boolean": r"(?i)true|t|1|false|f|0",
}
# (family, family) → DuckDB's words, in which {=} is DuckDB's type and {type} Trino's.
CASTS = {
    **dict.fromkeys((("exact", kind) for kind in ("exact", "float")), "cast({0} as {=})"),
    ("exact", "boolean"): "({0} <> 0)",
    ("decimal", "varchar"): "decimal_text({0})",
    ("exact", "varchar"): "cast({0} as varchar)",
    ("float", "integer"): "cast(round({0}) as {=})",
    ("float", "float"): "cast({0} as {=})",
    ("float", "decimal"): "cast(cast({0} as varchar) as {=})",
    ("float", "boolean"): "({0} <> 0)",
    ("float", "varchar"): "float_text({0})",
    **dict.fromkeys((("boolean", kind) for kind in ("exact", "float", "varchar")), "cast({0} as {=})"),
    **dict.fromkeys((("varchar", kind) for kind in FORMS), "cast(checked({0}, '{form}', '{type}') as {=})"),
    ("varchar", "timestamp"): "milliseconds(cast(checked({0}, '{form}', '{type}') as {=}))",
    ("varchar", "varbinary"): "encode({0})",
    ("date", "timestamp"): "cast({0} as timestamp)",
    ("date", ZONED): "at_zone(cast({0} as timestamp), 'UTC')",
    ("date", "varchar"): "strftime({0}, '%Y-%m-%d')",
    ("timestamp", "date"): "cast({0} as date)",
    ("timestamp", ZONED): "at_zone({0}, 'UTC')",
    ("timestamp", "varchar"): "strftime({0}, '%Y-%m-%d %H:%M:%S{fraction}')",
    (ZONED, "timestamp"): "wall({0})",
    (ZONED, "date"): "cast(wall({0}) as date)",
    (ZONED, "varchar"): "(strftime(wall({0}), '%Y-%m-%d %H:%M:%S{fraction}') || ' ' || struct_extract({0}, '$zone'))",
}
FRACTIONS = {0: "", 3: ".%g"}
# JSON type in DuckDB → how a JSON value of it becomes one of a family, as Trino does it.
FROM_JSON = {
    "boolean": "case json_type({0}) when 'NULL' then null when 'BOOLEAN' then cast({0} as boolean) when 'VARCHAR' then {text}",
    "varchar": "case json_type({0}) when 'NULL' then null when 'VARCHAR' then json_extract_string({0}, '$') when 'BOOLEAN' then cast({0} as varchar) when 'BIGINT' then cast({0} as varchar) when 'UBIGINT' then cast({0} as varchar) when 'DOUBLE' then plain_number({0})",
    "number": "case json_type({0}) when 'NULL' then null when 'BIGINT' then {integer} when 'UBIGINT' then {integer} when 'DOUBLE' then {double} when 'BOOLEAN' then {boolean} when 'VARCHAR' then {text}",
}


def family(kind: Type) -> str:
    """Return the family of a type, within which casts are alike."""
    if kind.exact:
        return "exact"
    return "float" if kind.name in FLOATS else kind.name


def cast_of(node: exp.Expr, kind: Type, to: Type, *, literal: bool = False) -> exp.Expr:
    """Return a value's cast.

    :param literal: the value stands in the query
    :raises QueryFailed: Trino has no such cast, or the local Athena has not
    """
    if kind == to or (kind.name == to.name and to.name in ("timestamp", ZONED) and sum(to.of) >= sum(kind.of)):
        return node
    if to.name == "varchar" and to.of:
        if kind != VARCHAR:
            raise not_supported(f"casts of {kind} to {to}")
        return raw(f"left({{0}}, {to.of[0]})", node)
    if kind == UNKNOWN:
        return raw(f"cast({{0}} as {to.duck})", node)
    if to.name in ("timestamp", ZONED) and to.of[0] < 3 and not (literal or sum(kind.of) <= to.of[0]):
        raise not_supported(f"casts to {to}")
    if kind.name in ("array", "map", "row") and kind.name == to.name:
        return _nested(node, kind, to)
    if to == JSON:
        return raw("cast({0} as json)", to_json(node, kind))
    if kind == JSON:  # the words name it many times
        return raw("list_transform([{0}], lambda v: {1})[1]", node, from_json(raw("v"), to))
    return _simple(node, kind, to)


def _simple(node: exp.Expr, kind: Type, to: Type) -> exp.Expr:
    target = "integer" if to.name in INTEGERS else to.name
    options = ((kind.name, to.name), (family(kind), family(to)), (family(kind), target))
    words = next((CASTS[option] for option in options if option in CASTS), None)
    if words is None:
        if "interval" in kind.name + to.name or (kind, to.name) == (VARCHAR, ZONED):
            raise not_supported(f"casts of {kind} to {to}")
        raise QueryFailed("TYPE_MISMATCH", f"Cannot cast {kind} to {to}")
    if "{fraction}" in words:
        if sum(kind.of) not in FRACTIONS:
            raise not_supported(f"casts of {kind} to {to}")
        words = words.replace("{fraction}", FRACTIONS[sum(kind.of)])
    known = {"{=}": to.duck, "{type}": str(to), "{form}": FORMS.get(to.name, "")}
    for mark, text in known.items():
        words = words.replace(mark, text.replace("{", "\x01"))
    made = raw(words, node)
    made.set("words", made.args["words"].replace("\x01", "{"))
    return made


def _nested(node: exp.Expr, kind: Type, to: Type) -> exp.Expr:
    if kind.name == "array":
        item = cast_of(raw("q"), kind.of[0], to.of[0])
        return raw(f"cast(list_transform({{0}}, lambda q: {{1}}) as {to.duck})", node, item)
    if kind.name == "map":
        key, value = (
            cast_of(raw(f"q.{part}"), a, b) for part, a, b in zip(("key", "value"), kind.of, to.of, strict=True)
        )
        words = "map_from_entries(list_transform(map_entries({0}), lambda q: struct_pack(k := {1}, v := {2})))"
        return raw(f"cast({words} as {to.duck})", node, key, value)
    if len(kind.of) != len(to.of):
        raise QueryFailed("TYPE_MISMATCH", f"Cannot cast {kind} to {to}")
    fields = [
        cast_of(raw(f"struct_extract({{0}}, '{name}')", node), had, has)
        for (name, had), (_, has) in zip(kind.of, to.of, strict=True)
    ]
    inner = ", ".join(f"{types.quoted(name)} := {{{i + 1}}}" for i, (name, _) in enumerate(to.of))
    return raw(f"case when {{0}} is not null then struct_pack({inner}) end", node, *fields)


def to_json(node: exp.Expr, kind: Type) -> exp.Expr:
    """Return the JSON text of a value; null where it is null."""
    if kind == JSON:
        return raw("cast({0} as varchar)", node)
    if kind.exact or kind.name == "boolean":
        return cast_of(node, kind, VARCHAR)
    if kind.name == "double":
        return raw("plain_number(cast(cast({0} as varchar) as json))", node)
    if kind.name in ("varchar", "date", "timestamp"):
        return raw("cast(to_json({0}) as varchar)", node if kind == VARCHAR else cast_of(node, kind, VARCHAR))
    if kind.name == "array":
        item = to_json(raw("j"), kind.of[0])
        return raw(
            "('[' || array_to_string(list_transform({0}, lambda j: coalesce({1}, 'null')), ',') || ']')", node, item
        )
    if kind.name == "map" and kind.of[0].name in ("varchar", *INTEGERS):
        key, value = to_json(raw("cast(j.key as varchar)"), VARCHAR), to_json(raw("j.value"), kind.of[1])
        words = "list_transform(list_sort(map_entries({0})), lambda j: {1} || ':' || coalesce({2}, 'null'))"
        return raw(f"('{{' || array_to_string({words}, ',') || '}}')", node, key, value)
    if kind.name == "row":
        parts = [to_json(raw(f"struct_extract({{0}}, '{name}')", node), inner) for name, inner in kind.of]
        inner_words = " || ',' || ".join(
            f"'\"{name}\":' || coalesce({{{i + 1}}}, 'null')" for i, (name, _) in enumerate(kind.of)
        )
        return raw(f"case when {{0}} is not null then '{{' || {inner_words} || '}}' end", node, *parts)
    raise not_supported(f"casts of {kind} to json")


def from_json(node: exp.Expr, to: Type) -> exp.Expr:
    """Return the value of a JSON text; an error where it is of another kind."""
    error = f" when fails(true, no_cast({{0}}, '{to}')) then null end"
    if to.name == "array":
        item = from_json(raw("j"), to.of[0])
        words = "case json_type({0}) when 'NULL' then null when 'ARRAY' then list_transform(cast({0} as json[]), lambda j: {1})"
        return _converted(words, error, to, node, item)
    if to.name == "map" and to.of[0] == VARCHAR:
        item = from_json(raw("j.value"), to.of[1])
        words = "case json_type({0}) when 'NULL' then null when 'OBJECT' then map_from_entries(list_transform(map_entries(cast({0} as map(varchar, json))), lambda j: struct_pack(k := j.key, v := {1})))"
        return _converted(words, error, to, node, item)
    if to.name == "row":
        paths = [*(f'."{name}"' for name, _ in to.of), *(f"[{i}]" for i in range(len(to.of)))]
        items = [from_json(raw(f"json_extract({{0}}, '${path}')", node), kind)
                 for path, (_, kind) in zip(paths, to.of * 2, strict=True)]  # fmt: skip
        named, placed = (
            ", ".join(f"{types.quoted(name)} := {{{i + start}}}" for i, (name, _) in enumerate(to.of))
            for start in (1, len(to.of) + 1)
        )
        words = f"case json_type({{0}}) when 'NULL' then null when 'OBJECT' then struct_pack({named}) when 'ARRAY' then struct_pack({placed})"
        return _converted(words, error, to, node, *items)
    if to.name == "json":
        return node
    name = to.name if to.name in FROM_JSON else "number" if to.exact or to.name in FLOATS else ""
    if not name:
        raise not_supported(f"casts of json to {to}")
    casts = {"text": (raw("json_extract_string({0}, '$')", node), VARCHAR)}
    if name == "number":
        casts |= {
            "integer": (raw("cast({0} as decimal(20,0))", node), types.decimal(20, 0)),
            "double": (raw("cast({0} as double)", node), types.DOUBLE),
            "boolean": (raw("cast({0} as boolean)", node), types.BOOLEAN),
        }
    words, values = FROM_JSON[name], []
    for mark, (value, kind) in casts.items():
        if f"{{{mark}}}" in words:
            values.append(
                _simple(value, kind, to)
                if not (mark == "integer" and to.name == "decimal")
                else raw(f"cast({{0}} as {to.duck})", value)
            )
            words = words.replace(f"{{{mark}}}", f"{{{len(values)}}}")
    return _converted(words, error, to, node, *values)


def _converted(words: str, error: str, to: Type, *nodes: exp.Expr) -> exp.Expr:
    head, _, branches = words.partition("case json_type({0})")
    whens = branches.replace(" when '", " when json_type({0}) = '")
    return raw(f"cast({head}case{whens}{error} as {to.duck})", *nodes)

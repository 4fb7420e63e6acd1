"""Statements that tell what is in the catalog, line by line as Hive prints it."""

import re
import uuid
from collections.abc import Callable, Iterable

from local.aws.athena import entries, views
from local.aws.athena.ddl import Change, Place, lines_of
from local.aws.athena.entries import Document
from local.aws.athena.errors import not_supported, task_error
from local.aws.athena.words import Name, Words
from local.aws.seam import Refused

HEAD = "# col_name            \tdata_type           \tcomment             "
WIDTH = 20  # to which Hive fills a field with blanks


def _pattern(words: Words, *, anything: str) -> Callable[[str], bool]:
    """Read what a name has to look like: a regular expression.

    :param anything: what ``*`` stands for
    """
    like = words.take("like")
    pattern = words.text() if like or words.left() else "*"
    words.end()
    pattern = ".*" if pattern == "*" else re.sub(r"(?<!\.)\*", lambda _: anything, pattern)
    try:
        return re.compile(pattern).fullmatch  # type: ignore[return-value]
    except re.error as error:
        raise task_error(f"MetaException(message:Invalid pattern {pattern}: {error})") from error


def show_databases(words: Words, _: Place) -> Change:
    """SHOW DATABASES."""
    fits = _pattern(words, anything="*")
    return lines_of(["database_name"], lambda: sorted(filter(fits, entries.databases())))


def show_tables(words: Words, place: Place) -> Change:
    """SHOW TABLES."""
    database = words.name() if words.take("in") or words.take("from") else place.database
    fits = _pattern(words, anything=".*")
    return lines_of(["tab_name"], lambda: [table["Name"] for table in entries.tables(database) if fits(table["Name"])])


def show_views(words: Words, place: Place) -> Change:
    """SHOW VIEWS."""
    database = words.name() if words.take("in") or words.take("from") else place.database
    fits = _pattern(words, anything=".*")
    return lines_of(
        ["views"], lambda: [t["Name"] for t in entries.tables(database) if entries.is_view(t) and fits(t["Name"])]
    )


def show_partitions(words: Words, place: Place) -> Change:
    """SHOW PARTITIONS."""
    name = words.table(place.database)
    words.end()

    def lines() -> list[str]:
        keys = entries.key_names(entries.known(name))
        if not keys:
            raise task_error(f"Table {name.table} is not a partitioned table")
        return sorted(entries.folder(keys, values) for values in entries.partitions(name))

    return lines_of(["partition"], lines)


def show_columns(words: Words, place: Place) -> Change:
    """SHOW COLUMNS."""
    if not words.take("in"):
        words.need("from")
    name = words.table(place.database)
    if words.take("in") or words.take("from"):
        name = Name(words.name(), name.table)
    words.end()
    table = _described(name)
    if entries.is_view(table):
        return views.columns(table)
    return lines_of(["field"], lambda: [_field(column["Name"]) for column in entries.columns(table)])


def describe(words: Words, place: Place) -> Change:
    """DESCRIBE."""
    for word in ("formatted", "extended"):
        if words.take(word):
            raise not_supported(f"DESCRIBE {word.upper()}")
    name = words.table(place.database)
    words.end()
    table = _described(name)
    if entries.is_view(table):
        return views.columns(table)

    def lines() -> list[str]:
        keys = table.get("PartitionKeys") or []
        title = ["\t \t ", "# Partition Information\t \t ", HEAD, "\t \t "] if keys else []
        return [*map(_line, entries.columns(table)), *title, *map(_line, keys)]

    return lines_of(["col_name", "data_type", "comment"], lines)


def show_properties(words: Words, place: Place) -> Change:
    """SHOW TBLPROPERTIES."""
    name = words.table(place.database)
    wanted = words.listed(words.text) if words.left() else None
    words.end()

    def lines() -> list[str]:
        properties = entries.known(name).get("Parameters") or {}
        return [f"{key}\t{value}" for key, value in properties.items() if wanted is None or key in wanted]

    return lines_of(["prpt_name", "prpt_value"], lines)


def show_create_table(words: Words, place: Place) -> Change:
    """SHOW CREATE TABLE: a statement that makes the same table."""
    name = words.table(place.database)
    words.end()

    def lines() -> list[str]:
        table = entries.known(name)
        if entries.is_view(table):
            raise task_error(f"SHOW CREATE TABLE of a view: {name}; say SHOW CREATE VIEW")
        storage, keys = table["StorageDescriptor"], table.get("PartitionKeys") or []
        serde, properties = storage.get("SerdeInfo") or {}, dict(table.get("Parameters") or {})
        comment = properties.pop("comment", None)
        properties.pop("EXTERNAL", None)
        return [
            f"CREATE EXTERNAL TABLE `{name}`(",
            *_listed(map(_definition, storage.get("Columns") or [])),
            *([f"COMMENT {_text(comment)}"] if comment else []),
            *(["PARTITIONED BY ( ", *_listed(map(_definition, keys))] if keys else []),
            "ROW FORMAT SERDE ",
            f"  {_text(serde.get('SerializationLibrary', ''))} ",
            *_pairs("WITH SERDEPROPERTIES ( ", serde.get("Parameters") or {}),
            "STORED AS INPUTFORMAT ",
            f"  {_text(storage.get('InputFormat', ''))} ",
            "OUTPUTFORMAT ",
            f"  {_text(storage.get('OutputFormat', ''))}",
            "LOCATION",
            f"  {_text(storage.get('Location', ''))}",
            *_pairs("TBLPROPERTIES (", properties),
        ]

    return lines_of(["createtab_stmt"], lines)


def _described(name: Name) -> Document:
    """Return a table's entry; Athena refuses to describe what is not there before it becomes a query."""
    table = entries.find(name)
    if table is None:
        text = "Entity Not Found (Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException; Request ID: {}; Proxy: null)"
        raise Refused("InvalidRequestException", text.format(uuid.uuid4()), AthenaErrorCode="INVALID_INPUT")
    return table


def _field(text: str) -> str:
    return text.ljust(WIDTH)


def _line(column: dict[str, str]) -> str:
    return "\t".join(_field(text) for text in (column["Name"], column["Type"], column.get("Comment") or ""))


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + re.sub(r"[\x00-\x1f]", lambda match: f"\\u{ord(match[0]):04x}", escaped) + "'"


def _definition(column: dict[str, str]) -> str:
    comment = f" COMMENT {_text(column['Comment'])}" if column.get("Comment") else ""
    return f"`{column['Name']}` {column['Type']}{comment}"


def _pairs(title: str, pairs: dict[str, str]) -> list[str]:
    return [title, *_listed(f"{_text(key)}={_text(value)}" for key, value in pairs.items())] if pairs else []


def _listed(items: Iterable[str]) -> list[str]:
    *most, last = [*items] or [""]
    return [*(f"  {item}, " for item in most), f"  {last})"]

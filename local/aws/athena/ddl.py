"""Statements that change the catalog. Each function reads the words of one and returns what does it."""

import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from local.aws.athena import entries, objects
from local.aws.athena.entries import Document
from local.aws.athena.errors import Malformed, QueryFailed, not_supported, semantic_error, task_error
from local.aws.athena.values import duck_type
from local.aws.athena.words import CATALOG, Name, Words

DELIMITERS = {
    "fields terminated by": "field.delim",
    "escaped by": "escape.delim",
    "collection items terminated by": "collection.delim",
    "map keys terminated by": "mapkey.delim",
    "lines terminated by": "line.delim",
    "null defined as": "serialization.null.format",
}


@dataclass(frozen=True)
class Place:
    """Where a statement runs.

    :param database: what names without a database belong to
    :param output: where results go, without a last slash
    :param output_enforced: the workgroup says where, and insists
    """

    query_id: str
    database: str
    workgroup: str
    output: str
    output_enforced: bool


@dataclass(frozen=True)
class Change:
    """What a statement does.

    :param run: does it; returns the lines of its result
    :param columns: the result's columns
    :param subtype: its SubstatementType, where its first words do not tell
    """

    run: Callable[[], Awaitable[list[str]]]
    columns: Sequence[str] = ()
    subtype: str | None = None


def lines_of(columns: Sequence[str], lines: Callable[[], list[str]], subtype: str | None = None) -> Change:
    """Return what only tells something."""

    async def run() -> list[str]:
        return lines()

    return Change(run, columns, subtype)


def create_table(words: Words, place: Place) -> Change:
    """CREATE EXTERNAL TABLE."""
    quiet = words.take("if not exists")
    name, columns = words.table(place.database), words.columns()
    keys: list[dict[str, str]] = []
    serde: dict[str, str] = {}
    parameters: dict[str, str] = {}
    layout, library, location = entries.FORMATS["TEXTFILE"], None, None
    while words.left():
        if words.take("comment"):
            parameters["comment"] = words.text()
        elif words.take("partitioned by"):
            keys = words.columns()
        elif words.take("row format serde"):
            library = words.text()
        elif words.take("row format delimited"):
            while clause := next((clause for clause in DELIMITERS if words.take(clause)), None):
                serde[DELIMITERS[clause]] = words.text()
            serde["serialization.format"] = serde.get("field.delim", "1")
        elif words.take("with serdeproperties"):
            serde |= words.properties()
        elif words.take("stored as inputformat"):
            reader = words.text()
            words.need("outputformat")
            layout = (reader, words.text(), layout[2])
        elif words.take("stored as textfile"):
            layout = entries.FORMATS["TEXTFILE"]
        elif words.take("stored as parquet"):
            layout = entries.FORMATS["PARQUET"]
        elif words.take("stored as"):
            raise not_supported(f"tables stored as {words.name().upper()}: TEXTFILE and PARQUET only")
        elif words.take("location"):
            location = _location(words)
        elif words.take("tblproperties"):
            parameters |= words.properties()
        else:
            raise words.unexpected()
    if location is None:
        raise Malformed("No location was specified for table. An S3 location must be specified")
    if parameters.get("table_type", "").lower() == "iceberg":
        raise not_supported("Iceberg tables")
    _check_columns(columns + keys, columns + keys)

    async def run() -> list[str]:
        if not entries.has_database(name.database):
            raise semantic_error(10072, f"Database does not exist: {name.database}")
        if entries.find(name) is None:
            storage = (layout[0], layout[1], library or layout[2])
            await entries.add_table(name, columns, location, storage, keys=keys, serde=serde, parameters=parameters)
        elif not quiet:
            raise task_error(f"AlreadyExistsException(message:Table {name.table} already exist)")
        return []

    return Change(run)


def _location(words: Words) -> str:
    location = words.text()
    if not location.startswith("s3://"):
        raise task_error(f"MetaException(message:The location is not in Amazon S3: {location})")
    return location


def _check_columns(new: list[dict[str, str]], among: list[dict[str, str]]) -> None:
    names = [column["Name"] for column in among]
    for column in new:
        duck_type(column["Type"])  # refuses what cannot be read
        if names.count(column["Name"]) > 1:
            raise semantic_error(10036, f"Duplicate column name: {column['Name']}")


def drop_table(words: Words, place: Place) -> Change:
    """DROP TABLE."""
    quiet, name = words.take("if exists"), words.table(place.database)
    words.end()

    async def run() -> list[str]:
        if entries.find(name) is None and quiet:
            return []
        if entries.is_view(entries.known(name)):
            raise task_error(f"Cannot drop a view with DROP TABLE: {name}")
        return await entries.glue("DeleteTable", DatabaseName=name.database, Name=name.table)

    return Change(run)


def drop_view(words: Words, place: Place) -> Change:
    """DROP VIEW."""
    quiet, name = words.take("if exists"), words.table(place.database)
    words.end()

    async def run() -> list[str]:
        if entries.is_view(entries.find(name)):
            return await entries.glue("DeleteTable", DatabaseName=name.database, Name=name.table)
        if entries.find(name) is None and quiet:
            return []
        raise QueryFailed("TABLE_NOT_FOUND", f"line 1:1: View '{CATALOG}.{name}' does not exist")

    return Change(run)


def create_database(words: Words, _: Place) -> Change:
    """CREATE DATABASE."""
    quiet = words.take("if not exists")
    described: Document = {"Name": words.name()}
    if words.take("comment"):
        described["Description"] = words.text()
    if words.take("location"):
        described["LocationUri"] = _location(words)
    if words.take("with dbproperties"):
        described["Parameters"] = words.properties()
    words.end()

    async def run() -> list[str]:
        if not entries.has_database(described["Name"]):
            return await entries.glue("CreateDatabase", DatabaseInput=described)
        if not quiet:
            raise task_error(f"Database {described['Name']} already exists")
        return []

    return Change(run)


def drop_database(words: Words, _: Place) -> Change:
    """DROP DATABASE."""
    quiet, name = words.take("if exists"), words.name()
    cascade = words.take("cascade")
    words.take("restrict")
    words.end()

    async def run() -> list[str]:
        if quiet and not entries.has_database(name):
            return []
        if entries.tables(name) and not cascade:
            raise task_error(
                f"InvalidOperationException(message:Database {name} is not empty. One or more tables exist.)"
            )
        return await entries.glue("DeleteDatabase", Name=name)

    return Change(run)


def alter_table(words: Words, place: Place) -> Change:
    """ALTER TABLE."""
    name = words.table(place.database)
    for phrase, read in ALTERATIONS.items():
        if words.take(phrase):
            return read(words, name)
    raise words.unexpected()


async def _update(name: Name, change: Callable[[Document], None]) -> list[str]:
    table: Document = json.loads(json.dumps(entries.known(name)))
    table["Parameters"] = {**(table.get("Parameters") or {}), "transient_lastDdlTime": str(int(time.time()))}
    change(table)
    parts = ("Name", "Description", "Owner", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
    described = {part: table[part] for part in parts if table.get(part) is not None}
    return await entries.glue("UpdateTable", DatabaseName=name.database, TableInput=described)


def _add_columns(words: Words, name: Name) -> Change:
    columns = words.columns()
    words.end()

    def change(table: Document) -> None:
        table["StorageDescriptor"]["Columns"] = [*(table["StorageDescriptor"].get("Columns") or []), *columns]
        _check_columns(columns, entries.columns(table))

    return Change(lambda: _update(name, change), subtype="ALTER_TABLE_ADD_COLUMN")


def _set_properties(words: Words, name: Name) -> Change:
    new = words.properties()
    words.end()
    return Change(
        lambda: _update(name, lambda table: table["Parameters"].update(new)), subtype="ALTER_TABLE_PROPERTIES"
    )


def _set_location(words: Words, name: Name) -> Change:
    new = {"Location": _location(words).rstrip("/")}
    words.end()
    return Change(
        lambda: _update(name, lambda table: table["StorageDescriptor"].update(new)), subtype="ALTER_TABLE_SET_LOCATION"
    )


def _refused(*_: object) -> Change:
    raise not_supported("ALTER TABLE … RENAME, and ALTER TABLE … PARTITION")


def _add_partitions(words: Words, name: Name) -> Change:
    quiet = words.take("if not exists")
    specs: list[tuple[dict[str, str], str | None]] = []
    while not specs or words.left():
        words.need("partition")
        specs.append((words.partition(), _location(words) if words.take("location") else None))

    async def run() -> list[str]:
        table, there = entries.known(name), entries.partitions(name)
        keys, root = entries.key_names(table), table["StorageDescriptor"]["Location"].rstrip("/")
        new: dict[tuple[str, ...], str] = {}
        for spec, location in specs:
            if set(spec) != set(keys):
                raise QueryFailed("FAILED", f"SemanticException Partition spec {_told(spec)} contains non-partition columns or lacks one of {keys}")  # fmt: skip
            values = tuple(spec[key] for key in keys)
            if values not in there:
                new[values] = location or f"{root}/{entries.folder(keys, values)}"
            elif not quiet:
                raise task_error("AlreadyExistsException(message:Partition already exists.)")
        await entries.add_partitions(name, new)
        return []

    return Change(run, subtype="ALTER_TABLE_ADD_PARTITION")


def _drop_partitions(words: Words, name: Name) -> Change:
    quiet = words.take("if exists")
    specs: list[dict[str, str]] = []
    while not specs or words.take(","):
        words.need("partition")
        specs.append(words.partition())
    words.end()

    async def run() -> list[str]:
        keys, there = entries.key_names(entries.known(name)), entries.partitions(name)
        found = [[v for v in there if spec.items() <= dict(zip(keys, v, strict=True)).items()] for spec in specs]
        if not all(found) and not quiet:
            raise semantic_error(10006, f"Partition not found {_told(specs[found.index([])])}")
        for values in {values for fitting in found for values in fitting}:
            await entries.glue(
                "DeletePartition", DatabaseName=name.database, TableName=name.table, PartitionValues=[*values]
            )
        return []

    return Change(run, subtype="ALTER_TABLE_DROP_PARTITION")


def _told(spec: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key}={value}" for key, value in spec.items()) + "}"


ALTERATIONS: dict[str, Callable[[Words, Name], Change]] = {
    "add columns": _add_columns,
    "add": _add_partitions,
    "drop": _drop_partitions,
    "set tblproperties": _set_properties,
    "set location": _set_location,
    "partition": _refused,
    "rename": _refused,
}


def repair_table(words: Words, place: Place) -> Change:
    """MSCK REPAIR TABLE: register the folders ``key=value`` of a table that are not registered yet."""
    name = words.table(place.database)
    words.end()

    async def run() -> list[str]:
        table = entries.find(name)
        if table is None:
            return [f"Tables not in metastore:\t{name.table}"]
        there = entries.partitions(name)
        found = _folders(table["StorageDescriptor"]["Location"], entries.key_names(table))
        new = {values: location for values, location in found if values not in there}
        await entries.add_partitions(name, new)
        told = [f"{name.table}:{entries.folder(entries.key_names(table), values)}" for values in new]
        missing = ["\t".join(["Partitions not in metastore:", *told])] if told else []
        return missing + [f"Repair: Added partition to metastore {part}" for part in told]

    return Change(run)


def _folders(location: str, keys: list[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Return the partitions that a table's folders say there are: values and location."""
    root = location.rstrip("/") + "/"
    prefix = root.removeprefix("s3://").partition("/")[2]
    for key in objects.keys(root) if keys else []:
        parts = [part.partition("=") for part in key[len(prefix) :].split("/")[:-1][: len(keys)]]
        if [part[0].lower() for part in parts] == keys and all(part[2] for part in parts):
            yield tuple(unquote(part[2]) for part in parts), root + "/".join("".join(part) for part in parts)

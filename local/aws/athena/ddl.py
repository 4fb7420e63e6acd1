"""Statements that change the catalog. Each function reads the words of one and returns what does it.

All changes go through Glue's own actions, so that they are what a client of Glue would make.
"""

import json
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from local.aws.athena import objects, rights
from local.aws.athena.errors import Malformed, QueryFailed, not_supported, semantic_error, task_error
from local.aws.athena.relations import NULL_PARTITION
from local.aws.athena.values import duck_type
from local.aws.athena.words import CATALOG, Name, Words

Document = dict[str, Any]

_TEXT = ("org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat")
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
# Format → input format, output format, SerDe
FORMATS = {
    "PARQUET": (f"{_PARQUET}.MapredParquetInputFormat", f"{_PARQUET}.MapredParquetOutputFormat", f"{_PARQUET}.serde.ParquetHiveSerDe"),
    "TEXTFILE": (*_TEXT, "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
    "JSON": (*_TEXT, "org.apache.hive.hcatalog.data.JsonSerDe"),
}  # fmt: skip
DELIMITERS = {
    "fields terminated by": "field.delim",
    "escaped by": "escape.delim",
    "collection items terminated by": "collection.delim",
    "map keys terminated by": "mapkey.delim",
    "lines terminated by": "line.delim",
    "null defined as": "serialization.null.format",
}
MOST_PARTITIONS = 100  # that Glue takes at once
UNSAFE = re.compile(r"[\x01-\x1f\"#%'*/:=?\\\x7f{}\[\]^]")  # what Hive does not let stand in a folder's name


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


async def glue(action: str, **request: Any) -> list[str]:
    """Let Glue do something; return no lines.

    :raises QueryFailed: it refuses
    """
    from ministack.services import glue as service

    rights.glue(action, request)
    headers = {"x-amz-target": f"AWSGlue.{action}"}
    status, _, body = await service.handle_request("POST", "/", headers, json.dumps(request).encode(), {})
    if status != 200:
        answer = json.loads(body)
        raise task_error(f"{answer['__type']}(message:{answer.get('message')})")
    return []


def databases() -> Iterable[str]:
    """Return the names of the catalog's databases."""
    from ministack.services import glue as service

    rights.glue("GetDatabases", {})
    return list(service._databases)


def tables(database: str) -> list[Document]:
    """Return a database's tables and views, by name.

    :raises QueryFailed: there is no such database
    """
    from ministack.services import glue as service

    rights.glue("GetTables", {"DatabaseName": database})
    if database not in service._databases:
        raise semantic_error(10072, f"Database does not exist: {database}")
    found = [table for table in service._tables.values() if table["DatabaseName"] == database]
    return sorted(found, key=lambda table: str(table["Name"]))


def entry(name: Name) -> Document | None:
    """Return a table's or a view's entry in the catalog.

    :raises QueryFailed: it may not be read
    """
    from ministack.services import glue as service

    rights.glue("GetTable", {"DatabaseName": name.database, "Name": name.table})
    found: Document | None = service._tables.get(f"{name.database}/{name.table}")
    return found


def known(name: Name) -> Document:
    """Return a table's or a view's entry in the catalog.

    :raises QueryFailed: there is none
    """
    found = entry(name)
    if found is None:
        raise semantic_error(10001, f"Table not found {name}")
    return found


def is_view(table: Document | None) -> bool:
    """Say whether an entry of the catalog is a view."""
    return table is not None and table["TableType"] == "VIRTUAL_VIEW"


def key_names(table: Document) -> list[str]:
    """Return the names of a table's partition keys."""
    return [key["Name"] for key in table.get("PartitionKeys") or []]


def partitions(name: Name) -> dict[tuple[str, ...], Document]:
    """Return a table's partitions, by their values."""
    from ministack.services import glue as service

    rights.glue("GetPartitions", {"DatabaseName": name.database, "TableName": name.table})
    return {tuple(part["Values"]): part for part in service._partitions.get(f"{name.database}/{name.table}", [])}


def folder(keys: Iterable[str], values: Iterable[str]) -> str:
    """Return where Hive puts a partition: ``key=value/key=value``."""
    texts = (UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", value) or NULL_PARTITION for value in values)
    return "/".join(f"{key}={text}" for key, text in zip(keys, texts, strict=True))


async def add_partitions(name: Name, locations: dict[tuple[str, ...], str]) -> None:
    """Register partitions: values → location."""
    storage = known(name)["StorageDescriptor"]
    described = [
        {"Values": [*v], "StorageDescriptor": {**storage, "Location": place}} for v, place in locations.items()
    ]
    for start in range(0, len(described), MOST_PARTITIONS):
        part = described[start : start + MOST_PARTITIONS]
        await glue("BatchCreatePartition", DatabaseName=name.database, TableName=name.table, PartitionInputList=part)


async def add_table(
    name: Name,
    columns: list[dict[str, str]],
    location: str,
    layout: Sequence[str],
    *,
    keys: list[dict[str, str]],
    serde: dict[str, str],
    parameters: dict[str, str],
) -> None:
    """Enter a table in the catalog as Athena does.

    :param layout: input format, output format and SerDe
    :raises QueryFailed: Glue refuses it
    """
    storage = {
        "Columns": columns,
        "Location": location.rstrip("/"),
        "InputFormat": layout[0],
        "OutputFormat": layout[1],
        "Compressed": False,
        "NumberOfBuckets": -1,
        "SerdeInfo": {"SerializationLibrary": layout[2], "Parameters": {"serialization.format": "1", **serde}},
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": {},
        "StoredAsSubDirectories": False,
    }
    described = {
        "Name": name.table,
        "Owner": "hadoop",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "transient_lastDdlTime": str(int(time.time())), **parameters},
        "PartitionKeys": keys,
        "StorageDescriptor": storage,
    }
    await glue("CreateTable", DatabaseName=name.database, TableInput=described)


def create_table(words: Words, place: Place) -> Change:
    """CREATE EXTERNAL TABLE."""
    quiet = words.take("if not exists")
    name, columns = words.table(place.database), words.columns()
    keys: list[dict[str, str]] = []
    serde: dict[str, str] = {}
    parameters: dict[str, str] = {}
    layout, library, location = FORMATS["TEXTFILE"], None, None
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
            layout = FORMATS["TEXTFILE"]
        elif words.take("stored as parquet"):
            layout = FORMATS["PARQUET"]
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
        if name.table not in {table["Name"] for table in tables(name.database)}:
            storage = (layout[0], layout[1], library or layout[2])
            await add_table(name, columns, location, storage, keys=keys, serde=serde, parameters=parameters)
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
        if entry(name) is None and quiet:
            return []
        if is_view(known(name)):
            raise task_error(f"Cannot drop a view with DROP TABLE: {name}")
        return await glue("DeleteTable", DatabaseName=name.database, Name=name.table)

    return Change(run)


def drop_view(words: Words, place: Place) -> Change:
    """DROP VIEW."""
    quiet, name = words.take("if exists"), words.table(place.database)
    words.end()

    async def run() -> list[str]:
        if is_view(entry(name)):
            return await glue("DeleteTable", DatabaseName=name.database, Name=name.table)
        if entry(name) is None and quiet:
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
        if described["Name"] not in databases():
            return await glue("CreateDatabase", DatabaseInput=described)
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
        if quiet and name not in databases():
            return []
        if tables(name) and not cascade:
            raise task_error(
                f"InvalidOperationException(message:Database {name} is not empty. One or more tables exist.)"
            )
        return await glue("DeleteDatabase", Name=name)

    return Change(run)


def alter_table(words: Words, place: Place) -> Change:
    """ALTER TABLE."""
    name = words.table(place.database)
    for phrase, read in ALTERATIONS.items():
        if words.take(phrase):
            return read(words, name)
    raise words.unexpected()


async def _update(name: Name, change: Callable[[Document], None]) -> list[str]:
    table: Document = json.loads(json.dumps(known(name)))
    table["Parameters"] = {**(table.get("Parameters") or {}), "transient_lastDdlTime": str(int(time.time()))}
    change(table)
    parts = ("Name", "Description", "Owner", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
    return await glue("UpdateTable", DatabaseName=name.database, TableInput={part: table[part] for part in parts})


def _add_columns(words: Words, name: Name) -> Change:
    columns = words.columns()
    words.end()

    def change(table: Document) -> None:
        table["StorageDescriptor"]["Columns"] += columns
        _check_columns(columns, table["StorageDescriptor"]["Columns"] + table["PartitionKeys"])

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
        table, there = known(name), partitions(name)
        keys, root = key_names(table), table["StorageDescriptor"]["Location"].rstrip("/")
        new: dict[tuple[str, ...], str] = {}
        for spec, location in specs:
            if set(spec) != set(keys):
                raise QueryFailed("FAILED", f"SemanticException Partition spec {_told(spec)} contains non-partition columns or lacks one of {keys}")  # fmt: skip
            values = tuple(spec[key] for key in keys)
            if values not in there:
                new[values] = location or f"{root}/{folder(keys, values)}"
            elif not quiet:
                raise task_error("AlreadyExistsException(message:Partition already exists.)")
        await add_partitions(name, new)
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
        keys, there = key_names(known(name)), partitions(name)
        found = [[v for v in there if spec.items() <= dict(zip(keys, v, strict=True)).items()] for spec in specs]
        if not all(found) and not quiet:
            raise semantic_error(10006, f"Partition not found {_told(specs[found.index([])])}")
        for values in {values for fitting in found for values in fitting}:
            await glue("DeletePartition", DatabaseName=name.database, TableName=name.table, PartitionValues=[*values])
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
        table = entry(name)
        if table is None:
            return [f"Tables not in metastore:\t{name.table}"]
        there = partitions(name)
        found = _folders(table["StorageDescriptor"]["Location"], key_names(table))
        new = {values: location for values, location in found if values not in there}
        await add_partitions(name, new)
        told = [f"{name.table}:{folder(key_names(table), values)}" for values in new]
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

"""The catalog's entries: databases, tables and partitions, as statements find and change them.

All changes go through Glue's own actions, so that they are what a client of Glue would make.
"""

import json
import re
import time
from collections.abc import Iterable, Sequence
from typing import Any

from local.aws.athena import rights
from local.aws.athena.errors import semantic_error, task_error
from local.aws.athena.relations import NULL_PARTITION
from local.aws.athena.words import Name

Document = dict[str, Any]

_TEXT = ("org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat")
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
# Format → input format, output format, SerDe
FORMATS = {
    "PARQUET": (f"{_PARQUET}.MapredParquetInputFormat", f"{_PARQUET}.MapredParquetOutputFormat", f"{_PARQUET}.serde.ParquetHiveSerDe"),
    "TEXTFILE": (*_TEXT, "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
    "JSON": (*_TEXT, "org.apache.hive.hcatalog.data.JsonSerDe"),
}  # fmt: skip
MOST_PARTITIONS = 100  # that Glue takes at once
UNSAFE = re.compile(r"[\x01-\x1f\"#%'*/:=?\\\x7f{}\[\]^]")  # what Hive does not let stand in a folder's name


async def glue(action: str, **request: Any) -> list[str]:
    """Let Glue do something; return no lines.

    :raises QueryFailed: it refuses
    """
    from ministack.services import glue as service

    rights.glue(action, request)
    headers = {"x-amz-target": f"AWSGlue.{action}"}
    status, _, body = await service.handle_request("POST", "/", headers, json.dumps(request).encode(), {})
    answer = json.loads(body)
    if status != 200:
        raise task_error(f"{answer['__type']}(message:{answer.get('message')})")
    for error in answer.get("Errors") or []:
        if error["ErrorDetail"]["ErrorCode"] != "AlreadyExistsException":  # then another has added it meanwhile
            raise task_error(f"{error['ErrorDetail']['ErrorCode']}(message:{error['ErrorDetail']['ErrorMessage']})")
    return []


def databases() -> Iterable[str]:
    """Return the names of the catalog's databases."""
    from ministack.services import glue as service

    rights.glue("GetDatabases", {})
    return list(service._databases)


def has_database(name: str) -> bool:
    """Say whether there is a database."""
    from ministack.services import glue as service

    rights.glue("GetDatabase", {"Name": name})
    return name in service._databases


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


def find(name: Name) -> Document | None:
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
    found = find(name)
    if found is None:
        raise semantic_error(10001, f"Table not found {name}")
    return found


def is_view(table: Document | None) -> bool:
    """Say whether an entry of the catalog is a view."""
    return table is not None and table.get("TableType") == "VIRTUAL_VIEW"


def key_names(table: Document) -> list[str]:
    """Return the names of a table's partition keys."""
    return [key["Name"] for key in table.get("PartitionKeys") or []]


def columns(table: Document) -> list[dict[str, str]]:
    """Return a table's columns, with its partition keys."""
    return [*(table["StorageDescriptor"].get("Columns") or []), *(table.get("PartitionKeys") or [])]


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

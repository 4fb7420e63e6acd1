"""The Glue catalog and the lake's files, as they stand at one moment.

Read on the event loop's thread, where nothing else runs meanwhile: so a query never sees half of a change.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlparse

from local.aws.athena.errors import QueryFailed, not_supported


@dataclass(frozen=True)
class Partition:
    """A part of a table: the values of its partition keys, as text, and where its files are."""

    values: tuple[str, ...]
    location: str


@dataclass(frozen=True)
class Table:
    """A table of the catalog.

    :param columns: name and Hive type of what the files hold
    :param keys: name and Hive type of the partition keys; none for an unpartitioned table, whose one partition is itself
    :param format: ``parquet`` or ``json``
    """

    database: str
    name: str
    columns: tuple[tuple[str, str], ...]
    keys: tuple[tuple[str, str], ...]
    format: str
    partitions: tuple[Partition, ...]


@dataclass(frozen=True)
class View:
    """A view of the catalog: its query, and the database that names in it belong to."""

    database: str
    sql: str


@dataclass(frozen=True)
class StoredFile:
    """An object of the lake."""

    bucket: str
    key: str
    size: int


def table(database: str, name: str, *, at: str = "") -> Table | View:
    """Return a table or a view.

    :param at: where the query names it, for the message
    :raises QueryFailed: there is none, or it is of a kind that the local Athena cannot read
    """
    from ministack.services import glue

    if database not in glue._databases:
        raise QueryFailed("SCHEMA_NOT_FOUND", f"{at}Schema '{database}' does not exist")
    entry = glue._tables.get(f"{database}/{name}")
    if entry is None:
        raise QueryFailed("TABLE_NOT_FOUND", f"{at}Table 'awsdatacatalog.{database}.{name}' does not exist")
    if entry["TableType"] == "VIRTUAL_VIEW":
        return _view(entry)
    keys = _columns(entry.get("PartitionKeys") or [])
    storage = entry["StorageDescriptor"]
    parts = [Partition((), storage["Location"])]
    if keys:
        registered = glue._partitions.get(f"{database}/{name}", [])
        parts = [Partition(tuple(part["Values"]), part["StorageDescriptor"]["Location"]) for part in registered]
    if (entry.get("Parameters") or {}).get("projection.enabled", "").lower() == "true":
        raise not_supported("partition projection")
    return Table(database, name, _columns(storage["Columns"]), keys, _format(entry), tuple(parts))


def files(locations: Iterable[str]) -> dict[str, list[StoredFile]]:
    """Return the objects below each location, as Athena finds them: all but those whose names hide them.

    :param locations: ``s3://bucket/prefix``, with or without the last slash
    """
    from ministack.services import s3

    found: dict[str, list[StoredFile]] = {location: [] for location in locations}
    wanted: dict[str, dict[str, str]] = {}
    for location in found:
        address = urlparse(location)
        wanted.setdefault(address.netloc, {})[address.path.strip("/")] = location
    for bucket, prefixes in wanted.items():
        for key, entry in (s3._buckets.get(bucket) or {"objects": {}})["objects"].items():
            for folder in _folders(key):
                if folder in prefixes and not _hidden(key[len(folder) :]):
                    found[prefixes[folder]].append(StoredFile(bucket, key, int(entry["size"])))
    return found


def _folders(key: str) -> Iterator[str]:
    while key:
        key = key.rpartition("/")[0]
        yield key


def _hidden(name: str) -> bool:
    return name.endswith("/") or any(part.startswith(("_", ".")) for part in name.split("/"))


def _columns(columns: list[dict[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((column["Name"].lower(), column["Type"]) for column in columns)


def _format(entry: dict[str, Any]) -> str:
    storage = entry["StorageDescriptor"]
    classes = (
        f"{storage.get('InputFormat', '')} {(storage.get('SerdeInfo') or {}).get('SerializationLibrary', '')}".lower()
    )
    known = next((kind for kind in ("parquet", "json") if kind in classes), None)
    if known is None:
        raise not_supported(
            f"the storage format of {entry['DatabaseName']}.{entry['Name']}: Parquet and JSON lines only"
        )
    return known


def _view(entry: dict[str, Any]) -> View:
    words = (entry.get("ViewOriginalText") or "").removeprefix("/* Presto View: ").removesuffix(" */")
    try:
        view = json.loads(base64.b64decode(words, validate=True))
        return View(view["schema"], view["originalSql"])
    except (ValueError, KeyError) as error:
        message = f"Invalid view JSON: {entry['DatabaseName']}.{entry['Name']}"
        raise QueryFailed("INVALID_VIEW", message) from error

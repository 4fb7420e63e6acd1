"""The Glue catalog and the lake's files, as they stand at one moment.

Read on the event loop's thread, where nothing else runs meanwhile: so a query never sees half of a change.
"""

import base64
import json
import os.path
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlparse

from local.aws.athena import rights
from local.aws.athena.errors import QueryFailed, not_supported

PARQUET, OPENX_JSON, HIVE_JSON, TEXT, CSV = "Parquet", "OpenX JSON", "Hive JSON", "text", "CSV"
SERDES = {
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe": PARQUET,
    "parquet.hive.serde.ParquetHiveSerDe": PARQUET,
    "org.openx.data.jsonserde.JsonSerDe": OPENX_JSON,
    "org.apache.hive.hcatalog.data.JsonSerDe": HIVE_JSON,
    "org.apache.hadoop.hive.serde2.JsonSerDe": HIVE_JSON,
    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe": TEXT,
    "org.apache.hadoop.hive.serde2.OpenCSVSerde": CSV,
}
TEXT_INPUT = ("", "org.apache.hadoop.mapred.TextInputFormat")


@dataclass(frozen=True)
class Storage:
    """How files hold rows.

    :param format: the value of `SERDES` that reads them
    :param columns: name and Hive type of what they hold
    :param options: the SerDe's parameters and the table's
    """

    format: str
    columns: tuple[tuple[str, str], ...]
    options: Mapping[str, str]


@dataclass(frozen=True)
class Partition:
    """A part of a table: the values of its partition keys, as text, and where its files are.

    :param descriptor: what the catalog says of its storage; what that leaves out is as in the table
    """

    values: tuple[str, ...]
    location: str
    descriptor: Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """A table of the catalog.

    :param keys: name and Hive type of the partition keys; none for an unpartitioned table, whose one partition is itself
    :param partitions: those of the catalog, none of which counts where partitions are projected
    :param properties: what projects partitions, among others
    """

    database: str
    name: str
    location: str
    storage: Storage
    keys: tuple[tuple[str, str], ...]
    partitions: tuple[Partition, ...]
    properties: Mapping[str, str]

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Name and Hive type of what the files hold."""
        return self.storage.columns

    @property
    def projected(self) -> bool:
        """Whether its partitions follow from its properties."""
        return self.properties.get("projection.enabled", "").strip().lower() == "true"

    def storage_of(self, partition: Partition) -> Storage:
        """Return how a partition's files hold rows.

        :raises QueryFailed: in a way that the local Athena cannot read
        """
        return _storage(f"{self.database}.{self.name}", partition.descriptor, self.storage, self.properties)


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


@dataclass(frozen=True)
class Lake:
    """The objects of all buckets at one moment: bucket → key → what ministack notes of an object."""

    buckets: Mapping[str, Mapping[str, Mapping[str, Any]]]

    def files(self, locations: Iterable[str]) -> dict[str, list[StoredFile]]:
        """Return the objects below each location that have something in them and a name that does not hide them.

        :param locations: ``s3://bucket/prefix``, with or without the last slash
        :raises QueryFailed: they may not be listed
        """
        found: dict[str, list[StoredFile]] = {location: [] for location in locations}
        wanted: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for location in found:
            rights.listing(location)
            address = urlparse(location)
            wanted[address.netloc][address.path.strip("/")].append(location)
        for bucket, prefixes in wanted.items():
            common = os.path.commonprefix(list(prefixes))  # noqa: RUF071 - letter by letter is right here
            for key, entry in self.buckets.get(bucket, {}).items():
                if key.startswith(common):
                    for folder in _folders(key):
                        if folder in prefixes and int(entry["size"]) and not _hidden(key[len(folder) :]):
                            for location in prefixes[folder]:
                                found[location].append(StoredFile(bucket, key, int(entry["size"])))
        return found


def lake() -> Lake:
    """Return the objects as they are now."""
    from ministack.services import s3

    return Lake({name: dict(bucket["objects"]) for name, bucket in s3._buckets.items()})


def table(database: str, name: str, *, at: str = "") -> Table | View:
    """Return a table or a view.

    :param at: where the query names it, for the message
    :raises QueryFailed: there is none, or it is of a kind that the local Athena cannot read
    """
    from ministack.services import glue

    rights.glue("GetDatabase", {"Name": database})
    rights.glue("GetTable", {"DatabaseName": database, "Name": name})
    if database not in glue._databases:
        raise QueryFailed("SCHEMA_NOT_FOUND", f"{at}Schema '{database}' does not exist")
    entry = glue._tables.get(f"{database}/{name}")
    if entry is None:
        raise QueryFailed("TABLE_NOT_FOUND", f"{at}Table 'awsdatacatalog.{database}.{name}' does not exist")
    if entry.get("TableType") == "VIRTUAL_VIEW":
        return _view(entry)
    properties = dict(entry.get("Parameters") or {})
    if properties.get("table_type", "").upper() in ("ICEBERG", "DELTA"):
        raise not_supported(f"{properties['table_type']} tables: {database}.{name}")
    keys, described = _columns(entry.get("PartitionKeys") or []), dict(entry["StorageDescriptor"])
    location = described.get("Location") or ""
    parts = [Partition((), location, described)]
    if keys:
        rights.glue("GetPartitions", {"DatabaseName": database, "TableName": name})
        registered = glue._partitions.get(f"{database}/{name}", [])
        parts = [_partition(part) for part in registered]
    storage = _storage(f"{database}.{name}", described, None, properties)
    names = [column for column, _ in (*storage.columns, *keys)]
    if len(set(names)) < len(names):  # crawlers make such tables of folders k=v whose files have a k, too
        raise QueryFailed(
            "HIVE_INVALID_METADATA",
            f"{at}Hive metadata for table {name} is invalid: Table descriptor contains duplicate columns",
        )
    return Table(database, name, location, storage, keys, tuple(parts), properties)


def _partition(entry: Mapping[str, Any]) -> Partition:
    described = dict(entry.get("StorageDescriptor") or {})
    return Partition(tuple(entry["Values"]), described.get("Location") or "", described)


def _storage(
    name: str, described: Mapping[str, Any], table_storage: Storage | None, properties: Mapping[str, str]
) -> Storage:
    serde = described.get("SerdeInfo") or {}
    library, reader = serde.get("SerializationLibrary", ""), described.get("InputFormat", "")
    columns = _columns(described.get("Columns") or [])
    if table_storage is not None:
        columns = columns or table_storage.columns
        if not library:
            return Storage(table_storage.format, columns, table_storage.options)
    known = SERDES.get(library)
    if known is None or (known != PARQUET and reader not in TEXT_INPUT):
        raise not_supported(
            f"the storage of {name}, {library or 'no SerDe'} with {reader or 'no input format'}; known are Parquet, "
            "JSON (OpenX, Hive), and text files with LazySimpleSerDe or OpenCSVSerde"
        )
    return Storage(known, columns, {**properties, **(serde.get("Parameters") or {})})


def _folders(key: str) -> Iterator[str]:
    while key:
        key = key.rpartition("/")[0]
        yield key


def _hidden(name: str) -> bool:
    return name.endswith("/") or any(part.startswith(("_", ".")) for part in name.split("/"))


def _columns(columns: list[dict[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((column["Name"].lower(), column["Type"]) for column in columns)


def _view(entry: dict[str, Any]) -> View:
    words = (entry.get("ViewOriginalText") or "").removeprefix("/* Presto View: ").removesuffix(" */")
    try:
        view = json.loads(base64.b64decode(words, validate=True))
        return View(view["schema"], view["originalSql"])
    except (ValueError, KeyError) as error:
        message = f"Invalid view JSON: {entry['DatabaseName']}.{entry['Name']}"
        raise QueryFailed("INVALID_VIEW", message) from error

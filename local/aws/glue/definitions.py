"""What the catalog says of a table or a partition that a crawler has found: written as AWS's crawlers do, and read."""

import json
from typing import Any, Optional

from local.aws.glue.grouping import Group
from local.aws.glue.inference import Kind
from local.aws.glue.plans import Target
from local.aws.glue.schemas import Columns, added, hive, parsed

TEXT = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
}
PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
}
SERDES = {
    "parquet": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    "json": "org.openx.data.jsonserde.JsonSerDe",
    "LazySimpleSerDe": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    "OpenCSVSerDe": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
}

Document = dict[str, Any]


def definition(crawler: str, target: Target, group: Group) -> Document:
    """Return what a table of these files is, as AWS's crawlers write it; for a partition, without ``PartitionKeys``.

    :param crawler: its name
    """
    kind, records, size = group.kind, sum(f.content.records for f in group.files), sum(f.size for f in group.files)
    parameters = {
        "CrawlerSchemaDeserializerVersion": "1.0",
        "CrawlerSchemaSerializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": crawler,
        "averageRecordSize": str(size // max(records, 1)),
        "classification": kind.classification,
        "compressionType": kind.compression,
        "objectCount": str(len(group.files)),
        "recordCount": str(records),
        "sizeKey": str(size),
        "typeOfData": "file",
    }
    columns = {name: hive(column) for name, column in group.columns.items()}
    serde = {"serialization.format": "1"}
    if kind.classification == "json":
        serde = {"paths": ",".join(columns)}
    elif kind.classification == "csv":
        parameters["areColumnsQuoted"] = str(any(file.content.quoted for file in group.files)).lower()
        parameters.update(columnsOrdered="true", delimiter=kind.delimiter)
        serde = {"field.delim": kind.delimiter}
        if kind.serde == "OpenCSVSerDe":
            serde = {"separatorChar": kind.delimiter, "quoteChar": kind.quote or '"', "escapeChar": "\\"}
        if kind.header:
            parameters["skip.header.line.count"] = "1"
    if target.globs:
        parameters["exclusions"] = json.dumps([f"s3://{target.bucket}/{target.root}{glob}" for glob in target.globs])
    return {
        "Parameters": parameters,
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in group.keys],
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()],
            "Location": group.location,
            **(PARQUET if kind.classification == "parquet" else TEXT),
            "Compressed": kind.compression != "none",
            "NumberOfBuckets": -1,
            "SerdeInfo": {
                "SerializationLibrary": SERDES[kind.serde or kind.classification],
                "Parameters": serde,
            },
            "BucketColumns": [],
            "SortColumns": [],
            "Parameters": dict(parameters),
            "StoredAsSubDirectories": False,
        },
    }


def location(entry: Document) -> str:
    """Return where a table or a partition is, with the last slash."""
    return f"{(_storage(entry).get('Location') or '').rstrip('/')}/"


def columns_of(entry: Document) -> Columns:
    """Return the columns of a table or a partition."""
    return {column["Name"]: parsed(column["Type"]) for column in _storage(entry).get("Columns") or []}


def same_kind(table: Document, kind: Kind) -> bool:
    """Tell whether a table holds what its parameters say a kind of files is."""
    parameters = table.get("Parameters") or {}
    of_table = [parameters.get(name, "") for name in ("classification", "compressionType", "delimiter")]
    return of_table == [kind.classification, kind.compression, kind.delimiter]


def extended_definition(old: Document, wanted: Document) -> Document:
    """Return what a table or a partition is to be that only gains columns."""
    storage, found = _storage(old), wanted["StorageDescriptor"]
    known, columns = columns_of(old), added(columns_of(old), columns_of(wanted))
    kept = {column["Name"]: column for column in storage.get("Columns") or []}
    serde = storage.get("SerdeInfo") or found["SerdeInfo"]
    ours = found["SerdeInfo"]["Parameters"]
    parameters = {name: ours.get(name, value) for name, value in (serde.get("Parameters") or {}).items()}
    return {
        "Parameters": {**_current(old.get("Parameters")), **wanted["Parameters"]},
        "StorageDescriptor": {
            **found,
            **storage,
            "Columns": [
                kept[name] if known.get(name) == kind else {**kept.get(name, {"Name": name}), "Type": hive(kind)}
                for name, kind in columns.items()
            ],
            "Parameters": {**_current(storage.get("Parameters")), **found["Parameters"]},
            "SerdeInfo": {**serde, "Parameters": parameters},
        },
    }


def _storage(entry: Document) -> Document:
    return entry.get("StorageDescriptor") or {}


def _current(parameters: Optional[Document]) -> Document:
    return {name: value for name, value in (parameters or {}).items() if name != "DEPRECATED_BY_CRAWLER"}

"""What Athena's API tells of the catalog, of workgroups and of past queries.

ministack describes tables that do not exist, has no pages, and leaves out what clients rely on.
"""

from operator import itemgetter
from typing import Any

from local.aws.listing import name_filter, page
from local.aws.seam import Handler, Refused

USES = {
    "athena": ("_executions", "_workgroups", "_ensure_default_workgroup", "_data_catalogs", "_athena_database(db)"),
    "glue": ("_databases", "_tables"),
}
MOST_LISTED = 50
INVALID = "InvalidRequestException"
NOT_FOUND = (
    "Entity Not Found (Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException; "
    "Request ID: 00000000-0000-0000-0000-000000000000; Proxy: null)"
)

Document = dict[str, Any]


def handlers() -> dict[str, Handler]:
    """Return the actions answered here."""
    return {
        "GetTableMetadata": _table,
        "ListTableMetadata": _tables,
        "ListQueryExecutions": _executions,
        "GetWorkGroup": _workgroup,
        "GetDatabase": _one_database,
        "ListDatabases": _databases,
    }


async def _table(request: Document) -> Document:
    from ministack.services import glue

    entry = glue._tables.get(f"{_database(request)}/{request['TableName'].lower()}")
    if entry is None:
        raise Refused("MetadataException", NOT_FOUND)
    return {"TableMetadata": _described(entry)}


async def _tables(request: Document) -> Document:
    from ministack.services import glue

    database = _database(request)
    wanted = name_filter(request.get("Expression"), refusal=INVALID)
    found = [entry for entry in glue._tables.values() if entry["DatabaseName"] == database and wanted(entry["Name"])]
    listed, rest = page(sorted(found, key=itemgetter("Name")), request, most=MOST_LISTED, refusal=INVALID)
    return {"TableMetadataList": [_described(entry) for entry in listed], **rest}


async def _one_database(request: Document) -> Document:
    from ministack.services import athena, glue

    return {"Database": athena._athena_database(glue._databases[_database(request)])}


async def _databases(request: Document) -> Document:
    from ministack.services import athena, glue

    _check_catalog(request)
    found = sorted(glue._databases.values(), key=itemgetter("Name"))
    listed, rest = page(found, request, most=MOST_LISTED, refusal=INVALID)
    return {"DatabaseList": [athena._athena_database(entry) for entry in listed], **rest}


async def _executions(request: Document) -> Document:
    from ministack.services import athena

    name = request.get("WorkGroup", "primary")
    _known_workgroup(name)
    queries = [query_id for query_id, entry in athena._executions.items() if entry["WorkGroup"] == name]
    listed, rest = page(queries[::-1], request, most=MOST_LISTED, refusal=INVALID)  # the latest first
    return {"QueryExecutionIds": listed, **rest}


async def _workgroup(request: Document) -> Document:
    entry = _known_workgroup(request["WorkGroup"])
    settings = {"EnforceWorkGroupConfiguration": False, "PublishCloudWatchMetricsEnabled": False,
                "RequesterPaysEnabled": False, **(entry.get("Configuration") or {})}  # fmt: skip
    return {"WorkGroup": {**entry, "Configuration": settings}}


def _known_workgroup(name: str) -> Document:
    from ministack.services import athena

    athena._ensure_default_workgroup()
    if name not in athena._workgroups:
        raise Refused(INVALID, f"WorkGroup {name} is not found.")
    return dict(athena._workgroups[name])


def _database(request: Document) -> str:
    from ministack.services import glue

    _check_catalog(request)
    database = request["DatabaseName"].lower()
    if database not in glue._databases:
        raise Refused("MetadataException", NOT_FOUND)
    return str(database)


def _check_catalog(request: Document) -> None:
    from ministack.services import athena

    catalog = request["CatalogName"]
    if catalog.lower() not in map(str.lower, {"AwsDataCatalog", *athena._data_catalogs}):
        raise Refused(INVALID, f"Catalog {catalog} is not found.")


def _described(entry: Document) -> Document:
    """Return a catalog entry as Athena words it: what describes the files is among the parameters."""
    storage = entry.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    files = {
        "location": storage.get("Location"),
        "inputformat": storage.get("InputFormat"),
        "outputformat": storage.get("OutputFormat"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
        **{f"serde.param.{name}": value for name, value in (serde.get("Parameters") or {}).items()},
    }
    return {
        "Name": entry["Name"],
        "CreateTime": entry["CreateTime"],
        "LastAccessTime": entry.get("LastAccessTime", entry["CreateTime"]),
        "TableType": entry["TableType"],
        "Columns": [_column(column) for column in storage.get("Columns") or []],
        "PartitionKeys": [_column(key) for key in entry.get("PartitionKeys") or []],
        "Parameters": {**(entry.get("Parameters") or {}), **{key: text for key, text in files.items() if text}},
    }


def _column(column: Document) -> Document:
    return {name: column[name] for name in ("Name", "Type", "Comment") if column.get(name)}

"""Versions of tables, which ministack does not keep: what a table was before each update, next to its other state."""

import copy
from typing import Any

from local.aws.glue.stock import answer_of
from local.aws.listing import page
from local.aws.seam import Refused

MOST_LISTED = 100
INPUT = (
    "Name", "Description", "Owner", "LastAccessTime", "LastAnalyzedTime", "Retention", "StorageDescriptor",
    "PartitionKeys", "ViewOriginalText", "ViewExpandedText", "TableType", "Parameters", "TargetTable",
)  # fmt: skip
FORGOTTEN = ("LastAnalyzedTime", "Retention", "TargetTable")  # by ministack
# What ministack would leave as it was where an update does not speak of it.
EMPTY: dict[str, Any] = {"StorageDescriptor": {}, "PartitionKeys": [], "Parameters": {}, "TableType": "EXTERNAL_TABLE"}
TEXTS = ("Description", "Owner", "ViewOriginalText", "ViewExpandedText", "ViewDefinition", "IsMultiDialectView")

Document = dict[str, Any]


def create(request: Document) -> Document:
    """Create a table, as CreateTable does.

    :raises Refused: as ministack refuses it
    """
    from ministack.services import glue

    answer = answer_of(glue._create_table, request)
    key = _key(request["DatabaseName"], request["TableInput"]["Name"])
    _complete(glue._tables[key], request["TableInput"])
    _earlier().pop(key, None)
    return answer


def update(request: Document) -> Document:
    """Update a table, as UpdateTable does, and keep what it was.

    :raises Refused: as ministack refuses it
    """
    from ministack.services import glue

    key = _key(request["DatabaseName"], request["TableInput"]["Name"])
    before = copy.deepcopy(glue._tables.get(key))
    replaced = {**EMPTY, **dict.fromkeys(TEXTS), **request["TableInput"]}
    answer = answer_of(glue._update_table, {**request, "TableInput": copy.deepcopy(replaced)})
    _complete(glue._tables[key], request["TableInput"])
    if not request.get("SkipArchive"):
        _earlier()[key] = [*_earlier().get(key, []), before]
    return answer


def change(table: Document, **members: Any) -> None:
    """Update some members of a table as ministack keeps it.

    :raises Refused: as ministack refuses it
    """
    given = {name: table[name] for name in INPUT if table.get(name) is not None}
    update({"DatabaseName": table["DatabaseName"], "TableInput": {**given, **members}})


def _complete(table: Document, given: Document) -> None:
    """Note the members of a table that ministack does not, and leave out its empty texts: clients may not send them back."""
    for name in TEXTS:
        if not table.get(name):
            table.pop(name, None)
    for name in FORGOTTEN:
        table.pop(name, None)
        if given.get(name) is not None:
            table[name] = given[name]


async def _create(request: Document) -> Document:
    return create(request)


async def _update(request: Document) -> Document:
    return update(request)


async def _get(request: Document) -> Document:
    found = _versions(request)
    wanted = request.get("VersionId") or found[0]["VersionId"]
    for version in found:
        if version["VersionId"] == wanted:
            return {"TableVersion": version}
    raise Refused("EntityNotFoundException", f"Version {wanted} of table {request['TableName']} not found.")


async def _list(request: Document) -> Document:
    listed, rest = page(_versions(request), request, most=MOST_LISTED, refusal="InvalidInputException")
    return {"TableVersions": listed, **rest}


def _versions(request: Document) -> list[Document]:
    """Return all versions of a table, the newest first."""
    from ministack.services import glue

    key = _key(request["DatabaseName"], request["TableName"])
    current = glue._tables.get(key)
    if current is None:
        raise Refused("EntityNotFoundException", f"Table {request['TableName']} not found.")
    tables = [current, *reversed(_earlier().get(key, []))]
    return [{"Table": table, "VersionId": table["VersionId"]} for table in tables]


def _earlier() -> Any:
    from ministack.services import glue

    return glue._ALL_STATE["table_versions"]


def _key(database: str, table: str) -> str:
    return f"{database}/{table}"


HANDLERS = {"CreateTable": _create, "UpdateTable": _update, "GetTableVersion": _get, "GetTableVersions": _list}

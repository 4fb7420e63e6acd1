"""Partitions of the catalog: ministack answers with all of them whatever was asked, and lacks some actions.

They stay in ministack's own store, where its other actions and the local Athena find them.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from local.aws.glue.expressions import matching
from local.aws.listing import page
from local.aws.seam import Refused, intercept

USES = {"glue": ("_tables", "_partitions", "_delete_partition(data)")}
MOST_CREATED, MOST_DELETED, MOST_LISTED = 100, 25, 1000

Document = dict[str, Any]


def install() -> None:
    """Let these actions be answered here.

    :raises SeamMoved: ministack is not as expected
    """
    handlers = {
        "GetPartitions": _list,
        "CreatePartition": _create,
        "BatchCreatePartition": _create_all,
        "UpdatePartition": _update,
        "DeletePartition": _delete,
        "BatchDeletePartition": _delete_all,
    }
    intercept("glue", handlers, uses=USES)


async def _list(request: Document) -> Document:
    table, parts = _of(request)
    keys = [(key["Name"], key["Type"]) for key in table.get("PartitionKeys") or []]
    found = matching(request.get("Expression") or "", keys, parts)
    segment = request.get("Segment")
    if segment:  # several readers, each of which takes its share
        found = found[segment["SegmentNumber"] :: segment["TotalSegments"]]
    listed, rest = page(found, request, most=MOST_LISTED, refusal="InvalidInputException")
    if request.get("ExcludeColumnSchema"):
        listed = [_without_columns(part) for part in listed]
    return {"Partitions": listed, **rest}


async def _create(request: Document) -> Document:
    for error in _add(request, [request["PartitionInput"]]):
        raise Refused(error["ErrorDetail"]["ErrorCode"], error["ErrorDetail"]["ErrorMessage"])
    return {}


async def _create_all(request: Document) -> Document:
    _limit("partitionInputList", request["PartitionInputList"], MOST_CREATED)
    return {"Errors": list(_add(request, request["PartitionInputList"]))}


async def _update(request: Document) -> Document:
    table, parts = _of(request)
    given, old = request["PartitionInput"], request["PartitionValueList"]
    known = _known(parts, old)
    if known is None:
        raise Refused("EntityNotFoundException", "Cannot find partition.")
    new = given.get("Values") or old
    _check_values(table, new)
    if new != old and _known(parts, new):
        raise Refused("AlreadyExistsException", "Partition already exists.")
    kept: Document = {
        name: known[name] for name in ("DatabaseName", "TableName", "CatalogId", "CreationTime") if name in known
    }
    known.clear()
    known.update({**given, **kept, "Values": new})
    return {}


async def _delete(request: Document) -> Document:
    for error in _remove(request, [request["PartitionValues"]]):
        raise Refused(error["ErrorDetail"]["ErrorCode"], error["ErrorDetail"]["ErrorMessage"])
    return {}


async def _delete_all(request: Document) -> Document:
    _limit("partitionsToDelete", request["PartitionsToDelete"], MOST_DELETED)
    return {"Errors": list(_remove(request, [entry["Values"] for entry in request["PartitionsToDelete"]]))}


def _add(request: Document, inputs: Sequence[Document]) -> Iterator[Document]:
    """Register partitions; yield an error for each that is refused."""
    table, parts = _of(request)
    known = {tuple(part["Values"]) for part in parts}
    for given in inputs:
        values = given.get("Values") or []
        _check_values(table, values)
        if tuple(values) in known:
            yield _error(values, "AlreadyExistsException", "Partition already exists.")
            continue
        known.add(tuple(values))
        named = {"DatabaseName": request["DatabaseName"], "TableName": request["TableName"]}
        parts.append({**given, **named, "CreationTime": int(time.time()), "CatalogId": table["CatalogId"]})


def _remove(request: Document, all_values: Sequence[list[str]]) -> Iterator[Document]:
    from ministack.services import glue

    for values in all_values:
        _, parts = _of(request)
        if _known(parts, values) is None:
            yield _error(values, "EntityNotFoundException", "Cannot find partition.")
        else:
            glue._delete_partition({**request, "PartitionValues": values})  # and its column statistics


def _of(request: Document) -> tuple[Document, list[Document]]:
    """Return a table and its partitions, as ministack keeps them."""
    from ministack.services import glue

    key = f"{request['DatabaseName']}/{request['TableName']}"
    table: Document | None = glue._tables.get(key)
    if table is None:
        raise Refused("EntityNotFoundException", f"Table {request['TableName']} not found.")
    parts: list[Document] = glue._partitions.setdefault(key, [])
    return table, parts


def _known(parts: Sequence[Document], values: list[str]) -> Document | None:
    return next((part for part in parts if part["Values"] == values), None)


def _check_values(table: Document, values: Sequence[str]) -> None:
    if len(values) != len(table.get("PartitionKeys") or []):
        text = "The number of partition keys do not match the number of partition values"
        raise Refused("InvalidInputException", text)


def _limit(name: str, items: Sequence[Any], most: int) -> None:
    if len(items) > most:
        text = f"1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must have length less than or equal to {most}"
        raise Refused("ValidationException", text)


def _error(values: Sequence[str], code: str, message: str) -> Document:
    return {"PartitionValues": values, "ErrorDetail": {"ErrorCode": code, "ErrorMessage": message}}


def _without_columns(part: Document) -> Document:
    storage = {name: value for name, value in (part.get("StorageDescriptor") or {}).items() if name != "Columns"}
    return {**part, "StorageDescriptor": storage}

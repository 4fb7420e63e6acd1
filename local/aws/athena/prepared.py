"""Prepared statements: PREPARE, EXECUTE and DEALLOCATE, and the actions on them and on named queries that ministack lacks.

They are kept where ministack's own actions find them.
"""

import time
from collections.abc import Sequence
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from local.aws.athena.ddl import Change, Place
from local.aws.athena.dialect import AthenaSelect, grammar
from local.aws.athena.entries import Document
from local.aws.athena.errors import Malformed, QueryFailed
from local.aws.athena.words import Words
from local.aws.seam import Handler, Refused

USES = {"athena": ("_prepared_statements", "_named_queries")}


def handlers() -> dict[str, Handler]:
    """Return the actions answered here."""
    return {
        "UpdatePreparedStatement": _update,
        "BatchGetPreparedStatement": _get_several,
        "UpdateNamedQuery": _update_named_query,
    }


def prepare(words: Words, place: Place) -> Change:
    """PREPARE … FROM."""
    from ministack.services import athena

    name = words.name()
    words.need("from")
    if not any(words.is_next(first) for first in ("select", "with", "insert", "create table", "unload", "(")):
        raise Malformed("Queries of this type are not supported")
    statement = {"StatementName": name, "WorkGroupName": place.workgroup, "QueryStatement": words.rest()[0].strip()}

    async def run() -> list[str]:
        athena._prepared_statements[f"{place.workgroup}/{name}"] = {**statement, "LastModifiedTime": int(time.time())}
        return []

    return Change(run)


def deallocate(words: Words, place: Place) -> Change:
    """DEALLOCATE PREPARE."""
    from ministack.services import athena

    name = words.name()
    words.end()

    async def run() -> list[str]:
        _known(place.workgroup, name)
        del athena._prepared_statements[f"{place.workgroup}/{name}"]
        return []

    return Change(run)


def statement(words: Words, place: Place, parameters: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Read what follows EXECUTE; return the statement that was prepared, and its parameters.

    :raises QueryFailed: nothing was prepared under this name
    """
    name = words.name()
    if words.take("using"):
        arguments, _ = words.rest()
        try:
            with grammar():
                items = sqlglot.parse_one(f"SELECT {arguments}", read=AthenaSelect, into=exp.Select).selects
        except SqlglotError as error:
            raise Malformed(f"line 1:1: {arguments.strip()} are no parameters") from error
        parameters = [item.sql(AthenaSelect) for item in items]
    words.end()
    return _known(place.workgroup, name)["QueryStatement"], parameters


def _known(workgroup: str, name: str) -> Document:
    from ministack.services import athena

    for key, found in athena._prepared_statements.items():
        if key.lower() == f"{workgroup}/{name}".lower():
            return dict(found)
    raise QueryFailed("NOT_FOUND", f"Prepared statement not found: {name}")


async def _update(request: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import athena

    found = athena._prepared_statements.get(f"{request['WorkGroup']}/{request['StatementName']}")
    if found is None:
        raise Refused("ResourceNotFoundException", f"PreparedStatement {request['StatementName']} was not found")
    found.update({key: request[key] for key in ("QueryStatement", "Description") if key in request})
    found["LastModifiedTime"] = int(time.time())
    return {}


async def _get_several(request: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import athena

    names = request["PreparedStatementNames"]
    found = {name: athena._prepared_statements.get(f"{request['WorkGroup']}/{name}") for name in names}
    missing = [{"StatementName": name, "ErrorCode": "STATEMENT_NOT_FOUND", "ErrorMessage": "prepared statement not found"}
               for name in names if found[name] is None]  # fmt: skip
    return {
        "PreparedStatements": [entry for entry in found.values() if entry is not None],
        "UnprocessedPreparedStatementNames": missing,
    }


async def _update_named_query(request: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import athena

    found = athena._named_queries.get(request["NamedQueryId"])
    if found is None:
        raise Refused("InvalidRequestException", f"NamedQuery {request['NamedQueryId']} was not found")
    found.update({key: request[key] for key in ("Name", "Description", "QueryString") if key in request})
    return {}

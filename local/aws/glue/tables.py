"""The catalog's databases and tables: their lists, in pages and by name, and their names, which Glue folds to lower case."""

import json
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from local.aws.listing import name_filter, page
from local.aws.seam import HANDLER, Answer, Refused, check, intercept

USES = {"glue": ("_databases", "_tables")}
MOST_LISTED = 100
INVALID = "InvalidInputException"
FOLDED = ("DatabaseName", "TableName")
INPUTS = ("DatabaseInput", "TableInput")
BY_NAME = ("GetDatabase", "UpdateDatabase", "DeleteDatabase", "GetTable", "DeleteTable")  # whose Name is folded too

Document = dict[str, Any]


def install() -> None:
    """Let these actions be answered here.

    :raises SeamMoved: ministack is not as expected
    """
    handlers = {"GetDatabases": _databases, "GetTables": _tables}
    intercept("glue", handlers, uses=USES)
    glue = check({"glue": (HANDLER,)})["glue"]
    inner = glue.handle_request

    async def handle_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Any
    ) -> Answer:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        answer: Answer = await inner(method, path, headers, _folded(action, body), query_params)
        return answer

    setattr(glue, "handle_request", handle_request)  # noqa: B010 - a module has no such attribute to a type checker


def _folded(action: str, body: bytes) -> bytes:
    """Return a request with the names of databases and tables as Glue stores and finds them."""
    try:
        request = json.loads(body) if action else None  # else it is Iceberg's own protocol
    except ValueError:
        request = None  # ministack will say so
    if not isinstance(request, dict):
        return body
    inputs = [request[name] for name in INPUTS if isinstance(request.get(name), dict)]
    for holder, names in (
        (request, FOLDED),
        *((given, ("Name",)) for given in inputs),
        (request, ("Name",) if action in BY_NAME else ()),
    ):
        holder.update({name: holder[name].lower() for name in names if isinstance(holder.get(name), str)})
    if isinstance(request.get("TablesToDelete"), list):
        request["TablesToDelete"] = [str(name).lower() for name in request["TablesToDelete"]]
    return json.dumps(request).encode()


async def _databases(request: Document) -> Document:
    from ministack.services import glue

    listed, rest = page(list(glue._databases.values()), request, most=MOST_LISTED, refusal=INVALID)
    return {"DatabaseList": listed, **rest}


async def _tables(request: Document) -> Document:
    from ministack.services import glue

    database, wanted = request["DatabaseName"], name_filter(request.get("Expression"), refusal=INVALID)
    if database not in glue._databases:
        raise Refused("EntityNotFoundException", f"Database {database} not found.")
    found = [entry for entry in glue._tables.values() if entry["DatabaseName"] == database and wanted(entry["Name"])]
    listed, rest = page(sorted(found, key=itemgetter("Name")), request, most=MOST_LISTED, refusal=INVALID)
    return {"TableList": listed, **rest}

"""Lists of the catalog's databases and tables, in pages and by name."""

from operator import itemgetter
from typing import Any

from local.aws.listing import name_filter, page
from local.aws.seam import Refused, intercept

USES = {"glue": ("_databases", "_tables")}
MOST_LISTED = 100
INVALID = "InvalidInputException"

Document = dict[str, Any]


def install() -> None:
    """Let these actions be answered here.

    :raises SeamMoved: ministack is not as expected
    """
    handlers = {"GetDatabases": _databases, "GetTables": _tables}
    intercept("glue", handlers, uses=USES)


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

"""The actions of Athena's API that run queries; what they note stays where ministack's own actions find it."""

import asyncio
import json
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlparse

import duckdb

from local.aws.athena import engine, metadata, objects, prepared, statements, values, writing
from local.aws.athena.ddl import Change, Place
from local.aws.athena.entries import Document
from local.aws.athena.errors import TYPES, Malformed, QueryFailed
from local.aws.athena.statements import Statement, Work
from local.aws.athena.words import CATALOG
from local.aws.athena.writing import Writing
from local.aws.seam import Refused, intercept

USES = {
    "athena": (
        "_executions",
        "_execution_out(ex)",
        "_workgroups",
        "_ensure_default_workgroup()",
        "load_persisted_state(data)",
    ),
    "glue": ("_databases", "_tables", "_partitions"),
    "s3": objects.USES,
}
RESULTS = {  # SubstatementType → where its result is; <id>.txt for the others
    "SELECT": "{}.csv",
    "INSERT": "{}",
    "UNLOAD": "{}",
    "CREATE_TABLE_AS_SELECT": "tables/{}",
}
BINARY = "application/octet-stream"
NO_OUTPUT = (
    "No output location provided. An output location is required either through the Workgroup result "
    "configuration setting or as an API input."
)
ENGINE = "Athena engine version 3"
MOST_ROWS = 1000  # of a page of results
LONGEST_REASON = 2000
SECONDS_TO_STOP = 0.2

T = TypeVar("T")

_log = logging.getLogger("athena")
_tokens: dict[str, tuple[str, str]] = {}  # client request token → query, its id
_tasks: set[asyncio.Task[None]] = set()  # the loop itself does not hold on to them


def install() -> None:
    """Let this Athena answer instead of ministack's.

    :raises SeamMoved: ministack is not as expected
    """
    handlers = {
        "StartQueryExecution": _start,
        "GetQueryExecution": _get,
        "GetQueryResults": _results,
        "StopQueryExecution": _stop,
    }
    intercept("athena", handlers, uses=USES)
    intercept("athena", prepared.handlers(), uses=prepared.USES)
    intercept("athena", metadata.handlers(), uses=metadata.USES)
    _fail_unfinished()


def _fail_unfinished() -> None:
    """Let queries that ended with a former server be FAILED: they would seem to run for ever."""
    from ministack.services import athena

    stock = athena.load_persisted_state

    def load_persisted_state(data: Document) -> None:
        stock(data)
        for execution in athena._executions._data.values():  # of all accounts and regions
            if execution["Status"]["State"] in ("QUEUED", "RUNNING"):
                _finish(execution, "FAILED", "GENERIC_INTERNAL_ERROR: The local AWS ended while the query ran")

    athena.load_persisted_state = load_persisted_state


async def _start(request: Document) -> Document:
    from ministack.core.responses import new_uuid
    from ministack.services import athena

    sql, token = request["QueryString"], request.get("ClientRequestToken")
    if token in _tokens:
        known, query_id = _tokens[token]
        if known != sql:
            raise Refused("InvalidRequestException", "Idempotent parameters do not match")
        return {"QueryExecutionId": query_id}
    name, query_id = request.get("WorkGroup", "primary"), new_uuid()
    workgroup = _workgroup(name)
    output = _output(request, workgroup)
    context = {"Catalog": CATALOG, "Database": "default", **(request.get("QueryExecutionContext") or {})}
    if context["Catalog"].lower() != CATALOG:
        text = f"The local Athena does not support the data catalog {context['Catalog']}, only AwsDataCatalog"
        raise Refused("InvalidRequestException", text)
    place = Place(
        query_id=query_id,
        database=context["Database"].strip("`").lower(),
        workgroup=name,
        output=output["OutputLocation"].rstrip("/"),
        output_enforced=bool(workgroup.get("EnforceWorkGroupConfiguration")),
    )
    try:
        statement = statements.read(sql, place, request.get("ExecutionParameters") or [])
    except Malformed as error:
        raise Refused("InvalidRequestException", str(error), AthenaErrorCode="MALFORMED_QUERY") from error
    execution = _execution(request, place, output, statement)
    athena._executions[query_id] = execution
    if token:
        _tokens[token] = sql, query_id
    task = asyncio.create_task(_run(execution, statement, workgroup.get("BytesScannedCutoffPerQuery")))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return {"QueryExecutionId": query_id}


async def _get(request: Document) -> Document:
    from ministack.services import athena

    return {"QueryExecution": athena._execution_out(_known(request))}


async def _results(request: Document) -> Document:
    execution = _known(request)
    state = execution["Status"]["State"]
    if state in ("QUEUED", "RUNNING"):
        raise Refused("InvalidRequestException", f"Query has not yet finished. Current state: {state}")
    if state != "SUCCEEDED":
        raise Refused("InvalidRequestException", f"Query did not finish successfully. Final query state: {state}")
    location = execution["ResultConfiguration"]["OutputLocation"]
    try:
        result, described = objects.read(location), objects.read(f"{location}.metadata")
    except QueryFailed as error:  # the one who asks may not read it
        raise Refused("AccessDeniedException", str(error).partition(": ")[2]) from error
    if result is None and location.endswith(".csv"):
        raise Refused("InvalidRequestException", f"Could not find results at {location}")
    document = (result or b"").decode()
    token, most = request.get("NextToken") or "0", request.get("MaxResults", MOST_ROWS)
    if most > MOST_ROWS:
        raise Refused("InvalidRequestException", f"MaxResults is more than maximum allowed length {MOST_ROWS}.")
    if not token.isdigit():
        raise Refused("InvalidRequestException", "Invalid NextToken")
    start = int(token)
    if location.endswith(".csv"):
        rows, rest = values.read_csv(document, start, most)
    else:
        lines = document.split("\n") if document else []
        rows = [[line] for line in lines[start : start + most]]
        rest = start + most if start + most < len(lines) else None
    columns = json.loads(described or b"[]")
    page = [{"Data": [{} if text is None else {"VarCharValue": text} for text in row]} for row in rows]
    answer: Document = {"ResultSet": {"Rows": page, "ResultSetMetadata": {"ColumnInfo": columns}}}
    if execution.get("_update_count") is not None:
        answer["UpdateCount"] = execution["_update_count"]
    return answer if rest is None else {**answer, "NextToken": str(rest)}


async def _stop(request: Document) -> Document:
    execution = _known(request)
    if execution["Status"]["State"] in ("QUEUED", "RUNNING"):
        _finish(execution, "CANCELLED", "Query was cancelled by user")
    return {}


async def _run(execution: Document, statement: Statement, limit: int | None) -> None:
    """Do what a statement says and note how it ended; one that was stopped meanwhile stays stopped."""
    started = time.monotonic()
    status, query_id = execution["Status"], execution["QueryExecutionId"]
    status["State"] = "RUNNING"
    try:
        await _done(execution, statement.work, limit)
        if status["State"] == "RUNNING":
            _time(execution, started)
            _finish(execution, "SUCCEEDED")
    except QueryFailed as error:
        if status["State"] == "RUNNING":
            _time(execution, started)
            if error.code == "EXCEEDED_BYTES_LIMIT":
                _finish(execution, "CANCELLED", "Bytes scanned limit was exceeded")
            else:
                _finish(execution, "FAILED", str(error), error.code)
    except Exception as error:  # whatever it is, the query must not stay RUNNING for ever
        _log.exception("Athena query %s", query_id)
        _time(execution, started)
        _finish(execution, "FAILED", f"GENERIC_INTERNAL_ERROR: {error}")


async def _done(execution: Document, work: Work, limit: int | None) -> None:
    """Do the work and write what it results in, unless the query is stopped meanwhile."""
    status, statistics = execution["Status"], execution["Statistics"]
    location = execution["ResultConfiguration"]["OutputLocation"]
    if isinstance(work, QueryFailed):
        raise work
    if isinstance(work, Change):
        lines = await work.run()
        if work.columns:
            columns = [values.column_info(column, "string") for column in work.columns]
            objects.write(f"{location}.metadata", json.dumps(columns).encode(), BINARY)
        objects.write(location, "\n".join(lines).encode(), BINARY)
    elif isinstance(work, Writing):
        writing.check(work)
        with tempfile.TemporaryDirectory(prefix="athena-") as scratch:
            written = await _while_running(
                status, lambda connection: writing.run(connection, work, limit, Path(scratch))
            )
            if status["State"] == "RUNNING":
                await writing.publish(work, written)
                columns = [values.column_info("rows", "BIGINT")]
                objects.write(f"{location}.metadata", json.dumps(columns).encode(), BINARY)
                statistics.update(DataScannedInBytes=written.scanned, DataManifestLocation=work.manifest)
                execution["_update_count"] = written.rows
    else:
        document, columns, scanned = await _while_running(status, lambda connection: _rows(connection, work, limit))
        if status["State"] == "RUNNING":
            objects.write(f"{location}.metadata", json.dumps(columns).encode(), BINARY)
            objects.write(location, document, BINARY)
            statistics.update(DataScannedInBytes=scanned)


async def _while_running(status: Document, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
    """Do work with a connection in a thread, and interrupt it once a query's status says so or the server ends."""
    connection = await asyncio.to_thread(duckdb.connect, ":memory:")  # takes some ten milliseconds
    task = asyncio.ensure_future(asyncio.to_thread(_worked, connection, work))
    try:
        while not (await asyncio.wait({task}, timeout=SECONDS_TO_STOP))[0]:
            if status["State"] != "RUNNING":
                connection.interrupt()
        return task.result()
    finally:
        if not task.done():
            connection.interrupt()


def _worked(connection: duckdb.DuckDBPyConnection, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
    try:
        return work(connection)
    except duckdb.Error as error:
        raise engine.failure(error) from error
    finally:
        connection.close()


def _rows(
    connection: duckdb.DuckDBPyConnection, query: engine.Query, limit: int | None
) -> tuple[bytes, list[Document], int]:
    """Return a query's result file, its columns, and the bytes scanned."""
    result = engine.run(connection, query, objects.path, limit)
    lines = [values.csv_row(name for name, _ in result.columns)]
    kinds = [kind for _, kind in result.columns]
    for batch in result.rows:
        for row in batch:
            texts = (None if item is None else values.text(item, kind) for item, kind in zip(row, kinds, strict=True))
            lines.append(values.csv_row(texts))
    columns = [values.column_info(name, kind) for name, kind in result.columns]
    return "".join(lines).encode(), columns, result.scanned


def _execution(request: Document, place: Place, output: Document, statement: Statement) -> Document:
    location = f"{place.output}/{RESULTS.get(statement.subtype, '{}.txt').format(place.query_id)}"
    return {
        "QueryExecutionId": place.query_id,
        "Query": request["QueryString"],
        "StatementType": statement.type,
        "SubstatementType": statement.subtype,
        "ResultConfiguration": {**output, "OutputLocation": location},
        "QueryExecutionContext": request.get("QueryExecutionContext") or {},
        "ExecutionParameters": request.get("ExecutionParameters") or [],
        "Status": {"State": "QUEUED", "SubmissionDateTime": round(time.time(), 3)},
        "Statistics": {"EngineExecutionTimeInMillis": 0, "DataScannedInBytes": 0, "TotalExecutionTimeInMillis": 0},
        "WorkGroup": place.workgroup,
        "EngineVersion": {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": ENGINE},
        "_update_count": None if statement.type == "DDL" else 0,
    }


def _finish(execution: Document, state: str, reason: str | None = None, code: str = "") -> None:
    status = execution["Status"]
    status.update(State=state, CompletionDateTime=round(time.time(), 3))
    if reason is not None:
        status["StateChangeReason"] = reason[:LONGEST_REASON]
    if state == "FAILED":
        status["AthenaError"] = {
            "ErrorCategory": 2,  # the user's
            "ErrorType": TYPES.get(code, 1000),
            "Retryable": False,
            "ErrorMessage": status["StateChangeReason"],
        }


def _time(execution: Document, started: float) -> None:
    taken = int((time.monotonic() - started) * 1000)
    execution["Statistics"].update(EngineExecutionTimeInMillis=taken, TotalExecutionTimeInMillis=taken)


def _known(request: Document) -> Document:
    from ministack.services import athena

    execution: Document | None = athena._executions.get(request["QueryExecutionId"])
    if execution is None:
        raise Refused("InvalidRequestException", f"QueryExecution {request['QueryExecutionId']} was not found")
    return execution


def _workgroup(name: str) -> Document:
    from ministack.services import athena

    athena._ensure_default_workgroup()
    if name not in athena._workgroups:
        raise Refused("InvalidRequestException", f"WorkGroup {name} is not found.")
    return dict(athena._workgroups[name].get("Configuration") or {})


def _output(request: Document, workgroup: Document) -> Document:
    """Return where results go: as the client says, unless the workgroup says and insists."""
    from ministack.services import s3

    asked, configured = request.get("ResultConfiguration") or {}, workgroup.get("ResultConfiguration") or {}
    first, second = (configured, asked) if workgroup.get("EnforceWorkGroupConfiguration") else (asked, configured)
    chosen = first if first.get("OutputLocation") else second
    if not chosen.get("OutputLocation"):
        raise Refused("InvalidRequestException", NO_OUTPUT)
    bucket = urlparse(chosen["OutputLocation"]).netloc
    if bucket not in s3._buckets:
        raise Refused("InvalidRequestException", f"Unable to verify/create output bucket {bucket}")
    return chosen

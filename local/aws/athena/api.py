"""The actions of Athena's API that run queries; what they note stays where ministack's own actions find it."""

import asyncio
import json
import logging
import time
from typing import Any
from urllib.parse import urlparse

import duckdb

from local.aws.athena import engine, values
from local.aws.athena.catalog import StoredFile
from local.aws.athena.errors import Malformed, QueryFailed
from local.aws.seam import Refused, intercept

USES = {
    "athena": ("_executions", "_workgroups", "_ensure_default_workgroup", "_detect_statement_type"),
    "glue": ("_databases", "_tables", "_partitions"),
    "s3": ("_buckets", "_put_object", "_get_object_data", "_object_disk_path"),
}
NO_OUTPUT = (
    "No output location provided. An output location is required either through the Workgroup result "
    "configuration setting or as an API input."
)
ENGINE = "Athena engine version 3"
LONGEST_REASON = 2000
SECONDS_TO_STOP = 0.2

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


async def _start(request: dict[str, Any]) -> dict[str, Any]:
    from ministack.core.responses import new_uuid
    from ministack.services import athena

    sql, token = request["QueryString"], request.get("ClientRequestToken")
    if token in _tokens:
        known, query_id = _tokens[token]
        if known != sql:
            raise Refused("InvalidRequestException", "Idempotent parameters do not match")
        return {"QueryExecutionId": query_id}
    workgroup = _workgroup(request.get("WorkGroup", "primary"))
    query_id = new_uuid()
    execution = _execution(query_id, request, _output(request, workgroup), athena._detect_statement_type(sql))
    context = request.get("QueryExecutionContext") or {}
    query: engine.Query | QueryFailed
    try:
        query = engine.resolve(sql, context.get("Database", "default"), request.get("ExecutionParameters") or [])
    except Malformed as error:
        raise Refused("InvalidRequestException", str(error), AthenaErrorCode="MALFORMED_QUERY") from error
    except QueryFailed as error:
        query = error
    athena._executions[query_id] = execution
    if token:
        _tokens[token] = sql, query_id
    task = asyncio.create_task(_run(execution, query, workgroup.get("BytesScannedCutoffPerQuery")))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return {"QueryExecutionId": query_id}


async def _get(request: dict[str, Any]) -> dict[str, Any]:
    return {"QueryExecution": _known(request)}


async def _results(request: dict[str, Any]) -> dict[str, Any]:
    execution = _known(request)
    state = execution["Status"]["State"]
    if state in ("QUEUED", "RUNNING"):
        raise Refused("InvalidRequestException", f"Query has not yet finished. Current state: {state}")
    if state != "SUCCEEDED":
        raise Refused("InvalidRequestException", f"Query did not finish successfully. Final query state: {state}")
    location = execution["ResultConfiguration"]["OutputLocation"]
    columns = json.loads(_read(f"{location}.metadata"))
    document = _read(location).decode()
    rows, rest = values.read_csv(document, int(request.get("NextToken") or 0), request.get("MaxResults", 1000))
    page = [{"Data": [{} if text is None else {"VarCharValue": text} for text in row]} for row in rows]
    answer = {"UpdateCount": 0, "ResultSet": {"Rows": page, "ResultSetMetadata": {"ColumnInfo": columns}}}
    return answer if rest is None else {**answer, "NextToken": str(rest)}


async def _stop(request: dict[str, Any]) -> dict[str, Any]:
    execution = _known(request)
    if execution["Status"]["State"] in ("QUEUED", "RUNNING"):
        _finish(execution, "CANCELLED", "Query was cancelled by user")
    return {}


async def _run(execution: dict[str, Any], query: engine.Query | QueryFailed, limit: int | None) -> None:
    """Run a query in a thread and note how it ended; a query that was stopped meanwhile stays stopped."""
    started = time.monotonic()
    status, query_id = execution["Status"], execution["QueryExecutionId"]
    status["State"] = "RUNNING"
    try:
        if isinstance(query, QueryFailed):
            raise query
        document, metadata, scanned = await _while_running(status, query, limit)
        if status["State"] == "RUNNING":
            location = execution["ResultConfiguration"]["OutputLocation"]
            _write(f"{location}.metadata", metadata, "application/json")
            _write(location, document, "text/csv")
            execution["Statistics"]["DataScannedInBytes"] = scanned
            _time(execution, started)
            _finish(execution, "SUCCEEDED")
    except QueryFailed as error:
        if status["State"] == "RUNNING":
            _time(execution, started)
            if error.code == "EXCEEDED_BYTES_LIMIT":
                _finish(execution, "CANCELLED", "Bytes scanned limit was exceeded")
            else:
                _finish(execution, "FAILED", str(error))
    except Exception as error:  # whatever it is, the query must not stay RUNNING for ever
        _log.exception("Athena query %s", query_id)
        _time(execution, started)
        _finish(execution, "FAILED", f"GENERIC_INTERNAL_ERROR: {error}")


async def _while_running(status: dict[str, Any], query: engine.Query, limit: int | None) -> tuple[bytes, bytes, int]:
    """Run a query in a thread, and interrupt it once its status says so or the server ends."""
    connection = duckdb.connect(":memory:")
    work = asyncio.ensure_future(asyncio.to_thread(_rows, connection, query, limit))
    try:
        while not (await asyncio.wait({work}, timeout=SECONDS_TO_STOP))[0]:
            if status["State"] != "RUNNING":
                connection.interrupt()
        return work.result()
    finally:
        if not work.done():
            connection.interrupt()


def _rows(connection: duckdb.DuckDBPyConnection, query: engine.Query, limit: int | None) -> tuple[bytes, bytes, int]:
    """Return a query's result file, what its columns are, and the bytes scanned; close the connection."""
    try:
        result = engine.run(connection, query, _path, limit)
        lines = [values.csv_row(name for name, _ in result.columns)]
        kinds = [kind for _, kind in result.columns]
        for batch in result.rows:
            for row in batch:
                texts = (
                    None if item is None else values.text(item, kind) for item, kind in zip(row, kinds, strict=True)
                )
                lines.append(values.csv_row(texts))
    except duckdb.Error as error:
        raise engine.failure(error) from error
    finally:
        connection.close()
    metadata = json.dumps([values.column_info(name, kind) for name, kind in result.columns])
    return "".join(lines).encode(), metadata.encode(), result.scanned


def _path(file: StoredFile) -> str:
    from ministack.services import s3

    return str(s3._object_disk_path(file.bucket, file.key))


def _execution(query_id: str, request: dict[str, Any], output: dict[str, Any], kind: str) -> dict[str, Any]:
    context = request.get("QueryExecutionContext") or {}
    return {
        "QueryExecutionId": query_id,
        "Query": request["QueryString"],
        "StatementType": kind,
        "ResultConfiguration": {**output, "OutputLocation": f"{output['OutputLocation'].rstrip('/')}/{query_id}.csv"},
        "QueryExecutionContext": context,
        "ExecutionParameters": request.get("ExecutionParameters") or [],
        "Status": {"State": "QUEUED", "SubmissionDateTime": round(time.time(), 3)},
        "Statistics": {"EngineExecutionTimeInMillis": 0, "DataScannedInBytes": 0, "TotalExecutionTimeInMillis": 0},
        "WorkGroup": request.get("WorkGroup", "primary"),
        "EngineVersion": {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": ENGINE},
    }


def _finish(execution: dict[str, Any], state: str, reason: str | None = None) -> None:
    status = execution["Status"]
    status.update(State=state, CompletionDateTime=round(time.time(), 3))
    if reason is not None:
        status["StateChangeReason"] = reason[:LONGEST_REASON]
    if state == "FAILED":
        status["AthenaError"] = {
            "ErrorCategory": 2,  # the user's
            "ErrorType": 1006 if "does not exist" in status["StateChangeReason"] else 1,
            "Retryable": False,
            "ErrorMessage": status["StateChangeReason"],
        }


def _time(execution: dict[str, Any], started: float) -> None:
    taken = int((time.monotonic() - started) * 1000)
    execution["Statistics"].update(EngineExecutionTimeInMillis=taken, TotalExecutionTimeInMillis=taken)


def _known(request: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import athena

    execution: dict[str, Any] | None = athena._executions.get(request["QueryExecutionId"])
    if execution is None:
        raise Refused("InvalidRequestException", f"QueryExecution {request['QueryExecutionId']} was not found")
    return execution


def _workgroup(name: str) -> dict[str, Any]:
    from ministack.services import athena

    athena._ensure_default_workgroup()
    if name not in athena._workgroups:
        raise Refused("InvalidRequestException", f"WorkGroup {name} is not found.")
    return dict(athena._workgroups[name].get("Configuration") or {})


def _output(request: dict[str, Any], workgroup: dict[str, Any]) -> dict[str, Any]:
    """Return where results go: as the client says, unless the workgroup says and insists."""
    asked, configured = request.get("ResultConfiguration") or {}, workgroup.get("ResultConfiguration") or {}
    first, second = (configured, asked) if workgroup.get("EnforceWorkGroupConfiguration") else (asked, configured)
    chosen = first if first.get("OutputLocation") else second
    if not chosen.get("OutputLocation"):
        raise Refused("InvalidRequestException", NO_OUTPUT)
    return chosen


def _write(location: str, body: bytes, kind: str) -> None:
    from ministack.services import s3

    address = urlparse(location)
    headers = {"content-type": kind, "content-length": str(len(body))}
    answer = s3._put_object(address.netloc, address.path.lstrip("/"), body, headers)
    if isinstance(answer, tuple) and answer[0] >= 300:
        raise QueryFailed("GENERIC_USER_ERROR", f"Unable to write the result to {location}: {answer[2]!r}")


def _read(location: str) -> bytes:
    from ministack.services import s3

    address = urlparse(location)
    body = s3._get_object_data(address.netloc, address.path.lstrip("/"))
    if body is None:
        raise Refused("InvalidRequestException", f"Could not find results at {location}")
    return bytes(body)

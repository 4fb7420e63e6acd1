"""Athena: a query is started, looked at again, and read, each by a call of its own that waits for nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from quayside.errors import QuaysideError, Retryable, Terminal
from quayside.serving.answers.errors import NotYet, TooMuch
from quayside.serving.answers.values import Row, from_texts
from quayside.serving.metrics import Column
from quayside.settings import Settings, aws

MOST_BYTES = 2_000_000_000  # that one query may scan, whatever the workgroup would let pass
_PAGE = 1000
_REFUSALS = ("InvalidRequestException", "AccessDeniedException", "MetadataException")
_TOO_MUCH = "This would read more than one question may: take fewer days, or fewer venues."


@dataclass(frozen=True, slots=True)
class Done:
    """A query that has ended well.

    :param execution: Athena's id of it
    :param attempt: how often the same had been asked before
    :param scanned: bytes
    """

    execution: str
    attempt: int
    scanned: int


def start(sql: str, parameters: list[str], database: str, token: str, settings: Settings) -> str:
    """Start a query; return its id. Who starts the same with the same token is given the same query.

    :param token: 32 to 128 characters
    :raises Terminal: Athena refuses it
    :raises Retryable: Athena did not answer
    """
    given: dict[str, Any] = {"ExecutionParameters": parameters} if parameters else {}
    answer = _call(
        aws("athena").start_query_execution,
        **given,
        QueryString=sql,
        QueryExecutionContext={"Database": database},
        WorkGroup=settings.athena_workgroup,
        ResultConfiguration={"OutputLocation": f"s3://{settings.lake_bucket}/athena-results/"},
        ClientRequestToken=token,
    )
    return str(answer["QueryExecutionId"])


def look(execution: str, attempt: int) -> Done | None:
    """Return what has become of a query; None while it runs.

    :raises TooMuch: it read, or would have read, more than it may
    :raises NotYet: a table is not there
    :raises Terminal: it failed, and would again
    :raises Retryable: it failed, was stopped, is not known any more, or Athena did not answer
    """
    found = _call(aws("athena").get_query_execution, QueryExecutionId=execution, unknown=True)["QueryExecution"]
    status = found["Status"]
    match status["State"]:
        case "QUEUED" | "RUNNING":
            return None
        case "SUCCEEDED":
            scanned = int(found.get("Statistics", {}).get("DataScannedInBytes", 0))
            if scanned > MOST_BYTES:
                raise TooMuch(_TOO_MUCH)
            return Done(execution, attempt, scanned)
    reason = status.get("StateChangeReason", status["State"])
    if "bytes scanned limit" in reason.lower():
        raise TooMuch(_TOO_MUCH)
    if reason.startswith("TABLE_NOT_FOUND"):
        raise NotYet()
    again = status["State"] == "CANCELLED" or status.get("AthenaError", {}).get("Retryable")
    raise (Retryable if again else Terminal)(f"Athena: {reason} (query {execution})")


def read(execution: str, columns: tuple[Column, ...], *, most: int) -> list[Row]:
    """Return a query's rows.

    :param most: rows at most
    :raises TooMuch: there are more
    :raises Terminal: other columns than were compiled, or Athena refuses
    :raises Retryable: Athena did not answer
    """
    texts: list[list[str | None]] = []
    token: dict[str, Any] = {}
    while True:
        page = _call(aws("athena").get_query_results, QueryExecutionId=execution, MaxResults=_PAGE, **token)
        texts += [[item.get("VarCharValue") for item in row["Data"]] for row in page["ResultSet"]["Rows"]]
        if len(texts) > most + 1:  # the first row is the names
            raise TooMuch(f"There are more than {most:,} rows: take fewer days, or download Parquet.")
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    names = [column.name for column in columns]
    if not texts or texts[0] != names:
        raise Terminal(f"Athena gives {texts[:1]}, not {names} (query {execution}).")
    return from_texts(columns, texts[1:])


def _call(action: Callable[..., Any], *, unknown: bool = False, **request: Any) -> Any:
    """Call Athena.

    :param unknown: that it refuses is then worth another query: it has forgotten this one
    """
    try:
        return action(**request)
    except (ClientError, BotoCoreError) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        kind: type[QuaysideError] = Terminal if code in _REFUSALS and not unknown else Retryable
        raise kind(f"Athena does not answer: {error}") from error

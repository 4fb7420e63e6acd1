"""Ask a question of the curated tables, by Athena."""

import io
import time
from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.csv
from botocore.exceptions import BotoCoreError, ClientError

from quayside.errors import Retryable, Terminal
from quayside.questions.question import Question
from quayside.settings import Settings, aws

_SECONDS = 300  # the longest that an answer is waited for
_REFUSALS = ("InvalidRequestException", "AccessDeniedException")


def ask_athena(
    question: Question, values: Mapping[str, Any], settings: Settings, *, database: str | None = None
) -> pa.Table:
    """Return the answer from the lake; its schema is the question's.

    :param values: the parameters, typed or as text
    :param database: where the tables are: the catalog's, or the one of its masked views
    :raises Terminal: a wrong parameter, or Athena refuses the query
    :raises Retryable: no answer in five minutes, or a service did not answer
    """
    bound = question.bind(values)
    try:
        query = aws("athena").start_query_execution(
            QueryString=question.athena,
            ExecutionParameters=[_literal(bound[name]) for name in question.places],
            QueryExecutionContext={"Database": database or settings.catalog_database},
            WorkGroup=settings.athena_workgroup,
            ResultConfiguration={"OutputLocation": f"s3://{settings.lake_bucket}/athena-results/"},
        )["QueryExecutionId"]
        return _table(question, _finished(question, query))
    except (ClientError, BotoCoreError) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        kind = Terminal if code in _REFUSALS else Retryable
        raise kind(f"{question.name}: Athena does not answer: {error}") from error


def _literal(value: int | date) -> str:
    """Write a value as Athena takes it for a parameter; no other types come here, so nothing needs quoting."""
    return f"date '{value.isoformat()}'" if isinstance(value, date) else str(value)


def _finished(question: Question, query: str) -> str:
    """Wait for a query; return where its result is."""
    deadline, pause = time.monotonic() + _SECONDS, 0.02
    while time.monotonic() < deadline:
        execution = aws("athena").get_query_execution(QueryExecutionId=query)["QueryExecution"]
        status = execution["Status"]
        if status["State"] == "SUCCEEDED":
            return str(execution["ResultConfiguration"]["OutputLocation"])
        if status["State"] in ("FAILED", "CANCELLED"):
            kind = Retryable if status.get("AthenaError", {}).get("Retryable") else Terminal
            raise kind(f"{question.name}: {status.get('StateChangeReason', status['State'])} (query {query})")
        time.sleep(pause)
        pause = min(1.0, 1.5 * pause)
    aws("athena").stop_query_execution(QueryExecutionId=query)
    raise Retryable(f"{question.name}: no answer in {_SECONDS} s (query {query}); ask for a shorter range.")


def _table(question: Question, place: str) -> pa.Table:
    """Read a result: CSV, of which every value is in quotes and null is not."""
    bucket, _, key = place.removeprefix("s3://").partition("/")
    body = aws("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    options = pa.csv.ConvertOptions(
        column_types=question.schema, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
    )
    table = pa.csv.read_csv(
        io.BytesIO(body), parse_options=pa.csv.ParseOptions(newlines_in_values=True), convert_options=options
    )
    if table.schema != question.schema:
        raise Terminal(f"{question.name}: athena.sql gives {table.schema.names}, not {question.schema.names}.")
    return table

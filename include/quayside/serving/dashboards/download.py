"""A panel's rows as a file behind a signed link: CSV, or Parquet that Athena writes by itself."""

import csv
import io
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from quayside.errors import Retryable, Terminal
from quayside.serving import objects
from quayside.serving.access import Access
from quayside.serving.answers import Answers, Question
from quayside.serving.answers.answers import MOST_ROWS, version_of
from quayside.serving.answers.values import Cell, Row
from quayside.serving.dashboards.dashboard import Dashboard, Panel
from quayside.serving.dashboards.request import Request
from quayside.serving.dashboards.result import ask_for
from quayside.serving.http import BadRequest, FieldError
from quayside.serving.metrics import Column
from quayside.settings import aws

FOLDER = "serving/downloads"
GOOD_FOR = timedelta(minutes=5)
KINDS = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
# A spreadsheet would run what begins so, also behind a blank.
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "＝", "＋", "－", "＠")


class NothingThere(Terminal):
    """There are no rows, and so no file."""


def download(
    dashboard: Dashboard, panel: Panel, request: Request, form: str, access: Access, answers: Answers, *, wait: float
) -> dict[str, str] | None:
    """Return what the API calls a Download: a link to all rows of a panel; None while they are on their way.

    :param form: ``csv`` or ``parquet``
    :param wait: seconds at most
    :raises BadRequest: the panel is not to be had as that
    :raises NothingThere: no row, and Parquet without one is not written
    :raises TooMuch: there are more rows than a CSV may have, or Athena would read too much
    :raises Terminal, Retryable: as `Answers.ask`
    """
    if form not in panel.formats:
        have = " or ".join(panel.formats)
        raise BadRequest(FieldError("query/format", f"the lake cannot tell this panel: take {have}"))
    versions = answers.versions()
    alone = replace(request, compare="none")
    if form == "csv":
        question = ask_for(dashboard, panel, alone, access, answers.settings, limit=MOST_ROWS + 1).question
        place = _csv(question, versions, answers, wait)
    else:
        question = ask_for(dashboard, panel, alone, access, answers.settings, engine="athena", whole=True).question
        place = _parquet(question, versions, answers, wait)
    if place is None:
        return None
    name = f"{dashboard.name}-{panel.name}-{request.since}-{request.until}.{form}"
    expires = datetime.now(UTC) + GOOD_FOR
    return {
        "url": _signed(answers.settings.lake_bucket, place, name, KINDS[form]),
        "expires_at": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
    }


def to_csv(columns: Sequence[Column], rows: Sequence[Row]) -> bytes:
    """Return rows as CSV with the columns' labels; no text in it is a formula to a spreadsheet."""
    texts = [number for number, column in enumerate(columns) if column.type == "text"]
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_NOTNULL)
    writer.writerow([harmless(column.label) for column in columns])
    for row in rows:
        cells: list[Cell] = list(row)
        for number in texts:
            cells[number] = harmless(cells[number])
        writer.writerow(cells)
    return b"\xef\xbb\xbf" + file.getvalue().encode()  # the mark by which spreadsheets know UTF-8


def harmless(value: Cell) -> Cell:
    """Return a text that a spreadsheet shows as it is, with an apostrophe before what it would run."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_RUNS) else value


def _csv(question: Question, versions: dict[str, str], answers: Answers, wait: float) -> str | None:
    [answer] = answers.ask([question], versions, wait=wait)
    if answer is None:
        return None
    compiled = question.compiled
    place = f"{FOLDER}/{compiled.key}/{version_of(compiled, versions)}.csv"
    objects.put(answers.settings, place, to_csv(compiled.columns, answer.rows), KINDS["csv"])
    return place


def _parquet(question: Question, versions: dict[str, str], answers: Answers, wait: float) -> str | None:
    """Let Athena write one file; it makes several only of far more rows than a panel has."""
    compiled, version = question.compiled, version_of(question.compiled, versions)
    folder = f"{FOLDER}/{compiled.key}/{version}"
    bucket, deadline = answers.settings.lake_bucket, time.monotonic() + wait

    def unload(attempt: int) -> str:
        # UNLOAD is in no parser's grammar; beside the compiled query it has our own words and a hash only.
        return (
            f"UNLOAD ({compiled.sql}) TO 's3://{bucket}/{folder}/{attempt}/' "
            "WITH (format = 'PARQUET', compression = 'SNAPPY')"
        )

    key = f"{compiled.key}.parquet", version
    [kept] = answers.store.answers([key])
    done = answers.run(key, kept, unload, question, deadline)
    if done is None:
        return None
    files = _files(bucket, f"{folder}/{done.attempt}/")
    if not files:
        raise NothingThere("There is no row in this range, and so no file; CSV would be its heading alone.")
    if len(files) > 1:
        raise Terminal(f"Athena wrote {len(files)} files below {folder}; one was expected of an ordered query.")
    return files[0]


def _files(bucket: str, prefix: str) -> list[str]:
    try:
        answer = aws("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
    except (ClientError, BotoCoreError) as error:
        raise Retryable(f"The lake does not answer: {error}") from error
    return [item["Key"] for item in answer.get("Contents", []) if item["Size"]]


def _signed(bucket: str, key: str, name: str, kind: str) -> str:
    parameters = {
        "Bucket": bucket,
        "Key": key,
        "ResponseContentDisposition": f'attachment; filename="{quote(name)}"',
        "ResponseContentType": kind,
    }
    return str(
        _signer().generate_presigned_url("get_object", Params=parameters, ExpiresIn=int(GOOD_FOR.total_seconds()))
    )


@cache
def _signer() -> Any:
    return boto3.client("s3", config=Config(signature_version="s3v4"))

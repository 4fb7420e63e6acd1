"""A batch on its way through Firehose's processors: taken apart, transformed by a Lambda function, given partition keys."""

import asyncio
import base64
import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import jq

from local.aws.seam import Refused

LARGEST_EVENT = 1024 * 1024  # what Firehose hands to a function at once, before base64, unless told otherwise
MOST_PARTS = 500  # a record that is made of more is left whole
RETRIES = 3
PARAMETERS = {  # processor → parameters that are honoured
    "Lambda": {"LambdaArn", "NumberOfRetries", "RoleArn", "BufferSizeInMBs", "BufferIntervalInSeconds"},
    "RecordDeAggregation": {"SubRecordType", "Delimiter"},
    "MetadataExtraction": {"MetadataExtractionQuery", "JsonParsingEngine"},
    "AppendDelimiterToRecord": {"Delimiter"},
}
RETURNED_AN_ERROR = "The Lambda function was successfully invoked but it returned an error result."
MALFORMED = (
    "Check your function and make sure the output is in required format. In addition to that, make sure the processed "
    "records contain valid result status of Dropped, Ok, or ProcessingFailed"
)
MISSING = "One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids."
DUPLICATED = (
    "Multiple records were returned with the same record Id. Ensure that the Lambda function returns a unique record "
    "Id for each record."
)
UNKNOWN_FUNCTION = "The specified Lambda function does not exist. Use a different function that does exist."


@dataclass(frozen=True)
class Record:
    """A record that was accepted.

    :param at: when, in seconds since 1970
    :param keys: its partition keys: namespace → key → value
    """

    id: str
    at: float
    data: bytes
    keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed:
    """A record that could not be processed.

    :param kind: the error output type, e.g. ``processing-failed``
    :param code: Firehose's name of the error
    """

    record: Record
    kind: str
    code: str
    message: str
    attempts: int = 1
    function: str | None = None

    def document(self) -> bytes:
        """Return the line that Firehose writes about it."""
        line = {
            "attemptsMade": self.attempts,
            "arrivalTimestamp": int(self.record.at * 1000),
            "errorCode": self.code,
            "errorMessage": self.message,
            "attemptEndingTimestamp": int(time.time() * 1000),
            "rawData": base64.b64encode(self.record.data).decode(),
        }
        if self.function:
            line["lambdaARN"] = self.function  # so it is written, though the documentation says lambdaArn
        return json.dumps(line).encode() + b"\n"


def check(config: Mapping[str, Any]) -> None:
    """Check a destination's processors.

    :raises Refused: a processor, a parameter or a jq query cannot be honoured
    """
    processors = _processors(config)
    for kind, parameters in processors:
        unknown = {kind} - set(PARAMETERS) or set(parameters) - PARAMETERS[kind]
        if unknown:
            raise _invalid(f"The local Firehose does not support {', '.join(sorted(unknown))} in a {kind} processor.")
    kinds = [kind for kind, _ in processors]
    if len(set(kinds)) < len(kinds):
        raise _invalid("Only one processor of a type is supported.")
    chosen = dict(processors)
    if "Lambda" in chosen and "LambdaArn" not in chosen["Lambda"]:
        raise _invalid("Lambda processor requires the parameter LambdaArn.")
    if "RecordDeAggregation" in chosen:
        kind, delimiter = (chosen["RecordDeAggregation"].get(name, "") for name in ("SubRecordType", "Delimiter"))
        if kind not in ("JSON", "DELIMITED") or (kind == "DELIMITED" and not (delimiter and _is_base64(delimiter))):
            raise _invalid("SubRecordType must be JSON, or DELIMITED with a base64-encoded Delimiter.")
    if "MetadataExtraction" in chosen:
        if chosen["MetadataExtraction"].get("JsonParsingEngine") != "JQ-1.6":
            raise _invalid("JsonParsingEngine must be JQ-1.6.")
        try:
            jq.compile(chosen["MetadataExtraction"].get("MetadataExtractionQuery", ""))
        except ValueError as error:
            raise _invalid(f"MetadataExtractionQuery is not a jq query: {error}") from error


async def process(
    config: Mapping[str, Any], stream: Mapping[str, Any], batch: Sequence[Record]
) -> tuple[list[Record], list[Failed]]:
    """Take a batch through the processors; return what is to be delivered, and what failed.

    Records are taken apart first, then transformed, then given their keys, whatever the order of the processors.
    """
    chosen, failed = dict(_processors(config)), list[Failed]()
    records = list(batch)
    if "RecordDeAggregation" in chosen:
        records = [part for record in records for part in _parts(record, chosen["RecordDeAggregation"])]
    if "Lambda" in chosen:
        answers = [await _transformed(chosen["Lambda"], stream, group) for group in _groups(records, chosen["Lambda"])]
        records = [record for answer in answers for record in answer if isinstance(record, Record)]
        failed = [record for answer in answers for record in answer if isinstance(record, Failed)]
    if "MetadataExtraction" in chosen:
        keyed = await asyncio.to_thread(_keyed, records, chosen["MetadataExtraction"]["MetadataExtractionQuery"])
        records = [record for record in keyed if isinstance(record, Record)]
        failed += [record for record in keyed if isinstance(record, Failed)]
    if "AppendDelimiterToRecord" in chosen:
        delimiter = chosen["AppendDelimiterToRecord"].get("Delimiter", "\\n").replace("\\n", "\n").encode()
        records = [replace(record, data=record.data + delimiter) for record in records]
    return records, failed


def _processors(config: Mapping[str, Any]) -> list[tuple[str, dict[str, str]]]:
    processing = config.get("ProcessingConfiguration") or {}
    return [
        (one["Type"], {p["ParameterName"]: p["ParameterValue"] for p in one.get("Parameters") or []})
        for one in (processing.get("Processors") or [] if processing.get("Enabled") else [])
    ]


def _parts(record: Record, parameters: Mapping[str, str]) -> list[Record]:
    if parameters["SubRecordType"] == "DELIMITED":
        parts = [part for part in record.data.split(base64.b64decode(parameters["Delimiter"])) if part]
    else:
        parts = list(_documents(record.data))
    if len(parts) > MOST_PARTS or not parts:
        return [record]
    return [replace(record, id=f"{record.id}{number:04}", data=part) for number, part in enumerate(parts)]


def _documents(data: bytes) -> Iterator[bytes]:
    """Yield the JSON documents that stand one after the other; all of it where that is not so."""
    decoder, position, found = json.JSONDecoder(), 0, []
    try:
        text = data.decode().strip()
        while position < len(text):
            _, end = decoder.raw_decode(text, position)
            found.append(text[position:end].encode())
            position = end + len(text[end:]) - len(text[end:].lstrip())
    except ValueError:
        found = [data]
    yield from found


def _groups(records: Sequence[Record], parameters: Mapping[str, str]) -> Iterator[list[Record]]:
    """Yield the records of one event each: all of a batch, unless a function could not be handed that much."""
    largest = int(float(parameters.get("BufferSizeInMBs", 1)) * LARGEST_EVENT)
    group, size = list[Record](), 0
    for record in records:
        if group and size + len(record.data) > largest:
            yield group
            group, size = [], 0
        group.append(record)
        size += len(record.data)
    if group:
        yield group


async def _transformed(
    parameters: Mapping[str, str], stream: Mapping[str, Any], records: Sequence[Record]
) -> list[Record | Failed]:
    from ministack.services import apigateway_v1

    function, last = parameters["LambdaArn"], int(parameters.get("NumberOfRetries", RETRIES)) + 1
    region = stream["arn"].split(":")[3]
    rows = [
        {
            "recordId": one.id,
            "approximateArrivalTimestamp": int(one.at * 1000),
            "data": base64.b64encode(one.data).decode(),
        }
        for one in records
    ]
    for attempt in range(1, last + 1):
        event = {
            "invocationId": str(uuid.uuid4()), "deliveryStreamArn": stream["arn"], "region": region, "records": rows
        }  # fmt: skip
        result, unknown = await apigateway_v1._call_lambda_raw(function, event)
        if not unknown and not result.get("error") and not result.get("throttle"):
            return _judged(records, result.get("body"), attempt, function)
    code, message = (
        ("Lambda.ResourceNotFound", UNKNOWN_FUNCTION) if unknown else ("Lambda.FunctionError", RETURNED_AN_ERROR)
    )
    return [Failed(record, "processing-failed", code, message, last, function) for record in records]


def _judged(records: Sequence[Record], body: Any, attempts: int, function: str) -> list[Record | Failed]:
    """Return what became of each record, by what the function says of it; a dropped one is not among them."""
    rows = body.get("records") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(_is_valid(row) for row in rows):
        return [
            Failed(one, "processing-failed", "Lambda.FunctionError", MALFORMED, attempts, function) for one in records
        ]
    said: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        said.setdefault(row["recordId"], []).append(row)
    judged = list[Record | Failed]()
    for record in records:
        answers = said.get(record.id, [])
        result = answers[0]["result"] if len(answers) == 1 else None
        if result == "Ok":
            keys = (answers[0].get("metadata") or {}).get("partitionKeys") or {}
            keys = {"partitionKeyFromLambda": {name: str(value) for name, value in keys.items()}}
            judged.append(replace(record, data=base64.b64decode(answers[0]["data"]), keys=keys))
        elif result != "Dropped":
            code, message = (
                ("Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record") if result
                else ("Lambda.DuplicatedRecordId", DUPLICATED) if answers else ("Lambda.MissingRecordId", MISSING)
            )  # fmt: skip
            judged.append(Failed(record, "processing-failed", code, message, attempts, function))
    return judged


def _is_valid(row: Any) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("recordId"), str):
        return False
    if row.get("result") == "Ok":
        keys = (row.get("metadata") or {}).get("partitionKeys") or {}
        return isinstance(row.get("data"), str) and _is_base64(row["data"]) and isinstance(keys, dict)
    return row.get("result") in ("Dropped", "ProcessingFailed")


def _keyed(records: Sequence[Record], query: str) -> list[Record | Failed]:
    """Give each record the keys that the query finds in it."""
    program, keyed = jq.compile(query), list[Record | Failed]()
    for record in records:
        try:
            found = program.input_text(record.data.decode()).all()
            [keys] = found
            problem = None if _are_keys(keys) else "partitionKeys values must not be null or empty"
        except ValueError as error:  # no JSON, several documents, or what jq itself says
            problem = "Non JSON record provided" if not _is_json(record.data) else str(error)
        if problem is None:
            named = {name: value if isinstance(value, str) else json.dumps(value) for name, value in keys.items()}
            keyed.append(replace(record, keys={**record.keys, "partitionKeyFromQuery": named}))
        else:
            code = "DynamicPartitioning.MetadataExtractionFailed"
            keyed.append(Failed(record, "metadata-extraction-failed", code, problem))
    return keyed


def _are_keys(keys: Any) -> bool:
    return isinstance(keys, dict) and all(
        value not in (None, "") and not isinstance(value, (dict, list)) for value in keys.values()
    )


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def _invalid(message: str) -> Refused:
    return Refused("InvalidArgumentException", message)

"""Firehose's API, and what was accepted until it is in S3.

A record is written to a file before it is acknowledged. The file is a batch: it is delivered when it is large or old
enough, and deleted when all of it is in S3. After a restart, files that were left are delivered. So a record may come
twice, as on AWS, but is never lost.
"""

import asyncio
import base64
import gzip
import json
import logging
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local.aws.firehose import prefixes, transform
from local.aws.firehose.transform import Failed, Record
from local.aws.seam import Refused, check, document, intercept

USES = {
    "firehose": (
        "_streams", "_create_delivery_stream(data)", "_delete_delivery_stream(data)", "_describe_delivery_stream(data)",
        "_update_destination(data)", "_s3_bucket_from_arn(bucket_arn)", "load_persisted_state(data)",
    ),
    "apigateway_v1": ("_call_lambda_raw(function_ref, event, account_id, region)",),
    "cloudwatch_logs": ("_put_log_events(data)",),
    "s3": ("handle_request",),
    "ministack.core.responses": (
        "get_account_id()", "get_region()", "new_uuid()", "request_scope(account_id, region)"
    ),
}  # fmt: skip
LARGEST_RECORD = 1000 * 1024
LARGEST_REQUEST = 4 * 1024 * 1024
MOST_RECORDS = 500
DEFAULTS: dict[str, Any] = {
    "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
    "CompressionFormat": "UNCOMPRESSED",
    "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
    "CloudWatchLoggingOptions": {"Enabled": False},
}
SECONDS_TO_RETRY = 2
SECONDS_TO_END = 10

_log = logging.getLogger("firehose")


@dataclass
class _Batch:
    """Records in a file, to be delivered as one."""

    path: Path
    began: float
    size: int = 0
    full: asyncio.Event = field(default_factory=asyncio.Event)


_open: dict[Path, _Batch] = {}  # stream's folder → the batch that takes its records
_deliveries: dict[Path, asyncio.Task[None]] = {}  # a batch's file → what delivers it


def install() -> None:
    """Let this Firehose answer instead of ministack's.

    :raises SeamMoved: ministack is not as expected
    """
    handlers = {
        "CreateDeliveryStream": _create,
        "UpdateDestination": _update,
        "DescribeDeliveryStream": _describe,
        "DeleteDeliveryStream": _delete,
        "PutRecord": _put_record,
        "PutRecordBatch": _put_record_batch,
    }
    firehose = check(USES)["firehose"]
    intercept("firehose", handlers, uses=USES)
    stock = firehose.load_persisted_state

    def load_persisted_state(data: dict[str, Any]) -> None:
        stock(data)
        _resume()

    setattr(firehose, "load_persisted_state", load_persisted_state)  # noqa: B010 - see seam.py


async def _create(request: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import firehose

    if request.get("DeliveryStreamType", "DirectPut") != "DirectPut":
        raise _invalid("The local Firehose takes records from PutRecord and PutRecordBatch only: use DirectPut.")
    if "ExtendedS3DestinationConfiguration" not in request:
        raise _invalid("The local Firehose delivers to S3 only: use ExtendedS3DestinationConfiguration.")
    _check(request["ExtendedS3DestinationConfiguration"])
    return document(firehose._create_delivery_stream(request))


async def _update(request: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import firehose

    config = _config(_stream(request))
    change = dict(request.get("ExtendedS3DestinationUpdate") or {})
    if not change:
        raise _invalid("The local Firehose delivers to S3 only: use ExtendedS3DestinationUpdate.")
    if "S3BackupUpdate" in change:
        change["S3BackupConfiguration"] = {**config.get("S3BackupConfiguration", {}), **change.pop("S3BackupUpdate")}
    _check({**config, **change})
    return document(firehose._update_destination({**request, "ExtendedS3DestinationUpdate": change}))


async def _describe(request: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import firehose

    answer = document(firehose._describe_delivery_stream(request))
    description = {**DEFAULTS, "S3BackupMode": "Disabled", "CustomTimeZone": "UTC", **_config(_stream(request))}
    backup = description.pop("S3BackupConfiguration", None)
    if backup:
        description["S3BackupDescription"] = {**DEFAULTS, **backup}
    answer["DeliveryStreamDescription"]["Destinations"][0]["ExtendedS3DestinationDescription"] = description
    return answer


async def _delete(request: dict[str, Any]) -> dict[str, Any]:
    """Deliver what the stream holds, then delete it; what S3 does not take now is lost, as on AWS."""
    from ministack.services import firehose

    folder = _folder(_stream(request)["name"])
    end = time.monotonic() + SECONDS_TO_END
    while (waiting := _waiting(folder)) and (rest := end - time.monotonic()) > 0:
        if folder in _open:
            _open[folder].full.set()
        await asyncio.wait(waiting, timeout=rest)  # records that come meanwhile are another batch
    answer = document(firehose._delete_delivery_stream(request))
    for late in _waiting(folder):
        late.cancel()
    _open.pop(folder, None)
    for left in folder.glob("*.jsonl"):
        _log.error("Deleting %s with records that could not be delivered", request["DeliveryStreamName"])
        left.unlink()
    return answer


async def _put_record(request: dict[str, Any]) -> dict[str, Any]:
    stream = _stream(request)
    data = _data(request["Record"], "record.data")
    return {"RecordId": _accept(stream, [data])[0], "Encrypted": _is_encrypted(stream)}


async def _put_record_batch(request: dict[str, Any]) -> dict[str, Any]:
    stream, rows = _stream(request), request["Records"]
    if not 1 <= len(rows) <= MOST_RECORDS:
        bound = "greater than or equal to 1" if not rows else f"less than or equal to {MOST_RECORDS}"
        raise _constraint("records", bound)
    records = [_data(row, f"records.{number}.member.data") for number, row in enumerate(rows, start=1)]
    if sum(map(len, records)) > LARGEST_REQUEST:
        raise _invalid("Records size exceeds 4 MB limit")
    answers = [{"RecordId": name} for name in _accept(stream, records)]
    return {"FailedPutCount": 0, "Encrypted": _is_encrypted(stream), "RequestResponses": answers}


def _accept(stream: Mapping[str, Any], records: Sequence[bytes]) -> list[str]:
    """Write records to the stream's open batch, and return their ids."""
    folder, now = _folder(stream["name"]), time.time()
    hints = _config(stream).get("BufferingHints") or DEFAULTS["BufferingHints"]
    batch = _open.get(folder)
    if batch is None:
        folder.mkdir(parents=True, exist_ok=True)
        batch = _open[folder] = _Batch(folder / f"{uuid.uuid4()}.jsonl", now)
        _schedule(batch, int(hints["IntervalInSeconds"]))
    names = [f"{uuid.uuid4().hex}{uuid.uuid4().hex}" for _ in records]
    lines = [
        json.dumps({"id": name, "at": now, "data": base64.b64encode(data).decode()})
        for name, data in zip(names, records, strict=True)
    ]
    with batch.path.open("a") as file:
        file.write("\n".join(lines) + "\n")
    batch.size += sum(map(len, records))
    if batch.size >= int(hints["SizeInMBs"]) * 1024 * 1024:
        del _open[folder]
        batch.full.set()
    return names


def _schedule(batch: _Batch, seconds: float) -> None:
    task = asyncio.create_task(_deliver_when_due(batch, seconds))
    _deliveries[batch.path] = task
    task.add_done_callback(lambda _: _deliveries.pop(batch.path))


def _waiting(folder: Path) -> list[asyncio.Task[None]]:
    return [task for path, task in _deliveries.items() if path.parent == folder]


async def _deliver_when_due(batch: _Batch, seconds: float) -> None:
    """Deliver a batch when it is full or old enough, and go on trying until S3 has it."""
    with suppress(TimeoutError):
        await asyncio.wait_for(batch.full.wait(), max(0, batch.began + seconds - time.time()))
    if _open.get(batch.path.parent) is batch:
        del _open[batch.path.parent]
    while True:
        try:
            return await _deliver(batch.path)
        except Exception:  # whatever it is, the records must not be lost
            _log.exception("Delivering %s failed; the next try is in %d s", batch.path, SECONDS_TO_RETRY)
        await asyncio.sleep(SECONDS_TO_RETRY)


async def _deliver(path: Path) -> None:
    stream = _stream({"DeliveryStreamName": path.parent.name})
    records, config = await asyncio.to_thread(_read, path), _config(stream)
    if records:
        at = datetime.fromtimestamp(records[0].at, _zone(config))
        delivered, failed = await transform.process(config, stream, records)
        objects = await asyncio.to_thread(lambda: list(_objects(config, at, records, delivered, failed)))
        for destination, prefix, body, extension in objects:
            suffix = f"{stream['name']}-{stream['version']}-{at:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}{extension}"
            await _put(destination, prefix + suffix, body)
        _tell(config, stream, failed)
    path.unlink()


def _tell(config: Mapping[str, Any], stream: Mapping[str, Any], failed: Sequence[Failed]) -> None:
    """Write what failed to the log that the destination names, once for each reason."""
    from ministack.services import cloudwatch_logs

    options = config.get("CloudWatchLoggingOptions") or {}
    if not failed or not options.get("Enabled"):
        return
    about = {
        "deliveryStreamARN": stream["arn"],
        "destination": config["BucketARN"],
        "deliveryStreamVersionId": stream["version"],
    }
    reasons = {failure.code: {**about, "message": failure.message, "errorCode": failure.code} for failure in failed}
    events = [{"timestamp": int(time.time() * 1000), "message": json.dumps(reason)} for reason in reasons.values()]
    names = {"logGroupName": options["LogGroupName"], "logStreamName": options["LogStreamName"]}
    status, _, answer = cloudwatch_logs._put_log_events({**names, "logEvents": events})
    if status != 200:  # as on AWS, records are delivered all the same
        _log.warning("%s cannot log to %s: %s", stream["name"], names, answer)


def _objects(
    config: Mapping[str, Any], at: datetime, batch: Sequence[Record], delivered: Sequence[Record], failed: list[Failed]
) -> Iterator[tuple[Mapping[str, Any], str, bytes, str]]:
    """Yield what is to be written: destination, prefix, body, extension."""
    places: dict[str, list[bytes]] = {}
    known: dict[str, str] = {}  # records with the same keys go to the same place
    errors: dict[str, list[bytes]] = {}
    for record in delivered:
        mark = json.dumps(record.keys, sort_keys=True)
        try:
            if mark not in known:
                known[mark] = prefixes.of_data(config, at, record.keys)
            places.setdefault(known[mark], []).append(record.data)
        except prefixes.KeyMissing as error:
            problem = f"partitionKeys values must not be null or empty: {error}"
            code = "DynamicPartitioning.MetadataExtractionFailed"
            failed.append(Failed(record, "metadata-extraction-failed", code, problem))
    for failure in failed:
        errors.setdefault(failure.kind, []).append(failure.document())
    for prefix, parts in places.items():
        yield config, prefix, *_packed(config, parts)
    for kind, parts in errors.items():
        yield config, prefixes.of_errors(config, at, kind), b"".join(parts), ""
    if config.get("S3BackupMode") == "Enabled":
        backup = config["S3BackupConfiguration"]
        yield backup, prefixes.of_data(backup, at, {}), *_packed(backup, [record.data for record in batch])


def _packed(config: Mapping[str, Any], parts: Sequence[bytes]) -> tuple[bytes, str]:
    body, extension = b"".join(parts), config.get("FileExtension") or ""
    if config.get("CompressionFormat") == "GZIP":
        return gzip.compress(body), extension or ".gz"
    return body, extension


async def _put(config: Mapping[str, Any], key: str, body: bytes) -> None:
    from ministack.services import firehose, s3

    bucket = firehose._s3_bucket_from_arn(config["BucketARN"])
    headers = {"content-type": "application/octet-stream", "content-length": str(len(body)), "host": "127.0.0.1"}
    key_arn = ((config.get("EncryptionConfiguration") or {}).get("KMSEncryptionConfig") or {}).get("AWSKMSKeyARN")
    if key_arn:
        headers |= {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": key_arn}
    # the whole service, not only its store: an object's creation is an event
    status, _, answer = await s3.handle_request("PUT", f"/{bucket}/{key}", headers, body, {}, internal=True)
    if status >= 300:
        raise RuntimeError(f"S3 refused s3://{bucket}/{key}: {answer!r}")


def _read(path: Path) -> list[Record]:
    """Return a batch's records; a line that is not complete was never acknowledged."""
    rows = [json.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    return [Record(row["id"], row["at"], base64.b64decode(row["data"])) for row in rows]


def _resume() -> None:
    """Deliver what an earlier server has left."""
    from ministack.core.responses import request_scope

    for path in sorted(_root().glob("*/*/*/*.jsonl")):
        account, region = path.parts[-4:-2]
        with request_scope(account, region):
            _schedule(_Batch(path, began=0), seconds=0)


def _root() -> Path:
    return Path(os.environ["STATE_DIR"]) / "firehose-records"


def _folder(stream: str) -> Path:
    from ministack.core.responses import get_account_id, get_region

    return _root().joinpath(get_account_id(), get_region(), stream)


def _stream(request: Mapping[str, Any]) -> dict[str, Any]:
    from ministack.core.responses import get_account_id
    from ministack.services import firehose

    name = request["DeliveryStreamName"]
    stream: dict[str, Any] | None = firehose._streams.get(name)
    if stream is None:
        raise Refused("ResourceNotFoundException", f"Firehose {name} under account {get_account_id()} not found.")
    return stream


def _config(stream: Mapping[str, Any]) -> dict[str, Any]:
    return dict(stream["destinations"][0]["config"])


def _is_encrypted(stream: Mapping[str, Any]) -> bool:
    return (stream.get("encryption") or {}).get("Status") == "ENABLED"


def _data(record: Mapping[str, Any], name: str) -> bytes:
    data = base64.b64decode(record["Data"])
    if len(data) > LARGEST_RECORD:
        raise _constraint(name, f"less than or equal to {LARGEST_RECORD}")
    return data


def _check(config: Mapping[str, Any]) -> None:
    """Check a destination.

    :raises Refused: it is not valid, or asks for what the local Firehose does not do
    """
    conversion = config.get("DataFormatConversionConfiguration")
    if conversion and conversion.get("Enabled", True):
        raise _invalid("The local Firehose does not convert record formats: deliver JSON, and convert it with Glue.")
    backup = config.get("S3BackupConfiguration") or {}
    if config.get("S3BackupMode") == "Enabled" and not backup:
        raise _invalid("S3BackupConfiguration cannot be null when S3BackupMode is Enabled.")
    for destination in (config, backup):
        if destination.get("CompressionFormat", "UNCOMPRESSED") not in ("UNCOMPRESSED", "GZIP"):
            raise _invalid(
                f"The local Firehose does not support CompressionFormat {destination['CompressionFormat']}: "
                "use GZIP or UNCOMPRESSED."
            )
    hints = {**DEFAULTS["BufferingHints"], **(config.get("BufferingHints") or {})}
    least = 64 if prefixes.is_dynamic(config) else 1
    if not least <= hints["SizeInMBs"] <= 128 or not 0 <= hints["IntervalInSeconds"] <= 900:
        raise _invalid(f"BufferingHints must be {least} to 128 MB and 0 to 900 seconds.")
    prefixes.check(config)
    transform.check(config)
    _zone(config)


def _zone(config: Mapping[str, Any]) -> tzinfo:
    name = config.get("CustomTimeZone") or "UTC"
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise _invalid(f"CustomTimeZone {name} is not a time zone of this machine.") from error


def _invalid(message: str) -> Refused:
    return Refused("InvalidArgumentException", message)


def _constraint(name: str, bound: str) -> Refused:
    message = (
        f"1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must have length {bound}"
    )
    return Refused("ValidationException", message)

"""The local Firehose: batches by size and by time, transformed once, delivered as Firehose names and packs them."""

import base64
import datetime as dt
import gzip
import json
import os
import re
import signal
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from local.processes import running, stop
from tests.support.aws import REGION, local_aws
from tests.support.functions import deploy

MB = 1024 * 1024
ROLE = "arn:aws:iam::000000000000:role/firehose"
ECHO = """
    def handler(event, context):
        return {"records": [{**record, "result": "Ok"} for record in event["records"]]}
"""


class Stream:
    """A delivery stream and the bucket that it delivers to."""

    def __init__(self, *, name: str = "", seconds: int = 0, megabytes: int = 1, client=boto3.client, **config) -> None:
        self.s3, self.firehose = client("s3"), client("firehose")
        self.name, self.bucket = name or f"s-{uuid.uuid4().hex[:8]}", f"b-{uuid.uuid4().hex[:8]}"
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.firehose.create_delivery_stream(
            DeliveryStreamName=self.name,
            ExtendedS3DestinationConfiguration={
                "BucketARN": f"arn:aws:s3:::{self.bucket}",
                "RoleARN": ROLE,
                "BufferingHints": {"SizeInMBs": megabytes, "IntervalInSeconds": seconds},
                **config,
            },
        )

    def put(self, *records: bytes) -> dict:
        rows = [{"Data": record} for record in records]
        return self.firehose.put_record_batch(DeliveryStreamName=self.name, Records=rows)

    def keys(self) -> list[str]:
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def objects(self, count: int = 1) -> dict[str, bytes]:
        """Wait for objects; return key → content."""
        deadline = time.monotonic() + 20
        while len(keys := self.keys()) < count:
            assert time.monotonic() < deadline, f"{keys} instead of {count} objects"
            time.sleep(0.05)
        return {key: self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys}


@pytest.fixture
def stream(aws):
    return Stream


def processors(*kinds: tuple[str, dict[str, str]]) -> dict:
    def parameters(values: dict[str, str]) -> list[dict[str, str]]:
        return [{"ParameterName": name, "ParameterValue": value} for name, value in values.items()]

    return {"Enabled": True, "Processors": [{"Type": kind, "Parameters": parameters(values)} for kind, values in kinds]}


def transform(source: str, **parameters: str) -> dict:
    return processors(("Lambda", {"LambdaArn": deploy(source, Timeout=20), **parameters}))


def errors(content: bytes) -> list[dict]:
    return [json.loads(line) for line in content.splitlines()]


def test_a_batch_is_delivered_as_one_object_when_it_is_large_enough(stream):
    made = stream(seconds=900)
    made.put(b"a" * 600_000)
    assert made.keys() == []

    made.put(b"b" * 600_000)
    made.put(b"c")

    [(key, body)] = made.objects().items()
    assert body == b"a" * 600_000 + b"b" * 600_000  # nothing between records, and the third waits for the next
    now = dt.datetime.now(dt.UTC)
    assert re.fullmatch(
        rf"{now:%Y/%m/%d}/\d\d/{made.name}-1-{now:%Y-%m-%d}-\d\d-\d\d-\d\d-[0-9a-f]{{8}}-[0-9a-f]{{4}}-4[0-9a-f-]+", key
    )


def test_a_batch_is_delivered_as_one_object_when_it_is_old_enough(stream):
    made = stream(seconds=1)
    for number in range(5):
        made.firehose.put_record(DeliveryStreamName=made.name, Record={"Data": f"{number}\n"})

    assert list(made.objects().values()) == [b"0\n1\n2\n3\n4\n"]


def test_what_was_accepted_is_delivered_after_a_crash(tmp_path: Path):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}
    with local_aws(tmp_path) as endpoint:
        made = Stream(seconds=900, client=lambda name: boto3.client(name, endpoint_url=endpoint, **keys))
        saved = tmp_path / "aws" / "state" / "firehose.json"
        deadline = time.monotonic() + 10
        while not (saved.exists() and made.name in saved.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        made.put(b"one\n", b"two\n")
        os.kill(running("aws", run=tmp_path), signal.SIGKILL)
        stop("aws", run=tmp_path)

    with local_aws(tmp_path) as endpoint:
        made.s3 = boto3.client("s3", endpoint_url=endpoint, **keys)
        assert list(made.objects().values()) == [b"one\ntwo\n"]


def test_a_batch_is_transformed_once(stream):
    made = stream(ProcessingConfiguration=transform("""
        import base64
        def handler(event, context):
            assert event["deliveryStreamArn"].startswith("arn:aws:firehose:eu-west-2:")
            assert event["region"] == "eu-west-2" and event["invocationId"]
            number = len(event["records"])
            return {"records": [{
                "recordId": record["recordId"], "result": "Ok",
                "data": base64.b64encode(base64.b64decode(record["data"]).upper() + f" of {number}\\n".encode()).decode(),
            } for record in event["records"]]}
    """))  # fmt: skip
    made.put(b"one", b"two")

    assert list(made.objects().values()) == [b"ONE of 2\nTWO of 2\n"]


def test_records_are_judged_one_by_one(stream):
    config = transform("""
        import base64
        def handler(event, context):
            answers = []
            for record in event["records"]:
                answer = {"recordId": record["recordId"], "result": "Ok", "data": record["data"]}
                match base64.b64decode(record["data"]).decode():
                    case "dropped": answers.append({**answer, "result": "Dropped"})
                    case "failed": answers.append({**answer, "result": "ProcessingFailed"})
                    case "twice": answers += [answer, answer]
                    case "missing": pass
                    case _: answers.append(answer)
            return {"records": answers}
    """)
    made = stream(ProcessingConfiguration=config, ErrorOutputPrefix="failed/!{firehose:error-output-type}/")
    made.put(b"good", b"dropped", b"failed", b"twice", b"missing")

    objects = made.objects(2)

    [failed] = [key for key in objects if key.startswith(f"failed/processing-failed/{made.name}-1-")]
    found = {base64.b64decode(error["rawData"]).decode(): error for error in errors(objects.pop(failed))}
    assert {name: error["errorCode"] for name, error in found.items()} == {
        "failed": "Lambda.ProcessingFailedStatus",
        "twice": "Lambda.DuplicatedRecordId",
        "missing": "Lambda.MissingRecordId",
    }
    assert found["failed"]["errorMessage"] == "ProcessingFailed status set for record"
    assert found["failed"]["attemptsMade"] == 1
    assert found["failed"]["lambdaARN"] == config["Processors"][0]["Parameters"][0]["ParameterValue"]
    assert 0 < found["failed"]["arrivalTimestamp"] <= found["failed"]["attemptEndingTimestamp"]
    assert list(objects.values()) == [b"good"]


def test_what_failed_is_logged_where_the_stream_says(stream):
    logs, group = boto3.client("logs"), f"/aws/firehose/{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="delivery")
    made = stream(
        ProcessingConfiguration=transform("def handler(event, context): return {'records': []}"),
        CloudWatchLoggingOptions={"Enabled": True, "LogGroupName": group, "LogStreamName": "delivery"},
    )
    made.put(b"one", b"two")

    made.objects()
    deadline = time.monotonic() + 10
    while not (found := logs.filter_log_events(logGroupName=group)["events"]) and time.monotonic() < deadline:
        time.sleep(0.05)
    [message] = [json.loads(event["message"]) for event in found]
    assert message["errorCode"] == "Lambda.MissingRecordId"
    assert message["deliveryStreamARN"].endswith(f":deliverystream/{made.name}")


@pytest.mark.parametrize(
    ("source", "retries", "attempts", "message"),
    [
        ("raise_it", "2", 3, "The Lambda function was successfully invoked but it returned an error result."),
        ("return {'records': [{'recordId': 'x', 'result': 'Fine'}]}", "2", 1, "Check your function and make sure"),
    ],
)
def test_a_function_that_fails_fails_the_whole_batch(stream, source, retries, attempts, message):
    config = transform(f"def handler(event, context): {source}", NumberOfRetries=retries)
    made = stream(ProcessingConfiguration=config, Prefix="in/")
    made.put(b"one", b"two")

    [(key, body)] = made.objects().items()

    assert key.startswith("in/processing-failed/20")
    assert [base64.b64decode(error["rawData"]) for error in errors(body)] == [b"one", b"two"]
    assert {(error["errorCode"], error["attemptsMade"]) for error in errors(body)} == {
        ("Lambda.FunctionError", attempts)
    }
    assert errors(body)[0]["errorMessage"].startswith(message)


def test_objects_are_compressed_and_named_so(stream):
    made = stream(CompressionFormat="GZIP")
    made.put(b"one\n", b"two\n")

    [(key, body)] = made.objects().items()

    assert key.endswith(".gz")
    assert gzip.decompress(body) == b"one\ntwo\n"


def test_prefixes_are_evaluated_in_the_streams_time_zone(stream):
    made = stream(
        Prefix="y=!{timestamp:yyyy}/!{timestamp:'m='MM'/d='dd}/!{firehose:random-string}/!{timestamp:MMM-d-HH}/",
        ErrorOutputPrefix="failed/!{firehose:error-output-type}/",
        CustomTimeZone="Pacific/Kiritimati",
    )
    there = dt.timezone(dt.timedelta(hours=14))
    before = dt.datetime.now(there)
    made.put(b"x")

    [key] = made.objects()
    expected = [
        rf"y={now:%Y}/m={now:%m}/d={now:%d}/[0-9a-f-]{{11}}/{now:%b}-{now.day}-{now:%H}/{made.name}-1-{now:%Y-%m-%d-%H}-.+"
        for now in (before, dt.datetime.now(there))  # the hour may have struck meanwhile
    ]
    assert any(re.fullmatch(pattern, key) for pattern in expected), key


def test_records_are_partitioned_by_what_is_in_them(stream):
    query = '{customer: .customer_id, year: .at | strftime("%Y"), kind: (.kind // "none")}'
    made = stream(
        megabytes=64,
        DynamicPartitioningConfiguration={"Enabled": True},
        ProcessingConfiguration=processors(
            ("RecordDeAggregation", {"SubRecordType": "JSON"}),
            ("MetadataExtraction", {"MetadataExtractionQuery": query, "JsonParsingEngine": "JQ-1.6"}),
            ("AppendDelimiterToRecord", {"Delimiter": "\\n"}),
        ),
        Prefix="c=!{partitionKeyFromQuery:customer}/y=!{partitionKeyFromQuery:year}/k=!{partitionKeyFromQuery:kind}/",
        ErrorOutputPrefix="failed/!{firehose:error-output-type}/",
    )
    rows = [
        {"customer_id": 7, "at": 1565382027},
        {"customer_id": "b", "at": 0, "kind": "x"},
        {"customer_id": 7, "at": 1565382028},
    ]
    texts = [json.dumps(row).encode() for row in rows]
    made.put(texts[0] + b"\n" + texts[1], texts[2], b"no json", b'{"at": 1}')

    objects = made.objects(3)

    by_prefix = {key.rpartition("/")[0]: body for key, body in objects.items()}
    failed = errors(by_prefix.pop("failed/metadata-extraction-failed"))
    assert by_prefix == {
        "c=7/y=2019/k=none": texts[0] + b"\n" + texts[2] + b"\n",
        "c=b/y=1970/k=x": texts[1] + b"\n",
    }
    assert {error["errorCode"] for error in failed} == {"DynamicPartitioning.MetadataExtractionFailed"}
    assert [error["errorMessage"] for error in failed] == [
        "Non JSON record provided",
        "partitionKeys values must not be null or empty",
    ]


def test_a_function_gives_partition_keys(stream):
    made = stream(
        megabytes=64,
        DynamicPartitioningConfiguration={"Enabled": True},
        ProcessingConfiguration=transform("""
            import base64
            def handler(event, context):
                return {"records": [{
                    **record, "result": "Ok",
                    "metadata": {"partitionKeys": {"length": len(base64.b64decode(record["data"]))}},
                } for record in event["records"]]}
        """),
        Prefix="length=!{partitionKeyFromLambda:length}/",
        ErrorOutputPrefix="failed/!{firehose:error-output-type}/",
    )
    made.put(b"a", b"bb", b"c")

    assert {key.rpartition("/")[0]: body for key, body in made.objects(2).items()} == {
        "length=1": b"ac",
        "length=2": b"bb",
    }


def test_records_as_they_came_are_backed_up(stream):
    made = stream(
        seconds=900,
        ProcessingConfiguration=transform("def handler(event, context): return {'records': []}"),
        S3BackupMode="Enabled",
        S3BackupConfiguration={
            "BucketARN": "arn:aws:s3:::backup", "RoleARN": ROLE, "Prefix": "raw/", "CompressionFormat": "GZIP"
        },
    )  # fmt: skip
    update = {"BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 1},
              "S3BackupUpdate": {"BucketARN": f"arn:aws:s3:::{made.bucket}"}}  # fmt: skip
    made.firehose.update_destination(
        DeliveryStreamName=made.name, CurrentDeliveryStreamVersionId="1", DestinationId=_destination(made)["DestinationId"],
        ExtendedS3DestinationUpdate=update,
    )  # fmt: skip
    made.put(b"one", b"two")

    objects = made.objects(2)

    [raw] = [key for key in objects if key.startswith("raw/")]
    assert f"/{made.name}-2-" in raw
    assert gzip.decompress(objects[raw]) == b"onetwo"


def test_what_a_deleted_stream_holds_is_delivered(stream):
    made = stream(seconds=900)
    made.put(b"last")

    made.firehose.delete_delivery_stream(DeliveryStreamName=made.name)

    assert list(made.objects().values()) == [b"last"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        made.put(b"too late")


def test_what_comes_while_a_stream_is_deleted_is_delivered_and_leaves_nothing_behind(stream, tmp_path: Path):
    held = transform(f"""
        import pathlib, time

        def handler(event, context):
            pathlib.Path("{tmp_path}/begun").touch()
            while not pathlib.Path("{tmp_path}/go").exists():
                time.sleep(0.01)
            return {{"records": [{{**record, "result": "Ok"}} for record in event["records"]]}}
    """)
    made = stream(seconds=900, ProcessingConfiguration=held)
    made.put(b"before")

    with ThreadPoolExecutor() as pool:
        deleted = pool.submit(made.firehose.delete_delivery_stream, DeliveryStreamName=made.name)
        deadline = time.monotonic() + 20
        while not (tmp_path / "begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        made.put(b"meanwhile")
        (tmp_path / "go").touch()
        deleted.result()

    assert sorted(made.objects().values()) == [b"before", b"meanwhile"]
    again = stream(name=made.name, seconds=0)
    again.put(b"again")
    assert list(again.objects().values()) == [b"again"]


def test_a_bucket_that_appears_late_gets_what_was_accepted_before(stream):
    made = stream(seconds=0)
    made.s3.delete_bucket(Bucket=made.bucket)
    made.put(b"patient")
    made.s3.create_bucket(Bucket=made.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})

    assert list(made.objects().values()) == [b"patient"]


@pytest.mark.parametrize(
    ("records", "refusal"),
    [
        ([b"x"] * 501, r"ValidationException.*'records' failed .* less than or equal to 500"),
        (
            [b"x", b"x" * (1000 * 1024 + 1)],
            r"ValidationException.*'records.2.member.data' .* less than or equal to 1024000",
        ),
        ([b"x" * 900_000] * 5, "InvalidArgumentException.*Records size exceeds 4 MB limit"),
    ],
)
def test_what_is_too_large_is_refused_as_a_whole(stream, records, refusal):
    made = stream(seconds=0)

    with pytest.raises(ClientError, match=refusal):
        made.put(*records)

    assert made.put(b"x" * 1000 * 1024)["FailedPutCount"] == 0
    assert [len(body) for body in made.objects().values()] == [1000 * 1024]


@pytest.mark.parametrize(
    ("config", "refusal"),
    [
        ({"CompressionFormat": "ZIP"}, "does not support CompressionFormat ZIP: use GZIP"),
        ({"DataFormatConversionConfiguration": {"Enabled": True}}, "does not convert record formats"),
        ({"Prefix": "!{timestamp:yyyy}/"}, "ErrorOutputPrefix cannot be null"),
        ({"Prefix": "!{timestamp:yyyy}/", "ErrorOutputPrefix": "!{timestamp:dd}"}, "must contain"),
        ({"Prefix": "!{timestamp:QQQ}/", "ErrorOutputPrefix": "failed/"}, "does not know QQQ"),
        ({"Prefix": "!{stream:name}/", "ErrorOutputPrefix": "failed/"}, "Namespace stream is not"),
        ({"Prefix": "!{partitionKeyFromQuery:a}/", "ErrorOutputPrefix": "failed/"}, "dynamic partitioning"),
        ({"DynamicPartitioningConfiguration": {"Enabled": True}}, "64 to 128 MB"),
        ({"CustomTimeZone": "Europe/Nowhere"}, "not a time zone"),
        ({"ProcessingConfiguration": processors(("Decompression", {}))}, "does not support Decompression"),
        (
            {"ProcessingConfiguration": processors(
                ("MetadataExtraction", {"MetadataExtractionQuery": "{a: .a | pick(.b)}", "JsonParsingEngine": "JQ-1.6"})
            )},
            "not a jq query.*pick/1 is not defined",
        ),
    ],
)  # fmt: skip
def test_what_it_does_not_do_is_refused(stream, config, refusal):
    with pytest.raises(ClientError, match=rf"(?s)InvalidArgumentException.*{refusal}"):
        stream(**config)


def test_other_sources_and_destinations_are_refused(aws):
    firehose = boto3.client("firehose")
    http = {
        "EndpointConfiguration": {"Url": "https://127.0.0.1/"},
        "S3Configuration": {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::b"},
    }
    with pytest.raises(ClientError, match="delivers to S3 only"):
        firehose.create_delivery_stream(DeliveryStreamName="other", HttpEndpointDestinationConfiguration=http)
    with pytest.raises(ClientError, match="use DirectPut"):
        firehose.create_delivery_stream(DeliveryStreamName="other", DeliveryStreamType="KinesisStreamAsSource")


def test_a_stream_is_described_as_it_was_made(stream):
    made = stream(
        ProcessingConfiguration=processors(
            ("Lambda", {"LambdaArn": "arn:aws:lambda:eu-west-2:000000000000:function:f"})
        )
    )

    described = _destination(made)["ExtendedS3DestinationDescription"]

    assert described["CustomTimeZone"] == "UTC"
    assert described["BufferingHints"] == {"SizeInMBs": 1, "IntervalInSeconds": 0}
    assert described["S3BackupMode"] == "Disabled"
    assert described["ProcessingConfiguration"]["Processors"][0]["Type"] == "Lambda"


def _destination(made: Stream) -> dict:
    answer = made.firehose.describe_delivery_stream(DeliveryStreamName=made.name)
    [destination] = answer["DeliveryStreamDescription"]["Destinations"]
    return destination

"""What the local AWS was told survives its restart, and its crash."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from local.layout import ROOT
from local.processes import answers, free_port, start, stop, wait_until

PYTHON = Path(os.environ.get("QUAYSIDE_VENVS", ROOT / ".local" / "venvs")) / "platform" / "bin" / "python"


@pytest.fixture
def serve(tmp_path: Path):
    """Start the local AWS of this test, again and again on the same state; returns its process and a client maker."""

    def start_once() -> tuple[int, Callable]:
        port = free_port()
        command = [str(PYTHON), "-m", "local.aws", "--port", str(port), "--state", str(tmp_path / "state")]
        pid = start("aws", command, run=tmp_path, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)})
        endpoint = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{endpoint}/_ministack/health"), name="aws", run=tmp_path, seconds=60)
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-west-2"}
        return pid, lambda service: boto3.client(service, endpoint_url=endpoint, **keys)

    yield start_once
    stop("aws", run=tmp_path)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_objects_items_tables_and_secrets_are_there_again(serve, tmp_path, end):
    pid, client = serve()
    client("s3").create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    client("s3").put_object(Bucket="lake", Key="landing/one", Body=b"1")
    client("glue").create_database(DatabaseInput={"Name": "quayside"})
    client("secretsmanager").create_secret(Name="quayside/warehouse", SecretString="{}")
    client("dynamodb").create_table(
        TableName="ledger",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "dataset", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "dataset", "AttributeType": "S"}],
    )
    client("dynamodb").put_item(TableName="ledger", Item={"dataset": {"S": "totesys.staff"}})
    if end == signal.SIGKILL:
        time.sleep(3)  # what was told in the last two seconds is lost
    os.kill(pid, end)
    stop("aws", run=tmp_path)

    _, client = serve()

    assert client("s3").get_object(Bucket="lake", Key="landing/one")["Body"].read() == b"1"
    assert client("dynamodb").scan(TableName="ledger")["Items"] == [{"dataset": {"S": "totesys.staff"}}]
    assert client("glue").get_database(Name="quayside")["Database"]["Name"] == "quayside"
    assert client("secretsmanager").get_secret_value(SecretId="quayside/warehouse")["SecretString"] == "{}"

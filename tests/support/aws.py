"""A local AWS of a test's own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3

from local.layout import ROOT
from local.processes import answers, free_port, start, stop, wait_until

PLATFORM = Path(os.environ.get("QUAYSIDE_VENVS", ROOT / ".local" / "venvs")) / "platform"
REGION = "eu-west-2"


@contextmanager
def local_aws(run: Path, *options: str) -> Iterator[str]:
    """Start one, yield its endpoint, stop it; its state is ``run/aws`` and its log ``run/aws.log``."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    command = [str(PLATFORM / "bin" / "python"), "-m", "local.aws", "--port", str(port), "--state", str(run / "aws")]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    start("aws", [*command, *options], run=run, env={**clean, "PYTHONPATH": str(ROOT)})
    try:
        wait_until(lambda: answers(f"{endpoint}/_ministack/health"), name="aws", run=run, seconds=60)
        yield endpoint
    finally:
        stop("aws", run=run)


def administrator(endpoint: str) -> dict[str, str]:
    """Make a user who may do everything; return what points a program to the endpoint as that user.

    The account's own user would not be asked for a signature even.
    """
    own = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    iam = boto3.client("iam", endpoint_url=endpoint, region_name=REGION, **own)
    iam.create_user(UserName="administrator")
    iam.attach_user_policy(UserName="administrator", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="administrator")["AccessKey"]
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
    }

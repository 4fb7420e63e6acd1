"""Terraform finds in the local AWS what it has put there: a second plan is clean, and a destroy leaves nothing."""

import json
import os
import shutil
import subprocess
import urllib.request
import uuid

import boto3
import pytest

from local.infra import cli_configuration, provider_version
from local.layout import ROOT
from local.tools import find_provider_mirror
from tests.support.functions import packed

pytestmark = pytest.mark.skipif(
    shutil.which("terraform") is None, reason="Terraform is not installed; `make up` says how to get it"
)

FUNCTION = """
    import json
    def handler(event, context):
        return {"statusCode": 200, "body": json.dumps(event["pathParameters"])}
"""


@pytest.fixture(scope="module")
def name() -> str:
    return f"clean-{uuid.uuid4().hex[:6]}"


@pytest.fixture(scope="module")
def terraform(aws: str, name: str, tmp_path_factory: pytest.TempPathFactory):
    """Run Terraform on tests/local/terraform; it fails the test unless it ends with 0."""
    folder = tmp_path_factory.mktemp("clean") / "terraform"
    shutil.copytree(ROOT / "tests" / "local" / "terraform", folder)  # Terraform writes beside what it reads
    package = folder.parent / "package.zip"
    package.write_bytes(packed({"app.py": FUNCTION}))
    environment = {**os.environ, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "NO_PROXY": "127.0.0.1"}
    environment |= {"TF_VAR_name": name, "TF_VAR_package": str(package)}
    for variable in ("TF_CLI_CONFIG_FILE", "TF_DATA_DIR"):
        environment.pop(variable, None)
    mirror = find_provider_mirror(provider_version(ROOT))
    if mirror:
        (folder.parent / "terraform.rc").write_text(cli_configuration(mirror))
        environment["TF_CLI_CONFIG_FILE"] = str(folder.parent / "terraform.rc")

    def run(*words: str) -> str:
        answer = subprocess.run(
            ["terraform", f"-chdir={folder}", *words], env=environment, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=240,
        )  # fmt: skip
        assert answer.returncode == 0, (
            f"terraform {words[0]} ended with {answer.returncode}\n{answer.stdout}\n{answer.stderr}"
        )
        return answer.stdout

    run("init", "-input=false", "-no-color")
    return run


def every(service: str, operation: str, items: str, item: str = "") -> list[str]:
    """Return what a listing has on all its pages: other tests share this AWS."""
    pages = boto3.client(service).get_paginator(operation).paginate()  # type: ignore[call-overload]
    return [one[item] if item else one for page in pages for one in page[items]]


def left(name: str) -> dict[str, list[str]]:
    """Return what is in the local AWS under a name, by kind."""
    found = {
        "buckets": every("s3", "list_buckets", "Buckets", "Name"),
        "tables": every("dynamodb", "list_tables", "TableNames"),
        "functions": every("lambda", "list_functions", "Functions", "FunctionName"),
        "streams": boto3.client("firehose").list_delivery_streams(Limit=1000)["DeliveryStreamNames"],
        "databases": every("glue", "get_databases", "DatabaseList", "Name"),
        "jobs": every("glue", "get_jobs", "Jobs", "Name"),
        "crawlers": every("glue", "get_crawlers", "Crawlers", "Name"),
        "workgroups": [one["Name"] for one in boto3.client("athena").list_work_groups()["WorkGroups"]],
        "apis": every("apigateway", "get_rest_apis", "items", "name"),
        "pools": [one["Name"] for one in boto3.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]],
        "topics": every("sns", "list_topics", "Topics", "TopicArn"),
        "rules": every("events", "list_rules", "Rules", "Name"),
        "schedules": every("scheduler", "list_schedules", "Schedules", "Name"),
        "alarms": every("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        "log groups": every("logs", "describe_log_groups", "logGroups", "logGroupName"),
        "queries": [one["name"] for one in boto3.client("logs").describe_query_definitions()["queryDefinitions"]],
        "secrets": every("secretsmanager", "list_secrets", "SecretList", "Name"),
        "roles": every("iam", "list_roles", "Roles", "RoleName"),
    }
    marks = (name, name.replace("-", "_"))
    return {
        kind: some for kind, names in found.items() if (some := [one for one in names if any(m in one for m in marks)])
    }


def test_a_second_plan_finds_nothing_and_a_destroy_leaves_nothing(aws: str, name: str, terraform):
    quick = ("-input=false", "-no-color", "-parallelism=20")
    terraform("apply", "-auto-approve", *quick)
    assert len(left(name)) == 18  # one of each kind, so that none of the listings is looked for in vain
    url = aws + terraform("output", "-raw", "api_url")
    assert json.loads(answer(f"{url}/hello/you")) == {"who": "you"}

    update = terraform("plan", "-var", "greeting=welcome", "-out=update", *quick)
    assert "Plan: 1 to add, 2 to change, 1 to destroy." in update  # the API, its deployment and stage; nothing else
    terraform("apply", "-auto-approve", *quick, "update")
    terraform("plan", "-detailed-exitcode", "-var", "greeting=welcome", *quick)  # ends with 2 on a difference
    assert json.loads(answer(f"{url}/hello/me")) == {"who": "me"}

    terraform("destroy", "-auto-approve", "-refresh=false", *quick)
    assert terraform("state", "list") == ""
    assert left(name) == {}


def answer(url: str) -> bytes:
    with urllib.request.urlopen(url) as response:
        return response.read()

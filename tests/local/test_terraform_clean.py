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


def left(name: str) -> dict[str, list[str]]:
    """Return what is in the local AWS under a name, by kind."""
    found = {
        "buckets": [one["Name"] for one in boto3.client("s3").list_buckets()["Buckets"]],
        "tables": boto3.client("dynamodb").list_tables()["TableNames"],
        "functions": [one["FunctionName"] for one in boto3.client("lambda").list_functions()["Functions"]],
        "streams": boto3.client("firehose").list_delivery_streams(Limit=1000)["DeliveryStreamNames"],
        "databases": [one["Name"] for one in boto3.client("glue").get_databases()["DatabaseList"]],
        "jobs": [one["Name"] for one in boto3.client("glue").get_jobs()["Jobs"]],
        "crawlers": [one["Name"] for one in boto3.client("glue").get_crawlers()["Crawlers"]],
        "workgroups": [one["Name"] for one in boto3.client("athena").list_work_groups()["WorkGroups"]],
        "apis": [one["name"] for one in boto3.client("apigateway").get_rest_apis(limit=500)["items"]],
        "pools": [one["Name"] for one in boto3.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]],
        "topics": [one["TopicArn"] for one in boto3.client("sns").list_topics()["Topics"]],
        "rules": [one["Name"] for one in boto3.client("events").list_rules()["Rules"]],
        "schedules": [one["Name"] for one in boto3.client("scheduler").list_schedules()["Schedules"]],
        "alarms": [one["AlarmName"] for one in boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "log groups": [one["logGroupName"] for one in boto3.client("logs").describe_log_groups()["logGroups"]],
        "queries": [one["name"] for one in boto3.client("logs").describe_query_definitions()["queryDefinitions"]],
        "secrets": [one["Name"] for one in boto3.client("secretsmanager").list_secrets()["SecretList"]],
        "roles": [one["RoleName"] for one in boto3.client("iam").list_roles()["Roles"]],
    }  # fmt: skip
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

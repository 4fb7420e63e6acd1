"""What exists: the same modules apply to the local AWS and plan for the real one."""

import json
import re
import shutil
import time
import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from quayside.alerts import Alert, raise_alert
from quayside.contract import load_contract
from quayside.lake import Lake
from quayside.ledger import Ledger
from quayside.quality.drift import drift
from quayside.quality.inferred import align
from quayside.run import Run
from quayside.serving.users.settings import UserSettings
from quayside.settings import Settings, credentials
from quayside.settings import aws as aws_client
from tests.conftest import Databases
from tests.flow.conftest import ORDER, new_flow
from tests.support import platform as platforms
from tests.support.landed import land_records

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(
    shutil.which("terraform") is None, reason="Terraform is not installed; `make up` says how to get it"
)

# Statements that may name a wildcard, by sid, each with the reason why nothing narrower exists.
UNAVOIDABLE = {
    "RefusePlainHttp": "a denial: the wider the better",
    "NotLimitedToAResource": "cloudwatch:PutMetricData, logs:DescribeLogGroups and s3:GetAccountPublicAccessBlock take no resource",
    "SendTraces": "xray:Put… take no resource",
    "EnterTheNetwork": "Lambda makes a network interface before it has a name; AWS's own managed policy says the same",
    "UseTheQueuesKey": "the key of MWAA's queues is in an account of AWS; limited to use through SQS",
}


@pytest.fixture(scope="module")
def terraform():
    """Run Terraform in a folder and return what it printed; it fails the test unless it ends with 0."""
    return platforms.terraform


@pytest.fixture(scope="module")
def local_environment(platform: platforms.Platform) -> Path:
    """The local environment, applied."""
    return platform.folder


def test_every_file_is_formatted(terraform):
    terraform(ROOT / "infra", "fmt", "-check", "-recursive", "-diff")


def test_a_second_plan_of_the_local_environment_is_clean(local_environment: Path, terraform):
    terraform(local_environment, "validate")
    terraform(
        local_environment, "plan", "-detailed-exitcode", "-input=false", "-no-color"
    )  # ends with 2 on a difference


def test_outputs_name_what_exists(local_environment: Path, terraform):
    outputs = {
        name: value["value"] for name, value in json.loads(terraform(local_environment, "output", "-json")).items()
    }

    assert set(outputs) == {
        "lake_bucket",
        "ledger_table",
        "alerts_topic_arn",
        "catalog_database",
        "athena_workgroup",
        "inbox_bucket",
        "landing_database",
        "api_url",
        "serving_table",
        "user_pool_client_id",
        "user_pool_id",
        "users_table",
        "web_config",
    }
    for bucket in ("lake_bucket", "inbox_bucket"):
        boto3.client("s3").head_bucket(Bucket=outputs[bucket])
    boto3.client("glue").get_database(Name=outputs["landing_database"])
    keys = boto3.client("dynamodb").describe_table(TableName=outputs["ledger_table"])["Table"]["KeySchema"]
    assert [(key["AttributeName"], key["KeyType"]) for key in keys] == [("dataset", "HASH"), ("entry", "RANGE")]
    boto3.client("sns").get_topic_attributes(TopicArn=outputs["alerts_topic_arn"])
    boto3.client("glue").get_database(Name=outputs["catalog_database"])
    workgroup = boto3.client("athena").get_work_group(WorkGroup=outputs["athena_workgroup"])["WorkGroup"]
    assert workgroup["Configuration"]["EnforceWorkGroupConfiguration"] is True
    assert (
        workgroup["Configuration"]["ResultConfiguration"]["OutputLocation"]
        == f"s3://{outputs['lake_bucket']}/athena-results/"
    )


def test_secrets_are_containers_whose_values_terraform_never_sees(local_environment: Path, terraform):
    for name in ("quayside/source/totesys", "quayside/warehouse"):
        boto3.client("secretsmanager").put_secret_value(SecretId=name, SecretString='{"password": "hush"}')
    terraform(local_environment, "apply", "-auto-approve", "-input=false")

    assert "hush" not in terraform(local_environment, "state", "pull")
    assert "hush" in boto3.client("secretsmanager").get_secret_value(SecretId="quayside/warehouse")["SecretString"]


@pytest.mark.parametrize(
    ("role", "policy"),
    [
        ("pipelines", "stages"),
        ("pipelines", "users"),
        ("pipelines", "data-versions"),
        ("crawlers", "crawl"),
        ("jobs", "curate"),
        ("authorizer", "work"),
        ("authorizer", "report"),
        ("dashboards", "work"),
        ("dashboards", "report"),
        ("users", "work"),
        ("users", "report"),
    ],
)
def test_no_role_is_allowed_a_wildcard(local_environment: Path, role: str, policy: str):
    document = boto3.client("iam").get_role_policy(RoleName=f"quayside-{role}", PolicyName=policy)["PolicyDocument"]

    statements = document["Statement"]
    assert statements
    for statement in statements:
        actions, resources = (_list(statement[key]) for key in ("Action", "Resource"))
        assert not [action for action in actions if "*" in action]
        assert "*" not in resources
        assert all(resource.startswith("arn:aws:") and resource.count(":") >= 5 for resource in resources)


def test_the_pipelines_may_not_delete_what_landed(local_environment: Path):
    policy = boto3.client("iam").get_role_policy(RoleName="quayside-pipelines", PolicyName="stages")["PolicyDocument"]

    deletable = [
        resource
        for statement in policy["Statement"]
        if "s3:DeleteObject" in _list(statement["Action"])
        for resource in _list(statement["Resource"])
    ]
    assert deletable == ["arn:aws:s3:::quayside-lake-000000000000/curated/*"]


def test_the_flow_runs_as_the_pipelines_role(
    platform: platforms.Platform, database: Databases, monkeypatch: pytest.MonkeyPatch
):
    platforms.empty(platform)
    settings = _settings(platform)
    flow = new_flow(settings, database)
    for name, login in (("source/totesys", flow.source), ("warehouse", flow.warehouse)):
        secret = json.dumps(asdict(login))
        boto3.client("secretsmanager").put_secret_value(SecretId=f"quayside/{name}", SecretString=secret)
    for name, value in _pipelines_session().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the credentials that it found first
    aws_client.cache_clear()
    try:
        assert (credentials("source/totesys", settings), credentials("warehouse", settings)) == (
            flow.source,
            flow.warehouse,
        )
        flow.insert("sales_order", sales_order_id=1, **ORDER)
        assert all(line.equal for line in flow.run())
        flow.write("delete from sales_order")
        assert all(line.equal for line in flow.find_deletes())
        alert = Alert(subject="totesys_landing", headline="late", reason="slow", link="here")
        assert raise_alert(alert, settings, Ledger.of(settings))
        with pytest.raises(ClientError, match="s3:DeleteObject"):
            aws_client("s3").delete_object(Bucket=settings.lake_bucket, Key="landing/totesys/staff/one")
        with pytest.raises(ClientError, match="AccessDenied"):
            aws_client("glue").delete_table(DatabaseName=settings.catalog_database, Name="totesys_staff")
    finally:
        aws_client.cache_clear()

    versions = "select units_sold, deleted from warehouse.fact_sales_order order by deleted"
    assert flow.query(versions) == [(1000, False), (1000, True)]


def test_a_crawl_and_the_drift_alarm_run_as_their_roles(platform: platforms.Platform, monkeypatch: pytest.MonkeyPatch):
    platforms.empty(platform)
    settings = _settings(platform)
    for name, value in _pipelines_session().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    aws_client.cache_clear()
    try:
        run = Run(id="drift/1", settings=settings, lake=Lake.of(settings), ledger=Ledger.of(settings))
        contracts, glue = [load_contract("aristocrat.reading")], aws_client("glue")
        for extra in ({}, {"EGM Jackpots": "3"}):
            line = {"Venue": "1", "Date": "2026-05-01", "Time": "18:15", "EGM Turnover": "9.50", "EGM Wins": "1"}
            land_records(run, "aristocrat.reading", line | extra)
        name = settings.named("aristocrat")
        glue.start_crawler(Name=name)
        deadline = time.monotonic() + 60
        while (crawler := glue.get_crawler(Name=name)["Crawler"])["State"] != "READY":
            assert time.monotonic() < deadline, "the crawl does not end"
            time.sleep(0.05)
        assert crawler["LastCrawl"]["Status"] == "SUCCEEDED", crawler["LastCrawl"]
        assert (
            drift(contracts, run, crawled=datetime.now(UTC).replace(tzinfo=None), texts=("aristocrat.reading",)) == []
        )
        assert align(contracts, run) == 1
        with pytest.raises(ClientError, match="AccessDenied"):
            glue.delete_crawler(Name=name)
    finally:
        aws_client.cache_clear()


def test_every_wildcard_in_a_policy_has_a_reason():
    wild = set()
    for file in (ROOT / "infra").rglob("*.tf"):
        blocks = re.findall(r"^( +)(?:statement|content) \{\n(.*?)^\1\}", file.read_text(), re.DOTALL | re.MULTILINE)
        for _, statement in blocks:
            quoted = {
                name: re.findall(r'"([^"]+)"', words)
                for name, words in re.findall(
                    r"^ +(actions|resources|not_resources)\s*=\s*(\[.*?\])", statement, re.DOTALL | re.MULTILINE
                )
            }
            if (
                any("*" in action for action in quoted.get("actions", []))
                or "*" in quoted.get("resources", [])
                or "not_resources" in quoted
            ):
                [sid] = re.findall(r'^ +sid\s*=\s*"(\w+)"', statement, re.MULTILINE)
                wild.add(sid)

    assert wild == set(UNAVOIDABLE)


def test_the_aws_environment_plans_without_an_account(checkout: Path, terraform):
    folder = checkout / "infra" / "environments" / "aws"
    terraform(folder, "init", "-backend=false", "-input=false")
    terraform(folder, "validate")

    printed = terraform(folder, "test", "-no-color")

    assert re.search(r"\b[1-9]\d* passed, 0 failed", printed), printed


def test_airflow_is_told_every_setting_that_the_platform_reads():
    told = re.findall(r"^\s+QUAYSIDE_(\w+)\s*=", (ROOT / "infra/environments/aws/main.tf").read_text(), re.MULTILINE)

    read = {*Settings.__dataclass_fields__, *UserSettings.__dataclass_fields__}
    assert {name.lower() for name in told} == read - {"airflow_url"}  # its own, which it knows


def _settings(platform: platforms.Platform) -> Settings:
    fields = Settings.__dataclass_fields__
    return Settings(**{name: value for name, value in platform.outputs.items() if name in fields})


def _pipelines_session() -> dict[str, str]:
    """Return the environment of whoever takes a role with the pipelines' policies; theirs only Airflow may take."""
    iam, trust = boto3.client("iam"), {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    taking = f"as-pipelines-{uuid.uuid4().hex[:8]}"
    role = iam.create_role(RoleName=taking, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    names = iam.list_role_policies(RoleName="quayside-pipelines")["PolicyNames"]
    assert not iam.list_attached_role_policies(RoleName="quayside-pipelines")["AttachedPolicies"]
    for name in names:
        policy = json.dumps(iam.get_role_policy(RoleName="quayside-pipelines", PolicyName=name)["PolicyDocument"])
        iam.put_role_policy(RoleName=taking, PolicyName=name, PolicyDocument=policy)
    taken = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="flow")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": taken["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": taken["SecretAccessKey"],
        "AWS_SESSION_TOKEN": taken["SessionToken"],
    }


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value

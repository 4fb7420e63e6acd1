"""Whoever deploys needs the policy that Terraform makes for them, and can do nothing else with it."""

import shutil
import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local import deploy
from tests.bundle.place import new_place
from tests.support import platform as platforms
from tests.support.airflow import ROOT

NAME = "deployed"
ENVIRONMENT = """
locals {
  tags = {}
}
module "orchestration" {
  source = "../../modules/orchestration"

  name                 = "deployed"
  lake_bucket_arn      = "arn:aws:s3:::lake"
  ledger_table_arn     = "arn:aws:dynamodb:eu-west-2:000000000000:table/ledger"
  catalog_database     = "lake"
  athena_workgroup_arn = "arn:aws:athena:eu-west-2:000000000000:workgroup/lake"
  secret_arns          = []
  alerts_topic_arn     = "arn:aws:sns:eu-west-2:000000000000:alerts"
  inbox_bucket_arn     = "arn:aws:s3:::inbox"
  landing_database     = "landing"
  crawler_arns         = []
  job_arns             = []

  airflow = {
    subnet_ids         = ["subnet-00000000000000001"]
    security_group_ids = ["sg-00000000000000001"]
  }
}
"""


@pytest.fixture(scope="module")
def policy(aws: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Make the policy, and of its module nothing that it does not name; return its ARN."""
    infra = tmp_path_factory.mktemp("infra")
    shutil.copytree(ROOT / "infra" / "modules", infra / "modules", ignore=platforms.NOT_COPIED)
    folder = infra / "environments" / NAME
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text((ROOT / "infra/environments/local/versions.tf").read_text() + ENVIRONMENT)
    platforms.terraform(folder, "init", "-input=false", f"-backend-config=path={infra / 'tfstate'}")
    target = "-target=module.orchestration.aws_iam_policy.deploy"
    platforms.terraform(folder, "apply", "-auto-approve", "-input=false", "-no-color", target)
    return f"arn:aws:iam::000000000000:policy/{NAME}-deploy"


def document(policy: str) -> dict[str, Any]:
    iam = boto3.client("iam")
    version = iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=policy, VersionId=version)["PolicyVersion"]["Document"]


def test_the_policy_names_no_wildcard_and_no_more_than_one_environment(policy):
    statements = document(policy)["Statement"]

    for statement in statements:
        actions, resources = (
            one if isinstance(one, list) else [one] for one in (statement["Action"], statement["Resource"])
        )
        assert not [action for action in actions if "*" in action]
        assert "*" not in resources
    [told] = [each for each in statements if "airflow:UpdateEnvironment" in each["Action"]]
    assert told["Resource"] == "arn:aws:airflow:eu-west-2:000000000000:environment/deployed"


def test_a_deployment_runs_with_the_policy_and_nothing_more(policy, tmp_path, monkeypatch):
    monkeypatch.setattr(deploy, "PAUSE", 0.01)
    iam, user = boto3.client("iam"), f"deployer-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=user)
    iam.attach_user_policy(UserName=user, PolicyArn=policy)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    with new_place(tmp_path / "root", f"{NAME}-code-000000000000") as place:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the credentials that it found first
        place.bring()
        place.change("new")
        (place.root / "include/shop/deep/drawer.py").unlink()
        place.bring()

        assert place.dags() == {".airflowignore": "*/\n", "shop.py": "# new\n", "shop/till.py": "# new\n"}
        assert place.runs_with("requirements.txt") == "# new\n"
        s3, version = boto3.client("s3"), place.mwaa.running["RequirementsS3ObjectVersion"]
        for refused in (
            lambda: s3.delete_object(Bucket=place.bucket, Key="requirements.txt", VersionId=version),
            lambda: s3.delete_object(Bucket=place.bucket, Key="dags/shop.py", VersionId="1"),
            lambda: s3.put_object(Bucket=place.bucket, Key="elsewhere", Body=b""),
            lambda: s3.list_buckets(),
        ):
            with pytest.raises(ClientError, match="AccessDenied"):
                refused()

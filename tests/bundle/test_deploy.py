"""A deployment never skews: at no moment is there a DAG without what it imports, wherever it is stopped."""

import itertools
import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from local import bundle, deploy
from local.layout import ROOT
from quayside.errors import Retryable, Terminal
from tests.bundle.place import SETTINGS, Place, new_place
from tests.support.aws import REGION


@pytest.fixture
def place(tmp_path: Path, aws: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """An environment without any code, and its bucket."""
    bucket = f"code-{uuid.uuid4().hex[:10]}"
    boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    monkeypatch.setattr(deploy, "PAUSE", 0.01)
    with new_place(tmp_path / "root", bucket) as made:
        yield made


def test_a_first_deployment_brings_all_and_tells_the_environment(place, capsys):
    place.bring()

    assert place.dags() == {
        ".airflowignore": "*/\n", "shop.py": "# old\n", "shop/till.py": "# old\n", "shop/deep/drawer.py": "# old\n"
    }  # fmt: skip
    [update] = place.mwaa.updates
    assert {name: value for name, value in update.items() if name.endswith("Path")} == {
        "PluginsS3Path": "plugins.zip", "RequirementsS3Path": "requirements.txt", "StartupScriptS3Path": "startup.sh"
    }  # fmt: skip
    assert place.runs_with("requirements.txt") == "# old\n"
    assert "export QUAYSIDE_LAKE_BUCKET=lake" in place.runs_with("startup.sh")
    assert "UPDATING, 0 min" in capsys.readouterr().out


def test_what_is_in_service_already_is_left_alone(place, capsys):
    place.bring()
    place.bring()

    assert len(place.mwaa.updates) == 1
    assert "Nothing to do" in capsys.readouterr().out


def test_a_changed_dag_does_not_make_the_environment_restart(place):
    place.bring()
    (place.root / "dags/shop.py").write_text("# new\n")
    place.bring()

    assert len(place.mwaa.updates) == 1
    assert place.dags()["shop.py"] == "# new\n"


def test_only_what_differs_gets_a_new_version(place):
    place.bring()
    (place.root / "requirements.txt").write_text("# new\n")
    place.bring()

    assert set(place.mwaa.updates[1]) == {"RequirementsS3Path", "RequirementsS3ObjectVersion"}
    assert place.runs_with("requirements.txt") == "# new\n"


def test_what_is_gone_from_the_checkout_is_deleted_and_kept_as_a_version(place):
    place.bring()
    (place.root / "include/shop/deep/drawer.py").unlink()
    place.bring()

    assert set(place.dags()) == {".airflowignore", "shop.py", "shop/till.py"}
    versions = boto3.client("s3").list_object_versions(Bucket=place.bucket, Prefix="dags/shop/deep/")["Versions"]
    assert [version["Key"] for version in versions] == ["dags/shop/deep/drawer.py"]


def test_a_dry_run_tells_the_order_and_changes_nothing(place, capsys):
    place.bring()
    place.change("new")
    (place.root / "include/shop/deep/drawer.py").unlink()
    capsys.readouterr()

    place.bring(dry=True)

    assert [line.strip() for line in capsys.readouterr().out.splitlines()][2:] == [
        "upload plugins.zip as a new version",
        "upload requirements.txt as a new version",
        "update the environment to these versions, and wait",
        "upload dags/shop/till.py",
        "upload dags/shop.py",
        "delete dags/shop/deep/drawer.py",
        "A dry run: nothing was changed.",
    ]
    assert len(place.mwaa.updates) == 1
    assert set(place.dags().values()) == {"*/\n", "# old\n"}


def test_an_update_that_fails_changes_no_dag_and_says_why(place):
    place.bring()
    place.change("new")
    place.mwaa.refuses = "requirements.txt does not resolve"

    with pytest.raises(Terminal, match=r"requirements\.txt does not resolve. No DAG was changed. See the log groups"):
        place.bring()

    assert place.dags()["shop.py"] == "# old\n"
    assert place.runs_with("requirements.txt") == "# old\n"
    place.mwaa.refuses = ""
    place.bring()
    assert (place.dags()["shop.py"], place.runs_with("requirements.txt")) == ("# new\n", "# new\n")


class Stopped(BaseException):
    """As if somebody had pulled the plug."""


@contextmanager
def stopped_after(calls: int) -> Iterator[None]:
    """Pull the plug once AWS has answered so many calls."""
    left = iter(range(calls - 1))

    def answered(**_: Any) -> None:
        if next(left, None) is None:
            raise Stopped

    boto3.setup_default_session()
    for service in ("s3", "mwaa"):
        boto3.DEFAULT_SESSION.events.register(f"after-call.{service}", answered)
    try:
        yield
    finally:
        boto3.DEFAULT_SESSION = None


def skew(place: Place) -> list[str]:
    """Return what the DAG that is there imports and does not find: the old one a drawer, the new one what is new."""
    dags = place.dags()
    if dags["shop.py"] == "# old\n":
        return [] if "shop/deep/drawer.py" in dags else ["drawer.py"]
    found = {"till.py": dags["shop/till.py"], "requirements.txt": place.runs_with("requirements.txt")}
    return [name for name, text in found.items() if text != "# new\n"]


def test_stopped_anywhere_no_dag_is_ever_without_what_it_imports(place, tmp_path):
    place.bring()
    shutil.copytree(place.root, tmp_path / "old")
    for calls in itertools.count(1):
        place.change("new")
        (place.root / "include/shop/deep/drawer.py").unlink()
        try:
            with stopped_after(calls):
                place.bring()
            break
        except Stopped:
            assert skew(place) == []
        place.settle()
        if calls % 2:  # done again; the other times it is taken back at once
            place.bring()
            assert skew(place) == []
            assert "shop/deep/drawer.py" not in place.dags()
        shutil.rmtree(place.root)
        shutil.copytree(tmp_path / "old", place.root)
        place.bring()
        assert set(place.dags().values()) == {"*/\n", "# old\n"}

    assert calls > 12
    assert skew(place) == []


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"Status": "ROLLING_BACK"}, Retryable, "somebody else is changing it"),
        ({"Status": "CREATE_FAILED"}, Terminal, "bring it back first"),
        ({"SourceBucketArn": "arn:aws:s3:::another"}, Terminal, "of another environment"),
        ({"DagS3Path": "airflow/dags"}, Terminal, "of another environment"),
    ],
)
def test_an_environment_that_cannot_take_the_bundle_is_left_alone(place, change, kind, words):
    place.mwaa.environment |= change

    with pytest.raises(kind, match=words):
        place.bring()

    assert place.dags() == {}
    assert place.mwaa.updates == []


def test_half_a_bundle_is_refused(place):
    bundle.build(place.root, place.root.parent / "mwaa", SETTINGS)
    shutil.rmtree(place.root.parent / "mwaa/dags")

    with pytest.raises(Terminal, match=r"lacks dags/\. Make the bundle anew"):
        place.deployment().plan()


def test_an_update_that_takes_too_long_may_be_waited_for_again(place, monkeypatch):
    monkeypatch.setattr(deploy, "LIMIT", 0)
    place.mwaa.looks = 10_000

    with pytest.raises(Retryable, match="UPDATING after 0 minutes; no DAG was changed yet"):
        place.bring()
    assert place.dags() == {}


def refused(code: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutObject")


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (refused("AccessDenied", 403), Terminal, "needs the policy"),
        (refused("NoSuchBucket", 404), Terminal, "this account and region"),
        (refused("SlowDown", 503), Retryable, "busy"),
        (refused("Strange", 500), Retryable, "busy"),
        (EndpointConnectionError(endpoint_url="https://x"), Retryable, "Sign in"),
    ],
)
def test_an_error_of_aws_says_what_to_do_next(error, kind, words):
    explained = deploy.explain(error)

    assert type(explained) is kind
    assert words in str(explained)


def test_make_deploy_asks_terraforms_outputs_where_to(place, tmp_path):
    there = {"bucket": place.bucket, "environment": "quayside", "region": REGION, "settings": SETTINGS}
    (tmp_path / "outputs.json").write_text(json.dumps({"airflow": {"value": there}}))
    command = [
        sys.executable,
        "-m",
        "local",
        "deploy",
        "--outputs",
        str(tmp_path / "outputs.json"),
        "--dry-run",
        "true",
    ]

    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert answer.returncode == 0, answer.stderr
    assert "upload dags/totesys.py" in answer.stdout
    assert place.dags() == {}

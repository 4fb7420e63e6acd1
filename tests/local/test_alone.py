"""`make aws`: the local AWS without the rest."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from local.layout import ROOT
from local.processes import free_port
from tests.support.aws import PLATFORM


class Alone:
    """``make`` against a state folder of its own, with the virtual environments of this checkout."""

    def __init__(self, state: Path) -> None:
        self.state = state

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        env = {name: os.environ[name] for name in ("HOME", "PATH")}
        env |= {"PYTHON": sys.executable, "QUAYSIDE_LOCAL": str(self.state), "QUAYSIDE_VENVS": str(PLATFORM.parent)}
        return subprocess.run(["make", "-s", *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)

    @property
    def env(self) -> dict[str, str]:
        """What a shell gets from ``. .local/env``."""
        script = f'. {self.state / "env"} && {sys.executable} -c "import json, os; print(json.dumps(dict(os.environ)))"'
        answer = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={"PATH": "/bin"})
        return json.loads(answer.stdout)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Alone]:
    made = Alone(tmp_path / "local")
    made.state.mkdir()
    # A port that no other test's local AWS is on, whatever else this machine runs at the usual one.
    (made.state / "settings.json").write_text(json.dumps({"ports": {"aws": free_port()}}))
    yield made
    made.make("down")


def test_it_is_ready_for_the_cli_and_boto3_with_what_it_prints(alone: Alone, monkeypatch: pytest.MonkeyPatch):
    started = alone.make("aws")

    assert started.returncode == 0, started.stderr
    environment = alone.env
    assert f"ready at {environment['AWS_ENDPOINT_URL']} after " in started.stdout
    assert f"export AWS_ENDPOINT_URL='{environment['AWS_ENDPOINT_URL']}'" in started.stdout
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    boto3.Session().client("s3").create_bucket(
        Bucket="mine", CreateBucketConfiguration={"LocationConstraint": environment["AWS_REGION"]}
    )
    listed = subprocess.run(
        [PLATFORM / "bin" / "aws", "s3", "ls"], env=environment, capture_output=True, text=True, check=True
    )
    assert listed.stdout.endswith(" mine\n")

    again = alone.make("aws")

    assert again.returncode == 0
    assert f"The local AWS runs already, at {environment['AWS_ENDPOINT_URL']}." in again.stdout
    assert "Only the local AWS runs here" in alone.make("status").stdout
    other = alone.make("aws", "AUTH=true")
    assert other.returncode != 0
    assert "with AUTH=false.\n`make down`, then `make aws AUTH=true`" in other.stderr
    assert alone.make("down").stdout == "Stopped local AWS.\n"


def test_with_auth_unknown_keys_are_refused(alone: Alone):
    started = alone.make("aws", "AUTH=true")

    assert started.returncode == 0, started.stderr
    assert "IAM policies are enforced" in started.stdout
    environment = alone.env

    def list_buckets(key: str) -> subprocess.CompletedProcess[str]:
        env = {**environment, "AWS_ACCESS_KEY_ID": key}
        return subprocess.run([PLATFORM / "bin" / "aws", "s3", "ls"], env=env, capture_output=True, text=True)

    assert list_buckets("test").returncode == 0
    refused = list_buckets("AKIAUNKNOWN000000000")
    assert refused.returncode != 0
    assert "InvalidAccessKeyId" in refused.stderr


def test_another_word_for_auth_is_refused(alone: Alone):
    answer = alone.make("aws", "AUTH=yes")

    assert answer.returncode != 0
    assert "AUTH is true or false, not 'yes'" in answer.stderr

"""The whole platform in a folder of its own: up, up again, status, down, and up with everything still there."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import psycopg
import pytest

from local import web
from local.layout import ROOT
from local.settings import Settings
from local.vendors import BEGIN, DROPPER

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed; `make up` says how"),
]
PROCESSES = 7 if web.lacking() else 8  # without Node.js there is no web app
TABLE = re.compile(r"^(totesys\.\S+)\s+([\d,]+)\s+([\d,]+)\s+([\d,]+|–)\s+equal$", re.MULTILINE)


class Platform:
    """``make`` against a state folder of its own, with the virtual environments of this checkout."""

    def __init__(self, state: Path) -> None:
        self.state = state

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        venvs = os.environ.get("QUAYSIDE_VENVS", str(ROOT / ".local" / "venvs"))
        env = {name: os.environ[name] for name in ("HOME", "PATH")}
        env |= {"PYTHON": sys.executable, "QUAYSIDE_LOCAL": str(self.state), "QUAYSIDE_VENVS": venvs}
        return subprocess.run(["make", "-s", *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=500)

    @property
    def env(self) -> dict[str, str]:
        """What a shell gets from ``. .local/env``."""
        script = f'. {self.state / "env"} && {sys.executable} -c "import json, os; print(json.dumps(dict(os.environ)))"'
        answer = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={"PATH": "/bin"})
        return json.loads(answer.stdout)

    def pids(self) -> dict[str, str]:
        """What runs, but for what ends by itself."""
        return {path.name: path.read_text() for path in (self.state / "run").glob("*.pid") if path.stem != DROPPER}


@pytest.fixture(scope="module")
def platform(state: Path) -> Iterator[Platform]:
    """A platform that came up from nothing with demo data, but only days of the hotels' history."""
    made = Platform(state / "local")
    made.state.mkdir()
    begins = datetime.now(UTC).date() - timedelta(days=3)
    Settings(made.state / "settings.json").remember(BEGIN, begins.isoformat())
    answer = made.make("up")
    try:
        assert answer.returncode == 0, answer.stdout + answer.stderr
        made.first = answer.stdout
        yield made
    finally:
        made.make("down")


def test_up_ends_with_equal_rows_everywhere(platform):
    rows = {name: set(figures) - {"–"} for name, *figures in TABLE.findall(platform.first)}

    assert len(rows) == 11
    assert all(len(figures) == 1 for figures in rows.values())
    assert "DIFFERENT" not in platform.first
    [orders] = rows["totesys.sales_order"]
    assert int(orders.replace(",", "")) >= 10_000


def test_up_again_changes_nothing(platform):
    pids, settings = platform.pids(), (platform.state / "settings.json").read_text()

    again = platform.make("up")

    assert again.returncode == 0, again.stdout + again.stderr
    assert "nothing to change" in again.stdout
    assert TABLE.findall(again.stdout) == TABLE.findall(platform.first)
    assert (platform.pids(), (platform.state / "settings.json").read_text()) == (pids, settings)


def test_status_finds_everything_healthy(platform):
    status = platform.make("status")

    assert status.returncode == 0, status.stdout + status.stderr
    assert status.stdout.count("healthy") == PROCESSES
    assert TABLE.findall(status.stdout) == TABLE.findall(platform.first)


def test_the_env_file_leads_tools_to_everything(platform, monkeypatch):
    env = platform.env

    with psycopg.connect(env["TOTESYS_URL"]) as source, psycopg.connect(env["WAREHOUSE_URL"]) as warehouse:
        source.execute("update currency set last_updated = last_updated where false")
        assert warehouse.execute("select count(*) > 0 from warehouse.fact_sales_order").fetchone() == (True,)
    keys = {"aws_access_key_id": env["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": env["AWS_SECRET_ACCESS_KEY"]}
    s3 = boto3.client("s3", endpoint_url=env["AWS_ENDPOINT_URL"], region_name=env["AWS_REGION"], **keys)
    assert s3.list_objects_v2(Bucket=env["QUAYSIDE_LAKE_BUCKET"], Prefix="landing/")["KeyCount"] > 0
    login = json.dumps({"username": env["AIRFLOW_USER"], "password": env["AIRFLOW_PASSWORD"]}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{env['AIRFLOW_URL']}/auth/token", data=login, headers=headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 201
    assert (platform.state / "env").stat().st_mode & 0o077 == 0


def test_down_stops_everything_and_up_finds_the_data_again(platform):
    down = platform.make("down")

    assert down.returncode == 0, down.stdout + down.stderr
    assert platform.pids() == {}
    assert platform.make("status").stdout.count("stopped") == PROCESSES

    up = platform.make("up")

    assert up.returncode == 0, up.stdout + up.stderr
    assert TABLE.findall(up.stdout) == TABLE.findall(platform.first)

"""A run is killed, or loses what it reads or writes, and is tried again: the same batches as if nothing had happened."""

import os
import signal
import subprocess
import sys

import boto3
import pytest

from quayside.manifest import read_manifest
from tests.conftest import ROOT
from tests.landing.conftest import NOISE, NOON, Platform, department
from tests.landing.killed import POINTS

ROWS = 3_000
FILL = (
    "insert into department (department_id, department_name, last_updated) "
    "select i, repeat('x', 60), %s from generate_series(%s::integer, %s) as i"
)


def kill(platform: Platform, point: str) -> None:
    where = platform.source.credentials
    command = [
        sys.executable,
        "-m",
        "tests.landing.killed",
        point,
        where.host,
        str(where.port),
        where.dbname,
        "department",
    ]
    path = os.pathsep.join([str(ROOT / "include"), str(ROOT)])
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("point", [point for point in POINTS if point != "between parts of a file"])
def test_a_run_killed_anywhere_is_made_good_by_the_next_try(platform: Platform, point: str) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
    platform.land()
    platform.source.run(FILL, NOON, 2, ROWS)
    kill(platform, point)
    platform.land()

    assert platform.found() == list(range(1, ROWS + 1))
    assert len(platform.versions()) == ROWS, "none twice"
    assert platform.land()[0].batch is None
    entries = platform.ledger.batches("totesys.department")
    recorded = {f"landing/totesys/department/batch={entry.batch}/" for entry in entries}
    assert {key[: key.rindex("/") + 1] for key in platform.lake.keys("landing")} == recorded, "nothing left over"
    for entry in entries:
        for file in read_manifest(platform.lake, "totesys.department", entry.batch).files:
            stored = boto3.client("s3").head_object(Bucket=platform.lake.bucket, Key=file.key)
            assert stored["ContentLength"] == file.bytes


def test_a_run_killed_between_parts_leaves_no_object(platform: Platform) -> None:
    platform.source.run(NOISE)
    kill(platform, "between parts of a file")
    assert platform.lake.keys("landing") == []
    platform.land()

    assert len(platform.versions()) == 20_000


def test_another_run_after_a_killed_one_lands_the_same(platform: Platform) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
    kill(platform, "after the manifest")
    lease = {"dataset": {"S": "totesys"}, "entry": {"S": "lease"}}
    boto3.client("dynamodb").delete_item(TableName=platform.settings.ledger_table, Key=lease)  # as if it had expired
    platform.land(run="another")

    assert platform.versions() == [(1, NOON)]

"""Two hotels from the vendors to the stars: two years at once, then windows of a quarter of an hour on a busy evening."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import boto3
import httpx
import psycopg
from psycopg import sql

from benchmarks.report import Section, Target
from benchmarks.servers import BUCKET, LAYOUT, REGION, Servers, measure, servers
from local.processes import answers, free_port, start, stop, wait_until
from local.sources.hospitality import World
from local.sources.hospitality.inbox import S3Inbox
from local.sources.hospitality.vendors import draw
from quayside.settings import Credentials

SEED, INBOX = 2024, "bench-inbox"
BEGINS = date(2024, 11, 14)
NOW = datetime(2026, 11, 14, 9, 30, tzinfo=UTC)  # Saturday evening, half past eight, in Sydney
SOURCES = ("swiftpos", "humanforce", "aristocrat")
WINDOW, WINDOWS = timedelta(minutes=15), 5
LONGEST, LONGEST_WINDOW, MOST = 900, 40, 512  # seconds, seconds, MB


def run() -> Section:
    """Measure, and hold against what was promised."""
    with servers() as there, _vendors(there) as hotels:
        backfill = {name: hotels.stage(*name.split()) for name in _stages()}
        rows = _rows(Credentials(**there.credentials("warehouse")))
        windows = [_window(hotels) for _ in range(WINDOWS)][1:]
    total = sum(found["seconds"] for found in backfill.values())
    most = max(
        found["peak"] for found in [*backfill.values(), *(found for window in windows for found in window.values())]
    )
    window = {name: median(one[name]["seconds"] for one in windows) for name in windows[0]}
    wall = median(sum(found["wall"] for found in one.values()) for one in windows)
    return Section(
        "Hospitality: two venues",
        f"Two years from nothing ({rows}), then windows of 15 minutes of a Saturday evening, one after the other. Each stage "
        "is a process of its own, as an Airflow task is; peak memory is what such a process has, libraries and all. As tasks of "
        "Airflow the largest had 481 MB (publish) and 466 MB (SwiftPOS's gate), a good 100 of them shared with the supervisor "
        "that had forked them. One Glue run makes all of a source's tables.",
        [
            ["stage", "two years, s", "peak MB", "a window, s"],
            *(
                [
                    name,
                    f"{found['seconds']:.1f}",
                    f"{found['peak']:.0f}",
                    f"{window[name]:.1f}" if name in window else "",
                ]
                for name, found in backfill.items()
            ),
            ["all", f"{total:.0f}", f"{most:.0f}", f"{wall:.1f} with starting three processes"],
        ],
        [
            Target("two years under 15 minutes", f"{total / 60:.1f} min", total < LONGEST),
            Target("a window to curated under 40 s", f"{wall:.1f} s", wall < LONGEST_WINDOW),
            Target("a task under 512 MB", f"{most:.0f} MB", most < MOST),
        ],
    )


class Hotels:
    """What the stages are asked to do with."""

    def __init__(self, there: Servers, url: str, credentials: dict[str, dict[str, str]]) -> None:
        self._there, self._url, self._credentials = there, url, credentials
        self.now, self._number = NOW, 0

    def stage(self, what: str, source: str = "") -> dict[str, float]:
        """Do one stage; return its seconds, its peak memory and the wall-clock time of its process."""
        if what == "land":
            self._number += 1
        task = {
            "run": f"bench-{self._number}",
            "source": source,
            "job": f"quayside-{source}",
            "now": self.now.replace(tzinfo=None).isoformat(),
            "credentials": self._there.credentials("warehouse"),
            "secret": {
                "url": f"{self._url}/{source}",
                "begins": BEGINS.isoformat(),
                **self._credentials.get(source, {}),
            },
        }
        began = time.monotonic()
        return {**measure("hotels", what, task), "wall": time.monotonic() - began}

    def wait(self, passed: timedelta) -> None:
        """Let the vendors' time pass."""
        self.now += passed
        httpx.post(f"{self._url}/control/clock", json={"now": self.now.isoformat()}).raise_for_status()


def _stages() -> Iterator[str]:
    for source in SOURCES:
        yield from (f"{stage} {source}" for stage in ("land", "gate", "curate"))
    yield from ("load", "reconcile")


def _window(hotels: Hotels) -> dict[str, dict[str, float]]:
    hotels.wait(WINDOW)
    return {f"{stage} swiftpos": hotels.stage(stage, "swiftpos") for stage in ("land", "gate", "curate")}


@contextmanager
def _vendors(there: Servers) -> Iterator[Hotels]:
    """Start the vendors, fill the inbox, and define the Glue jobs."""
    port, credentials = free_port(), draw()
    env = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": f"{LAYOUT.root}{os.pathsep}{LAYOUT.root / 'include'}",
        "VENDORS_CREDENTIALS": json.dumps(credentials),
    }
    command = [str(LAYOUT.python("airflow")), "-m", "local.sources.hospitality", "serve", "--port", str(port)]
    start("vendors", [*command, "--begins", BEGINS.isoformat(), "--seed", str(SEED)], run=there.folder, env=env)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{url}/control/status"), name="vendors", run=there.folder, seconds=60)
        hotels = Hotels(there, url, credentials)
        hotels.wait(timedelta(0))
        _fill_inbox()
        _define_jobs()
        yield hotels
    finally:
        stop("vendors", run=there.folder)


def _fill_inbox() -> None:
    boto3.client("s3").create_bucket(Bucket=INBOX, CreateBucketConfiguration={"LocationConstraint": REGION})
    os.environ["QUAYSIDE_INBOX_BUCKET"] = INBOX
    world, inbox = World(SEED, BEGINS), S3Inbox(INBOX)
    for file in world.dropped(world.opens, NOW):
        inbox(file.name, file.content)


def _define_jobs() -> None:
    script = LAYOUT.root / "include" / "glue_scripts" / "curate.py"
    boto3.client("s3").put_object(Bucket=BUCKET, Key="artifacts/glue/curate.py", Body=Path(script).read_bytes())
    for name in ("bench", "bench_masked"):
        boto3.client("glue").create_database(DatabaseInput={"Name": name})
    for source in SOURCES:
        location: dict[str, Any] = {"ScriptLocation": f"s3://{BUCKET}/artifacts/glue/curate.py", "PythonVersion": "3"}
        boto3.client("glue").create_job(
            Name=f"quayside-{source}",
            Role="arn:aws:iam::000000000000:role/bench",
            Command={"Name": "glueetl", **location},
            GlueVersion="5.0",
            WorkerType="G.1X",
            NumberOfWorkers=2,
        )


def _rows(credentials: Credentials) -> str:
    words = {"sale_item": "sale items", "payment_taken": "payments", "shift": "shifts", "gaming": "readings"}
    with psycopg.connect(**credentials.conninfo()) as warehouse:
        tables = [sql.Identifier("warehouse", f"fact_{name}") for name in words]
        counts = [warehouse.execute(sql.SQL("select count(*) from {}").format(table)).fetchone() for table in tables]
    return ", ".join(f"{count[0]:,} {word}" for count, word in zip(counts, words.values(), strict=True) if count)

"""The hotels followed through the stages without an orchestrator: vendors, inbox, lake, Glue and warehouse of their own."""

import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import boto3
import psycopg

from local.sources.hospitality import Clock, Vendors, World
from quayside.contract import Contract, contract_names, load_contract
from quayside.curated.plan import plan
from quayside.curated.publish import publish
from quayside.landing.feeds import land_feed
from quayside.landing.files import land_files
from quayside.quality.gate import gate
from quayside.quality.reconciliation import reconcile
from quayside.run import Run
from quayside.settings import Credentials, Settings
from quayside.sources.humanforce import Humanforce
from quayside.sources.swiftpos import SwiftPos
from quayside.warehouse import load

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("swiftpos", "humanforce", "aristocrat")
CURATED = tuple(map(load_contract, contract_names("hospitality")))
STARS = tuple(map(load_contract, contract_names("warehouse", product="hospitality")))
SECONDS_TO_END = 600  # of a Glue job


class Hotels:
    """The hotels from the vendors to the stars.

    :param inbox: the bucket that the gaming machines' files are dropped into
    """

    def __init__(self, settings: Settings, warehouse: Credentials, world: World, now: datetime) -> None:
        self.settings, self.warehouse = settings, warehouse
        self.world = world
        self.vendors = Vendors(world, Clock(now.replace(tzinfo=UTC)))
        self.dropped_until = world.opens
        self._glue, self._s3 = boto3.client("glue"), boto3.client("s3")
        self._script = f"s3://{settings.lake_bucket}/artifacts/glue/curate.py"

    def __enter__(self) -> Self:
        self.vendors.__enter__()
        script = (ROOT / "include/glue_scripts/curate.py").read_bytes()
        self._s3.put_object(Bucket=self.settings.lake_bucket, Key="artifacts/glue/curate.py", Body=script)
        self._role = f"curate-{uuid4().hex[:10]}"
        trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
        bucket = f"arn:aws:s3:::{self.settings.lake_bucket}"
        allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": [bucket, f"{bucket}/*"]}
        iam = boto3.client("iam")
        iam.create_role(RoleName=self._role, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_role_policy(RoleName=self._role, PolicyName="lake", PolicyDocument=policy)
        for source in SOURCES:
            self._glue.create_job(
                Name=self._job(source),
                Role=self._role,
                Command={"Name": "glueetl", "ScriptLocation": self._script, "PythonVersion": "3"},
                GlueVersion="5.0",
                WorkerType="G.1X",
                NumberOfWorkers=2,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.vendors.__exit__(kind, error, trace)

    @property
    def now(self) -> datetime:
        """The vendors' time, UTC without offset, as the platform's."""
        return self.vendors.clock.now().astimezone(UTC).replace(tzinfo=None)

    def new_run(self) -> Run:
        """Return a run that nobody else has."""
        return Run.of(f"test__{uuid4().hex[:8]}")

    def until(self, moment: datetime) -> None:
        """Let time pass."""
        self.vendors.clock.set(moment.replace(tzinfo=UTC))

    def drop(self) -> None:
        """Drop what the gaming machines have read since the last time."""
        until = self.now.replace(tzinfo=UTC)
        self.vendors.drop(self._put, self.dropped_until, until, vices=True)
        self.dropped_until = until

    def land(self, source: str, run: Run) -> list[Any]:
        """Land what is new at a source."""
        contracts = sources(source)
        if source == "aristocrat":
            return list(land_files(contracts[0], run))
        feed = {"swiftpos": SwiftPos, "humanforce": Humanforce}[source](self.vendors.secret(source))
        return list(land_feed(contracts, run, feed, self.now))

    def curate(self, source: str, run: Run) -> list[Any]:
        """Let the Glue job do what is pending of a source, and publish it."""
        tables = tables_of(source)
        planned = plan(tables, run)
        if planned is None:
            return []
        started = self._glue.start_job_run(JobName=self._job(source), Arguments=dict(planned.arguments))["JobRunId"]
        deadline = time.monotonic() + SECONDS_TO_END
        while True:
            job = self._glue.get_job_run(JobName=self._job(source), RunId=started)["JobRun"]
            if job["JobRunState"] not in ("STARTING", "RUNNING", "STOPPING", "WAITING"):
                break
            assert time.monotonic() < deadline, "the Glue job does not end"
            time.sleep(0.2)
        assert job["JobRunState"] == "SUCCEEDED", job.get("ErrorMessage")
        return list(publish(tables, run))

    def take(self, *names: str) -> list[Any]:
        """Take what is new at some sources, or all, into the lake; return what was landed."""
        landed = []
        for source in names or SOURCES:
            run = self.new_run()
            landed += self.land(source, run)
            gate(sources(source), run)
            self.curate(source, run)
        return landed

    def serve(self) -> list[Any]:
        """Load the warehouse with what is pending, and reconcile it."""
        run = self.new_run()
        load(STARS, run, self.warehouse)
        datasets = [contract for source in SOURCES for contract in sources(source)]
        return list(reconcile(datasets, STARS, run, self.warehouse))

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        of = self.warehouse.conninfo()
        with psycopg.connect(**of) as connection:  # type: ignore[arg-type]
            return connection.execute(statement, values).fetchall()  # type: ignore[arg-type]

    def _put(self, name: str, body: bytes) -> None:
        self._s3.put_object(Bucket=self.settings.inbox_bucket, Key=f"aristocrat/{name}", Body=body)

    def _job(self, source: str) -> str:
        return f"quayside-{source}-{self.settings.lake_bucket}"


def sources(source: str) -> list[Contract]:
    """Return the contracts of what a source lands."""
    return [load_contract(name) for name in contract_names(source)]


def tables_of(source: str) -> list[Contract]:
    """Return the contracts of the curated tables that are made of a source."""
    return [table for table in CURATED if (table.landing or "").startswith(f"{source}.")]


def create_inbox(name: str) -> None:
    """Make the bucket that files are dropped into."""
    with suppress(boto3.client("s3").exceptions.BucketAlreadyOwnedByYou):
        boto3.client("s3").create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": boto3.client("s3").meta.region_name}
        )

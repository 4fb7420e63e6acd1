"""The curated stage over the wire: landed lines, a Glue job of the local AWS, the catalog, and readers in Athena."""

import gzip
import json
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import boto3
import pyarrow as pa

from quayside.contract import contract_names, load_contract
from quayside.curated.plan import plan
from quayside.curated.publish import publish
from quayside.curated.spark.messages import Plan
from quayside.lake import File
from quayside.ledger import Position
from quayside.manifest import Manifest, prefix
from quayside.quality.quarantine import quarantine_key
from quayside.run import Run
from quayside.settings import Settings
from tests.support.athena import Athena

NOON = datetime(2026, 5, 1, 12)
CONTRACTS = tuple(load_contract(name) for name in contract_names("hospitality"))
Line = tuple[Mapping[str, Any] | None, Mapping[str, Any]]  # what a record hung under, and the record


class House:
    """A lake into which lines are put by hand, as landing and gate would leave them; and its Glue job."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.run = Run.of("house/run 1")
        self.lake, self.ledger, self.athena = self.run.lake, self.run.ledger, Athena(settings)
        self.glue, self._job = boto3.client("glue"), ""

    def tables(self, source: str) -> list:
        return [contract for contract in CONTRACTS if (contract.landing or "").startswith(f"{source}.")]

    def land(
        self,
        dataset: str,
        lines: Sequence[Line],
        *,
        rejected: Iterable[int] = (),
        files: int = 1,
        snapshot_at: datetime | None = None,
    ) -> str:
        """Land one batch, passed by the gate; return its id."""
        before = self.ledger.position(dataset)
        after = Position(sequence=before.sequence + 1)
        batch = f"{after.sequence:08d}-{uuid.uuid4().hex[:8]}"
        texts = [json.dumps({"row": row, "of": of, "record": record}) for row, (of, record) in enumerate(lines)]
        made = []
        for number in range(files):
            some = texts[len(texts) * number // files : len(texts) * (number + 1) // files]
            key = f"{prefix(dataset, batch, 'window')}part-{number:04d}.json.gz"
            body = gzip.compress("".join(f"{text}\n" for text in some).encode())
            self.lake.write_bytes(key, body)
            made.append(File(key=key, rows=len(some), bytes=len(body), sha256=""))
        manifest = Manifest(
            dataset=dataset,
            batch=batch,
            kind="window",
            run="landing",
            files=tuple(made),
            rows=len(texts),
            schema_version="1.0.0",
            snapshot_at=snapshot_at or NOON + timedelta(minutes=15 * after.sequence),
        )
        manifest.write(self.lake)
        self.ledger.record(manifest, before=before, after=after, todo="gate")
        if rejected:
            with self.lake.parquet_writer(quarantine_key(dataset, batch), pa.schema([("_row", pa.int64())])) as file:
                file.write(pa.table({"_row": pa.array(rejected, pa.int64())}))
        self.ledger.advance(dataset, batch, taken="gate", status="passed", todo="curate")
        return batch

    def plan(self, source: str) -> Plan | None:
        return plan(self.tables(source), self.run)

    def publish(self, source: str) -> dict[str, Any]:
        return {item.dataset: item for item in publish(self.tables(source), self.run)}

    def curate(self, source: str) -> dict[str, Any]:
        """Plan, let the job run, publish."""
        made = self.plan(source)
        assert made is not None
        self.work(made)
        return self.publish(source)

    def work(self, made: Plan, **arguments: str) -> dict[str, Any]:
        """Let the Glue job carry out a plan; return its run, which has succeeded."""
        run = self.start(made, **arguments)
        assert run["JobRunState"] == "SUCCEEDED", (run.get("ErrorMessage"), self.log(run)[-30:])
        return run

    def start(self, made: Plan, **arguments: str) -> dict[str, Any]:
        """Let the Glue job run to its end, whatever that is."""
        job = self._job or self._create_job(made.arguments["--scriptLocation"])
        run = self.glue.start_job_run(JobName=job, Arguments={**made.arguments, **arguments})["JobRunId"]
        deadline = time.monotonic() + 580
        while (found := self.glue.get_job_run(JobName=job, RunId=run)["JobRun"])["JobRunState"] in (
            "STARTING",
            "RUNNING",
        ):
            assert time.monotonic() < deadline, "the run does not end"
            time.sleep(0.05)
        return found

    def log(self, run: Mapping[str, Any], kind: str = "error") -> list[str]:
        answer = boto3.client("logs").get_log_events(
            logGroupName=f"{run['LogGroupName']}/{kind}", logStreamName=run["Id"], startFromHead=True
        )
        return [event["message"] for event in answer["events"]]

    def rows(self, sql: str) -> list[tuple[str | None, ...]]:
        return self.athena.rows(sql)

    def _create_job(self, script: str) -> str:
        name = f"curate-{self.settings.lake_bucket}"
        trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
        iam = boto3.client("iam")
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        bucket = f"arn:aws:s3:::{self.settings.lake_bucket}"
        reads = [f"{bucket}/{path}/*" for path in ("landing", "curated", "artifacts/glue")]
        statements = [
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": reads},
            {"Effect": "Allow", "Action": ["s3:PutObject", "s3:DeleteObject"], "Resource": f"{bucket}/curated/*"},
        ]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="lake", PolicyDocument=policy)
        self.glue.create_job(
            Name=name,
            Role=name,
            Command={"Name": "glueetl", "ScriptLocation": script, "PythonVersion": "3"},
            GlueVersion="5.0",
            WorkerType="G.1X",
            NumberOfWorkers=2,
        )
        self._job = name
        return name

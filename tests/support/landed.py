"""Batches of records as the landing stage leaves them, and crawlers that look at them."""

import gzip
import json
import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any

import boto3

from quayside.lake import File
from quayside.manifest import Manifest, prefix
from quayside.run import Run
from quayside.settings import Settings


def land_records(run: Run, dataset: str, *records: dict[str, Any]) -> str:
    """Land a batch of an API's records, hand it to the gate, and return its id."""
    before = run.ledger.position(dataset)
    batch = f"{before.sequence + 1:08d}-{uuid.uuid4().hex[:8]}"
    lines = [
        json.dumps({"row": row, "of": None, "record": record}, default=float) for row, record in enumerate(records)
    ]
    key, body = f"{prefix(dataset, batch, 'window')}part-0000.json.gz", gzip.compress("\n".join([*lines, ""]).encode())
    run.lake.write_bytes(key, body)
    manifest = Manifest(
        dataset=dataset,
        batch=batch,
        kind="window",
        run=run.id,
        files=(File(key=key, rows=len(records), bytes=len(body), sha256=""),),
        rows=len(records),
        schema_version="1.0.0",
        snapshot_at=datetime(2026, 5, 2),
    )
    manifest.write(run.lake)
    run.ledger.record(manifest, before=before, after=replace(before, sequence=before.sequence + 1), todo="gate")
    return batch


def make_crawlers(settings: Settings, crawlers: dict[str, list[str]]) -> None:
    """Make crawlers as Terraform does, each of some datasets, and the database that they fill."""
    glue, iam = boto3.client("glue"), boto3.client("iam")
    role = f"crawl-{uuid.uuid4().hex[:8]}"
    trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    allowed = {"Effect": "Allow", "Action": ["s3:*", "glue:*", "logs:*"], "Resource": "*"}
    policies = [json.dumps({"Version": "2012-10-17", "Statement": [statement]}) for statement in (trust, allowed)]
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=policies[0])
    iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=policies[1])
    glue.create_database(DatabaseInput={"Name": settings.landing_database})
    grouping = {"TableGroupingPolicy": "CombineCompatibleSchemas", "TableLevelConfiguration": 4}
    for name, datasets in crawlers.items():
        folders = [f"s3://{settings.lake_bucket}/landing/{each.replace('.', '/')}/" for each in datasets]
        glue.create_crawler(
            Name=settings.named(name),
            Role=role,
            DatabaseName=settings.landing_database,
            TablePrefix=f"{datasets[0].partition('.')[0]}_",
            Targets={"S3Targets": [{"Path": folder, "Exclusions": ["**/manifest.json"]} for folder in folders]},
            SchemaChangePolicy={"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
            Configuration=json.dumps({"Version": 1.0, "Grouping": grouping}),
        )

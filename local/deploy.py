"""Put a bundle into service on Amazon MWAA. Run in the Airflow environment.

usage: python -m local.deploy BUNDLE BUCKET ENVIRONMENT REGION [--dry-run]

MWAA takes what lies in dags/ within a minute, but plugins.zip, requirements.txt and startup.sh only when it is told to
take a version of them, for which it replaces its machines. In this order no DAG is without what it imports:

1. the three are uploaded as new versions, where they differ from those in service;
2. the environment is told to take these, and watched until it has;
3. what DAGs import is uploaded, then the DAGs;
4. what is not in the bundle is deleted, DAGs first.

Stopped or failed anywhere, it can be done again, and goes on where it was.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.steps import Steps
from quayside.errors import QuaysideError, Retryable, Terminal

DAGS = "dags/"
VERSIONED = {
    "plugins.zip": "Plugins",
    "requirements.txt": "Requirements",
    "startup.sh": "StartupScript",
}  # MWAA's words
BUSY = ("CREATING", "CREATING_SNAPSHOT", "MAINTENANCE", "PENDING", "ROLLING_BACK", "UPDATING")
LATER = ("InternalError", "InternalServerException", "RequestTimeout", "SlowDown", "Throttling", "ThrottlingException")
LIMIT = 90 * 60.0  # seconds an update may take; AWS speaks of 10 to 30 minutes
PAUSE = 15.0  # seconds between two looks at it
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What a deployment changes.

    :param versioned: files that the environment does not run with as they are in the bundle
    :param uploads: keys of dags/ that are new or different, in groups: a group is uploaded before the next
    :param deletes: keys of dags/ that are not in the bundle, in such groups
    """

    versioned: list[str]
    uploads: list[list[str]]
    deletes: list[list[str]]

    def lines(self) -> Iterator[str]:
        """Yield what is done, in order, a line each."""
        yield from (f"upload {name} as a new version" for name in self.versioned)
        if self.versioned:
            yield "update the environment to these versions, and wait"
        yield from (f"upload {key}" for group in self.uploads for key in group)
        yield from (f"delete {key}" for group in self.deletes for key in group)


class Deployment:
    """A bundle on its way into an environment.

    :param bundle: the folder that `make bundle` made
    :param bucket: where the environment takes its code from
    :param environment: its name
    """

    def __init__(self, bundle: Path, bucket: str, environment: str, region: str) -> None:
        self._bundle, self._bucket, self._name = bundle, bucket, environment
        self._s3 = boto3.client("s3", region_name=region)
        self._mwaa: Any = boto3.client("mwaa", region_name=region)
        self._tags = {path.relative_to(bundle).as_posix(): _tag(path) for path in bundle.rglob("*") if path.is_file()}

    def plan(self) -> Plan:
        """Compare the bundle with what is in service.

        :raises Terminal: it is no bundle, or no environment that could take it
        :raises Retryable: the environment is being changed just now
        """
        dags = {key for key in self._tags if key.startswith(DAGS)}
        lacking = [name for name in VERSIONED if name not in self._tags] + ([] if dags else [DAGS])
        if lacking:
            raise Terminal(f"{self._bundle} lacks {', '.join(lacking)}. Make the bundle anew: make bundle.")
        environment = self._ready()
        there = self._there()
        return Plan(
            versioned=[name for name in VERSIONED if self._in_service(environment, name) != self._tags[name]],
            uploads=_groups(key for key in dags if there.get(key) != self._tags[key]),
            deletes=_groups(there.keys() - dags)[::-1],
        )

    def versions(self, names: list[str]) -> dict[str, str]:
        """Upload files as new versions, unless the newest is the same; return what UpdateEnvironment is to be told.

        :raises Terminal: the bucket keeps no versions
        """
        told = {}
        for name in names:
            newest = self._head(name)
            if newest.get("ETag") != self._tags[name]:
                newest = dict(
                    self._s3.put_object(Bucket=self._bucket, Key=name, Body=(self._bundle / name).read_bytes())
                )
            if "VersionId" not in newest:
                raise Terminal(f"The bucket {self._bucket} keeps no versions, which MWAA needs: apply infra/ again.")
            told[f"{VERSIONED[name]}S3Path"] = name
            told[f"{VERSIONED[name]}S3ObjectVersion"] = newest["VersionId"]
        return told

    def update(self, told: dict[str, str], say: Say) -> None:
        """Let the environment take versions, and wait until it has.

        :raises Terminal: it cannot, and runs on with what it had
        :raises Retryable: it takes longer than it should
        """
        before = self._get().get("LastUpdate", {}).get("CreatedAt")
        self._mwaa.update_environment(Name=self._name, **told)
        began = time.monotonic()
        while True:
            environment = self._get()
            status, last = environment["Status"], environment.get("LastUpdate", {})
            if status == "AVAILABLE" and told.items() <= environment.items():
                return
            failed = last.get("Status") == "FAILED" and last.get("CreatedAt") != before
            if status not in (*BUSY, "AVAILABLE") or (status == "AVAILABLE" and failed):
                raise Terminal(_why(self._name, status, last.get("Error", {})))
            if time.monotonic() - began > LIMIT:
                raise Retryable(f"{self._name} is {status} after {LIMIT / 60:.0f} minutes; no DAG was changed yet.")
            say(f"{status}, {(time.monotonic() - began) // 60:.0f} min")
            time.sleep(PAUSE)

    def upload(self, key: str) -> None:
        """Upload a file of dags/."""
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=(self._bundle / key).read_bytes())

    def delete(self, key: str) -> None:
        """Delete a key of dags/; the bucket keeps it as a version."""
        self._s3.delete_object(Bucket=self._bucket, Key=key)

    def _get(self) -> dict[str, Any]:
        return dict(self._mwaa.get_environment(Name=self._name)["Environment"])

    def _ready(self) -> dict[str, Any]:
        """Return the environment, which takes updates and takes them from our bucket."""
        environment = self._get()
        source, status = environment["SourceBucketArn"].rpartition(":")[2], environment["Status"]
        if (source, environment["DagS3Path"].strip("/")) != (self._bucket, DAGS.strip("/")):
            raise Terminal(
                f"{self._name} takes its DAGs from {source}/{environment['DagS3Path']}, not from {self._bucket}/{DAGS}: "
                "these outputs are of another environment."
            )
        if status in BUSY:
            raise Retryable(f"{self._name} is {status}: somebody else is changing it. Wait until it is AVAILABLE.")
        if status != "AVAILABLE":
            raise Terminal(f"{self._name} is {status}: see its events in the MWAA console, and bring it back first.")
        return environment

    def _in_service(self, environment: dict[str, Any], name: str) -> str | None:
        """Return the tag of the version that an environment runs with, if it runs with any."""
        path, version = (environment.get(f"{VERSIONED[name]}S3{word}") for word in ("Path", "ObjectVersion"))
        return self._head(path, VersionId=version).get("ETag") if path == name and version else None

    def _head(self, key: str, **version: str) -> dict[str, Any]:
        try:
            return dict(self._s3.head_object(Bucket=self._bucket, Key=key, **version))  # type: ignore[arg-type]
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NoSuchVersion"):
                return {}
            raise

    def _there(self) -> dict[str, str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=DAGS)
        return {entry["Key"]: entry["ETag"] for page in pages for entry in page.get("Contents", ())}


def deploy(deployment: Deployment, steps: Steps, *, dry: bool) -> None:
    """Bring a bundle into service, and tell how far it is.

    :param dry: only tell what would be done
    :raises Terminal: it cannot; what is in service goes on
    :raises Retryable: it may go later
    """
    with steps.step("Compare the bundle with what is in service") as result:
        plan = deployment.plan()
        count = [sum(map(len, groups)) for groups in (plan.uploads, plan.deletes)]
        result.append(f"{len(plan.versioned)} new versions, {count[0]} files of dags/ to upload, {count[1]} to delete")
    if dry:
        print("\n".join([*(f"    {line}" for line in plan.lines()), "A dry run: nothing was changed."]))
        return
    if plan.versioned:
        with steps.step(f"Upload {', '.join(plan.versioned)}"):
            told = deployment.versions(plan.versioned)
        with steps.step("Update the environment, which takes 10 to 30 minutes; running tasks are tried again"):
            deployment.update(told, steps.progress)
    for title, groups, change in (
        ("Upload what DAGs import, then the DAGs", plan.uploads, deployment.upload),
        ("Delete what is gone", plan.deletes, deployment.delete),
    ):
        if any(groups):
            with steps.step(title), ThreadPoolExecutor(8) as pool:
                for group in groups:
                    list(pool.map(change, group))
    print("In service; Airflow shows it within a minute." if any(plan.lines()) else "Nothing to do: it is in service.")


def main() -> None:
    """Deploy as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m local.deploy")
    for name in ("bundle", "bucket", "environment", "region"):
        parser.add_argument(name, type=Path if name == "bundle" else str)
    parser.add_argument("--dry-run", action="store_true")
    words = vars(parser.parse_args())
    dry = words.pop("dry_run")
    try:
        deploy(Deployment(**words), Steps(), dry=dry)
    except (QuaysideError, BotoCoreError, ClientError) as error:
        explained = explain(error)
        again = " Then `make deploy` again: it goes on where it was." if isinstance(explained, Retryable) else ""
        sys.exit(f"\n{explained}{again}")


def explain(error: Exception) -> Exception:
    """Return an error of AWS in our words: what happened, and what to do next."""
    if isinstance(error, QuaysideError):
        return error
    if not isinstance(error, ClientError):  # no credentials, no network
        return Retryable(f"AWS cannot be asked: {error}. Sign in (aws sts get-caller-identity must answer).")
    code, words = error.response["Error"]["Code"], f"{error.operation_name}: {error}"
    if code in LATER or error.response["ResponseMetadata"].get("HTTPStatusCode", 0) >= 500:
        return Retryable(f"{words}. AWS is busy.")
    if code in ("AccessDenied", "AccessDeniedException", "403"):
        return Terminal(f"{words}. Whoever deploys needs the policy that Terraform's output `airflow` names.")
    return Terminal(f"{words}. See that Terraform's outputs are of this account and region.")


def _groups(keys: Any) -> list[list[str]]:
    """Return what keeps Airflow out of the library, the library, the DAGs."""
    groups: list[list[str]] = [[], [], []]
    for key in sorted(keys):
        inner = key.removeprefix(DAGS)
        groups[0 if inner == ".airflowignore" else 1 if "/" in inner else 2].append(key)
    return groups


def _tag(path: Path) -> str:
    """Return the ETag that S3 gives a file that is uploaded in one piece and encrypted with S3's own key."""
    return f'"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}"'


def _why(name: str, status: str, error: dict[str, str]) -> str:
    reason = ": ".join(filter(None, (error.get("ErrorCode"), error.get("ErrorMessage"))))
    return (
        f"{name} did not take the new versions and is {status}: {reason or 'MWAA gives no reason'}. No DAG was changed. "
        f"See the log groups airflow-{name}-*: streams requirements_install_… and startup_script_execution_… say more."
    )


if __name__ == "__main__":
    main()

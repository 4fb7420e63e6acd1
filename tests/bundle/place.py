"""An environment that a test deploys to: MWAA is a fake, its bucket is the local AWS's."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import boto3

from local import bundle, deploy
from local.steps import Steps
from tests.bundle.fake_mwaa import FakeMwaa, serve
from tests.support.aws import REGION

SETTINGS = {"QUAYSIDE_LAKE_BUCKET": "lake"}
FILES = (
    "dags/shop.py", "include/.airflowignore", "include/shop/till.py", "include/shop/deep/drawer.py",
    "plugins/.airflowignore", "plugins/shop_plugin.py", "requirements.txt",
)  # fmt: skip


class Place:
    """An environment, its bucket, and a small checkout that is deployed to it."""

    def __init__(self, root: Path, mwaa: FakeMwaa, bucket: str) -> None:
        self.root, self.mwaa, self.bucket = root, mwaa, bucket

    def change(self, mark: str) -> None:
        """Change every file of the checkout, so that all of it says ``mark``."""
        for path in self.root.rglob("*"):
            if path.is_file() and path.name != bundle.IGNORE:
                path.write_text(f"# {mark}\n")

    def bring(self, *, dry: bool = False) -> None:
        """Build the bundle and deploy it."""
        bundle.build(self.root, self.root.parent / "mwaa", SETTINGS)
        deploy.deploy(self.deployment(), Steps(), dry=dry)

    def deployment(self) -> deploy.Deployment:
        """The deployment of the bundle that was built last."""
        return deploy.Deployment(self.root.parent / "mwaa", self.bucket, "quayside", REGION)

    def settle(self) -> None:
        """Wait until what was begun has ended."""
        while self.mwaa.get()["Status"] != "AVAILABLE":
            pass

    def dags(self) -> dict[str, str]:
        """What lies in the dags folder: name → text."""
        found = boto3.resource("s3").Bucket(self.bucket).objects.filter(Prefix="dags/")
        return {entry.key.removeprefix("dags/"): entry.get()["Body"].read().decode() for entry in found}

    def runs_with(self, name: str) -> str:
        """What a versioned file says in the version that the environment's machines run with."""
        word, s3 = deploy.VERSIONED[name], boto3.client("s3")
        version = self.mwaa.running.get(f"{word}S3ObjectVersion")
        return s3.get_object(Bucket=self.bucket, Key=name, VersionId=version)["Body"].read().decode() if version else ""


@contextmanager
def new_place(root: Path, bucket: str) -> Iterator[Place]:
    """Make a small checkout, all of which says ``old``, and an environment without any code.

    :param bucket: where it takes its code from; it is there already
    """
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("*/\n")
    boto3.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    mwaa = FakeMwaa(bucket)
    with serve(mwaa) as endpoint:
        # Without the second its own client would ask api.127.0.0.1.
        there = {"AWS_ENDPOINT_URL_MWAA": endpoint, "AWS_DISABLE_HOST_PREFIX_INJECTION": "true"}
        with mock.patch.dict(os.environ, there):
            made = Place(root, mwaa, bucket)
            made.change("old")
            yield made

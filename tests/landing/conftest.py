"""A totesys source to write to, and what the landing zone holds of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from local.postgres import Postgres
from local.sources.totesys import create_schema
from quayside.contract import load_contract
from quayside.lake import Lake
from quayside.landing import Landed, land
from quayside.ledger import Ledger
from quayside.manifest import read_manifest
from quayside.run import Run
from quayside.settings import Credentials, Settings
from tests.conftest import Databases
from tests.landing.hotels import Hotels, hotels_of, vendors

NOON = datetime(2026, 5, 1, 12)
# Text that no compression makes small, so that its file has several parts.
NOISE = "insert into department (department_name) select md5(random()::text || i) from generate_series(1, 20000) as i"


@dataclass
class Source:
    """A totesys database: its owner's connections write, the extraction's credentials only read."""

    url: str
    credentials: Credentials

    def connect(self) -> psycopg.Connection:
        """Return a connection of its own, in a transaction from its first statement on."""
        return psycopg.connect(self.url)

    def run(self, statement: str, *values: Any) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement, values)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement).fetchall()


def department(connection: psycopg.Connection, key: int, at: datetime = NOON, name: str = "Sales") -> None:
    """Insert a department, the smallest of the tables."""
    connection.execute(
        "insert into department (department_id, department_name, created_at, last_updated) values (%s, %s, %s, %s)",
        [key, name, at, at],
    )


@pytest.fixture
def source(postgres: Postgres, database: Databases) -> Source:
    name = database("totesys_app")
    with psycopg.connect(database.url(name, "totesys_app")) as connection:
        create_schema(connection)
    return Source(
        database.url(name, "totesys_app"), Credentials("127.0.0.1", postgres.port, name, "quayside_extract", "secret")
    )


@dataclass
class Platform:
    """Lands the source, and reads back what is in the landing zone."""

    source: Source
    settings: Settings
    lake: Lake
    ledger: Ledger
    told: list[tuple[str, str]]

    def run(self, run_id: str = "run") -> Run:
        return Run(
            id=run_id,
            settings=self.settings,
            lake=self.lake,
            ledger=self.ledger,
            progress=lambda dataset, message: self.told.append((dataset, message)),
        )

    def land(self, *tables: str, run: str = "run") -> list[Landed]:
        contracts = [load_contract(f"totesys.{table}") for table in tables or ("department",)]
        return land(contracts, self.run(run), self.source.credentials)

    def landed(self, table: str = "department") -> pa.Table:
        """All rows of all batches that the ledger knows, in their order."""
        dataset = f"totesys.{table}"
        manifests = [read_manifest(self.lake, dataset, entry.batch) for entry in self.ledger.batches(dataset)]
        keys = [file.key for manifest in manifests for file in manifest.files]
        return self.lake.read_table(keys) if keys else pa.table({})

    def versions(self, table: str = "department") -> list[tuple[int, datetime]]:
        """Key and version of every row landed, in order; repeated ones too."""
        rows = self.landed(table)
        return list(zip(rows[f"{table}_id"].to_pylist(), rows["last_updated"].to_pylist(), strict=True)) if rows else []

    def batch_rows(self, batch: str | None, table: str = "department") -> pa.Table:
        """The rows of one batch."""
        manifest = read_manifest(self.lake, f"totesys.{table}", batch or "")
        return self.lake.read_table([file.key for file in manifest.files])

    def batch(self, batch: str | None, table: str = "department") -> list[tuple[int, datetime]]:
        """Key and version of the rows of one batch."""
        rows = self.batch_rows(batch, table)
        return list(zip(rows[f"{table}_id"].to_pylist(), rows["last_updated"].to_pylist(), strict=True))

    def found(self, table: str = "department") -> list[int]:
        """The keys landed, each once, sorted."""
        return sorted({key for key, _ in self.versions(table)})


@pytest.fixture
def platform(source: Source, settings: Settings, lake: Lake, ledger: Ledger) -> Platform:
    return Platform(source, settings, lake, ledger, [])


@pytest.fixture
def hotels(settings: Settings, lake: Lake, ledger: Ledger) -> Iterator[Hotels]:
    with vendors() as both:
        yield hotels_of(settings, lake, ledger, both)

"""DAGs run for real: Airflow in this process, a source, a lake and a warehouse of the test's own."""

import copy
import functools
import json
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import boto3
import psycopg
import pytest

from local.sources.totesys import create_schema
from local.sources.totesys.demo import fill, generate
from quayside.settings import Settings
from tests.conftest import Databases
from tests.support import airflow
from tests.support.inbox import Inbox

airflow.use()


class Shop:
    """A small source, its warehouse, and their secrets."""

    def __init__(self, settings: Settings, database: Databases) -> None:
        self.settings = settings
        source, warehouse = database("totesys_app"), database("quayside_loader")
        self.source_url, self.warehouse_url = (
            database.url(source, "totesys_app"),
            database.url(warehouse, "quayside_loader"),
        )
        with psycopg.connect(self.source_url) as connection:
            create_schema(connection)
            fill(connection, generate(7, 300, datetime(2026, 1, 1)))
        self.secret("source/totesys")
        self.secret("warehouse")

    def write(self, statements: str) -> None:
        """Change the source in a transaction of its own."""
        with psycopg.connect(self.source_url) as connection:
            connection.execute(statements)

    def source(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the source."""
        with psycopg.connect(self.source_url) as connection:
            return connection.execute(statement).fetchall()

    def warehouse(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with psycopg.connect(self.warehouse_url) as connection:
            return connection.execute(statement).fetchall()

    def secret(self, name: str, **changes: object) -> None:
        """Put a secret, different in some part."""
        url, role = {
            "source/totesys": (self.source_url, "quayside_extract"),
            "warehouse": (self.warehouse_url, "quayside_loader"),
        }[name]
        to = psycopg.conninfo.conninfo_to_dict(url)
        value = {
            "host": to["host"],
            "port": int(str(to["port"])),
            "dbname": to["dbname"],
            "username": role,
            "password": "secret",
            **changes,
        }
        secrets = boto3.client("secretsmanager")
        full = f"{self.settings.secret_prefix}{name}"
        try:
            secrets.put_secret_value(SecretId=full, SecretString=json.dumps(value))
        except secrets.exceptions.ResourceNotFoundException:
            secrets.create_secret(Name=full, SecretString=json.dumps(value))


@pytest.fixture
def shop(settings: Settings, database: Databases) -> Shop:
    """A shop before its first run."""
    return Shop(settings, database)


@pytest.fixture
def inbox(settings: Settings) -> Inbox:
    """What is told on the alerts topic."""
    return Inbox.of(settings)


class Airflow:
    """Runs DAGs of this repository, one after the other, and tells how their tasks ended."""

    def __init__(self) -> None:
        from airflow.dag_processing.dagbag import DagBag
        from airflow.sdk.execution_time import supervisor, task_runner

        # Else every task builds an API server of its own, for 2.5 s.
        supervisor.in_process_api_server = functools.cache(supervisor.in_process_api_server)
        finalize = task_runner.finalize

        def finalize_as_in_a_worker(ti: Any, state: Any, context: Any, log: Any, error: Any = None) -> None:
            context["exception"] = error  # a worker's main function does this; DAG.test() goes without it
            finalize(ti, state, context, log, error)

        task_runner.finalize = finalize_as_in_a_worker
        self.bag = DagBag(airflow.ROOT / "dags", include_examples=False)

    def run(self, dag_id: str, *, retries: int = 0, **params: object) -> dict[str, str]:
        """Run a DAG as if triggered by hand; return each task's state, and the run's under its DAG id."""
        dag = copy.deepcopy(self.bag.dags[dag_id])
        dag.params = copy.deepcopy(
            dag.params
        )  # what a run is told would stay there; a worker's process ends with its run
        for task in dag.tasks:
            task.params = copy.deepcopy(task.params)
            task.retries, task.retry_delay = retries, timedelta(milliseconds=10)  # a test does not wait
        run = dag.test(logical_date=None, run_conf=params)
        self.last_run = run
        return {**{task.task_id: str(task.state) for task in run.get_task_instances()}, dag_id: str(run.state)}

    def xcoms(self, task_id: str) -> dict[str, Any]:
        """Return what a task of the last run shows in the UI."""
        from airflow.models.xcom import XComModel
        from airflow.utils.session import create_session

        with create_session() as session:
            found = session.query(XComModel.key, XComModel.value).filter_by(
                run_id=self.last_run.run_id, task_id=task_id
            )
            return {key: json.loads(value) if isinstance(value, str) else value for key, value in found}

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the asset events of the last run: the asset's name and what it carries."""
        from airflow.models.asset import AssetEvent, AssetModel
        from airflow.utils.session import create_session

        with create_session() as session:
            found = (
                session.query(AssetModel.name, AssetEvent.extra)
                .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
                .filter(AssetEvent.source_run_id == self.last_run.run_id)
            )
            return [(name, extra) for name, extra in found]


@pytest.fixture(scope="session")
def airflow_in_process() -> Iterator[Airflow]:
    """Airflow with its tables, once for the session."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        airflow.create_database()
        yield Airflow()


@pytest.fixture
def dags(airflow_in_process: Airflow, settings: Settings) -> Iterator[Airflow]:
    """Airflow against this test's lake and ledger; its own warnings are not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield airflow_in_process

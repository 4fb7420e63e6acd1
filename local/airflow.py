"""Airflow's four processes on PostgreSQL, set up as Amazon MWAA does except where a laptop must be quicker."""

from __future__ import annotations

import hashlib
import json
import sys
from functools import partial
from pathlib import Path
from typing import Callable

from local import processes
from local.api import get
from local.infra import aws_environment
from local.layout import Layout
from local.processes import ProcessFailed, Program, answers, complete, wait_until
from local.services import base_environment
from local.settings import Settings, write_private

USER, PASSWORD = "admin", "admin"  # the server listens on 127.0.0.1 only
PROCESSES = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
COMPONENTS = {
    "scheduler": "scheduler",
    "dag-processor": "dag_processor",
    "triggerer": "triggerer",
}  # in the API's words
# MWAA looks everything up in Secrets Manager but its own AWS connection.
SECRETS_BACKEND = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
SECRETS_LOOKUP = {
    "connections_prefix": "airflow/connections",
    "variables_prefix": "airflow/variables",
    "connections_lookup_pattern": "^(?!aws_default$).*$",
}


def url(settings: Settings) -> str:
    """Return the address of the user interface and the REST API."""
    return f"http://127.0.0.1:{settings.port('airflow')}"


def environment(layout: Layout, settings: Settings, outputs: dict[str, str]) -> dict[str, str]:
    """Return the whole environment of an Airflow process; the user's own AWS or Airflow settings do not get in."""
    lookup = json.dumps(SECRETS_LOOKUP)
    database = f"airflow:{settings.password('airflow')}@127.0.0.1:{settings.port('postgres')}/airflow"
    env = base_environment()
    env.update(aws_environment(settings))
    env.update(quayside_environment(outputs))
    env.update(
        {
            "PATH": f"{layout.python('airflow').parent}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": f"{layout.root / 'include'}:{layout.root / 'plugins'}",
            "AIRFLOW_HOME": str(layout.airflow_home),
            "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
            "AIRFLOW__CORE__DAGS_FOLDER": str(layout.root / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(layout.root / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__FERNET_KEY": settings["fernet_key"],
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(layout.airflow_home / "passwords.json"),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url(settings)}/execution/",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{database}",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(settings.port("airflow")),
            "AIRFLOW__API__BASE_URL": url(settings),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": settings["api_secret"],
            "AIRFLOW__API_AUTH__JWT_SECRET": settings["jwt_secret"],
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(layout.run / "tasks"),
            "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(layout.run / "dag-files"),
            "AIRFLOW__SECRETS__BACKEND": SECRETS_BACKEND,
            "AIRFLOW__SECRETS__BACKEND_KWARGS": lookup,
            "AIRFLOW__WORKERS__SECRETS_BACKEND": SECRETS_BACKEND,
            "AIRFLOW__WORKERS__SECRETS_BACKEND_KWARGS": lookup,
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            # Quick, where MWAA is thrifty: a task costs 0.25 s instead of 1.2 s, a new DAG file shows after 10 s.
            "AIRFLOW__CORE__PARALLELISM": "8",
            "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "2",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "10",
            "AIRFLOW__DAG_PROCESSOR__PRINT_STATS_INTERVAL": "600",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        }
    )
    if sys.platform == "darwin":
        env["OBJC_DISABLE_INITIALIZE_FORK_SAFETY"] = "YES"  # tasks are forks; macOS forbids them otherwise
    return env


def quayside_environment(outputs: dict[str, str]) -> dict[str, str]:
    """Return Terraform's outputs as `quayside.settings` reads them: ``lake_bucket`` is QUAYSIDE_LAKE_BUCKET."""
    return {f"QUAYSIDE_{name.upper()}": value for name, value in outputs.items()}


def start(layout: Layout, settings: Settings, outputs: dict[str, str], progress: Callable[[str], None]) -> bool:
    """Bring the four processes up, in today's environment; return whether any had to be started.

    :raises ProcessFailed: when one ends or is not healthy in time, with its log
    """
    if processes.running("api-server", run=layout.run) is None:
        settings.choose_port("airflow")
    env = environment(layout, settings, outputs)
    alive = [name for name in PROCESSES if processes.running(name, run=layout.run)]
    if len(alive) == len(PROCESSES) and _started_with(layout) == _digest(env):
        return False
    stop(layout)
    progress("migrating its database")
    migrate(layout, settings, outputs)
    for name in PROCESSES:
        progress(f"starting {name}")
        program(layout, settings, outputs, name).start(name, layout.run)
    wait_until(lambda: answers(f"{url(settings)}/api/v2/version"), name="api-server", run=layout.run, seconds=120)
    answers(f"{url(settings)}/execution/health")  # warms up what every task talks to
    for name in COMPONENTS:
        progress(f"waiting for {name}")
        wait_until(partial(healthy, settings, name), name=name, run=layout.run, seconds=90)
    _stamp(layout).write_text(_digest(env))
    return True


def migrate(layout: Layout, settings: Settings, outputs: dict[str, str]) -> None:
    """Make Airflow's database what this version of it expects, and write the one login.

    :raises ProcessFailed: with Airflow's own words
    """
    layout.airflow_home.mkdir(parents=True, exist_ok=True)
    write_private(layout.airflow_home / "passwords.json", json.dumps({USER: PASSWORD}))
    command = [_airflow(layout), "db", "migrate"]
    complete("airflow-migrate", command, run=layout.run, env=environment(layout, settings, outputs), cwd=layout.state)


def program(layout: Layout, settings: Settings, outputs: dict[str, str], name: str) -> Program:
    """Return what one of ``PROCESSES`` runs."""
    return Program([_airflow(layout), *PROCESSES[name]], environment(layout, settings, outputs), layout.state)


def stop(layout: Layout) -> list[str]:
    """Stop the processes that run, the scheduler first; return their names."""
    _stamp(layout).unlink(missing_ok=True)
    order = ("scheduler", "dag-processor", "triggerer", "api-server")
    return [name for name in order if processes.stop(name, run=layout.run)]


def health(settings: Settings) -> dict[str, str]:
    """Return component → ``healthy`` or ``unhealthy``; nothing where the server does not answer."""
    try:
        answer = get(f"{url(settings)}/api/v2/monitor/health")
    except ProcessFailed:
        return {}
    return {name: str(part["status"]) for name, part in answer.items() if part}


def healthy(settings: Settings, name: str) -> bool:
    """Tell whether one of the processes says that it is well."""
    answer = health(settings)
    return bool(answer) if name == "api-server" else answer.get(COMPONENTS[name]) == "healthy"


def _airflow(layout: Layout) -> str:
    return str(layout.python("airflow").parent / "airflow")


def _stamp(layout: Layout) -> Path:
    return layout.run / "airflow.environment"


def _started_with(layout: Layout) -> str:
    stamp = _stamp(layout)
    return stamp.read_text() if stamp.exists() else ""


def _digest(env: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(env, sort_keys=True).encode()).hexdigest()

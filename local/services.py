"""PostgreSQL and the local AWS: what Airflow and the pipelines run against."""

from __future__ import annotations

import json
import os
from typing import Any

from local import infra, processes
from local.layout import Layout
from local.postgres import Postgres
from local.processes import Program, answers, complete, wait_until
from local.settings import Settings

AWS = "aws"  # the name of its process and its log


def postgres(layout: Layout, settings: Settings) -> Postgres:
    """Return the cluster of this platform, on the remembered port."""
    packages = layout.site_packages("platform")
    return Postgres(
        layout.postgres, site_packages=packages, password=settings.password("postgres"), port=settings.port("postgres")
    )


def start_postgres(layout: Layout, settings: Settings) -> None:
    """Start PostgreSQL where it does not run, and see to its roles and databases.

    :raises ProcessFailed: with what PostgreSQL said
    """
    if not (settings.has_port("postgres") and postgres(layout, settings).running()):
        settings.choose_port("postgres")
        postgres(layout, settings).start()
    create_databases(layout, settings)


def create_databases(layout: Layout, settings: Settings) -> None:
    """See to the roles and databases of a PostgreSQL that runs.

    :raises ProcessFailed: with what it said
    """
    wish = {"url": postgres(layout, settings).url, "passwords": settings.passwords}
    python = str(layout.python("airflow"))
    complete(
        "databases",
        [python, "-m", "local.databases"],
        run=layout.run,
        env=base_environment(),
        cwd=layout.root,
        text=json.dumps(wish),
    )


def start_aws(layout: Layout, settings: Settings, *, auth: bool = False) -> None:
    """Start the local AWS where it does not run.

    :param auth: whether it enforces IAM policies
    :raises ProcessFailed: when it ends or does not answer, with its log
    """
    if processes.running(AWS, run=layout.run) is None:
        settings.choose_port("aws")
        aws_program(layout, settings, auth=auth).start(AWS, layout.run)
    wait_until(lambda: aws_healthy(settings), name=AWS, run=layout.run, seconds=60)


def aws_program(layout: Layout, settings: Settings, *, auth: bool = False) -> Program:
    """Return what serves the local AWS on the remembered port."""
    command = [str(layout.python("platform")), "-m", "local.aws"]
    command += ["--port", str(settings.port("aws")), "--state", str(layout.aws), *(["--auth"] if auth else [])]
    return Program(command, base_environment(), layout.root)


def aws_healthy(settings: Settings) -> bool:
    """Tell whether the local AWS answers."""
    return answers(f"http://127.0.0.1:{settings.port('aws')}/_ministack/health")


def provide(layout: Layout, settings: Settings, others: dict[str, Any]) -> tuple[dict[str, str], bool]:
    """Let Terraform create what is declared, and put the secrets; return its outputs and whether it had to run.

    :param others: secrets of what is no database, by name
    :raises ProcessFailed: with Terraform's own words
    """
    if infra.applied(layout, settings):
        outputs = infra.outputs(layout)
        if not _put_secrets(layout, settings, outputs, others)["gone"]:
            return outputs, False
    outputs = infra.apply(layout, settings)
    _put_secrets(layout, settings, outputs, others)
    return outputs, True


def source_url(settings: Settings) -> str:
    """Return the URL of the source, for its owner, who may write."""
    return f"postgresql://totesys_app:{settings.password('totesys_app')}@127.0.0.1:{settings.port('postgres')}/totesys"


def warehouse_url(settings: Settings) -> str:
    """Return the URL of the warehouse, for its owner."""
    login = f"quayside_loader:{settings.password('quayside_loader')}"
    return f"postgresql://{login}@127.0.0.1:{settings.port('postgres')}/warehouse"


def base_environment() -> dict[str, str]:
    """Return what every program needs of the user's environment, and nothing else of it."""
    env = {
        name: os.environ[name]
        for name in ("HOME", "USER", "LOGNAME", "TMPDIR", "LD_LIBRARY_PATH")
        if name in os.environ
    }
    return {**env, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "NO_PROXY": "*", "PYTHONUNBUFFERED": "1"}


def _put_secrets(layout: Layout, settings: Settings, outputs: dict[str, str], others: dict[str, Any]) -> dict[str, Any]:
    server = {"host": "127.0.0.1", "port": settings.port("postgres")}

    def secret(dbname: str, role: str) -> dict[str, Any]:
        return {**server, "dbname": dbname, "username": role, "password": settings.password(role)}

    wish = {
        "lake_bucket": outputs["lake_bucket"],
        "ledger_table": outputs["ledger_table"],
        "secrets": {
            "quayside/source/totesys": secret("totesys", "quayside_extract"),
            "quayside/serving": secret("warehouse", "quayside_serving"),
            "quayside/warehouse": secret("warehouse", "quayside_loader"),
            **others,
        },
    }
    env = {**base_environment(), **infra.aws_environment(settings)}
    command = [str(layout.python("platform")), "-m", "local.aws.resources"]
    answer = complete("resources", command, run=layout.run, env=env, cwd=layout.root, text=json.dumps(wish))
    return dict(json.loads(answer))

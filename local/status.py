"""``make status`` and ``make logs``: what runs, whether it is well, what it holds, what it says."""

from __future__ import annotations

import os
import shutil

from local import airflow, first_run, processes, services, up, vendors, web
from local.layout import Layout
from local.processes import ProcessFailed
from local.settings import Settings
from local.steps import table


def status(layout: Layout) -> int:
    """Print every process with its health, then the totals; return 0 where all is well, else 1."""
    settings = Settings(layout.state / "settings.json")
    if not all(settings.has_port(name) for name in ("postgres", "aws", "airflow")):
        alone = processes.running(services.AWS, run=layout.run) is not None
        print(f"{'Only the local AWS runs' if alone else 'Nothing was started'} here yet: `make up` starts all.")
        return 1
    rows = _processes(layout, settings)
    print(table([["process", "pid", "health", "address or log"], *rows]))
    well = all(row[2] == "healthy" for row in rows)
    if well:
        totals = first_run.totals(layout, "totesys", *first_run.HOTELS)
        hotels = [total for total in totals if total["source"] is None]
        print(f"\n{first_run.render([total for total in totals if total not in hotels])}")
        print(f"\n{first_run.render_hotels(hotels)}\n\n{up.addresses(layout, settings)}")
    return 0 if well else 1


def logs(layout: Layout) -> int:
    """Follow every log until interrupted; the task logs are in the Airflow UI.

    :raises ProcessFailed: nothing was started yet
    """
    files = sorted(str(path) for path in [*layout.run.glob("*.log"), *layout.postgres.glob("server.log")])
    tail = shutil.which("tail")
    if not files or not tail:
        raise ProcessFailed("There are no logs yet: `make up`.")
    os.execv(tail, [tail, "-n", "5", "-F", *files])  # noqa: S606


def _processes(layout: Layout, settings: Settings) -> list[list[str]]:
    """Return name, process id, health and where to look, one row a process."""
    postgres, aws = services.postgres(layout, settings), processes.running(services.AWS, run=layout.run)
    rows = [
        ["postgres", str(postgres.pid or "-"), _word(postgres.running()), f"127.0.0.1:{settings.port('postgres')}"],
        ["aws", str(aws or "-"), _word(aws is not None and services.aws_healthy(settings)),
         f"http://127.0.0.1:{settings.port('aws')}"],
    ]  # fmt: skip
    if settings.has_port(vendors.NAME):
        pid = processes.running(vendors.NAME, run=layout.run)
        well = pid is not None and vendors.healthy(settings)
        rows.append([vendors.NAME, str(pid or "-"), _word(well, pid), vendors.url(settings)])
    if web.built(layout) and settings.has_port(web.NAME):
        pid = processes.running(web.NAME, run=layout.run)
        rows.append(
            [web.NAME, str(pid or "-"), _word(pid is not None and web.healthy(settings), pid), web.url(settings)]
        )
    for name in airflow.PROCESSES:
        pid = processes.running(name, run=layout.run)
        well = pid is not None and airflow.healthy(settings, name)
        where = airflow.url(settings) if name == "api-server" else str(layout.run / f"{name}.log")
        rows.append([name, str(pid or "-"), _word(well, pid), where])
    return rows


def _word(well: bool, pid: int | None = 0) -> str:
    return "healthy" if well else ("unhealthy" if pid else "stopped")

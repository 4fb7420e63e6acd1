"""``make down`` and ``make reset``: stop what was started here, and nothing else."""

from __future__ import annotations

import shutil

from local import airflow, processes, services, vendors, web
from local.layout import Layout
from local.settings import Settings


def down(layout: Layout) -> list[str]:
    """Stop everything that runs, in the order in which nothing loses what it stands on; return what was stopped.

    After a crash, too: what is gone already is passed over.
    """
    settings = Settings(layout.state / "settings.json")
    stopped = web.stop(layout) + airflow.stop(layout) + vendors.stop(layout)
    if processes.stop(services.AWS, run=layout.run, seconds=30):  # it writes its state when told to stop
        stopped.append("local AWS")
    if settings.has_port("postgres") and services.postgres(layout, settings).running():
        services.postgres(layout, settings).stop()
        stopped.append("PostgreSQL")
    return stopped


def reset(layout: Layout) -> list[str]:
    """Stop everything and forget all data, ports and passwords; virtual environments and Terraform's providers stay."""
    stopped = down(layout)
    for path in sorted(layout.state.iterdir()) if layout.state.exists() else []:
        if path == layout.terraform:
            for file in [*path.glob("terraform.tfstate*"), path / "applied", path / "outputs.json"]:
                file.unlink(missing_ok=True)
        elif path.name in ("airflow", "aws", "postgres", "run"):
            shutil.rmtree(path)
        elif path.name in ("settings.json", "env", "airflow.env"):
            path.unlink()
    return stopped

"""What the containers of docker-compose.yaml do: the programs of `make up`, each alone in the foreground of its own.

usage: python -m local.compose prepare SEED NAME=PORT… | let-in | provision | first-run | live | run NAME | healthy NAME

All containers share the network of one, `network`: what listens on 127.0.0.1 in one of them does so in all, as on a
laptop. So each finds the others by the very settings that `make up` would have written.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from local import airflow, checks, gateway, infra, packages, people, services, up, vendors, web
from local.layout import Layout
from local.postgres import SETTINGS
from local.processes import ProcessFailed, Program
from local.settings import Settings
from local.steps import Steps

SERVER = Path("/run/postgres")  # what PostgreSQL's container is told, in a volume that only it reads


def prepare(layout: Layout, seed: str, *ports: str, server: Path = SERVER) -> None:
    """Draw what is secret, unless it was drawn before; remember the ports; write what PostgreSQL is told.

    :param seed: what new sources begin with: ``demo`` data or nothing
    :param ports: ``name=port`` for each of `local.settings.PORTS`
    :raises ProcessFailed: an unknown seed
    """
    if seed not in up.SEEDS:
        raise ProcessFailed(f"SEED is demo or empty, not {seed!r}.")
    settings = _settings(layout)
    settings.complete()
    settings.keep_ports({name: int(port) for name, _, port in (word.partition("=") for word in ports)})
    vendors.begin(settings, seed)
    settings.remember("seed", seed)
    listening = {"listen_addresses": "127.0.0.1", "port": str(settings.port("postgres"))}
    lines = [f"{name} = '{value}'\n" for name, value in {**SETTINGS, **listening}.items()]
    (server / "postgresql.conf").write_text("".join(lines))
    (server / "password").write_text(settings.password("postgres"))  # its account is not ours


def let_in(layout: Layout) -> None:
    """Let this machine reach what listens in the containers."""
    settings = _settings(layout)
    gateway.serve([settings.port(name) for name in settings.ports])


def provision(layout: Layout) -> None:
    """Make all that the servers need and Airflow works on, once PostgreSQL, the local AWS and the vendors answer.

    :raises ProcessFailed: with the reason and the log to read
    """
    settings, steps = _settings(layout), Steps()
    with steps.step("The roles and databases"):
        services.create_databases(layout, settings)
    with steps.step("The Lambdas' packages") as result:
        built = packages.build(layout, layout.packages, machine=packages.own_machine())
        result.append(", ".join(built) or "nothing to build")
    outputs = up.provide(layout, settings, steps, settings["seed"])
    with steps.step("Airflow's database"):
        airflow.migrate(layout, settings, outputs)
    with steps.step("One user of each role for the web app"):
        people.provide(layout, settings, outputs)
    up.write_environment(layout, settings, outputs)


def first_run(layout: Layout) -> None:
    """Wait until the first run is through, and show what it has led to.

    :raises ProcessFailed: it has failed, or source, lake and warehouse differ after it
    """
    up.finish(layout, _settings(layout), Steps())


def live(layout: Layout) -> int:
    """Keep writing to the sources until stopped."""
    return checks.write(layout, _settings(layout))


def run(layout: Layout, name: str) -> None:
    """Become one of the platform's programs."""
    program(layout, _settings(layout), name).become()


def program(layout: Layout, settings: Settings, name: str) -> Program:
    """Return what `make up` would start in the background under this name."""
    if name == services.AWS:
        return services.aws_program(layout, settings)
    if name == vendors.NAME:
        return vendors.program(layout, settings)
    outputs = infra.outputs(layout)
    if name == vendors.DROPPER:
        return vendors.dropper(layout, settings, outputs["inbox_bucket"])
    if name == web.NAME:
        return web.program(layout, settings, outputs["web_config"])
    return airflow.program(layout, settings, outputs, name)


def healthy(layout: Layout, name: str) -> int:
    """Return 0 where one of the servers says that it is well, else 1."""
    settings = _settings(layout)
    answers = {services.AWS: services.aws_healthy, vendors.NAME: vendors.healthy, web.NAME: web.healthy}
    return 0 if (answers[name](settings) if name in answers else airflow.healthy(settings, name)) else 1


COMMANDS = {
    "prepare": prepare,
    "let-in": let_in,
    "provision": provision,
    "first-run": first_run,
    "live": live,
    "run": run,
    "healthy": healthy,
}


def _settings(layout: Layout) -> Settings:
    return Settings(layout.state / "settings.json")


if __name__ == "__main__":
    os.umask(0o022)  # of what is not private by its own mode, PostgreSQL's account reads some
    try:
        sys.exit(COMMANDS[sys.argv[1]](Layout.here(), *sys.argv[2:]) or 0)  # type: ignore[operator]
    except ProcessFailed as error:
        sys.exit(str(error))

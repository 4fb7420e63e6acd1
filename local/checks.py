"""Commands for those who change the code: live, test, lint, bench, requirements."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from local import environments, infra, services, vendors
from local.layout import Layout
from local.processes import ProcessFailed
from local.settings import Settings

PINNED = {  # what is resolved into what; only what Airflow shares a process with obeys MWAA's constraints
    "requirements.txt": ("requirements.in", True),
    "api_lambdas/authorizer/requirements.txt": ("api_lambdas/authorizer/requirements.in", False),
    "api_lambdas/dashboards/requirements.txt": ("api_lambdas/dashboards/requirements.in", False),
    "api_lambdas/users/requirements.txt": ("api_lambdas/users/requirements.in", False),
    "local/requirements/airflow.txt": ("local/requirements/airflow.in", True),
    "local/requirements/audit.txt": ("local/requirements/audit.in", False),
    "local/requirements/bench.txt": ("local/requirements/bench.in", False),
    "local/requirements/dev.txt": ("local/requirements/dev.in", False),
    "local/requirements/java.txt": ("local/requirements/java.in", False),
    "local/requirements/lambda.txt": ("local/requirements/lambda.in", False),
    "local/requirements/node.txt": ("local/requirements/node.in", False),
    "local/requirements/platform.txt": ("local/requirements/platform.in", False),
    "local/requirements/spark.txt": ("local/requirements/spark.in", False),
    "local/requirements/uv.txt": ("local/requirements/uv.in", False),
}
RUNTIME = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")  # Lambda brings them


def live(layout: Layout) -> int:
    """Keep writing to the shop's database and dropping gaming files until interrupted.

    The vendors' APIs need nobody: what they show follows the time.

    :raises ProcessFailed: no platform was started here
    """
    settings = Settings(layout.state / "settings.json")
    if not settings.has_port("postgres") or not services.postgres(layout, settings).running():
        raise ProcessFailed("The source is not running: `make up` first.")
    return write(layout, settings)


def write(layout: Layout, settings: Settings) -> int:
    """Write to the sources, which run, until interrupted; return the code to exit with."""
    env = {**services.base_environment(), "TOTESYS_URL": services.source_url(settings)}
    env["PYTHONPATH"] = str(layout.root / "include")
    with _dropping(layout, settings):
        return _run([str(layout.python("airflow")), "-m", "local.sources.totesys", "live"], layout, env)


def test(layout: Layout, arguments: list[str]) -> int:
    """Run the tests with coverage; ``arguments`` go to pytest and leave the coverage out."""
    _install(layout)
    # Two at once, each with servers of its own; a file's tests stay together, as they share what they have set up.
    everything = [
        "-n",
        "2",
        "--dist",
        "loadfile",
        "--max-worker-restart=0",
        "--cov",
        "--cov-report=term-missing:skip-covered",
    ]
    return _run(
        [str(layout.python("airflow")), "-m", "pytest", *(arguments or everything)], layout, _environment(layout)
    )


def lint(layout: Layout) -> int:
    """Check style, format and types; all three are run, so that one round shows everything."""
    _install(layout)
    python = str(layout.python("airflow"))
    checks = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])
    return max([_run([python, "-m", *check], layout, _environment(layout)) for check in checks])


def bench(layout: Layout, arguments: list[str]) -> int:
    """Run the benchmarks; they write their table to benchmarks/."""
    _install(layout)
    env = _environment(layout)
    env["PYTHONPATH"] = f"{layout.root / 'include'}{os.pathsep}{layout.root / 'plugins'}"
    return _run([str(layout.python("airflow")), "-m", "benchmarks", *arguments], layout, env)


def requirements(layout: Layout, constraints: str) -> int:
    """Resolve every requirements file anew, with hashes.

    :param constraints: MWAA's constraints file, which belongs to AWS and is not kept here
    :raises ProcessFailed: there is no such file
    """
    given = Path(constraints).expanduser()
    if not constraints or not given.is_file():
        raise ProcessFailed("make requirements CONSTRAINTS=FILE, where FILE is MWAA's constraints for Airflow 3.2.1.")
    env = {**_environment(layout), "UV_CUSTOM_COMPILE_COMMAND": "make requirements"}
    uv, worst = str(environments.find_uv(layout)), 0
    for output, (source, constrained) in PINNED.items():
        command = [uv, "pip", "compile", source, "-o", output, "--quiet", "--generate-hashes", "--no-annotate",
                   "--no-emit-index-url", "--no-emit-find-links", "--python-version", "3.12"]  # fmt: skip
        print(output, flush=True)
        command += ["-c", str(given.resolve())] if constrained else []
        command += [f"--no-emit-package={name}" for name in RUNTIME if output.startswith("api_lambdas/")]
        worst = max(worst, _run(command, layout, env))
    return worst


@contextmanager
def _dropping(layout: Layout, settings: Settings) -> Iterator[None]:
    """Drop the gaming machines' files meanwhile, where there is an inbox for them."""
    bucket = infra.outputs(layout).get("inbox_bucket")
    if not bucket:
        print("No inbox: gaming files are not dropped.")
        yield
        return
    program = vendors.dropper(layout, settings, bucket)
    dropper = subprocess.Popen([*program.command, "--keep-on"], cwd=program.cwd, env=program.env)
    try:
        yield
    finally:
        dropper.terminate()
        dropper.wait()


def _install(layout: Layout) -> None:
    environments.install_all(layout, environments.outdated(layout), print)


def _environment(layout: Layout) -> dict[str, str]:
    """Return the user's environment, less what would lead a test to the real AWS or to a running platform."""
    drop = ("AWS_", "AIRFLOW_", "QUAYSIDE_", "TOTESYS_", "WAREHOUSE_", "PYTHONPATH", "VIRTUAL_ENV")
    env = {name: value for name, value in os.environ.items() if not name.startswith(drop)}
    return {
        **env,
        "QUAYSIDE_LOCAL": str(layout.state),
        "QUAYSIDE_VENVS": str(layout.venvs),
        "NO_PROXY": "127.0.0.1,localhost",
    }


def _run(command: list[str], layout: Layout, env: dict[str, str]) -> int:
    return subprocess.run(command, cwd=layout.root, env=env).returncode

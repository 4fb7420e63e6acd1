"""The one command that starts it all: ``python3 -m local COMMAND``. The Makefile names the commands."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from local import alone, audit, bundle, checks, down, environments, packages, status, up
from local.layout import Layout
from local.processes import ProcessFailed

if sys.version_info < (3, 9):  # noqa: UP036
    sys.exit("This needs Python 3.9 or newer to start; it finds or fetches Python 3.12 for Airflow itself.")


YES = ("1", "true", "yes")


def main() -> int:
    """Run one command; return the code to exit with."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal without ticks is no reason to fail
    options = vars(_parser().parse_args())
    run = options.pop("run")
    try:
        return int(run(Layout.here(), **options) or 0)
    except ProcessFailed as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What was started goes on; `make down` stops it.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m local", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, help: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help)
        added.set_defaults(run=run)
        return added

    command("up", _up, "start everything, run the pipeline once").add_argument("--seed", default="demo")
    command("aws", _aws, "start the local AWS alone").add_argument("--auth", default="false")
    command("down", _down, "stop what was started")
    command("reset", _reset, "stop and forget the data")
    command("status", status.status, "what runs, and what it holds")
    command("logs", status.logs, "follow all logs")
    command("live", checks.live, "keep writing to the source")
    command("test", checks.test, "run the tests").add_argument("arguments", nargs="*")
    command("lint", checks.lint, "check style and types")
    command("audit", _audit, "look for what is dangerous").add_argument("--strict", default="")
    command("bench", checks.bench, "run the benchmarks").add_argument("arguments", nargs="*")
    command("packages", _packages, "build the Lambdas' packages for AWS")
    command("bundle", _bundle, "build what MWAA takes").add_argument("--outputs", default="")
    deploying = command("deploy", _deploy, "put the bundle into service on MWAA")
    deploying.add_argument("--outputs", default="")
    deploying.add_argument("--dry-run", default="")
    command("requirements", checks.requirements, "resolve anew").add_argument("--constraints", default="")
    return parser


def _up(layout: Layout, seed: str) -> None:
    with _alone(layout):
        up.up(layout, seed)


def _aws(layout: Layout, auth: str) -> None:
    with _alone(layout):
        alone.start(layout, auth)


def _down(layout: Layout) -> None:
    with _alone(layout):
        stopped = down.down(layout)
    print(f"Stopped {', '.join(stopped)}." if stopped else "Nothing was running.")


def _reset(layout: Layout) -> None:
    with _alone(layout):
        stopped = down.reset(layout)
    print(f"Stopped {', '.join(stopped) or 'nothing'}; the data is forgotten, the virtual environments stay.")


def _packages(layout: Layout) -> None:
    environments.install_all(layout, environments.outdated(layout), print)
    target = layout.root / "dist" / "lambdas"
    print(f"{target}: {', '.join(packages.build(layout, target, machine=packages.AWS)) or 'nothing to build'}")


def _bundle(layout: Layout, outputs: str) -> None:
    settings = bundle.outputs(layout, outputs)["settings"] if outputs else {}
    print(f"{_mwaa(layout)}: {len(bundle.build(layout.root, _mwaa(layout), settings))} files")


def _deploy(layout: Layout, outputs: str, dry_run: str) -> int:
    airflow = bundle.outputs(layout, outputs)
    environments.install_all(layout, environments.outdated(layout), print)
    bundle.build(layout.root, _mwaa(layout), airflow["settings"])
    command = [str(layout.python("airflow")), "-m", "local.deploy", str(_mwaa(layout))]
    command += [airflow["bucket"], airflow["environment"], airflow["region"]]
    command += ["--dry-run"] if dry_run in YES else []
    env = {**os.environ, "PYTHONPATH": str(layout.root / "include")}
    return subprocess.run(command, cwd=layout.root, env=env).returncode


def _audit(layout: Layout, strict: str) -> int:
    return audit.audit(layout, strict in YES)


def _mwaa(layout: Layout) -> Path:
    return layout.root / "dist" / "mwaa"


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """Keep a second command from starting or stopping the same platform at the same time."""
    import fcntl

    layout.state.mkdir(parents=True, exist_ok=True)
    with (layout.state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ProcessFailed("Another make up, down or reset is at work here; wait for it to end.") from error
        yield


if __name__ == "__main__":
    sys.exit(main())

"""Where the local platform keeps things: everything it writes is below one folder that git ignores."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Layout:
    """The folders of one checkout.

    QUAYSIDE_LOCAL moves the state, QUAYSIDE_VENVS shares the virtual environments: so several platforms, or a test's
    own, run side by side.

    :param root: the checkout
    :param state: data, logs, settings; ``make reset`` forgets it
    :param venvs: the virtual environments, which ``make reset`` keeps
    """

    root: Path
    state: Path
    venvs: Path

    @classmethod
    def here(cls, environ: Mapping[str, str] = os.environ, root: Path = ROOT) -> Layout:
        """Return this checkout's layout, with the environment's wishes."""
        state = Path(environ.get("QUAYSIDE_LOCAL") or root / ".local").resolve()
        return cls(root, state, Path(environ.get("QUAYSIDE_VENVS") or state / "venvs").resolve())

    @property
    def run(self) -> Path:
        """Logs and process ids."""
        return self.state / "run"

    @property
    def airflow_home(self) -> Path:
        """Airflow's own configuration and task logs."""
        return self.state / "airflow"

    @property
    def aws(self) -> Path:
        """The local AWS's objects and service state."""
        return self.state / "aws"

    @property
    def postgres(self) -> Path:
        """The PostgreSQL cluster."""
        return self.state / "postgres"

    @property
    def terraform(self) -> Path:
        """Terraform's state and providers."""
        return self.state / "terraform"

    @property
    def packages(self) -> Path:
        """The Lambdas' packages for the local AWS."""
        return self.state / "packages"

    @property
    def web(self) -> Path:
        """What the web app is told here."""
        return self.state / "web"

    def python(self, venv: str) -> Path:
        """Return the interpreter of a virtual environment: ``airflow`` or ``platform``."""
        return self.venvs / venv / "bin" / "python"

    def site_packages(self, venv: str) -> Path:
        """Return where a virtual environment's packages are."""
        return self.venvs / venv / "lib" / "python3.12" / "site-packages"

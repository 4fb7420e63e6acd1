"""An empty Airflow home into which a bundle is unpacked, and programs in it, as Amazon MWAA does it."""

import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.support import airflow

# MWAA protects its own PYTHONPATH, and the environment that it sets, from what is uploaded.
PROTECTED = ("PYTHONPATH", "PYTHONSAFEPATH", "AIRFLOW", "QUAYSIDE_")
SET_BY_MWAA = {  # of what its image sets, that which a DAG or a task may notice
    "AIRFLOW__CORE__EXECUTE_TASKS_NEW_PYTHON_INTERPRETER": "True",
    "AIRFLOW__CORE__MULTI_TEAM": "False",
    "AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES": "proxy,proxies",
    "AIRFLOW__EXECUTION_API__JWT_EXPIRATION_TIME": "86400",
    "AIRFLOW__SCHEDULER__SCHEDULE_AFTER_TASK_EXECUTION": "False",
    "AIRFLOW__SCHEDULER__STANDALONE_DAG_PROCESSOR": "True",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "1800.0",
    "AIRFLOW__TRIGGERER__QUEUES_ENABLED": "False",
}


@dataclass(frozen=True)
class Home:
    """An Airflow home: ``dags``, ``plugins``, and the start-up script, as they are on every MWAA machine.

    :param folder: where it is
    """

    folder: Path

    @property
    def dags(self) -> Path:
        """The dags folder; a triggerer has none."""
        return self.folder / "dags"

    def run(self, script: Path | str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a Python program after the start-up script, in an environment that otherwise knows nothing of us.

        :param script: a file, or the program itself
        """
        env = {name: value for name, value in os.environ.items() if not name.startswith(PROTECTED)}
        env |= airflow.environment(self.folder, self.folder) | SET_BY_MWAA
        program = ["-c", script] if isinstance(script, str) else [str(script)]
        # -P: neither the script's folder nor the current one is on the path.
        command = shlex.join([sys.executable, "-P", *program, *arguments])
        shell = f". {shlex.quote(str(self.folder / 'startup.sh'))} && exec {command}"
        return subprocess.run(
            ["sh", "-c", shell], env=env, cwd=self.folder, capture_output=True, text=True, timeout=240
        )


def unpack(bundle: Path, folder: Path) -> Home:
    """Unpack a bundle into an empty Airflow home."""
    with zipfile.ZipFile(bundle / "plugins.zip") as archive:
        archive.extractall(folder / "plugins")
    shutil.copytree(bundle / "dags", folder / "dags")
    shutil.copy(bundle / "startup.sh", folder)
    return Home(folder)


def unpack_for_triggerer(bundle: Path, folder: Path) -> Home:
    """Unpack what reaches a triggerer: all but the DAGs."""
    home = unpack(bundle, folder)
    shutil.rmtree(home.dags)
    home.dags.mkdir()
    return home

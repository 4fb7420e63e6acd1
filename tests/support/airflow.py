"""An Airflow of the test session's own: set in the environment before anything imports Airflow."""

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HOME = Path(tempfile.mkdtemp(prefix="quayside-airflow-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
USERS = {"ada": "admin", "vera": "viewer"}


def environment(home: Path = HOME, tree: Path = ROOT) -> dict[str, str]:
    """What makes Airflow use ``home`` for itself and the code of ``tree``."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(tree / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(tree / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__API__BASE_URL": "http://airflow.test",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of the tests, long enough for SHA-512" * 2,
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def use() -> None:
    """Point this process to the session's Airflow."""
    if os.environ.get("AIRFLOW_HOME") == str(HOME):
        return
    if "airflow" in sys.modules:
        raise RuntimeError("Airflow was imported before its environment was set")
    os.environ.update(environment())


@functools.cache
def create_database(home: Path = HOME, tree: Path = ROOT) -> None:
    """Make Airflow's own tables, once in a session."""
    (home / "passwords.json").write_text(json.dumps(dict.fromkeys(USERS, "secret")))
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(command, env={**os.environ, **environment(home, tree)}, check=True, capture_output=True, timeout=120)

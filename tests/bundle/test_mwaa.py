"""The bundle on an empty Airflow home, as Amazon MWAA unpacks it: every DAG loads, and one runs."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from local import bundle
from local.airflow import quayside_environment
from quayside.ledger import Ledger
from quayside.settings import Settings
from tests.bundle.mwaa import Home, unpack, unpack_for_triggerer
from tests.conftest import Databases
from tests.dags.conftest import Shop
from tests.support import airflow, run_dags

LOAD = Path(__file__).with_name("load_dags.py")


@pytest.fixture(scope="module")
def found(home: Home) -> dict[str, Any]:
    """What a dag processor finds there."""
    return load(home)


def load(home: Home) -> dict[str, Any]:
    answer = home.run(LOAD, str(home.dags))
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout.splitlines()[-1])


def test_every_dag_of_the_checkout_loads_from_the_bundle(found):
    env = {**os.environ, **airflow.environment(), "PYTHONPATH": f"{airflow.ROOT}/include:{airflow.ROOT}/plugins"}
    command = [sys.executable, str(LOAD), str(airflow.ROOT / "dags")]
    checkout = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=True)

    assert found["errors"] == {}
    assert found["dags"]
    assert found["dags"] == json.loads(checkout.stdout.splitlines()[-1])["dags"]


def test_our_packages_come_from_the_bundle_and_from_nowhere_else(found, home):
    assert found["from"] == [
        str(home.dags / "quayside" / "__init__.py"),
        str(home.folder / "plugins" / "quayside_airflow" / "__init__.py"),
    ]


def test_airflow_looks_for_dags_in_no_file_that_declares_none(found):
    assert found["files"] == sorted(path.name for path in (airflow.ROOT / "dags").glob("*.py"))


def test_without_its_ignore_file_airflow_would_look_into_the_library(built, tmp_path):
    home = unpack(built, tmp_path)
    (home.dags / bundle.IGNORE).unlink()
    script = "import sys; from airflow.utils.file import list_py_file_paths as listed; print(*listed(sys.argv[1]), sep=chr(10))"

    answer = home.run(script, str(home.dags))

    assert answer.returncode == 0, answer.stderr[-2000:]
    assert [line for line in answer.stdout.splitlines() if line.startswith(str(home.dags / "quayside"))]


def test_a_triggerer_has_every_trigger_and_callback_without_the_dags(found, built, tmp_path):
    assert found["triggers"] == ["quayside_airflow.triggers.InboxTrigger"]
    assert found["callbacks"]
    home = unpack_for_triggerer(built, tmp_path)
    script = """
import sys
import airflow
from importlib import import_module
from importlib.util import find_spec
for name in sys.argv[1:]:
    module, _, thing = name.rpartition(".")
    assert callable(getattr(import_module(module), thing)), name
assert find_spec("quayside") is None, "a triggerer has no quayside"
"""

    answer = home.run(script, *found["triggers"], *found["callbacks"])

    assert answer.returncode == 0, answer.stderr[-2000:]


def test_a_dag_runs_from_the_bundle_with_the_names_of_its_startup_script(
    settings: Settings, database: Databases, tmp_path: Path
):
    shop = Shop(settings, database)
    bundle.build(airflow.ROOT, tmp_path / "mwaa", quayside_environment(asdict(settings)))
    home = unpack(tmp_path / "mwaa", tmp_path)
    airflow.create_database(home.folder, home.folder)

    answer = home.run(Path(run_dags.__file__), str(home.dags), "totesys_landing")

    assert answer.returncode == 0, answer.stderr[-2000:]
    states = json.loads(answer.stdout.splitlines()[-1])["totesys_landing"]
    assert states == {"land": "success", "gate": "success", "publish": "success"}
    [batch] = Ledger.of(settings).pending("totesys.sales_order", "curate")
    assert shop.source("select count(*) from sales_order") == [(batch.rows,)]

"""The plugin loads on its own, as Amazon MWAA unpacks it, and nothing beside it is executed."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from local.bundle import pack
from tests.support.airflow import ROOT, environment

LOAD = """
import json, sys
import {manager} as manager
plugins, errors = manager._get_plugins()
here = {here!r}
print(json.dumps({{
    "plugins": sorted(plugin.name for plugin in plugins if "quayside" in str(plugin.source) or plugin.name == "quayside"),
    "folder": sorted(plugin.name for plugin in plugins if "$PLUGINS_FOLDER" in str(plugin.source)),
    "errors": errors,
    "modules": sorted(name for name, module in sys.modules.items()
                      if (getattr(module, "__file__", None) or "").startswith(here) and "." not in name),
    "heavy": sorted({{"fastapi", "sqlalchemy.orm", "quayside"}} & set(sys.modules)) if "sdk" in "{manager}" else [],
}}))
"""


def load(folder: Path, home: Path, manager: str) -> dict[str, object]:
    """Load the plugins of a folder in a process of its own, where nothing else is importable."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHONPATH"))}
    env |= environment(home) | {"AIRFLOW__CORE__PLUGINS_FOLDER": str(folder)}
    script = LOAD.format(manager=manager, here=str(folder))
    answer = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


@pytest.mark.parametrize("manager", ["airflow.plugins_manager", "airflow.sdk.plugins_manager"])
def test_the_archive_for_mwaa_loads_our_plugin_and_executes_nothing_else(tmp_path, manager):
    pack(ROOT / "plugins", tmp_path / "plugins.zip")
    with zipfile.ZipFile(tmp_path / "plugins.zip") as archive:
        archive.extractall(tmp_path / "plugins")

    found = load(tmp_path / "plugins", tmp_path, manager)

    assert found["folder"] == ["quayside"]
    assert found["errors"] == {}
    assert found["modules"] == ["quayside_airflow", "quayside_plugin"]


def test_without_the_ignore_file_every_module_would_be_executed_by_its_bare_name(tmp_path):
    shutil.copytree(
        ROOT / "plugins", tmp_path / "plugins", ignore=shutil.ignore_patterns("__pycache__", ".airflowignore")
    )

    found = load(tmp_path / "plugins", tmp_path, "airflow.sdk.plugins_manager")

    assert {"operators", "stage", "links"} & set(found["modules"])


def test_a_task_that_loads_the_plugin_does_not_pay_for_its_pages(tmp_path):
    found = load(ROOT / "plugins", tmp_path, "airflow.sdk.plugins_manager")

    assert "fastapi" not in found["heavy"]
    assert "quayside" not in found["heavy"]

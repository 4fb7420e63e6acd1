"""DAG files only declare: reading them costs nothing and touches nothing."""

import json
import os
import subprocess
import sys

from quayside.contract import contract_names
from tests.support.airflow import ROOT, environment

# What a scheduler has imported already; then every DAG file, with the network cut off and files counted.
READ = """
import importlib.util, json, socket, sys
import airflow.sdk, airflow.sdk.log, airflow.sdk.exceptions
from airflow.sdk import DAG, Asset, AssetAlias, BaseOperator, BaseOperatorLink, CronDataIntervalTimetable, \\
    CronTriggerTimetable, Param, conf
before = set(sys.modules)
opened = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        raise RuntimeError(f"{event} while a DAG file is read")
    if event == "open" and str(arguments[0]).endswith((".yaml", ".json", ".csv")):
        opened.append(str(arguments[0]))
sys.addaudithook(watch)
for path in sys.argv[1:]:
    spec = importlib.util.spec_from_file_location("dag_file", path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
print(json.dumps({"opened": opened, "imported": sorted(set(sys.modules) - before)}))
"""


def read_dag_files() -> dict[str, object]:
    """Read all DAG files in a process of its own."""
    env = {**os.environ, **environment(), "PYTHONPATH": f"{ROOT / 'include'}:{ROOT / 'plugins'}"}
    files = sorted(map(str, (ROOT / "dags").glob("*.py")))
    answer = subprocess.run([sys.executable, "-c", READ, *files], env=env, capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


def test_reading_a_dag_file_does_no_input_or_output_and_imports_nothing_heavy():
    read = read_dag_files()

    assert read["opened"] == []
    heavy = {
        "aiobotocore",
        "airflow.providers.amazon",
        "boto3",
        "botocore",
        "httpx",
        "msgspec",
        "pyarrow",
        "duckdb",
        "great_expectations",
        "pandas",
        "numpy",
        "psycopg",
        "fastapi",
        "yaml",
        "open_data_contract_standard",
        "quayside.landing",
        "quayside.curated",
        "quayside.warehouse",
        "quayside.quality",
    }
    assert heavy & set(read["imported"]) == set()


def test_every_dag_file_can_be_imported_by_airflow(dags):
    env = {**os.environ, **environment(), "PYTHONPATH": f"{ROOT / 'include'}:{ROOT / 'plugins'}"}
    answer = subprocess.run(
        [sys.executable, "-m", "airflow", "dags", "list-import-errors", "-l"],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert answer.returncode == 0, answer.stdout
    assert "No data found" in answer.stdout


def test_every_dag_says_who_owns_it_what_it_is_and_what_happens_when_it_fails(dags):
    assert sorted(dags.bag.dags) == [
        "aristocrat_curated",
        "aristocrat_landing",
        "hospitality_drift",
        "hospitality_warehouse",
        "humanforce_curated",
        "humanforce_landing",
        "quayside_replay",
        "quayside_serving",
        "quayside_users",
        "quayside_watchdog",
        "swiftpos_curated",
        "swiftpos_landing",
        "totesys_curated",
        "totesys_deletes",
        "totesys_landing",
        "totesys_warehouse",
    ]
    for dag in dags.bag.dags.values():
        assert dag.tags, dag.dag_id
        assert dag.doc_md, dag.dag_id
        assert dag.description, dag.dag_id
        assert dag.dagrun_timeout, dag.dag_id
        assert not dag.catchup, dag.dag_id
        assert dag.max_active_runs == 1, dag.dag_id
        for task in dag.tasks:
            assert task.owner in {"commerce-data", "venue-data", "platform"}, task
            assert task.doc_md, task
            assert task.execution_timeout, task
            assert task.on_failure_callback, task
            assert task.on_success_callback, task


def test_the_totesys_pipeline_takes_every_contract_there_is(dags):
    landing, warehouse = dags.bag.dags["totesys_landing"], dags.bag.dags["totesys_warehouse"]

    assert sorted(landing.get_task("land").datasets) == list(contract_names("totesys"))
    assert sorted(warehouse.get_task("load").tables) == list(contract_names("warehouse", product="totesys"))

"""A new table is one contract and one line in the DAG file."""

import json
import os
import shutil
import subprocess
import sys

from tests.support import airflow

WARRANTY = """\
apiVersion: v3.1.0
kind: DataContract
id: totesys.warranty
name: warranty
version: 1.0.0
status: active
domain: totesys
team: {name: commerce-data}
schema:
  - name: warranty
    physicalType: table
    description: What a sale is warranted for.
    customProperties:
      - {property: cursor, value: last_updated}
    properties:
      - {name: warranty_id, logicalType: integer, physicalType: integer, primaryKey: true, required: true}
      - {name: months, logicalType: integer, physicalType: integer, required: true,
         logicalTypeOptions: {minimum: 1, maximum: 120}}
      - {name: excess, logicalType: number, physicalType: "numeric(10,2)", required: false}
      - {name: last_updated, logicalType: timestamp, physicalType: timestamp(3), required: true}
"""
DIMENSION = """\
apiVersion: v3.1.0
kind: DataContract
id: warehouse.dim_warranty
name: dim_warranty
version: 1.0.0
status: active
domain: warehouse
team: {name: commerce-data}
schema:
  - name: dim_warranty
    physicalType: table
    description: Warranties.
    customProperties:
      - {property: grain, value: totesys.warranty}
      - {property: source, value: warranty}
    properties:
      - {name: warranty_id, logicalType: integer, physicalType: integer, primaryKey: true, required: true,
         transformLogic: warranty.warranty_id}
      - {name: years, logicalType: number, physicalType: "numeric(10,2)", required: true,
         transformLogic: "(warranty.months / 12.0)::decimal(10,2)"}
"""
TABLE = """
    create table warranty (warranty_id integer primary key, months integer not null, excess numeric(10,2),
                           last_updated timestamp(3) not null);
    grant select on warranty to quayside_extract;
    insert into warranty values (1, 6, 10.50, '2026-01-01'), (2, 24, null, '2026-01-01'), (3, 999, 0, '2026-01-01')"""


def test_a_new_table_is_one_contract_and_one_line(shop, tmp_path):
    for folder in ("dags", "include", "plugins"):
        shutil.copytree(airflow.ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "include/contracts/totesys/warranty.yaml").write_text(WARRANTY)
    (tmp_path / "include/contracts/warehouse/dim_warranty.yaml").write_text(DIMENSION)
    declaration = tmp_path / "dags/totesys.py"
    lines = declaration.read_text().splitlines(keepends=True)
    for beside, line in (('"transaction",', '"warranty",'), ('"dim_transaction",', '"dim_warranty",')):
        [place] = [number for number, text in enumerate(lines) if text.strip() == beside]
        lines.insert(place + 1, f"        {line}\n")
    declaration.write_text("".join(lines))
    shop.write(TABLE)

    states = run(tmp_path, "totesys_landing", "totesys_curated", "totesys_warehouse")

    assert {state for tasks in states.values() for state in tasks.values()} == {"success"}
    assert shop.warehouse("select warranty_id, years::text from warehouse.dim_warranty order by 1") == [
        (1, "0.50"),
        (2, "2.00"),
    ]  # 999 months are more than the contract allows: quarantined


def run(tree, *dag_ids):
    """Run DAGs of another tree, with an Airflow of its own."""
    path = os.pathsep.join(map(str, (tree / "include", tree / "plugins", airflow.ROOT)))
    env = {**os.environ, **airflow.environment(tree, tree), "PYTHONPATH": path}
    airflow.create_database(tree, tree)
    command = [sys.executable, "-m", "tests.support.run_dags", str(tree / "dags"), *dag_ids]
    answer = subprocess.run(command, env=env, cwd=tree, capture_output=True, text=True, timeout=240)
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout.splitlines()[-1])

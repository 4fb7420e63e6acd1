"""Run DAGs one after the other in a process of its own: python -m tests.support.run_dags FOLDER DAG_ID …

Prints, as JSON, each task's state.
"""

import functools
import json
import sys
from pathlib import Path

from airflow.dag_processing.dagbag import BundleDagBag
from airflow.sdk.execution_time import supervisor

if __name__ == "__main__":
    supervisor.in_process_api_server = functools.cache(supervisor.in_process_api_server)
    bag = BundleDagBag(sys.argv[1], bundle_path=Path(sys.argv[1]))
    states = {}
    for dag_id in sys.argv[2:]:
        run = bag.dags[dag_id].test(logical_date=None)
        states[dag_id] = {task.task_id: str(task.state) for task in run.get_task_instances()}
    print(json.dumps(states))

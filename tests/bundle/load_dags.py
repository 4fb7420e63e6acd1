"""What a dag processor finds in a dags folder: python -P load_dags.py FOLDER

Prints, as JSON: the DAGs, the errors, which files were looked into, where our packages come from, and which triggers and
callbacks there are. Airflow itself appends plugins/ to the path, and the dag processor the folder.
"""

import inspect
import json
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from airflow.dag_processing.dagbag import BundleDagBag
from airflow.triggers.base import BaseTrigger

HOOKS = (
    "on_execute_callback",
    "on_failure_callback",
    "on_retry_callback",
    "on_skipped_callback",
    "on_success_callback",
)


def name(thing: object) -> str:
    """Return where a class or a function is."""
    return f"{thing.__module__}.{thing.__qualname__}"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    bag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags-folder")
    ours = [import_module(package) for package in ("quayside", "quayside_airflow")]
    modules = [import_module(module.name) for module in walk_packages(ours[1].__path__, "quayside_airflow.")]
    classes = {value for module in modules for value in vars(module).values() if inspect.isclass(value)}
    owners = [owner for dag in bag.dags.values() for owner in (dag, *dag.tasks)]
    told = {call for owner in owners for hook in HOOKS for call in (getattr(owner, hook, None) or ())}
    found = {
        "dags": sorted(bag.dags),
        "errors": bag.import_errors,
        "files": sorted(Path(stat.file).name for stat in bag.dagbag_stats),
        "from": [module.__file__ for module in ours],
        "triggers": sorted(
            name(each) for each in classes if issubclass(each, BaseTrigger) and "quayside" in name(each)
        ),
        "callbacks": sorted(map(name, told)),
    }
    print(json.dumps(found))

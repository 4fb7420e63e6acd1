"""Parsing all DAG files, above what importing Airflow costs by itself."""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.report import Section, Target
from benchmarks.servers import LAYOUT

ROUNDS = 7
# What every process that parses DAGs has imported before it reads the first file.
AIRFLOW = "import airflow.sdk; from airflow.dag_processing.dagbag import DagBag"
# The count shows that something was parsed; errors would make it look fast.
PARSE = f"{AIRFLOW}; bag = DagBag({{folder!r}}, include_examples=False); assert bag.dags and not bag.import_errors, bag.import_errors"


def run() -> Section:
    """Measure, and hold against what was promised."""
    folder = str(LAYOUT.root / "dags")
    base, parsed = [], []
    with tempfile.TemporaryDirectory() as home:
        for program in (AIRFLOW, PARSE.format(folder=folder)):
            _seconds(program, home)  # compiled and in the page cache from here on
        for _ in range(ROUNDS):
            base.append(_seconds(AIRFLOW, home))
            parsed.append(_seconds(PARSE.format(folder=folder), home))
    above = median(parsed) - median(base)
    files = len(list(Path(folder).glob("*.py")))
    print(f"  importing Airflow {median(base):.2f} s, with {files} DAG files {median(parsed):.2f} s", flush=True)
    rows = [
        ["a process that", "CPU s"],
        ["imports Airflow", f"{median(base):.2f}"],
        [f"imports Airflow and parses all {files} DAG files", f"{median(parsed):.2f}"],
    ]
    return Section(
        "Parsing all DAG files",
        "CPU seconds of whole processes, medians, in turns: reading DAG files waits for nothing.",
        rows,
        [Target("under 0.3 s above importing Airflow", f"{above:.2f} s", above < 0.3)],
    )


def _seconds(program: str, home: str) -> float:
    folders = os.pathsep.join(str(LAYOUT.root / name) for name in ("include", "plugins"))
    environment = {
        **os.environ,
        "PYTHONPATH": folders,
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(LAYOUT.root / "plugins"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

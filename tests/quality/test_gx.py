"""Great Expectations is imported without what no gate asks of it, and lacks nothing for that."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNASKED = ("altair", "scipy.stats", "pyspark")

VALIDATES = """
import pyarrow as pa
from quayside.quality.checks import Check
from quayside.quality.expectations import Validator

asked = {"column": "colour", "threshold": 0.1, "partition_object": {"values": ["red", "blue"], "weights": [0.5, 0.5]}}
kind = "expect_column_kl_divergence_to_be_less_than"
check = Check(name="c", severity="warn", expectation=kind, arguments=asked, demand="wants even colours")
for colours in (["red", "blue"] * 10, ["red"] * 19 + ["blue"]):
    print(Validator().validate([check], pa.table({"colour": colours}))["c"].passed)
"""


def python(program: str) -> list[str]:
    """Run a program in a process that has imported nothing yet; return what it prints, in words."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT / "include")},
        text=True,
        timeout=120,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_charts_statistics_and_spark_are_not_imported() -> None:
    program = f"import sys, quayside.quality.expectations; print(*(set({UNASKED}) & set(sys.modules)))"
    assert python(program) == []


def test_who_needs_them_imports_them_afterwards() -> None:
    names = "".join(f"import {name}; print({name}.__name__, len(dir({name})) > 20);" for name in UNASKED)
    assert python(f"import quayside.quality.expectations; {names}") == [
        word for name in UNASKED for word in (name, "True")
    ]


def test_an_expectation_that_needs_statistics_gets_them() -> None:
    assert python(VALIDATES) == ["True", "False"]


def test_what_is_imported_already_stays() -> None:
    program = "import sys, altair; import quayside.quality.expectations; print(sys.modules['altair'] is altair)"
    assert python(program) == ["True"]

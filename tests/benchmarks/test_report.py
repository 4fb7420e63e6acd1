"""The benchmarks' tables: a promise that was not kept is seen, and one benchmark does not touch another's table."""

import subprocess
import sys

import pytest

from benchmarks import report
from benchmarks.report import Section, Target
from tests.conftest import ROOT


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "RESULTS", tmp_path / "RESULTS.md")
    monkeypatch.setattr(report, "machine", lambda: "A machine.")
    return tmp_path / "RESULTS.md"


def section(title: str, seconds: str, *, met: bool = True) -> Section:
    return Section(title, "How.", [["way", "s"], ["ours", seconds]], [Target("fast", seconds, met)])


def test_a_promise_that_was_not_kept_is_marked():
    assert "| fast | 9.0 | ✗ |" in section("Load", "9.0", met=False).render()


def test_a_benchmark_replaces_its_own_table_only(results):
    report.write(section("Load", "1.0"))
    report.write(section("Parse", "2.0"))
    report.write(section("Load", "3.0"))

    text = results.read_text(encoding="utf-8")
    assert text.count("## Load") == text.count("## Parse") == 1
    assert "| ours | 3.0 |" in text
    assert "| ours | 2.0 |" in text
    assert "| ours | 1.0 |" not in text


def test_results_name_no_host_and_no_path():
    words = report.machine()

    assert "/" not in words.replace("GB,", "")
    assert "cores" in words


def test_memory_is_that_of_the_process_itself_and_not_of_its_parent():
    ballast = bytearray(300_000_000)  # in this process, the parent
    program = "from peak import peak; print(peak())"
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT / "benchmarks" / "ways", capture_output=True, text=True
    )

    assert len(ballast)
    assert 1 < float(answer.stdout) < 100

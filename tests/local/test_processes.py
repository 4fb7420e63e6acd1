"""Stopping is exact: what was started, all of it, and nothing else."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.processes import ProcessFailed, complete, free_port, running, start, started_at, stop, wait_until

ENV = {"PATH": os.environ["PATH"]}
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def parent(tmp_path: Path) -> tuple[int, int]:
    """A started process and the child that it started."""
    pid = start("parent", [sys.executable, "-u", "-c", PARENT], run=tmp_path, env=ENV)
    log = tmp_path / "parent.log"
    wait_until(lambda: log.read_text().endswith("\n"), name="parent", run=tmp_path, seconds=20)
    yield pid, int(log.read_text())
    stop("parent", run=tmp_path)


def test_a_process_is_stopped_with_its_children(parent, tmp_path):
    assert running("parent", run=tmp_path) == parent[0]

    assert stop("parent", run=tmp_path) is True

    assert [started_at(pid) for pid in parent] == [None, None]
    assert running("parent", run=tmp_path) is None
    assert stop("parent", run=tmp_path) is False


def test_what_a_crashed_process_left_behind_is_stopped(parent, tmp_path):
    os.kill(parent[0], signal.SIGKILL)
    os.waitpid(parent[0], 0)
    assert running("parent", run=tmp_path) is None
    assert started_at(parent[1]) is not None

    assert stop("parent", run=tmp_path) is True

    assert started_at(parent[1]) is None


def test_a_process_that_was_given_the_same_id_later_is_not_stopped(tmp_path):
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True) as other:
        (tmp_path / "gone.pid").write_text(f"{other.pid} another-boot:1\n")

        assert running("gone", run=tmp_path) is None
        assert stop("gone", run=tmp_path) is False

        assert other.poll() is None
        other.kill()


def test_a_process_that_ignores_the_request_is_killed(tmp_path):
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    pid = start("stubborn", [sys.executable, "-c", stubborn], run=tmp_path, env=ENV)
    wait_until(lambda: (tmp_path / "stubborn.log").read_text() != "", name="stubborn", run=tmp_path, seconds=20)

    stop("stubborn", run=tmp_path, seconds=0.2)

    assert started_at(pid) is None


def test_a_process_that_ends_early_is_reported_with_its_log(tmp_path):
    start("broken", [sys.executable, "-c", "raise SystemExit('no disk left')"], run=tmp_path, env=ENV)

    with pytest.raises(ProcessFailed, match=r"(?s)ended before it was ready.*broken\.log.*no disk left"):
        wait_until(lambda: False, name="broken", run=tmp_path, seconds=20)


def test_a_failed_command_names_its_log_and_the_input_stays_off_the_command_line(tmp_path):
    read = "import sys; print(sys.stdin.read().upper())"
    assert complete("ok", [sys.executable, "-c", read], run=tmp_path, env=ENV, text="secret") == "SECRET\n"

    failing = "import sys; print('why it failed', file=sys.stderr); sys.exit(3)"
    with pytest.raises(ProcessFailed, match=r"(?s)code 3.*bad\.log.*why it failed"):
        complete("bad", [sys.executable, "-c", failing], run=tmp_path, env=ENV)


def test_a_taken_port_is_avoided():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port

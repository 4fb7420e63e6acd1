"""Background processes of the local platform: start with a log, wait until ready, stop exactly these."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Callable, Mapping, Sequence


class ProcessFailed(RuntimeError):
    """A process ended or did not become ready; the message names the log to read."""


def start(name: str, command: Sequence[str], *, run: Path, env: Mapping[str, str], cwd: Path | None = None) -> int:
    """Start ``command`` in a session of its own, logging to ``run/name.log``; return its process id.

    The id and the process's start time go to ``run/name.pid``, so that a later `stop` can tell this
    process from another that was given the same id.
    """
    run.mkdir(parents=True, exist_ok=True)
    with (run / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            list(command),
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    (run / f"{name}.pid").write_text(f"{process.pid} {_started_at(process.pid)}\n")
    return process.pid


def running(name: str, *, run: Path) -> int | None:
    """Return the id of the process that `start` recorded under ``name`` if that very process still runs."""
    try:
        pid, started_at = (run / f"{name}.pid").read_text().split()
    except (FileNotFoundError, ValueError):
        return None
    return int(pid) if _started_at(int(pid)) == started_at else None


def stop(name: str, *, run: Path, seconds: float = 15) -> bool:
    """Stop the process recorded under ``name`` with its children; return whether it was running."""
    pid = running(name, run=run)
    if pid is not None:
        for signal_number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5)):
            try:
                os.killpg(pid, signal_number)
            except ProcessLookupError:
                break
            if _gone(pid, patience):
                break
    (run / f"{name}.pid").unlink(missing_ok=True)
    return pid is not None


def wait_until(ready: Callable[[], bool], *, name: str, run: Path, seconds: float) -> None:
    """Return when ``ready()`` holds; fail as soon as the process has ended or after ``seconds``.

    :raises ProcessFailed: with the last lines of the process's log
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if running(name, run=run) is None:
            raise ProcessFailed(f"{name} ended before it was ready.\n{tail(name, run=run)}")
        if time.monotonic() > deadline:
            raise ProcessFailed(f"{name} was not ready after {seconds:.0f} s.\n{tail(name, run=run)}")
        time.sleep(0.1)


def tail(name: str, *, run: Path, lines: int = 15) -> str:
    """Return the end of a process's log, headed by where the whole of it is."""
    log = run / f"{name}.log"
    text = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join([f"Log: {log}", *(f"  {line}" for line in text)])


def answers(url: str) -> bool:
    """Tell whether a GET of ``url`` on this machine is answered with success."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as response:
            return 200 <= response.status < 300
    except (urllib.error.URLError, OSError):
        return False


def free_port(preferred: int = 0) -> int:
    """Return ``preferred`` if nothing listens there, else a port that the system gives."""
    for port in (preferred, 0):
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(candidate.getsockname()[1])
    raise ProcessFailed("No free port on 127.0.0.1")


def _started_at(pid: int) -> str | None:
    """Return when a process started, as the system words it; None when it has ended."""
    answer = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True)
    state, _, started_at = answer.stdout.strip().partition(" ")
    return "-".join(started_at.split()) if answer.returncode == 0 and not state.startswith("Z") else None


def _gone(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:  # reap it if it is our own child
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass
        if _started_at(pid) is None:
            return True
        time.sleep(0.05)
    return False

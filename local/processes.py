"""Background processes of the local platform: start with a log, wait until ready, stop exactly these."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Callable, Mapping, NamedTuple, NoReturn, Sequence


class ProcessFailed(RuntimeError):
    """Something of the local platform did not work; the message says why and names the log to read."""


class Program(NamedTuple):
    """What one of the platform's processes runs: in the background of a laptop, or alone in a container.

    :param env: its whole environment
    """

    command: list[str]
    env: dict[str, str]
    cwd: Path

    def start(self, name: str, run: Path) -> int:
        """Start it in the background, as `start` does; return its process id."""
        return start(name, self.command, run=run, env=self.env, cwd=self.cwd)

    def become(self) -> NoReturn:
        """Let this very process go on as the program."""
        os.chdir(self.cwd)
        os.execve(self.command[0], self.command, self.env)  # noqa: S606


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
    process.returncode = 0  # it outlives this object, which would otherwise warn about that
    (run / f"{name}.pid").write_text(f"{process.pid} {started_at(process.pid)}\n")
    return process.pid


def running(name: str, *, run: Path) -> int | None:
    """Return the id of the process that `start` recorded under ``name`` if that very process still runs."""
    pid, began = _recorded(name, run)
    return pid if pid is not None and started_at(pid) == began else None


def stop(name: str, *, run: Path, seconds: float = 15) -> bool:
    """Stop the process recorded under ``name`` and all it started; return whether any of it was running."""
    pid, began = _recorded(name, run)
    found = False
    # An id names the process we started, or what that one left behind in its session when it crashed; while such a
    # child lives the system gives the id to nobody else.
    if pid is not None and started_at(pid) in (began, None):
        found = bool(_session(pid))
        if started_at(pid) == began:
            os.kill(pid, signal.SIGTERM)  # it stops its own children in good order
            _wait_until_gone(pid, seconds)
        for child in _session(pid):
            _kill(child)
    (run / f"{name}.pid").unlink(missing_ok=True)
    return found


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


def complete(
    name: str,
    command: Sequence[str],
    *,
    run: Path,
    env: Mapping[str, str],
    cwd: Path | None = None,
    text: str | None = None,
) -> str:
    """Run ``command`` to its end and return what it printed; its errors and output are in ``run/name.log``.

    :param text: what it reads from its standard input
    :raises ProcessFailed: when it fails, with the last lines of the log
    """
    run.mkdir(parents=True, exist_ok=True)
    log = run / f"{name}.log"
    answer = subprocess.run(list(command), capture_output=True, input=text or "", env=dict(env), cwd=cwd, text=True)
    log.write_text(answer.stdout + answer.stderr)  # errors last: the end is what a person is shown
    if answer.returncode:
        raise ProcessFailed(f"{Path(command[0]).name} ended with code {answer.returncode}.\n{tail(name, run=run)}")
    return answer.stdout


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
            return bool(200 <= response.status < 300)
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


def started_at(pid: int) -> str | None:
    """Return when a process started, in words that no later process with the same id shares; None when it has ended."""
    if Path("/proc/self/stat").exists():
        fields = _proc_stat(pid)
        return None if fields is None or fields[0] in "ZX" else f"{_boot()}:{fields[19]}"
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}  # or the words would change with the user's settings
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, env=environment
    )
    state, _, began = answer.stdout.strip().partition(" ")
    return "-".join(began.split()) if answer.returncode == 0 and not state.startswith("Z") else None


def _recorded(name: str, run: Path) -> tuple[int | None, str]:
    try:
        pid, began = (run / f"{name}.pid").read_text().split()
    except (FileNotFoundError, ValueError):
        return None, ""
    return int(pid), began


def _proc_stat(pid: int) -> list[str] | None:
    """Return /proc's fields of a process from its state (the third) on: the name before may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]


def _session(pid: int) -> list[int]:
    """Return the living processes of the session that ``pid`` leads or led."""
    if not Path("/proc/self/stat").exists():
        answer = subprocess.run(["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True)
        rows = [line.split() for line in answer.stdout.splitlines()]
        return [int(row[0]) for row in rows if int(row[1]) == pid and not row[2].startswith("Z")]
    members = []
    for folder in Path("/proc").iterdir():
        fields = _proc_stat(int(folder.name)) if folder.name.isdigit() else None
        if fields is not None and fields[0] not in "ZX" and int(fields[3]) == pid:
            members.append(int(folder.name))
    return members


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    _wait_until_gone(pid, 5)


def _wait_until_gone(pid: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(ChildProcessError):  # reap it if it is our own child
            os.waitpid(pid, os.WNOHANG)
        if started_at(pid) is None:
            return
        time.sleep(0.05)

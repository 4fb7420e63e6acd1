"""Ports and secrets of one local platform: drawn once, remembered, the same for every later command."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path
from typing import Any

from local.processes import free_port

PORTS = {"airflow": 8080, "aws": 4566, "postgres": 5432, "vendors": 8090, "web": 8070}
PASSWORDS = ("postgres", "airflow", "totesys_app", "quayside_extract", "quayside_loader", "quayside_serving")
PEOPLE = (
    "admin",
    "analyst",
    "manager",
    "viewer",
)  # who can sign in to the web app from the beginning: one of each role


class Settings:
    """What ``settings.json`` holds; readable by its owner only.

    :param path: the file; it is written when something in it changes
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}

    @property
    def exists(self) -> bool:
        """Whether a platform was ever started here."""
        return bool(self._values)

    def complete(self) -> None:
        """Draw every secret that is not there yet."""
        passwords = self._values.setdefault("passwords", {})
        for name in PASSWORDS:
            passwords.setdefault(name, secrets.token_hex(16))
        logins = self._values.setdefault("logins", {})
        for name in PEOPLE:
            logins.setdefault(
                name, f"Quay-{secrets.token_hex(6)}"
            )  # capitals, small letters and digits, as the pool asks
        for name in ("api_secret", "jwt_secret", "swiftpos_signature", "humanforce_secret"):
            self._values.setdefault(name, secrets.token_hex(32))
        self._values.setdefault("fernet_key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
        self._save()

    def choose_port(self, name: str) -> int:
        """Return a port that is free now: the remembered one, else the usual one, else any; and remember it."""
        ports = self._values.setdefault("ports", {})
        taken = {port for other, port in ports.items() if other != name}
        port = free_port(ports.get(name) or PORTS[name])
        while port in taken:
            port = free_port()
        ports[name] = port
        self._save()
        return port

    def keep_ports(self, ports: dict[str, int]) -> None:
        """Remember ports that somebody else has chosen."""
        self._values["ports"] = ports
        self._save()

    @property
    def ports(self) -> dict[str, int]:
        """The remembered ports."""
        return dict(self._values.get("ports", {}))

    def port(self, name: str) -> int:
        """Return the remembered port of one of ``PORTS``."""
        return int(self._values["ports"][name])

    def has_port(self, name: str) -> bool:
        """Tell whether a port was ever chosen."""
        return name in self._values.get("ports", {})

    @property
    def passwords(self) -> dict[str, str]:
        """The passwords of all roles but the superuser."""
        return {role: password for role, password in self._values["passwords"].items() if role != "postgres"}

    def password(self, role: str) -> str:
        """Return the password of a PostgreSQL role."""
        return str(self._values["passwords"][role])

    @property
    def logins(self) -> dict[str, str]:
        """Role → password of the web app's first users, ``<role>@quayside.example``."""
        return dict(self._values["logins"])

    def __getitem__(self, name: str) -> str:
        """Return a secret that `complete` has drawn, or a value that `remember` has kept."""
        return str(self._values[name])

    def remember(self, name: str, value: str) -> None:
        """Keep a value of another kind."""
        self._values[name] = value
        self._save()

    def get(self, name: str) -> str | None:
        """Return a remembered value, None where there is none."""
        return self._values.get(name)

    def _save(self) -> None:
        write_private(self._path, json.dumps(self._values, indent=1))


def write_private(path: Path, text: str) -> None:
    """Replace a file at one stroke; only its owner may ever read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def shell_exports(values: dict[str, str]) -> str:
    """Return ``export NAME='value'`` lines that every POSIX shell reads back unchanged."""
    quoted = {name: value.replace("'", "'\\''") for name, value in values.items()}
    return "".join(f"export {name}='{value}'\n" for name, value in quoted.items())

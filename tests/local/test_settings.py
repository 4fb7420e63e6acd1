"""Ports and secrets are drawn once and read back the same."""

import socket
import stat
import subprocess
from pathlib import Path

import pytest

from local.processes import free_port
from local.settings import Settings, shell_exports


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.json"


def test_secrets_are_drawn_once_and_only_their_owner_reads_them(path):
    first = Settings(path)
    first.complete()
    again = Settings(path)
    again.complete()

    assert again.passwords == first.passwords
    assert len(set(again.passwords.values())) == 5
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Settings(path)["fernet_key"] == first["fernet_key"]


def test_a_port_is_remembered_while_it_is_free_and_replaced_when_another_has_taken_it(path, monkeypatch):
    monkeypatch.setattr("local.settings.PORTS", {"aws": free_port()})  # the usual one may be another test's by now
    port = Settings(path).choose_port("aws")
    assert Settings(path).choose_port("aws") == port

    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        moved = Settings(path).choose_port("aws")

    assert moved != port
    assert Settings(path).port("aws") == moved


def test_two_services_never_share_a_port(path, monkeypatch):
    monkeypatch.setattr("local.settings.PORTS", {"airflow": 47123, "aws": 47123, "postgres": 47123})
    settings = Settings(path)

    assert len({settings.choose_port(name) for name in ("airflow", "aws", "postgres")}) == 3


def test_a_shell_reads_every_value_back_unchanged(tmp_path):
    values = {"PLAIN": "http://127.0.0.1:1", "TRICKY": 'it\'s "$HOME" `id` \\ #&\n€'}
    (tmp_path / "env").write_text(shell_exports(values))

    for name, value in values.items():
        script = f'. {tmp_path}/env && printf %s "${name}"'
        assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == value

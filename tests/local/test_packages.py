"""Packages of Lambdas: what they need and nothing else, the same bytes for the same input, and built once."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from local import packages, packing
from local.layout import Layout

HANDLER = "import quayside.cash\nfrom kept import thing\n\ndef handler(event, context):\n    return thing\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "api_lambdas/openapi.yaml": "openapi: 3.0.3\npaths: {}\n",
        "api_lambdas/till/handler.py": HANDLER,
        "api_lambdas/till/kept.py": "thing = 1\n",
        "api_lambdas/till/requirements.txt": "",
        "api_lambdas/till/build.py": "def build(stage):\n    (stage / 'prices.json').write_text('{}')\n",
        "include/quayside/__init__.py": "",
        "include/quayside/cash.py": "from quayside.deep import drawer\n",
        "include/quayside/deep/__init__.py": "",
        "include/quayside/deep/drawer.py": "",
        "include/quayside/other.py": "",
        "local/packages.py": "",
        "local/packing.py": "",
        "site/lib.py": "x = 1\n",
        "site/lib.pyi": "",
        "site/lib-1.dist-info/METADATA": "Name: lib\n",
        "site/lib-1.dist-info/RECORD": "",
        "site/bin/tool": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(packing, "ROOT", tmp_path)
    monkeypatch.setattr(packing, "LAMBDAS", tmp_path / "api_lambdas")
    return tmp_path


def test_a_package_holds_what_its_handler_imports_and_no_more(root):
    packing.pack("till", root / "site", root / "till.zip")

    names = set(zipfile.ZipFile(root / "till.zip").namelist())
    assert {name for name in names if not name.endswith(".pyc")} == {
        "handler.py", "kept.py", "lib.py", "lib-1.dist-info/METADATA", "openapi.json", "prices.json",
        "quayside/__init__.py", "quayside/cash.py", "quayside/deep/__init__.py", "quayside/deep/drawer.py",
    }  # fmt: skip
    assert "quayside/deep/__pycache__/drawer.cpython-312.pyc" in names


def test_the_same_input_makes_the_same_bytes(root):
    packing.pack("till", root / "site", root / "first.zip")
    (root / "api_lambdas/till/kept.py").touch()
    packing.pack("till", root / "site", root / "second.zip")

    assert (root / "first.zip").read_bytes() == (root / "second.zip").read_bytes()


def test_what_is_compiled_runs_without_its_source_being_read(root):
    packing.pack("till", root / "site", root / "till.zip")
    zipfile.ZipFile(root / "till.zip").extractall(root / "task")
    (root / "task/kept.py").write_text("thing = 'read anew'\n")  # as if another had compiled it

    run = subprocess.run(
        [sys.executable, "-c", "import handler; print(handler.handler({}, None))"],
        cwd=root / "task", capture_output=True, text=True,
    )  # fmt: skip

    assert run.stdout == "1\n", run.stderr


def test_packages_are_built_again_only_when_something_has_changed(root, monkeypatch):
    layout, built = Layout(root, root / ".local", root / "venvs"), list[str]()

    def complete(name: str, command: list[str], **_: object) -> str:
        built.append(name)
        if name.startswith("package-"):
            Path(command[-1]).write_bytes(b"")
        return ""

    monkeypatch.setattr(packages, "complete", complete)
    monkeypatch.setattr(packages.environments, "find_uv", lambda _: Path("uv"))

    def build() -> list[str]:
        built.clear()
        assert packages.build(layout, layout.packages, machine=None) in ([], ["till"])
        return list(built)

    assert build() == ["requirements-till", "compile-till", "package-till"]
    assert build() == []
    (root / "include/quayside/cash.py").write_text("")
    assert build() == ["package-till"]  # what it requires is still installed
    (layout.packages / "till.zip").unlink()
    assert build() == ["package-till"]

"""Builds the web app once for all tests, where there is Node.js, in a copy: `make up` may build it at the same time."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from local.layout import ROOT, Layout
from local.web import lacking

WEB, DESCRIPTION = ROOT / "web", ROOT / "api_lambdas" / "openapi.yaml"
OFFLINE = ("ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN", "ETIMEDOUT", "ENETUNREACH")
NOT_SOURCES = shutil.ignore_patterns("node_modules", "dist", "config.json")


@cache
def installed() -> Path:
    """Return a copy of the web app with its packages; skips the test, with the reason, where that cannot be."""
    lack = lacking()
    if lack:
        pytest.skip(f"the web app is not tested: {lack}")
    with _alone() as folder:
        _copy(folder)
        _install(folder)
    return folder / "web"


def script(name: str) -> str:
    """Run one of the web app's scripts and return what it says, with which a failing one fails the test."""
    done = _npm(installed(), "run", "--silent", name)
    assert done.returncode == 0, f"npm run {name}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@cache
def built() -> Path:
    """Return the folder of the finished build."""
    web = installed()
    with _alone() as folder:
        mark = folder / "built"
        if not mark.exists():
            script("build")
            mark.touch()
    return web / "dist"


def _copy(folder: Path) -> None:
    """Lay the sources into the copy, with the API's description beside it, if they have changed since."""
    mark, wanted = folder / "copied", _digest()
    if mark.exists() and mark.read_text() == wanted:
        return
    (folder / "built").unlink(missing_ok=True)
    for old in ("src", "tests", "public"):
        shutil.rmtree(folder / "web" / old, ignore_errors=True)
    shutil.copytree(WEB, folder / "web", dirs_exist_ok=True, ignore=NOT_SOURCES)
    (folder / "api_lambdas").mkdir(exist_ok=True)
    shutil.copy(DESCRIPTION, folder / "api_lambdas")
    mark.write_text(wanted)


def _install(folder: Path) -> None:
    mark, wanted = folder / "installed", (WEB / "package-lock.json").read_text(encoding="utf-8")
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return
    done = _npm(folder / "web", "ci")
    if done.returncode != 0 and any(word in done.stderr for word in OFFLINE):
        pytest.skip("the npm registry cannot be reached, and the web app's packages are not installed")
    assert done.returncode == 0, done.stderr
    mark.write_text(wanted, encoding="utf-8")


@contextmanager
def _alone() -> Iterator[Path]:
    """Give the copy's folder to one process at a time: pytest's workers share one installation."""
    folder = Layout.here().state / "web-tests"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _npm(web: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CI": "true", "NO_COLOR": "1"}
    return subprocess.run(["npm", *arguments], cwd=web, capture_output=True, text=True, timeout=280, env=environment)


def _digest() -> str:
    digest = hashlib.sha256(DESCRIPTION.read_bytes())
    for folder, folders, files in os.walk(WEB):
        folders[:] = sorted(set(folders) - {"node_modules", "dist"})
        for path in (Path(folder) / name for name in sorted(files)):
            digest.update(f"{path.relative_to(WEB).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()

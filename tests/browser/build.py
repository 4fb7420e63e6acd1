"""Builds the web app once for all tests, where there is Node.js; what is installed and built stays until sources change."""

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

WEB = ROOT / "web"
NODE = (20, 19)
OFFLINE = ("ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN", "ETIMEDOUT", "ENETUNREACH")


@cache
def installed() -> Path:
    """Install the web app's packages; skips the test, with the reason, where that cannot be."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not there: install Node.js 20.19 or later to test the web app")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip().lstrip("v")
    if tuple(map(int, version.split(".")[:2])) < NODE:
        pytest.skip(f"node {version} is older than 20.19, which the web app needs")
    with _alone() as folder:
        mark, wanted = folder / "installed", _digest(["package-lock.json", ".npmrc"])
        if not (WEB / "node_modules").is_dir() or not mark.exists() or mark.read_text() != wanted:
            done = _npm("ci")
            if done.returncode != 0 and any(word in done.stderr for word in OFFLINE):
                pytest.skip("the npm registry cannot be reached, and the web app's packages are not installed")
            assert done.returncode == 0, done.stderr
            mark.write_text(wanted)
    return WEB


def script(name: str) -> str:
    """Run one of the web app's scripts and return what it says, with which a failing one fails the test."""
    installed()
    done = _npm("run", "--silent", name)
    assert done.returncode == 0, f"npm run {name}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@cache
def built() -> Path:
    """Return the folder of the finished build."""
    installed()
    with _alone() as folder:
        mark, wanted = (
            folder / "tested",
            _digest(["src", "public", "index.html", "vite.config.ts", "package-lock.json"]),
        )
        if not (WEB / "dist" / "index.html").is_file() or not mark.exists() or mark.read_text() != wanted:
            script("build")
            mark.write_text(wanted)
    return WEB / "dist"


@contextmanager
def _alone() -> Iterator[Path]:
    """Give the folder of marks to one process at a time: pytest's workers share one installation."""
    folder = Layout.here().web
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _npm(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CI": "true", "NO_COLOR": "1"}
    return subprocess.run(["npm", *arguments], cwd=WEB, capture_output=True, text=True, timeout=280, env=environment)


def _digest(names: list[str]) -> str:
    digest = hashlib.sha256()
    for name in names:
        paths = sorted((WEB / name).rglob("*")) if (WEB / name).is_dir() else [WEB / name]
        for path in (one for one in paths if one.is_file()):
            digest.update(f"{path.relative_to(WEB).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()

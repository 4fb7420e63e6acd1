"""The web app beside the platform: built where there is Node.js, and served by a process of its own."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from local import processes
from local.layout import Layout
from local.processes import Program, answers, complete, wait_until
from local.services import base_environment
from local.settings import Settings

NAME = "web"  # its process, its port and its log
NODE = (20, 19)  # the oldest that vite runs on; web/package.json says the same
NOT_SOURCES = ("node_modules", "dist")


def url(settings: Settings) -> str:
    """Return the web app's address, which is its origin."""
    return f"http://127.0.0.1:{settings.port(NAME)}"


def built(layout: Layout) -> bool:
    """Tell whether there is a build to serve, of whatever sources."""
    return (_build(layout) / "index.html").is_file()


def lacking() -> str:
    """Say what this machine lacks to build the web app, and nothing if it lacks nothing."""
    wanted = f"this needs Node.js {'.'.join(map(str, NODE))} or newer, with npm"
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return wanted
    version = subprocess.run([node, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return "" if tuple(map(int, version.lstrip("v").split(".")[:2])) >= NODE else f"{wanted}; here is {version}"


def build(layout: Layout) -> str:
    """Build the web app if its sources have changed; return what was done, in a few words.

    :raises ProcessFailed: with what npm said
    """
    sources, stamp = layout.root / "web", _build(layout) / ".sources"  # of the build, whichever platform made it
    digest = _digest(sources)
    if built(layout) and stamp.exists() and stamp.read_text() == digest:
        return "nothing to build"
    lack = lacking()
    if lack:
        return f"not built: {lack}"
    if not _installed(sources):
        install = ["npm", "ci", "--no-audit", "--no-fund"]
        complete("web-install", install, run=layout.run, env=dict(os.environ), cwd=sources)
    complete("web-build", ["npm", "run", "build"], run=layout.run, env=dict(os.environ), cwd=sources)
    stamp.write_text(digest)
    return "built"


def start(layout: Layout, settings: Settings, config: str) -> None:
    """Serve the build, with this configuration; a server that runs already takes both as they are now.

    :param config: what the app reads as config.json
    :raises ProcessFailed: when the server ends or does not answer, with its log
    """
    server = program(layout, settings, config)
    if processes.running(NAME, run=layout.run) is None:
        server.start(NAME, layout.run)
    wait_until(lambda: healthy(settings), name=NAME, run=layout.run, seconds=20)


def program(layout: Layout, settings: Settings, config: str) -> Program:
    """Write the configuration, and return what serves the build with it."""
    file = layout.web / "config.json"
    services = " ".join(sorted({_origin(json.loads(config)[name]) for name in ("api_url", "cognito_endpoint")}))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(config)
    command = [sys.executable, "-m", "local.web_server", str(settings.port(NAME)), str(_build(layout)), str(file)]
    return Program([*command, services], base_environment(), layout.root)


def healthy(settings: Settings) -> bool:
    """Tell whether the web app is served."""
    return settings.has_port(NAME) and answers(f"{url(settings)}/config.json")


def stop(layout: Layout) -> list[str]:
    """Stop serving; return what was stopped."""
    return ["web app"] if processes.stop(NAME, run=layout.run) else []


def _build(layout: Layout) -> Path:
    return layout.root / "web" / "dist"


def _installed(sources: Path) -> bool:
    """Tell whether npm has installed since what it is to install was last changed."""
    done, wanted = sources / "node_modules" / ".package-lock.json", sources / "package-lock.json"
    return done.exists() and done.stat().st_mtime >= wanted.stat().st_mtime


def _origin(address: str) -> str:
    return "/".join(address.split("/")[:3])


def _digest(sources: Path) -> str:
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(sources):
        folders[:] = sorted(name for name in folders if name not in NOT_SOURCES)
        for name in sorted(files):
            path = Path(folder) / name
            digest.update(f"{path.relative_to(sources).as_posix()}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()

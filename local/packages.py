"""The Lambdas' packages: built without Docker, for the Linux of AWS, and only when something in them has changed."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Iterator

from local import environments
from local.layout import Layout
from local.processes import complete
from local.services import base_environment

AWS = "x86_64-manylinux_2_28"  # what Lambda's Python 3.12 runs on has glibc 2.34
PARTS = ("api_lambdas", "include/quayside", "include/contracts", "include/metrics", "include/reference")
PACKER = ("local/packages.py", "local/packing.py")


def names(layout: Layout) -> list[str]:
    """Return the Lambdas' names, which are their folders'."""
    return sorted(path.parent.name for path in (layout.root / "api_lambdas").glob("*/handler.py"))


def build(layout: Layout, target: Path, *, machine: str | None) -> list[str]:
    """Make ``target/<name>.zip`` for every Lambda whose package is not as its sources are now; return their names.

    :param machine: the platform that wheels are chosen for, in uv's words; None is this machine's own
    :raises ProcessFailed: with what uv or the packer said
    """
    stamp = target / "stamp"
    wanted = names(layout)
    digest = _digest(layout, machine)
    if stamp.exists() and stamp.read_text() == digest and all((target / f"{name}.zip").exists() for name in wanted):
        return []
    target.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: _pack(layout, name, target / f"{name}.zip", machine), wanted))
    stamp.write_text(digest)
    return wanted


def own_machine() -> str | None:
    """Return what the local AWS runs functions on: wheels for Lambda where this is such a machine, else this one's."""
    return AWS if sys.platform == "linux" and platform.machine() == "x86_64" else None


def _pack(layout: Layout, name: str, archive: Path, machine: str | None) -> None:
    site = _install(layout, name, machine)
    env = {**base_environment(), "PYTHONPATH": str(layout.root / "include")}
    command = [str(layout.python("airflow")), "-m", "local.packing", name, str(site), str(archive)]
    complete(f"package-{name}", command, run=layout.run, env=env, cwd=layout.root)


def _install(layout: Layout, name: str, machine: str | None) -> Path:
    """Return the folder in which a Lambda's requirements are installed; it is kept by what it holds."""
    pins = layout.root / "api_lambdas" / name / "requirements.txt"
    key = hashlib.sha256(f"{machine} {pins.read_text()}".encode()).hexdigest()[:16]
    site = layout.packages / "requirements" / f"{name}-{key}"
    if site.exists():
        return site
    draft = site.with_suffix(f".{os.getpid()}")
    uv = str(environments.find_uv(layout))
    command = [uv, "pip", "install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "--target", str(draft),
               "--python", str(layout.python("lambda")), "--requirements", str(pins)]  # fmt: skip
    command += ["--python-platform", machine] if machine else []
    complete(f"requirements-{name}", command, run=layout.run, env=environments.installer_environment())
    draft.mkdir(parents=True, exist_ok=True)  # a Lambda that requires nothing
    compiling = [str(layout.python("lambda")), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    complete(f"compile-{name}", [*compiling, "-s", str(draft), str(draft)], run=layout.run, env=base_environment())
    with suppress(OSError):  # another process was quicker
        draft.replace(site)
    shutil.rmtree(draft, ignore_errors=True)
    return site


def _digest(layout: Layout, machine: str | None) -> str:
    digest = hashlib.sha256(f"{machine}\n".encode())
    for path in _sources(layout.root):
        digest.update(f"{path.relative_to(layout.root).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources(root: Path) -> Iterator[Path]:
    yield from (root / name for name in PACKER)
    for part in PARTS:
        for path in sorted((root / part).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path

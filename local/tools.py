"""Programs that the platform needs from the machine: find them, try them, or say how to get them."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator, Mapping

from local.processes import ProcessFailed

PROVIDER = Path("registry.terraform.io") / "hashicorp" / "aws"
JAVA_ROOTS = ("/usr/lib/jvm", "/Library/Java/JavaVirtualMachines", "/opt/homebrew/opt", "/usr/local/opt")
MIRROR_ROOTS = ("/opt", "/usr/share", "/usr/local/share", "/usr/lib", "~/.terraform.d", "~/.local/share")


class Missing(ProcessFailed):
    """The machine lacks a program; the message says which, why it is needed and how to get it."""


def find_python(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return a Python 3.12 that runs, or None.

    Trying each is the point: pyenv's shims exist for versions that are not selected, and fail.
    """
    return next((path for path in _pythons(environ) if is_python_312(path)), None)


def find_terraform(environ: Mapping[str, str] = os.environ) -> Path:
    """Return Terraform.

    :raises Missing: where it is not on the PATH
    """
    found = shutil.which("terraform", path=environ.get("PATH"))
    if found is None:
        raise Missing(
            "Terraform is missing.\n"
            "Why:  the buckets, tables and topics are created from infra/, here exactly as on AWS.\n"
            "How:  install Terraform 1.10 or newer (macOS: brew install terraform; Linux: HashiCorp's package repository,\n"
            "      or one binary on the PATH: https://developer.hashicorp.com/terraform/install), then `make up` again."
        )
    return Path(found)


def missing_python(reason: str) -> Missing:
    """Return the error for a machine without Python 3.12."""
    return Missing(
        f"Python 3.12 is missing: {reason}\n"
        "Why:  Amazon MWAA runs Airflow 3.2.1 on Python 3.12, and so does the local platform.\n"
        "How:  install it (macOS: brew install python@3.12; Ubuntu: apt install python3.12 python3.12-venv;\n"
        "      anywhere: pyenv install 3.12, or uv python install 3.12), then `make up` again."
    )


def find_java(environ: Mapping[str, str] = os.environ, roots: tuple[str, ...] = JAVA_ROOTS) -> Path | None:
    """Return the home of a Java 17 that runs, or None."""
    return next((home for home in (_java_17(path, environ) for path in _javas(environ, roots)) if home), None)


def missing_java(reason: str) -> Missing:
    """Return the error for a machine without Java 17."""
    return Missing(
        f"Java 17 is missing: {reason}\n"
        "Why:  Glue jobs run on Spark 3.5.4, here as on AWS.\n"
        "How:  install it (macOS: brew install openjdk@17; Debian, Ubuntu: apt install openjdk-17-jre-headless),\n"
        "      then `make up` again."
    )


def find_provider_mirror(
    version: str, environ: Mapping[str, str] = os.environ, roots: tuple[str, ...] = MIRROR_ROOTS
) -> Path | None:
    """Return a folder that holds this version of Terraform's AWS provider, for use without a registry, or None.

    Looked for in the usual roots and one or two levels below them.
    """
    candidates = []
    for root in roots:
        folder = Path(root.replace("~", environ.get("HOME", "~"), 1))
        candidates += [folder, *_folders(folder), *(below for child in _folders(folder) for below in _folders(child))]
    return next((folder for folder in candidates if _holds_provider(folder / PROVIDER, version)), None)


def is_python_312(path: Path) -> bool:
    """Tell whether ``path`` is a Python 3.12 that runs."""
    return _answer([str(path), "-c", "import ssl, sys; print(sys.version_info[:2])"], os.environ) == "(3, 12)"


def _pythons(environ: Mapping[str, str]) -> Iterator[Path]:
    search = environ.get("PATH", "")
    for name in ("python3.12", "python3"):
        for folder in search.split(os.pathsep):
            found = shutil.which(name, path=folder)
            if found:
                yield Path(found)
    yield Path(sys.executable)
    pyenv = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "/")) / ".pyenv") / "versions"
    yield from sorted(pyenv.glob("3.12*/bin/python3.12"), reverse=True)
    uv = shutil.which("uv", path=search)
    if uv:
        answer = _answer([uv, "python", "find", "--system", "--no-project", "3.12"], environ)
        if answer:
            yield Path(answer)


def _javas(environ: Mapping[str, str], roots: tuple[str, ...]) -> Iterator[Path]:
    if environ.get("JAVA_HOME"):
        yield Path(environ["JAVA_HOME"]) / "bin" / "java"
    for folder in environ.get("PATH", "").split(os.pathsep):
        found = shutil.which("java", path=folder)
        if found:
            yield Path(found)
    for root in roots:
        for pattern in ("*17*/bin/java", "*17*/Contents/Home/bin/java"):
            yield from sorted(Path(root).glob(pattern))


def _java_17(path: Path, environ: Mapping[str, str]) -> Path | None:
    """Return the home of the Java that ``path`` starts, if it is one of version 17."""
    answer = _answer([str(path), "-XshowSettings:properties", "-version"], environ, stderr=subprocess.STDOUT)
    settings = dict(line.strip().partition(" = ")[::2] for line in answer.splitlines())
    return Path(settings["java.home"]) if settings.get("java.specification.version") == "17" else None


def _answer(command: list[str], environ: Mapping[str, str], stderr: int = subprocess.DEVNULL) -> str:
    try:
        return subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            timeout=20,
            stdin=subprocess.DEVNULL,
            env=dict(environ),
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(child for child in folder.iterdir() if child.is_dir())
    except OSError:  # absent, or not ours to read
        return []


def _holds_provider(folder: Path, version: str) -> bool:
    """Tell whether a mirror has the provider for this machine, unpacked or as an archive."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    system = f"{platform.system().lower()}_{machine}"
    try:
        return (folder / version / system).is_dir() or (
            folder / f"terraform-provider-aws_{version}_{system}.zip"
        ).is_file()
    except OSError:  # not ours to read
        return False

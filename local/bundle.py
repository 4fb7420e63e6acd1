"""The bundle that Amazon MWAA takes: dags/ with include/ laid over it, plugins.zip, requirements.txt and startup.sh.

The same sources make the same bytes, so that a deployment sees a change only where there is one.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any, Iterator, Mapping

from local.layout import Layout
from local.processes import ProcessFailed
from local.tools import find_terraform

BIRTH_OF_ZIP = (1980, 1, 1, 0, 0, 0)  # a date of its own for every file would change the archive with every checkout
IGNORE = ".airflowignore"
STARTUP = """\
#!/bin/sh
# Names of what Terraform has made, for every process of the environment: `quayside.settings` reads them. No secrets.
"""
UNNAMED = """\
# Made without OUTPUTS: DAGs load, and their tasks fail with the names they miss. `make deploy` knows the names.
"""


def build(root: Path, target: Path, settings: Mapping[str, str]) -> list[str]:
    """Make ``target`` anew from a checkout; return the names of the files in it.

    :param root: the checkout
    :param settings: what ``startup.sh`` sets: QUAYSIDE_… → value
    :raises ProcessFailed: two files would lie in one place, or one that MWAA needs is missing
    """
    shutil.rmtree(target, ignore_errors=True)
    for name, path in dags(root).items():
        place = target / "dags" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    pack(root / "plugins", target / "plugins.zip")
    shutil.copyfile(root / "requirements.txt", target / "requirements.txt")
    (target / "startup.sh").write_text(startup(settings))
    return sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())


def dags(root: Path) -> dict[str, Path]:
    """Return what lies in MWAA's dags folder: its name there → the file in the checkout.

    :raises ProcessFailed: ``dags`` and ``include`` have a file of the same name, or ``include`` lets Airflow look into it
    """
    own, laid_over = _files(root / "dags"), _files(root / "include")
    both = sorted(own.keys() & laid_over.keys())
    if both:
        raise ProcessFailed(f"In dags/ and in include/, which is laid over it: {', '.join(both)}. Rename one of them.")
    if IGNORE not in laid_over:
        raise ProcessFailed(f"include/{IGNORE} is missing: without it Airflow looks for DAGs in every module there.")
    return {**own, **laid_over}


def pack(plugins: Path, archive: Path) -> None:
    """Write every file below ``plugins`` to ``archive``.

    :raises ProcessFailed: there is no ``.airflowignore``
    """
    files = _files(plugins)
    if IGNORE not in files:
        raise ProcessFailed(
            f"{plugins / IGNORE} is missing: without it Airflow executes every plugin module by itself."
        )
    with zipfile.ZipFile(archive, "w") as target:
        for name, path in files.items():
            entry = zipfile.ZipInfo(name, BIRTH_OF_ZIP)
            entry.external_attr = 0o644 << 16
            target.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def startup(settings: Mapping[str, str]) -> str:
    """Return the script that MWAA runs before each of its processes.

    :raises ProcessFailed: a name is none of ours, so that it could change what MWAA itself has set
    """
    foreign = [name for name in settings if not re.fullmatch(r"QUAYSIDE_[A-Z_]+", name)]
    if foreign:
        raise ProcessFailed(f"startup.sh sets QUAYSIDE_… and nothing else, not {', '.join(foreign)}.")
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in sorted(settings.items())]
    return STARTUP + ("".join(lines) or UNNAMED)


def outputs(layout: Layout, file: str) -> dict[str, Any]:
    """Return what Terraform has made for Airflow: ``bucket``, ``environment``, ``region`` and ``settings``.

    :param file: what `terraform output -json` has printed; where it is empty, Terraform is asked now
    :raises ProcessFailed: Terraform or the file does not know
    """
    try:
        text = Path(file).expanduser().read_text() if file else _terraform(layout)
        return dict(json.loads(text)["airflow"]["value"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProcessFailed(
            f"Terraform's outputs name no Airflow ({type(error).__name__}: {error}).\n"
            "Apply infra/environments/aws first, or give what `terraform output -json` prints there as OUTPUTS=FILE."
        ) from error


def _terraform(layout: Layout) -> str:
    where = f"-chdir={layout.root / 'infra' / 'environments' / 'aws'}"
    answer = subprocess.run(
        [str(find_terraform()), where, "output", "-json", "-no-color"], capture_output=True, text=True
    )
    if answer.returncode:
        raise ProcessFailed(
            f"terraform output ended with code {answer.returncode}.\n{answer.stderr.strip()}\n"
            "Run `terraform init` and `terraform apply` in infra/environments/aws first (infra/README.md), "
            "or give its outputs as OUTPUTS=FILE."
        )
    return answer.stdout


def _files(folder: Path) -> dict[str, Path]:
    """Return the files below a folder, by their names there and in their order, less what editors and Python leave."""
    return {path.relative_to(folder).as_posix(): path for path in sorted(_walk(folder))}


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = [part for part in path.relative_to(folder).parts if part.startswith(".") and part != IGNORE]
        if path.is_file() and not hidden and "__pycache__" not in path.parts and not path.name.endswith(("~", ".pyc")):
            yield path

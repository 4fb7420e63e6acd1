"""The package of one Lambda: its handler, what that imports, its requirements and its data. Run in the Airflow environment.

usage: python -m local.packing NAME REQUIREMENTS ARCHIVE

REQUIREMENTS is a folder in which the Lambda's requirements are installed and compiled. The same input makes the same
bytes, so that Terraform sees a change only where there is one. Modules are compiled: on AWS a function cannot keep what
it compiles, and would do it anew at each cold start.
"""

import ast
import json
import os
import py_compile
import runpy
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from local.layout import ROOT

LAMBDAS = ROOT / "api_lambdas"
BIRTH_OF_ZIP = (1980, 1, 1, 0, 0, 0)
BUILD = "build.py"  # where there is one, it makes data that is quicker to load than what it is made of
NOT_RUN = {".pyi", ".pxd", ".pyx", ".c", ".h"}
METADATA = {"METADATA", "entry_points.txt"}  # of a distribution: what a running program may ask for


def pack(name: str, requirements: Path, archive: Path) -> None:
    """Write the package of ``api_lambdas/<name>`` to ``archive``.

    :param requirements: folder in which its requirements are installed
    """
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder)
        for path in _installed(requirements):
            _copy(path, stage / path.relative_to(requirements))
        for place, path in _modules(LAMBDAS / name).items():
            _copy(path, stage / place)
        document = yaml.safe_load((LAMBDAS / "openapi.yaml").read_text())
        (stage / "openapi.json").write_text(json.dumps(document, separators=(",", ":")))
        if (LAMBDAS / name / BUILD).exists():
            runpy.run_path(str(LAMBDAS / name / BUILD))["build"](stage)
        for path in sorted(stage.rglob("*.py")):
            _compile(path, stage)
        archive.parent.mkdir(parents=True, exist_ok=True)
        draft = archive.with_suffix(f".{os.getpid()}")
        _write(stage, draft)
        draft.replace(archive)


def _modules(folder: Path) -> dict[str, Path]:
    """Return the files of a Lambda, and of every module of this repository that they import: place → file."""
    roots = (folder, LAMBDAS, ROOT / "include")
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.py")) if path.name != BUILD}
    waiting = list(found.values())
    while waiting:
        for module in _imported(waiting.pop()):
            for root in roots:
                for path in _files(root, module):
                    place = path.relative_to(root).as_posix()
                    if place not in found:
                        found[place] = path
                        waiting.append(path)
    return found


def _imported(path: Path) -> Iterator[str]:
    """Yield the modules that a file names in its imports, and what it takes from them: these may be modules, too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files(root: Path, module: str) -> Iterator[Path]:
    """Yield a module's file and those of its packages, as far as they are below ``root``."""
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        base = root.joinpath(*parts[:end])
        for path in (base / "__init__.py", base.with_suffix(".py")):
            if path.is_file():
                yield path


def _installed(requirements: Path) -> Iterator[Path]:
    """Yield the files of the requirements that a running function may need."""
    for path in sorted(requirements.rglob("*")):
        inner = path.relative_to(requirements)
        if not path.is_file() or path.suffix in NOT_RUN or inner.parts[0] == "bin" or inner.name.startswith("."):
            continue
        if inner.parts[0].endswith(".dist-info") and inner.name not in METADATA:
            continue
        yield path


def _compile(path: Path, stage: Path) -> None:
    """Compile a module, unless it was when it was installed."""
    target = path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc"
    if not target.exists():
        place, mode = path.relative_to(stage).as_posix(), py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(path), str(target), dfile=place, doraise=True, invalidation_mode=mode)


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)


def _write(stage: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as target:
        for path in sorted(stage.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(stage).as_posix(), BIRTH_OF_ZIP)
                entry.external_attr = (0o755 if path.suffix == ".so" else 0o644) << 16
                target.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    pack(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))

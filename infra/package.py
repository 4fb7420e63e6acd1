"""Make dist/plugins.zip, the form in which Amazon MWAA takes plugins/.

usage: python3 infra/package.py

The same sources give the same bytes, so that Terraform sees a change only where there is one.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIRTH_OF_ZIP = (1980, 1, 1, 0, 0, 0)  # a date of its own for every file would change the archive with every checkout


def package(plugins: Path, archive: Path) -> list[str]:
    """Write every file below ``plugins`` to ``archive`` and return their names.

    :raises SystemExit: there is no ``.airflowignore``: without it Airflow executes every module under its bare file name
    """
    if not (plugins / ".airflowignore").is_file():
        raise SystemExit(
            f"{plugins / '.airflowignore'} is missing: without it Airflow executes every plugin module by itself."
        )
    files = {
        path.relative_to(plugins).as_posix(): path
        for path in plugins.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w") as target:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, BIRTH_OF_ZIP)
            entry.external_attr = 0o644 << 16
            target.writestr(entry, files[name].read_bytes(), zipfile.ZIP_DEFLATED)
    return sorted(files)


if __name__ == "__main__":
    made = ROOT / "dist" / "plugins.zip"
    print(f"{made.relative_to(ROOT)}: {len(package(ROOT / 'plugins', made))} files")

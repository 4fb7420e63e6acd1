"""The code editor of Airflow's user interface, served by Airflow itself as in MWAA's image, not by a CDN."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from local.layout import Layout

PACKAGE = "monaco-editor@0.52.2"  # the version that Airflow 3.2.1 asks for
SHA512 = (
    "18441611999f90e18b75ddd72bcaf2adf5b3dc020ff18ca655788f1c475ec2b5"
    "2aee6874aab2ab7c72cd09771b07ab139cc2e7399df3b5288a71c885524209c1"
)
INSIDE = "package/min/vs/"
ADDRESS = re.compile(r"([`\"'])https://[^`\"']+/monaco-editor@[\d.]+/min/vs\1")
HERE = '(self.location.origin+"/static/assets/monaco/vs")'


def install(layout: Layout) -> bool:
    """Put the editor beside Airflow's own scripts where npm can fetch it; return whether it is there.

    Without it the user interface lacks only its view of a DAG's code while offline, so nothing here is an error.
    """
    assets = layout.site_packages("airflow") / "airflow" / "ui" / "dist" / "assets"
    if (assets / "monaco").exists():
        return True
    npm = shutil.which("npm")
    if npm is None or not assets.is_dir():
        return False
    with tempfile.TemporaryDirectory() as folder:
        if not _fetch(npm, Path(folder)):
            return False
        shutil.copytree(Path(folder) / "vs", assets / "monaco" / "vs")
    for script in assets.glob("*.js"):
        text = script.read_text(encoding="utf-8")
        changed = ADDRESS.sub(HERE, text)
        if changed != text:
            script.unlink()  # a hard link to the installer's cache
            script.write_text(changed, encoding="utf-8")
    return True


def _fetch(npm: str, folder: Path) -> bool:
    """Fetch and unpack the editor into ``folder/vs``; tell whether that worked and it is what it should be."""
    command = [npm, "pack", PACKAGE, "--silent", "--pack-destination", str(folder)]
    try:
        subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=True)
    except (subprocess.SubprocessError, OSError):  # no registry to be reached
        return False
    [archive] = folder.glob("*.tgz")
    if hashlib.sha512(archive.read_bytes()).hexdigest() != SHA512:
        return False
    with tarfile.open(archive) as files:
        for member in files:
            if member.isfile() and member.name.startswith(INSIDE) and ".." not in member.name:
                target = folder / "vs" / member.name[len(INSIDE) :]
                target.parent.mkdir(parents=True, exist_ok=True)
                content = files.extractfile(member)
                target.write_bytes(content.read() if content else b"")
    return True

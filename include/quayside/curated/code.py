"""The code of the Glue job, put where Glue finds it: what runs there is never of another version than the worker's."""

import hashlib
import io
import zipfile
from pathlib import Path

from quayside.lake import Lake

INCLUDE = Path(__file__).resolve().parents[2]
SCRIPT = INCLUDE / "glue_scripts" / "curate.py"
MODULES = ("quayside/curated/spark/*.py", "quayside/venues.py")
_PARENTS = ("quayside", "quayside/curated")  # empty there: what they hold here needs libraries that Glue lacks


def deploy(lake: Lake) -> dict[str, str]:
    """Put script and package into the lake, unless they are there; return the job's arguments that name them.

    :raises Retryable: S3 did not take them
    """
    modules = sorted(module for pattern in MODULES for module in INCLUDE.glob(pattern))
    texts = [SCRIPT.read_bytes(), *(module.name.encode() + b"\0" + module.read_bytes() for module in modules)]
    mark = hashlib.sha256(b"\0".join(texts)).hexdigest()[:12]
    script, package = f"artifacts/glue/curate-{mark}.py", f"artifacts/glue/quayside-{mark}.zip"
    for key, make in ((script, SCRIPT.read_bytes), (package, lambda: _zipped(modules))):
        if not lake.exists(key):
            lake.write_bytes(key, make())
    return {"--scriptLocation": lake.uri(script), "--extra-py-files": lake.uri(package)}


def _zipped(modules: list[Path]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for parent in _PARENTS:
            archive.writestr(f"{parent}/__init__.py", "")
        for module in modules:
            archive.write(module, module.relative_to(INCLUDE))
    return buffer.getvalue()

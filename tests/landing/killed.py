"""A run that is killed at a given point: ``python -m tests.landing.killed <point> <host> <port> <dbname> <table>``."""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from quayside import upload
from quayside.contract import load_contract
from quayside.lake import ParquetFile
from quayside.landing import batches, land
from quayside.ledger import Ledger
from quayside.manifest import Manifest
from quayside.run import Run
from quayside.settings import Credentials
from quayside.upload import Upload

POINTS: dict[str, tuple[type, str, bool]] = {  # a method of a class, and whether it is still carried out
    "in a file": (ParquetFile, "finish", False),
    "between parts of a file": (Upload, "_received", True),
    "after the files": (Manifest, "write", False),
    "after the manifest": (Ledger, "record", False),
    "after the ledger": (Ledger, "record", True),
}


def main() -> None:
    """Land, but not to the end."""
    point, host, port, dbname, table = sys.argv[1:]
    owner, name, carried_out = POINTS[point]
    method: Callable[..., Any] = getattr(owner, name)

    def killing(*arguments: Any, **options: Any) -> None:
        if carried_out:
            method(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, killing)
    batches.CHUNK = 1_000
    upload.PART = 8 * 1024
    land(
        [load_contract(f"totesys.{table}")],
        Run.of("run"),
        Credentials(host, int(port), dbname, "quayside_extract", "secret"),
    )


if __name__ == "__main__":
    main()

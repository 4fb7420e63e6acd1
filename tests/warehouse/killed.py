"""Loads in a process of its own, which kills itself without a word at a given point."""

import os
import signal
import sys
from typing import Any

from quayside.contract import contract_names, load_contract
from quayside.ledger import Ledger
from quayside.run import Run
from quayside.settings import Credentials
from quayside.warehouse import load


def die(*_: Any, **__: Any) -> None:
    """End at once: no rollback, no goodbye."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(point: str, port: str, dbname: str, product: str = "totesys") -> None:
    """Load until the point is reached: ``facts`` in mid-transaction, or ``advance`` right after the commit.

    Or ``replaced``: when a fact's dates have been replaced.
    """

    def progress(dataset: str, message: str) -> None:
        if point == "facts" and dataset.startswith("warehouse.fact_") and message.startswith("loading"):
            die()

    if point == "replaced":
        sys.modules["quayside.warehouse.load"].forget_members = die  # type: ignore[attr-defined]
    if point == "advance":
        Ledger.advance = die  # type: ignore[method-assign]
    load(
        [load_contract(name) for name in contract_names("warehouse", product=product)],
        Run.of("killed", progress),
        Credentials("127.0.0.1", int(port), dbname, "quayside_loader", "secret"),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

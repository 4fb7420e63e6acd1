"""The gate in a process of its own: ``python -m tests.quality.alone <dataset> [<step to die after>]``.

Prints, as JSON, peak memory in MB after the imports and at the end, seconds, and whether anything spoke to a host
other than this one.
"""

import importlib
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

import quayside.curated
from quayside.contract import load_contract
from quayside.ledger import Ledger
from quayside.quality import gate
from quayside.quality.page import Page
from quayside.quality.quarantine import Quarantine
from quayside.run import Run

STEPS: dict[str, tuple[Any, str]] = {
    "some rejected rows": (Quarantine, "add"),
    "the quarantine": (Quarantine, "__exit__"),
    "the results": (sys.modules["quayside.quality.gate"], "write_results"),
    "the page": (Page, "show"),
    "the ledger": (Ledger, "advance"),
}
NO_KEYS = pa.table({"key": pa.array([], pa.int64())})


def main(dataset: str, last: str = "") -> None:
    """Run the gate once."""
    quayside.curated.current_keys = lambda contract, run: NO_KEYS  # type: ignore[attr-defined, assignment]
    if last:
        owner, name = STEPS[last]
        setattr(owner, name, dying(getattr(owner, name)))
    strangers = watched_connections()
    run = Run.of("alone")
    waiting = bool(run.ledger.pending(dataset, "gate"))
    if waiting:
        importlib.import_module("quayside.quality.expectations")  # so that its memory is in the first figure
    imported = peak()
    gate([load_contract(dataset)], run)
    print(
        json.dumps(
            {"imported": imported, "peak": peak(), "gx": "great_expectations" in sys.modules, "strangers": strangers}
        )
    )


def dying(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, and a kill -9 after it."""

    def call(*arguments: Any, **named: Any) -> None:
        function(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return call


def watched_connections() -> list[str]:
    """A list that fills with the addresses, other than this machine's, that anything here looks up or connects to."""
    seen: list[str] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.getaddrinfo"):
            address = arguments[1] if event == "socket.connect" else arguments
            host = address[0] if isinstance(address, tuple) else address
            if host not in ("127.0.0.1", "localhost", "::1", None):
                seen.append(str(host))

    sys.addaudithook(watch)
    return seen


def peak() -> float:
    """Peak memory of this process so far, in MB."""
    status = Path("/proc/self/status")  # Linux lets a child inherit its parent's peak in ru_maxrss
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])

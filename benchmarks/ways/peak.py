"""Runs in any of the virtual environments: time and memory of the process itself."""

import json
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def peak() -> float:
    """Return the highest resident set of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage also counts what the parent held while it made this process
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text())
        if found:
            return int(found[1]) / 1024
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1024 if sys.platform != "darwin" else 1024 * 1024)


def main(ways: dict[str, Callable[[dict[str, Any]], Callable[[], None]]]) -> None:
    """Prepare the way named on the command line with the task on standard input, then time it.

    A way imports and prepares when called, and returns what is to be timed.
    """
    go = ways[sys.argv[1]](json.load(sys.stdin))
    began = time.perf_counter()
    go()
    print(json.dumps({"seconds": time.perf_counter() - began, "peak": peak()}))

"""Run the benchmarks and write their tables to benchmarks/RESULTS.md.

usage: python -m benchmarks [extraction|load|flow|parse|local_aws|hospitality|serving|all]
"""

import argparse
import sys
import time
from collections.abc import Callable
from importlib import import_module

from benchmarks.report import RESULTS, Section, write
from benchmarks.servers import Skipped

BENCHMARKS = ("parse", "flow", "load", "extraction", "local_aws", "hospitality", "serving")


def main() -> None:
    """Run one or all; a benchmark that lacks something tells what, and leaves its last table as it is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("what", nargs="?", default="all", choices=(*BENCHMARKS, "all"))
    what = parser.parse_args().what
    missed = []
    for name in BENCHMARKS if what == "all" else (what,):
        print(f"{name}", flush=True)
        began = time.monotonic()
        run: Callable[[], Section] = import_module(f"benchmarks.{name}").run
        try:
            section = run()
        except Skipped as reason:
            print(f"  skipped: {reason}", flush=True)
            continue
        write(section)
        missed += [f"{name}: {target.what}" for target in section.targets if not target.met]
        print(f"  {RESULTS.name} has the new table ({time.monotonic() - began:.0f} s)", flush=True)
    if missed:
        sys.exit("Not met:\n  " + "\n  ".join(missed))


if __name__ == "__main__":
    main()

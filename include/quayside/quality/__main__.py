"""The gate by hand: list what is blocked, or let it pass.

``python -m quayside.quality blocked totesys``
``python -m quayside.quality release totesys.sales_order 00000012-1a2b3c4d --by Ana --reason "a sale of samples"``
"""

import argparse
import sys

from quayside.contract import contract_names
from quayside.errors import QuaysideError
from quayside.quality.gate import release
from quayside.run import Run


def main(arguments: list[str]) -> int:
    """Do what the command line says; return the process's exit code."""
    parser = argparse.ArgumentParser(prog="python -m quayside.quality", description="What the quality gate holds back.")
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("blocked", help="list the batches that wait for a person")
    listing.add_argument("pipeline", help="e.g. totesys")
    passing = commands.add_parser("release", help="let a blocked batch pass; the ledger keeps who and why")
    passing.add_argument("dataset", help="e.g. totesys.sales_order")
    passing.add_argument("batch")
    passing.add_argument("--by", required=True, help="who decides")
    passing.add_argument("--reason", required=True)
    given = parser.parse_args(arguments)
    try:
        run = Run.of("by-hand")
        if given.command == "release":
            release(given.dataset, given.batch, run, by=given.by, reason=given.reason)
            print(f"{given.dataset}: batch {given.batch} passes with the next run")
        else:
            _list_blocked(given.pipeline, run)
    except QuaysideError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _list_blocked(pipeline: str, run: Run) -> None:
    for dataset in contract_names(pipeline):
        for entry in run.ledger.pending(dataset, "gate"):
            if entry.status == "blocked":
                print(f"{dataset} {entry.batch}: {entry.facts['blocked_by']}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The gate by hand: list what is blocked or in quarantine, let it pass, or land it again.

``python -m quayside.quality blocked totesys``
``python -m quayside.quality release totesys.sales_order 00000012-1a2b3c4d --by Ana --reason "a sale of samples"``
``python -m quayside.quality quarantined swiftpos.sale [00000012-1a2b3c4d]``
``python -m quayside.quality replay swiftpos.sale 00000012-1a2b3c4d --row 17 --by Ana --reason "a gift, as agreed"``
``python -m quayside.quality replay humanforce.timesheet 00000012-1a2b3c4d --corrected rows.json --by Ana --reason …``
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import msgspec

from quayside.contract import contract_names
from quayside.errors import QuaysideError
from quayside.quality.gate import release
from quayside.quality.rejected import rejected
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
    held = commands.add_parser(
        "quarantined", help="list the rejected records of a dataset by batch, or of a batch by row"
    )
    held.add_argument("dataset", help="e.g. swiftpos.sale")
    held.add_argument("batch", nargs="?")
    again = commands.add_parser("replay", help="land rejected records again, as they are or corrected")
    again.add_argument("dataset", help="e.g. swiftpos.sale")
    again.add_argument("batch")
    again.add_argument("--row", type=int, action="append", help="only this row; may be given again; else all")
    again.add_argument("--rule", help="only what this rule has rejected")
    again.add_argument("--corrected", type=Path, help="a JSON file: row → the whole record as it should have been")
    again.add_argument("--by", required=True, help="who decides")
    again.add_argument("--reason", required=True)
    given = parser.parse_args(arguments)
    try:
        run = Run.of("by-hand")
        {"release": _release, "quarantined": _list_quarantined, "replay": _replay, "blocked": _list_blocked}[
            given.command
        ](given, run)
    except QuaysideError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _release(given: argparse.Namespace, run: Run) -> None:
    release(given.dataset, given.batch, run, by=given.by, reason=given.reason)
    print(f"{given.dataset}: batch {given.batch} passes with the next run")


def _replay(given: argparse.Namespace, run: Run) -> None:
    from quayside.quality.replay import replay  # imports what lands, which the others do without

    corrected = (
        msgspec.json.decode(given.corrected.read_bytes(), type=dict[int, msgspec.Raw]) if given.corrected else {}
    )
    landed = replay(
        given.dataset,
        given.batch,
        run,
        rows=given.row,
        rule=given.rule,
        corrected=corrected,
        by=given.by,
        reason=given.reason,
    )
    print(f"{given.dataset}: {landed.rows} records of batch {given.batch} are batch {landed.batch}, for the next run")


def _list_quarantined(given: argparse.Namespace, run: Run) -> None:
    if given.batch:
        for each in rejected(given.dataset, given.batch, run):
            print(f"row {each.row}: {each.reason}{f' (replayed by {each.by})' if each.by else ''}")
        return
    for entry in run.ledger.batches(given.dataset):
        if entry.facts.get("rejected"):
            known = rejected(given.dataset, entry.batch, run)
            rules = Counter(rule for each in known for rule in each.rules)
            counted = ", ".join(f"{rule} {rows}" for rule, rows in sorted(rules.items()))
            again = sum(each.by is not None for each in known)
            print(f"{given.dataset} {entry.batch} {entry.status}: {len(known)} rows, {again} replayed: {counted}")


def _list_blocked(given: argparse.Namespace, run: Run) -> None:
    for dataset in contract_names(given.pipeline):
        for entry in run.ledger.pending(dataset, "gate"):
            if entry.status == "blocked":
                print(f"{dataset} {entry.batch}: {entry.facts['blocked_by']}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

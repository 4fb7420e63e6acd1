"""A run that is killed while it lands hotels: ``python -m tests.landing.killed_feed <point> feed|files``.

The vendors' secrets and their time are in the environment, in SECRETS (JSON) and NOW.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from quayside.contract import load_contract
from quayside.landing.feeds import land_feed
from quayside.landing.files import land_files
from quayside.ledger import Ledger
from quayside.manifest import Manifest
from quayside.run import Run
from quayside.sources.swiftpos import SwiftPos
from quayside.upload import Upload

POINTS: dict[str, tuple[type, str, bool]] = {  # a method of a class, and whether it is still carried out
    "in a file": (Upload, "finish", False),
    "after the files": (Manifest, "write", False),
    "after the manifest": (Ledger, "record", False),
    "after the ledger": (Ledger, "record", True),
    "amid the notes": (Ledger, "note_all", True),
}


def main() -> None:
    """Land, but not to the end."""
    point, what = sys.argv[1:]
    owner, name, carried_out = POINTS[point]
    method: Callable[..., Any] = getattr(owner, name)

    def killing(*arguments: Any, **options: Any) -> None:
        if carried_out:
            method(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, killing)
    if what == "files":
        land_files(load_contract("aristocrat.reading"), Run.of("run"))
    else:
        feed = SwiftPos(json.loads(os.environ["SECRETS"])["swiftpos"])
        contracts = [load_contract("swiftpos.sale"), load_contract("swiftpos.member_transaction")]
        land_feed(contracts, Run.of("run"), feed, datetime.fromisoformat(os.environ["NOW"]))


if __name__ == "__main__":
    main()

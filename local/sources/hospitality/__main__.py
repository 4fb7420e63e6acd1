"""The hotels' vendors on the command line.

Both see the real time. `serve` takes what clients have to know from VENDORS_CREDENTIALS, JSON such as
{"swiftpos": {"clerk_id": …, "client_id": …, "customer_id": …, "signature": …, "identity": …},
"humanforce": {"key": …, "secret": …}}. `drop` runs in the Airflow environment and finds S3 as every AWS client does.
"""

import argparse
import json
import os
import signal
import sys
import threading
from datetime import UTC, date, datetime
from functools import partial

from local.sources.hospitality.clock import Clock
from local.sources.hospitality.vendors import CREDENTIALS, Vendors
from local.sources.hospitality.world import World

SEED = 2024


def main() -> None:
    """Answer as the vendors, or drop their files."""
    parser = argparse.ArgumentParser(
        prog="python -m local.sources.hospitality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True)
    serving = commands.add_parser("serve", help="answer as SwiftPOS and Humanforce until stopped")
    serving.add_argument("--port", type=int, required=True)
    serving.set_defaults(run=serve)
    dropping = commands.add_parser("drop", help="drop the gaming files that have arrived since the last time")
    dropping.add_argument("--bucket", required=True, help="the inbox; files go below aristocrat/")
    dropping.add_argument("--keep-on", action="store_true", help="drop each quarter hour's until interrupted")
    dropping.set_defaults(run=drop)
    for command in (serving, dropping):
        command.add_argument("--begins", type=date.fromisoformat, required=True, help="the first day of trade")
        command.add_argument("--seed", type=int, default=SEED, help="another seed, other hotels")
        command.add_argument("--trade", type=float, default=1.0, help="share of the usual number of sales")
    options = parser.parse_args()
    options.run(World(options.seed, options.begins, options.trade), options)


def serve(world: World, options: argparse.Namespace) -> None:
    """Answer until told to stop."""
    try:
        given = json.loads(os.environ["VENDORS_CREDENTIALS"])
        credentials = {vendor: {name: given[vendor][name] for name in names} for vendor, names in CREDENTIALS.items()}
    except (KeyError, TypeError, ValueError):
        sys.exit("VENDORS_CREDENTIALS is not set, or not complete: `python -m local.sources.hospitality --help`.")
    vendors = Vendors(world, Clock(), port=options.port, credentials=credentials, log=partial(print, flush=True))
    stop = _told_to_stop()
    with vendors:
        print(f"SwiftPOS and Humanforce answer below {vendors.url}, from {options.begins} on.", flush=True)
        stop.wait()


def drop(world: World, options: argparse.Namespace) -> None:
    """Drop what has arrived since the last time, and go on if that is wished."""
    from local.sources.hospitality.inbox import S3Inbox

    inbox, stop = S3Inbox(options.bucket), _told_to_stop()
    while not stop.is_set():
        now = datetime.now(UTC)
        files = world.dropped(inbox.dropped_until or world.opens, now)
        for file in files:
            if stop.is_set():
                return  # the same is dropped again the next time
            inbox(file.name, file.content)
        inbox.remember(now)
        if files or not options.keep_on:
            print(f"{now:%H:%M:%S}  {len(files):,} gaming files dropped", flush=True)
        if not options.keep_on:
            return
        stop.wait(20)


def _told_to_stop() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


if __name__ == "__main__":
    main()

"""The demo source on the command line; TOTESYS_URL says where it is. Run in the Airflow environment.

usage: python -m local.sources.totesys create --seed demo|empty [--orders N] [--random-seed S]
       python -m local.sources.totesys live [--per-minute N] [--seconds S]
"""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from random import Random

import psycopg

from local.sources.totesys.demo import fill, generate
from local.sources.totesys.live import Live
from local.sources.totesys.schema import RoleMissing, create_schema

ORDERS = 18_000  # with their payments more than 36,000 rows


def main() -> None:
    """Create and fill the source, or keep writing to it."""
    parser = argparse.ArgumentParser(prog="python -m local.sources.totesys", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    creating = commands.add_parser("create", help="create the tables and fill them")
    creating.add_argument("--seed", choices=("demo", "empty"), default="demo", help="a year of trade, or nothing")
    creating.add_argument("--orders", type=int, default=ORDERS, help="sales and purchases (default %(default)s)")
    creating.add_argument("--random-seed", type=int, default=2024, help="another seed, another shop")
    creating.set_defaults(run=create)
    living = commands.add_parser("live", help="keep writing until interrupted")
    living.add_argument("--per-minute", type=float, default=60, help="events a minute (default %(default)s)")
    living.add_argument("--seconds", type=float, help="stop after so long (default: when interrupted)")
    living.set_defaults(run=live)
    options = parser.parse_args()
    url = os.environ.get("TOTESYS_URL")
    if not url:
        sys.exit("TOTESYS_URL is not set. `make up` writes it to .local/env: `set -a; . .local/env`.")
    try:
        options.run(partial(psycopg.connect, url), options)
    except (psycopg.OperationalError, RoleMissing) as error:
        sys.exit(f"totesys: {error}")


def create(connect: Callable[[], psycopg.Connection], options: argparse.Namespace) -> None:
    """Create the schema and, for a demo, its rows; a source that has rows keeps them."""
    with connect() as connection:
        create_schema(connection)
        print("The schema is in place.", flush=True)
        if options.seed == "empty":
            return
        if connection.execute("select from currency limit 1").fetchone() is not None:
            print("It holds rows already: left alone.")
            return
        began = time.monotonic()
        tables = generate(options.random_seed, options.orders, datetime.now(UTC).replace(tzinfo=None))
        print(f"Generated {sum(len(table.rows) for table in tables.values()):,} rows.", flush=True)
        written = fill(connection, tables)
        print(
            f"Filled with {written:,} rows in {time.monotonic() - began:.1f} s."
            if written
            else "It holds rows already: left alone."
        )


def live(connect: Callable[[], psycopg.Connection], options: argparse.Namespace) -> None:
    """Write about so many events a minute, one line each, until interrupted."""
    with connect() as connection:
        create_schema(connection)
        fill(connection, generate(1, 0, datetime.now(UTC).replace(tzinfo=None)))  # an empty shop has nothing to sell
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    random = Random()  # noqa: S311
    shop = Live(connect, random)
    until = time.monotonic() + options.seconds if options.seconds else float("inf")
    try:
        while not stop.is_set() and time.monotonic() < until:
            print(f"{datetime.now(UTC):%H:%M:%S}  {shop.step()}", flush=True)
            stop.wait(min(random.expovariate(options.per_minute / 60), max(0.0, until - time.monotonic())))
    finally:
        shop.close()


if __name__ == "__main__":
    main()

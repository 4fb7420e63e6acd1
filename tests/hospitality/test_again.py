"""The same window again and again: nothing that anyone reads changes, and what came later stays."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from local.postgres import Postgres
from local.sources.hospitality import World
from quayside.landing.feeds import backfill_feed
from quayside.quality.gate import gate
from quayside.settings import Credentials
from quayside.sources.swiftpos import SwiftPos
from tests.conftest import Databases, new_settings
from tests.support.hotels import Hotels, sources

pytestmark = pytest.mark.timeout(900)  # a Glue run for each time
TIMES = 3  # ten take six minutes
NOW, DAY = datetime(2026, 4, 14, 3), timedelta(days=1)
TABLES = (
    "dim_member",
    "dim_product",
    "dim_terminal",
    "fact_member_transaction",
    "fact_payment_taken",
    "fact_sale_item",
)


@pytest.fixture(scope="module")
def hotels(aws: str, postgres: Postgres) -> Iterator[Hotels]:
    """Two hotels whose tills have been read until now: the last three days a day at a time."""
    databases = Databases(postgres)
    name = databases("quayside_loader")
    settings = new_settings()
    with pytest.MonkeyPatch.context() as environment:
        for field in settings.__dataclass_fields__:
            environment.setenv(f"QUAYSIDE_{field.upper()}", getattr(settings, field))
        warehouse = Credentials("127.0.0.1", postgres.port, name, "quayside_loader", "secret")
        with Hotels(settings, replace(warehouse), World(11, date(2026, 4, 4), trade=0.3), NOW - 3 * DAY) as made:
            for days in (3, 2, 1, 0):
                made.until(NOW - days * DAY)
                run = made.new_run()
                made.land("swiftpos", run)
                gate(sources("swiftpos"), run)
            made.curate("swiftpos", made.new_run())
            made.serve()
            yield made
    databases.drop()


def test_the_same_window_again_and_again_ends_the_same(hotels: Hotels):
    before = {table: rows(hotels, table) for table in TABLES}
    assert all(before.values())
    first, last = NOW - 5 * DAY, NOW - 4 * DAY
    assert sent_again(hotels, first, last)

    for _ in range(TIMES):
        run = hotels.new_run()
        feed = SwiftPos(hotels.vendors.secret("swiftpos"))
        assert any(each.rows for each in backfill_feed(sources("swiftpos"), run, feed, first, last))
        gate(sources("swiftpos"), run)
        hotels.curate("swiftpos", run)
        hotels.serve()

        assert {table: rows(hotels, table) for table in TABLES} == before


def sent_again(hotels: Hotels, since: datetime, until: datetime) -> list[int]:
    """Return the sales that were sent in a window, and once more after it."""
    found = []
    for venue in hotels.world.venues:
        times = defaultdict[int, list[datetime]](list)
        for posting in hotels.world.postings(venue, since.date()):
            times[posting.sale_id].append(posting.at.replace(tzinfo=None))
        found += [
            sale
            for sale, (first, *later) in times.items()
            if since <= first < until and max(later, default=since) > until
        ]
    return found


def rows(hotels: Hotels, table: str) -> set[tuple[object, ...]]:
    """Return all rows of a star, as text."""
    return set(hotels.query(f"select t::text from warehouse.{table} as t"))

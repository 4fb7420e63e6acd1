"""The hotels' lake and warehouse, filled once for all tests that ask them, and what truly happened there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from local.postgres import Postgres
from local.sources.hospitality import World
from quayside.contract import contract_names, load_contract
from quayside.curated.masked import mask_tables
from quayside.settings import Credentials, Settings
from tests.conftest import Databases, new_settings
from tests.hospitality import curated, stars
from tests.hospitality.edges import Edges
from tests.hospitality.truth import Truth

Worlds = tuple[tuple[World, datetime], ...]
NOW = datetime(2026, 4, 9, 3, 34, tzinfo=UTC)  # in the middle of a day
# Daylight saving begins on 5 October 2025 and ends on 5 April 2026.
SPRING, AUTUMN = (date(2025, 10, 3), date(2025, 10, 7)), (date(2026, 3, 30), date(2026, 4, 8))


@dataclass(frozen=True, slots=True)
class Places:
    """What happened in a spring and in an autumn, and where it can be asked.

    :param rows: of the curated tables
    :param analyst: somebody who may see no personal data in the warehouse
    """

    worlds: Worlds
    truth: Truth
    rows: curated.Rows
    lake: Settings
    warehouse: Credentials
    analyst: Credentials


@contextmanager
def filled(postgres: Postgres) -> Iterator[Places]:
    """Fill a lake and the warehouse that follows from it."""
    worlds = (
        (World(seed=7, begins=SPRING[0], trade=0.4), datetime(2025, 10, 12, tzinfo=UTC)),
        (World(seed=7, begins=AUTUMN[0], trade=0.4), NOW),
    )
    every = (*worlds, (Edges(), NOW))
    rows: curated.Rows = {}
    for world, now in every:
        for table, some in curated.rows(world, now).items():
            rows.setdefault(table, []).extend(some)
    settings, databases = new_settings(), Databases(postgres)
    warehouse = Credentials("127.0.0.1", postgres.port, databases("quayside_loader"), "quayside_loader", "secret")
    curated.put(rows, settings)
    stars.fill(settings, warehouse)
    curated.spoil(settings)
    mask_tables({name.partition(".")[2]: load_contract(name) for name in contract_names("hospitality")}, settings)
    yield Places(worlds, Truth(*every), rows, settings, warehouse, replace(warehouse, username="ana"))
    databases.drop()

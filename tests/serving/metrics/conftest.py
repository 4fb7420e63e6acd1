"""Both engines, with the hotels' days."""

from collections.abc import Iterator

import psycopg
import pytest

from quayside.serving.access import Access
from quayside.serving.metrics import Compiled, MetricLayer, Query, load_layer
from tests.hospitality.places import Places
from tests.serving.metrics import asking
from tests.serving.metrics.asking import Ask, Rows

ADMIN = Access(role="admin", venues=None)


class Engines:
    """The lake and the warehouse."""

    def __init__(self, layer: MetricLayer, database: str, ask: dict[str, Ask]) -> None:
        self.layer, self.database, self._ask = layer, database, ask

    def compiled(self, query: Query, dialect: str, access: Access = ADMIN) -> Compiled:
        return self.layer.compile(query, access, dialect, self.database)

    def rows(self, query: Query, dialect: str, access: Access = ADMIN) -> Rows:
        return self.ask(self.compiled(query, dialect, access))

    def ask(self, compiled: Compiled) -> Rows:
        return self._ask[compiled.dialect](compiled)


@pytest.fixture(scope="session")
def layer() -> MetricLayer:
    return load_layer()


@pytest.fixture(scope="session")
def engines(hotels: Places, layer: MetricLayer) -> Iterator[Engines]:
    """Who asks the hotels' lake and warehouse, as the API's Lambdas do."""
    # Under a name of its own: tests of failures end all connections of the platform.
    conninfo = {**hotels.warehouse.conninfo(), "application_name": "tests"}
    with psycopg.connect(**conninfo) as connection:  # type: ignore[arg-type]
        ask = {"athena": asking.athena(hotels.lake), "postgres": asking.postgres(connection)}
        yield Engines(layer, hotels.lake.catalog_database, ask)

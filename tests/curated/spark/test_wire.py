"""A window's way from landed lines to rows in Athena, through a Glue job that runs in the local AWS."""

import sys
from types import ModuleType

import pytest

from quayside.settings import Settings
from tests.curated.spark.vendors import sale
from tests.curated.spark.wire import House

BELLA = {"Id": 1, "Name": "Bella Vista Hotel"}


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> list:
    """What was to be derived for the stars."""
    calls = []
    module = ModuleType("quayside.curated.stars")
    module.derive_stars = lambda changes, inputs, stars, run: calls.append((dict(changes), inputs)) or []
    monkeypatch.setitem(sys.modules, "quayside.curated.stars", module)
    return calls


@pytest.fixture
def house(settings: Settings, derived: list) -> House:
    return House(settings)


def test_a_window(house, derived):
    batch = house.land("swiftpos.sale", [(BELLA, sale(1)), (BELLA, sale(2)), (BELLA, sale(3))], rejected=[])

    run = house.curate("swiftpos")
    print(run)
    print(house.rows("select * from sale"))
    print(house.rows("select sum(total_inc), count(*) from sale_item"))
    assert 0

"""What the simulated vendors show is what the contracts promise."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from local.sources.hospitality import World
from local.sources.hospitality.encoding import encode
from quayside.contract import load_contract
from quayside.quality import gate
from tests.quality.conftest import Shop
from tests.quality.records import land

NOW = datetime(2026, 1, 8, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=7, begins=date(2026, 1, 1), trade=0.3)


def sales(world: World) -> Iterator[tuple[Any, Any]]:
    for sale in world.sales(NOW):
        venue = sale.pop("Venue")
        yield sale, venue


def shown(world: World) -> dict[str, Iterator[tuple[Any, Any]]]:
    return {
        "swiftpos.sale": sales(world),
        "swiftpos.member_transaction": (
            (each, {"MemberId": each["Member"]["Id"]}) for each in world.member_transactions(NOW)
        ),
        "swiftpos.product": ((each, None) for each in world.products(NOW)),
        "humanforce.timesheet": ((each, None) for each in world.timesheets(NOW)),
        "humanforce.roster_item": ((each, None) for each in world.roster_items(NOW)),
    }


def test_nothing_that_the_simulated_vendors_show_is_rejected(shop: Shop, world: World) -> None:
    contracts = [load_contract(name) for name in shown(world)]
    for contract in contracts:
        records = shown(world)[contract.name]
        lines = [encode({"row": row, "of": of, "record": record}) for row, (record, of) in enumerate(records)]
        assert lines
        land(shop.lake, shop.ledger, contract, lines)

    verdicts = gate(contracts, shop.run())

    assert {verdict.dataset: (verdict.rejected, verdict.warnings) for verdict in verdicts} == {
        contract.name: (0, ()) for contract in contracts
    }

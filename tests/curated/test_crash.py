"""Kill −9 anywhere in a run: the next try ends in the same content, and the warehouse misses nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.curated.support import World, at

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("fact_sales_order", "dim_staff", "dim_design", "dim_date")

KILL = """
import os, signal, sys
from quayside.curated.catalog import Catalog
from quayside.curated.curate import _Work
from quayside.ledger import Ledger
from quayside.manifest import Manifest
from quayside.settings import Settings
from tests.curated.support import World

owner, name, calls = {"Catalog": Catalog, "Ledger": Ledger, "Manifest": Manifest, "Work": _Work}[sys.argv[1]], sys.argv[2], int(sys.argv[3])
real = getattr(owner, name)

def die(*args, **kwargs):
    global calls
    if calls == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    calls -= 1
    return real(*args, **kwargs)

setattr(owner, name, die)
World(Settings.from_environment()).curate()
"""

POINTS = [  # die instead of the n-th call of …
    pytest.param("Manifest", "write", 1, id="after a change batch's files"),
    pytest.param("Ledger", "record_derived", 1, id="after a change batch's manifest"),
    pytest.param("Work", "_swap", 0, id="after the change batches are recorded"),
    pytest.param("Catalog", "place_partitions", 1, id="amid the swap of the stars"),
    pytest.param("Catalog", "place_partitions", 3, id="amid the swap of the sources"),
    pytest.param("Ledger", "advance", 0, id="after the swap"),
    pytest.param("Ledger", "advance", 1, id="amid the ledger's notes"),
]


def first(world: World) -> None:
    world.land("department", {"department_id": 1, "last_updated": at(0), "department_name": "Sales"})
    world.land("staff", {"staff_id": 1, "last_updated": at(0)}, {"staff_id": 2, "last_updated": at(0)})
    world.land("sales_order", *({"sales_order_id": key, "last_updated": at(0)} for key in (1, 2, 3, 300_000)))


def second(world: World) -> None:
    """An update, a delete, a restore as it was, a new row, a renamed department, a new design; days of another year."""
    world.land("department", {"department_id": 1, "last_updated": at(5), "department_name": "Commerce"})
    world.land("design", {"design_id": 1, "last_updated": at(5)})
    world.land(
        "sales_order",
        {"sales_order_id": 1, "last_updated": at(5), "units_sold": 99},
        {"sales_order_id": 4, "last_updated": at(5).replace(month=6), "agreed_delivery_date": "2027-01-01"},
    )
    world.delete("sales_order", 2, 3, 300_000, seen=at(9))
    world.land("sales_order", {"sales_order_id": 3, "last_updated": at(0)}, seen=at(12), kind="backfill")


def content(world: World) -> dict[str, Any]:
    return {name: world.rows(name) for name in ("totesys_sales_order", "totesys_department", "totesys_design", *TABLES)}


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    """Filled by the first test: what the batches end in when nothing is killed."""
    return {}


@pytest.mark.parametrize(("owner", "name", "calls"), [pytest.param("", "", 0, id="nowhere"), *POINTS])
def test_a_killed_run_done_again_ends_in_the_same_content(
    world: World, undisturbed: dict[str, Any], owner: str, name: str, calls: int
) -> None:
    first(world)
    world.curate()
    second(world)
    if owner:
        killed = subprocess.run(
            [sys.executable, "-c", KILL, owner, name, str(calls)],
            cwd=ROOT,
            check=False,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'include'}{os.pathsep}{ROOT}"},
        )
        assert killed.returncode == -signal.SIGKILL
    world.curate()
    undisturbed.update(undisturbed or content(world))

    assert content(world) == undisturbed
    for table in TABLES:
        assert world.warehouse(table) == world.lake_as_warehouse(table)
        manifests = [
            world.lake.read_json(entry.manifest) for entry in world.ledger.pending(f"warehouse.{table}", "load")
        ]
        assert len(manifests) == len({tuple(manifest["inputs"]) for manifest in manifests})  # none handed on twice
    assert all(world.ledger.pending(contract.name, "curate") == [] for contract in world.sources)
    assert world.curate() == {}


def test_a_killed_run_may_be_followed_by_one_that_has_more_to_do(world: World) -> None:
    first(world)
    world.curate()
    second(world)
    subprocess.run(
        [sys.executable, "-c", KILL, "Work", "_swap", "0"],
        cwd=ROOT,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'include'}{os.pathsep}{ROOT}"},
    )
    world.land("sales_order", {"sales_order_id": 1, "last_updated": at(20), "units_sold": 100})
    world.land("department", {"department_id": 1, "last_updated": at(20), "department_name": "Trade"})
    world.curate()

    assert world.star("dim_staff", "department_name") == [("Trade",), ("Trade",)]
    for table in TABLES:
        assert world.warehouse(table) == world.lake_as_warehouse(table)

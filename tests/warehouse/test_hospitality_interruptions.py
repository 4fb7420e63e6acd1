"""What is left of the hotels' stars when a load is killed, and what readers see while dates are replaced."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal

import psycopg
import pytest

from quayside.warehouse import facts
from tests.conftest import ROOT
from tests.warehouse.conftest import Stars
from tests.warehouse.hotels import Hotels, days, item, product, sale

STATE = """
select sale_item_key, total_inc, price from warehouse.fact_sale_item join warehouse.dim_product using (product_version_id)
order by 1"""


@pytest.fixture
def hotels(stars: Stars) -> Hotels:
    return Hotels(stars)


def _trade(hotels: Hotels, *amounts: int, price: int) -> None:
    one = sale(1, days(0))
    lines = [item(one, number, total_inc=Decimal(amount)) for number, amount in enumerate(amounts, 1)]
    listed = [product("BEER", datetime(2026, 4, 1), price=Decimal(price))]
    hotels.write(sale={days(0): [one]}, sale_item={days(0): lines}, product=listed)


def _kill_at(point: str, hotels: Hotels) -> None:
    credentials = hotels.stars.credentials
    words = [point, str(credentials.port), credentials.dbname, "hospitality"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["include", "."])}
    killed = subprocess.run(
        [sys.executable, "-m", "tests.warehouse.killed", *words], cwd=ROOT, env=environment, check=False
    )
    assert killed.returncode == -signal.SIGKILL


@pytest.mark.parametrize(("point", "there"), [("replaced", "before"), ("advance", "after")])
def test_a_load_killed_anywhere_leaves_all_or_nothing_and_is_repeated(hotels: Hotels, point: str, there: str) -> None:
    states = {"before": [("1-1-1", 5, 10), ("1-1-2", 6, 10)], "after": [("1-1-1", 7, 12)]}
    _trade(hotels, 5, 6, price=10)
    hotels.load()
    _trade(hotels, 7, price=12)
    _kill_at(point, hotels)
    assert hotels.query(STATE) == states[there]
    assert hotels.stars.ledger.pending("warehouse.fact_sale_item", "load")

    hotels.load()
    assert hotels.query(STATE) == states["after"]
    assert hotels.stars.ledger.pending("warehouse.fact_sale_item", "load") == []


def test_a_reader_sees_a_date_before_or_after_it_is_replaced(hotels: Hotels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "MANY", 2)  # as if there were so many rows that keys are dropped and added
    _trade(hotels, 1, 1, 1, price=10)
    hotels.load()
    seen, done = set(), threading.Event()

    def read() -> None:
        with psycopg.connect(**hotels.stars.credentials.conninfo(), autocommit=True) as reader:
            while not done.is_set():
                seen.add(reader.execute("select count(*), sum(total_inc) from warehouse.fact_sale_item").fetchone())

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        for amounts in ((2, 2, 2, 2), (3, 3, 3)):
            _trade(hotels, *amounts, price=10)
            hotels.load()
        done.set()
        reading.result()
    assert seen <= {(3, 3), (4, 8), (3, 9)}
    assert len(seen) > 1

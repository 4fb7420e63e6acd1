"""What is left when a load is killed, cut off, or meets another; and what readers see meanwhile."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from local.postgres import Postgres
from local.processes import free_port
from quayside.errors import Retryable, Terminal
from quayside.run import Run
from quayside.warehouse import connection as connections
from quayside.warehouse import facts, load
from tests.conftest import PLATFORM, ROOT
from tests.warehouse.conftest import STAFF, Stars

KEYS = "select sales_order_id from warehouse.fact_sales_order order by 1"


def _fill(stars: Stars, *keys: int) -> None:
    stars.put("dim_staff", [{"staff_id": 1, **STAFF}])
    stars.orders(*({"sales_order_id": key} for key in keys))


def _kill_at(point: str, stars: Stars) -> None:
    words = [
        sys.executable,
        "-m",
        "tests.warehouse.killed",
        point,
        str(stars.credentials.port),
        stars.credentials.dbname,
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["include", "."])}
    assert subprocess.run(words, cwd=ROOT, env=environment, check=False).returncode == -signal.SIGKILL


def test_a_load_killed_in_its_transaction_leaves_nothing_and_the_next_loads_all(stars: Stars) -> None:
    stars.load()
    _fill(stars, 1, 2)
    _kill_at("facts", stars)
    assert stars.query("select count(*) from warehouse.dim_staff") == [(0,)]
    assert len(stars.ledger.pending("warehouse.dim_staff", "load")) == 1

    stars.load()
    assert stars.query(KEYS) == [(1,), (2,)]
    assert stars.query("select last_name from warehouse.dim_staff") == [("O'Brien",)]


def test_a_load_killed_before_the_ledger_heard_of_it_is_repeated_without_a_trace(stars: Stars) -> None:
    _fill(stars, 1, 2)
    _kill_at("advance", stars)
    before = stars.query("select * from warehouse.fact_sales_order order by 1")
    assert len(before) == 2
    assert len(stars.ledger.pending("warehouse.fact_sales_order", "load")) == 1

    stars.load()
    assert stars.query("select * from warehouse.fact_sales_order order by 1") == before
    assert stars.ledger.pending("warehouse.fact_sales_order", "load") == []


class Halt:
    """Halts a run where its facts begin to load, dimensions being in already."""

    def __init__(self, stars: Stars) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.run: Run = replace(stars.run(), progress=self._told)

    def _told(self, dataset: str, message: str) -> None:
        if dataset == "warehouse.fact_sales_order" and message.startswith("loading"):
            self.reached.set()
            assert self.go_on.wait(60)


def _waits_for_the_lock(stars: Stars) -> bool:
    return stars.query("select exists (select from pg_locks where locktype = 'advisory' and not granted)") == [(True,)]


def test_of_two_loads_at_once_the_second_waits_and_each_row_is_there_once(stars: Stars) -> None:
    stars.load()
    _fill(stars, 1, 2)
    halt = Halt(stars)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(load, stars.tables, halt.run, stars.credentials)
        assert halt.reached.wait(60)
        second = pool.submit(stars.load)
        while not _waits_for_the_lock(stars):
            assert not second.done()
        assert stars.query("select count(*) from warehouse.dim_staff") == [(0,)]
        halt.go_on.set()
        first.result(), second.result()

    assert stars.query(KEYS) == [(1,), (2,)]


def test_a_load_that_waits_too_long_for_another_says_so_and_may_be_tried_again(
    stars: Stars, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections.SETTINGS, "lock_timeout", "200ms")
    with psycopg.connect(**stars.credentials.conninfo()) as other:
        connections.lock(other)
        with pytest.raises(Retryable, match="Another load"):
            stars.load()


@pytest.fixture
def own_server(stars: Stars, tmp_path: Path) -> Iterator[Postgres]:
    """A warehouse on a server of its own, which a test may stop."""
    [site_packages] = (PLATFORM / "lib").glob("python3.*/site-packages")
    server = Postgres(tmp_path / "server", site_packages=site_packages, password="secret")
    server.start()
    stars.credentials = replace(stars.credentials, port=server.port, dbname="postgres", username="postgres")
    yield server
    if server.running():
        server.stop("immediate")


def test_a_warehouse_restarted_in_mid_load_loses_nothing(stars: Stars, own_server: Postgres) -> None:
    stars.load()
    stars.execute("checkpoint")  # a test server does not flush what it commits, and is about to crash
    _fill(stars, 1, 2)
    halt = Halt(stars)
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(load, stars.tables, halt.run, stars.credentials)
        assert halt.reached.wait(60)
        own_server.stop("immediate")
        own_server.start()
        halt.go_on.set()
        with pytest.raises(Retryable):
            loading.result()
    assert stars.query("select count(*) from warehouse.dim_staff") == [(0,)]

    stars.load()
    assert stars.query(KEYS) == [(1,), (2,)]


def test_a_warehouse_out_of_reach_is_worth_another_try(stars: Stars) -> None:
    stars.credentials = replace(stars.credentials, port=free_port())
    with pytest.raises(Retryable, match="connection"):
        stars.load()


@pytest.mark.parametrize("wrong", [{"password": "other"}, {"dbname": "nowhere"}])
def test_a_warehouse_that_does_not_let_us_in_needs_somebody(stars: Stars, wrong: dict[str, str]) -> None:
    stars.credentials = replace(stars.credentials, **wrong)
    with pytest.raises(Terminal, match="Correct the secret"):
        stars.load()


def test_a_reader_sees_whole_loads_only_and_is_never_turned_away(stars: Stars, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "MANY", 10)
    stars.load()
    seen: set[tuple[int, int]] = set()
    done = threading.Event()

    def read() -> None:
        with psycopg.connect(**stars.credentials.conninfo(), autocommit=True) as reader:
            while not done.is_set():
                seen.add(
                    reader.execute("""select (select count(*) from warehouse.dim_transaction),
                                                  (select count(*) from warehouse.current_sales_order)""").fetchone()
                )

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        for load_number in range(1, 4):
            stars.put("dim_transaction", [{"transaction_id": load_number * 100 + row} for row in range(20)])
            stars.orders(*({"sales_order_id": load_number * 100 + row} for row in range(50)))
            stars.load()
        done.set()
        reading.result()
    assert seen <= {(0, 0), (20, 50), (40, 100), (60, 150)}
    assert len(seen) > 1

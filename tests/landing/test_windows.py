"""Which rows a window lands: nothing that was committed is ever missing."""

from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
import pytest

from quayside.contract import load_contract
from quayside.errors import Retryable, Terminal
from quayside.landing import backfill, batches, land
from quayside.manifest import read_manifest
from tests.landing.conftest import NOON, Platform, department

HOUR = timedelta(hours=1)


def test_the_first_window_is_the_full_history(platform: Platform) -> None:
    with platform.source.connect() as connection:
        for key in (1, 2, 3):
            department(connection, key, NOON + key * HOUR)
    [landed] = platform.land()

    assert platform.found() == [1, 2, 3]
    assert (landed.rows, landed.since, landed.until) == (3, None, NOON + 3 * HOUR)


def test_a_window_in_which_nothing_changed_makes_no_batch(platform: Platform) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
    platform.land()
    [again] = platform.land()

    assert (again.batch, again.rows, len(platform.ledger.batches("totesys.department"))) == (None, 0, 1)


def test_an_empty_table_makes_no_batch_and_is_followed_from_there(platform: Platform) -> None:
    assert [platform.land()[0].batch for _ in range(3)] == [None, None, None]
    with platform.source.connect() as connection:
        department(connection, 1)
    platform.land()

    assert platform.found() == [1]


def test_an_update_lands_a_new_version_and_only_that(platform: Platform) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
        department(connection, 2)
    platform.land()
    platform.source.run("update department set manager = 'Jo', last_updated = %s where department_id = 2", NOON + HOUR)
    platform.land()

    assert platform.versions() == [(1, NOON), (2, NOON), (2, NOON + HOUR)]


@pytest.mark.parametrize(
    "at",
    [NOON + HOUR, NOON, NOON - timedelta(days=400)],
    ids=["before the cursor", "long before", "explicitly of last year"],
)
def test_a_row_that_commits_late_is_not_lost(platform: Platform, at: datetime) -> None:
    with platform.source.connect() as slow:
        department(slow, 1, at)
        with platform.source.connect() as quick:
            department(quick, 2, NOON + 3 * HOUR)
        platform.land()
        platform.land()
        assert platform.found() == [2]
    platform.land()

    assert platform.found() == [1, 2]


def test_rows_of_savepoints_that_commit_late_are_not_lost(platform: Platform) -> None:
    with platform.source.connect() as slow:
        department(slow, 1)
        for key in (2, 3):
            with slow.transaction():  # a savepoint: a transaction id of its own, above the outer one's
                department(slow, key)
        with platform.source.connect() as quick:
            department(quick, 4, NOON + HOUR)
        platform.land()
        with slow.transaction():
            department(slow, 5, NOON - HOUR)
    platform.land()

    assert platform.found() == [1, 2, 3, 4, 5]


def test_a_transaction_that_writes_only_after_the_window_began_is_not_lost(platform: Platform) -> None:
    with platform.source.connect() as slow:
        slow.execute("select 1")  # begun, without an id yet
        with platform.source.connect() as quick:
            department(quick, 1, NOON)
        platform.land()
        department(slow, 2, NOON - HOUR)
    platform.land()

    assert platform.found() == [1, 2]


def test_rows_that_share_the_boundarys_timestamp_are_not_lost(platform: Platform) -> None:
    for key in (1, 2, 3):
        with platform.source.connect() as connection:
            department(connection, key, NOON)
        platform.land()

    assert platform.versions() == [(1, NOON), (2, NOON), (3, NOON)]


def test_a_source_whose_clock_runs_behind_is_followed(platform: Platform) -> None:
    for key in range(4):
        with platform.source.connect() as connection:
            department(connection, key, NOON - key * timedelta(days=1))
        platform.land()

    assert platform.found() == [0, 1, 2, 3]
    assert platform.ledger.position("totesys.department").cursor == NOON


def test_a_long_open_transaction_does_not_hold_others_back(platform: Platform) -> None:
    with platform.source.connect() as slow:
        department(slow, 1)
        for key in (2, 3):
            with platform.source.connect() as quick:
                department(quick, key, NOON + key * HOUR)
            platform.land()
            assert key in platform.found()
        slow.rollback()

    assert platform.found() == [2, 3]


def test_the_tables_of_a_run_agree_with_each_other(platform: Platform) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
        connection.execute(
            "alter table department add column floor integer"
        )  # so that drift is told before all reading
    run = platform.run()

    def write_meanwhile(dataset: str, message: str) -> None:
        with platform.source.connect() as connection:
            connection.execute(
                "insert into department (department_id, department_name) "
                "select max(department_id) + 1, 'Later' from department"
            )
            connection.execute("insert into currency (currency_code) values ('EUR')")

    contracts = [load_contract(f"totesys.{table}") for table in ("department", "currency")]
    landed = land(contracts, replace(run, progress=write_meanwhile), platform.source.credentials)
    assert [each.rows for each in landed] == [1, 0]

    assert [each.rows > 0 for each in platform.land("department", "currency")] == [True, True]


def test_no_table_is_emptied_or_rewritten_under_a_reader(platform: Platform) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
        connection.execute(
            "alter table department add column floor integer"
        )  # so that drift is told before all reading
    refused = []

    def empty(dataset: str, message: str) -> None:
        with platform.source.connect() as connection, pytest.raises(psycopg.errors.LockNotAvailable):
            connection.execute("set local lock_timeout = 100; truncate department cascade")
        refused.append(message)

    land([load_contract("totesys.department")], replace(platform.run(), progress=empty), platform.source.credentials)

    assert refused
    assert platform.found() == [1]


@pytest.mark.parametrize("server", ["99/1/1700000000000", None], ids=["another cluster", "not known"])
def test_of_another_server_the_last_hour_is_read_again(platform: Platform, server: str | None) -> None:
    with platform.source.connect() as connection:
        for key in range(4):
            department(connection, key, NOON - key * HOUR / 2)
    platform.land()
    before = platform.ledger.position("totesys.department")
    platform.ledger.move("totesys.department", before=before, after=replace(before, source=server))
    [landed] = platform.land()

    assert {key for key, _ in platform.batch(landed.batch)} == {0, 1, 2}
    assert "another server" in landed.note
    assert platform.land()[0].batch is None, "from then on the new server's transactions are followed"


@pytest.mark.parametrize("ahead", [1_000_000, -(2**31)], ids=["ids went back", "too far behind"])
def test_where_transaction_ids_mean_nothing_the_last_hour_is_read_again(platform: Platform, ahead: int) -> None:
    with platform.source.connect() as connection:
        for key in range(4):
            department(connection, key, NOON - key * HOUR / 2)
    platform.land()
    before = platform.ledger.position("totesys.department")
    assert before.horizon is not None
    platform.ledger.move("totesys.department", before=before, after=replace(before, horizon=before.horizon + ahead))
    [landed] = platform.land()

    assert {key for key, _ in platform.batch(landed.batch)} == {0, 1, 2}


def test_after_a_restart_the_last_hour_and_all_late_commits_are_read(platform: Platform) -> None:
    with platform.source.connect() as connection:
        for key in range(4):
            department(connection, key, NOON - key * HOUR / 2)
    platform.land()
    before = platform.ledger.position("totesys.department")
    system, _, _ = (before.source or "").partition("/")
    platform.ledger.move("totesys.department", before=before, after=replace(before, source=f"{system}/1/1700000000000"))
    with platform.source.connect() as connection:
        department(connection, 9, NOON - timedelta(days=90))
    [landed] = platform.land()

    assert {key for key, _ in platform.batch(landed.batch)} == {0, 1, 2, 9}


def test_a_backfill_lands_a_range_and_leaves_the_position(platform: Platform) -> None:
    with platform.source.connect() as connection:
        for key in range(5):
            department(connection, key, NOON + key * HOUR)
    platform.land()
    before = platform.ledger.position("totesys.department")
    contracts = [load_contract("totesys.department")]
    [landed] = backfill(contracts, platform.run(), platform.source.credentials, NOON + HOUR, NOON + 3 * HOUR)

    assert [key for key, _ in platform.batch(landed.batch)] == [1, 2]
    assert platform.ledger.position("totesys.department") == replace(before, sequence=before.sequence + 1)
    assert platform.land()[0].batch is None
    with pytest.raises(Terminal, match="earlier"):
        backfill(contracts, platform.run(), platform.source.credentials, NOON, NOON)


def test_the_manifest_says_what_the_source_counted(platform: Platform) -> None:
    platform.source.run(
        "alter table sales_order drop constraint sales_order_design_id_fkey, "
        "drop constraint sales_order_staff_id_fkey, drop constraint sales_order_counterparty_id_fkey, "
        "drop constraint sales_order_currency_id_fkey, "
        "drop constraint sales_order_agreed_delivery_location_id_fkey"
    )
    for key, price in ((1, "0.10"), (2, "0.20"), (1_900_000_000, "99999999.99")):
        platform.source.run(
            "insert into sales_order values (%s, %s, %s, 1, 1, 1, 1000, %s, 1, '2026-05-03', '2026-05-04', 1)",
            key,
            NOON,
            NOON + timedelta(milliseconds=key % 1000),
            price,
        )
    [landed] = platform.land("sales_order")
    manifest = read_manifest(platform.lake, "totesys.sales_order", landed.batch or "")

    rows = platform.landed("sales_order").to_pylist()
    epoch = datetime(1970, 1, 1)
    key_hash = sum(
        (row["sales_order_id"] * 1000003 + (row["last_updated"] - epoch) // timedelta(milliseconds=1)) % 2147483647
        for row in rows
    )
    assert manifest.source is not None
    assert (manifest.source.rows, manifest.source.key_hash) == (3, key_hash)
    assert manifest.source.sums == {"unit_price": "100000000.29"}


def test_a_large_table_is_read_in_even_ranges_whatever_gaps_its_keys_have(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "CHUNK", 5_000)
    platform.source.run(
        "insert into department (department_id, department_name, last_updated) "
        "select case when i <= 15000 then i else i * 100000 end, 'Sales', %s "
        "from generate_series(1, 20000) as i",
        NOON,
    )
    [landed] = platform.land()
    manifest = read_manifest(platform.lake, "totesys.department", landed.batch or "")

    assert len(platform.found()) == len(platform.versions()) == 20_000
    assert len(manifest.files) == 4
    assert max(file.rows for file in manifest.files) < 1.2 * min(file.rows for file in manifest.files)


def test_a_huge_table_is_not_read_in_thousands_of_ranges(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CHUNK", 2)
    monkeypatch.setattr(batches, "MOST_CHUNKS", 3)
    platform.source.run(
        "insert into department (department_name) select repeat('x', 1000) from generate_series(1, 100)"
    )
    [landed] = platform.land()

    assert len(read_manifest(platform.lake, "totesys.department", landed.batch or "").files) == 3


def test_of_two_runs_at_once_one_waits_for_its_turn(platform: Platform) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
    with platform.ledger.lease("totesys", owner="first", seconds=60), pytest.raises(Retryable, match="another run"):
        platform.land(run="second")
    platform.land(run="second")

    assert platform.versions() == [(1, NOON)]


def test_of_two_attempts_at_once_one_is_recorded(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
    wrote, raced = batches.publish, []

    def overtaken(*arguments, **options):  # the same run once more, while this one is about to publish
        if not raced:
            raced.append(True)
            platform.land()
        return wrote(*arguments, **options)

    monkeypatch.setattr(batches, "publish", overtaken)
    with pytest.raises(Retryable, match="another run recorded"):
        platform.land()
    platform.land()

    assert platform.versions() == [(1, NOON)]

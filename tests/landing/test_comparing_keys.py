"""Deletes are found, and what the lake should have and lacks is landed again."""

from datetime import datetime, timedelta

import pyarrow as pa
import pytest

import quayside.curated
from quayside.contract import Contract, load_contract
from quayside.landing import Landed, compare_keys
from quayside.run import Run
from tests.landing.conftest import NOON, Platform, department

type Row = tuple[int, datetime, bool]


@pytest.fixture
def curated(monkeypatch: pytest.MonkeyPatch, platform: Platform) -> "Curated":
    made = Curated(platform)
    monkeypatch.setattr(quayside.curated, "current_key_batches", made.current_key_batches)
    return made


class Curated:
    """A curated table of departments, as far as comparing needs it."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.rows: list[Row] = []

    def current_key_batches(self, contract: Contract, run: Run) -> list[pa.RecordBatch]:
        schema = quayside.curated.CURRENT_KEYS
        return pa.Table.from_pylist(
            [dict(zip(schema.names, row, strict=True)) for row in self.rows], schema
        ).to_batches()

    def take(self) -> None:
        """Let all that is pending arrive."""
        newest = {key: (at, gone) for key, at, gone in self.rows}
        for entry in self.platform.ledger.pending("totesys.department", "gate"):
            for key, at in self.platform.batch(entry.batch):
                newest[key] = (at, entry.kind == "deletes")
            self.platform.ledger.advance("totesys.department", entry.batch, taken="gate", status="curated")
        self.rows = [(key, at, gone) for key, (at, gone) in sorted(newest.items())]

    def compare(self) -> list[Landed]:
        contracts = [load_contract("totesys.department")]
        return compare_keys(contracts, self.platform.run("daily"), self.platform.source.credentials)


def fill(platform: Platform) -> None:
    with platform.source.connect() as connection:
        for key in range(1, 6):
            department(connection, key, NOON + timedelta(hours=key))
    platform.land()


def test_a_deleted_row_becomes_a_tombstone_later_than_anything_known_of_it(
    platform: Platform, curated: Curated
) -> None:
    fill(platform)
    future = datetime(2099, 1, 1)
    platform.source.run("update department set last_updated = %s where department_id = 4", future)
    platform.land()
    curated.take()
    platform.source.run("delete from department where department_id in (2, 4)")
    [deletes] = curated.compare()

    tombstones = dict(platform.batch(deletes.batch))
    assert (deletes.kind, deletes.rows, set(tombstones)) == ("deletes", 2, {2, 4})
    assert tombstones[4] == future + timedelta(milliseconds=1)
    assert NOON + timedelta(hours=2) < tombstones[2]
    assert curated.compare() == [], "it waits at the gate: known already"
    curated.take()
    assert curated.compare() == []


def test_a_table_that_agrees_makes_no_batch(platform: Platform, curated: Curated) -> None:
    fill(platform)
    assert curated.compare() == []
    curated.take()
    assert curated.compare() == []


def test_what_the_lake_lacks_is_landed_again(platform: Platform, curated: Curated) -> None:
    fill(platform)
    platform.source.run("update department set last_updated = %s where department_id = 5", NOON + timedelta(days=9))
    platform.land()
    curated.take()
    curated.rows = [
        (1, NOON + timedelta(hours=1), False),
        (2, NOON + timedelta(hours=2), True),
        (3, NOON + timedelta(hours=3), False),
        (5, NOON + timedelta(hours=5), False),
    ]
    position = platform.ledger.position("totesys.department")
    [repair] = curated.compare()

    assert (repair.kind, repair.rows) == ("backfill", 3)
    assert sorted(key for key, _ in platform.batch(repair.batch)) == [2, 4, 5]
    assert platform.ledger.position("totesys.department").cursor == position.cursor
    assert platform.ledger.position("totesys.department").horizon == position.horizon


def test_what_the_next_window_brings_is_not_called_lacking(platform: Platform, curated: Curated) -> None:
    fill(platform)
    curated.take()
    with platform.source.connect() as connection:
        department(connection, 6)
        connection.execute("update department set manager = 'Jo', last_updated = now() where department_id = 1")

    assert curated.compare() == []
    assert platform.land()[0].rows == 2


def test_a_version_in_quarantine_is_not_landed_every_day_again(platform: Platform, curated: Curated) -> None:
    fill(platform)
    curated.take()
    rejected = (
        platform.landed().slice(2, 1).append_column("_row", pa.array([2])).append_column("_rule", pa.array(["x"]))
    )
    with platform.lake.parquet_writer(
        "quarantine/totesys/department/batch=00000001-x/rejected.parquet", rejected.schema
    ) as file:
        file.write(rejected)
    curated.rows = [row for row in curated.rows if row[0] != rejected["department_id"][0].as_py()]

    assert curated.compare() == []


def test_against_the_real_curated_table_deletes_and_restored_rows_settle(platform: Platform) -> None:
    contracts = [load_contract("totesys.department")]

    def compare() -> list[Landed]:
        return compare_keys(contracts, platform.run("daily"), platform.source.credentials)

    def curate_all() -> None:
        for entry in platform.ledger.pending("totesys.department", "gate"):
            platform.ledger.advance("totesys.department", entry.batch, taken="gate", status="passed", todo="curate")
        quayside.curated.curate(contracts, [], platform.run("curated"))

    fill(platform)
    curate_all()
    platform.source.run("delete from department where department_id = 3")
    assert [(made.kind, made.rows) for made in compare()] == [("deletes", 1)]
    curate_all()
    assert compare() == []
    with platform.source.connect() as connection:
        department(connection, 3, NOON + timedelta(hours=3))  # as it was
    platform.land()
    curate_all()

    assert compare() == []
    current = quayside.curated.current_keys(contracts[0], platform.run())
    assert sorted(current["key"].to_pylist()) == [1, 2, 3, 4, 5]
    assert not any(current["deleted"].to_pylist())


def test_an_emptied_source_is_all_deletes(platform: Platform, curated: Curated) -> None:
    fill(platform)
    curated.take()
    platform.source.run("truncate department cascade")
    [deletes] = curated.compare()

    assert (deletes.kind, deletes.rows) == ("deletes", 5)

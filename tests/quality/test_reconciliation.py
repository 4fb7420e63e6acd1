"""Reconciliation: what agrees is said once, what does not is found wherever it went wrong."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from psycopg import sql

from local.sources.totesys import create_schema
from quayside.contract import Contract, contract_names, load_contract
from quayside.curated import curate
from quayside.curated.catalog import Catalog
from quayside.errors import Terminal
from quayside.landing.totals import count
from quayside.manifest import Manifest, Totals
from quayside.quality.quarantine import Quarantine
from quayside.quality.reconciliation import Line, main, reconcile
from quayside.quality.totals import hash_of
from quayside.run import Run
from quayside.settings import Credentials, aws
from quayside.sources.catalog import inspect
from quayside.warehouse import load
from tests.conftest import Databases
from tests.quality.conftest import DEPARTMENT, NOON, ORDER, STAFF, Shop

SOURCES = {name.partition(".")[2]: load_contract(name) for name in contract_names("totesys")}
TABLES = tuple(map(load_contract, contract_names("warehouse", product="totesys")))


@dataclass
class Books:
    """A shop whose batches go on to a lake and a warehouse."""

    shop: Shop
    warehouse: Credentials

    def land(self, table: str, *rows: dict[str, Any], said: Totals | None = None, **changes: Any) -> Manifest:
        """Land rows; the source says the same of them, unless it ``said`` something else."""
        contract = SOURCES[table]
        content = pa.Table.from_pylist(
            list(rows),
            schema=pa.schema([(name, kind) for name, kind in zip(*_schema(contract), strict=True) if name in rows[0]]),
        )
        return self.shop.land(contract, content, source=said or _plain(contract, rows), **changes)

    def carry(self, *, loading: bool = True) -> None:
        """Take what is landed to the star, past the gate."""
        for contract in SOURCES.values():
            for entry in self.shop.ledger.pending(contract.name, "gate"):
                self.shop.ledger.advance(contract.name, entry.batch, taken="gate", status="passed", todo="curate")
        run = self.run()
        curate(tuple(SOURCES.values()), TABLES, run)
        if loading:
            load(TABLES, run, self.warehouse)

    def reconcile(self, run: Run | None = None) -> list[Line]:
        return reconcile(tuple(SOURCES.values()), TABLES, run or self.run(), self.warehouse)

    def run(self) -> Run:
        return self.shop.run(f"totesys_warehouse/{uuid4().hex[:8]}")

    def execute(self, statement: str) -> None:
        with psycopg.connect(**self.warehouse.conninfo()) as connection:
            assert connection.execute(statement).rowcount == 1

    def stored(self, run: Run) -> list[dict[str, Any]]:
        return [
            row
            for row in self.shop.lake.read_table(self.shop.lake.keys("quality/reconciliation/")).to_pylist()
            if row["run"] == run.id
        ]


@pytest.fixture
def books(shop: Shop, database: Databases) -> Books:
    name = database("quayside_loader")
    port = psycopg.conninfo.conninfo_to_dict(database.url(name, "quayside_loader"))["port"]
    return Books(shop, Credentials("127.0.0.1", int(str(port)), name, "quayside_loader", "secret"))


def _schema(contract: Contract) -> tuple[list[str], list[pa.DataType]]:
    from quayside.types import arrow_schema

    return arrow_schema(contract).names, arrow_schema(contract).types


def _plain(contract: Contract, rows: Sequence[dict[str, Any]]) -> Totals:
    """The totals by a plain reading of their definition."""

    def hashed(row: dict[str, Any]) -> int:
        milliseconds = (row["last_updated"] - datetime(1970, 1, 1)) // timedelta(milliseconds=1)
        return (row[contract.key.name] * 1000003 + milliseconds) % 2147483647

    sums = {
        column.name: str(sum(row[column.name] for row in rows)) for column in contract.money if column.name in rows[0]
    }
    return Totals(rows=len(rows), key_hash=sum(map(hashed, rows)), sums=sums)


def _order(key: int, **changes: Any) -> dict[str, Any]:
    return {**ORDER, "sales_order_id": key, **changes}


def _later(seconds: int) -> dict[str, datetime]:
    return {"last_updated": NOON + timedelta(seconds=seconds)}


def _rewrite(books: Books, key: str, change: Callable[[pa.Table], pa.Table]) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(change(books.shop.lake.read_table([key])), sink)
    books.shop.lake.write_bytes(key, sink.getvalue().to_pybytes())


def test_a_window_that_agrees_at_every_stage_is_stored_and_settled(books: Books) -> None:
    books.land("staff", STAFF)
    books.land("sales_order", _order(1, unit_price=Decimal("99999999.99")), _order(2, unit_price=Decimal("0.01")))
    books.carry()
    run = books.run()
    lines = books.reconcile(run)

    assert all(line.equal for line in lines)
    assert [(line.dataset, line.stage, line.place) for line in lines if line.dataset == "totesys.sales_order"] == [
        ("totesys.sales_order", "landing", "totesys.sales_order"),
        ("totesys.sales_order", "accepted", "totesys.sales_order"),
        ("totesys.sales_order", "curated", "fact_sales_order"),
        ("totesys.sales_order", "warehouse", "warehouse.fact_sales_order"),
    ]
    assert {
        (line.found.rows, line.found.key_hash, line.found.sums["unit_price"])
        for line in lines
        if line.dataset == "totesys.sales_order"
    } == {(2, _plain(SOURCES["sales_order"], [_order(1), _order(2)]).key_hash, "100000000.00")}
    assert [(row["stage"], row["equal"]) for row in books.stored(run)] == [(line.stage, True) for line in lines]
    assert books.shop.ledger.batches("totesys.staff")[-1].status == "loaded"
    assert books.reconcile() == []


def test_the_results_are_a_table_of_the_catalog(books: Books) -> None:
    books.land("department", DEPARTMENT)
    books.carry()
    books.reconcile()

    table = Catalog.of(books.shop.settings).table("reconciliation")
    assert table is not None
    assert table.location == books.shop.lake.uri("quality/reconciliation/")


def test_a_row_lost_on_the_way_to_landing_is_found(books: Books) -> None:
    rows = _order(1), _order(2)
    books.land("sales_order", rows[0], said=_plain(SOURCES["sales_order"], rows))
    books.carry()
    run = books.run()
    with pytest.raises(
        Terminal, match=r"totesys.sales_order \(landing\) has 1 rows instead of 2 \(1 fewer\).*backfill"
    ):
        books.reconcile(run)
    assert [row["stage"] for row in books.stored(run) if not row["equal"]] == ["landing"]


def test_a_landing_object_that_was_changed_is_found(books: Books) -> None:
    manifest = books.land("sales_order", _order(1), _order(2))
    books.carry()
    [file] = manifest.files
    _rewrite(books, file.key, lambda rows: rows.slice(0, 1))
    with pytest.raises(Terminal, match=r"totesys.sales_order \(landing\) has 1 rows instead of 2"):
        books.reconcile()


BREAKS = {
    "a version is gone": (
        "delete from warehouse.fact_sales_order where sales_order_id = 2",
        "1 rows instead of 2 (1 fewer)",
    ),
    "a version has another time": (
        "update warehouse.fact_sales_order set last_updated_time = '00:00' where sales_order_id = 2",
        "1 rows instead of 2 (1 fewer)",
    ),
    "an amount differs": (
        "update warehouse.fact_sales_order set unit_price = 4 where sales_order_id = 2",
        "unit_price adds up to 7.50 instead of 7.00 (+0.50)",
    ),
    "a row is wrongly deleted": (
        "update warehouse.fact_sales_order set deleted = true where sales_order_id = 2",
        "1 rows instead of 2 (1 fewer)",
    ),
}


@pytest.mark.parametrize("change", BREAKS)
def test_a_broken_row_in_the_warehouse_is_found(books: Books, change: str) -> None:
    statement, message = BREAKS[change]
    books.land("sales_order", _order(1), _order(2))
    books.carry()
    books.execute("insert into warehouse.dim_staff values (99)")
    books.execute(statement)
    with pytest.raises(Terminal) as found:
        books.reconcile()
    assert f"warehouse.fact_sales_order (warehouse) has {message}" in str(found.value)


@pytest.mark.parametrize(
    "statement",
    [
        "delete from warehouse.dim_staff",
        "update warehouse.dim_staff set (first_name, last_name, department_name, location, "
        "email_address) = (null, null, null, null, null)",
    ],
)
def test_a_member_that_is_missing_or_only_inferred_is_found(books: Books, statement: str) -> None:
    books.land("department", DEPARTMENT)
    books.land("staff", STAFF)
    books.carry()
    books.execute(statement)
    with pytest.raises(Terminal, match=r"warehouse.dim_staff \(warehouse\) has 0 rows instead of 1"):
        books.reconcile()


def test_a_version_lost_in_the_lake_is_found(books: Books) -> None:
    books.land("sales_order", _order(1), _order(2))
    books.carry()
    [place] = Catalog.of(books.shop.settings).partitions("fact_sales_order").values()
    _rewrite(books, f"{place.partition(books.shop.lake.bucket + '/')[2]}part-0.parquet", lambda rows: rows.slice(1))
    with pytest.raises(Terminal, match=r"fact_sales_order \(curated\) has 1 rows instead of 2"):
        books.reconcile()


def test_what_was_repaired_is_compared_again_and_settled(books: Books) -> None:
    books.land("staff", STAFF)
    books.land("sales_order", _order(1), _order(2))
    books.carry()
    books.execute("delete from warehouse.fact_sales_order where sales_order_id = 1")
    with pytest.raises(Terminal, match=r"reconciliation again totesys.sales_order 00000001-test"):
        books.reconcile()

    assert main(["again", "totesys.sales_order", "00000001-test"]) == 0
    load(TABLES, books.run(), books.warehouse)
    assert all(line.equal for line in books.reconcile())
    assert books.reconcile() == []


def test_a_dimension_loaded_again_ends_as_its_last_batch_says(books: Books) -> None:
    for number, name in enumerate(("O'Brien", "D'Arcy")):
        books.land("staff", {**STAFF, "last_name": name, **_later(number)})
        books.carry()
    main(["again", "totesys.staff", "00000001-test"])
    load(TABLES, books.run(), books.warehouse)
    with psycopg.connect(**books.warehouse.conninfo()) as connection:
        assert connection.execute("select last_name from warehouse.dim_staff").fetchall() == [("D'Arcy",)]


def test_rows_in_quarantine_are_accounted_for(books: Books) -> None:
    manifest = books.land("sales_order", _order(1), _order(2, unit_price=Decimal("9.00")))
    rows = books.shop.lake.read_table([manifest.files[0].key]).to_batches()[0]
    with Quarantine(books.shop.lake, manifest) as quarantine:
        quarantine.add(rows.slice(1), pa.array([1]).to_numpy(), ["rule"], ["reason"])
    books.carry()
    lines = books.reconcile()

    assert all(line.equal for line in lines)
    assert {line.stage: (line.wanted.rows, line.wanted.sums["unit_price"]) for line in lines} == {
        "landing": (2, "12.50"),
        "accepted": (2, "12.50"),
        "curated": (1, "3.50"),
        "warehouse": (1, "3.50"),
    }
    assert [line.note for line in lines if line.stage == "accepted"] == ["1 rows are in quarantine"]


def test_a_member_replaced_by_a_later_batch_still_agrees(books: Books) -> None:
    books.land("staff", STAFF)
    books.land("staff", {**STAFF, "last_name": "D'Arcy", **_later(1)})
    books.carry()
    assert all(line.equal for line in books.reconcile())


def test_versions_that_were_there_before_are_counted_as_there(books: Books) -> None:
    books.land("sales_order", _order(1))
    books.carry()
    books.reconcile()
    books.land("sales_order", _order(1), _order(2, **_later(1)))
    books.carry()

    assert {line.stage: line.found.rows for line in books.reconcile()} == {
        "landing": 2,
        "accepted": 2,
        "curated": 2,
        "warehouse": 2,
    }


def test_a_deletion_and_a_restoration_agree_and_say_that_time_was_stamped_anew(books: Books) -> None:
    books.land("sales_order", _order(1))
    books.carry()
    tombstone = {"sales_order_id": 1, **_later(60)}
    books.land("sales_order", tombstone, kind="deletes", snapshot_at=NOON + timedelta(seconds=60))
    books.carry()
    books.land("sales_order", _order(1), _order(2), snapshot_at=NOON + timedelta(seconds=120))
    books.carry()
    lines = books.reconcile()
    assert all(line.equal for line in lines)

    # Restored by a statement that went back in time: no such version was ever seen.
    books.land("sales_order", {**tombstone, **_later(180)}, kind="deletes", snapshot_at=NOON + timedelta(seconds=180))
    books.land("sales_order", _order(1, **_later(30)), snapshot_at=NOON + timedelta(seconds=240))
    books.carry()
    lines = books.reconcile()
    assert all(line.equal for line in lines)
    assert [line.note for line in lines if line.stage == "warehouse"][-1].startswith("1 stand there under a later time")


def test_a_batch_whose_changes_wait_to_be_loaded_is_not_judged_yet(books: Books) -> None:
    books.land("sales_order", _order(1))
    books.carry(loading=False)
    assert books.reconcile() == []
    books.carry()
    assert books.reconcile() != []


@pytest.fixture(scope="module")
def numbers(postgres: Any) -> Iterator[psycopg.Connection]:
    """The source's schema in a database of this module's own."""
    name = f"numbers_{uuid4().hex[:8]}"
    with psycopg.connect(f"{postgres.url}/postgres", autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    with psycopg.connect(f"{postgres.url}/{name}") as connection:
        create_schema(connection)
        yield connection


STAMP = st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)


@given(rows=st.lists(st.tuples(st.integers(0, 2**31 - 1), STAMP), max_size=30, unique_by=lambda row: row[0]))
@effort(max_examples=20, deadline=None)
def test_the_source_and_arrow_hash_alike(numbers: psycopg.Connection, rows: list[tuple[int, datetime]]) -> None:
    numbers.execute("delete from department")
    with numbers.cursor() as cursor:
        cursor.executemany(
            "insert into department (department_id, department_name, created_at, last_updated) "
            "values (%s, 'x', %s, %s)",
            [(key, stamp, stamp) for key, stamp in rows],
        )
    there = count(numbers, inspect(numbers, SOURCES["department"]), sql.SQL("true")).totals
    here = hash_of(
        pa.array([key for key, _ in rows], pa.int32()), pa.array([stamp for _, stamp in rows], pa.timestamp("ms"))
    )

    assert (
        there.key_hash
        == here
        == _plain(
            SOURCES["department"], [{"department_id": key, "last_updated": stamp} for key, stamp in rows]
        ).key_hash
    )


def test_totals_count_what_stands_and_leave_out_deleted_and_inferred_members(
    books: Books, database: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    name = database("totesys_app")
    with psycopg.connect(database.url(name, "totesys_app")) as source:
        create_schema(source)
        source.execute("insert into department (department_id, department_name) values (1, 'Sales')")
        source.execute(
            "insert into staff (staff_id, first_name, last_name, department_id, email_address) values (1, 'a', 'b', 1, 'c@d')"
        )
    for secret, credentials in (
        ("warehouse", books.warehouse),
        ("source/totesys", Credentials("127.0.0.1", books.warehouse.port, name, "totesys_app", "secret")),
    ):
        aws("secretsmanager").create_secret(
            Name=f"{books.shop.settings.secret_prefix}{secret}",
            SecretString=json.dumps(
                {
                    "host": credentials.host,
                    "port": credentials.port,
                    "dbname": credentials.dbname,
                    "username": credentials.username,
                    "password": credentials.password,
                }
            ),
        )
    books.land("department", DEPARTMENT)
    books.land("staff", STAFF, {**STAFF, "staff_id": 2})
    books.land("sales_order", _order(1, staff_id=7))
    books.carry()
    books.land("staff", {"staff_id": 2, **_later(60)}, kind="deletes", snapshot_at=NOON + timedelta(seconds=60))
    books.carry()
    main(["totals", "--pipeline", "totesys"])

    records = {record["dataset"]: record for record in map(json.loads, capsys.readouterr().out.splitlines())}
    assert sorted(records) == sorted(contract.name for contract in SOURCES.values())
    assert records["totesys.staff"] == {
        "dataset": "totesys.staff",
        "source": 1,
        "lake": 1,
        "warehouse": 1,
        "equal": True,
    }
    assert records["totesys.department"] == {
        "dataset": "totesys.department",
        "source": 1,
        "lake": 1,
        "warehouse": None,
        "equal": True,
    }
    assert records["totesys.sales_order"] == {
        "dataset": "totesys.sales_order",
        "source": 0,
        "lake": 1,
        "warehouse": 1,
        "equal": False,
    }

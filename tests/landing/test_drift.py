"""The source changes its mind about a table: evolve, or stop with what to do; never lose anything."""

from datetime import timedelta
from decimal import Decimal

import pytest

from quayside.errors import Terminal
from tests.landing.conftest import NOON, Platform, department


def test_a_new_column_is_landed_and_told(platform: Platform) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
    platform.land()
    platform.source.run(
        "alter table department add column floor integer default 3, add column tags text[] default '{a,b}'"
    )
    with platform.source.connect() as connection:
        department(connection, 2)
    [landed] = platform.land()

    [row] = platform.batch_rows(landed.batch).to_pylist()
    assert (row["department_id"], row["floor"], row["tags"]) == (2, 3, "{a,b}")
    assert [message for message in landed.drift if "new column floor (integer)" in message]
    assert ("totesys.department", f"drift: {landed.drift[0]}") in platform.told


def test_a_dropped_nullable_column_is_landed_as_null(platform: Platform) -> None:
    platform.source.run("alter table department drop column manager")
    with platform.source.connect() as connection:
        department(connection, 1)
    [landed] = platform.land()

    [row] = platform.landed().to_pylist()
    assert row["manager"] is None
    assert landed.drift == ("column manager is gone: landed as null",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("alter table department drop column department_name", "required column department_name .* is gone"),
        ("alter table department rename column department_name to title", "required column department_name .* is gone"),
        ("alter table department alter column department_name type bytea using ''", "department_name is bytea"),
        (
            "alter table department alter column department_id type bigint",
            "department_id is bigint, which integer cannot hold",
        ),
        ("alter table department alter column last_updated type timestamp(6)", r"last_updated is timestamp\(6\)"),
        (
            "alter table department alter column last_updated type timestamptz",
            "last_updated is timestamp.* with time zone",
        ),
    ],
)
def test_a_change_that_the_contract_cannot_hold_stops_before_anything_is_written(
    platform: Platform, change: str, said: str
) -> None:
    with platform.source.connect() as connection:
        connection.execute("insert into currency (currency_code) values ('EUR')")
    platform.source.run(change)
    with pytest.raises(Terminal, match=said) as raised:
        platform.land("currency", "department")

    assert "include/contracts/totesys/department.yaml" in str(raised.value)
    assert platform.lake.keys("landing") == []


def test_all_that_broke_is_named_at_once(platform: Platform) -> None:
    platform.source.run("alter table department drop column department_name, drop column last_updated")
    platform.source.run("alter table currency drop column currency_code")
    with pytest.raises(Terminal, match=r"(?s)currency_code.*department_name.*last_updated"):
        platform.land("currency", "department")


def test_after_a_stop_the_next_run_goes_on_from_where_the_last_one_ended(platform: Platform) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
    platform.land()
    platform.source.run("alter table department rename column department_name to title")
    platform.source.run(
        "insert into department (department_id, title, last_updated) values (2, 'x', %s)", NOON - timedelta(days=9)
    )
    with pytest.raises(Terminal):
        platform.land()
    platform.source.run("alter table department rename column title to department_name")
    platform.land()

    assert platform.versions() == [(1, NOON), (2, NOON - timedelta(days=9))]


def test_a_narrower_type_is_carried_and_told(platform: Platform) -> None:
    platform.source.run(
        "alter table payment alter column payment_amount type numeric(8,1), "
        "alter column payment_id type smallint, alter column payment_date type varchar(10), "
        "alter column transaction_id drop not null, drop constraint payment_transaction_id_fkey, "
        "drop constraint payment_counterparty_id_fkey, drop constraint payment_currency_id_fkey, "
        "drop constraint payment_payment_type_id_fkey"
    )
    platform.source.run(
        "insert into payment values (1, %s, %s, 1, 1, 1234567.8, 1, 1, true, '2026-05-01', 1, 1)", NOON, NOON
    )
    [landed] = platform.land("payment")

    [row] = platform.landed("payment").to_pylist()
    assert (row["payment_amount"], row["payment_id"], row["payment_date"]) == (Decimal("1234567.80"), 1, "2026-05-01")
    assert len(landed.drift) == 3
    assert "column payment_amount is numeric(8,1), narrower than numeric(10,2)" in landed.drift


def test_a_rewritten_table_is_read_whole_again_and_never_seen_empty(platform: Platform) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
    platform.land()
    platform.source.run("alter table department add column seen timestamptz default clock_timestamp()")
    [landed] = platform.land()

    assert landed.rows == 1

"""Every value arrives as it was, whatever is in it."""

from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from quayside.contract import load_contract
from quayside.errors import Terminal
from quayside.types import arrow_schema
from tests.landing.conftest import NOON, Platform, department

TEXTS = [
    "O'Brien",
    "🚢 Zoë",
    "x" * 240,
    "",
    None,
    'say "hi"',
    "two\nlines\r\nand\rmore",
    "back\\slash\\.",
    "\\.",
    "\\N",
    "NULL",
    "None",
    "a,b;c\td",
    " ",
    "  padded  ",
    '"',
    '""',
    ",",
    "\n",
    "%s {} $1",
    "é" * 5000,
    "\ufeffbom",
]


def test_texts_arrive_as_they_were(platform: Platform) -> None:
    with platform.source.connect() as connection:
        for key, text in enumerate(TEXTS):
            department(connection, key, name=text or "")
            connection.execute("update department set location = %s where department_id = %s", [text, key])
    platform.land()
    rows = platform.landed().sort_by("department_id")

    assert rows["location"].to_pylist() == TEXTS
    assert rows["department_name"].to_pylist() == [text or "" for text in TEXTS]
    assert rows["manager"].null_count == len(TEXTS)


def test_amounts_arrive_to_the_penny(platform: Platform) -> None:
    amounts = ["99999999.99", "-99999999.99", "0.01", "0.00", "-0.01", "0.10", "12345678.90"]
    platform.source.run(
        "alter table payment drop constraint payment_transaction_id_fkey, "
        "drop constraint payment_counterparty_id_fkey, drop constraint payment_currency_id_fkey, "
        "drop constraint payment_payment_type_id_fkey"
    )
    for key, amount in enumerate(amounts, start=2147483641):
        platform.source.run(
            "insert into payment values (%s, %s, %s, 1, 1, %s, 1, 1, false, '2026-05-01', 2147483647, -2147483648)",
            key,
            NOON,
            NOON,
            amount,
        )
    platform.land("payment")
    rows = platform.landed("payment").sort_by("payment_id")

    assert rows.schema.equals(arrow_schema(load_contract("totesys.payment")))
    assert rows["payment_amount"].to_pylist() == [Decimal(amount) for amount in amounts]
    last = rows.to_pylist()[-1]
    assert (last["payment_id"], last["counterparty_ac_number"], last["paid"]) == (2147483647, -2147483648, False)


def test_times_arrive_to_the_millisecond(platform: Platform) -> None:
    moments = [
        datetime(2023, 11, 6, 14, 20, 51, 563000),
        datetime(2023, 11, 6, 14, 20, 51, 500000),
        datetime(2023, 11, 6),
        datetime(1970, 1, 1),
        datetime(1969, 12, 31, 23, 59, 59, 999000),
        datetime(9999, 12, 31, 23, 59, 59, 999000),
        datetime(1, 1, 1),
    ]
    with platform.source.connect() as connection:
        for key, moment in enumerate(moments):
            department(connection, key, moment)
    platform.land()

    assert platform.versions() == list(enumerate(moments))
    assert platform.landed().schema.field("last_updated").type == pa.timestamp("ms")


def test_a_time_that_no_calendar_has_stops_with_the_reason(platform: Platform) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
        connection.execute("update department set created_at = 'infinity'")
    with pytest.raises(Terminal, match="infinity"):
        platform.land()

    assert platform.lake.keys("landing") == []

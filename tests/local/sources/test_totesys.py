"""The demo source: deterministic, within its own constraints, readable by the extraction and by nobody's luck."""

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import psycopg
import pytest

from local.sources.totesys import TABLES, Live, RoleMissing, create_schema, fill, generate
from tests.conftest import ROOT
from tests.support.totesys_rows import load_json_rows

NOW = datetime(2026, 3, 1, 15, 30, 0, 123000)
REAL_ROWS = ROOT.parent / "shared" / "data" / "totesys"


@pytest.fixture
def url(database):
    return database.url(database("totesys_app"), "totesys_app")


@pytest.fixture
def source(url):
    with psycopg.connect(url) as connection:
        create_schema(connection)
        yield connection


def column(tables, table, name):
    place = tables[table].columns.index(name)
    return [row[place] for row in tables[table].rows]


def test_the_same_seed_makes_the_same_shop():
    assert generate(7, 500, NOW) == generate(7, 500, NOW)


def test_another_seed_makes_another_shop():
    assert generate(7, 500, NOW) != generate(8, 500, NOW)


def test_the_default_demo_has_at_least_25_000_orders_and_payments():
    from local.sources.totesys.__main__ import ORDERS

    tables = generate(1, ORDERS, NOW)

    assert sum(len(tables[name].rows) for name in ("sales_order", "purchase_order", "payment")) >= 25_000


def test_the_history_lies_in_the_year_before_now():
    tables = generate(7, 2_000, NOW)

    for name in TABLES:
        created, updated = column(tables, name, "created_at"), column(tables, name, "last_updated")
        assert NOW - timedelta(days=365) <= min(created)
        assert max(updated) <= NOW
        assert all(c <= u for c, u in zip(created, updated, strict=True))
        assert all(moment.microsecond % 1000 == 0 for moment in updated)


def test_agreed_dates_lie_after_the_order():
    tables = generate(7, 2_000, NOW)

    for table in ("sales_order", "purchase_order"):
        days = [f"{moment:%Y-%m-%d}" for moment in column(tables, table, "created_at")]
        for agreed in ("agreed_delivery_date", "agreed_payment_date"):
            assert all(day < date for day, date in zip(days, column(tables, table, agreed), strict=True))


def test_an_order_costs_what_its_payment_says():
    tables = generate(7, 500, NOW)
    orders = {row[0]: row[6] * row[7] for row in tables["sales_order"].rows}
    ordered = {row[0]: orders[row[4]] for row in tables["transaction"].rows if row[4] is not None}

    receipts = [row for row in tables["payment"].rows if row[7] == 1]

    assert receipts
    assert all(row[5] == ordered[row[3]] for row in receipts)


def test_the_demo_holds_what_breaks_pipelines(source):
    fill(source, generate(2024, 6_000, NOW))

    people = {name for (name,) in source.execute("select last_name from staff union select manager from department")}
    companies = [name for (name,) in source.execute("select counterparty_legal_name from counterparty")]
    assert any(name and "O'Brien" in name for name in people)
    assert max(map(len, companies)) == 240
    text = "".join(companies) + "".join(row[0] for row in source.execute("select design_name from design"))
    assert any(ord(character) > 0xFFFF for character in text), "no emoji"
    assert any("\u4e00" <= character <= "\u9fff" for character in text), "no CJK"
    types = Counter(row[0] for row in source.execute("select payment_type_id from payment"))
    assert set(types) == {1, 2, 3, 4}
    assert {row[0] for row in source.execute("select distinct paid from payment")} == {True, False}
    [[shared]] = source.execute("select max(n) from (select count(*) n from payment group by last_updated) as counted")
    assert shared > 5


def test_filling_twice_changes_nothing(source):
    tables = generate(7, 300, NOW)

    assert fill(source, tables) == sum(len(table.rows) for table in tables.values())
    assert fill(source, generate(8, 300, NOW)) == 0


def test_a_source_in_use_is_left_alone(source):
    source.execute("insert into currency (currency_code) values ('GBP')")

    assert fill(source, generate(7, 10, NOW)) == 0


def test_keys_go_on_after_the_generated_ones(source):
    fill(source, generate(7, 10, NOW))

    [[key]] = source.execute("insert into currency (currency_code) values ('NOK') returning currency_id")

    assert key == 9


def test_creating_the_schema_twice_keeps_the_rows(source):
    fill(source, generate(7, 10, NOW))

    create_schema(source)

    assert source.execute("select count(*) from currency").fetchone() == (8,)


def test_the_extraction_may_read_all_tables_and_write_none(source, url):
    source.execute("create table later (later_id integer)")
    source.commit()
    with psycopg.connect(url, user="quayside_extract") as reader:
        reader.read_only = False  # as it is by default where a platform was made on this server
        for table in (*TABLES, "later"):
            reader.execute(psycopg.sql.SQL("select * from {}").format(psycopg.sql.Identifier(table)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("delete from payment")


def test_without_the_reading_role_it_is_said_what_to_do(url, monkeypatch):
    monkeypatch.setattr("local.sources.totesys.schema.READER", "nobody_made_this_role")

    with psycopg.connect(url) as connection, pytest.raises(RoleMissing, match="create role nobody_made_this_role"):
        create_schema(connection)


def test_the_clock_of_the_source_is_utc(source):
    source.execute("set timezone to 'Pacific/Auckland'")
    source.execute("insert into currency (currency_code) values ('GBP')")

    [[late]] = source.execute("select abs(extract(epoch from last_updated - now() at time zone 'UTC')) from currency")

    assert late < 1


@pytest.mark.parametrize(
    "statement",
    [
        "update sales_order set units_sold = 999",
        "update transaction set transaction_type = 'GIFT'",
        "update payment_type set payment_type_name = 'BRIBE'",
        "update currency set currency_code = 'pound'",
    ],
)
def test_the_source_refuses_what_the_shop_never_writes(source, statement):
    fill(source, generate(7, 50, NOW))

    with pytest.raises(psycopg.errors.CheckViolation):
        source.execute(statement)


def test_a_living_shop_inserts_pays_changes_deletes_and_commits_late(source, url):
    fill(source, generate(7, 400, NOW))
    source.commit()
    shop = Live(lambda: psycopg.connect(url), Random(3))

    told = [shop.step() for _ in range(300)]
    shop.close()

    for word in ("sale ", "purchase ", "paid: ", "agreed anew", "deleted", "moved to", "design ", "committed late"):
        assert any(word in line for line in told), word
    [[paid_later]] = source.execute("select count(*) from payment where paid and last_updated > created_at")
    assert paid_later


def test_a_slow_transaction_becomes_visible_after_younger_rows(source, url):
    fill(source, generate(7, 400, NOW))
    source.commit()
    shop = Live(lambda: psycopg.connect(url), Random(3))
    while "begun" not in shop.step():
        pass
    seen = {row[0] for row in source.execute("select payment_id from payment")}
    [[newest]] = source.execute("select max(last_updated) from payment")
    source.commit()
    while "committed late" not in (line := shop.step()):
        [[newest]] = source.execute("select max(last_updated) from payment")
        seen |= {row[0] for row in source.execute("select payment_id from payment")}
        source.commit()
    late = [row for row in source.execute("select payment_id, last_updated from payment") if row[0] not in seen]
    shop.close()

    assert len(late) == 1, line
    assert late[0][1] < newest


def test_an_interrupted_shop_closes_cleanly(url):
    with psycopg.connect(url) as connection:
        create_schema(connection)
    environment = {**os.environ, "TOTESYS_URL": url}
    command = [sys.executable, "-m", "local.sources.totesys", "live", "--per-minute", "6000"]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    lines = [process.stdout.readline() for _ in range(20)]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    assert process.returncode == 0
    assert all(lines)


def test_create_says_what_it_did_and_leaves_a_filled_source_alone(url):
    def create(*arguments: str) -> str:
        command = [sys.executable, "-m", "local.sources.totesys", "create", *arguments]
        return subprocess.run(
            command, env={**os.environ, "TOTESYS_URL": url}, cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout

    assert "Filled" not in create("--seed", "empty")
    assert "Filled with" in create("--seed", "demo", "--orders", "50")
    assert "left alone" in create("--seed", "demo")


@pytest.mark.skipif(not REAL_ROWS.is_dir(), reason="the shop's real rows are not here")
def test_the_real_rows_fit(source):
    counts = load_json_rows(source, Path(REAL_ROWS))

    assert sum(counts.values()) == 22_372
    assert source.execute("select count(*) from payment").fetchone() == (counts["payment"],)

"""The shop's real rows, where they are at hand, go through without a single reject."""

from pathlib import Path

import psycopg
import pytest

from tests.flow.conftest import Flow
from tests.support.totesys_rows import load_json_rows

ROWS = Path(__file__).resolve().parents[3] / "shared" / "data" / "totesys"


@pytest.mark.skipif(not ROWS.is_dir(), reason="the real rows are not on this machine")
def test_the_real_rows_load_without_a_reject_and_reconcile(flow: Flow) -> None:
    with psycopg.connect(flow.source_url) as connection:
        connection.execute("truncate address, counterparty, currency, department, design, payment_type, staff cascade")
        load_json_rows(connection, ROWS)
        expected = {
            name: connection.execute(f"select count(*) from {name}").fetchone()[0]
            for name in ("sales_order", "purchase_order", "payment", "transaction", "staff", "counterparty")
        }

    lines = flow.run()

    assert all(line.equal for line in lines)
    assert rejected(flow) == 0
    found = {
        name: flow.query(f"select count(*) from warehouse.{table}")[0][0]
        for name, table in {
            "sales_order": "current_sales_order",
            "purchase_order": "current_purchase_order",
            "payment": "current_payment",
            "transaction": "dim_transaction",
            "staff": "dim_staff",
            "counterparty": "dim_counterparty",
        }.items()
    }
    assert found == expected


def rejected(flow: Flow) -> int:
    ledger = flow.new_run().ledger
    return sum(
        int(entry.facts.get("rejected", 0)) for contract in flow.sources for entry in ledger.batches(contract.name)
    )

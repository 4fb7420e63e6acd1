"""The gate as a process of its own: killed, idle, and with more rows than it may hold."""

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from quayside.contract import Contract, load_contract
from quayside.quality import gate, page_key
from quayside.types import arrow_schema
from tests.quality.alone import STEPS
from tests.quality.conftest import DEPARTMENT, Shop

ROOT = Path(__file__).resolve().parents[2]
DATASET = "totesys.department"


def alone(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.quality.alone", *arguments],
        cwd=ROOT,
        text=True,
        timeout=200,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'include'}:{ROOT}"},
        capture_output=True,
        check=False,
    )


def measured(dataset: str) -> dict[str, Any]:
    done = alone(dataset)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_any_step_a_retry_leaves_what_an_undisturbed_run_would_have(shop: Shop, step: str) -> None:
    contract = load_contract(DATASET)
    batches = [
        shop.land(
            contract,
            [
                {**DEPARTMENT, "department_id": number, "department_name": name}
                for number, name in enumerate(["Sales", None, "Stores"], 1)
            ],
        )
        for _ in range(2)
    ]
    killed = alone(DATASET, step)
    assert killed.returncode == -9, killed.stderr

    gate([contract], shop.run("alone"))

    for manifest in batches:
        assert [row["_row"] for row in shop.rejected(manifest)] == [1]
        assert [row["department_id"] for row in shop.accepted(manifest)] == [1, 3]
        assert len(shop.results(batch=manifest.batch, rule="department_name.required")) == 1
    assert shop.ledger.pending(DATASET, "gate") == []
    assert [entry.facts["rejected"] for entry in shop.ledger.pending(DATASET, "curate")] == [1, 1]
    shown = shop.lake.filesystem.open_input_stream(page_key("alone")).read().decode()
    assert all(manifest.batch in shown for manifest in batches)


def test_where_nothing_waits_great_expectations_is_not_even_imported(shop: Shop) -> None:
    assert measured(DATASET)["gx"] is False


def test_nothing_is_sent_to_anybody(shop: Shop) -> None:
    shop.land(load_contract(DATASET), [DEPARTMENT])
    found = measured(DATASET)

    assert (found["gx"], found["strangers"]) == (True, [])


def test_memory_does_not_grow_with_the_batch(shop: Shop, orders: Contract) -> None:
    shop.land(orders, many_orders(orders, 200_000))
    found = measured("totesys.sales_order")

    assert found["peak"] < 400, found
    assert shop.results(rule="complete")[0]["observed"] == "200000 rows"


def many_orders(contract: Contract, count: int) -> pa.Table:
    """So many orders that differ in their keys and prices."""
    stamp = np.datetime64(datetime(2026, 5, 1, 12), "ms")
    constant = {
        "design_id": 1,
        "staff_id": 1,
        "counterparty_id": 1,
        "units_sold": 1000,
        "currency_id": 1,
        "agreed_delivery_date": "2026-05-09",
        "agreed_payment_date": "2026-05-08",
        "agreed_delivery_location_id": 1,
        "created_at": stamp,
        "last_updated": stamp,
    }
    columns = {name: pa.repeat(pa.scalar(value), count) for name, value in constant.items()}
    columns |= {
        "sales_order_id": pa.array(np.arange(count)),
        "unit_price": pa.array(np.arange(count) % 1000).cast(pa.decimal128(21, 2)),
    }
    schema = arrow_schema(contract)
    return pa.table([columns[name].cast(schema.field(name).type) for name in schema.names], schema=schema)

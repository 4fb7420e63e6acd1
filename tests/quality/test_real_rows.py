"""The shop's real rows, where they are at hand, keep what the contracts promise."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from quayside.contract import Contract, contract_names, load_contract
from quayside.quality import gate
from quayside.types import arrow_schema
from tests.quality.conftest import Shop

ROWS = Path(__file__).resolve().parents[3] / "shared" / "data" / "totesys"


@pytest.mark.skipif(not ROWS.is_dir(), reason="the real rows are not on this machine")
def test_the_real_rows_pass_without_a_reject_or_a_warning(shop: Shop) -> None:
    contracts = [load_contract(name) for name in contract_names("totesys")]
    for contract in contracts:
        shop.land(contract, real_rows(contract))

    verdicts = gate(contracts, shop.run())

    assert sum(verdict.rows for verdict in verdicts) == 22_372
    assert [verdict for verdict in verdicts if verdict.rejected or verdict.warnings] == []


def real_rows(contract: Contract) -> pa.Table:
    """The rows of one table, as landing types them: ids that come as floats are integers."""
    rows = json.loads((ROWS / f"{contract.table}.json").read_text(), parse_float=Decimal)[contract.table]
    convert = {"timestamp": datetime.fromisoformat, "integer": int, "numeric": Decimal}
    for column in contract.columns:
        kind = convert.get(column.type.partition("(")[0])
        for row in rows if kind else ():
            row[column.name] = None if row[column.name] is None else kind(row[column.name])
    return pa.Table.from_pylist(rows, schema=arrow_schema(contract))

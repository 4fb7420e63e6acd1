"""Totals of rows as they stream by: the same whole-number and decimal arithmetic that the source uses."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from quayside.contract import Contract
from quayside.manifest import Totals

FACTOR, MODULUS = 1_000_003, 2_147_483_647


def totals_of(contract: Contract, batches: Iterable[pa.RecordBatch]) -> Totals:
    """Add up rows of a source dataset; money columns that no batch has are left out."""
    rows, key_hash, sums = 0, 0, dict[str, Decimal]()
    for batch in batches:
        rows += batch.num_rows
        key_hash += hash_of(batch.column(contract.key.name), batch.column(contract.cursor or contract.key.name))
        for column in contract.money:
            if column.name in batch.schema.names:
                sums[column.name] = sums.get(column.name, Decimal(0)) + _sum(batch.column(column.name))
    return Totals(rows=rows, key_hash=key_hash, sums={name: str(value) for name, value in sums.items()})


def hash_of(keys: "pa.Array[Any]", versions: "pa.Array[Any]") -> int:
    """Return ``sum((key * 1000003 + epoch milliseconds of the version) mod 2147483647)``; see `Totals`."""
    milliseconds = versions.cast(pa.timestamp("ms"), safe=False).cast(pa.int64())
    mixed = pc.add_checked(pc.multiply_checked(keys.cast(pa.int64()), FACTOR), milliseconds)
    # Arrow has no modulus; its division of integers truncates as PostgreSQL's does.
    rest = pc.subtract(mixed, pc.multiply(pc.divide(mixed, MODULUS), MODULUS))
    return int(pc.sum(rest).as_py() or 0)


def differences(found: Totals, wanted: Totals) -> list[str]:
    """Say in words what one stage has and another should have; nothing where they agree."""
    said = []
    if found.rows != wanted.rows:
        gap = found.rows - wanted.rows
        said.append(f"{found.rows:,} rows instead of {wanted.rows:,} ({abs(gap):,} {'more' if gap > 0 else 'fewer'})")
    elif found.key_hash != wanted.key_hash:
        said.append(f"as many rows ({found.rows:,}), but other keys or versions")
    for name in found.sums.keys() & wanted.sums.keys():
        gap_of_sum = Decimal(found.sums[name]) - Decimal(wanted.sums[name])
        if gap_of_sum:
            said.append(f"{name} adds up to {found.sums[name]} instead of {wanted.sums[name]} ({gap_of_sum:+})")
    return said


def added(totals: Sequence[Totals]) -> Totals:
    """Add totals up; amounts that only some of them know count as nothing in the others."""
    names = {name for each in totals for name in each.sums}
    return Totals(
        rows=sum(each.rows for each in totals),
        key_hash=sum(each.key_hash for each in totals),
        sums={name: str(sum(Decimal(each.sums.get(name, 0)) for each in totals)) for name in sorted(names)},
    )


def _sum(column: "pa.Array[Any]") -> Decimal:
    return pc.sum(column).as_py() or Decimal(0)

"""Checks about a batch as a whole: what is measured, and within which limits it is normal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from quayside.contract import Contract
from quayside.ledger import Entry
from quayside.manifest import Kind, Manifest
from quayside.quality.checks import Check, Severity, promised
from quayside.quality.evidence import Evidence, references
from quayside.quality.volume import usual
from quayside.types import arrow_type

# Above this share of rejected rows something is wrong with the source or the contract, not with single rows …
REJECTED_SHARE = 0.2
# … but of a handful of rows, a few say nothing.
REJECTED_FROM_ROWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A number that describes a batch, and its limits.

    :param observed: what was seen, in words
    :param expected: what is normal, in words
    :param rows: how many rows are concerned, where it is about some of them
    """

    name: str
    severity: Severity
    value: float
    maximum: float
    observed: str
    expected: str
    minimum: float = 0
    column: str | None = None
    rows: int = 0


def _limit(name: str, larger: str, smaller: str) -> Check:
    return Check(
        name=name,
        severity="block",
        expectation="expect_column_pair_values_a_to_be_greater_than_b",
        arguments={"column_A": larger, "column_B": smaller, "or_equal": True},
        demand="expects normal measures",
    )


# About a frame with one row for each measure: two expectations cost less than one for each measure.
LIMITS = (_limit("minimum", "value", "minimum"), _limit("maximum", "maximum", "value"))


def as_frame(measures: Sequence[Measure]) -> pa.Table:
    """Return the frame that `LIMITS` are about: one row for each measure."""
    return pa.table(
        {
            name: pa.array([float(getattr(measure, name)) for measure in measures])
            for name in ("value", "minimum", "maximum")
        }
    )


def shape(contract: Contract, kind: Kind, landed: pa.Schema) -> list[Measure]:
    """Measure whether a batch has the columns and types that the contract promises."""
    columns = promised(contract, kind)
    names = {column.name for column in columns}
    types = {field.name: field.type for field in landed}
    broken = [f"{column.name} is missing" for column in columns if column.required and column.name not in types]
    broken += [
        f"{column.name} is {types[column.name]}, not {arrow_type(column)}"
        for column in columns
        if column.name in types and not _fits(types[column.name], arrow_type(column))
    ]
    new = [name for name in landed.names if name not in names]
    absent = [column.name for column in columns if not column.required and column.name not in types]
    drift = [f"new: {', '.join(new)}"] * bool(new) + [f"missing, read as null: {', '.join(absent)}"] * bool(absent)
    return [
        Measure(
            name="schema",
            severity="block",
            value=len(broken),
            maximum=0,
            observed="; ".join(broken) or "as promised",
            expected="the columns and types of the contract",
        ),
        Measure(
            name="drift",
            severity="warn",
            value=len(drift),
            maximum=0,
            observed="; ".join(drift) or "none",
            expected="no columns besides those of the contract, and all of those",
        ),
    ]


def fitting(contract: Contract, kind: Kind, landed: pa.Schema) -> set[str]:
    """Return the names of the promised columns that are there with their type: the only ones to be looked into."""
    return {
        column.name
        for column in promised(contract, kind)
        if column.name in landed.names and _fits(landed.field(column.name).type, arrow_type(column))
    }


def content(contract: Contract, manifest: Manifest, *, read: int, rejected: int, evidence: Evidence) -> list[Measure]:
    """Measure a batch after all its rows were read.

    :param read: rows that its files hold
    """
    share = rejected / read if read >= REJECTED_FROM_ROWS else 0.0
    conflicts = evidence.conflicting_versions()
    measures = [
        Measure(
            name="complete",
            severity="block",
            value=read,
            minimum=manifest.rows,
            maximum=manifest.rows,
            observed=f"{read} rows",
            expected=f"the {manifest.rows} rows of the manifest",
        ),
        Measure(
            name="rejected_share",
            severity="block",
            value=share,
            maximum=REJECTED_SHARE,
            rows=rejected,
            observed=f"{rejected} of {read} rows rejected",
            expected=f"at most {REJECTED_SHARE:.0%}, from {REJECTED_FROM_ROWS} rows on",
        ),
        Measure(
            name="conflicting_versions",
            severity="warn",
            value=conflicts,
            maximum=0,
            observed=f"{conflicts} versions",
            expected="no version of a key twice with different content",
        ),
    ]
    for column in references(contract) if manifest.kind != "deletes" else ():
        keys, rows = evidence.missing(column)
        measures.append(
            Measure(
                name=f"{column.name}.references",
                column=column.name,
                severity="warn",
                value=keys,
                maximum=0,
                rows=rows,
                observed=f"{keys} keys unknown" if keys else "all known",
                expected=f"keys of {column.references} known so far",
            )
        )
    return measures


def circumstances(contract: Contract, entry: Entry, earlier: Sequence[Entry]) -> list[Measure]:
    """Measure when a batch was read and how large it is beside those before it.

    :param earlier: batches recorded before this one
    """
    if entry.kind != "window":
        return []
    measures = []
    if contract.freshness is not None:
        # Of when we read, by our own clock: a source in which nothing is sold is not stale.
        age = (datetime.now(UTC).replace(tzinfo=None) - datetime.fromisoformat(entry.recorded_at)).total_seconds() / 60
        measures.append(
            Measure(
                name="freshness",
                severity="warn",
                value=max(age, 0),
                maximum=contract.freshness,
                observed=f"read {max(age, 0):.0f} minutes ago",
                expected=f"read at most {contract.freshness} minutes ago",
            )
        )
    normal = usual(contract, entry, earlier)
    if normal:
        measures.append(
            Measure(
                name="volume",
                severity="warn",
                value=entry.rows,
                minimum=normal.least,
                maximum=normal.most,
                observed=f"{entry.rows} rows",
                expected=f"{normal.least:.0f} to {normal.most:.0f} rows, "
                f"after a median of {normal.median:.0f} in {normal.like}",
            )
        )
    return measures


def _fits(landed: pa.DataType, promised: pa.DataType) -> bool:
    """Tell whether every value of a type is a value of another, as after a contract was widened."""
    if pa.types.is_integer(landed) and pa.types.is_integer(promised):
        return bool(landed.bit_width <= promised.bit_width)
    if pa.types.is_decimal(landed) and pa.types.is_decimal(promised):
        whole = landed.precision - landed.scale <= promised.precision - promised.scale
        return bool(whole and landed.scale <= promised.scale)
    return bool(landed == promised)

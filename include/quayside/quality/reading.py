"""One batch, read once from end to end: its rows are checked in chunks, rejected ones put aside."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa

from quayside.contract import Contract
from quayside.ledger import Entry
from quayside.manifest import Manifest
from quayside.quality import measures
from quayside.quality.checks import READABLE, Check, Severity, column_checks, own_checks, reading_checks
from quayside.quality.evidence import Evidence
from quayside.quality.measures import Measure
from quayside.quality.quarantine import RULES, Quarantine
from quayside.quality.rejected import released
from quayside.quality.results import Result
from quayside.quality.rows import Chunk, chunks, whole
from quayside.quality.volume import remembered
from quayside.run import Run
from quayside.types import arrow_schema

if TYPE_CHECKING:
    from quayside.quality.expectations import Validator

_REPORT_EVERY = 1_000_000
_NOWHERE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a batch.

    :param rejected: number of rows put aside
    """

    rejected: int
    results: list[Result]


class Reading:
    """Checks one batch.

    :param evidence: begins anew with this batch
    """

    def __init__(
        self,
        contract: Contract,
        manifest: Manifest,
        *,
        run: Run,
        validator: "Validator",
        evidence: Evidence,
    ) -> None:
        from quayside.quality.expectations import level

        self._contract, self._manifest, self._run = contract, manifest, run
        self._validator, self._evidence = validator, evidence
        levels = [(level(check), check) for check in own_checks(contract, manifest.kind)]
        self._per_row = column_checks(contract, manifest.kind) + [
            _of_rows(check) for at, check in levels if at == "row"
        ]
        self._together = [_of_rows(check) for at, check in levels if at == "rows"]
        self._aggregate = [check for at, check in levels if at == "dataset"]
        self._reading = reading_checks(contract)
        self._rejecting = [
            check for check in [*self._reading, *self._per_row, *self._together] if check.severity == "reject"
        ]
        self._hidden = {column.name for column in contract.columns if column.classification != "internal"}
        self._broken: Counter[str] = Counter()
        self._released: Mapping[str, np.ndarray] = {}
        self._schema = arrow_schema(contract)

    def find(self, entry: Entry) -> Found:
        """Read all rows, put the rejected ones aside, and return what every check found.

        :raises Terminal: a rule of the contract cannot be applied, or a file of the batch is missing
        """
        self._evidence.forget_batch()
        basic = {check.name for check in self._rejecting if check.basic}
        self._released = {rule: rows for rule, rows in released(self._manifest, self._run).items() if rule not in basic}
        with Quarantine(self._run.lake, self._manifest) as quarantine:
            read = self._read(quarantine)
        earlier = [
            other
            for other in self._run.ledger.batches(entry.dataset, newest=remembered(self._contract))
            if other.batch < entry.batch
        ]
        measured = [
            *measures.shape(self._contract, self._manifest.kind, self._schema),
            *measures.content(
                self._contract, self._manifest, read=read, rejected=quarantine.rows, evidence=self._evidence
            ),
            *measures.circumstances(self._contract, entry, earlier),
        ]
        rows = [self._row_result(check, read) for check in [*self._reading, *self._per_row, *self._together]]
        return Found(quarantine.rows, [*self._measured(measured), *self._aggregated(), *rows])

    def _read(self, quarantine: Quarantine) -> int:
        """Pass all rows by the checks; return how many there are."""
        start, checks, together = 0, self._per_row, dict[str, np.ndarray]()
        for chunk in chunks(self._contract, self._manifest, self._run.lake):
            if start == 0:
                self._schema = chunk.rows.schema
                usable = measures.fitting(self._contract, self._manifest.kind, self._schema)
                checks = [check for check in self._per_row if usable.issuperset(self._columns(check))]
                together = {
                    check.name: self._validator.validate([check], self._whole(check))[check.name].positions
                    for check in self._together
                    if usable.issuperset(self._columns(check))
                }
            size = chunk.rows.num_rows
            outcomes = self._validator.validate(checks, chunk.rows)
            broken = {name: outcome.positions for name, outcome in outcomes.items()}
            broken |= {name: _within(ordinals, start, size) for name, ordinals in together.items()}
            broken = self._counting(broken, chunk, start)
            self._broken.update({name: len(positions) for name, positions in broken.items()})
            self._reject(chunk, start, broken, quarantine)
            self._evidence.add(self._contract, chunk.rows)
            start += size
            if start // _REPORT_EVERY > (start - size) // _REPORT_EVERY:
                self._run.progress(self._contract.name, f"{start} rows checked, {quarantine.rows} rejected")
        return start

    def _counting(self, broken: Mapping[str, np.ndarray], chunk: Chunk, start: int) -> dict[str, np.ndarray]:
        """Return the rows that break each rule, less those of which it says nothing.

        Of a line that cannot be read, no column is missing; nor is a value that is there and only of another type. And
        what a person has let pass does.
        """
        unfit = {name: np.array(sorted(values)) for name, values in chunk.unfit.items()}
        unreadable = unfit.pop(READABLE.name, _NOWHERE)
        counting = {READABLE.name: unreadable}
        for name, positions in {**broken, **unfit}.items():
            released = _within(self._released.get(name, _NOWHERE), start, chunk.rows.num_rows)
            other_type = (
                unfit.get(f"{name.removesuffix('required')}type", _NOWHERE) if name.endswith("required") else _NOWHERE
            )
            counting[name] = np.setdiff1d(positions, np.concatenate([released, other_type, unreadable]))
        return {name: positions for name, positions in counting.items() if len(positions)}

    def _reject(self, chunk: Chunk, start: int, broken: Mapping[str, np.ndarray], quarantine: Quarantine) -> None:
        """Put the rows aside that break a rule, each with all the rules that it breaks."""
        rules, reasons = defaultdict[int, list[str]](list), defaultdict[int, list[str]](list)
        for check in self._rejecting:
            if check.name not in broken:
                continue
            positions = broken[check.name]
            for position, reason in zip(positions.tolist(), self._reasons(check, chunk, positions), strict=True):
                rules[position].append(check.name)
                reasons[position].append(reason)
        if rules:
            positions = np.array(sorted(rules))
            quarantine.add(
                chunk.landed(positions),
                positions + start,
                [RULES.join(rules[position]) for position in positions.tolist()],
                ["; ".join(reasons[position]) for position in positions.tolist()],
            )

    def _reasons(self, check: Check, chunk: Chunk, positions: np.ndarray) -> Iterator[str]:
        unfit = chunk.unfit.get(check.name)
        if unfit is not None:
            values = [{check.column: unfit[position]} if check.column else {} for position in positions.tolist()]
        else:
            names = [check.column] if check.column else self._columns(check)
            values = chunk.rows.select(names).take(pa.array(positions)).to_pylist()
        return (check.reason(row, hidden=self._hidden) for row in values)

    def _columns(self, check: Check) -> list[str]:
        """Return the columns that a check's arguments name."""
        given = [value for item in check.arguments.values() for value in (item if isinstance(item, list) else [item])]
        return [column.name for column in self._contract.columns if column.name in given]

    def _whole(self, check: Check) -> pa.Table:
        """Return all rows of the columns that a check is about."""
        names = self._columns(check) or [self._contract.key.name]
        return whole(self._contract, self._manifest, self._run.lake, names)

    def _row_result(self, check: Check, read: int) -> Result:
        rows = self._broken[check.name]
        return self._result(
            check.name,
            "row",
            check.severity,
            passed=rows == 0,
            column=check.column,
            observed=f"{rows} of {read} rows",
            expected=check.demand,
            rows=rows,
        )

    def _measured(self, measured: list[Measure]) -> list[Result]:
        outcomes = self._validator.validate(measures.LIMITS, measures.as_frame(measured))
        outside = {position for outcome in outcomes.values() for position in outcome.positions.tolist()}
        return [
            self._result(
                measure.name,
                "dataset",
                measure.severity,
                passed=position not in outside,
                column=measure.column,
                observed=measure.observed,
                expected=measure.expected,
                rows=measure.rows,
            )
            for position, measure in enumerate(measured)
        ]

    def _aggregated(self) -> list[Result]:
        """Check the contract's own rules about the dataset as a whole."""
        usable = measures.fitting(self._contract, self._manifest.kind, self._schema)
        results = []
        for check in self._aggregate if self._manifest.files else ():
            if usable.issuperset(self._columns(check)):
                outcome = self._validator.validate([check], self._whole(check))[check.name]
                shown = all(self._contract.column(name).classification == "internal" for name in self._columns(check))
                results.append(
                    self._result(
                        check.name,
                        "dataset",
                        check.severity,
                        passed=outcome.passed,
                        column=check.column,
                        expected=check.demand,
                        observed=str(outcome.observed) if shown else "not shown",
                    )
                )
        return results

    def _result(
        self,
        rule: str,
        kind: Literal["row", "dataset"],
        severity: Severity,
        *,
        passed: bool,
        column: str | None,
        observed: str,
        expected: str,
        rows: int = 0,
    ) -> Result:
        return Result(
            run=self._run.id,
            checked_at=datetime.now(UTC).replace(tzinfo=None, microsecond=0),
            dataset=self._contract.name,
            batch=self._manifest.batch,
            rule=rule,
            column_name=column,
            kind=kind,
            severity=severity,
            passed=passed,
            observed=observed,
            expected=expected.removeprefix("expects "),
            unexpected_rows=rows,
        )


def _within(ordinals: np.ndarray, start: int, size: int) -> np.ndarray:
    """Return those of some ordinals of the batch, ascending, that are in a chunk, as positions in it."""
    first, last = np.searchsorted(ordinals, [start, start + size])
    return ordinals[first:last] - start


def _of_rows(check: Check) -> Check:
    """Return a contract's own rule as a check on rows: what blocks there rejects rows."""
    severity: Severity = "reject" if check.severity == "block" else check.severity
    return replace(check, severity=severity)

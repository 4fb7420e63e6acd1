"""The gate: every landed batch is checked against its contract before anything else reads it.

A batch is taken in this order: quarantine, results, page, ledger. Each step replaces what an earlier attempt wrote
under the same name, and only the last makes it visible to the next stage; killed anywhere, the next run repeats it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Literal

from quayside.contract import Contract
from quayside.errors import Blocked, Retryable, Terminal
from quayside.ledger import Entry
from quayside.manifest import Manifest
from quayside.memory import give_back_large_blocks
from quayside.quality.evidence import Evidence
from quayside.quality.page import Page
from quayside.quality.reading import Reading
from quayside.quality.results import Result, write_results
from quayside.run import Run

if TYPE_CHECKING:
    from quayside.quality.expectations import Validator


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the gate says of one batch.

    :param warnings: what was unusual and did not stop it, in words
    :param page: key of the page in the lake that shows all that was found
    """

    dataset: str
    batch: str
    status: Literal["passed", "blocked"]
    rows: int
    rejected: int
    warnings: tuple[str, ...]
    page: str


def gate(contracts: Sequence[Contract], run: Run) -> list[Verdict]:
    """Check all batches that wait at the gate, dataset by dataset, each in the order in which it was landed.

    :raises Blocked: a dataset stays at the gate; all others have passed. Says which, why, and how to go on
    :raises Retryable: lake, ledger or catalog did not answer; a retry goes on with what is left
    """
    waiting = {contract.name: run.ledger.pending(contract.name, "gate") for contract in contracts}
    if not any(waiting.values()):
        return []
    from quayside.quality.expectations import Validator  # takes 3 s: only where there is something to check

    give_back_large_blocks()
    verdicts, troubles = [], []
    with Evidence.gathered(contracts, run) as evidence:
        gatekeeper = _Gatekeeper(run, Validator(), evidence)
        for contract in contracts:
            for entry in waiting[contract.name]:
                try:
                    verdicts.append(gatekeeper.take(contract, entry))
                except Retryable:
                    raise
                except Terminal as trouble:  # this dataset's own: later batches of it wait, other datasets do not
                    run.progress(contract.name, f"blocked: {trouble}")
                    troubles.append(str(trouble) if isinstance(trouble, Blocked) else f"{contract.name}: {trouble}")
                    break
    if troubles:
        raise Blocked("\n".join(troubles))
    return verdicts


def release(dataset: str, batch: str, run: Run, *, by: str, reason: str) -> None:
    """Let a blocked batch pass by a person's decision, which the ledger keeps; its rejected rows stay in quarantine.

    :param by: who decides
    :raises Terminal: no such batch, or it is not blocked
    """
    entry = run.ledger.batch(dataset, batch)
    if entry.status != "blocked":
        raise Terminal(f"{dataset}: batch {batch} is {entry.status}; only a blocked one can be released.")
    run.ledger.advance(
        dataset,
        batch,
        taken="gate",
        status="passed",
        todo="curate",
        facts={"released_by": by, "released_because": reason, "released_in": run.id},
    )
    run.progress(dataset, f"batch {batch} released by {by}: {reason}")


class _Gatekeeper:
    """Takes batches, one after the other, in one run."""

    def __init__(self, run: Run, validator: "Validator", evidence: Evidence) -> None:
        self._run, self._validator, self._evidence = run, validator, evidence
        self._page = Page(run)

    def take(self, contract: Contract, entry: Entry) -> Verdict:
        """Check one batch, and hand it on or hold it.

        :raises Blocked: it is held
        """
        run, started = self._run, monotonic()
        run.progress(contract.name, f"batch {entry.batch}: checking {entry.rows} rows")
        manifest = Manifest.from_dict(run.lake.read_json(entry.manifest))
        found = Reading(contract, manifest, run=run, validator=self._validator, evidence=self._evidence).find(entry)
        write_results(run, contract.name, entry.batch, found.results)
        stopped = [result for result in found.results if result.severity == "block" and not result.passed]
        warnings = tuple(
            f"{result.rule}: {result.observed}"
            for result in found.results
            if result.severity == "warn" and not result.passed
        )
        self._page.show(entry, "blocked" if stopped else "passed", found.rejected, found.results)
        if stopped:
            self._hold(entry, found.rejected, stopped)
        run.ledger.advance(
            contract.name,
            entry.batch,
            taken="gate",
            status="passed",
            todo="curate",
            facts={"rejected": found.rejected, "warnings": list(warnings)},
        )
        run.progress(
            contract.name,
            f"batch {entry.batch}: {entry.rows} rows, {found.rejected} rejected, "
            f"{len(warnings)} warnings, {monotonic() - started:.1f} s",
        )
        return Verdict(
            dataset=contract.name,
            batch=entry.batch,
            status="passed",
            rows=entry.rows,
            rejected=found.rejected,
            warnings=warnings,
            page=self._page.key,
        )

    def _hold(self, entry: Entry, rejected: int, stopped: list[Result]) -> None:
        reasons = "; ".join(f"{result.rule}: {result.observed}, expected {result.expected}" for result in stopped)
        self._run.ledger.hold(
            entry.dataset, entry.batch, at="gate", facts={"rejected": rejected, "blocked_by": reasons}
        )
        raise Blocked(
            f"{entry.dataset}: batch {entry.batch} is blocked by {reasons}. What was served before stays served. Correct the "
            "contract, and the next run checks it again; or let it pass as it is: trigger "
            f"{entry.dataset.partition('.')[0]}_landing with {entry.dataset}/{entry.batch} as the batch to release, or run "
            f"python -m quayside.quality release {entry.dataset} {entry.batch} --by YOU --reason WHY. "
            f"All that was found: {self._page.key}"
        )

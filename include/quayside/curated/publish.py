"""What a Glue job wrote becomes what readers see: verified, swapped in the catalog, handed on to the warehouse.

The order makes a crash harmless at any point: the ledger remembers which dates change, then the catalog, then the
stars' change batches, then old files go, then the batches are taken. Done again, every step finds what it did.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow.parquet as pq

from quayside.contract import Contract, contract_names, load_contract
from quayside.curated.catalog import Catalog, Values
from quayside.curated.curate import Curated
from quayside.curated.masked import mask_tables
from quayside.curated.plan import LEASE_SECONDS, WHOLE, base_of, places, plan_key, source_of
from quayside.curated.spark.messages import Done, Plan, Table, done_key
from quayside.curated.stars import derive_stars
from quayside.errors import Terminal
from quayside.run import Run
from quayside.upload import failures

_READERS = 8  # footers read at the same time


def publish(tables: Sequence[Contract], run: Run) -> list[Curated]:
    """Let readers see what the Glue job of this run's plan wrote, and hand its batches to the load.

    :param tables: the contracts that `quayside.curated.plan.plan` was given
    :return: what changed: curated tables, then stars; empty where nothing was planned, or it is published already
    :raises Retryable: another run works on these tables, or a service did not answer
    :raises Terminal: the job has not run, did not do what was planned, or the tables have changed since
    """
    source = source_of(tables)
    with run.ledger.lease(f"curated.{source}", owner=run.id, seconds=LEASE_SECONDS):
        if not run.lake.exists(plan_key(run)):
            return []
        plan = Plan.from_dict(run.lake.read_json(plan_key(run)))
        return _Publication(tables, plan, run).do()


@dataclass(frozen=True, slots=True)
class _Result:
    """One table: what was planned, what the job says of it, and what is there.

    :param rows: folder → rows in it, of what the job wrote
    :param placed: partition → folder, as the catalog has them now
    """

    contract: Contract
    table: Table
    done: Done
    rows: Mapping[str, int]
    placed: Mapping[str, str]

    @property
    def written(self) -> dict[str, str | None]:
        """Partition → folder of what the job wrote; None where no row is left."""
        places = {partition: self.table.place(partition) for partition in self.done.partitions}
        return {partition: place if self.rows.get(place) else None for partition, place in places.items()}


class _Publication:
    """The steps of one run, in their order."""

    def __init__(self, tables: Sequence[Contract], plan: Plan, run: Run) -> None:
        self._tables, self._plan, self._run = tables, plan, run
        self._catalog = Catalog.of(run.settings)
        self._inputs = tuple(f"{batch.dataset}/{batch.batch}" for batch in plan.batches if batch.pending)

    def do(self) -> list[Curated]:
        """Do the whole."""
        results = [self._result(contract) for contract in self._tables]
        for result in results:
            self._check_unchanged(result)
        for result in results:
            self._verify(result)
        changes = self._note_changes(results)
        for result in results:
            self._swap(result)
        mask_tables({result.contract.table: result.contract for result in results}, self._run.settings)
        made = self._derive(changes)
        for result in results:
            self._sweep(result)
        self._finish()
        return [
            *(
                Curated(dataset=item.contract.name, rows=item.done.keys, batch=None, inputs=self._inputs_of(item))
                for item in results
                if item.done.partitions
            ),
            *made,
        ]

    def _result(self, contract: Contract) -> _Result:
        table, key = self._plan.tables[contract.table], done_key(plan_key(self._run), contract.table)
        done = Done.from_dict(self._run.lake.read_json(key)) if self._run.lake.exists(key) else None
        if done is None or done.version != self._plan.version:
            raise Terminal(
                f"{contract.name}: no Glue job has carried out the plan {plan_key(self._run)}: start quayside-"
                f"{self._plan.source} with the plan's arguments, or clear the run from its task plan on."
            )
        known = self._catalog.table(contract.table)
        if known is None:
            raise Terminal(f"{contract.name}: somebody dropped its table after it was planned; clear the task plan.")
        placed = places(contract.table, self._catalog, known, base_of(contract, self._run))
        return _Result(contract, table, done, self._count(table), placed)

    def _verify(self, result: _Result) -> None:
        """Hold what the job says against what was planned, and against the files that it left.

        :raises Terminal: a line is missing, or a row, or there is a partition that the job does not speak of
        """
        done, name = result.done, result.contract.name
        accepted = sum(
            batch.rows - len(batch.rejected) for batch in self._plan.batches if batch.dataset == result.table.landing
        )
        written, stray = sum(result.rows.values()), sorted(result.rows.keys() - set(result.written.values()))
        if done.read != accepted or written != done.rows or done.rows < done.keys or stray:
            raise Terminal(
                f"{name}: the Glue job read {done.read} lines of {accepted} accepted ones, with {done.keys} keys, and "
                f"wrote {done.rows} rows, of which {written} are found{f', also in {stray[0]}' if stray else ''}. "
                "What was served before stays served. Look at the job's log; clear the run from its task plan on."
            )
        self._run.progress(
            name, f"{done.keys} keys in {done.read} lines; {written} rows in {len(result.rows)} partitions"
        )

    def _count(self, table: Table) -> dict[str, int]:
        """Return the rows of each folder that the job wrote, from the footers of its files."""
        keys = [key for key in self._run.lake.keys(self._key(table.target)) if key.endswith(".parquet")]
        counted: dict[str, int] = {}
        with ThreadPoolExecutor(_READERS) as pool:
            for key, rows in zip(keys, pool.map(self._rows, keys), strict=True):
                folder = self._run.lake.uri(f"{key.rpartition('/')[0]}/")
                counted[folder] = counted.get(folder, 0) + rows
        return counted

    def _rows(self, key: str) -> int:
        with failures(f"read {key}"), self._run.lake.filesystem.open_input_file(key) as source:
            return int(pq.read_metadata(source).num_rows)

    def _check_unchanged(self, result: _Result) -> None:
        """Compare the catalog with what it was when the job was planned; what this publication placed is no change.

        :raises Terminal: another run has rewritten the table, so that its rows would be lost
        """
        planned, written = result.table.current, result.written
        moved = {
            partition
            for partition in planned.keys() | result.placed.keys()
            if (place := result.placed.get(partition)) != planned.get(partition)
            and not (partition in written and place == written[partition])
        }
        if moved:
            raise Terminal(
                f"{result.contract.name}: another run has rewritten {len(moved)} of its partitions since this one was "
                f"planned, e.g. {min(moved) or 'all of it'}. Nothing is lost: clear the run from its task plan on, or leave it "
                "to the next run."
            )

    def _note_changes(self, results: Sequence[_Result]) -> dict[str, set[str]]:
        """Remember which dates change until the stars have them; return these and those of runs that were cut off.

        Planned anew, such a run would no longer find the rows that had left a partition for another.
        """
        ledger, owner = self._run.ledger, f"curated.{self._plan.source}"
        mine = {result.contract.name: sorted(result.written.keys() - {WHOLE}) for result in results if result.written}
        ledger.note(owner, f"changes#{self._plan.version}", {"tables": mine})
        changes: dict[str, set[str]] = {}
        for noted in ledger.notes(owner, "changes#"):
            for name, partitions in noted["tables"].items():
                changes.setdefault(name, set()).update(partitions)
        return changes

    def _swap(self, result: _Result) -> None:
        written, table = result.written, self._catalog.table(result.contract.table)
        todo = {name: place for name, place in written.items() if place and result.placed.get(name) != place}
        if table is not None and todo and not result.table.partition:
            self._catalog.relocate(table, todo[WHOLE])
        elif table is not None and todo:
            locations: dict[Values, str] = {(partition,): place for partition, place in todo.items()}
            self._catalog.place_partitions(table, locations, existing=[(partition,) for partition in result.placed])
        if gone := [(name,) for name, place in written.items() if place is None and name in result.placed]:
            self._catalog.drop_partitions(result.contract.table, gone)

    def _derive(self, changes: Mapping[str, set[str]]) -> list[Curated]:
        stars = [load_contract(name) for name in contract_names("warehouse", product="hospitality")]
        return derive_stars(
            {name: sorted(partitions) for name, partitions in changes.items()}, self._inputs, stars, self._run
        )

    def _sweep(self, result: _Result) -> None:
        """Delete older files that the catalog does not name, but for those it named before: somebody may be reading."""
        kept = {*result.table.current.values(), *result.placed.values(), *result.written.values()}
        base = self._key(base_of(result.contract, self._run))
        newest = f"{base}v={self._plan.version}"
        self._run.lake.delete(
            [
                key
                for key in self._run.lake.keys(base)
                if key < newest and self._run.lake.uri(f"{key.rpartition('/')[0]}/") not in kept
            ]
        )

    def _finish(self) -> None:
        """Take the batches, and forget what was only for this run."""
        run, owner = self._run, f"curated.{self._plan.source}"
        for batch in self._plan.batches:
            if batch.pending:
                run.ledger.advance(batch.dataset, batch.batch, taken="curate", status="curated", todo="load")
        for noted in run.ledger.notes(owner, "changes#"):
            run.ledger.forget(owner, noted["entry"])
        key = plan_key(run)
        run.lake.delete([*(done_key(key, contract.table) for contract in self._tables), key])

    def _inputs_of(self, result: _Result) -> tuple[str, ...]:
        return tuple(name for name in self._inputs if name.startswith(f"{result.table.landing}/"))

    def _key(self, address: str) -> str:
        return address.removeprefix(self._run.lake.uri(""))

"""The drift alarm: what crawlers infer of the newest batches, held against what the contracts promise.

A crawler makes each batch a partition, with the schema that it inferred of that batch alone. The gate judges values; this
sees what no value shows: that a field has become another type, is gone, or has come.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from quayside.contract import Column, Contract
from quayside.errors import Terminal
from quayside.ledger import Entry
from quayside.quality.inferred import fields, partitions
from quayside.run import Run

RECENT = timedelta(days=2)  # batches of this age are looked at: more than one daily look sees them
NEWEST = 1000  # of them, at most
PARTITION = "drift"  # of the ledger: per dataset the fields that are known, with their types
NUMBERS = frozenset({"tinyint", "smallint", "int", "bigint", "float", "double", "decimal"})
INFERRED = {  # of a contract → of JSON
    "smallint": frozenset({"tinyint", "smallint", "int", "bigint"}),
    "integer": frozenset({"tinyint", "smallint", "int", "bigint"}),
    "bigint": frozenset({"tinyint", "smallint", "int", "bigint"}),
    "numeric": NUMBERS,
    "boolean": frozenset({"boolean"}),
}
TEXT = frozenset({"string"})  # also what a field is that was null in every record

Types = Mapping[str, set[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field that is not as promised, or not as it was.

    :param field: where in a landed line it is; ``[]`` stands for the items of a list
    :param what: ``type``, ``lost`` or ``new``
    :param alarm: somebody has to see to it; otherwise it is a piece of news
    :param note: all of it in words
    """

    dataset: str
    field: str
    what: str
    alarm: bool
    note: str


def drift(contracts: Sequence[Contract], run: Run, *, crawled: datetime, texts: Sequence[str] = ()) -> list[Difference]:
    """Compare the newest batches of some datasets, as crawlers have inferred them, with contract and last look.

    What is new is known from now on; the first look knows all that it finds.

    :param crawled: when the crawls began, UTC without offset; what has landed since is looked at the next time
    :param texts: datasets whose fields are all text, as they came in lines of CSV
    :raises Terminal: no crawler has looked at what has landed
    :raises Retryable: Glue did not answer
    """
    found = []
    for contract in contracts:
        recent = _recent(run, contract.name, crawled)
        if not recent:
            continue
        types = _inferred(run, contract, recent)
        broken = list(_broken(contract, types, text=contract.name in texts))
        told = {each.field for each in broken}
        found += [*broken, *(each for each in _news(contract, types, run) if each.field not in told)]
        run.progress(contract.name, f"{len(types)} fields in {len(recent)} batches")
    return found


def refuse(found: Sequence[Difference]) -> None:
    """Return if nothing of it is alarming.

    :raises Terminal: something is; the message lists it
    """
    alarms = [f"{each.dataset}: {each.note}" for each in found if each.alarm]
    if alarms:
        raise Terminal(
            f"What has landed is not what the contracts promise. {'; '.join(alarms)}. Ask the vendor; or change the "
            "contract, with a new version, and what reads the field. The gate quarantines what cannot be read."
        )


def _recent(run: Run, dataset: str, crawled: datetime) -> list[Entry]:
    """Return the batches to look at: those of the last days before a crawl, or else the last one."""
    since, until = (crawled - RECENT).isoformat(), crawled.isoformat()
    batches = [entry for entry in run.ledger.batches(dataset, newest=NEWEST) if entry.rows]
    before = [entry for entry in batches if entry.recorded_at < until]
    return [entry for entry in before if entry.recorded_at >= since] or before[-1:]


def _inferred(run: Run, contract: Contract, recent: Sequence[Entry]) -> Types:
    """Return field → its types in those batches that a crawler has seen."""
    wanted, types = {entry.batch for entry in recent}, dict[str, set[str]]()
    found = [each for each in partitions(run, contract, since=min(wanted)) if each["Values"][0] in wanted]
    if not found:
        raise Terminal(
            f"{contract.name}: no crawler has looked at its newest batches. See whether the crawl was told to look there, "
            "and what its log says; then clear the whole run."
        )
    for column in (column for each in found for column in each["StorageDescriptor"]["Columns"]):
        for field, kind in fields(column["Name"], column["Type"]):
            types.setdefault(field, set()).add(kind)
    return types


def _broken(contract: Contract, types: Types, *, text: bool) -> Iterator[Difference]:
    """Give what the contract promises and the batches do not keep."""
    there = {field.lower(): (field, kinds) for field, kinds in types.items()}
    for column in contract.columns:
        if not column.path:
            continue
        field, kinds = there.get(column.path.lower(), (column.path, set()))
        if not kinds:
            if column.required and not any(name.startswith(f"{column.path.lower()}.") for name in there):
                yield Difference(
                    dataset=contract.name, field=field, what="lost", alarm=True,
                    note=f"{field} is gone; {column.name} is required",
                )  # fmt: skip
            continue
        wrong = kinds - (TEXT if text else _promised(column))
        if wrong:
            yield Difference(
                dataset=contract.name, field=field, what="type",
                alarm=column.required or wrong != TEXT,  # one that is null throughout looks like text
                note=f"{field} is {' or '.join(sorted(wrong))}, {column.name} is promised as {column.type}",
            )  # fmt: skip


def _news(contract: Contract, types: Types, run: Run) -> Iterator[Difference]:
    """Give what the last look did not know, and let the next one know it."""
    noted = [item for item in run.ledger.notes(PARTITION, contract.name) if item["entry"] == contract.name]
    known: dict[str, list[str]] = json.loads(noted[0]["fields"]) if noted else {}
    # Null in every record, an object looks like text.
    types = {name: kinds for name, kinds in types.items() if kinds != TEXT or not _holds(known, name)}
    for field, kinds in sorted(types.items()) if noted else ():
        before = set(known.get(field, ()))
        # One number is as good as another: amounts that happen to be whole look like integers.
        if other := kinds - before - (NUMBERS if before & NUMBERS else set()):
            yield Difference(
                dataset=contract.name,
                field=field,
                what="type" if before else "new",
                alarm=False,
                note=f"{field} is {'now' if before else 'new:'} {' or '.join(sorted(other))}",
            )
    merged = {field: sorted({*known.get(field, ()), *types.get(field, ())}) for field in known.keys() | types.keys()}
    if merged != known:
        run.ledger.note(PARTITION, contract.name, {"fields": json.dumps(merged)})


def _holds(known: Mapping[str, object], field: str) -> bool:
    return any(name.startswith((f"{field}.", f"{field}[]")) for name in known)


def _promised(column: Column) -> frozenset[str]:
    return INFERRED.get(column.type.partition("(")[0], TEXT)

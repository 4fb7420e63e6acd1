"""What contracts promise about freshness, and from which landed datasets each table is made."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Literal

from quayside.contract import CONTRACTS, SHARED, Contract, contract_names, load_contract

PACKED = CONTRACTS.parent / "promises.json"  # in a Lambda's package: the same, without contracts to read
Stage = Literal["landing", "curated", "warehouse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What is promised of one dataset.

    :param landed: the landed datasets that it is made of; itself where it is landed
    :param minutes: how old data may be by its own contract; None where none is promised or it is made of others
    :param dag: the DAG that brings it about; empty where none does
    """

    name: str
    stage: Stage
    landed: tuple[str, ...]
    minutes: int | None
    dag: str


@cache
def load_promises() -> Mapping[str, Promise]:
    """Return the promise of every dataset, by its name.

    :raises Terminal: a contract is not valid
    """
    if PACKED.exists():
        told = json.loads(PACKED.read_text(encoding="utf-8"))
        return {each["name"]: Promise(**{**each, "landed": tuple(each["landed"])}) for each in told}
    domains = sorted(path.name for path in CONTRACTS.iterdir() if path.is_dir())
    contracts = {name: load_contract(name) for domain in domains for name in contract_names(domain)}
    return {name: _promise(contract, contracts) for name, contract in contracts.items()}


def pack() -> str:
    """Return all promises as what `PACKED` holds."""
    return json.dumps([asdict(each) for each in load_promises().values()])


def _promise(contract: Contract, contracts: Mapping[str, Contract]) -> Promise:
    stage: Stage = "landing"
    dag = f"{contract.domain}_landing"
    landed: tuple[str, ...] = (contract.name,)
    if contract.domain == "warehouse":
        stage, landed = "warehouse", tuple(sorted(set(_made_of(contract, contracts))))
        dag = "" if contract.product in (None, SHARED) else f"{contract.product}_warehouse"
    elif contract.landing:
        stage, landed = "curated", (contract.landing,)
        dag = f"{contract.landing.partition('.')[0]}_curated"
    return Promise(name=contract.name, stage=stage, landed=landed, minutes=contract.freshness, dag=dag)


def _made_of(contract: Contract, contracts: Mapping[str, Contract]) -> Iterator[str]:
    """Yield the landed datasets of the tables that a star table's source names."""
    import sqlglot
    from sqlglot import exp

    for table in sqlglot.parse_one(f"select * from {contract.source}").find_all(exp.Table):  # noqa: S608 (only parsed)
        for name in contract.union.get(table.name, (table.name,)):
            found = contracts.get(f"{contract.product}.{name}")
            if found:  # calendars and the list of venues are made of nothing that lands
                yield found.landing or found.name

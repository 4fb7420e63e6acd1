"""What the UI says about a DAG or a task: from the declaration and the docstrings, without reading a file."""

import inspect
from collections.abc import Callable
from typing import Any

from quayside.pipeline import Pipeline

STAGES = {
    "landing": "`land` reads what changed since the last run, all tables from one snapshot, into immutable batches. "
    "`gate` checks them against the contracts: rows that break a rule are quarantined, a broken dataset rule "
    "blocks that dataset. `publish` announces what has passed, and wakes the curated stage. Where nothing "
    "changed, the rest is skipped.",
    "deletes": "`compare_keys` compares all keys and versions of source and lake: what is gone becomes a tombstone, what "
    "is missing is landed. Then as in landing.",
    "curated": "`curate` applies what has passed the gate to the lake's current tables and star tables. Readers see a "
    "partition before or after, never between.",
    "warehouse": "`load` brings the star tables' changes into PostgreSQL in one transaction. `reconcile` compares count, "
    "key hash and money sums of source, lake and warehouse; its XCom shows the figures.",
}
HOW = {
    "landing": "\n\n**By hand**: trigger it with *Land again from / until* to land a range once more, with a choice of "
    "datasets, or to release a blocked batch. `airflow backfill create` lands each interval of a range.",
}
WATCHDOG = """Looks from outside at what a killed task cannot say: attempts that started and fell silent or overran their
timeout, datasets that are staler than their contract promises, batches that wait too long for a stage. Each is told once
on the alerts topic, and once when it is over. Pipelines that never ran or are paused are left alone."""


def dag(pipeline: Pipeline, stage: str, description: str) -> str:
    """Return a DAG's page: what it does, with which datasets, and who answers for it."""
    names = pipeline.tables if stage == "warehouse" else pipeline.datasets
    listed = "\n".join(f"- `{name}` (`include/contracts/{name.replace('.', '/')}.yaml`)" for name in names)
    return (
        f"### {description}\n\n{STAGES[stage]}{HOW.get(stage, '')}\n\nOwner: **{pipeline.owner}**. "
        f"A failed run loses nothing: what is pending is taken up by the next.\n\n{listed}\n"
    )


def of(operator: Callable[..., Any]) -> str:
    """Return an operator's docstring."""
    return inspect.cleandoc(operator.__doc__ or "")

"""What the UI says about a DAG or a task: from the declaration and the docstrings, without reading a file."""

import inspect
from collections.abc import Callable
from typing import Any

from quayside.pipeline import Pipeline, Product

GATED = (
    "`gate` checks them against the contracts: rows that break a rule are quarantined, a broken dataset rule blocks that "
    "dataset. `publish` announces what has passed, and wakes the curated stage."
)
STAGES = {
    "landing.tables": "`land` reads what changed since the last run, all tables from one snapshot, into immutable batches. "
    f"{GATED} Where nothing changed, the rest is skipped.",
    "landing.feed": "`land` asks the vendor's API for all that came since the last window, slice by slice, and keeps the "
    f"records as they were received in immutable batches: an outage of any length is made up for. {GATED} Where nothing "
    "came, the rest is skipped.",
    "landing.files": "`land` takes the files that have arrived in the inbox; where there is none it is deferred until one "
    f"comes or the next run is due, and holds no worker meanwhile. {GATED} Where nothing came, the rest is skipped.",
    "deletes": "`compare_keys` compares all keys and versions of source and lake: what is gone becomes a tombstone, what "
    "is missing is landed. Then as in landing.",
    "curated": "`curate` applies what has passed the gate to the lake's current tables and star tables. Readers see a "
    "partition before or after, never between.",
    "curated.glue": "`plan` writes down which batches go into which tables; where none waits, the rest is skipped. `curate` "
    "lets one Glue job make all of the source's tables from one read, and is deferred until it ends. `publish` points the "
    "catalog to the new partitions, so that readers see one before or after, never between, and derives what the stars gain.",
    "warehouse": "`load` brings the star tables' changes into PostgreSQL in one transaction. `reconcile` compares count, "
    "key hash and money sums of source, lake and warehouse; its XCom shows the figures.",
    "drift": "Each `crawl` lets a Glue crawler infer the schema of what has landed, which also makes the landing zone a set "
    "of tables to explore in Athena. `compare` holds the newest batches against the contracts: another type, or a field "
    "that is gone, fails it; a new field is reported. Its XCom `differences` lists them all. `align` then gives all batches "
    "of a table one schema, since Athena reads no others. Clear the whole run to look again: each crawl infers anew.",
}
RANGE = (
    "\n\n**By hand**: trigger it with *Land again from / until* to land a range once more, with a choice of "
    "datasets, or to release a blocked batch. `airflow backfill create` lands each interval of a range."
)
HOW = {
    "landing.tables": RANGE,
    "landing.feed": RANGE,
    "landing.files": "\n\n**By hand**: trigger it to release a blocked batch.",
    "drift": "\n\n**By hand**: trigger it to look now.",
}
WATCHDOG = """Looks from outside at what a killed task cannot say: attempts that started and fell silent or overran their
timeout, datasets that are staler than their contract promises, batches that wait too long for a stage. Each is told once
on the alerts topic, and once when it is over. Pipelines that never ran or are paused are left alone."""
SERVING = """Wakes whenever tables of the lake or of the warehouse have changed, and gives these datasets a new version. The
API keeps answers by version: what was answered of the old data is then asked again, by whoever wants it first. Trigger it by
hand to let all answers be asked again."""
REPLAY = """Sends records that a gate has rejected through the flow again. Trigger it with dataset and batch, as the gate's
page names them: with corrected records, which are checked as all others are, or without, which releases them from the rules
that rejected them. They become a batch of their own; the ledger keeps who did it and why, and what was rejected stays in
quarantine. What passes wakes the usual DAGs."""

USERS = """Lets Cognito, which signs people in, follow the records of users, which decide. `reconcile` does what a request
could not, since Cognito did not answer or the Lambda was killed; then it compares all accounts with all records. Each repair
is in its XCom, and those of what others had changed in the audit trail. It fails where an account cannot be made right, and
names the user."""


def dag(declared: Pipeline | Product, kind: str, description: str) -> str:
    """Return a DAG's page: what it does, with which datasets, and who answers for it.

    :param kind: the stage, and after a dot which of its ways
    """
    names = declared.tables if kind == "warehouse" else declared.datasets
    listed = "\n".join(f"- `{name}` (`include/contracts/{name.replace('.', '/')}.yaml`)" for name in names)
    return (
        f"### {description}\n\n{STAGES[kind]}{HOW.get(kind, '')}\n\nOwner: **{declared.owner}**. "
        f"A failed run loses nothing: what is pending is taken up by the next.\n\n{listed}\n"
    )


def of(operator: Callable[..., Any]) -> str:
    """Return an operator's docstring."""
    return inspect.cleandoc(operator.__doc__ or "")

"""The stages of the hotels' pipelines as Airflow's tasks do them; each in a process of its own."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from peak import main

Go = Callable[[], None]
CLIENTS = ("s3", "dynamodb", "glue")


def land(task: dict[str, Any]) -> Go:
    """Land what a vendor's API, or the inbox, shows."""
    from quayside.landing.feeds import land_feed
    from quayside.landing.files import land_files
    from quayside.sources.humanforce import Humanforce
    from quayside.sources.swiftpos import SwiftPos

    run, contracts = _run(task), _contracts(task["source"])
    feeds = {"swiftpos": SwiftPos, "humanforce": Humanforce}

    def go() -> None:
        if task["source"] == "aristocrat":
            land_files(contracts[0], run)
        else:
            land_feed(contracts, run, feeds[task["source"]](task["secret"]), datetime.fromisoformat(task["now"]))

    return go


def gate(task: dict[str, Any]) -> Go:
    """Check what waits against the contracts; importing Great Expectations is part of it, as in a task."""
    from quayside.quality.gate import gate

    run, contracts = _run(task), _contracts(task["source"])

    def go() -> None:
        gate(contracts, run)

    return go


def curate(task: dict[str, Any]) -> Go:
    """Plan, let the Glue job do it, publish."""
    from quayside.curated.plan import plan
    from quayside.curated.publish import publish
    from quayside.settings import aws

    run = _run(task)
    tables = [table for table in _contracts("hospitality") if str(table.landing).partition(".")[0] == task["source"]]

    def go() -> None:
        planned = plan(tables, run)
        if planned is None:
            return
        started = aws("glue").start_job_run(JobName=task["job"], Arguments=dict(planned.arguments))["JobRunId"]
        while (job := aws("glue").get_job_run(JobName=task["job"], RunId=started)["JobRun"])["JobRunState"] in (
            "STARTING",
            "RUNNING",
        ):
            time.sleep(0.2)
        if job["JobRunState"] != "SUCCEEDED":
            raise AssertionError(job.get("ErrorMessage"))
        publish(tables, run)

    return go


def load(task: dict[str, Any]) -> Go:
    """Load the stars."""
    from quayside.settings import Credentials
    from quayside.warehouse import load

    run, warehouse, stars = _run(task), Credentials(**task["credentials"]), _stars()

    def go() -> None:
        load(stars, run, warehouse)

    return go


def reconcile(task: dict[str, Any]) -> Go:
    """Hold landing, lake and warehouse against each other."""
    from quayside.quality.reconciliation import reconcile
    from quayside.settings import Credentials

    run, warehouse, stars = _run(task), Credentials(**task["credentials"]), _stars()
    datasets = [contract for source in ("swiftpos", "humanforce", "aristocrat") for contract in _contracts(source)]

    def go() -> None:
        reconcile(datasets, stars, run, warehouse)

    return go


def _run(task: dict[str, Any]) -> Any:
    from quayside.run import Run
    from quayside.settings import aws

    for service in CLIENTS:  # a worker has these, too
        aws(service)
    return Run.of(task["run"])


def _contracts(domain: str) -> list[Any]:
    from quayside.contract import contract_names, load_contract

    return [load_contract(name) for name in contract_names(domain)]


def _stars() -> list[Any]:
    from quayside.contract import contract_names, load_contract

    return [load_contract(name) for name in contract_names("warehouse", product="hospitality")]


if __name__ == "__main__":
    main({"land": land, "gate": gate, "curate": curate, "load": load, "reconcile": reconcile})

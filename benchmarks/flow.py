"""From the trigger to the warehouse through the Airflow that `make up` has started: ten thousand changed rows, and none."""

import shlex
import time
import urllib.parse
from collections.abc import Callable
from statistics import median

import psycopg

from benchmarks.report import Section, Target
from benchmarks.servers import LAYOUT, Skipped
from local.api import Airflow
from local.processes import ProcessFailed

CHAIN = ("totesys_landing", "totesys_curated", "totesys_warehouse")
SALES, PAYMENTS = 4_000, 6_000
ROUNDS = 3
PATIENCE = 300  # seconds

CHANGE_SALES = """
update sales_order set last_updated = %s
where sales_order_id in (select sales_order_id from sales_order order by sales_order_id limit %s)
"""
CHANGE_PAYMENTS = """
update payment set last_updated = %s where payment_id in (select payment_id from payment order by payment_id limit %s)
"""
ARRIVED = """
select (select count(*) from warehouse.fact_sales_order where last_updated_date + last_updated_time = %(moment)s)
     + (select count(*) from warehouse.fact_payment where last_updated_date + last_updated_time = %(moment)s)
"""


def run() -> Section:
    """Measure, and hold against what was promised."""
    env = _environment()
    try:
        api = Airflow(env["AIRFLOW_URL"], env["AIRFLOW_USER"], env["AIRFLOW_PASSWORD"])
        source = psycopg.connect(env["TOTESYS_URL"], autocommit=True)
        warehouse = psycopg.connect(env["WAREHOUSE_URL"], autocommit=True)
    except (ProcessFailed, psycopg.OperationalError) as error:
        raise Skipped(f"the platform does not answer; `make up` starts it. {error}") from error
    with source, warehouse:
        _run_through(api)  # whatever was waiting, so that the first round does not pay for it
        nothing, changed = [], []
        for _ in range(ROUNDS):
            nothing.append(_timed("no changes", lambda: _run_through(api)))
            moment = _change(source)
            changed.append(_timed(f"{SALES + PAYMENTS:,} changes", lambda: _until_arrived(api, warehouse, moment)))  # noqa: B023
            _until(lambda: not _active(api), "the runs to end")
    return _section(median(changed), median(nothing))


def _environment() -> dict[str, str]:
    file = LAYOUT.state / "env"
    if not file.exists():
        raise Skipped("no platform is running; `make up` starts one.")
    words = shlex.split(file.read_text(encoding="utf-8"), comments=True)
    return dict(word.split("=", 1) for word in words if "=" in word)


def _change(source: psycopg.Connection) -> object:
    """Touch orders and payments in one transaction; return the moment that they carry."""
    with source.transaction():
        [[moment]] = source.execute("select (current_timestamp at time zone 'UTC')::timestamp(3)")
        sales = source.execute(CHANGE_SALES, [moment, SALES]).rowcount
        payments = source.execute(CHANGE_PAYMENTS, [moment, PAYMENTS]).rowcount
    if (sales, payments) != (SALES, PAYMENTS):
        raise Skipped(
            f"the source has too few rows to change; `make up SEED=demo` fills it ({sales} and {payments} found)."
        )
    return moment


def _run_through(api: Airflow) -> None:
    """Trigger the first DAG and wait until nothing of the chain runs any more."""
    started = _trigger(api)
    _until(lambda: not _active(api), "the runs to end")
    state = api.get(f"/dags/{CHAIN[0]}/dagRuns/{urllib.parse.quote(started)}")["state"]
    if state != "success":  # a failure is quick, too
        raise RuntimeError(f"{CHAIN[0]} ended as {state}; `make logs` and the Airflow UI tell why.")


def _until_arrived(api: Airflow, warehouse: psycopg.Connection, moment: object) -> None:
    _trigger(api)
    wanted = SALES + PAYMENTS
    _until(lambda: warehouse.execute(ARRIVED, {"moment": moment}).fetchone() == (wanted,), f"{wanted:,} versions")


def _trigger(api: Airflow) -> str:
    return str(api.post(f"/dags/{CHAIN[0]}/dagRuns", {"logical_date": None})["dag_run_id"])


def _active(api: Airflow) -> set[str]:
    runs = [api.get(f"/dags/{dag}/dagRuns", state=["queued", "running"], limit=100)["dag_runs"] for dag in CHAIN]
    return {run["dag_run_id"] for several in runs for run in several}


def _until(ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            raise Skipped(f"waited {PATIENCE} s for {what}; `make status` and the Airflow UI tell why.")
        time.sleep(0.1)


def _timed(what: str, go: Callable[[], None]) -> float:
    began = time.perf_counter()
    go()
    seconds = time.perf_counter() - began
    print(f"  {what}: {seconds:.1f} s", flush=True)
    return seconds


def _section(changed: float, nothing: float) -> Section:
    rows = [
        ["from the trigger until", "s"],
        [f"{SALES:,} changed sales orders and {PAYMENTS:,} payments are committed in the warehouse", f"{changed:.1f}"],
        ["all is over when nothing had changed", f"{nothing:.1f}"],
    ]
    targets = [
        Target(f"{SALES + PAYMENTS:,} changes in under 30 s", f"{changed:.1f} s", changed < 30),
        Target("no changes in under 10 s", f"{nothing:.1f} s", nothing < 10),
    ]
    text = "Triggered through the REST API, run by Airflow's scheduler and its LocalExecutor, with gate and curated tables."
    return Section("From the trigger to the warehouse", text, rows, targets)

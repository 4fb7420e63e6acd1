"""The plugin's pages. Airflow gives a plugin's pages no login of their own, so each asks for the user's rights itself.

They read lake and ledger with boto3 alone: on Amazon MWAA the api-server has `plugins/` but not `dags/`, and so no
`quayside`.
"""

import json
import os
import re
from datetime import datetime
from html import escape
from typing import Annotated, Any
from urllib.parse import quote

import boto3
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from fastapi.responses import HTMLResponse

from quayside_airflow.health_page import table
from quayside_airflow.links import PREFIX

STAGES = ("landing", "curated", "warehouse", "deletes", "drift")
NEWEST = 60  # attempts shown of each DAG
# Pages show what came from sources: whatever that is, it must not run.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
STYLE = """body{font:14px system-ui,sans-serif;margin:1.5rem;color:#1c2733;background:#fff}h1{font-size:1.3rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.35rem .7rem;
border-bottom:1px solid #dde4ea}th{font-weight:600;color:#566}.n{text-align:right;font-variant-numeric:tabular-nums}
.success{color:#0a7a3d}.failed{color:#b3261e}small{color:#566}a{color:#0b5cad}"""

app = FastAPI(title="Quayside", docs_url=None, redoc_url=None, openapi_url=None)
Name = Annotated[str, Path(pattern=r"^[\w.~:+-]+$", max_length=250)]


@app.get("/gate/{dag_id}/{run_id}", dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.RUN))])
def gate(dag_id: Name, run_id: Name) -> HTMLResponse:
    """Show what the gate found in one run."""
    try:
        page = boto3.client("s3").get_object(
            Bucket=_setting("LAKE_BUCKET"), Key=f"quality/pages/{_slug(dag_id, run_id)}.html"
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
            raise HTTPException(502, f"The lake did not give the page: {error.response['Error']['Code']}") from error
        return _page("Gate results", "<p>The gate had nothing to check in this run.</p>", status=404)
    return HTMLResponse(page["Body"].read(), headers=HEADERS)


@app.get("/")
def pipelines(request: Request, user: GetUserDep) -> HTMLResponse:
    """Show the last runs of every pipeline that the user may see."""
    finished = _items("finished")
    known = {item["entry"].removesuffix("_landing") for item in finished}
    known |= {item["loads_in"].removesuffix("_warehouse") for item in finished if item.get("loads_in")}
    shown = [_runs(name) for name in sorted(known) if _readable(name, request, user)]
    return _page("Runs", "".join(shown) or "<p>No pipeline has run yet.</p>")


@app.get("/runs/{pipeline}")
def runs(pipeline: Name, request: Request, user: GetUserDep) -> HTMLResponse:
    """Show the last runs of one pipeline."""
    if not _readable(pipeline, request, user):
        raise HTTPException(403, "Forbidden")
    return _page(f"Runs of {escape(pipeline)}", _runs(pipeline))


@app.get("/health")
def health(request: Request, user: GetUserDep) -> HTMLResponse:
    """Show how all datasets are whose DAG's runs the user may see, as the watchdog last saw them."""
    try:
        kept = boto3.client("s3").get_object(Bucket=_setting("LAKE_BUCKET"), Key="quality/health.json")["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
            raise HTTPException(502, f"The lake did not give it: {error.response['Error']['Code']}") from error
        return _page(
            "Data health", "<p>The watchdog has not looked yet: see that quayside_watchdog runs.</p>", status=404
        )
    seen = json.loads(kept)
    dags = {each["dag"] for each in seen["datasets"] if each["dag"]}  # what all share is nobody's
    shown = {dag for dag in dags if _may_see(dag, request, user)}
    return _page("Data health", table(seen, [each for each in seen["datasets"] if each["dag"] in shown]))


def _may_see(dag: str, request: Request, user: GetUserDep) -> bool:
    try:
        requires_access_dag("GET", DagAccessEntity.RUN, dag)(request, user)
    except HTTPException:
        return False
    return True


def _readable(pipeline: str, request: Request, user: GetUserDep) -> bool:
    """Tell whether the user may see the runs of all the pipeline's DAGs."""
    return all(_may_see(f"{pipeline}_{stage}", request, user) for stage in STAGES)


def _runs(pipeline: str) -> str:
    """Return a pipeline's last attempts as a table, newest run first, whichever DAG it was of."""
    attempts = [
        {"dag": dag, **item}
        for dag in (f"{pipeline}_{stage}" for stage in STAGES)
        for item in _items(f"runs#{dag}", newest=NEWEST)
    ]
    attempts.sort(key=lambda item: (item["started_at"], item["task"]), reverse=True)
    runs: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for attempt in attempts:
        runs.setdefault((attempt["dag"], attempt["run"]), []).append(attempt)
    return (
        f"<h2>{escape(pipeline)}</h2><table><tr><th>Started, UTC<th>Run<th>Stages<th class=n>Landed"
        f"<th class=n>Rejected<th class=n>Loaded<th>Reconciled</tr>{''.join(map(_row, runs.values()))}</table>"
    )


def _row(attempts: list[dict[str, Any]]) -> str:
    first, did = attempts[-1], {item["task"]: json.loads(item["summary"]) for item in reversed(attempts)}
    where = f"/dags/{quote(first['dag'])}/runs/{quote(first['run'])}"
    stages = "<br>".join(map(_stage, reversed(attempts)))
    if did.get("gate") or any(item["task"] == "gate" and item["reason"] for item in attempts):
        page = f"gate/{quote(first['dag'])}/{quote(first['run'])}"
        stages += f"<br><a href='{escape(f'{PREFIX}/{page}', quote=True)}'>what the gate found</a>"
    return (
        f"<tr><td>{escape(first['started_at'][:19].replace('T', ' '))}"
        f"<td><a href='{escape(where, quote=True)}'>{escape(first['dag'])}</a><td>{stages}"
        f"<td class=n>{_total(did, 'rows', 'land', 'compare_keys')}<td class=n>{_total(did, 'rejected', 'gate')}"
        f"<td class=n>{_total(did, 'rows', 'load')}<td>{_reconciled(did.get('reconcile'))}</tr>"
    )


def _stage(attempt: dict[str, Any]) -> str:
    took = datetime.fromisoformat(attempt["ended_at"]) - datetime.fromisoformat(attempt["started_at"])
    state, reason = escape(attempt["state"]), escape(attempt["reason"][:300])
    return (
        f"<a href='{escape(attempt['link'], quote=True)}'>{escape(attempt['task'])}</a> "
        f"<span class='{state}'>{state}</span> <small>{took.total_seconds():.1f} s"
        + (f"<br>{reason}</small>" if reason else "</small>")
    )


def _total(did: dict[str, list[dict[str, Any]]], field: str, *tasks: str) -> str:
    records = [record for task in tasks for record in did.get(task, [])]
    return f"{sum(int(record.get(field) or 0) for record in records):,}" if records else ""


def _reconciled(records: list[dict[str, Any]] | None) -> str:
    if not records:
        return ""
    wrong = [record for record in records if not record.get("equal", True)]
    if not wrong:
        return f"<span class=success>{len(records)} equal</span>"
    return (
        "<span class=failed>different: " + escape(", ".join(str(record.get("dataset")) for record in wrong)) + "</span>"
    )


def _items(partition: str, *, newest: int = 1000) -> list[dict[str, Any]]:
    table = boto3.resource("dynamodb").Table(_setting("LEDGER_TABLE"))
    answer = table.query(KeyConditionExpression=Key("dataset").eq(partition), ScanIndexForward=False, Limit=newest)
    return list(answer["Items"])


def _slug(dag_id: str, run_id: str) -> str:
    """Return a run's name as the gate writes it into a key."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", f"{dag_id}/{run_id}")


def _setting(name: str) -> str:
    value = os.environ.get(f"QUAYSIDE_{name}")
    if not value:
        raise HTTPException(503, f"QUAYSIDE_{name} is not set for the api-server; on MWAA the startup script sets it.")
    return value


def _page(title: str, body: str, *, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{STYLE}</style>"
        f"<h1>{title}</h1>{body}</html>",
        status_code=status,
        headers=HEADERS,
    )

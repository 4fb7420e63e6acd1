"""The first run is started once, followed to its end, and its failure is told with the task's own words."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from local import first_run
from local.layout import ROOT, Layout
from local.processes import ProcessFailed
from local.settings import Settings


class Airflow(BaseHTTPRequestHandler):
    """As much of Airflow's API as the first run needs; ``runs`` is what it knows, ``asked`` what was changed."""

    runs: list[dict[str, str]]
    asked: list[str]
    on_trigger: list[dict[str, str]]
    task_state = "failed"

    def answer(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, query = url.path.removeprefix("/api/v2"), parse_qs(url.query)
        reply: dict[str, object] = {}
        if path == "/auth/token":
            assert json.loads(body) == {"username": "admin", "password": "admin"}
            reply = {"access_token": "t"}
        elif self.command == "PATCH":
            self.asked.append(f"unpause {path.split('/')[2]}")
        elif path.endswith("/clearTaskInstances"):
            self.asked.append(f"again {json.loads(body)['task_ids']}")
            self.runs[:] = [run(dag, "success") for dag in first_run.CHAIN]
        elif self.command == "POST":
            self.asked.append(f"run {path.split('/')[2]}")
            self.runs.extend(self.on_trigger)
        elif path == "/dags":
            paused = ["totesys_deletes"] if "paused" in query else [*first_run.CHAIN, "totesys_deletes"]
            reply = {"dags": [{"dag_id": dag} for dag in paused]}
        elif path == "/importErrors":
            reply = {"import_errors": []}
        elif path.endswith("/dagRuns"):
            states = query.get("state", ["success", "failed", "running", "queued"])
            found = [r for r in self.runs if r["dag_id"] == path.split("/")[2] and r["state"] in states]
            reply = {"dag_runs": found[::-1]}
        elif path.endswith("/taskInstances"):
            dag, run_id = path.split("/")[2], path.split("/")[4]
            task = {"dag_id": dag, "dag_run_id": run_id, "task_id": "land"}
            reply = {"task_instances": [{**task, "state": self.task_state, "try_number": 2}]}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(reply).encode())

    do_GET = do_POST = do_PATCH = answer  # noqa: N815

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def airflow() -> Iterator[type[Airflow]]:
    handler = type("Handler", (Airflow,), {"runs": [], "asked": [], "on_trigger": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        handler.port = server.server_port
        yield handler
        server.shutdown()


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_run, "STARTED_AFTER", 0)
    monkeypatch.setattr(first_run, "SETTLED", 0)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(ROOT, tmp_path, tmp_path / "venvs")


@pytest.fixture
def settings(airflow: type[Airflow], tmp_path: Path) -> Settings:
    made = Settings(tmp_path / "settings.json")
    made.remember("ports", {"airflow": airflow.port})
    return made


def run(dag: str, state: str) -> dict[str, str]:
    return {"dag_id": dag, "dag_run_id": "r1", "state": state}


def test_the_listeners_are_awake_before_the_first_run_starts(airflow, layout, settings):
    airflow.on_trigger += [run(dag, "success") for dag in first_run.CHAIN]

    first_run.ensure(layout, settings, print)

    chain = [f"unpause {dag}" for dag in reversed(first_run.CHAIN)]
    assert airflow.asked == [*chain, "run totesys_landing", "unpause totesys_deletes"]


def test_a_second_time_nothing_is_started(airflow, layout, settings):
    airflow.runs += [run(dag, "success") for dag in (*first_run.CHAIN, "totesys_deletes")]

    assert first_run.ensure(layout, settings, print) is False
    assert airflow.asked == []


def test_a_dag_that_came_since_is_woken_the_second_time(airflow, layout, settings):
    airflow.runs += [run(dag, "success") for dag in first_run.CHAIN]

    assert first_run.ensure(layout, settings, print) is False
    assert airflow.asked == ["unpause totesys_deletes"]


def test_nothing_follows_a_landing_of_nothing(airflow, layout, settings):
    airflow.runs += [run("totesys_landing", "success"), run("totesys_deletes", "success")]

    assert first_run.ensure(layout, settings, print) is False
    assert airflow.asked == []


def test_a_chain_that_broke_is_taken_up_where_it_broke(airflow, layout, settings):
    airflow.runs += [run("totesys_landing", "success"), run("totesys_curated", "failed")]
    airflow.on_trigger += [run(dag, "success") for dag in first_run.CHAIN[1:]]

    assert first_run.ensure(layout, settings, print) is True

    assert [words for words in airflow.asked if words.startswith("run")] == ["run totesys_curated"]


def test_a_task_that_fails_again_and_again_is_not_waited_for(airflow, layout, settings):
    airflow.on_trigger.append(run("totesys_landing", "running"))
    airflow.task_state = "up_for_retry"

    with pytest.raises(ProcessFailed, match="land of totesys_landing failed"):
        first_run.ensure(layout, settings, print)


def test_a_failed_task_is_told_with_the_end_of_its_log(airflow, layout, settings):
    airflow.on_trigger.append(run("totesys_landing", "failed"))
    folder = layout.run / "tasks" / "dag_id=totesys_landing" / "run_id=r1" / "task_id=land"
    folder.mkdir(parents=True)
    error = {"exc_type": "Terminal", "exc_value": "column gone; add it back"}
    entries = [{"level": "info", "event": "landing"}, {"level": "error", "event": "failed", "error_detail": [error]}]
    (folder / "attempt=1.log").write_text("\n".join(map(json.dumps, entries)))

    with pytest.raises(
        ProcessFailed, match=r"(?s)land of totesys_landing failed.*attempt=1\.log.*column gone; add it back"
    ):
        first_run.ensure(layout, settings, print)


def test_a_task_that_waits_to_be_tried_again_runs_at_once_when_asked(airflow, layout, settings):
    airflow.runs.append(run("totesys_landing", "running"))
    airflow.task_state = "up_for_retry"

    first_run.ensure(layout, settings, print)

    assert airflow.asked[0] == "again ['land']"


def test_a_server_that_does_not_answer_is_told(layout, tmp_path):
    settings = Settings(tmp_path / "settings.json")
    settings.remember("ports", {"airflow": 9})

    with pytest.raises(ProcessFailed, match="Airflow does not answer POST"):
        first_run.ensure(layout, settings, print)


def test_totals_are_laid_out_with_their_verdict():
    rows = [
        {"dataset": "totesys.sales_order", "source": 25000, "lake": 25000, "warehouse": 25000, "equal": True},
        {"dataset": "totesys.staff", "source": 20, "lake": 20, "warehouse": 19, "equal": False},
        {"dataset": "totesys.department", "source": 8, "lake": 8, "warehouse": None, "equal": True},
    ]

    assert first_run.render(rows).split("\n\n")[0].splitlines() == [
        "dataset              source    lake  warehouse",
        "───────────────────  ──────  ──────  ─────────  ─────────",
        "totesys.sales_order  25,000  25,000     25,000  equal",
        "totesys.staff            20      20         19  DIFFERENT",
        "totesys.department        8       8          –  equal",
    ]


def test_what_the_hotels_stars_lack_waits():
    sale = {"dataset": "hospitality.sale", "source": None, "lake": 1200, "warehouse": None, "equal": True}
    item = {"dataset": "hospitality.sale_item", "source": None, "lake": 5000, "warehouse": 4000, "equal": False}

    text = first_run.render_hotels([sale, item])

    assert "1,200          –" in text
    assert "4,000  waits" in text
    assert "hospitality_warehouse" in text
    assert "waits" not in first_run.render_hotels([sale])

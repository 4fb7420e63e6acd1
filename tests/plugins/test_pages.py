"""The plugin's pages: behind Airflow's login, and harmless whatever the sources hold."""

import json
import warnings
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from quayside.ledger import Ledger
from tests.support import airflow

GATE = "/quayside/gate/totesys_landing/manual__2026-03-01T10:00:00+00:00_x"
PAGES = [GATE, "/quayside/", "/quayside/runs/totesys", "/quayside/health"]


@pytest.fixture(scope="module")
def server():
    """The whole api-server, with its login, in this process."""
    airflow.create_database()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from airflow.api_fastapi.app import create_app
        from fastapi.testclient import TestClient

        with TestClient(create_app(), base_url="http://airflow.test", raise_server_exceptions=True) as client:
            yield client


@pytest.fixture
def ada(server):
    """The headers of a signed-in administrator."""
    answer = server.post("/auth/token", json={"username": "ada", "password": "secret"})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def note_attempt(ledger: Ledger, task: str, state: str, summary: list[dict[str, object]], reason: str = "") -> None:
    ledger.note("finished", "totesys_landing", {"at": "2026-03-01T10:00:00.000", "datasets": [], "tables": []})
    ledger.note(
        "runs#totesys_landing",
        f"2026-03-01T10:00:0{len(task)}.000#{task}",
        {
            "task": task,
            "run": "manual__1",
            "state": state,
            "reason": reason,
            "link": "http://airflow.test/log",
            "started_at": "2026-03-01T10:00:00.000",
            "ended_at": "2026-03-01T10:00:09.000",
            "summary": json.dumps(summary),
        },
    )


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_not_shown_without_a_login(server, settings, page):
    server.cookies.clear()

    assert server.get(page).status_code == 401
    assert server.get(page, headers={"Authorization": "Bearer forged.token.here"}).status_code == 403


def test_the_gate_page_of_a_run_is_shown_as_the_gate_left_it(server, ada, settings):
    key = "quality/pages/totesys_landing_manual__2026-03-01T10_00_00_00_00_x.html"
    boto3.client("s3").put_object(Bucket=settings.lake_bucket, Key=key, Body=b"<p>all 12 checks passed</p>")

    answer = server.get(GATE, headers=ada)

    assert answer.status_code == 200
    assert answer.text == "<p>all 12 checks passed</p>"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_run_whose_gate_had_nothing_to_check_says_so(server, ada, settings):
    answer = server.get(GATE, headers=ada)

    assert answer.status_code == 404
    assert "nothing to check" in answer.text


def test_the_run_page_shows_what_landed_was_rejected_and_why_it_failed(server, ada, ledger):
    note_attempt(ledger, "land", "success", [{"dataset": "totesys.staff", "rows": 1200}, {"rows": 34}])
    note_attempt(ledger, "gate", "failed", [{"rejected": 7}], reason="totesys.staff is <script>blocked</script>")

    for page in ("/quayside/", "/quayside/runs/totesys"):
        text = server.get(page, headers=ada).text
        assert "1,234" in text
        assert "<td class=n>7" in text
        assert "&lt;script&gt;blocked" in text
        assert "<script" not in text


def test_what_sources_load_together_is_shown_beside_them(server, ada, ledger):
    noted = {"at": "2026-03-01T10:00:00.000", "datasets": [], "tables": [], "loads_in": "hospitality_warehouse"}
    ledger.note("finished", "swiftpos_landing", noted)
    attempt = {"run": "manual__1", "state": "success", "reason": "", "link": "http://airflow.test/log", "summary": "[]"}
    times = {"started_at": "2026-03-01T10:00:00.000", "ended_at": "2026-03-01T10:00:09.000"}
    ledger.note("runs#hospitality_warehouse", "2026-03-01T10:00:00.000#load", {"task": "load", **attempt, **times})

    text = server.get("/quayside/", headers=ada).text

    assert "<h2>swiftpos</h2>" in text
    assert "/dags/hospitality_warehouse/runs/manual__1" in text


def test_a_page_asks_for_the_right_to_the_very_dag(server, ada, settings, monkeypatch):
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    asked = []

    def refuse(self, *, method, user, access_entity=None, details=None):
        asked.append(details.id)
        return False

    monkeypatch.setattr(SimpleAuthManager, "is_authorized_dag", refuse)

    assert server.get(GATE, headers=ada).status_code == 403
    assert server.get("/quayside/runs/totesys", headers=ada).status_code == 403
    assert asked == ["totesys_landing", "totesys_landing"]


def health(**changes: object) -> dict[str, object]:
    last = {"dag_id": "totesys_landing", "run_id": "r", "state": "success", "url": "http://airflow.test/dags/x"}
    return {
        "name": "totesys.staff", "dag": "totesys_landing", "stage": "landing", "freshness_minutes": 10,
        "promised_minutes": 30, "state": "fresh", "last_batch_at": "2026-03-01T10:00:00Z", "gate": "passed",
        "quarantined_rows": 0, "reconciled": "equal", "last_run": last,
    } | changes  # fmt: skip


def keep_health(settings, *datasets: dict[str, object], minutes_ago: int = 1) -> None:
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    text = json.dumps({"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "datasets": datasets})
    boto3.client("s3").put_object(Bucket=settings.lake_bucket, Key="quality/health.json", Body=text.encode())


def test_the_page_of_data_health_shows_what_is_wrong_and_links_to_the_run(server, ada, settings):
    worst = {"gate": "blocked", "quarantined_rows": 1234, "reconciled": "different", "name": "totesys.<b>payment"}
    keep_health(settings, health(), health(**worst, last_run=None))

    text = server.get("/quayside/health", headers=ada).text

    assert "<span class='success'>fresh</span>" in text
    for word in ("blocked", "different"):
        assert f"<span class='failed'>{word}</span>" in text
    assert "<td class=n>1,234" in text
    assert "totesys.&lt;b&gt;payment" in text
    assert "<a href='http://airflow.test/dags/x'>totesys_landing</a>" in text
    assert "<span class='failed'>late</span>" not in text


def test_what_the_watchdog_saw_ages_though_it_looks_no_more(server, ada, settings):
    keep_health(settings, health(), health(promised_minutes=None, state="unknown"), minutes_ago=21)

    text = server.get("/quayside/health", headers=ada).text

    assert "<p class=failed>As the watchdog saw it" in text
    assert "21 minutes ago" in text
    assert text.count("<span class='failed'>late</span>") == 1


def test_health_that_nobody_has_looked_at_says_what_to_look_for(server, ada, settings):
    answer = server.get("/quayside/health", headers=ada)

    assert answer.status_code == 404
    assert "quayside_watchdog" in answer.text


def test_of_data_health_only_what_the_user_may_see_is_shown(server, ada, settings, monkeypatch):
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    keep_health(settings, health(), health(name="swiftpos.sale", dag="swiftpos_landing"), health(name="any", dag=""))

    def only_swiftpos(self, *, method, user, access_entity=None, details=None):
        return details.id == "swiftpos_landing"

    monkeypatch.setattr(SimpleAuthManager, "is_authorized_dag", only_swiftpos)
    text = server.get("/quayside/health", headers=ada).text

    assert "swiftpos.sale" in text
    assert "totesys.staff" not in text
    assert "<td>any" not in text


def test_the_ui_knows_the_pages(server, ada, settings):
    [plugin] = [
        each for each in server.get("/api/v2/plugins", headers=ada).json()["plugins"] if each["name"] == "quayside"
    ]

    assert {view["href"] for view in plugin["external_views"]} == {
        "/quayside/",
        "/quayside/health",
        "/quayside/gate/{DAG_ID}/{RUN_ID}",
    }

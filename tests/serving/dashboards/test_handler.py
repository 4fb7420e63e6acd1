"""The handler on events of API Gateway: handles, rights that have changed meanwhile, and errors told as problems."""

import importlib.util
import json
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from local.layout import ROOT
from quayside.errors import Retryable, Terminal
from quayside.serving.answers import NotYet, TooMuch, athena
from quayside.settings import Settings
from tests.serving.dashboards.conftest import Company
from tests.serving.dashboards.test_results import RANGE

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")
CALLERS = {
    "ada": {"user_id": "ada", "role": "admin", "venues": "*", "masked": "false"},
    "mia": {"user_id": "mia", "role": "manager", "venues": "1", "masked": "false"},
    "vic": {"user_id": "vic", "role": "viewer", "venues": "1", "masked": "true"},
}
CONTEXT = SimpleNamespace(
    function_name="dashboards", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="id-1"
)


@pytest.fixture
def handler(company: Company, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The function, just started."""
    for name in Settings.__dataclass_fields__:
        monkeypatch.setenv(f"QUAYSIDE_{name.upper()}", getattr(company.settings, name))
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Quayside")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "dashboards")
    monkeypatch.setenv("QUAYSIDE_WEB_ORIGIN", "http://web.test")
    spec = importlib.util.spec_from_file_location("dashboards_handler", ROOT / "api_lambdas/dashboards/handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call(
    handler: ModuleType, path: str, who: str = "ada", headers: dict[str, str] | None = None, **query: list[str]
) -> Any:
    """Send a request; return status, headers and body."""
    event = {
        "httpMethod": "GET",
        "path": path,
        "headers": headers or {},
        "multiValueHeaders": {},
        "queryStringParameters": {name: values[-1] for name, values in query.items()},
        "multiValueQueryStringParameters": query,
        "requestContext": {"requestId": "gateway-1", "authorizer": CALLERS.get(who)},
        "body": None,
        "isBase64Encoded": False,
    }
    answer = handler.handler(event, CONTEXT)
    headers = {name: ", ".join(values) for name, values in answer["multiValueHeaders"].items()}
    return answer["statusCode"], headers, json.loads(answer["body"] or "null")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, handler: ModuleType) -> Any:
    """Athena is as slow as long as ``slow.now``."""
    state = SimpleNamespace(now=True)
    look = athena.look
    monkeypatch.setattr(athena, "look", lambda *given: None if state.now else look(*given))
    monkeypatch.setattr("quayside.serving.dashboards.result.WAIT", 0)
    return state


def test_what_takes_longer_is_a_handle_for_who_asked(handler, slow):
    day = {"since": ["2026-04-06"], "until": ["2026-04-07"]}
    handler.result.__kwdefaults__["wait"] = 0
    status, headers, pending = call(handler, "/dashboards/gaming_floor", "mia", **day)
    assert (status, headers["Retry-After"]) == (202, "1")
    assert headers["Location"] == f"/queries/{pending['query_id']}"
    assert call(handler, headers["Location"], "mia")[0] == 202
    assert call(handler, headers["Location"], "mia")[2] == pending
    assert call(handler, headers["Location"], "vic")[0] == 404
    slow.now = False
    handler.result.__kwdefaults__["wait"] = 25
    status, _, found = call(handler, headers["Location"], "mia")
    assert status == 200
    assert found["panels"] == call(handler, "/dashboards/gaming_floor", "mia", **day)[2]["panels"]
    assert [venue["venue_id"] for venue in found["venues"]] == [1]


def test_a_handle_opens_no_more_than_its_owner_may_see_now(handler, slow, monkeypatch):
    handler.result.__kwdefaults__["wait"] = 0
    _, headers, _ = call(
        handler, "/dashboards/products", "ada", since=["2026-04-05"], until=["2026-04-05"], venue=["2"]
    )
    slow.now = False
    handler.result.__kwdefaults__["wait"] = 25
    monkeypatch.setitem(CALLERS, "ada", {**CALLERS["mia"], "user_id": "ada"})
    assert call(handler, headers["Location"], "ada")[0] == 403
    monkeypatch.setitem(CALLERS, "ada", {**CALLERS["mia"], "user_id": "ada", "venues": "2"})
    assert call(handler, headers["Location"], "ada")[0] == 200


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (TooMuch("take fewer days"), 400, "take fewer days"),
        (NotYet(), 503, "data health"),
        (Retryable("the table x of account 123"), 503, "ask again"),
        (Terminal("secret stuff"), 500, "An error of ours"),
        (KeyError("secret stuff"), 500, "An error of ours"),
    ],
)
def test_errors_are_problems_and_ours_say_nothing_of_us(handler, monkeypatch, error, status, says):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(handler, "result", fail)
    answer = call(handler, "/dashboards/products", headers={"X-Request-Id": "mine-7"})
    assert answer[0] == status
    assert answer[1]["Content-Type"] == "application/problem+json"
    assert answer[1]["X-Request-Id"] == answer[2]["instance"] == "mine-7"
    assert says in answer[2]["detail"]
    assert "secret" not in str(answer)
    assert "123" not in str(answer)
    assert ("Retry-After" in answer[1]) == isinstance(error, Retryable)


@pytest.mark.parametrize(
    "caller",
    [
        None,
        {},
        {"user_id": "x", "role": "root", "venues": "*"},
        {"user_id": "x", "role": "viewer", "venues": "*"},
        {"user_id": "x", "role": "viewer", "venues": ""},
        {"user_id": "x", "role": "viewer"},
    ],
)
def test_without_a_role_and_venues_nothing_is_shown(handler, monkeypatch, caller):
    monkeypatch.setitem(CALLERS, "eve", caller)
    for path in ("/dashboards", "/venues", "/data-health", "/dashboards/products", "/queries/" + "0" * 32):
        assert call(handler, path, "eve")[0] == 403


def test_an_answer_says_who_may_read_it(handler):
    status, headers, _ = call(handler, "/dashboards")
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == "http://web.test"
    assert "private" in headers["Cache-Control"]
    assert call(handler, "/dashboards", headers={"If-None-Match": headers["ETag"]})[0] == 304
    assert call(handler, "/nothing")[0] == 404


def test_the_second_answer_asks_nothing_but_now_and_then_whether_the_data_has_changed(handler, company, monkeypatch):
    given = {name: [value] if isinstance(value, str) else value for name, value in RANGE.items()}
    handler.result.__kwdefaults__["wait"] = 25
    first = call(handler, "/dashboards/sales_against_wages", **given)
    asked: list[str] = []
    call_ = handler._answers().store._call
    monkeypatch.setattr(
        handler._answers().store, "_call", lambda action, **given: asked.append(action) or call_(action, **given)
    )
    monkeypatch.setattr(athena, "start", lambda *_: pytest.fail("Athena is asked again"))
    for near, calls in ((60.0, []), (0.0, ["get_item"])):
        monkeypatch.setattr("quayside.serving.answers.answers.NEAR", near)
        assert call(handler, "/dashboards/sales_against_wages", **given)[2] == first[2]
        assert asked == calls

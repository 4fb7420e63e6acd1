"""The dashboards API over HTTP: everyone sees their own, nothing that is sent opens more, and files are what panels show."""

import csv
import io
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from local.layout import ROOT
from local.postgres import Postgres
from quayside.serving.dashboards import load_dashboards
from quayside.settings import Settings
from tests.conftest import Databases
from tests.serving.dashboards.conftest import SINCE, UNTIL, Company, fill
from tests.serving.dashboards.test_request import ATTACKS
from tests.support.api import Api
from tests.support.platform import Platform, empty

RANGE = {"since": SINCE.isoformat(), "until": UNTIL.isoformat()}
HOTELS = [each.name for each in load_dashboards().values() if each.by_venue]
DOWNLOAD = "/dashboards/sales_against_wages/panels/sales_and_wages/download"


@pytest.fixture(scope="module")
def open_(api: Api, platform: Platform, postgres: Postgres) -> Iterator[Company]:
    """Two hotels and a shop in the API's own lake, and a warehouse that it can reach."""
    empty(platform)
    known = {name: api.outputs[name] for name in Settings.__dataclass_fields__ if name in api.outputs}
    databases = Databases(postgres)
    yield fill(Settings(**known), databases, postgres)
    databases.drop()


def get(api: Api, path: str, role: str = "admin", **params: Any) -> httpx.Response:
    """Ask, and ask again where the answer is a handle."""
    answer = api.call("GET", path, role=role, params=params)
    deadline = time.monotonic() + 60
    while answer.status_code == 202:
        assert time.monotonic() < deadline, answer.text
        assert answer.headers["Retry-After"] == str(answer.json()["retry_after"])
        time.sleep(0.2)
        answer = api.call("GET", answer.headers["Location"], role=role)
    return answer


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text
    document: dict[str, Any] = answer.json()
    assert document["instance"] == answer.headers["X-Request-Id"]
    return document


def test_everyone_is_shown_their_dashboards_and_venues(api, open_):
    for role, number in (("admin", 8), ("analyst", 8), ("manager", 6), ("viewer", 6)):
        listed = get(api, "/dashboards", role)
        assert len(listed.json()["items"]) == number
        assert all(each["grains"] and each["title"] for each in listed.json()["items"])
        seen = [venue["venue_id"] for venue in get(api, "/venues", role).json()["items"]]
        assert seen == ([1, 2] if number == 8 else [1])


@pytest.mark.parametrize("name", load_dashboards())
def test_every_dashboard_is_answered_and_what_the_caller_has_is_not_sent_again(api, open_, name):
    first = get(api, f"/dashboards/{name}", **RANGE)
    assert first.status_code == 200, first.text
    assert any(panel["rows"] for panel in first.json()["panels"])
    etag = first.headers["ETag"]
    again = api.call("GET", f"/dashboards/{name}", role="admin", params=RANGE, headers={"If-None-Match": etag})
    assert (again.status_code, again.text, again.headers["ETag"]) == (304, "", etag)


def test_without_a_range_it_is_the_dashboards_own(api, open_):
    shown = get(api, "/dashboards/sales_against_wages").json()
    days = datetime.fromisoformat(shown["until"]) - datetime.fromisoformat(shown["since"])
    assert (days.days, shown["grain"], shown["compare"]) == (27, "day", "none")


def test_a_manager_sees_the_rows_of_their_venue_and_an_analyst_no_names(api, open_):
    own = get(api, "/dashboards/members", "manager", **RANGE).json()
    assert own["panels"] == get(api, "/dashboards/members", venue=1, **RANGE).json()["panels"]
    for role, shown in (("manager", True), ("admin", True), ("viewer", False), ("analyst", False)):
        text = get(api, "/dashboards/members", role, **RANGE).text
        assert any(name in text for name in open_.names) == shown


@pytest.mark.parametrize("role", ["manager", "viewer"])
@pytest.mark.parametrize(
    "query",
    [
        "venue=2",
        "venue=1&venue=2",
        "venue=2&venue=1",
        "venue=3",
        "venue=2147483647",
        "venue=%32",
        "venue=1%002",
        "venue=1,2",
        "venue[]=2",
        "venues=2",
        "venue_id=2",
        "Venue=2",
        "venue=*",
        "venue=",
        "role=admin",
        "venue=1%27%20or%201=1--",
    ],
)
def test_another_venue_is_not_to_be_had_by_any_parameter(api, open_, role, query):
    for path in ("/dashboards/sales_against_wages", DOWNLOAD):
        answer = api.call("GET", f"{path}?since={SINCE}&until={UNTIL}&{query}", role=role)
        assert answer.status_code in (400, 403), answer.text
        assert "rows" not in answer.text
        assert "Harbour" not in answer.text


def test_headers_that_claim_a_role_are_nothing(api, open_):
    claims = {"X-Role": "admin", "X-Amzn-Authorizer": "{}", "role": "admin", "venues": "*"}
    answer = api.call(
        "GET", "/dashboards/sales_against_wages", role="manager", params={**RANGE, "venue": 2}, headers=claims
    )
    problem(answer, 403)


@pytest.mark.parametrize("field", ["since", "until", "venue", "grain", "compare", "format"])
def test_what_is_injected_into_a_parameter_is_refused_by_its_name(api, open_, field):
    for attack in ATTACKS:
        told = problem(api.call("GET", DOWNLOAD, role="admin", params={field: attack}), 400)
        assert "Traceback" not in str(told)


@pytest.mark.parametrize("place", ["name", "panel", "query_id"])
def test_what_is_injected_into_a_path_finds_nothing(api, open_, place):
    paths = {"name": "/dashboards/{}", "panel": "/dashboards/products/panels/{}/download", "query_id": "/queries/{}"}
    for attack in ("x' or 1=1", "..%2f..%2fusers", "admin;drop", "%00", "a" * 300, "{{7*7}}"):
        answer = api.call("GET", paths[place].format(attack), role="viewer")
        assert answer.status_code in (400, 403, 404), (attack, answer.text)


def test_nobody_sees_anything_without_a_token(api, open_):
    for path in ("/dashboards", "/dashboards/products", "/venues", "/data-health", DOWNLOAD, "/queries/" + "0" * 32):
        problem(api.call("GET", path), 401)


def test_the_shop_is_not_for_who_has_venues(api, open_):
    for role in ("manager", "viewer"):
        problem(api.call("GET", "/dashboards/totesys_sales", role=role), 403)
        problem(api.call("GET", "/dashboards/totesys_sales/panels/totals/download", role=role), 403)
        problem(api.call("GET", "/data-health", role=role), 403)


def test_what_there_is_not_is_not_found(api, open_):
    problem(api.call("GET", "/dashboards/nothing", role="admin"), 404)
    problem(api.call("GET", "/dashboards/products/panels/nothing/download", role="admin"), 404)
    problem(api.call("GET", "/queries/" + "0" * 32, role="admin"), 404)


def test_what_makes_no_sense_says_where(api, open_):
    told = problem(
        api.call("GET", "/dashboards/products", role="admin", params={"since": "2026-04-02", "until": "2026-04-01"}),
        400,
    )
    assert told["errors"] == [{"pointer": "query/until", "detail": "must not be before since: both days are included"}]


def test_data_health_is_told_to_who_works_on_the_data(api, open_):
    found = {each["name"]: each for each in get(api, "/data-health", "analyst").json()["datasets"]}
    payment = found["totesys.payment"]
    assert (payment["gate"], payment["reconciled"]) == ("passed", "equal")
    assert found["warehouse.fact_payment"]["stage"] == "warehouse"


@pytest.mark.parametrize(("name", "panel"), [("sales_against_wages", "sales_and_wages"), ("totesys_sales", "totals")])
def test_a_downloaded_file_has_the_panels_rows(api, open_, name, panel):
    [shown] = [each for each in get(api, f"/dashboards/{name}", **RANGE).json()["panels"] if each["name"] == panel]
    path = f"/dashboards/{name}/panels/{panel}/download"
    link = get(api, path, format="csv", **RANGE).json()
    file = httpx.get(link["url"], trust_env=False)
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert f"{name}-{panel}-{SINCE}-{UNTIL}.csv" in file.headers["Content-Disposition"]
    heading, *rows = csv.reader(io.StringIO(file.content.decode("utf-8-sig")))
    assert heading == [column["label"] for column in shown["columns"]]
    assert rows == [["" if value is None else str(value) for value in row] for row in shown["rows"]]

    link = get(api, path, format="parquet", **RANGE).json()
    table = pq.read_table(io.BytesIO(httpx.get(link["url"], trust_env=False).content))
    assert table.column_names == [column["name"] for column in shown["columns"]]
    assert [[None if value is None else str(value) for value in row.values()] for row in table.to_pylist()] == [
        [None if value is None else str(value) for value in row] for row in shown["rows"]
    ]


def test_a_link_is_to_one_file_and_no_other(api, open_):
    link = get(api, DOWNLOAD, "manager", **RANGE).json()["url"]
    assert httpx.get(link, trust_env=False).status_code == 200
    for forged in (
        link.replace("serving/downloads", "landing"),
        link.replace("Expires=300", "Expires=90000"),
        link.partition("?")[0],
    ):
        assert httpx.get(forged, trust_env=False).status_code == 403


def test_the_document_describes_what_is_answered(api, open_):
    import yaml
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    document = yaml.safe_load((ROOT / "api_lambdas" / "openapi.yaml").read_text())
    answers = {
        "Result": get(api, "/dashboards/gaming_floor", compare="previous_period", **RANGE).json(),
        "Dashboards": get(api, "/dashboards").json(),
        "Venues": get(api, "/venues").json(),
        "DataHealth": get(api, "/data-health").json(),
        "Download": get(api, DOWNLOAD, **RANGE).json(),
    }
    for name, answer in answers.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": _nullable(document["components"])}
        assert [error.message for error in Draft202012Validator(schema).iter_errors(answer)] == []


def _nullable(part: Any) -> Any:
    """Write OpenAPI's ``nullable`` as JSON Schema has it."""
    if isinstance(part, list):
        return [_nullable(each) for each in part]
    if not isinstance(part, dict):
        return part
    told = {name: _nullable(value) for name, value in part.items()}
    if told.pop("nullable", False) is True:
        return {"anyOf": [told, {"type": "null"}]}
    return told

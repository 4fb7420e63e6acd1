"""The fake API answers as openapi.yaml says, so that what is tested against it holds for the real one."""

from typing import Any

import jsonschema
import pytest
import yaml

from local.layout import ROOT
from tests.browser import fake_data
from tests.browser.fake_api import FakeApi

DOCUMENT = yaml.safe_load((ROOT / "api_lambdas" / "openapi.yaml").read_text(encoding="utf-8"))


def _plain(schema: Any) -> Any:
    """Return OpenAPI 3.0's schema as JSON Schema: there, what may be null says so in its type."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _plain(DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    plain = {name: _plain(value) for name, value in schema.items() if name not in ("nullable", "example")}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") else plain


def _check(document: Any, schema: str) -> None:
    jsonschema.validate(document, _plain({"$ref": f"#/components/schemas/{schema}"}))


@pytest.mark.parametrize("name", list(fake_data.PANELS))
@pytest.mark.parametrize("query", [{}, {"compare": ["previous_year"], "venue": ["2"]}], ids=["plain", "compared"])
def test_results(name: str, query: dict[str, list[str]]) -> None:
    _check(fake_data.result(name, query, sql=True), "Result")


def test_the_rest() -> None:
    fake = FakeApi.fresh()
    user = fake.user("nora@quayside.example")
    fake.change(user, user["id"], "change_name", display_name="N.")
    headers = {"Authorization": "Bearer t"}
    fake.cognito.access["t"] = fake.user("ada@quayside.example")["id"]
    schemas = {"/me": "Me", "/venues": "Venues", "/dashboards": "Dashboards", "/data-health": "DataHealth", "/users": "Users",
               "/audit": "Audit", f"/users/{user['id']}": "User", f"/users/{user['id']}/audit": "Audit"}  # fmt: skip
    for path, schema in schemas.items():
        status, document, _ = fake.answer("GET", path, {}, headers, None)
        assert status == 200
        _check(document, schema)

"""The API's frame: the document, and what API Gateway makes of it before any function of ours has its say."""

import json
import re
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
import yaml
from openapi_spec_validator import validate

from local.layout import ROOT
from tests.support.api import Api
from tests.support.platform import WEB_ORIGIN

X = "x-amazon-apigateway-"
VERBS = ("get", "post", "patch", "delete", "put")
DOCUMENT = yaml.safe_load((ROOT / "api_lambdas" / "openapi.yaml").read_text())
OPERATIONS = [
    (verb, path, operation)
    for path, item in DOCUMENT["paths"].items()
    for verb, operation in item.items()
    if verb in VERBS
]
NAMES = [operation["operationId"] for *_, operation in OPERATIONS]


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Return a part of the document, or the one that it refers to."""
    if "$ref" not in node:
        return node
    target: Any = DOCUMENT
    for part in node["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return resolved(target)


def test_the_document_is_openapi_3():
    validate(DOCUMENT)


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does():
    assert len(set(NAMES)) == len(NAMES) == 20
    assert all(operation["summary"] and operation["tags"] for *_, operation in OPERATIONS)


@pytest.mark.parametrize(("verb", "path", "operation"), OPERATIONS, ids=NAMES)
def test_every_operation_is_answered_by_a_function_that_asks_who_calls(verb, path, operation):
    integration = operation[f"{X}integration"]
    caller = operation.get("security", DOCUMENT["security"])

    if integration["type"] == "mock":  # the same for everybody
        assert caller == [{"token": ["aws.cognito.signin.user.admin"]}]
    else:
        assert caller == [{"caller": []}]
        assert integration["uri"] in ("${users_uri}", "${dashboards_uri}")
        assert integration["httpMethod"] == "POST"
    assert DOCUMENT["paths"][path]["options"]["security"] == []


@pytest.mark.parametrize(("verb", "path", "operation"), OPERATIONS, ids=NAMES)
def test_every_operation_says_how_it_fails_and_names_its_requests(verb, path, operation):
    responses = {code: resolved(response) for code, response in operation["responses"].items()}

    assert {"401", "403", "429", "500"} <= set(responses)
    for code, response in responses.items():
        if int(code) >= 400:
            schema = response["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}
        if operation["operationId"] != "listRoles":
            assert "X-Request-Id" in response["headers"]
        if code in ("200", "304") and operation["operationId"] not in ("listRoles", "downloadPanel"):
            assert "ETag" in response["headers"]
    if verb in ("patch", "delete") or re.search("/(disable|enable|restore|resend-invitation)$", path):
        assert {"412", "428"} <= set(responses)


def bounded(schema: dict[str, Any], where: str) -> list[str]:
    """Return what a caller could send without a bound, below a schema."""
    schema = resolved(schema)
    if "enum" in schema:
        return []
    kind = schema["type"]
    if kind == "object":
        loose = [] if schema.get("additionalProperties") is False else [where]
        return loose + [
            fault for name, inner in schema["properties"].items() for fault in bounded(inner, f"{where}/{name}")
        ]
    if kind == "array":
        return ([] if "maxItems" in schema else [where]) + bounded(schema["items"], f"{where}/0")
    bounds = {"string": {"maxLength", "pattern"}, "integer": {"maximum"}, "number": {"maximum"}}[kind]
    return [] if bounds & set(schema) else [where]


def test_whatever_a_caller_sends_is_bounded():
    loose = []
    for verb, path, operation in OPERATIONS:
        for parameter in [*DOCUMENT["paths"][path].get("parameters", []), *operation.get("parameters", [])]:
            given = resolved(parameter)
            loose += bounded(given["schema"], f"{verb} {path} {given['name']}")
        if "requestBody" in operation:
            loose += bounded(operation["requestBody"]["content"]["application/json"]["schema"], f"{verb} {path}")

    assert loose == []


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_a_browser_is_told_what_the_web_app_may_send(api: Api, path: str):
    asked = {
        "Origin": WEB_ORIGIN,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "if-match",
    }

    answer = api.call("OPTIONS", re.sub(r"\{\w+\}", "x", path), headers=asked)

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == WEB_ORIGIN
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "If-Match", "X-Request-Id"} <= set(
        answer.headers["Access-Control-Allow-Headers"].split(",")
    )


def is_problem(answer: httpx.Response, status: int) -> bool:
    """Tell whether an answer is a problem that a browser may read, with the request's id."""
    told = answer.json()
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Access-Control-Allow-Origin"] == WEB_ORIGIN
    assert {"type", "title", "detail", "instance"} <= set(told)
    assert told.get("status", status) == status
    assert told["instance"] == answer.headers["X-Request-Id"]
    return True


@pytest.mark.parametrize(("verb", "path", "operation"), OPERATIONS, ids=NAMES)
def test_nobody_gets_in_without_a_token(api: Api, verb, path, operation):
    for headers in ({}, {"Authorization": "Bearer a.b.c"}):
        assert is_problem(api.call(verb.upper(), re.sub(r"\{\w+\}", "x", path), headers=headers), 401)


def test_an_unknown_path_or_method_is_a_problem_too(api: Api):
    assert is_problem(api.call("GET", "/nothing", role="viewer"), 404)
    assert is_problem(api.call("PUT", "/me", role="viewer"), 404)


@pytest.mark.parametrize("role", ["admin", "analyst", "manager", "viewer"])
def test_a_token_is_all_that_the_list_of_roles_takes(api: Api, role: str):
    answer = api.call("GET", "/roles", role=role)

    assert answer.status_code == 200
    assert [item["role"] for item in answer.json()["items"]] == DOCUMENT["components"]["schemas"]["RoleName"]["enum"]
    assert answer.headers["Access-Control-Allow-Origin"] == WEB_ORIGIN
    assert is_problem(api.call("GET", "/roles", token=api.tokens(role)["IdToken"]), 401)  # it has no scope


def test_what_a_role_may_see_is_said_as_the_code_does_it():
    from quayside.serving.access import EVERYWHERE, ROLES, Access

    template = DOCUMENT["paths"]["/roles"]["get"][f"{X}integration"]["responses"]["default"]["responseTemplates"]
    items = json.loads(template["application/json"])["items"]

    assert {item["role"] for item in items} == set(ROLES)
    for item in items:
        access = Access(role=item["role"], venues=None if item["role"] in EVERYWHERE else frozenset({1}))
        assert item["venues"] == ("all" if access.venues is None else "own")
        assert item["personal_data"] is not access.masked


def test_a_function_that_fails_answers_a_problem_that_a_browser_may_read(api: Api):
    """The frame's part: API Gateway's own words for a function that dies are those of the document."""
    gateway = boto3.client("apigateway")
    [made] = [item for item in gateway.get_rest_apis(limit=500)["items"] if item["id"] in api.url]
    answers = {
        item["responseType"]: item for item in gateway.get_gateway_responses(restApiId=made["id"], limit=500)["items"]
    }

    for kind in ("DEFAULT_4XX", "DEFAULT_5XX", "UNAUTHORIZED", "ACCESS_DENIED", "THROTTLED", "INTEGRATION_TIMEOUT"):
        text = answers[kind]["responseTemplates"]["application/json"]
        filled = json.loads(text.replace("$context.requestId", "1").replace("$context.error.messageString", '"no"'))
        assert {"type", "title", "detail", "instance"} <= set(filled)
        assert "gatewayresponse.header.Access-Control-Allow-Origin" in answers[kind]["responseParameters"]


def test_roles_of_functions_may_not_do_what_another_function_does(platform):
    iam = boto3.client("iam")

    def actions(role: str) -> set[str]:
        policy = iam.get_role_policy(RoleName=f"quayside-{role}", PolicyName="work")["PolicyDocument"]
        return {action for statement in policy["Statement"] if statement["Effect"] == "Allow"
                for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])}  # fmt: skip

    assert actions("authorizer") == {"dynamodb:GetItem"}
    assert {action.partition(":")[0] for action in actions("users")} == {"dynamodb", "cognito-idp"}
    assert not {
        action
        for action in actions("dashboards")
        if action.startswith(("cognito", "iam", "lambda", "glue:Update", "glue:Delete"))
    }


def test_packages_hold_what_functions_need_and_little_else(checkout: Path):
    sizes = {path.stem: path.stat().st_size for path in (checkout / ".local" / "packages").glob("*.zip")}

    assert set(sizes) == {"authorizer", "dashboards", "users"}
    assert all(size < 30_000_000 for size in sizes.values()), sizes

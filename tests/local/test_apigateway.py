"""REST APIs from an OpenAPI document: what it describes is what callers meet."""

import copy
import json
import urllib.error
import urllib.request
import uuid

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.functions import deploy

ECHO = """
    import json
    def handler(event, context):
        kept = ("httpMethod", "path", "resource", "pathParameters", "queryStringParameters", "body")
        seen = {name: event[name] for name in kept}
        seen["authorizer"] = event["requestContext"].get("authorizer")
        return {"statusCode": 200, "headers": {"X-From": "function"}, "body": json.dumps(seen)}
"""
AUTHORIZER = """
    def handler(event, context):
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        token = event.get("authorizationToken") or headers["x-key"]
        if token == "nobody":
            raise Exception("Unauthorized")
        statement = {"Action": "execute-api:Invoke", "Effect": "Allow" if token == "good" else "Deny", "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        return {"principalId": "me", "policyDocument": policy, "context": {"tenant": "t1"}}
"""
X = "x-amazon-apigateway-"
CORS = {
    "responses": {
        "204": {"description": "", "headers": {"Access-Control-Allow-Origin": {"schema": {"type": "string"}}}}
    },
    f"{X}integration": {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 204}'},
        "responses": {
            "default": {
                "statusCode": "204",
                "responseParameters": {
                    "method.response.header.Access-Control-Allow-Origin": "'*'",
                    "method.response.header.Access-Control-Allow-Methods": "'GET,OPTIONS'",
                },
            }
        },
    },
}


@pytest.fixture(scope="module")
def functions(aws) -> dict[str, str]:
    return {"echo": deploy(ECHO, Timeout=20), "authorizer": deploy(AUTHORIZER, Timeout=20)}


def uri(function: str) -> str:
    return f"arn:aws:apigateway:eu-west-2:lambda:path/2015-03-31/functions/{function}/invocations"


def calls(function: str, **operation) -> dict:
    integration = {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": uri(function),
        "passthroughBehavior": "when_no_match",
    }
    return {"responses": {"200": {"description": ""}}, f"{X}integration": integration, **operation}


def spec(paths: dict, **members) -> dict:
    return {
        "openapi": "3.0.3",
        "info": {"title": "orders", "version": "7", "description": "d"},
        "paths": paths,
        **members,
    }


class Api:
    """An API, and calls to it as a client makes them."""

    def __init__(self, endpoint: str, document: dict | str, **options) -> None:
        self.client, self.endpoint = boto3.client("apigateway"), endpoint
        body = document if isinstance(document, str) else json.dumps(document)
        self.made = self.client.import_rest_api(body=body, **options)
        self.id = self.made["id"]
        self.deploy()

    def deploy(self) -> None:
        self.client.create_deployment(restApiId=self.id, stageName="v1")

    def put(self, document: dict, mode: str = "overwrite", **options) -> dict:
        return self.client.put_rest_api(restApiId=self.id, mode=mode, body=json.dumps(document), **options)

    def call(self, path: str, method: str = "GET", body: object = None, **headers: str):
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.endpoint}/_aws/execute-api/{self.id}/v1{path}"
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(url, data, {"Content-Type": "application/json", **names}, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return response.status, response.headers, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read().decode()

    def paths(self) -> dict[str, set[str]]:
        items = self.client.get_resources(restApiId=self.id, limit=500)["items"]
        return {item["path"]: set(item.get("resourceMethods", {})) for item in items}


def test_calls_reach_the_function_with_their_parameters(aws, functions):
    api = Api(aws, spec({"/orders/{id}/lines": {"get": calls(functions["echo"]), "post": calls(functions["echo"])}}))

    status, headers, text = api.call("/orders/42/lines?page=2")

    assert (status, headers["X-From"]) == (200, "function")
    assert json.loads(text) == {
        "httpMethod": "GET",
        "path": "/orders/42/lines",
        "resource": "/orders/{id}/lines",
        "pathParameters": {"id": "42"},
        "queryStringParameters": {"page": "2"},
        "body": None,
        "authorizer": None,
    }
    assert json.loads(json.loads(api.call("/orders/42/lines", "POST", {"a": 1})[2])["body"]) == {"a": 1}
    assert api.call("/orders")[0] == 403
    assert (api.made["name"], api.made["version"], api.made["description"]) == ("orders", "7", "d")


def test_yaml_a_root_and_any_method_are_understood(aws, functions):
    api = Api(aws, f"""
openapi: 3.0.1
info: {{title: y, version: 2024-05-01}}
paths:
  /:
    {X}any-method:
      responses: {{200: {{description: ok}}}}
      {X}integration: {{type: aws_proxy, httpMethod: POST, uri: '{uri(functions["echo"])}'}}
  /files/{{path+}}:
    {X}any-method:
      {X}integration: {{type: aws_proxy, httpMethod: POST, uri: '{uri(functions["echo"])}'}}
""")  # fmt: skip

    assert json.loads(api.call("/", "DELETE")[2])["httpMethod"] == "DELETE"
    assert json.loads(api.call("/files/a/b.txt", "PATCH")[2])["pathParameters"] == {"path": "a/b.txt"}
    assert api.made["version"] == "2024-05-01"


def test_a_preflight_is_answered_by_a_mock(aws, functions):
    api = Api(aws, spec({"/orders": {"options": CORS, "get": calls(functions["echo"])}}))

    status, headers, _ = api.call("/orders", "OPTIONS", Origin="https://app.example")

    assert (status, headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert headers["Access-Control-Allow-Methods"] == "GET,OPTIONS"


def test_functions_authorize_by_token_and_by_request(aws, functions):
    schemes = {
        "token": {
            "type": "apiKey", "name": "Authorization", "in": "header", f"{X}authtype": "custom",
            f"{X}authorizer": {"type": "token", "authorizerUri": uri(functions["authorizer"]), "authorizerResultTtlInSeconds": 0},
        },
        "request": {
            "type": "apiKey", "name": "Unused", "in": "header", f"{X}authtype": "custom",
            f"{X}authorizer": {
                "type": "request", "authorizerUri": uri(functions["authorizer"]),
                "identitySource": "method.request.header.X-Key",
            },
        },
    }  # fmt: skip
    paths = {
        "/default": {"get": calls(functions["echo"])},
        "/request": {"get": calls(functions["echo"], security=[{"request": []}])},
        "/open": {"get": calls(functions["echo"], security=[])},
    }
    api = Api(aws, spec(paths, security=[{"token": []}], components={"securitySchemes": schemes}))

    assert api.call("/default")[0] == 401
    assert api.call("/default", Authorization="nobody")[0] == 401
    assert api.call("/default", Authorization="bad")[0] == 403
    status, _, text = api.call("/default", Authorization="good")
    assert status == 200
    assert json.loads(text)["authorizer"]["tenant"] == "t1"
    assert api.call("/request")[0] == 401
    assert api.call("/request", X_Key="good")[0] == 200
    assert api.call("/open")[0] == 200


def test_a_user_pool_authorizes(aws, functions):
    cognito = boto3.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName=f"p-{uuid.uuid4().hex[:6]}")["UserPool"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = cognito.create_user_pool_client(UserPoolId=pool["Id"], ClientName="c", ExplicitAuthFlows=flows)
    client_id = client["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool["Id"], Username="ana")
    cognito.admin_set_user_password(UserPoolId=pool["Id"], Username="ana", Password="Pass-word-1", Permanent=True)
    session = cognito.admin_initiate_auth(
        UserPoolId=pool["Id"], ClientId=client_id, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ana", "PASSWORD": "Pass-word-1"},
    )  # fmt: skip
    scheme = {
        "type": "apiKey", "name": "Authorization", "in": "header", f"{X}authtype": "cognito_user_pools",
        f"{X}authorizer": {"type": "cognito_user_pools", "providerARNs": [pool["Arn"]]},
    }  # fmt: skip
    paths = {"/me": {"get": calls(functions["echo"], security=[{"pool": []}])}}
    api = Api(aws, spec(paths, components={"securitySchemes": {"pool": scheme}}))

    status, _, text = api.call("/me", Authorization=session["AuthenticationResult"]["IdToken"])

    assert status == 200
    assert json.loads(text)["authorizer"]["claims"]["cognito:username"] == "ana"
    assert api.call("/me")[0] == 401
    assert api.call("/me", Authorization="a.b.c")[0] == 401


VALIDATED = {
    f"{X}request-validators": {"all": {"validateRequestBody": True, "validateRequestParameters": True}},
    f"{X}request-validator": "all",
    "components": {
        "schemas": {
            "Order": {"type": "object", "required": ["lines"],
                      "properties": {"lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}}}},
            "Line": {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}}},
        },
        "parameters": {"Page": {"name": "page", "in": "query", "required": True, "schema": {"type": "integer"}}},
    },
}  # fmt: skip


def test_requests_are_validated_before_the_function_sees_them(aws, functions):
    named = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}
    inline = {"content": {"application/json": {"schema": {"type": "array", "maxItems": 1}}}}
    paths = {
        "/orders": {
            "post": calls(functions["echo"], requestBody=named),
            "put": calls(functions["echo"], requestBody=inline),
            "get": calls(functions["echo"], parameters=[{"$ref": "#/components/parameters/Page"}]),
        }
    }
    api = Api(aws, spec(paths, **VALIDATED))

    assert api.call("/orders", "POST", {"lines": [{"sku": "a"}]})[0] == 200
    status, _, text = api.call("/orders", "POST", {"lines": [{}]})
    assert (status, json.loads(text)) == (400, {"message": "Invalid request body"})
    assert (api.call("/orders", "PUT", [1])[0], api.call("/orders", "PUT", [1, 2])[0]) == (200, 400)
    assert api.call("/orders?page=1")[0] == 200
    assert json.loads(api.call("/orders")[2]) == {"message": "Missing required request parameters: [page]"}


def test_gateway_responses_are_the_documents(aws, functions):
    response = {
        "statusCode": 404,
        "responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"},
        "responseTemplates": {"application/json": '{"title": $context.error.messageString}'},
    }
    gateway = {f"{X}gateway-responses": {"MISSING_AUTHENTICATION_TOKEN": response}}
    api = Api(aws, spec({"/orders": {"get": calls(functions["echo"])}}, **gateway))

    status, headers, text = api.call("/nowhere")

    assert (status, headers["Access-Control-Allow-Origin"]) == (404, "*")
    assert json.loads(text) == {"title": "Missing Authentication Token"}


def test_overwriting_leaves_only_what_the_document_says(aws, functions):
    api = Api(
        aws, spec({"/a/b": {"get": calls(functions["echo"])}, "/c": {"get": calls(functions["echo"])}}, **VALIDATED)
    )
    kept = {item["path"]: item["id"] for item in api.client.get_resources(restApiId=api.id)["items"]}

    changed = spec({"/a": {"post": calls(functions["echo"])}})
    changed["info"]["title"] = "renamed"
    answer = api.put(changed)

    assert answer["name"] == "renamed"
    assert api.paths() == {"/": set(), "/a": {"POST"}}
    now = {item["path"]: item["id"] for item in api.client.get_resources(restApiId=api.id)["items"]}
    assert now.items() <= kept.items()  # what stays is the same resource
    assert api.client.get_models(restApiId=api.id)["items"] == []
    assert api.client.get_request_validators(restApiId=api.id)["items"] == []


def test_callers_meet_an_api_as_it_was_deployed(aws, functions):
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}
    api = Api(aws, spec({"/a": {"post": calls(functions["echo"], requestBody=body)}}, **VALIDATED))

    api.put(spec({"/b": {"get": calls(functions["echo"])}}))

    assert api.call("/a", "POST", {"lines": []})[0] == 200
    assert api.call("/a", "POST", {})[0] == 400  # by the validator and the model that are no more
    assert api.call("/b")[0] == 403
    api.deploy()
    assert api.call("/a", "POST", {"lines": []})[0] == 403
    assert api.call("/b")[0] == 200


def test_merging_adds_to_what_is_there(aws, functions):
    api = Api(aws, spec({"/a": {"get": calls(functions["echo"])}}))

    api.put(spec({"/a": {"post": calls(functions["echo"])}, "/b": {"get": calls(functions["echo"])}}), mode="merge")

    assert api.paths() == {"/": set(), "/a": {"GET", "POST"}, "/b": {"GET"}}


def test_warnings_are_told_and_refused_on_demand(aws, functions):
    scheme = {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}}
    cookie = [{"name": "sid", "in": "cookie", "schema": {"type": "string"}}]
    document = spec(
        {"/a": {"get": calls(functions["echo"], parameters=cookie, security=[{"bearer": []}])}}, components=scheme
    )

    api = Api(aws, document)

    assert len(api.made["warnings"]) == 2
    changed = copy.deepcopy(document)
    changed["paths"]["/b"] = {"get": calls(functions["echo"])}
    with pytest.raises(ClientError, match=r"(?s)BadRequestException.*Warnings found during import:.*'bearer'"):
        api.put(changed, failOnWarnings=True)
    assert api.paths() == {"/": set(), "/a": {"GET"}}  # as if nothing had been asked


def _with(integration: dict) -> dict:
    return spec({"/a": {"get": {f"{X}integration": integration}}})


@pytest.mark.parametrize(
    ("document", "refusal"),
    [
        ({**spec({}), f"{X}cors": {}}, "does not support x-amazon-apigateway-cors"),
        (_with({"type": "aws", "httpMethod": "POST", "uri": "arn:aws:apigateway:eu-west-2:firehose:action/PutRecord"}),
         "only SQS can be called"),
        (_with({"type": "http_proxy", "httpMethod": "GET", "uri": "https://example.com"}), "integration type 'http_proxy'"),
        (_with({"type": "aws_proxy", "httpMethod": "GET", "uri": uri("arn:aws:lambda:eu-west-2:1:function:f")}), "httpMethod POST"),
        (_with({"type": "mock", "requestTemplates": {}}), "statusCode"),
        (_with({"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
                "responses": {"default": {"statusCode": 200, "responseTemplates": {"application/json": "$context.requestId"}}}}),
         "templates and mapped values in the mock of GET /a"),
        (_with({"type": "mock", "tlsConfig": {}}), "tlsConfig in the integration of GET /a"),
        ({**spec({"/a": {"get": {"security": [{"nobody": []}]}}})}, "Unable to resolve security definition 'nobody'"),
        ({"swagger": "2.0", "info": {}, "paths": {}}, "documents other than OpenAPI 3.0"),
        (spec({"/a": {"get": {"requestBody": {"$ref": "#/components/nothing"}}}}), "Unable to resolve reference"),
    ],
)  # fmt: skip
def test_what_is_wrong_or_not_supported_is_refused_by_name(aws, functions, document, refusal):
    client = boto3.client("apigateway")
    known = client.get_rest_apis(limit=500)["items"]

    with pytest.raises(ClientError, match=f"BadRequestException.*{refusal}"):
        client.import_rest_api(body=json.dumps(document))

    assert client.get_rest_apis(limit=500)["items"] == known


def test_an_update_of_nothing_is_not_found(aws):
    with pytest.raises(ClientError, match="NotFoundException"):
        boto3.client("apigateway").put_rest_api(restApiId="none", body=json.dumps(spec({})))


@pytest.mark.parametrize(
    "source", ["raise_it", "return {'body': 'x'}", "return {'statusCode': 200, 'body': {}}", "return 'text'"]
)
def test_what_is_no_proxy_response_is_a_bad_gateway(aws, source):
    api = Api(aws, spec({"/a": {"get": calls(deploy(f"def handler(event, context): {source}", Timeout=20))}}))

    status, _, text = api.call("/a")

    assert (status, json.loads(text)) == (502, {"message": "Internal server error"})


def test_an_api_without_integrations_cannot_be_deployed(aws):
    with pytest.raises(ClientError, match=r"BadRequestException.*No integration defined for method"):
        Api(aws, spec({"/a": {"get": {}}}))


def test_a_function_that_fails_is_answered_as_the_document_says(aws):
    response = {
        "responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'https://app.example'"},
        "responseTemplates": {"application/json": '{"title": "Ours", "id": "$context.requestId"}'},
    }
    api = Api(
        aws,
        spec(
            {"/a": {"get": calls(deploy("def handler(event, context): return 'text'", Timeout=20))}},
            **{f"{X}gateway-responses": {"DEFAULT_5XX": response}},
        ),
    )

    status, headers, text = api.call("/a")

    assert (status, headers["Access-Control-Allow-Origin"]) == (502, "https://app.example")
    assert json.loads(text) == {"title": "Ours", "id": headers["x-amzn-requestid"]}


def test_an_answer_without_content_has_no_body(aws, functions):
    silent = deploy("def handler(event, context): return {'statusCode': 304, 'body': 'x'}", Timeout=20)
    api = Api(aws, spec({"/orders": {"options": CORS, "get": calls(silent)}}))

    assert api.call("/orders", "OPTIONS")[2] == ""
    assert api.call("/orders")[2] == ""

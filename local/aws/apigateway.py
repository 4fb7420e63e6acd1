"""REST APIs made from an OpenAPI 3.0 document: ImportRestApi and PutRestApi, which ministack lacks.

What the document asks for is put in place with ministack's own actions, all of it or nothing.
"""

import copy
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from local.aws import deployments
from local.aws.seam import Answer, Refused, check, document, intercept_routes

USES = {
    "apigateway_v1": (
        "_rest_apis", "_resources", "_authorizers_v1", "_models", "_request_validators", "_gateway_responses",
        "_create_rest_api(data)", "_delete_rest_api(api_id)", "_rest_api_view(api)", "_v1_response(data, status)",
        "_v1_error(code, message, status)", "_create_api_key(data)", "_create_resource(api_id, parent_id, data)",
        "_create_model(api_id, data)", "_create_request_validator(api_id, data)",
        "_put_gateway_response(api_id, response_type, data)", "_import_security_schemes(api_id, spec)",
        "_method_security(security, scheme_map)", "_put_method(api_id, resource_id, http_method, data)",
        "_put_method_response(api_id, resource_id, http_method, status_code, data)",
        "_put_integration(api_id, resource_id, http_method, data)",
        "_put_integration_response(api_id, resource_id, http_method, status_code, data)",
        "_lambda_proxy_response(result)", "_gateway_error_response(error, request)", "_gw_error(response_type, message)",
        "_execute_in_scope(request, api_id, stage_name, method, path, headers, body, query_params, owner_account_id, "
        "owner_region)",
    )
}  # fmt: skip
STORES = ("_rest_apis", "_resources", "_authorizers_v1", "_models", "_request_validators", "_gateway_responses")
PREFIX = "x-amazon-apigateway-"
EXTENSIONS = {
    f"{PREFIX}{name}"
    for name in ("any-method", "api-key-source", "authorizer", "authtype", "binary-media-types", "gateway-responses",
                 "integration", "minimum-compression-size", "policy", "request-validator", "request-validators")
}  # fmt: skip
SETTINGS = {  # extension → member of the REST API
    "api-key-source": "apiKeySource",
    "binary-media-types": "binaryMediaTypes",
    "minimum-compression-size": "minimumCompressionSize",
    "policy": "policy",
}
VERBS = ("get", "put", "post", "delete", "options", "head", "patch")
AUTHORIZERS = ("cognito_user_pools", "request", "token")
INTEGRATION = {
    "type", "uri", "httpMethod", "credentials", "requestParameters", "requestTemplates", "passthroughBehavior",
    "responses", "timeoutInMillis", "contentHandling", "cacheNamespace", "cacheKeyParameters",
}  # fmt: skip
FUNCTION = re.compile(r"arn:aws:apigateway:[\w-]+:lambda:path/2015-03-31/functions/arn:aws:lambda:.+/invocations")
QUEUE = re.compile(r"arn:aws:apigateway:[\w-]+:sqs:path/.+")

NO_BODY = (204, 304)
NO_PROXY_RESPONSE = "the function's answer is no proxy response"

Spec = Mapping[str, Any]


def install() -> None:
    """Let REST APIs be made from documents.

    :raises SeamMoved: ministack is not as expected
    """
    routes = {
        ("POST", "/restapis"): _import,
        ("PUT", "/restapis/([^/]+)"): _put,
        ("POST", "/apikeys"): _create_key,
    }
    v1 = check(USES)["apigateway_v1"]
    intercept_routes("apigateway_v1", routes, uses=USES)
    stock = v1._lambda_proxy_response

    def answer(result: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
        """Refuse what API Gateway calls a malformed proxy response, and keep an error's text from the caller."""
        body = result.get("body")
        if result.get("throttle"):
            return stock(result)  # type: ignore[no-any-return]
        if result.get("error") or not _is_proxy_response(body):
            return None, NO_PROXY_RESPONSE
        return body, None

    deployments.install()
    execute = v1._execute_in_scope

    async def execute_in_scope(request: dict[str, Any], *arguments: Any) -> Any:
        """Answer a function's failure as the API's gateway responses say, and where no body may be, none."""
        answer = await execute(request, *arguments)
        if not isinstance(answer, tuple):
            return answer
        if answer[0] == 502 and NO_PROXY_RESPONSE.encode() in answer[2]:
            _, headers, body = v1._gateway_error_response(v1._gw_error("DEFAULT_5XX", "Internal server error"), request)
            return 502, headers, body
        return (answer[0], answer[1], b"") if answer[0] in NO_BODY else answer

    setattr(v1, "_lambda_proxy_response", answer)  # noqa: B010 - see seam.py
    setattr(v1, "_execute_in_scope", execute_in_scope)  # noqa: B010


async def _import(_: tuple[str, ...], query: Mapping[str, Any], body: bytes) -> Answer | None:
    from ministack.services import apigateway_v1 as v1

    if _first(query, "mode") != "import":
        return None
    spec = _parsed(body, query)
    made = document(v1._create_rest_api({"name": _title(spec)}))["id"]
    try:
        warnings = _apply(made, spec, query, overwrite=True)
    except Exception:
        v1._delete_rest_api(made)
        raise
    return v1._v1_response({**v1._rest_api_view(v1._rest_apis[made]), "warnings": warnings}, 201)  # type: ignore[no-any-return]


async def _put(groups: tuple[str, ...], query: Mapping[str, Any], body: bytes) -> Answer | None:
    from ministack.services import apigateway_v1 as v1

    [api] = groups
    if api not in v1._rest_apis:
        return v1._v1_error("NotFoundException", "Invalid API identifier specified", 404)  # type: ignore[no-any-return]
    before = {store: copy.deepcopy(getattr(v1, store).get(api)) for store in STORES}
    try:
        warnings = _apply(api, _parsed(body, query), query, overwrite=_first(query, "mode") == "overwrite")
    except Exception:
        for store, content in before.items():
            getattr(v1, store)[api] = content or {}
        raise
    return v1._v1_response({**v1._rest_api_view(v1._rest_apis[api]), "warnings": warnings}, 200)  # type: ignore[no-any-return]


async def _create_key(_: tuple[str, ...], query: Mapping[str, Any], body: bytes) -> Answer | None:
    from ministack.services import apigateway_v1 as v1

    if _first(query, "mode"):
        return None
    request = json.loads(body)  # Terraform sends an empty value for one that is to be made up
    return v1._create_api_key({name: value for name, value in request.items() if value != ""})  # type: ignore[no-any-return]


def _apply(api: str, spec: Spec, query: Mapping[str, Any], *, overwrite: bool) -> list[str]:
    """Make an API what a document says; return the warnings.

    :raises Refused: the document is wrong, or asks for what the local API Gateway does not do
    """
    from ministack.services import apigateway_v1 as v1

    resources: dict[str, dict[str, Any]] = v1._resources[api]
    if overwrite:
        v1._rest_apis[api]["name"] = _title(spec)
        for store in STORES[2:]:
            getattr(v1, store)[api] = {}
        for resource in resources.values():
            resource["resourceMethods"] = {}
    settings = {SETTINGS[name]: spec[PREFIX + name] for name in SETTINGS if PREFIX + name in spec}
    info = {name: str(spec["info"][name]) for name in ("description", "version") if name in spec["info"]}
    v1._rest_apis[api].update({**info, **settings})
    for name, schema in _components(spec, "schemas").items():
        _model(api, name, schema, spec)
    for kind, response in (spec.get(f"{PREFIX}gateway-responses") or {}).items():
        document(v1._put_gateway_response(api, kind, response))
    validators = {
        name: document(v1._create_request_validator(api, {"name": name, **validator}))["id"]
        for name, validator in (spec.get(f"{PREFIX}request-validators") or {}).items()
    }
    warnings, schemes = list[str](), _schemes(api, spec)
    used = {_resource(api, "/")}
    for path, item in (spec.get("paths") or {}).items():
        for verb, operation in item.items():
            method = "ANY" if verb == f"{PREFIX}any-method" else verb.upper()
            if verb in VERBS or method == "ANY":
                data = _method(api, spec, item, operation, schemes, validators, warnings)
                resource_id = _resource(api, path)
                document(v1._put_method(api, resource_id, method, data))
                _responses(api, resource_id, method, spec, operation, warnings)
                _integration(api, resource_id, method, operation, f"{method} {path}")
        parts = path.rstrip("/").split("/")
        used |= {_resource(api, "/".join(parts[:end]) or "/") for end in range(1, len(parts) + 1)}
    if overwrite:
        v1._resources[api] = {key: resource for key, resource in resources.items() if key in used}
    if warnings and _first(query, "failonwarnings") == "true":
        raise _bad("Warnings found during import:\n\t" + "\n\t".join(warnings))
    return warnings


def _method(
    api: str, spec: Spec, item: Spec, operation: Spec, schemes: Spec, validators: Spec, warnings: list[str]
) -> dict[str, Any]:
    from ministack.services import apigateway_v1 as v1

    security = operation.get("security", spec.get("security")) or []
    for name in (name for requirement in security for name in requirement):
        if name not in _components(spec, "securitySchemes"):
            raise _bad(f"Unable to resolve security definition '{name}'")
        if name not in schemes:
            warnings.append(f"Unsupported security definition for '{name}'. Ignoring.")
    validator = operation.get(f"{PREFIX}request-validator", spec.get(f"{PREFIX}request-validator"))
    if validator is not None and validator not in validators:
        raise _bad(f"Invalid request validator '{validator}' specified")
    parameters = {}
    for parameter in (_resolved(spec, one) for one in [*item.get("parameters", []), *operation.get("parameters", [])]):
        place = {"query": "querystring"}.get(parameter["in"], parameter["in"])
        if place == "cookie":
            warnings.append(f"Cookie parameter '{parameter['name']}' is not supported. Ignoring.")
        else:
            parameters[f"method.request.{place}.{parameter['name']}"] = bool(parameter.get("required"))
    content = _resolved(spec, operation.get("requestBody") or {}).get("content") or {}
    return {
        **v1._method_security(security, schemes),
        "operationName": operation.get("operationId", ""),
        "requestValidatorId": validators.get(validator),
        "requestParameters": parameters,
        "requestModels": _models(api, spec, content),
    }


def _responses(api: str, resource: str, method: str, spec: Spec, operation: Spec, warnings: list[str]) -> None:
    from ministack.services import apigateway_v1 as v1

    for code, answer in (operation.get("responses") or {}).items():
        response = _resolved(spec, answer)
        if not re.fullmatch(r"\d{3}", str(code)):
            warnings.append(f"Response '{code}' of {operation.get('operationId', method)} is no status code. Ignoring.")
            continue
        data = {
            "responseParameters": {f"method.response.header.{name}": False for name in response.get("headers") or {}},
            "responseModels": _models(api, spec, response.get("content") or {}),
        }
        document(v1._put_method_response(api, resource, method, str(code), data))


def _integration(api: str, resource: str, method: str, operation: Spec, where: str) -> None:
    from ministack.services import apigateway_v1 as v1

    integration = operation.get(f"{PREFIX}integration")
    if integration is None:
        return
    _check_integration(integration, where)
    data = {name: value for name, value in integration.items() if name not in ("responses", "cacheNamespace")}
    data["passthroughBehavior"] = data.get("passthroughBehavior", "when_no_match").upper()
    document(v1._put_integration(api, resource, method, {**data, "type": data["type"].upper()}))
    for pattern, response in (integration.get("responses") or {}).items():
        answer = {**response, "selectionPattern": "" if pattern == "default" else pattern}
        document(v1._put_integration_response(api, resource, method, str(response["statusCode"]), answer))


def _check_integration(integration: Spec, where: str) -> None:
    kind, uri = str(integration.get("type", "")).lower(), str(integration.get("uri", ""))
    unknown = sorted(set(integration) - INTEGRATION)
    if unknown:
        raise _unsupported(f"{', '.join(unknown)} in the integration of {where}")
    if kind == "aws_proxy":
        if not FUNCTION.fullmatch(uri) or integration.get("httpMethod") != "POST":
            raise _bad(f"Integration of {where}: aws_proxy needs httpMethod POST and the invocation ARN of a function")
    elif kind == "aws":
        if not QUEUE.fullmatch(uri):
            raise _unsupported(f"the aws integration of {where} with {uri}: only SQS can be called, else use aws_proxy")
    elif kind == "mock":
        responses = (integration.get("responses") or {}).values()
        templates = [text for one in responses for text in (one.get("responseTemplates") or {}).values()]
        values = [value for one in responses for value in (one.get("responseParameters") or {}).values()]
        if any(re.search(r"[$#]", text) for text in templates) or not all(_is_literal(value) for value in values):
            raise _unsupported(f"templates and mapped values in the mock of {where}: give text as it is")
        request = (integration.get("requestTemplates") or {}).get("application/json", "")
        if not re.search(r'"statusCode"\s*:\s*\d{3}', request):
            raise _bad(f'Mock of {where}: the request template for application/json must give a "statusCode"')
    else:
        raise _unsupported(f"the integration type '{kind}' of {where}")


def _schemes(api: str, spec: Spec) -> dict[str, Any]:
    """Make the authorizers; return scheme → what it demands of a method."""
    from ministack.services import apigateway_v1 as v1

    known = _components(spec, "securitySchemes")
    for name, scheme in known.items():
        authorizer = scheme.get(f"{PREFIX}authorizer")
        if authorizer is not None and str(authorizer.get("type")).lower() not in AUTHORIZERS:
            raise _unsupported(f"the authorizer type '{authorizer.get('type')}' of '{name}'")
    present = v1._authorizers_v1.setdefault(api, {})
    for key in [key for key, authorizer in present.items() if authorizer["name"] in known]:
        del present[key]
    return dict(v1._import_security_schemes(api, spec))


def _models(api: str, spec: Spec, content: Spec) -> dict[str, str]:
    """Return media type → model, where a model is made for a schema that has no name."""
    models = {}
    for kind, media in content.items():
        schema = media.get("schema")
        if schema:
            name = str(schema.get("$ref", "")).rpartition("/")[2]
            models[kind] = name or f"MODEL{hashlib.sha256(json.dumps(schema).encode()).hexdigest()[:6]}"
            if not name:
                _model(api, models[kind], schema, spec)
    return models


def _model(api: str, name: str, schema: Spec, spec: Spec) -> None:
    """Make a model that stands alone: other schemas are among its definitions."""
    from ministack.services import apigateway_v1 as v1

    if not re.fullmatch("[A-Za-z0-9]+", name):
        raise _bad(f"Model name must be alphanumeric: {name}")
    text = json.dumps(schema)
    whole = {**schema, "definitions": _components(spec, "schemas")} if '"$ref"' in text else schema
    data = {"name": name, "contentType": "application/json"}
    v1._create_model(api, {**data, "schema": json.dumps(whole).replace("#/components/schemas/", "#/definitions/")})


def _resource(api: str, path: str) -> str:
    """Return the id of the resource at a path, which is made unless it is there."""
    from ministack.services import apigateway_v1 as v1

    path = path.rstrip("/") or "/"
    found = next((key for key, resource in v1._resources[api].items() if resource["path"] == path), None)
    if found is None:
        parent, _, part = path.rpartition("/")
        found = document(v1._create_resource(api, _resource(api, parent), {"pathPart": part}))["id"]
    return str(found)


def _parsed(body: bytes, query: Mapping[str, Any]) -> Spec:
    try:
        spec = yaml.safe_load(body)
    except yaml.YAMLError as error:
        raise _bad(f"Unable to parse API definition: {error}") from error
    if not isinstance(spec, dict) or not str(spec.get("openapi", "")).startswith("3.0") or "info" not in spec:
        raise _unsupported("documents other than OpenAPI 3.0")
    if _first(query, "basepath") not in ("", "ignore"):
        raise _unsupported("the parameter basepath")
    unknown = sorted({name for name in _extensions(spec) if name not in EXTENSIONS})
    if unknown:
        raise _unsupported(", ".join(unknown))
    spec = json.loads(json.dumps(spec, default=str))  # YAML has dates, and numbers as keys
    return dict(spec)


def _extensions(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (name for name in node if str(name).startswith(PREFIX))
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _extensions(child)


def _resolved(spec: Spec, node: Spec) -> Spec:
    """Return a part of the document, or the one that it refers to."""
    reference = node.get("$ref")
    if reference is None:
        return node
    target: Any = spec
    for part in reference.removeprefix("#/").split("/"):
        target = target.get(part) if isinstance(target, dict) else None
    if not reference.startswith("#/") or target is None:
        raise _bad(f"Unable to resolve reference {reference}")
    return _resolved(spec, target)


def _components(spec: Spec, kind: str) -> dict[str, Any]:
    return (spec.get("components") or {}).get(kind) or {}


def _title(spec: Spec) -> str:
    return str(spec["info"].get("title", ""))


def _first(query: Mapping[str, Any], name: str) -> str:
    value = query.get(name) or ""
    return str(value[0] if isinstance(value, list) else value)


def _is_literal(value: str) -> bool:
    return len(value) > 1 and value[0] == value[-1] == "'"


def _is_proxy_response(body: Any) -> bool:
    return (
        isinstance(body, dict)
        and re.fullmatch(r"\d{3}", str(body.get("statusCode"))) is not None
        and isinstance(body.get("body"), str | None)
        and all(isinstance(body.get(name), dict | None) for name in ("headers", "multiValueHeaders"))
    )


def _bad(message: str) -> Refused:
    return Refused("BadRequestException", message)


def _unsupported(what: str) -> Refused:
    return _bad(f"The local API Gateway does not support {what}")

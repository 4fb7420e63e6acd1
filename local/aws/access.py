"""AUTH=true: whom IAM policies let do what, where ministack alone would ask about another resource or not at all.

ministack checks the action of every request before a handler sees it, ours or its own. Added here are the resources
of Glue and Athena as AWS names them, and the rights that a service uses on a caller's behalf: a query reads tables and
objects as the one who sent it.
"""

import contextvars
import json
import re
from collections.abc import Mapping
from typing import Any

from local.aws.seam import check

EVALUATOR, ACTIONS = "ministack.core.iam_evaluator", "ministack.core.iam_actions"
USES = {
    EVALUATOR: ("AuthError", "enforce(access_key_id, iam_action, service, region, resource_arn, service_context)"),
    ACTIONS: (
        "extract_resource_arn(service, method, path, headers, body, query_params, region, account_id)",
        "identity_denial_message(action, principal_arn, resource, explicit_deny)",
    ),
    "athena": ("_executions", "_named_queries"),
}
KINDS = {"Job": "job", "Crawl": "crawler", "Trigger": "trigger", "Workflow": "workflow", "Connection": "connection"}

IN_PRIMARY = ("StartQueryExecution", "CreateNamedQuery", "ListQueryExecutions", "ListNamedQueries")  # else told

_key: contextvars.ContextVar[str | None] = contextvars.ContextVar("access key of who is served", default=None)


class Denied(Exception):
    """The one on whose behalf something is done may not do it; the message is IAM's."""


def install() -> None:
    """Let ministack ask about the right resources.

    :raises SeamMoved: ministack is not as expected
    """
    modules = check(USES)
    evaluator, actions = modules[EVALUATOR], modules[ACTIONS]
    stock_enforce, stock_resource = evaluator.enforce, actions.extract_resource_arn

    def enforce(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        _key.set(access_key_id)
        for resource in (resource_arn, *_ancestors(resource_arn)):
            denied = stock_enforce(access_key_id, iam_action, service, region, resource, service_context)
            if denied:
                return denied
        return None

    def extract_resource_arn(
        service: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query_params: Any,
        region: str,
        account_id: str,
    ) -> str:
        named = {"glue": of_glue, "athena": _of_athena}.get(service)
        if named is None:
            return str(stock_resource(service, method, path, headers, body, query_params, region, account_id))
        resource = named(headers.get("x-amz-target", "").rpartition(".")[2], _document(body))
        return resource if resource.startswith(("arn:", "*")) else f"arn:aws:{service}:{region}:{account_id}:{resource}"

    evaluator.enforce, actions.extract_resource_arn = enforce, extract_resource_arn  # type: ignore[attr-defined]


def require(action: str, resource: str, context: Mapping[str, str] | None = None) -> None:
    """Return if the one whose request is handled may do this too, or if nothing is enforced.

    :param action: for example ``s3:GetObject``
    :param resource: an ARN, or what `of_glue` returns
    :param context: further condition keys, such as ``s3:prefix``
    :raises Denied: they may not
    """
    key = _key.get()
    if key is None:
        return
    from ministack.core import iam_actions, iam_evaluator
    from ministack.core.responses import get_account_id, get_region

    service = action.partition(":")[0]
    if not resource.startswith(("arn:", "*")):
        resource = f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"
    denied = iam_evaluator.enforce(key, action, service, get_region(), resource, dict(context or {}))
    if isinstance(denied, iam_evaluator.AuthError):
        raise Denied(denied.message)
    if denied is not None:
        explicit = denied.decision == "Deny"
        raise Denied(iam_actions.identity_denial_message(action, denied.principal_arn, resource, explicit))


def act_as(access_key: str) -> None:
    """Let what follows in this task be asked of another caller than the one whose request began it."""
    if _key.get() is not None:
        _key.set(access_key)


def of_glue(action: str, request: Mapping[str, Any]) -> str:
    """Return what an action of Glue is about, as ARNs name it after ``arn:aws:glue:REGION:ACCOUNT:``."""
    if "ResourceArn" in request:
        return str(request["ResourceArn"])
    name = request.get("Name") or request.get("JobName") or request.get("CrawlerName")
    kind = next((kind for noun, kind in KINDS.items() if noun in action), None)
    if kind:
        return f"{kind}/{name}" if name else "*"
    database = request.get("DatabaseName")
    if database:
        table = request.get("TableName") or name or (request.get("TableInput") or {}).get("Name") or "*"
        within = "Table" in action or "Partition" in action
        return (f"table/{database}/{table}" if within else f"database/{database}").lower()
    if "Database" in action:
        name = name or (request.get("DatabaseInput") or {}).get("Name")
        return f"database/{name}".lower() if name else "catalog"
    return "catalog" if "Table" in action or "Catalog" in action else "*"


def _of_athena(action: str, request: Mapping[str, Any]) -> str:
    """Return the workgroup that an action of Athena is about: of queries, the one that they run in."""
    from ministack.services import athena

    if "ResourceARN" in request:
        return str(request["ResourceARN"])
    if action.endswith("WorkGroup") or "WorkGroup" in request:
        return f"workgroup/{request.get('WorkGroup') or request.get('Name')}"
    queries = [request.get("QueryExecutionId"), *(request.get("QueryExecutionIds") or [])]
    named = [request.get("NamedQueryId"), *(request.get("NamedQueryIds") or [])]
    known = [*map(athena._executions.get, queries), *map(athena._named_queries.get, named)]
    groups = {entry["WorkGroup"] for entry in known if entry}
    if not groups and action in IN_PRIMARY:
        groups = {"primary"}
    return f"workgroup/{groups.pop()}" if len(groups) == 1 else "*"  # more than one: whoever may ask about all


def _ancestors(resource: str) -> list[str]:
    """Return the database and the catalog that a table of Glue's is in: who acts on one needs rights on all."""
    found = re.fullmatch(r"(arn:aws:glue:[^:]*:[^:]*):(?:table/([^/]+)/.+|database/.+)", resource)
    if not found:
        return []
    catalog, database = f"{found[1]}:catalog", f"{found[1]}:database/{found[2]}"
    return [database, catalog] if found[2] else [catalog]


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return {}  # the handler will say so
    return document if isinstance(document, dict) else {}

"""Callers of a REST API meet it as it was deployed; ministack would show them every change at once."""

import copy
from contextvars import ContextVar
from typing import Any

from local.aws.seam import Answer, check

STORES = ("_resources", "_authorizers_v1", "_models", "_request_validators")
USES = {
    "apigateway_v1": (
        *STORES, "_deployments_v1", "_stages_v1", "_create_deployment(api_id, data)", "_v1_error(code, message, status)",
        "_execute_in_scope(request, api_id, stage_name, method, path, headers, body, query_params, owner_account_id, "
        "owner_region)",
    ),
    "ministack.core.responses": ("AccountRegionScopedDict",),
}  # fmt: skip

_served: ContextVar[tuple[str, dict[str, Any]] | None] = ContextVar("_served", default=None)


def install() -> None:
    """Let a deployment be a copy of its API.

    :raises SeamMoved: ministack is not as expected
    """
    modules = check(USES)
    v1, scoped = modules["apigateway_v1"], modules["ministack.core.responses"].AccountRegionScopedDict

    class Store(scoped):  # type: ignore[misc, valid-type]
        """What an API consists of: while a call is served, as it was deployed."""

        def get(self, key: str, default: Any = None) -> Any:
            api, content = _served.get() or ("", {})
            return content[self.name] if key == api else super().get(key, default)

    for name in STORES:
        store = Store()
        store.name, store._data = name, getattr(v1, name)._data
        setattr(v1, name, store)
    create, execute = v1._create_deployment, v1._execute_in_scope

    def create_deployment(api: str, data: dict[str, Any]) -> Answer:
        methods = [m for resource in v1._resources.get(api, {}).values() for m in resource["resourceMethods"].values()]
        if not all(method.get("methodIntegration") for method in methods):
            return v1._v1_error("BadRequestException", "No integration defined for method", 400)  # type: ignore[no-any-return]
        known = set(v1._deployments_v1.get(api, {}))
        answer: Answer = create(api, data)
        for made in set(v1._deployments_v1.get(api, {})) - known:
            content = {name: copy.deepcopy(getattr(v1, name).get(api, {})) for name in STORES}
            v1._deployments_v1[api][made]["content"] = content  # ministack keeps it with the rest
        return answer

    async def execute_in_scope(request: dict[str, Any], api: str, stage: str, *arguments: Any) -> Any:
        deployment = (v1._stages_v1.get(api, {}).get(stage) or {}).get("deploymentId")
        content = v1._deployments_v1.get(api, {}).get(deployment, {}).get("content")
        served = _served.set((api, content) if content else None)
        try:
            return await execute(request, api, stage, *arguments)
        finally:
            _served.reset(served)

    v1._create_deployment, v1._execute_in_scope = create_deployment, execute_in_scope  # type: ignore[attr-defined]

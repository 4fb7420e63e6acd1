"""Where our own engines take over from ministack: the `handle_request` of one service's module.

Everything that calls a service goes through that function, also what ministack itself does in-process, so that
no caller can tell. It is an inner part of ministack, hence the check that this very version is installed.
"""

import importlib.util
import inspect
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import metadata
from types import ModuleType
from typing import Any

VERSION = "1.5.33"
HANDLER = "handle_request(method, path, headers, body, query_params)"

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
Route = Callable[[tuple[str, ...], Mapping[str, Any], bytes], Awaitable[Answer | None]]


class SeamMoved(RuntimeError):
    """ministack is not as this code expects; the message says what differs."""


class Refused(Exception):
    """A request is refused as the service would refuse it.

    :param code: the error's code, e.g. ``InvalidRequestException``
    :param members: further members of the error's document
    """

    def __init__(self, code: str, message: str, **members: str) -> None:
        super().__init__(message)
        self.code, self.members = code, members


def intercept(service: str, handlers: Mapping[str, Handler], *, uses: Mapping[str, Sequence[str]]) -> None:
    """Answer some actions of a JSON service with ``handlers``; ministack goes on answering the others.

    :param service: name of the module in ``ministack.services``
    :param handlers: action → what answers it: parsed request in, response document out, or :class:`Refused`
    :param uses: what the handlers rely on, as `check` takes it
    :raises SeamMoved: another version of ministack is installed, or one of these is not there
    """
    module = check({**uses, service: (*uses.get(service, ()), HANDLER)})[service]
    stock: Callable[..., Awaitable[Answer]] = module.handle_request

    async def handle_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Any
    ) -> Answer:
        handler = handlers.get(headers.get("x-amz-target", "").rpartition(".")[2])
        if handler is None:
            return await stock(method, path, headers, body, query_params)
        try:
            return _json(200, await handler(json.loads(body or b"{}")))
        except Refused as error:
            return _json(400, {"__type": error.code, "message": str(error), **error.members})

    setattr(module, "handle_request", handle_request)  # noqa: B010 - a module has no such attribute to a type checker


def intercept_routes(
    service: str, routes: Mapping[tuple[str, str], Route], *, uses: Mapping[str, Sequence[str]]
) -> None:
    """Answer some requests of a REST service with ``routes``; ministack goes on answering the others.

    :param service: name of the module in ``ministack.services``
    :param routes: method and pattern of the whole path → what answers: the pattern's groups, the query and the body in,
        an answer out, or None to let ministack answer, or :class:`Refused`
    :param uses: what the routes rely on, as `check` takes it
    :raises SeamMoved: another version of ministack is installed, or one of these is not there
    """
    module = check({**uses, service: (*uses.get(service, ()), HANDLER)})[service]
    stock: Callable[..., Awaitable[Answer]] = module.handle_request

    async def handle_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Any
    ) -> Answer:
        for (verb, pattern), route in routes.items():
            match = re.fullmatch(pattern, path.rstrip("/")) if verb == method else None
            try:
                answer = await route(match.groups(), query_params, body) if match else None
            except Refused as error:
                return (
                    400,
                    {"Content-Type": "application/json", "x-amzn-ErrorType": error.code},
                    json.dumps({"__type": error.code, "message": str(error), **error.members}).encode(),
                )
            if answer is not None:
                return answer
        return await stock(method, path, headers, body, query_params)

    setattr(module, "handle_request", handle_request)  # noqa: B010 - a module has no such attribute to a type checker


def document(answer: Answer) -> dict[str, Any]:
    """Return the document of an answer that ministack itself gave.

    :raises Refused: ministack has refused the request
    """
    status, _, body = answer
    content = json.loads(body or b"{}")
    if status >= 300:
        raise Refused(content.get("__type", str(status)), content.get("message") or content.get("Message") or "")
    return dict(content)


def check(uses: Mapping[str, Sequence[str]]) -> dict[str, ModuleType]:
    """Return the modules of ministack that are named, as `uses` says that they are.

    :param uses: module → attributes that are relied on. ``glue`` is short for ``ministack.services.glue``;
        ``f(a, b)`` is a function with exactly these parameters
    :raises SeamMoved: another version of ministack is installed, or one of these is not there
    """
    installed = metadata.version("ministack")
    if installed != VERSION:
        raise SeamMoved(
            f"ministack {installed} is installed, and local/aws is written for {VERSION}.\n"
            "Install local/requirements/platform.txt, or try the tests in tests/local and raise VERSION in local/aws/seam.py."
        )
    modules, missing = {}, []
    for name, attributes in uses.items():
        full = name if name.startswith("ministack.") else f"ministack.services.{name}"
        if importlib.util.find_spec(full) is None:
            missing.append(full)
            continue
        modules[name] = importlib.import_module(full)
        missing += [f"{name}.{attribute}" for attribute in attributes if not _has(modules[name], attribute)]
    if missing:
        raise SeamMoved(f"ministack {VERSION} lacks what local/aws relies on: {', '.join(missing)}")
    return modules


def _has(module: ModuleType, attribute: str) -> bool:
    name, called, parameters = attribute.partition("(")
    if not hasattr(module, name):
        return False
    return not called or ", ".join(inspect.signature(getattr(module, name)).parameters) == parameters.rstrip(")")


def _json(status: int, document: Mapping[str, Any]) -> Answer:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(document).encode()

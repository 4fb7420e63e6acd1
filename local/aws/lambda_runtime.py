"""What runs inside a local Lambda function's process: AWS's Python runtime, as far as a handler can tell.

Its only knowledge of the outside is the Lambda Runtime API and the environment. Run as a script by the interpreter of
the `lambda` environment, so it imports nothing but the standard library.
"""

import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace, TracebackType
from typing import Any

VERSION = "/2018-06-01/runtime"
END_OF_LOG = "\0"  # a line that ends so is the last that an invocation has printed


class Fault(Exception):
    """The function cannot be run; Lambda has a name for why.

    :param kind: e.g. ``Runtime.ImportModuleError``
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Context:
    """What a handler gets as its second argument."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers["lambda-runtime-invoked-function-arn"]
        self._deadline = int(headers["lambda-runtime-deadline-ms"])
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.client_context = None
        self.identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function times out."""
        return max(0, self._deadline - int(time.time() * 1000))


class RuntimeApi:
    """The Runtime API over one connection for life; a whole HTTP client would take longer than most handlers."""

    def __init__(self, address: str) -> None:
        host, _, port = address.partition(":")
        self._connection = socket.create_connection((host, int(port)))
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._connection.makefile("rb")
        self._host = address

    def call(self, method: str, path: str, body: bytes = b"") -> tuple[dict[str, str], bytes]:
        """Return the headers, by their names in small letters, and the body; end the process where it is refused."""
        head = f"{method} {VERSION}/{path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(body)}\r\n\r\n"
        self._connection.sendall(head.encode() + body)
        status = self._answers.readline().split()[1:2]
        headers = {}
        while line := self._answers.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        content = self._answers.read(int(headers.get("content-length", 0)))
        if not status or int(status[0]) >= 300:
            sys.exit(f"The Runtime API answered {status} to {path}: {content!r}")
        return headers, content


def main() -> None:
    """Answer invocations until the process is ended; where the function cannot be loaded, begin anew after each."""
    environment = dict(os.environ)
    requests = _configure_logging()
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler, fault = _load(os.environ["_HANDLER"]), None
    except Exception as error:  # told to whoever invokes the function
        handler, fault = None, _failure(error)
    while True:
        event, context = _next(api)
        requests["id"] = context.aws_request_id
        if handler is None:
            _report(api, context, fault or {})
            # Not an exit: the next invocation could be given to a process that is about to end.
            os.execve(sys.executable, [sys.executable, "-uP", __file__], environment)  # noqa: S606
        try:
            answer = _encoded(handler(event, context))
        except Exception as error:  # the function failed; the runtime has not
            _report(api, context, _failure(error))
        else:
            _answer(api, context, "response", answer)


def _load(name: str) -> Callable[[Any, Context], Any]:
    module_name, dot, function = name.rpartition(".")
    if not dot:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}") from error
    if not hasattr(module, function):
        raise Fault("Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module_name}'")
    handler: Callable[[Any, Context], Any] = getattr(module, function)
    return handler


def _next(api: RuntimeApi) -> tuple[Any, Context]:
    headers, body = api.call("GET", "invocation/next")
    trace = headers.get("lambda-runtime-trace-id")
    if trace:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    return json.loads(body), Context(headers)


def _encoded(result: object) -> bytes:
    try:
        return json.dumps(result, default=_plain, ensure_ascii=False).encode()
    except TypeError as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def _plain(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _failure(error: Exception) -> dict[str, Any]:
    if isinstance(error, Fault):
        return {"errorMessage": str(error), "errorType": error.kind, "stackTrace": []}
    frames = traceback.extract_tb(_outside(error.__traceback__))
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_list(frames),
    }


def _outside(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback without this file's own frames."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace


def _report(api: RuntimeApi, context: Context, failure: dict[str, Any]) -> None:
    trace = "".join(["\nTraceback (most recent call last):\n", *failure["stackTrace"]]) if failure["stackTrace"] else ""
    print(f"[ERROR] {failure['errorType']}: {failure['errorMessage']}{trace.rstrip()}", flush=True)
    _answer(api, context, "error", json.dumps({**failure, "requestId": context.aws_request_id}).encode())


def _answer(api: RuntimeApi, context: Context, kind: str, body: bytes) -> None:
    print(END_OF_LOG, flush=True)
    api.call("POST", f"invocation/{context.aws_request_id}/{kind}", body)


def _configure_logging() -> dict[str, str]:
    """Log as Lambda does, warnings and worse; return where the current request's id goes."""
    requests = {"id": ""}

    class Named(logging.Formatter):
        converter = time.gmtime  # type: ignore[assignment] # as the standard library's own example does

        def format(self, record: logging.LogRecord) -> str:
            record.aws_request_id = requests["id"]
            return super().format(record)

    output = logging.StreamHandler(sys.stdout)
    layout = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    output.setFormatter(Named(layout, "%Y-%m-%dT%H:%M:%S"))
    logging.getLogger().addHandler(output)
    return requests


if __name__ == "__main__":
    main()

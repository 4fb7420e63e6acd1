"""What runs inside a local Lambda function's process: AWS's Python runtime, as far as a handler can tell.

Its only knowledge of the outside is the Lambda Runtime API and the environment. Run as a script by the interpreter of
the `lambda` environment, so it imports nothing but the standard library.
"""

import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace, TracebackType
from typing import Any

VERSION = "/2018-06-01/runtime"
END_OF_LOG = "\0"  # a line that ends so is the last that an invocation has printed

_api = http.client.HTTPConnection(os.environ.get("AWS_LAMBDA_RUNTIME_API", ""))  # one for life; opened when first used


class Fault(Exception):
    """The function cannot be run; Lambda has a name for why.

    :param kind: e.g. ``Runtime.ImportModuleError``
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Context:
    """What a handler gets as its second argument."""

    def __init__(self, headers: http.client.HTTPMessage) -> None:
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])
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


def main() -> None:
    """Answer invocations until the process is ended; where the function cannot be loaded, begin anew after each."""
    environment = dict(os.environ)
    requests = _configure_logging()
    try:
        handler, fault = _load(os.environ["_HANDLER"]), None
    except Exception as error:  # told to whoever invokes the function
        handler, fault = None, _failure(error)
    while True:
        event, context = _next()
        requests["id"] = context.aws_request_id
        if handler is None:
            _report(context, fault or {})
            # Not an exit: the next invocation could be given to a process that is about to end.
            os.execve(sys.executable, [sys.executable, "-uP", __file__], environment)  # noqa: S606
        try:
            answer = _encoded(handler(event, context))
        except Exception as error:  # the function failed; the runtime has not
            _report(context, _failure(error))
        else:
            _answer(context, "response", answer)


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


def _next() -> tuple[Any, Context]:
    response, body = _call("GET", "invocation/next", None)
    trace = response.headers["Lambda-Runtime-Trace-Id"]
    if trace:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    return json.loads(body), Context(response.headers)


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


def _report(context: Context, failure: dict[str, Any]) -> None:
    trace = "".join(["\nTraceback (most recent call last):\n", *failure["stackTrace"]]) if failure["stackTrace"] else ""
    print(f"[ERROR] {failure['errorType']}: {failure['errorMessage']}{trace.rstrip()}", flush=True)
    _answer(context, "error", json.dumps({**failure, "requestId": context.aws_request_id}).encode())


def _answer(context: Context, kind: str, body: bytes) -> None:
    print(END_OF_LOG, flush=True)
    _call("POST", f"invocation/{context.aws_request_id}/{kind}", body)


def _call(method: str, path: str, body: bytes | None) -> tuple[http.client.HTTPResponse, bytes]:
    _api.request(method, f"{VERSION}/{path}", body)
    response = _api.getresponse()
    content = response.read()
    if response.status >= 300:
        sys.exit(f"The Runtime API answered {response.status} to {path}: {content!r}")
    return response, content


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

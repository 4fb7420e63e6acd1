"""Lambda functions that find what they find on AWS: Python 3.12 with boto3, the function's own variables, nothing else.

ministack would run them in its own interpreter, with its packages and its environment, so that a dependency that the
package lacks goes unnoticed. Here each runs under the interpreter of the `lambda` environment and speaks the Lambda
Runtime API, for which ministack has a server: a handler's error is then answered as on AWS, and the process stays warm.
"""

import json
import os
import queue
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from local.aws.lambda_runtime import END_OF_LOG
from local.aws.seam import Answer, Refused, check, intercept_routes

USES = {
    "lambda_svc": (
        "_execute_function_warm(func, event, request_id)", "_execute_function_provided_warm(func, event, request_id)",
        "_provided_runtime_code_dir(code_zip)", "_provided_worker_env(config, code_dir, port)", "_PROVIDED_CODE_CACHE",
        "_docker_extracted_dir(blob, kind)", "_resolve_layer_zip(attachment)", "_runtime_env_vars(config)",
    ),
    "ministack.core.lambda_runtime": (
        "ProvidedWorker", "_worker_class_for(config)", "execution_credentials(config)",
        "_account_region_from_function_config(config)",
    ),
}  # fmt: skip
RUNTIME = "python3.12"
SCRIPT = Path(__file__).with_name("lambda_runtime.py")


class Lean:
    """What is read of the requests of our own runtime, one after the other over one connection."""

    disable_nagle_algorithm = True  # else an answer waits for the runtime's word that it has the one before
    wbufsize = -1  # an answer is sent as one
    raw_requestline: bytes
    rfile: BinaryIO

    def parse_request(self) -> bool:
        """Read the request line and the headers; http.server would parse them as e-mails are."""
        self.requestline = self.raw_requestline.decode().strip()
        self.command, self.path, self.request_version = self.requestline.split()
        self.headers: dict[str, str] = {}
        while line := self.rfile.readline().strip():
            name, _, value = line.decode().partition(":")
            self.headers[name] = value.strip()
        self.close_connection = False
        return True


def install() -> None:
    """Let Python functions run in an environment of their own.

    :raises SeamMoved: ministack is not as expected
    """
    routes = {("POST", "/2015-03-31/functions"): _check, ("PUT", "/2015-03-31/functions/[^/]+/configuration"): _check}
    modules = check(USES)
    intercept_routes("lambda_svc", routes, uses=USES)
    service, runtime = modules["lambda_svc"], modules["ministack.core.lambda_runtime"]
    shutil.rmtree(service._PROVIDED_CODE_CACHE, ignore_errors=True)  # the packages that an earlier server unpacked

    class PythonWorker(runtime.ProvidedWorker):  # type: ignore[misc, name-defined]
        """A process that runs one Python function."""

        def _spawn(self, init_timeout: float | None = None) -> None:
            bootstrap = Path(service._provided_runtime_code_dir(self.code_zip)) / "bootstrap"
            if not bootstrap.exists():
                # -u: printed is logged before the answer; -P: the folder of this file is none of the function's
                bootstrap.write_text(f'#!/bin/sh\nexec "{_python()}" -uP "{SCRIPT}"\n')
                bootstrap.chmod(0o755)
            super()._spawn(init_timeout)

        def _build_handler_class(self, generation: int, pending: "queue.Queue[Any]") -> type:
            return type("Handler", (Lean, super()._build_handler_class(generation, pending)), {})

        def _drain_stderr_bounded(self, **waits: float) -> str:
            """Return what an invocation has printed; the runtime says where that ends, so nothing is waited for."""
            if waits:  # the process has ended
                return super()._drain_stderr_bounded(**waits)  # type: ignore[no-any-return]
            lines = []
            with suppress(queue.Empty):
                while not (line := self._stderr_queue.get(timeout=1)).endswith(END_OF_LOG):
                    lines.append(line)
                lines.append(line.removesuffix(END_OF_LOG))
            return "\n".join(filter(None, lines))

    stock = runtime._worker_class_for

    def worker_class_for(config: dict[str, Any]) -> type:
        return PythonWorker if config.get("Runtime") == RUNTIME else stock(config)

    for module, name, replacement in (
        (runtime, "_worker_class_for", worker_class_for),
        (service, "_execute_function_warm", service._execute_function_provided_warm),
        (service, "_provided_worker_env", _environment),
    ):
        setattr(module, name, replacement)


async def _check(_: tuple[str, ...], __: Mapping[str, Any], body: bytes) -> Answer | None:
    runtime = json.loads(body or b"{}").get("Runtime", RUNTIME)
    if runtime != RUNTIME and not runtime.startswith("provided"):
        message = f"The local Lambda does not run {runtime}: use {RUNTIME}, or provided.al2023 with a bootstrap."
        raise Refused("InvalidParameterValueException", message)
    return None


def _environment(config: dict[str, Any], code_dir: str, port: int) -> dict[str, str]:
    """Return all that a function's process finds in its environment."""
    from ministack.core import lambda_runtime
    from ministack.core.responses import new_uuid
    from ministack.services import lambda_svc

    _, region = lambda_runtime._account_region_from_function_config(config)
    name = config["FunctionName"]
    return {
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": os.pathsep.join([code_dir, *_layers(config)]),
        "LAMBDA_TASK_ROOT": code_dir,
        "_HANDLER": config.get("Handler", ""),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', '')}",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": config.get("Version", "$LATEST"),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_LOG_GROUP_NAME": (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": new_uuid(),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        "AWS_CONFIG_FILE": os.devnull,  # the user's own profile is none of the function's
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **lambda_svc._runtime_env_vars(config),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **lambda_runtime.execution_credentials(config),
    }


def _layers(config: dict[str, Any]) -> list[str]:
    from ministack.services import lambda_svc

    blobs = [lambda_svc._resolve_layer_zip(layer) for layer in config.get("Layers") or []]
    roots = [Path(lambda_svc._docker_extracted_dir(blob, "layer")) for blob in blobs if blob]
    return [str(root / part) for root in roots for part in ("python", "python/lib/python3.12/site-packages")]


def _python() -> Path:
    """Return the interpreter of the `lambda` environment, which is beside this process's own."""
    python = Path(sys.prefix).parent / "lambda" / "bin" / "python"
    if not python.exists():
        raise RuntimeError(f"{python} is missing: `make up` and `make test` install the lambda environment.")
    return python

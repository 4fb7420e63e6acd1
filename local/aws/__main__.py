"""Serve the local AWS on 127.0.0.1 until told to stop.

usage: python -m local.aws --port PORT --state DIRECTORY [--auth]

ministack reads its settings from the environment when it is imported, hence the imports inside functions.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from local.aws.saving import Changes
from local.aws.seam import SeamMoved, check

USES = {
    "ministack.app": ("app(scope, receive, send)",),
}
# Modules of this package whose `install` puts something of ours in ministack's place, in this order.
PARTS = (
    "access",
    "dynamodb",
    "athena",
    "glue",
    "firehose",
    "apigateway",
    "lambdas",
    "cognito",
    "drift",
)


def settings(port: int, state: Path, *, auth: bool) -> dict[str, str]:
    """Return what ministack reads: everything below ``state``, nothing but 127.0.0.1, no Docker.

    :param auth: whether IAM policies are enforced
    """
    return {
        "AUTH": str(auth).lower(),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "S3_PERSIST": "1",
        "PERSIST_STATE": "1",
        "S3_DATA_DIR": str(state / "s3"),
        "STATE_DIR": str(state / "state"),
        "TMPDIR": str(state / "tmp"),
        "IOT_MTLS_ENABLED": "0",  # else it listens on 0.0.0.0
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",  # else it removes the user's own containers
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
    }


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m local.aws")
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--auth", action="store_true", help="enforce IAM policies")
    options = parser.parse_args()
    os.environ.update(settings(options.port, options.state.resolve(), auth=options.auth))
    for folder in ("S3_DATA_DIR", "STATE_DIR", "TMPDIR"):
        Path(os.environ[folder]).mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = os.environ["TMPDIR"]
    try:
        asyncio.run(_serve(options.port))
    except SeamMoved as error:
        sys.exit(str(error))


async def _serve(port: int) -> None:
    from uvicorn import Config, Server

    app = check(USES)["ministack.app"].app
    for part in PARTS:
        import_module(f"local.aws.{part}").install()
    changes = Changes(app)
    saver = asyncio.create_task(changes.keep())
    # Server and date are told as AWS tells them: by ministack.
    config = Config(
        changes, host="127.0.0.1", port=port, http="httptools", ws="none", lifespan="on", log_level="warning",
        access_log=False, server_header=False, date_header=False, timeout_keep_alive=75, timeout_graceful_shutdown=3,
    )  # fmt: skip
    for signal_number in (signal.SIGTERM, signal.SIGINT):  # it obeys them, and when it has ended raises them again
        signal.signal(signal_number, lambda *_: None)
    await Server(config).serve()
    saver.cancel()


if __name__ == "__main__":
    main()

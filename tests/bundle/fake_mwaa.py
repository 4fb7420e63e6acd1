"""MWAA's GetEnvironment and UpdateEnvironment over HTTP, in its own protocol: the local AWS has no MWAA."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FakeMwaa:
    """One environment, ``quayside``, that takes its code from a bucket.

    :param bucket: its name
    """

    def __init__(self, bucket: str) -> None:
        self.environment: dict[str, Any] = {
            "Name": "quayside",
            "Status": "AVAILABLE",
            "SourceBucketArn": f"arn:aws:s3:::{bucket}",
            "DagS3Path": "dags/",
        }
        self.running: dict[str, str] = {}  # the versions that its machines run with
        self.updates: list[dict[str, str]] = []
        self.refuses = ""  # why the next updates fail
        self.looks = 2  # how often an update is still going on when somebody looks
        self._left = 0

    def get(self) -> dict[str, Any]:
        """Return the environment; each look brings an update nearer to its end."""
        if self.environment["Status"] == "UPDATING":
            self._left -= 1
            if self._left < 0:
                self._end()
        return self.environment

    def update(self, wish: dict[str, str]) -> None:
        """Begin an update: the environment shows it at once, its machines follow."""
        self.updates.append(wish)
        self._left = self.looks
        self.environment |= {"Status": "UPDATING", **wish}

    def _end(self) -> None:
        last: dict[str, Any] = {"CreatedAt": float(len(self.updates)), "Status": "SUCCESS"}
        if self.refuses:
            last |= {
                "Status": "FAILED",
                "Error": {"ErrorCode": "INCORRECT_CONFIGURATION", "ErrorMessage": self.refuses},
            }
            for name in self.updates[-1]:
                self.environment.pop(name)
            self.environment |= self.running
        else:
            self.running |= self.updates[-1]
        self.environment |= {"Status": "AVAILABLE", "LastUpdate": last}


@contextmanager
def serve(fake: FakeMwaa) -> Iterator[str]:
    """Answer for an environment; yield the endpoint."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/environments/quayside":
                self._answer(404, {"message": "no such environment"}, "ResourceNotFoundException")
            else:
                self._answer(200, {"Environment": fake.get()})

        def do_PATCH(self) -> None:
            wish = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if fake.environment["Status"] != "AVAILABLE":
                self._answer(400, {"message": "it is being updated"}, "ValidationException")
            else:
                fake.update(wish)
                self._answer(200, {"Arn": "arn:aws:airflow:eu-west-2:000000000000:environment/quayside"})

        def _answer(self, status: int, body: dict[str, Any], error: str = "") -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            if error:
                self.send_header("x-amzn-ErrorType", error)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()

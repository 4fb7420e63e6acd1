"""A vendor that answers what a test has written down, over real connections."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True)
class Answer:
    """One answer.

    :param body: bytes as they are, anything else as JSON
    :param cut: bytes of the body that never come, after which the connection is closed
    """

    status: int = 200
    body: Any = ()
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0


@dataclass
class Vendor:
    """Gives one answer after the other; the last one for ever."""

    url: str
    answers: list[Answer]
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)

    def next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def scripted() -> Iterator[Vendor]:
    """Serve, on any free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.block_on_close, server.daemon_threads = False, True
    vendor = server.vendor = Vendor(f"http://127.0.0.1:{server.server_port}", [Answer()])  # type: ignore[attr-defined]
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield vendor
    server.shutdown()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        vendor: Vendor = self.server.vendor  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        vendor.asked.append((f"{self.command} {self.path}", {k.lower(): v for k, v in self.headers.items()}))
        vendor.connections.add(self.client_address)
        answer = vendor.next()
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response_only(answer.status)  # the answer says what time it is, if it does
        for name, value in {"Content-Length": str(len(body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) - answer.cut])
        self.wfile.flush()
        self.close_connection = self.close_connection or bool(answer.cut)

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

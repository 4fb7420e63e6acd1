"""HTTP for the vendors: keep-alive, one thread a connection, faults where they are asked for."""

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from threading import Event
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from local.sources.hospitality.answers import Refused, Request
from local.sources.hospitality.faults import Fault, Faults

LARGEST_BODY = 1 << 20
Answer = Callable[[Request], str]


class Server(ThreadingHTTPServer):
    """Passes what is asked below ``/<name>/`` to the answerer of that name.

    :param faults: of the names that can fail; the others answer always
    """

    daemon_threads = False  # so that closing waits for them

    def __init__(
        self,
        port: int,
        answers: Mapping[str, Answer],
        faults: Mapping[str, Faults],
        log: Callable[[str], None] | None,
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.answers, self.faults, self.log = answers, faults, log
        self.closing = Event()
        self._open: set[socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember a connection while it is open."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Give the port back, end the connections that clients keep open, and wait for what is being answered."""
        self.closing.set()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of what went wrong, but not of clients that are gone."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Vendors", ""
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together
    server: Server

    def do_GET(self) -> None:
        """Answer, or do what was asked to go wrong."""
        self._answer()

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def _answer(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), LARGEST_BODY))
        url = urlsplit(self.path)
        name, _, path = url.path.lstrip("/").partition("/")
        headers = {key.lower(): value for key, value in self.headers.items()}
        request = Request(self.command, f"/{path}", dict(parse_qsl(url.query)), headers, body)
        try:
            fault = self.server.faults[name].meet() if name in self.server.faults else Fault()
            self.server.closing.wait(fault.seconds)
            if fault.status:
                after = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
                raise Refused(fault.status, "This was asked to go wrong.", after)
            if name not in self.server.answers:
                raise Refused(HTTPStatus.NOT_FOUND, f"There is no /{name}: {', '.join(self.server.answers)}.")
            self._send(HTTPStatus.OK, self.server.answers[name](request), {}, truncate=fault.truncate)
        except Refused as refused:
            self._send(refused.status, json.dumps({"Message": refused.message}), refused.headers)

    def _send(self, status: int, text: str, headers: dict[str, str], *, truncate: bool = False) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if truncate else content)
        self.wfile.flush()
        self.close_connection = self.close_connection or truncate

    def log_message(self, format: str, *args: object) -> None:
        """Tell of a request; headers, which hold tokens, are not told."""
        if self.server.log:
            self.server.log(f"{self.log_date_time_string()}  {format % args}")

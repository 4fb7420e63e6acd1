"""Serves the web app on this machine as CloudFront does on AWS: the same headers, and the app for every path of its own.

usage: python -m local.web_server PORT FOLDER CONFIG SERVICES

CONFIG is what is served as config.json; SERVICES are the origins that the app may call, apart by spaces.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
import sys
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import unquote, urlsplit

from local.layout import ROOT

HEADERS = ROOT / "infra" / "modules" / "serving" / "headers.json"
COMPRESSED = ("text/", "application/json", "application/javascript", "image/svg+xml")
HASHED = "/assets/"  # whose names change with their content


def headers(services: str) -> dict[str, str]:
    """Return the headers of every answer, as Terraform gives them to CloudFront.

    :param services: origins that the app may call
    """
    values = json.loads(Template(HEADERS.read_text()).substitute(services=services))
    return {
        "Content-Security-Policy": values["content_security_policy"],
        "Permissions-Policy": values["permissions_policy"],
        "Referrer-Policy": values["referrer_policy"],
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def find(folder: Path, config: Path, target: str) -> Path | None:
    """Return the file for a request's target: the app itself where the path is one of its own, None for a file that is not.

    :param folder: the app's build
    """
    path = unquote(urlsplit(target).path)
    if path == "/config.json":
        return config
    file = (folder / path.lstrip("/")).resolve()
    if folder.resolve() in file.parents and file.is_file():
        return file
    return None if "." in path.rpartition("/")[2] else folder / "index.html"


@lru_cache(maxsize=256)
def _content(path: Path, _changed: int) -> tuple[bytes, bytes, str]:
    """Return a file as it is, compressed, and its version; read anew when it has changed."""
    content = path.read_bytes()
    return content, gzip.compress(content, mtime=0), f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _handler(folder: Path, config: Path, services: str) -> type[BaseHTTPRequestHandler]:
    common = headers(services)

    class Handler(BaseHTTPRequestHandler):
        """Answers GET and HEAD."""

        protocol_version = "HTTP/1.1"
        server_version, sys_version = "quayside", ""

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Keep quiet about what went well."""
            if not str(arguments[1:2]).startswith(("('2", "('3")):
                super().log_message(format, *arguments)

        def _answer(self, *, body: bool) -> None:
            path = find(folder, config, self.path)
            if path is None or not path.is_file():
                self._send(HTTPStatus.NOT_FOUND, b"Not found\n", {"Content-Type": "text/plain"}, body=body)
                return
            content, compressed, version = _content(path, path.stat().st_mtime_ns)
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            lasting = urlsplit(self.path).path.startswith(HASHED)
            told = {
                "Content-Type": f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
                "Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache",
                "ETag": version,
                "Vary": "Accept-Encoding",
            }
            if self.headers.get("If-None-Match") == version:
                self._send(HTTPStatus.NOT_MODIFIED, b"", told, body=False)
                return
            if kind.startswith(COMPRESSED) and "gzip" in self.headers.get("Accept-Encoding", ""):
                content, told["Content-Encoding"] = compressed, "gzip"
            self._send(HTTPStatus.OK, content, told, body=body)

        def _send(self, status: HTTPStatus, content: bytes, told: dict[str, str], *, body: bool) -> None:
            self.send_response(status)
            for name, value in {**common, **told, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self.wfile.write(content)

    return Handler


def main() -> None:
    """Serve until told to stop."""
    port, folder, config, services = sys.argv[1:]
    mimetypes.add_type("text/javascript", ".js")  # whatever the machine's own table says
    ThreadingHTTPServer(("127.0.0.1", int(port)), _handler(Path(folder), Path(config), services)).serve_forever()


if __name__ == "__main__":
    main()

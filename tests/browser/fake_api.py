"""The API and a user pool for tests of the web app: over real HTTP, with CORS, ETags, problems and slow queries."""

import json
import re
import secrets
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from local import web_server
from tests.browser import fake_data
from tests.browser.fake_cognito import CLIENT, POOL, Account, FakeCognito, Refused

PASSWORD = "quiet harbour 42"


@dataclass
class Problem(Exception):
    """An answer that is no success."""

    status: int
    title: str
    detail: str = ""
    errors: list[dict[str, str]] = field(default_factory=list)


@dataclass
class FakeApi:
    """What the fake knows, and what a test may make it do.

    :param slow: how often a dashboard answers 202 before it is there
    :param broken: paths that answer 500
    :param requests: method and path of each that came
    """

    cognito: FakeCognito
    users: dict[str, dict[str, Any]]
    profiles: dict[str, dict[str, str]] = field(default_factory=dict)
    audit: list[dict[str, Any]] = field(default_factory=list)
    slow: int = 0
    broken: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    page: int = 50
    site: str = ""
    url: str = ""
    _queries: dict[str, tuple[str, dict[str, list[str]], int]] = field(default_factory=dict)

    @classmethod
    def fresh(cls) -> "FakeApi":
        """Make one user of each role, and some more."""
        people = [
            ("Ada Admin", "admin", None),
            ("Ana Souza", "analyst", None),
            ("Max Manager", "manager", [1]),
            ("Vi Viewer", "viewer", [2]),
        ]
        people += [(f"Guest {number:02d}", "viewer", [1, 2]) for number in range(1, 9)]
        users, accounts = {}, {}
        for name, role, venues in people:
            email = (
                f"{name.split()[0].lower()}@quayside.example"
                if "Guest" not in name
                else f"{name.replace(' ', '').lower()}@quayside.example"
            )
            user = _user(email, name, role, venues, "active")
            users[user["id"]], accounts[email] = user, Account(user["id"], PASSWORD)
        invited = _user("nora@quayside.example", "Nora New", "viewer", [1], "invited")
        users[invited["id"]], accounts[invited["email"]] = invited, Account(invited["id"], "Once-only-1!", invited=True)
        return cls(FakeCognito(accounts), users)

    def user(self, email: str) -> dict[str, Any]:
        """Return the record of an address."""
        return next(user for user in self.users.values() if user["email"] == email)

    def change(self, user: dict[str, Any], actor: str, action: str, **values: Any) -> None:
        """Change a record, with its version and its audit entry."""
        before = {name: user[name] for name in values}
        user.update(values, version=user["version"] + 1, updated_at="2026-11-21T04:40:00Z")
        self.audit.insert(0, {
            "at": "2026-11-21T04:40:00Z", "actor": actor, "actor_name": self.users.get(actor, {}).get("display_name"), "action": action,
            "subject": user["id"], "subject_name": user["display_name"], "before": before or None, "after": values or None,
            "request_id": str(uuid.uuid4()),
        })  # fmt: skip

    def answer(
        self, method: str, path: str, query: dict[str, list[str]], headers: Any, body: Any
    ) -> tuple[int, Any, dict[str, str]]:
        """Answer one call of the API with status, body and headers.

        :raises Problem: it is refused
        """
        token = (headers.get("Authorization") or "").removeprefix("Bearer ")
        caller = self.users.get(self.cognito.access.get(token, ""))
        if caller is None:
            raise Problem(401, "Unauthorized", "Sign in: there is no valid access token.")
        if caller["state"] not in ("active", "invited"):
            raise Problem(403, "Forbidden", "Your account does not allow this; an administrator can change that.")
        if path in self.broken:
            raise Problem(500, "Internal Server Error", "An error of ours; try again, and name this id if it persists.")
        parts = [part for part in path.split("/") if part]
        match method, parts:
            case "GET", ["me"]:
                return self._me(caller)
            case "PATCH", ["me"]:
                _matches(caller, headers)
                self.profiles.setdefault(caller["id"], {}).update(
                    {name: value for name, value in body.items() if name != "display_name"}
                )
                self.change(
                    caller,
                    caller["id"],
                    "change_profile",
                    **{name: body[name] for name in body if name == "display_name"},
                )
                return self._me(caller)
            case "GET", ["venues"]:
                own = caller["venues"]
                return 200, {"items": [one for one in fake_data.VENUES if own is None or one["venue_id"] in own]}, {}
            case "GET", ["dashboards"]:
                return 200, fake_data.dashboards(), {}
            case "GET", ["dashboards", name]:
                return self._dashboard(caller, name, query)
            case "GET", ["queries", query_id]:
                name, asked, left = self._queries[query_id]
                self._queries[query_id] = (name, asked, left - 1)
                return _pending(query_id) if left > 1 else (200, self._result(caller, name, asked), {})
            case "GET", ["dashboards", _, "panels", _, "download"]:
                return 200, {"url": f"{self.url}/file.{query['format'][0]}", "expires_at": "2026-11-21T05:00:00Z"}, {}
            case "GET", ["data-health"]:
                return 200, fake_data.health(self.site + "/airflow"), {}
            case _:
                if caller["role"] != "admin":
                    raise Problem(403, "Forbidden", "Only administrators manage users.")
                return self._administer(caller, method, parts, query, headers, body)

    def _me(self, caller: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        own = {"locale": "en-AU", "theme": "system"} | self.profiles.get(caller["id"], {})
        fields = ("id", "email", "display_name", "role", "venues")
        return 200, {name: caller[name] for name in fields} | own, {"ETag": _etag(caller)}

    def _dashboard(
        self, caller: dict[str, Any], name: str, query: dict[str, list[str]]
    ) -> tuple[int, Any, dict[str, str]]:
        if name not in fake_data.PANELS:
            raise Problem(404, "Not Found", "There is no such dashboard; GET /dashboards lists those there are.")
        if not self.slow:
            return 200, self._result(caller, name, query), {}
        query_id = secrets.token_hex(8)
        self._queries[query_id] = (name, query, self.slow)
        return _pending(query_id)

    def _result(self, caller: dict[str, Any], name: str, query: dict[str, list[str]]) -> dict[str, Any]:
        own = caller["venues"]
        asked = query if own is None or "venue" in query else {**query, "venue": [str(one) for one in own]}
        return fake_data.result(name, asked, sql=caller["role"] in ("admin", "analyst"))

    def _administer(
        self, caller: dict[str, Any], method: str, parts: list[str], query: Any, headers: Any, body: Any
    ) -> tuple[int, Any, dict[str, str]]:
        match method, parts:
            case "GET", ["users"]:
                return 200, self._found(query), {}
            case "POST", ["users"]:
                if any(one["email"] == body["email"] for one in self.users.values()):
                    raise Problem(409, "Conflict", "Another user has this address.")
                if body["role"] in ("manager", "viewer") and not body["venues"]:
                    raise Problem(
                        400,
                        "Bad Request",
                        "The request is not valid.",
                        [{"pointer": "#/venues", "detail": f"must name at least one venue for {body['role']}"}],
                    )
                user = _user(body["email"], body["display_name"], body["role"], body["venues"], "invited")
                self.users[user["id"]] = user
                self.change(user, caller["id"], "invite")
                return 201, user, {"ETag": _etag(user), "Location": f"/users/{user['id']}"}
            case "GET", ["audit"]:
                return (
                    200,
                    {
                        "items": [one for one in self.audit if query.get("action", [one["action"]]) == [one["action"]]],
                        "next_cursor": None,
                    },
                    {},
                )
            case _, ["users", user_id, *_] if user_id not in self.users:
                raise Problem(404, "Not Found", "There is no such user.")
            case "GET", ["users", user_id]:
                return 200, self.users[user_id], {"ETag": _etag(self.users[user_id])}
            case "GET", ["users", user_id, "audit"]:
                return 200, {"items": [one for one in self.audit if one["subject"] == user_id], "next_cursor": None}, {}
            case _, ["users", user_id, *action]:
                user = self.users[user_id]
                _matches(user, headers)
                self._act(user, caller, method, action, body)
                return 200, user, {"ETag": _etag(user)}
        raise Problem(404, "Not Found", "There is no such path.")

    def _act(self, user: dict[str, Any], caller: dict[str, Any], method: str, action: list[str], body: Any) -> None:
        if user["id"] == caller["id"] and (method == "DELETE" or action == ["disable"]):
            raise Problem(409, "Conflict", "This is the last administrator: make another one first.")
        states = {"disable": "disabled", "enable": "active", "restore": "active", "resend-invitation": "invited"}
        if method == "PATCH":
            return self.change(
                user,
                caller["id"],
                "change_role" if "role" in body and body["role"] != user["role"] else "change_name",
                **body,
            )
        name = "delete" if method == "DELETE" else action[0]
        return self.change(
            user, caller["id"], name.replace("-", "_"), state="deleted" if method == "DELETE" else states[name]
        )

    def _found(self, query: dict[str, list[str]]) -> dict[str, Any]:
        words, role, state = (query.get(name, [""])[0].lower() for name in ("search", "role", "state"))
        found = [
            one for one in sorted(self.users.values(), key=lambda one: one["email"])
            if words in f"{one['email']} {one['display_name']}".lower() and role in ("", one["role"])
            and (one["state"] == state if state else one["state"] != "deleted")
        ]  # fmt: skip
        at = int(query.get("cursor", ["0"])[0])
        rest = str(at + self.page) if len(found) > at + self.page else None
        return {"items": found[at : at + self.page], "next_cursor": rest}


def _user(email: str, name: str, role: str, venues: list[int] | None, state: str) -> dict[str, Any]:
    user_id = str(uuid.uuid5(uuid.NAMESPACE_URL, email))
    at = "2026-10-01T00:00:00Z"
    return {
        "id": user_id, "email": email, "display_name": name, "role": role, "venues": venues, "state": state, "version": 1,
        "created_at": at, "updated_at": at,
    }  # fmt: skip


def _etag(user: dict[str, Any]) -> str:
    return f'"{user["version"]}"'


def _matches(user: dict[str, Any], headers: Any) -> None:
    if headers.get("If-Match") is None:
        raise Problem(428, "Precondition Required", "Send If-Match.")
    if headers["If-Match"] != _etag(user):
        raise Problem(
            412, "Precondition Failed", "The user has changed since you read them: read them again and send their ETag."
        )


def _pending(query_id: str) -> tuple[int, Any, dict[str, str]]:
    return 202, {"query_id": query_id, "retry_after": 1}, {"Location": f"/queries/{query_id}", "Retry-After": "1"}


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _ApiHandler(_Quiet):
    fake: ClassVar[FakeApi]

    def do_OPTIONS(self) -> None:
        self._send(204, None, {
            "Access-Control-Allow-Methods": "GET,POST,PATCH,DELETE,OPTIONS",
            "Access-Control-Allow-Headers": "Authorization,Content-Type,If-Match,If-None-Match,X-Request-Id,X-Amz-Target",
        })  # fmt: skip

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        address = urlsplit(self.path)
        self.fake.requests.append(f"{self.command} {self.path}")
        if address.path == "/cognito/":
            return self._cognito(body)
        if address.path.startswith("/file."):
            return self._send(
                200, {"rows": 1}, {"Content-Disposition": f'attachment; filename="panel{Path(address.path).suffix}"'}
            )
        try:
            return self._send(
                *self.fake.answer(self.command, address.path, parse_qs(address.query), self.headers, body)
            )
        except Problem as problem:
            document = {
                "type": "about:blank", "title": problem.title, "status": problem.status, "detail": problem.detail,
                "instance": self.headers.get("X-Request-Id", ""), "errors": problem.errors,
            }  # fmt: skip
            return self._send(problem.status, document, {"Content-Type": "application/problem+json"})

    do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815

    def _cognito(self, body: Any) -> None:
        try:
            self._send(200, self.fake.cognito.answer(self.headers["X-Amz-Target"].split(".")[1], body), {})
        except Refused as refused:
            self._send(400, {"__type": refused.kind, "message": refused.message}, {})

    def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
        payload = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        expose = {
            "Access-Control-Expose-Headers": "ETag,Location,Retry-After,X-Request-Id",
            "Access-Control-Allow-Origin": self.fake.site,
        }
        for name, value in (
            {"Content-Type": "application/json", "Cache-Control": "no-store"} | expose | headers
        ).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


@contextmanager
def serve(build: Path, fake: FakeApi) -> Iterator[FakeApi]:
    """Serve the built web app from one origin, with the headers that CloudFront gives, and the fake API and pool from another."""
    api = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_ApiHandler,), {"fake": fake}))
    fake.url = f"http://127.0.0.1:{api.server_port}"
    config = {
        "api_url": fake.url, "region": "ap-southeast-2", "user_pool_id": POOL, "client_id": CLIENT,
        "cognito_endpoint": f"{fake.url}/cognito/", "airflow_url": "http://127.0.0.1:8080",
    }  # fmt: skip

    class SiteHandler(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(build))

        def do_GET(self) -> None:
            if urlsplit(self.path).path != "/config.json":
                return super().do_GET()
            payload = json.dumps(config).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            return self.wfile.write(payload)

        def end_headers(self) -> None:
            for name, value in web_server.headers(fake.url).items():
                self.send_header(name, value)
            super().end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    site = ThreadingHTTPServer(("127.0.0.1", 0), SiteHandler)
    fake.site = f"http://127.0.0.1:{site.server_port}"
    threads = [threading.Thread(target=server.serve_forever, daemon=True) for server in (api, site)]
    for thread in threads:
        thread.start()
    try:
        yield fake
    finally:
        for server in (api, site):
            server.shutdown()
            server.server_close()


def path_of(request: str) -> str:
    """Return the path of a noted request, without its parameters."""
    return re.sub(r"^\w+ ([^?]*).*", r"\1", request)

"""A small client of Airflow's REST API, on the standard library."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from local.processes import ProcessFailed

_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open  # never through the user's proxy


def get(url: str, *, token: str | None = None) -> Any:
    """Return the JSON that a GET of ``url`` answers.

    :raises ProcessFailed: the server does not answer, or refuses
    """
    return _call("GET", url, None, token)


class Airflow:
    """Airflow's REST API as one user.

    :param url: the server, without a path
    :raises ProcessFailed: the server does not answer, or refuses
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = f"{url}/api/v2"
        login = {"username": user, "password": password}
        self._token = str(_call("POST", f"{url}/auth/token", login, None)["access_token"])

    def get(self, path: str, **query: Any) -> Any:
        """Return what a GET of ``path`` answers; a list as a value repeats the parameter."""
        return get(f"{self._url}{path}?{urllib.parse.urlencode(query, doseq=True)}", token=self._token)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Return what a POST to ``path`` answers."""
        return _call("POST", f"{self._url}{path}", body, self._token)

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        """Return what a PATCH of ``path`` answers."""
        return _call("PATCH", f"{self._url}{path}", body, self._token)


def _call(method: str, url: str, body: dict[str, Any] | None, token: str | None) -> Any:
    headers = {"Accept": "application/json"}
    request = urllib.request.Request(url, method=method, headers=headers)  # noqa: S310 (ours, on 127.0.0.1)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with _open(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        detail = error.read().decode(errors="replace")[:500]
        raise ProcessFailed(f"Airflow refused {method} {url}: {error.code} {detail}") from error
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise ProcessFailed(f"Airflow does not answer {method} {url}: {error}") from error

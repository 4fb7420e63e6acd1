"""The API as a client meets it: over HTTP, with tokens that the user pool gave."""

import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.srp import sign_in

FRESH = 600  # seconds for which a token is used again; it is valid for 900


@dataclass(frozen=True)
class Person:
    """A user of the API.

    :param role: as their record has it
    """

    email: str
    password: str
    role: str
    user_id: str


@dataclass
class Api:
    """The running API and its people.

    :param outputs: Terraform's
    :param people: role → its first user
    """

    outputs: dict[str, str]
    people: dict[str, Person]
    _tokens: dict[str, tuple[float, dict[str, str]]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.outputs["api_url"]

    def tokens(self, role: str) -> dict[str, str]:
        """Return what a role's first user got when they signed in: AccessToken, IdToken, RefreshToken."""
        at, tokens = self._tokens.get(role, (0.0, {}))
        if time.monotonic() - at > FRESH or not tokens:
            person = self.people[role]
            pool, client = self.outputs["user_pool_id"], self.outputs["user_pool_client_id"]
            tokens = sign_in(pool, client, person.email, person.password)
            self._tokens[role] = (time.monotonic(), tokens)
        return tokens

    def call(
        self,
        method: str,
        path: str,
        *,
        role: str = "",
        token: str = "",
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> httpx.Response:
        """Send a request as a role's first user, with a token of one's own, or with none.

        :param options: ``params``, ``json``, ``content``, as httpx takes them
        """
        token = token or (self.tokens(role)["AccessToken"] if role else "")
        sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        # Not verified: it is plain HTTP, and the machine's certificates take longer to read than the answer.
        plain = {"timeout": 30, "trust_env": False, "verify": False}
        return httpx.request(method, f"{self.url}{path}", headers=sent, **plain, **options)

"""Whether an access token is the user pool's own: signature, issuer, times, use and client, none of it taken on trust."""

import json
import time
import urllib.request
from typing import Any

import jwt

from quayside.errors import Retryable, Terminal

ALGORITHM = "RS256"  # the only one: what a token says of itself decides nothing
LEEWAY = 5  # seconds by which clocks may differ
LONGEST = 8192  # characters
_REQUIRED = ["client_id", "exp", "iat", "iss", "sub", "token_use", "username"]


class InvalidToken(Terminal):
    """Not an access token of this pool and client that is valid now; the message is for the log, not for the caller."""


class Keys:
    """The pool's public keys, kept for an hour. An unknown key is asked for, but only now and then.

    :param url: of the JWKS document
    """

    LIFETIME, PAUSE = 3600.0, 30.0  # seconds: between two looks at known keys, and at unknown ones

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str, Any] = {}
        self._asked_at = -self.LIFETIME

    def get(self, kid: str) -> Any:
        """Return the key with this id.

        :raises InvalidToken: the pool has none
        :raises Retryable: the keys cannot be had, and none that is known would do
        """
        age = time.monotonic() - self._asked_at
        if age > self.LIFETIME or (kid not in self._keys and age > self.PAUSE):
            try:
                self._keys = self._ask()
            except (OSError, ValueError, KeyError, jwt.PyJWTError) as error:
                if kid not in self._keys:
                    raise Retryable(f"The user pool's keys cannot be had from {self._url}: {error}") from error
            else:
                self._asked_at = time.monotonic()
        if kid not in self._keys:
            raise InvalidToken("signed with a key that is not the pool's")
        return self._keys[kid]

    def _ask(self) -> dict[str, Any]:
        with urllib.request.urlopen(self._url, timeout=3) as answer:  # nosec B310  # noqa: S310 (the address is Terraform's)
            document = json.load(answer)
        usable = (key for key in document["keys"] if key.get("kty") == "RSA" and key.get("use", "sig") == "sig")
        return {key["kid"]: jwt.PyJWK(key, ALGORITHM).key for key in usable}


class Verifier:
    """Verifies access tokens of one pool and one client.

    :param issuer: the pool's address, as its tokens name it
    :param client_id: the app client whose tokens are taken
    """

    def __init__(self, *, issuer: str, client_id: str, keys: Keys) -> None:
        self._issuer, self._client_id, self._keys = issuer, client_id, keys

    def user_id(self, token: str) -> str:
        """Return the id of the user whose token this is.

        :raises InvalidToken: it is not one of ours, or not valid now
        :raises Retryable: the pool's keys cannot be had
        """
        if len(token) > LONGEST:
            raise InvalidToken("too long")
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != ALGORITHM or not isinstance(header.get("kid"), str):
                raise InvalidToken("signed in another way than the pool does")
            claims = jwt.decode(
                token,
                self._keys.get(header["kid"]),
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                leeway=LEEWAY,
                options={"require": _REQUIRED},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise InvalidToken(f"{type(error).__name__}: {error}") from None
        if claims["token_use"] != "access":  # noqa: S105 (a word, not a secret)
            raise InvalidToken("no access token")
        if claims["client_id"] != self._client_id:
            raise InvalidToken("made for another client")
        if not isinstance(claims["username"], str) or not claims["username"]:
            raise InvalidToken("names no user")
        return claims["username"]


def bearer(header: str) -> str:
    """Return the token of an ``Authorization`` header.

    :raises InvalidToken: it holds none
    """
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise InvalidToken("no bearer token")
    return token.strip()

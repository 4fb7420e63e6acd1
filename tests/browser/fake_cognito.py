"""A user pool that speaks Cognito's protocol as far as the web app does; its SRP is written from RFC 5054's formulas."""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from tests.support.srp import N

POOL = "ap-southeast-2_Fake12345"
CLIENT = "fakeclient"


@dataclass
class Account:
    """One user of the pool.

    :param invited: the password is that of an invitation, for one sign-in
    """

    user_id: str
    password: str
    invited: bool = False


@dataclass
class Refused(Exception):
    """What Cognito answers with status 400."""

    kind: str
    message: str = ""


@dataclass
class FakeCognito:
    """Accounts by e-mail address, and the sessions and tokens that they have."""

    accounts: dict[str, Account]
    expires_in: int = 3600
    access: dict[str, str] = field(default_factory=dict)
    refresh: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    _pending: dict[str, Any] = field(default_factory=dict)

    def answer(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        """Answer one call."""
        return getattr(self, f"_{re.sub('(?<!^)(?=[A-Z])', '_', action).lower()}")(body)

    def _initiate_auth(self, body: dict[str, Any]) -> dict[str, Any]:
        given = body["AuthParameters"]
        if body["AuthFlow"] == "REFRESH_TOKEN_AUTH":
            user_id = self.refresh.get(given["REFRESH_TOKEN"])
            if user_id is None:
                raise Refused("NotAuthorizedException", "Refresh Token has been revoked")
            return {"AuthenticationResult": {"AccessToken": self._token(user_id), "ExpiresIn": self.expires_in}}
        account = self.accounts.get(given["USERNAME"].lower())
        user_id = account.user_id if account else secrets.token_hex(8)
        salt, secret = secrets.token_hex(16), secrets.randbelow(N)
        verifier = pow(
            2,
            _number(
                _bytes(int(salt, 16)),
                _sha(f"{_pool()}{user_id}:{account.password if account else secrets.token_hex()}"),
            ),
            N,
        )
        public = (_number(_bytes(N), _bytes(2)) * verifier + pow(2, secret, N)) % N
        block = base64.b64encode(secrets.token_bytes(900)).decode()
        self._pending[block] = (account, user_id, int(given["SRP_A"], 16), public, secret, verifier)
        return {
            "ChallengeName": "PASSWORD_VERIFIER",
            "ChallengeParameters": {
                "SRP_B": f"{public:x}",
                "SALT": salt,
                "SECRET_BLOCK": block,
                "USER_ID_FOR_SRP": user_id,
            },
        }

    def _respond_to_auth_challenge(self, body: dict[str, Any]) -> dict[str, Any]:
        given = body["ChallengeResponses"]
        if body["ChallengeName"] == "NEW_PASSWORD_REQUIRED":
            account = self._pending.get(body["Session"])
            if account is None:
                raise Refused("NotAuthorizedException", "Invalid session for the user.")
            account.password, account.invited = _strong(given["NEW_PASSWORD"]), False
            del self._pending[body["Session"]]
            return self._signed_in(account.user_id)
        account, user_id, theirs, public, secret, verifier = self._pending.pop(given["PASSWORD_CLAIM_SECRET_BLOCK"])
        scramble = _number(_bytes(theirs), _bytes(public))
        shared = pow(theirs * pow(verifier, scramble, N), secret, N)
        key = _hmac(_hmac(_bytes(scramble), _bytes(shared)), b"Caldera Derived Key\x01")[:16]
        block = base64.b64decode(given["PASSWORD_CLAIM_SECRET_BLOCK"])
        proof = _hmac(key, f"{_pool()}{user_id}".encode() + block + given["TIMESTAMP"].encode())
        if account is None or not hmac.compare_digest(proof, base64.b64decode(given["PASSWORD_CLAIM_SIGNATURE"])):
            raise Refused("NotAuthorizedException", "Incorrect username or password.")
        if not account.invited:
            return self._signed_in(user_id)
        session = secrets.token_urlsafe(24)
        self._pending[session] = account
        return {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session, "ChallengeParameters": {}}

    def _forgot_password(self, body: dict[str, Any]) -> dict[str, Any]:
        self.codes[body["Username"]] = "123456"
        return {"CodeDeliveryDetails": {"Destination": "a***@q***", "DeliveryMedium": "EMAIL"}}

    def _confirm_forgot_password(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.codes.get(body["Username"]) != body["ConfirmationCode"]:
            raise Refused("CodeMismatchException", "Invalid verification code provided, please try again.")
        self.accounts[body["Username"]].password = _strong(body["Password"])
        return {}

    def _change_password(self, body: dict[str, Any]) -> dict[str, Any]:
        account = next(one for one in self.accounts.values() if one.user_id == self.access.get(body["AccessToken"]))
        if account.password != body["PreviousPassword"]:
            raise Refused("NotAuthorizedException", "Incorrect username or password.")
        account.password = _strong(body["ProposedPassword"])
        return {}

    def _revoke_token(self, body: dict[str, Any]) -> dict[str, Any]:
        self.refresh.pop(body["Token"], None)
        return {}

    def _signed_in(self, user_id: str) -> dict[str, Any]:
        refresh = secrets.token_urlsafe(24)
        self.refresh[refresh] = user_id
        tokens = {"AccessToken": self._token(user_id), "RefreshToken": refresh, "ExpiresIn": self.expires_in}
        return {"AuthenticationResult": tokens}

    def _token(self, user_id: str) -> str:
        token = secrets.token_urlsafe(24)
        self.access[token] = user_id
        return token


def _strong(password: str) -> str:
    if len(password) < 12 or password.isalpha():
        raise Refused("InvalidPasswordException", "Password did not conform with policy: Password not long enough")
    return password


def _pool() -> str:
    return POOL.split("_")[1]


def _bytes(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big")


def _sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _number(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()

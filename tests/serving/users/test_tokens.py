"""Only an access token of our pool and our client that is valid now says who somebody is."""

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from quayside.errors import Retryable
from quayside.serving.users.tokens import InvalidToken, Keys, Verifier, bearer

ISSUER = "https://cognito-idp.eu-west-2.amazonaws.com/eu-west-2_ours"
USER = "3f6c1a52-8d0e-4f0b-9d3e-3a1a6f0c2b11"


class Pool:
    """A pool's keys, served as Cognito serves them."""

    def __init__(self) -> None:
        self.keys = {"k1": rsa.generate_private_key(65537, 2048)}
        self.asked = 0
        pool = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                pool.asked += 1
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps({"keys": [pool.jwk(kid) for kid in pool.keys]}).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks.json"

    def jwk(self, kid: str) -> dict[str, str]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.keys[kid].public_key()))
        return {"kty": "RSA", "n": public["n"], "e": public["e"], "kid": kid, "use": "sig", "alg": "RS256"}

    def public_pem(self, kid: str = "k1") -> bytes:
        return self.keys[kid].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def pool():
    made = Pool()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def verifier(pool):
    return Verifier(issuer=ISSUER, client_id="web", keys=Keys(pool.url))


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    usual = {
        "sub": "another-id",
        "iss": ISSUER,
        "client_id": "web",
        "token_use": "access",
        "username": USER,
        "iat": now,
        "exp": now + 900,
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def signed(pool: Pool, *, kid: str = "k1", key: object = None, algorithm: str = "RS256", **changes: object) -> str:
    body = json.dumps(claims(**changes)).encode()  # not PyJWT's own, which would refuse some of what is tried here
    headers = {"kid": kid, "typ": "JWT"}
    return jwt.api_jws.encode(body, key or pool.keys["k1"], algorithm=algorithm, headers=headers)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def by_hmac(pool: Pool, secret: bytes, algorithm: str = "HS256", kid: str = "k1") -> str:
    text = f"{part({'alg': algorithm, 'kid': kid, 'typ': 'JWT'})}.{part(claims())}"
    mark = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"


def test_a_token_of_ours_says_who_it_is(pool, verifier):
    assert verifier.user_id(signed(pool)) == USER


def test_clocks_may_differ_by_seconds(pool, verifier):
    assert verifier.user_id(signed(pool, iat=int(time.time()) + 3)) == USER


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exp": int(time.time()) - 60}, id="expired"),
        pytest.param({"nbf": int(time.time()) + 600}, id="not yet valid"),
        pytest.param({"iat": int(time.time()) + 600}, id="issued in the future"),
        pytest.param({"exp": None}, id="without an end"),
        pytest.param({"exp": "never"}, id="with no time as its end"),
        pytest.param({"iss": ISSUER.replace("ours", "theirs")}, id="of another pool, by its word"),
        pytest.param({"iss": [ISSUER]}, id="of a list of issuers"),
        pytest.param({"client_id": "other"}, id="of another client"),
        pytest.param({"client_id": None}, id="of no client"),
        pytest.param({"token_use": "id", "aud": "web"}, id="an id token"),
        pytest.param({"token_use": "id", "client_id": "web"}, id="an id token that names the client"),
        pytest.param({"token_use": None}, id="for no use"),
        pytest.param({"username": None}, id="of nobody"),
        pytest.param({"username": ""}, id="of an empty name"),
        pytest.param({"username": {"S": USER}}, id="of an object"),
        pytest.param({"sub": 7}, id="with a number for a subject"),
    ],
)
def test_a_rightly_signed_token_is_refused_if_it_is(pool, verifier, changes):
    with pytest.raises(InvalidToken):
        verifier.user_id(signed(pool, **changes))


def tampered(pool: Pool) -> str:
    head, _, mark = signed(pool).split(".")
    return f"{head}.{part(claims(username='somebody-else'))}.{mark}"


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(tampered, id="tampered with"),
        pytest.param(lambda pool: f"{part({'alg': 'none', 'kid': 'k1'})}.{part(claims())}.", id="alg none"),
        pytest.param(lambda pool: f"{part({'alg': 'None', 'kid': 'k1'})}.{part(claims())}.", id="alg None"),
        pytest.param(lambda pool: by_hmac(pool, pool.public_pem()), id="HS256 with the public key as secret"),
        pytest.param(lambda pool: by_hmac(pool, pool.public_pem(), "RS256"), id="HS256 that calls itself RS256"),
        pytest.param(lambda pool: by_hmac(pool, b""), id="HS256 with an empty secret"),
        pytest.param(lambda pool: signed(pool, algorithm="RS512"), id="RS512"),
        pytest.param(lambda pool: signed(pool, algorithm="PS256"), id="PS256"),
        pytest.param(lambda pool: signed(pool, key=rsa.generate_private_key(65537, 2048)), id="another's key, our kid"),
        pytest.param(lambda pool: signed(pool, kid="unknown"), id="an unknown kid"),
        pytest.param(lambda pool: signed(pool, kid="../../etc/passwd"), id="a path for a kid"),
        pytest.param(lambda pool: jwt.encode(claims(), pool.keys["k1"], algorithm="RS256"), id="no kid"),
        pytest.param(lambda pool: f"{part({'alg': 'RS256', 'kid': ['k1']})}.{part(claims())}.x", id="a list for a kid"),
        pytest.param(lambda pool: f"{part([])}.{part(claims())}.x", id="a list for a header"),
        pytest.param(lambda pool: signed(pool)[:-20], id="cut off"),
        pytest.param(lambda pool: signed(pool) + ".more", id="more parts"),
        pytest.param(lambda pool: "", id="nothing"),
        pytest.param(lambda pool: "garbage", id="garbage"),
        pytest.param(lambda pool: "é.ü.ß", id="no ASCII"),
        pytest.param(lambda pool: "a.b.c", id="three letters"),
        pytest.param(lambda pool: "x" * 100_000, id="too long"),
    ],
)
def test_a_forged_token_is_refused(pool, verifier, forge):
    token = forge(pool)
    with pytest.raises(InvalidToken):
        verifier.user_id(token)


def test_a_forger_brings_no_key_of_their_own(pool, verifier):
    forger = rsa.generate_private_key(65537, 2048)
    own = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(forger.public_key()))
    for header in ({"kid": "k1", "jwk": own}, {"kid": "k1", "jku": "http://127.0.0.1:9/jwks.json"}):
        with pytest.raises(InvalidToken):
            verifier.user_id(jwt.encode(claims(), forger, algorithm="RS256", headers=header))


def test_keys_are_asked_for_once_however_many_tokens_come(pool, verifier):
    before = pool.asked
    for _ in range(5):
        verifier.user_id(signed(pool))
    for _ in range(5):
        with pytest.raises(InvalidToken):
            verifier.user_id(signed(pool, kid="unknown"))

    assert pool.asked == before + 1


def test_a_new_key_is_found_once_the_pause_is_over(pool, monkeypatch):
    keys = Keys(pool.url)
    verifier = Verifier(issuer=ISSUER, client_id="web", keys=keys)
    assert verifier.user_id(signed(pool)) == USER
    pool.keys["k2"] = rsa.generate_private_key(65537, 2048)
    token = signed(pool, kid="k2", key=pool.keys["k2"])
    with pytest.raises(InvalidToken):
        verifier.user_id(token)

    monkeypatch.setattr(keys, "PAUSE", 0.0)
    assert verifier.user_id(token) == USER
    del pool.keys["k2"]


def test_known_keys_serve_while_the_pool_does_not_answer_and_others_are_no_verdict(pool, monkeypatch):
    keys = Keys(pool.url)
    verifier = Verifier(issuer=ISSUER, client_id="web", keys=keys)
    token = signed(pool)
    verifier.user_id(token)
    for name, value in (("_url", "http://127.0.0.1:9/jwks.json"), ("LIFETIME", 0.0), ("PAUSE", 0.0)):
        monkeypatch.setattr(keys, name, value)

    assert verifier.user_id(token) == USER
    with pytest.raises(Retryable):
        verifier.user_id(signed(pool, kid="k3"))


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "bearer\tx", "token"])
def test_a_header_without_a_bearer_token_is_refused(header):
    with pytest.raises(InvalidToken):
        bearer(header)


def test_the_scheme_is_read_in_any_case():
    assert bearer("bearer  abc ") == "abc"

"""Sign-in to a user pool as a browser does it: by SRP, so that the password never leaves this process."""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime

import boto3

# RFC 3526's 3072-bit group, and the generator, that Cognito uses.
N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
    "49286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D"
    "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7D"
    "B3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
G = 2


def sign_in(pool: str, client: str, address: str, password: str, new: str = "") -> dict[str, str]:
    """Return the tokens: AccessToken, IdToken, RefreshToken.

    :param new: the password to set where the pool asks for another
    """
    cognito = boto3.client("cognito-idp")
    a = secrets.randbelow(N)
    big_a = pow(G, a, N)
    begun = cognito.initiate_auth(
        ClientId=client, AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": address, "SRP_A": f"{big_a:x}"}
    )
    assert begun["ChallengeName"] == "PASSWORD_VERIFIER"
    proof = _proof(pool, password, a, begun["ChallengeParameters"])
    answer = cognito.respond_to_auth_challenge(
        ClientId=client, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=proof, **_session(begun)
    )
    if answer.get("ChallengeName") == "NEW_PASSWORD_REQUIRED":
        answer = cognito.respond_to_auth_challenge(
            ClientId=client, ChallengeName="NEW_PASSWORD_REQUIRED", **_session(answer),
            ChallengeResponses={"USERNAME": proof["USERNAME"], "NEW_PASSWORD": new},
        )  # fmt: skip
    return dict(answer["AuthenticationResult"])


def _proof(pool: str, password: str, a: int, challenge: dict[str, str]) -> dict[str, str]:
    """Return that the password is known, without the password."""
    name, salt, big_b = challenge["USER_ID_FOR_SRP"], int(challenge["SALT"], 16), int(challenge["SRP_B"], 16)
    u = _number(_padded(pow(G, a, N)), _padded(big_b))
    inner = hashlib.sha256(f"{pool.partition('_')[2]}{name}:{password}".encode()).digest()
    x = _number(_padded(salt), inner)
    s = pow(big_b - _number(_padded(N), _padded(G)) * pow(G, x, N), a + u * x, N)
    extracted = hmac.digest(_padded(u), _padded(s), "sha256")
    key = hmac.digest(extracted, b"Caldera Derived Key\x01", "sha256")[:16]
    now = datetime.now(UTC)
    stamp = f"{now:%a %b} {now.day} {now:%H:%M:%S} UTC {now.year}"
    block = challenge["SECRET_BLOCK"]
    message = f"{pool.partition('_')[2]}{name}".encode() + base64.b64decode(block) + stamp.encode()
    return {
        "USERNAME": challenge["USERNAME"],
        "TIMESTAMP": stamp,
        "PASSWORD_CLAIM_SECRET_BLOCK": block,
        "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(hmac.digest(key, message, "sha256")).decode(),
    }


def _session(answer: dict) -> dict[str, str]:
    return {"Session": answer["Session"]} if answer.get("Session") else {}


def _number(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


def _padded(number: int) -> bytes:
    """Return a number's bytes, with a zero before them where they would else look negative."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")

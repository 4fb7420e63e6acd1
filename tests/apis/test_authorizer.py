"""Who gets through to the API: a token of ours, of a user whose record says so now."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path

import boto3
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from tests.support.api import Api
from tests.support.newcomers import PASSWORD, change, newcomer
from tests.support.srp import sign_in


@pytest.fixture(scope="session")
def key(api: Api, state: Path):
    """The very key that the local pool signs access tokens with: only so can a test sign what Cognito would not."""
    api.tokens("admin")  # made with the first token
    [path] = state.rglob(f"{api.outputs['user_pool_id']}-access.pem")
    return load_pem_private_key(path.read_bytes(), None)


@pytest.fixture
def forge(api: Api, key):
    """Sign the admin's own claims anew, some of them changed."""
    good = api.tokens("admin")["AccessToken"]
    kid = jwt.get_unverified_header(good)["kid"]
    claims = jwt.decode(good, options={"verify_signature": False})

    def sign(*, by: object = None, algorithm: str = "RS256", kid: str = kid, **changes: object) -> str:
        body = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return jwt.encode(body, by or key, algorithm=algorithm, headers={"kid": kid})

    return sign


def refused(api: Api, token: str) -> None:
    answer = api.call("GET", "/me", token=token)
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json"), answer.text
    assert answer.json()["detail"] == "Sign in: there is no valid access token."  # and not why


def test_a_token_of_ours_gets_through(api, forge):
    assert api.call("GET", "/me", role="admin").status_code == 200
    assert api.call("GET", "/me", token=forge()).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exp": int(time.time()) - 60}, id="expired"),
        pytest.param({"nbf": int(time.time()) + 600}, id="not yet valid"),
        pytest.param({"exp": None}, id="without an end"),
        pytest.param({"client_id": "another"}, id="of another client"),
        pytest.param({"iss": "https://cognito-idp.eu-west-2.amazonaws.com/eu-west-2_other"}, id="of another issuer"),
        pytest.param({"token_use": "id"}, id="for another use"),
        pytest.param({"kid": "unknown"}, id="by an unknown key"),
        pytest.param({"by": rsa.generate_private_key(65537, 2048)}, id="by another's key"),
        pytest.param({"algorithm": "RS512"}, id="in another way"),
    ],
)
def test_a_signed_token_is_refused_if_it_is(api, forge, changes):
    refused(api, forge(**changes))


def test_a_token_that_is_tampered_with_is_refused(api):
    head, body, mark = api.tokens("viewer")["AccessToken"].split(".")
    admin = api.tokens("admin")["AccessToken"].split(".")[1]
    for token in (f"{head}.{admin}.{mark}", f"{head}.{body}.{mark[:-4]}AAAA", f"{head}.{body}.", f"{head}.{body}"):
        refused(api, token)


def test_a_token_that_is_not_signed_or_by_the_public_key_is_refused(api, key):
    head, body, _ = api.tokens("admin")["AccessToken"].split(".")
    kid = json.loads(base64.urlsafe_b64decode(head + "=="))["kid"]
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for algorithm in ("none", "None", "NONE", "HS256", "RS256"):
        header = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": kid}).encode()).decode().rstrip("=")
        text = f"{header}.{body}"
        mark = base64.urlsafe_b64encode(hmac.new(pem, text.encode(), hashlib.sha256).digest()).decode().rstrip("=")
        refused(api, f"{text}.{mark}")
        if algorithm != "RS256":
            refused(api, f"{text}.")


def test_an_id_token_is_no_access_token(api):
    refused(api, api.tokens("admin")["IdToken"])
    refused(api, api.tokens("admin")["RefreshToken"])


def test_a_token_of_another_pool_or_another_client_is_refused(api):
    """The other pool even has a user of the same name."""
    cognito, admin = boto3.client("cognito-idp"), api.people["admin"]
    other = cognito.create_user_pool(PoolName="other")["UserPool"]["Id"]
    flows = {"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}
    client = cognito.create_user_pool_client(UserPoolId=other, ClientName="web", **flows)["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=other, Username=admin.user_id)
    cognito.admin_set_user_password(UserPoolId=other, Username=admin.user_id, Password=PASSWORD, Permanent=True)
    refused(api, sign_in(other, client, admin.user_id, PASSWORD)["AccessToken"])
    cognito.delete_user_pool(UserPoolId=other)

    ours = api.outputs["user_pool_id"]
    second = cognito.create_user_pool_client(UserPoolId=ours, ClientName="second", **flows)["UserPoolClient"][
        "ClientId"
    ]
    refused(api, sign_in(ours, second, admin.email, admin.password)["AccessToken"])
    cognito.delete_user_pool_client(UserPoolId=ours, ClientId=second)


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Basic YWRtaW46YWRtaW4=", "Bearer garbage", "Bearer a.b.c", "Bearer " + "x" * 9000],
)
def test_without_a_token_nobody_gets_through(api, header):
    answer = api.call("GET", "/users", headers={} if header is None else {"Authorization": header})
    assert answer.status_code == 401


def test_a_token_in_the_address_is_no_token(api):
    token = api.tokens("admin")["AccessToken"]
    for params in ({"Authorization": f"Bearer {token}"}, {"access_token": token}, {"token": token}):
        assert api.call("GET", "/me", params=params).status_code == 401


@pytest.mark.parametrize("way", ["disable", "delete"])
def test_whoever_is_locked_out_is_so_from_the_next_request_on_and_can_come_back(api, way):
    person, token = newcomer(api, "analyst")
    assert api.call("GET", "/me", token=token).status_code == 200
    change(api, person, way)
    assert api.call("GET", "/me", token=token).status_code == 403

    change(api, person, {"disable": "enable", "delete": "restore"}[way])
    assert api.call("GET", "/me", token=token).status_code == 200


def test_whoever_is_demoted_is_so_from_the_next_request_on(api):
    person, token = newcomer(api, "admin")
    assert api.call("GET", "/users", token=token).status_code == 200
    change(api, person, role="viewer", venues=[2])
    assert api.call("GET", "/users", token=token).status_code == 403
    assert api.call("GET", "/me", token=token).json()["venues"] == [2]


def test_an_account_without_a_record_learns_no_more_than_a_disabled_one(api):
    cognito, pool = boto3.client("cognito-idp"), api.outputs["user_pool_id"]
    cognito.admin_create_user(UserPoolId=pool, Username="mallory")
    cognito.admin_set_user_password(UserPoolId=pool, Username="mallory", Password=PASSWORD, Permanent=True)
    stranger = sign_in(pool, api.outputs["user_pool_client_id"], "mallory", PASSWORD)["AccessToken"]
    person, token = newcomer(api)
    change(api, person, "disable")

    answers = [api.call("GET", "/me", token=each) for each in (stranger, token)]
    assert [answer.status_code for answer in answers] == [403, 403]
    first, second = ({**answer.json(), "instance": ""} for answer in answers)
    assert first == second
    cognito.admin_delete_user(UserPoolId=pool, Username="mallory")


def test_a_record_that_allows_nothing_lets_nobody_through(api):
    person, token = newcomer(api, "manager")
    table = boto3.resource("dynamodb").Table(api.outputs["users_table"])
    for name, value in (("role", "root"), ("role", "manager"), ("venues", []), ("venues", None)):
        table.update_item(
            Key={"pk": f"user#{person.user_id}", "sk": "profile"},
            UpdateExpression="SET #n = :v",
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":v": value},
        )
        expected = 200 if (name, value) == ("role", "manager") else 403
        assert api.call("GET", "/me", token=token).status_code == expected, (name, value)


NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("role", ["analyst", "manager", "viewer"])
def test_the_routes_of_administrators_are_theirs_alone_and_tell_others_nothing(api, role):
    somebody = api.people["admin"].user_id
    wish = {"email": "x@quayside.example", "display_name": "X", "role": "admin"}
    answers = {}
    for user_id in (somebody, NOBODY):
        routes = [
            ("GET", "/users", None),
            ("POST", "/users", wish),
            ("GET", f"/users/{user_id}", None),
            ("PATCH", f"/users/{user_id}", {"role": "viewer", "venues": [1]}),
            ("DELETE", f"/users/{user_id}", None),
            *[
                ("POST", f"/users/{user_id}/{way}", None)
                for way in ("disable", "enable", "restore", "resend-invitation")
            ],
            ("GET", f"/users/{user_id}/audit", None),
            ("GET", "/audit", None),
        ]
        for method, path, body in routes:
            options = {"json": body} if body else {}
            answer = api.call(method, path, role=role, headers={"If-Match": '"1"', "X-Request-Id": "r"}, **options)
            assert answer.status_code == 403, (method, path)
            answers.setdefault((method, path.replace(user_id, "")), set()).add(answer.text)

    assert {len(texts) for texts in answers.values()} == {1}  # alike for who is there and who is not


def test_nobody_gives_themselves_a_role(api):
    _, token = newcomer(api, "viewer")
    etag = api.call("GET", "/me", token=token).headers["ETag"]
    for body in (
        {"role": "admin"},
        {"venues": [1, 2]},
        {"display_name": "X", "role": "admin"},
        {"email": "a@b.example"},
    ):
        answer = api.call("PATCH", "/me", token=token, headers={"If-Match": etag}, json=body)
        assert answer.status_code == 400
    assert api.call("GET", "/me", token=token).json()["role"] == "viewer"

    # Nor by headers that look like the authorizer's word, nor by Cognito's own API.
    spoofed = {"role": "admin", "X-Role": "admin", "venues": "*", "X-Amzn-Authorizer-Role": "admin"}
    assert api.call("GET", "/users", token=token, headers=spoofed).status_code == 403

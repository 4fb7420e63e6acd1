"""User pools as a web app meets them: sign-in by SRP, the first password, refresh, a forgotten password, from a browser."""

import json
import re
import urllib.error
import urllib.request
import uuid

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.srp import sign_in

PASSWORD, CHANGED = "Temporary-horse-42", "Lasting-horse-42"


class Pool:
    """A pool as the platform's is, and one user who is invited."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint, self.client = endpoint, boto3.client("cognito-idp")
        self.id = self.client.create_user_pool(
            PoolName=f"p-{uuid.uuid4().hex[:6]}",
            AliasAttributes=["email"],
            AutoVerifiedAttributes=["email"],
            AdminCreateUserConfig={
                "AllowAdminCreateUserOnly": True,
                "InviteMessageTemplate": {"EmailMessage": "{username} has {####}", "EmailSubject": "Come in"},
            },
            AccountRecoverySetting={"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
        )["UserPool"]["Id"]
        self.web = self.client.create_user_pool_client(
            UserPoolId=self.id,
            ClientName="web",
            ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            PreventUserExistenceErrors="ENABLED",
        )["UserPoolClient"]["ClientId"]
        self.address = f"{uuid.uuid4().hex[:8]}@quayside.example"
        self.client.admin_create_user(
            UserPoolId=self.id,
            Username=str(uuid.uuid4()),
            TemporaryPassword=PASSWORD,
            UserAttributes=[{"Name": "email", "Value": self.address}, {"Name": "email_verified", "Value": "true"}],
        )

    def mails(self) -> list[str]:
        """Return the texts of the mails that the user got, as anybody on this machine can read them."""
        with urllib.request.urlopen(f"{self.endpoint}/_ministack/ses/messages") as response:
            accounts = json.load(response)["messages"].values()
        return [mail["BodyText"] for mails in accounts for mail in mails if mail["To"] == [self.address]]


@pytest.fixture
def pool(aws: str) -> Pool:
    return Pool(aws)


def test_an_invited_user_signs_in_with_the_mailed_password_and_sets_another(pool):
    assert any(PASSWORD in mail for mail in pool.mails())

    tokens = sign_in(pool.id, pool.web, pool.address, PASSWORD, CHANGED)

    assert set(tokens) >= {"AccessToken", "IdToken", "RefreshToken"}
    assert sign_in(pool.id, pool.web, pool.address, CHANGED)["AccessToken"]
    with pytest.raises(ClientError, match="NotAuthorizedException"):
        sign_in(pool.id, pool.web, pool.address, PASSWORD)


def test_a_token_is_refreshed_until_it_is_revoked(pool):
    tokens = sign_in(pool.id, pool.web, pool.address, PASSWORD, CHANGED)
    refresh = {"ClientId": pool.web, "AuthFlow": "REFRESH_TOKEN_AUTH"}
    parameters = {"REFRESH_TOKEN": tokens["RefreshToken"]}

    again = pool.client.initiate_auth(**refresh, AuthParameters=parameters)["AuthenticationResult"]
    assert again["AccessToken"] != tokens["AccessToken"]

    pool.client.revoke_token(Token=tokens["RefreshToken"], ClientId=pool.web)
    with pytest.raises(ClientError, match="NotAuthorizedException"):
        pool.client.initiate_auth(**refresh, AuthParameters=parameters)


def test_a_forgotten_password_is_replaced_by_the_mailed_code(pool):
    sign_in(pool.id, pool.web, pool.address, PASSWORD, CHANGED)
    pool.client.forgot_password(ClientId=pool.web, Username=pool.address)
    [code] = [found[0] for mail in pool.mails() if (found := re.findall(r"verification code is (\d{6})", mail))]

    pool.client.confirm_forgot_password(
        ClientId=pool.web, Username=pool.address, ConfirmationCode=code, Password="Third-horse-42"
    )

    assert sign_in(pool.id, pool.web, pool.address, "Third-horse-42")["AccessToken"]


def test_nobody_learns_from_a_sign_in_whether_an_address_is_known(pool):
    sign_in(pool.id, pool.web, pool.address, PASSWORD, CHANGED)
    refusals = []
    for address in (pool.address, "nobody@quayside.example"):
        with pytest.raises(ClientError) as caught:
            sign_in(pool.id, pool.web, address, "Wrong-horse-42")
        refusals.append(caught.value.response["Error"])
        pool.client.forgot_password(ClientId=pool.web, Username=address)

    assert refusals[0] == refusals[1]


def test_a_password_is_not_taken_where_the_client_allows_srp_alone(pool):
    with pytest.raises(ClientError, match="USER_PASSWORD_AUTH flow not enabled"):
        pool.client.initiate_auth(
            ClientId=pool.web,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": pool.address, "PASSWORD": PASSWORD},
        )


def test_a_browser_may_call_it_from_another_origin(pool):
    headers = {"Content-Type": "application/x-amz-json-1.1", "Origin": "http://127.0.0.1:8070"}
    target = {"X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-amz-target"}

    with urllib.request.urlopen(
        urllib.request.Request(pool.endpoint, headers={**headers, **asked}, method="OPTIONS")
    ) as preflight:
        assert preflight.headers["Access-Control-Allow-Origin"] == "*"
        assert preflight.headers["Access-Control-Allow-Headers"] == "*"
    body = json.dumps({"ClientId": pool.web, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": {}}).encode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(pool.endpoint, body, {**headers, **target}))
    with refused.value as answer:
        assert answer.code == 400
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert json.load(answer)["__type"] == "InvalidParameterException"

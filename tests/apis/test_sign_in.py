"""Signing in is Cognito's own, from the browser: with the pool as Terraform makes it, all ways in and out work."""

import re
import secrets
import urllib.parse

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from tests.support.api import Api
from tests.support.newcomers import PASSWORD, change, newcomer, tokens
from tests.support.srp import sign_in


@pytest.fixture
def cognito():
    """Cognito's client."""
    return boto3.client("cognito-idp")


def mails(aws: str, address: str) -> list[str]:
    """Return the texts that were sent to an address, the newest last."""
    accounts = httpx.get(f"{aws}/_ministack/ses/messages", trust_env=False).json()["messages"]
    sent = [message for messages in accounts.values() for message in messages if message["To"] == [address]]
    return [message["BodyText"] or message["BodyHtml"] for message in sorted(sent, key=lambda each: each["Timestamp"])]


def refusal(call) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call()
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]


def test_an_invitation_leads_to_a_password_of_ones_own(api: Api, aws: str):
    email = f"ana-{secrets.token_hex(4)}@quayside.example"
    wish = {"email": email.upper(), "display_name": "Ana Souza", "role": "manager", "venues": [1]}
    made = api.call("POST", "/users", role="admin", json=wish)
    assert made.status_code == 201, made.text
    user = made.json()
    assert (user["email"], user["state"], made.headers["Location"]) == (email, "invited", f"/users/{user['id']}")

    [mail] = mails(aws, email)
    temporary = re.search(r"temporary password (\S+)\. It is valid", mail)[1]
    pool, client = api.outputs["user_pool_id"], api.outputs["user_pool_client_id"]
    found = sign_in(pool, client, email, temporary, new=PASSWORD)
    me = api.call("GET", "/me", token=found["AccessToken"])
    assert (me.status_code, me.json()["email"], me.json()["venues"]) == (200, email, [1])
    assert api.call("GET", f"/users/{user['id']}", role="admin").json()["state"] == "active"

    assert sign_in(pool, client, email, PASSWORD)["AccessToken"]
    assert refusal(lambda: sign_in(pool, client, email, temporary))[0] == "NotAuthorizedException"


def test_an_invitation_can_be_sent_again(api: Api, aws: str):
    email = f"bea-{secrets.token_hex(4)}@quayside.example"
    wish = {"email": email, "display_name": "Bea", "role": "analyst"}
    user = api.call("POST", "/users", role="admin", json=wish).json()
    again = api.call(
        "POST", f"/users/{user['id']}/resend-invitation", role="admin", headers={"If-Match": f'"{user["version"]}"'}
    )
    assert (again.status_code, again.json()["version"]) == (200, 2)
    assert len(mails(aws, email)) == 2


def test_a_sign_in_lasts_by_its_refresh_token_until_the_user_is_locked_out(api: Api, cognito):
    person, _ = newcomer(api, "analyst")
    held = tokens(api, person)

    def refresh() -> str:
        answer = cognito.initiate_auth(
            ClientId=api.outputs["user_pool_client_id"],
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": held["RefreshToken"]},
        )
        return answer["AuthenticationResult"]["AccessToken"]

    assert api.call("GET", "/me", token=refresh()).status_code == 200
    change(api, person, "disable")
    assert refusal(refresh)[0] == "NotAuthorizedException"
    assert refusal(lambda: tokens(api, person))[0] == "NotAuthorizedException"


def test_a_forgotten_password_is_reset_by_a_code_from_a_mail(api: Api, aws: str, cognito):
    person, _ = newcomer(api, "analyst")
    client = api.outputs["user_pool_client_id"]
    cognito.forgot_password(ClientId=client, Username=person.email)
    code = re.search(r"code is (\d{6})", mails(aws, person.email)[-1])[1]
    wrong = "000000" if code != "000000" else "111111"
    reset = {"ClientId": client, "Username": person.email, "Password": "Another-horse-42"}
    assert (
        refusal(lambda: cognito.confirm_forgot_password(ConfirmationCode=wrong, **reset))[0] == "CodeMismatchException"
    )
    weak = {**reset, "Password": "horse"}
    assert (
        refusal(lambda: cognito.confirm_forgot_password(ConfirmationCode=code, **weak))[0] == "InvalidPasswordException"
    )
    cognito.confirm_forgot_password(ConfirmationCode=code, **reset)

    assert api.call("GET", "/me", token=tokens(api, person, "Another-horse-42")["AccessToken"]).status_code == 200
    assert refusal(lambda: tokens(api, person))[0] == "NotAuthorizedException"


def test_nobody_learns_from_signing_in_who_is_a_user(api: Api, cognito):
    pool, client = api.outputs["user_pool_id"], api.outputs["user_pool_client_id"]
    somebody, nobody = api.people["viewer"].email, "nobody@quayside.example"

    assert refusal(lambda: sign_in(pool, client, somebody, "Wrong-horse-42")) == refusal(
        lambda: sign_in(pool, client, nobody, "Wrong-horse-42")
    )
    stranger = cognito.forgot_password(ClientId=client, Username=nobody)["CodeDeliveryDetails"]
    assert set(stranger) == {"Destination", "DeliveryMedium", "AttributeName"}
    assert refusal(
        lambda: cognito.confirm_forgot_password(
            ClientId=client, Username=nobody, ConfirmationCode="000000", Password=PASSWORD
        )
    )[0] in ("CodeMismatchException", "ExpiredCodeException")


def test_nobody_signs_up_uninvited_or_sends_a_password_in_the_clear(api: Api, cognito):
    client, person = api.outputs["user_pool_client_id"], api.people["viewer"]
    code, _ = refusal(lambda: cognito.sign_up(ClientId=client, Username="mallory", Password=PASSWORD))
    assert code == "NotAuthorizedException"
    code, _ = refusal(
        lambda: cognito.initiate_auth(
            ClientId=client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": person.email, "PASSWORD": person.password},
        )
    )
    assert code == "InvalidParameterException"


def test_the_mail_says_no_more_than_it_must(api: Api, aws: str):
    email = f"cyd-{secrets.token_hex(4)}@quayside.example"
    wish = {"email": email, "display_name": "Cyd {####} {username}", "role": "analyst"}
    assert api.call("POST", "/users", role="admin", json=wish).status_code == 201
    [mail] = mails(aws, email)
    assert "Cyd" not in urllib.parse.unquote(mail)

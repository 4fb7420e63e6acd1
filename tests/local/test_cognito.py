"""What Cognito refuses, the local Cognito refuses, too."""

import boto3
import pytest
from botocore.exceptions import ClientError

TEMPORARY, OWN = "Temporary-1", "Their-own-1"


@pytest.fixture
def cognito(aws):
    return boto3.client("cognito-idp")


@pytest.fixture
def pool(cognito):
    """A pool whose users are invited, and its client."""
    pool = cognito.create_user_pool(PoolName="p", AdminCreateUserConfig={"AllowAdminCreateUserOnly": True})
    made = cognito.create_user_pool_client(
        UserPoolId=pool["UserPool"]["Id"],
        ClientName="c",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )
    for name in ("ana", "bob"):
        cognito.admin_create_user(UserPoolId=pool["UserPool"]["Id"], Username=name, TemporaryPassword=TEMPORARY)
    return made["UserPoolClient"]["ClientId"]


def challenged(cognito, client: str, name: str) -> str:
    answer = cognito.initiate_auth(
        ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": name, "PASSWORD": TEMPORARY}
    )
    assert answer["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    return answer["Session"]


def respond(cognito, client: str, name: str, session: str, password: str = OWN) -> dict:
    return cognito.respond_to_auth_challenge(
        ClientId=client,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=session,
        ChallengeResponses={"USERNAME": name, "NEW_PASSWORD": password},
    )


def refused(call, code: str) -> None:
    with pytest.raises(ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] == code


def test_nobody_signs_up_where_only_administrators_make_users(cognito, pool):
    refused(lambda: cognito.sign_up(ClientId=pool, Username="mallory", Password=OWN), "NotAuthorizedException")


def test_a_first_password_is_set_by_who_has_shown_the_temporary_one(cognito, pool):
    session = challenged(cognito, pool, "bob")
    for wrong in ("x" * 40, session[::-1]):
        refused(lambda wrong=wrong: respond(cognito, pool, "ana", wrong), "NotAuthorizedException")
    refused(lambda: respond(cognito, pool, "ana", session), "NotAuthorizedException")  # another's challenge

    assert respond(cognito, pool, "bob", session)["AuthenticationResult"]["AccessToken"]
    refused(lambda: respond(cognito, pool, "bob", session), "NotAuthorizedException")  # answered already


def test_a_first_password_obeys_the_policy_and_can_be_tried_again(cognito, pool):
    session = challenged(cognito, pool, "ana")
    refused(lambda: respond(cognito, pool, "ana", session, "short"), "InvalidPasswordException")
    assert respond(cognito, pool, "ana", session)["AuthenticationResult"]["AccessToken"]

"""Tables and pools of users, and who is in them."""

import uuid

import boto3

from quayside.serving.users.forms import Invitation
from quayside.serving.users.record import By, User
from quayside.serving.users.settings import UserSettings
from quayside.serving.users.users import Users

BOOTSTRAP = By("bootstrap", "first")


def new_place() -> UserSettings:
    """Make a table and a pool that nobody else uses, as Terraform makes them."""
    mark = uuid.uuid4().hex[:10]
    names = ("pk", "sk", "list", "rank")
    boto3.client("dynamodb").create_table(
        TableName=f"users-{mark}",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "listing",
                "KeySchema": [
                    {"AttributeName": "list", "KeyType": "HASH"},
                    {"AttributeName": "rank", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    pool = boto3.client("cognito-idp").create_user_pool(
        PoolName=f"users-{mark}",
        AliasAttributes=["email"],
        AutoVerifiedAttributes=["email"],
        AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
    )
    return UserSettings(users_table=f"users-{mark}", user_pool_id=pool["UserPool"]["Id"])


def invite(users: Users, email: str = "", role: str = "viewer", venues: frozenset[int] | None = None) -> User:
    """Invite somebody; a manager or viewer may see venue 1 unless told otherwise."""
    email = email or f"{uuid.uuid4().hex[:8]}@quayside.example"
    if role in ("manager", "viewer"):
        venues = venues or frozenset({1})
    return users.invite(Invitation(email, "Ana Souza", role, venues), BOOTSTRAP)


def admin(users: Users, email: str = "") -> User:
    """Invite an administrator, who signs in."""
    user = invite(users, email, "admin")
    return users.me(user.user_id, By(user.user_id, "sign-in"))

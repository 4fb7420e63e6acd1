"""The accounts in Cognito: what signs people in, and is made to follow the records."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from quayside.errors import Retryable, Terminal
from quayside.serving.users.record import User
from quayside.serving.users.settings import UserSettings
from quayside.settings import aws

INVITED = "FORCE_CHANGE_PASSWORD"  # as Cognito calls who has not yet set a password of their own
ACCEPTED = ("CONFIRMED", "RESET_REQUIRED")
_LATER = ("TooManyRequestsException", "InternalErrorException", "ThrottlingException", "RequestTimeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account.

    :param name: the id of the user whose it is
    :param sub: Cognito's own id
    :param email: empty where it has none that is verified
    """

    name: str
    sub: str
    email: str
    status: str
    enabled: bool


class Directory:
    """The accounts of one user pool.

    Every method raises `Retryable` where Cognito does not answer, `Terminal` where it refuses.
    """

    def __init__(self, pool: str) -> None:
        self._pool = pool

    @classmethod
    def of(cls, settings: UserSettings) -> Self:
        """Return the accounts of an environment."""
        return cls(settings.user_pool_id)

    def find(self, name: str) -> Account | None:
        """Return an account, or None."""
        answer = self._call("admin_get_user", unless="UserNotFoundException", Username=name)
        return _account(answer, answer["UserAttributes"]) if answer else None

    def all(self) -> Iterator[Account]:
        """Return every account."""
        try:
            for page in aws("cognito-idp").get_paginator("list_users").paginate(UserPoolId=self._pool):
                yield from (_account(user, user["Attributes"]) for user in page["Users"])
        except (ClientError, BotoCoreError) as error:
            raise _failure("list_users", error) from error

    def invite(self, user: User) -> None:
        """Make a user's account, of which Cognito tells them by mail; nothing happens where it is there."""
        self._call(
            "admin_create_user",
            unless="UsernameExistsException",
            Username=user.user_id,
            UserAttributes=_attributes(user),
            DesiredDeliveryMediums=["EMAIL"],
            ForceAliasCreation=True,  # the address is theirs, whoever has made an account with it
        )

    def invite_again(self, user: User) -> None:
        """Send the invitation once more; nothing happens where it has been accepted."""
        self._call(
            "admin_create_user",
            unless="UnsupportedUserStateException",
            Username=user.user_id,
            MessageAction="RESEND",
            DesiredDeliveryMediums=["EMAIL"],
        )

    def enable(self, name: str, *, enabled: bool) -> None:
        """Let an account sign in, or no longer; its tokens end with it."""
        self._call("admin_enable_user" if enabled else "admin_disable_user", Username=name)

    def address(self, user: User) -> None:
        """Give an account the address of its user."""
        self._call("admin_update_user_attributes", Username=user.user_id, UserAttributes=_attributes(user))

    def _call(self, action: str, *, unless: str = "", **given: Any) -> dict[str, Any] | None:
        """Return what Cognito answers; None where it says ``unless``."""
        try:
            return dict(getattr(aws("cognito-idp"), action)(UserPoolId=self._pool, **given))
        except ClientError as error:
            if error.response["Error"]["Code"] == unless:
                return None
            raise _failure(action, error) from error
        except BotoCoreError as error:
            raise _failure(action, error) from error


def _attributes(user: User) -> list[dict[str, str]]:
    return [{"Name": "email", "Value": user.email}, {"Name": "email_verified", "Value": "true"}]


def _account(answer: Mapping[str, Any], attributes: list[dict[str, str]]) -> Account:
    values = {each["Name"]: each["Value"] for each in attributes}
    return Account(
        name=answer["Username"],
        sub=values.get("sub", ""),
        email=values.get("email", "") if values.get("email_verified") == "true" else "",
        status=answer["UserStatus"],
        enabled=answer["Enabled"],
    )


def _failure(action: str, error: Exception) -> Retryable | Terminal:
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        if status < 500 and error.response["Error"]["Code"] not in _LATER:
            return Terminal(f"Cognito refused {action}: {error}. Apply Terraform, or correct the user's record.")
    return Retryable(f"Cognito did not answer {action}: {error}")

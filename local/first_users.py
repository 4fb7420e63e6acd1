"""Make users who need no invitation, with passwords of their own. Run in the Airflow environment.

usage: python -m local.first_users < [{"email": …, "role": …, "venues": [1] | null, "password": …}]

Who is there already, and has signed in, stays as they are.
"""

import json
import sys
from typing import Any

from quayside.serving.users.forms import Invitation
from quayside.serving.users.record import By
from quayside.serving.users.settings import UserSettings
from quayside.serving.users.users import Users
from quayside.settings import aws

BY = By(actor="make-up", request_id="make-up")


def provide(users: Users, pool: str, person: dict[str, Any]) -> None:
    """Make one user, unless there is one with this address who has signed in."""
    role, venues = person["role"], person["venues"]
    form = Invitation(person["email"], role.title(), role, None if venues is None else frozenset(venues))
    user = users.store.by_address(form.email) or users.invite(form, BY)
    if not user.accepted_at:
        password = {"Password": person["password"], "Permanent": True}
        aws("cognito-idp").admin_set_user_password(UserPoolId=pool, Username=user.user_id, **password)
        users.me(user.user_id, BY)


def main() -> None:
    """Make those that are asked for."""
    settings = UserSettings.from_environment()
    users = Users.of(settings)
    for person in json.load(sys.stdin):
        provide(users, settings.user_pool_id, person)


if __name__ == "__main__":
    main()

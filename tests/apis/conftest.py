"""The API over HTTP, on the local AWS of the test session: what Terraform declares, with real users and their tokens."""

import pytest

from local.first_users import provide
from local.people import VENUES, address
from quayside.serving.users.settings import UserSettings
from quayside.serving.users.users import Users
from tests.support.api import Api, Person
from tests.support.platform import Platform

ROLES = ("admin", "analyst", "manager", "viewer")
PASSWORD = "Correct-horse-42"


@pytest.fixture(scope="session")
def api(platform: Platform) -> Api:
    """The API, and a first user of each role."""
    pool, table = platform.outputs["user_pool_id"], platform.outputs["users_table"]
    users = Users.of(UserSettings(users_table=table, user_pool_id=pool))
    people = {}
    for role in ROLES:
        person = {"email": address(role), "role": role, "venues": VENUES.get(role), "password": PASSWORD}
        provide(users, pool, person)
        made = users.store.by_address(address(role))
        assert made is not None
        people[role] = Person(made.email, PASSWORD, role, made.user_id)
    return Api(platform.outputs, people)

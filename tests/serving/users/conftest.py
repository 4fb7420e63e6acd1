"""Users of a test's own."""

import pytest

from quayside.serving.users.settings import UserSettings
from quayside.serving.users.users import Users
from tests.support.people import new_place


@pytest.fixture
def place(aws: str) -> UserSettings:
    """A table and a pool that are empty."""
    return new_place()


@pytest.fixture
def users(place: UserSettings) -> Users:
    """No users yet."""
    return Users.of(place)

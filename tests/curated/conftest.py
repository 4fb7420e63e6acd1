"""What the tests of the curated stage share."""

import pytest

from quayside.settings import Settings
from tests.curated.support import World


@pytest.fixture
def world(settings: Settings) -> World:
    """Some of Totesys' datasets and stars, nothing landed yet."""
    return World(settings)

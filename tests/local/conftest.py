"""What the tests of the local AWS share."""

import pytest

from quayside.settings import Settings
from tests.support.athena import Athena


@pytest.fixture
def athena(settings: Settings) -> Athena:
    """A lake, a catalog database and the queries of one test."""
    return Athena(settings)

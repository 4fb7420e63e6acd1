"""The bundle of this checkout, built once."""

from pathlib import Path

import pytest

from local import bundle
from tests.bundle.mwaa import Home, unpack
from tests.support import airflow

airflow.use()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle as `make bundle` makes it."""
    target = tmp_path_factory.mktemp("dist") / "mwaa"
    bundle.build(airflow.ROOT, target, {})
    return target


@pytest.fixture(scope="session")
def home(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The bundle unpacked into an empty Airflow home."""
    return unpack(built, tmp_path_factory.mktemp("home"))

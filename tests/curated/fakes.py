"""Stars that only note what was to be derived for them."""

import sys
from types import ModuleType

import pytest


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> list:
    """What was to be derived: changes and inputs of each call."""
    calls: list = []
    module = ModuleType("quayside.curated.stars")
    module.derive_stars = lambda changes, inputs, stars, run: calls.append((dict(changes), inputs)) or []
    monkeypatch.setitem(sys.modules, "quayside.curated.stars", module)
    return calls

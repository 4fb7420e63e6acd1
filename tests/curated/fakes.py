"""Stars that only note what was to be derived for them."""

from typing import Any

import pytest

from quayside.curated import publish


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> list:
    """What was to be derived: changes and inputs of each call."""
    calls: list = []

    def note(changes: Any, inputs: Any, stars: Any, run: Any) -> list:
        calls.append((dict(changes), inputs))
        return []

    monkeypatch.setattr(publish, "derive_stars", note)
    return calls

"""Who asks: denied unless it is said what they may see."""

import pytest

from quayside.serving.access import ROLES, Access, Forbidden


@pytest.mark.parametrize(
    ("role", "venues"),
    [
        ("owner", None),
        ("", None),
        ("Admin", None),
        ("manager", None),
        ("viewer", None),
        ("manager", frozenset()),
        ("admin", frozenset()),
        ("viewer", frozenset({"1"})),
        ("viewer", frozenset({True})),
    ],
)
def test_what_allows_nothing_cannot_be_made(role: str, venues: frozenset[int] | None):
    with pytest.raises(Forbidden):
        Access(role=role, venues=venues)


@pytest.mark.parametrize("role", ROLES)
def test_the_context_brings_it_back(role: str):
    for venues in (None, frozenset({1}), frozenset({1, 22})):
        if venues is None and role in ("manager", "viewer"):
            continue
        access = Access(role=role, venues=venues)
        assert Access.from_context(access.to_context()) == access
        assert all(isinstance(value, str) for value in access.to_context().values())
    assert access.masked == (role in ("analyst", "viewer"))


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"role": "admin"},
        {"venues": "*"},
        {"role": "manager", "venues": "*"},
        {"role": "manager", "venues": ""},
        {"role": "manager", "venues": "1,"},
        {"role": "manager", "venues": "1 or 1=1"},
        {"role": "manager", "venues": "¹"},
        {"role": "manager", "venues": "-1"},
        {"role": "manager", "venues": ["1"]},
        {"role": None, "venues": "1"},
    ],
)
def test_a_context_that_says_less_is_refused(context: dict[str, object]):
    with pytest.raises(Forbidden):
        Access.from_context(context)


def test_a_context_cannot_unmask():
    assert Access.from_context({"role": "viewer", "venues": "1", "masked": "false"}).masked

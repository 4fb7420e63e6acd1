"""What callers send is read strictly, as openapi.yaml describes it, and each fault is named."""

import json
from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from quayside.serving.http import BadRequest
from quayside.serving.users import forms
from tests.conftest import ROOT

GOOD = {"email": "ana@quayside.example", "display_name": "Ana Souza", "role": "viewer", "venues": [1]}


def faults(read, body) -> dict[str, str]:
    with pytest.raises(BadRequest) as refused:
        read(body if isinstance(body, str) else json.dumps(body))
    return {error.pointer: error.detail for error in refused.value.errors}


def test_the_api_document_has_the_very_patterns_that_are_read_by():
    schemas = yaml.safe_load((ROOT / "api_lambdas" / "openapi.yaml").read_text())["components"]["schemas"]

    assert schemas["Email"]["pattern"] == forms.EMAIL
    assert schemas["DisplayName"]["pattern"] == forms.DISPLAY_NAME
    assert schemas["Locale"]["pattern"] == forms.LOCALE
    assert schemas["Theme"]["enum"] == list(forms.THEMES)
    assert schemas["RoleName"]["enum"] == list(forms.ROLES)
    assert schemas["VenueIds"]["maxItems"] == forms.MOST_VENUES


def test_an_address_is_kept_in_small_letters():
    assert forms.invitation(json.dumps({**GOOD, "email": "Ana@Quayside.EXAMPLE"})).email == "ana@quayside.example"


def test_every_fault_is_named_at_once():
    found = faults(forms.invitation, {"email": "ana", "role": "root", "venues": ["1"], "sub": "x", "a/b~c": 1})

    assert set(found) == {"#/email", "#/display_name", "#/role", "#/venues", "#/sub", "#/a~1b~0c"}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "ana@quayside.example\n"}, "#/email"),
        ({"email": "ana@quayside.example\x00"}, "#/email"),
        ({"email": "' or 1=1 --@quayside.example"}, "#/email"),
        ({"email": ["ana@quayside.example"]}, "#/email"),
        ({"email": {"S": "ana@quayside.example"}}, "#/email"),
        ({"email": "a" * 65 + "@quayside.example"}, "#/email"),
        ({"display_name": "<script>alert(1)</script>"}, "#/display_name"),
        ({"display_name": "Ana\r\nBcc: all@quayside.example"}, "#/display_name"),
        ({"display_name": " "}, "#/display_name"),
        ({"display_name": "\ud800"}, "#/display_name"),
        ({"display_name": "a" * 101}, "#/display_name"),
        ({"display_name": None}, "#/display_name"),
        ({"role": "Admin"}, "#/role"),
        ({"role": "admin "}, "#/role"),
        ({"role": ["admin"]}, "#/role"),
        ({"venues": [True]}, "#/venues"),
        ({"venues": [1.0]}, "#/venues"),
        ({"venues": [1, 1]}, "#/venues"),
        ({"venues": [99]}, "#/venues"),
        ({"venues": [10**40]}, "#/venues"),
        ({"venues": []}, "#/venues"),
        ({"venues": None}, "#/venues"),
        ({"venues": "*"}, "#/venues"),
        ({"role": "admin"}, "#/venues"),
    ],
)
def test_what_is_not_as_described_is_refused(change, pointer):
    assert list(faults(forms.invitation, {**GOOD, **change})) == [pointer]


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "{}", '"x"', "[" * 100_000, "{" + '"a":{' * 10_000])
def test_what_is_no_object_is_refused(body):
    assert list(faults(forms.change, body)) == ["#"]


def test_nobody_changes_their_own_role():
    assert list(faults(forms.profile, {"role": "admin"})) == ["#/role"]


@given(
    body=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.text() | st.sampled_from(list(GOOD)), each),
    )
)
def test_anything_is_read_or_refused(body):
    with suppress(BadRequest):
        forms.invitation(json.dumps(body))

"""The vendors beside the platform: started once, the same hotels after a restart, answering to their secrets."""

import json
import urllib.error
import urllib.request

import pytest

from local import vendors
from local.layout import Layout
from local.processes import free_port
from local.settings import Settings
from tests.conftest import ROOT
from tests.support.aws import PLATFORM


@pytest.fixture
def layout(tmp_path):
    made = Layout(ROOT, tmp_path, PLATFORM.parent)
    yield made
    vendors.stop(made)


@pytest.fixture
def settings(layout):
    # A port that no other test is on, whatever else this machine runs at the usual one.
    (layout.state / "settings.json").write_text(json.dumps({"ports": {"vendors": free_port()}}))
    made = Settings(layout.state / "settings.json")
    made.complete()
    return made


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
        return json.load(answer)


def test_vendors_answer_who_knows_their_secret_and_are_the_same_after_a_restart(layout, settings):
    vendors.start(layout, settings, "demo")
    vendors.start(layout, settings, "demo")
    secret = vendors.secrets(settings)["quayside/source/swiftpos"]
    names = {"ClerkId": "clerk_id", "ClientId": "client_id", "CustomerId": "customer_id",
             "Signature": "signature", "Identity": "identity"}  # fmt: skip
    body = json.dumps({theirs: secret[ours] for theirs, ours in names.items()}).encode()
    request = urllib.request.Request(f"{secret['url']}/api/Authorisation", data=body)
    with urllib.request.urlopen(request, timeout=20) as answer:
        token = json.load(answer)["AuthorizationToken"]
    products = get(f"{secret['url']}/api/Product", AuthorizationToken=token)

    assert len(products) > 100
    assert vendors.stop(layout) == ["vendors"]
    assert not vendors.healthy(settings)

    vendors.start(layout, settings, "empty")  # the seed is of the first start
    again = vendors.secrets(settings)["quayside/source/swiftpos"]
    assert again["begins"] == secret["begins"]
    assert again["signature"] == secret["signature"]
    with pytest.raises(urllib.error.HTTPError, match="401"):
        get(f"{again['url']}/api/Product", AuthorizationToken=token)


def test_without_an_inbox_no_files_are_dropped(layout, settings):
    assert "not dropped" in vendors.drop_files(layout, settings, {})

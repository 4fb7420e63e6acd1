"""A run that lands hotels is killed, and tried again: the same records as if nothing had happened."""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from tests.conftest import ROOT
from tests.landing.hotels import READING, Hotels

SALE, MEMBER = "swiftpos.sale", "swiftpos.member_transaction"


def kill(hotels: Hotels, point: str, what: str) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "include"), str(ROOT)]),
        "QUAYSIDE_INBOX_BUCKET": hotels.settings.inbox_bucket,
        "SECRETS": json.dumps({"swiftpos": hotels.vendors.secret("swiftpos")}),
        "NOW": hotels.now.isoformat(),
    }
    command = [sys.executable, "-m", "tests.landing.killed_feed", point, what]
    done = subprocess.run(command, env=environment, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("point", ["in a file", "after the manifest"])
def test_a_feed_killed_anywhere_is_made_good_by_the_next_try(hotels: Hotels, point: str) -> None:
    kill(hotels, point, "feed")
    hotels.land(SALE, MEMBER)
    posted = [
        (venue.id, posting.sale_id)
        for venue in hotels.world.venues
        for posting in hotels.world.posted(
            venue, hotels.vendors.clock.now() - timedelta(days=9), hotels.vendors.clock.now()
        )
    ]

    landed = [(of["Id"], sale["Id"]) for of, sale in hotels.records(SALE)]
    assert sorted(set(landed)) == sorted(set(posted))
    [first, *again] = hotels.manifests(SALE)
    assert first.rows == len(posted), "none twice"
    assert all(manifest.since == first.until - timedelta(minutes=5) for manifest in again)
    assert {record["Id"] for _, record in hotels.records(MEMBER)} == {
        each["Id"] for each in hotels.world.member_transactions(hotels.vendors.clock.now())
    }
    assert hotels.left_over() == set()


@pytest.mark.parametrize("point", ["after the files", "after the ledger", "amid the notes"])
def test_files_killed_anywhere_are_landed_once_each(hotels: Hotels, point: str) -> None:
    now = hotels.vendors.clock.now()
    count = hotels.vendors.drop(hotels.drop, now - timedelta(hours=4), now, vices=False)
    kill(hotels, point, "files")
    hotels.land_files()

    records = [tuple(record.values()) for _, record in hotels.records(READING)]
    assert len(records) == len(set(records)) == count > 10
    assert hotels.arrived() == []
    assert hotels.land_files()[0].batch is None
    assert hotels.ledger.notes(READING, "journal#") == []
    assert len(hotels.ledger.notes(READING, "content#")) == count
    assert hotels.left_over() == set()

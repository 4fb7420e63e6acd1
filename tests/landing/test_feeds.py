"""What an API showed is landed, all of it and as it was, whatever happens in between."""

import json
import logging
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest
from tenacity import wait_none

from local.sources.hospitality.faults import Fault
from quayside.errors import Retryable, Terminal
from quayside.landing import feeds, records
from quayside.sources import http
from quayside.sources.swiftpos import SwiftPos
from tests.landing.hotels import Hotels

DAY = timedelta(days=1)
SALE, MEMBER, PRODUCT = "swiftpos.sale", "swiftpos.member_transaction", "swiftpos.product"
TIMESHEET, ROSTER = "humanforce.timesheet", "humanforce.roster_item"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up at once what would otherwise be waited for."""
    monkeypatch.setattr(http, "PATIENCE", 1.0)
    monkeypatch.setattr(http, "PAUSES", wait_none())


def whole(hotels: Hotels) -> None:
    """Everything that the vendors know by now has been landed; of several versions the newest counts."""
    now = hotels.vendors.clock.now()
    truth = {(sale["Venue"]["Id"], sale["Id"]): sale for sale in hotels.world.sales(now)}
    assert same(hotels.last(SALE, "of.Id", "Id"), {key: {**sale} for key, sale in truth.items()}, but="Venue")
    assert same(hotels.last(MEMBER, "Id"), {(each["Id"],): each for each in hotels.world.member_transactions(now)})
    for dataset, truth in ((TIMESHEET, hotels.world.timesheets(now)), (ROSTER, hotels.world.roster_items(now))):
        assert same(hotels.last(dataset, "GuidKey"), {(each["GuidKey"],): each for each in truth})


def same(found: dict[Any, Any], truth: dict[Any, Any], but: str = "") -> bool:
    assert truth
    assert found.keys() == truth.keys()
    plain = json.loads(json.dumps(list(truth.values()), default=float))
    return all(
        found[key] == {k: v for k, v in each.items() if k != but} for key, each in zip(truth, plain, strict=True)
    )


def land_all(hotels: Hotels) -> None:
    hotels.land(SALE, MEMBER, PRODUCT)
    hotels.land(TIMESHEET, ROSTER)


def test_all_that_the_vendors_show_is_landed(hotels: Hotels) -> None:
    land_all(hotels)

    whole(hotels)
    [products] = hotels.manifests(PRODUCT)
    assert products.rows == len(list(hotels.world.products(hotels.vendors.clock.now())))


def test_a_record_is_landed_as_the_vendor_wrote_it(hotels: Hotels) -> None:
    [landed] = hotels.land(TIMESHEET)
    secret = hotels.vendors.secret("humanforce")
    window = {"dateMin": "2026-02-28", "dateMax": "2026-03-08", "usePayDate": "true"}
    answer = httpx.get(f"{secret['url']}/api/1.0/timesheets", params=window, auth=(secret["key"], secret["secret"]))

    texts = [line.split(b'"record":', 1)[1].removesuffix(b"}\n") for line in hotels.lines(TIMESHEET)]
    assert answer.content == b"[" + b",".join(texts) + b"]"
    assert [json.loads(line)["row"] for line in hotels.lines(TIMESHEET)] == list(range(landed.rows))


def test_the_manifest_says_what_was_asked_for_and_what_is_there(
    hotels: Hotels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "ROLL", 20_000)
    [landed] = hotels.land(SALE)
    [manifest] = hotels.manifests(SALE)

    assert (manifest.kind, manifest.since, manifest.until) == ("window", datetime(2026, 2, 28), hotels.now)
    assert manifest.snapshot_at == hotels.now
    assert manifest.schema_version == "1.0.0"
    assert len(manifest.files) > 2
    assert [file.key[-17:] for file in manifest.files[:2]] == ["part-0000.json.gz", "part-0001.json.gz"]
    assert sum(file.rows for file in manifest.files) == manifest.rows == landed.rows == len(list(hotels.lines(SALE)))
    assert hotels.ledger.position(SALE).cursor == hotels.now
    assert [entry.batch for entry in hotels.ledger.pending(SALE, "gate")] == [landed.batch]


def test_a_window_begins_where_the_last_ended_less_what_clocks_may_differ_by(hotels: Hotels) -> None:
    start = hotels.now
    for minutes in (0, 15, 30, 37):
        hotels.at(start + timedelta(minutes=minutes))
        hotels.land(SALE, MEMBER)

    edges = [(manifest.since, manifest.until) for manifest in hotels.manifests(SALE)]
    assert edges[0] == (datetime(2026, 2, 28), start)
    for (_, before), (since, _) in pairwise(edges):
        assert since == before - timedelta(minutes=5)
    assert hotels.ledger.position(SALE).cursor == hotels.now


@pytest.mark.parametrize("source", ["swiftpos", "humanforce"])
def test_an_outage_of_a_week_loses_nothing(hotels: Hotels, source: str) -> None:
    land_all(hotels)
    before = {name: hotels.ledger.position(name) for name in (SALE, MEMBER, TIMESHEET, ROSTER)}
    hotels.vendors.outage(source, True)
    for _ in range(2):
        hotels.at(hotels.now + timedelta(days=3.5, hours=1))
        with pytest.raises(Retryable, match="503"):
            land_all(hotels)
    assert {name: hotels.ledger.position(name) for name in before if name.startswith(source)} == {
        name: position for name, position in before.items() if name.startswith(source)
    }
    hotels.vendors.outage(source, False)
    land_all(hotels)

    whole(hotels)


def test_edits_of_the_last_14_days_reach_the_lake(hotels: Hotels) -> None:
    for _ in range(3):
        hotels.at(hotels.now + timedelta(days=9.5))
        hotels.land(TIMESHEET)

    now = hotels.vendors.clock.now()
    assert same(hotels.last(TIMESHEET, "GuidKey"), {(each["GuidKey"],): each for each in hotels.world.timesheets(now)})
    since = [manifest.since for manifest in hotels.manifests(TIMESHEET)]
    assert since[-1] == datetime(2026, 3, 26, 9) - timedelta(days=15, hours=9), "a day more than 14 before the cursor"


def test_a_long_time_is_made_up_for_in_slices_and_a_failure_repeats_only_its_own(
    hotels: Hotels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "LONGEST", 3 * DAY)
    asked = hotels.vendors.faults["swiftpos"]
    asked.add(Fault(times=5))  # go well
    asked.add(Fault(status=400))
    with pytest.raises(Terminal, match="asked to go wrong"):
        hotels.land(SALE)
    [first] = hotels.manifests(SALE)
    assert (first.since, first.until) == (datetime(2026, 2, 28), datetime(2026, 3, 3))
    assert hotels.ledger.position(SALE).cursor == first.until

    before = asked.requests
    hotels.land(SALE)
    assert asked.requests - before == 1 + 5, "a token, then each day from where the first slice ended"
    assert [manifest.until for manifest in hotels.manifests(SALE)] == [
        datetime(2026, 3, 3), datetime(2026, 3, 5, 23, 55), hotels.now
    ]  # fmt: skip
    hotels.land(MEMBER)
    hotels.land(TIMESHEET, ROSTER)
    whole(hotels)


def test_a_customer_whom_the_vendor_does_not_know_as_a_member_stops_nothing(
    hotels: Hotels, caplog: pytest.LogCaptureFixture
) -> None:
    hotels.land(SALE)
    hotels.vendors.faults["swiftpos"].add(Fault())
    hotels.vendors.faults["swiftpos"].add(Fault(status=404, times=2))
    with caplog.at_level(logging.WARNING, "quayside"):
        [landed] = hotels.land(MEMBER)

    truth = {(each["Id"],) for each in hotels.world.member_transactions(hotels.vendors.clock.now())}
    assert 0 < len(hotels.last(MEMBER, "Id")) < len(truth)
    assert "knows no member 1" in caplog.text
    assert landed.batch


def test_members_whose_turn_did_not_come_are_asked_for_by_the_next_run(hotels: Hotels) -> None:
    for _ in range(3):
        hotels.at(hotels.now + DAY)
        hotels.vendors.faults["swiftpos"].clear()
        hotels.vendors.faults["swiftpos"].add(Fault(times=5 if hotels.manifests(SALE) else 14))
        hotels.vendors.faults["swiftpos"].add(Fault(status=400))
        with pytest.raises(Terminal):
            hotels.land(SALE, MEMBER)
    assert (len(hotels.manifests(SALE)), len(hotels.manifests(MEMBER))) == (3, 0)
    hotels.vendors.faults["swiftpos"].clear()
    hotels.land(SALE, MEMBER)
    land_all(hotels)

    whole(hotels)
    sales = [manifest.batch for manifest in hotels.manifests(SALE)]
    assert [manifest.inputs for manifest in hotels.manifests(MEMBER)] == [(batch,) for batch in sales[:3]]
    assert hotels.ledger.position(MEMBER).source == sales[-1]


def test_an_unchanged_product_list_is_landed_once(hotels: Hotels) -> None:
    batches = []
    for hours in (0, 0.1, 0.9, 24):
        hotels.at(datetime(2026, 3, 9, 18) + timedelta(hours=hours))  # 5 in the morning: nobody buys anything
        batches.append(hotels.land(PRODUCT)[0].batch)
        assert hotels.ledger.position(PRODUCT).cursor == hotels.now

    assert batches[1] is batches[2] is None
    assert [entry.batch for entry in hotels.ledger.batches(PRODUCT)] == [batches[0], batches[3]]


def test_a_window_in_which_nothing_happened_makes_no_batch(hotels: Hotels) -> None:
    hotels.at(datetime(2026, 3, 6, 19))
    hotels.land(SALE)
    hotels.at(datetime(2026, 3, 6, 19, 30))
    [landed] = hotels.land(SALE)

    assert (landed.batch, len(hotels.manifests(SALE))) == (None, 1)
    assert hotels.ledger.position(SALE).cursor == hotels.now


def test_the_same_window_again_changes_nothing_that_counts(hotels: Hotels) -> None:
    for _ in range(3):
        land_all(hotels)

    whole(hotels)
    assert len(hotels.manifests(SALE)) <= 3
    assert hotels.ledger.position(SALE).cursor == hotels.now


def test_a_clock_that_goes_back_does_not_take_the_cursor_along(hotels: Hotels) -> None:
    land_all(hotels)
    cursors = {name: hotels.ledger.position(name).cursor for name in (SALE, MEMBER, PRODUCT, TIMESHEET, ROSTER)}
    for back in (timedelta(minutes=3), timedelta(hours=2), 20 * DAY):
        hotels.at(datetime(2026, 3, 7, 9) - back)
        land_all(hotels)
        assert {name: hotels.ledger.position(name).cursor for name in cursors} == cursors


def test_a_backfill_lands_a_range_and_leaves_the_position(hotels: Hotels) -> None:
    land_all(hotels)
    before = {name: hotels.ledger.position(name) for name in (SALE, MEMBER, PRODUCT, TIMESHEET, ROSTER)}
    since, until = datetime(2026, 3, 3), datetime(2026, 3, 5)
    landed = hotels.backfill(MEMBER, SALE, PRODUCT, since=since, until=until)
    hotels.backfill(TIMESHEET, ROSTER, since=since, until=until)

    assert [(each.dataset, each.kind, bool(each.batch)) for each in landed] == [
        (SALE, "backfill", True), (PRODUCT, "backfill", False), (MEMBER, "backfill", True)
    ]  # fmt: skip
    assert "only the present" in landed[1].note
    for name, was in before.items():
        now = hotels.ledger.position(name)
        assert (now.cursor, now.source, now.sequence - was.sequence) == (was.cursor, was.source, name != PRODUCT)
    for name in (SALE, MEMBER, TIMESHEET, ROSTER):
        manifest = hotels.manifests(name)[-1]
        assert (manifest.since, manifest.until) == (since, until)
        assert 0 < manifest.rows < hotels.manifests(name)[0].rows
    land_all(hotels)
    whole(hotels)
    kinds = {entry.batch: entry.kind for entry in hotels.ledger.batches(SALE)}
    followed = [kinds[batch] for manifest in hotels.manifests(MEMBER) for batch in manifest.inputs]
    assert set(followed) == {"window"}, "a backfill of sales has brought its members' transactions itself"
    with pytest.raises(Terminal, match="earlier"):
        hotels.backfill(SALE, since=until, until=since)


def test_a_backfill_of_members_finds_them_in_what_was_landed(hotels: Hotels) -> None:
    hotels.land(SALE)
    [landed] = hotels.backfill(MEMBER, since=datetime(2026, 2, 28), until=hotels.now)

    truth = {(each["Id"],): each for each in hotels.world.member_transactions(hotels.vendors.clock.now())}
    assert same(hotels.last(MEMBER, "Id"), truth)
    assert landed.rows == len(list(hotels.lines(MEMBER)))


def test_what_a_feed_does_not_give_is_refused(hotels: Hotels) -> None:
    with pytest.raises(Terminal, match=r"aristocrat\.reading: the feed gives sale, member_transaction, product"):
        feeds.land_feed([hotels.contract], hotels.run(), hotels.feed("swiftpos"), hotels.now)


def test_of_two_runs_at_once_one_waits_for_its_turn(hotels: Hotels) -> None:
    with hotels.ledger.lease("swiftpos", owner="another", seconds=60), pytest.raises(Retryable, match="another run"):
        hotels.land(SALE)
    assert hotels.vendors.faults["swiftpos"].requests == 0


def test_progress_is_told_slice_by_slice(hotels: Hotels) -> None:
    hotels.at(datetime(2026, 4, 10, 9))
    hotels.land(TIMESHEET)
    hotels.land(PRODUCT)

    assert [(dataset, message.partition(": ")[0]) for dataset, message in hotels.told[:2]] == [
        (TIMESHEET, "2026-02-28 00:00 – 2026-03-31 00:00"),
        (TIMESHEET, "2026-03-31 00:00 – 2026-04-12 00:00"),
    ]
    assert all(" rows, " in message and message.endswith(" bytes") for _, message in hotels.told)


@pytest.mark.parametrize("missing", ["signature", "begins"])
def test_a_secret_that_lacks_something_says_what(hotels: Hotels, missing: str) -> None:
    secret = {**hotels.vendors.secret("swiftpos"), missing: ""}
    with pytest.raises(Terminal, match=f"has no {missing}"):
        SwiftPos(secret)
    with pytest.raises(Terminal, match="a date such as"):
        SwiftPos({**secret, "signature": "x", "begins": "yesterday"})

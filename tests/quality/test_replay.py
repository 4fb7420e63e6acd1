"""Rejected records once more: released or corrected, each once, through the same gate."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.contract import Contract, load_contract
from quayside.errors import Terminal
from quayside.landing.records import lines
from quayside.manifest import Manifest
from quayside.quality import gate
from quayside.quality.__main__ import main
from quayside.quality.quarantine import quarantine_key
from quayside.quality.rejected import ranges, rejected, spread
from quayside.quality.replay import replay
from tests.quality.conftest import ORDER, Shop
from tests.quality.records import SALE, VENUE, changed, land, line

WHY = {"by": "Ana", "reason": "as agreed with the venue"}
UNPAID = changed(SALE, "Media.0.Amount", 10.00)
OLD = changed(SALE, "TransactionDate", "1999-05-01T08:15:00Z")
UNREADABLE = changed(SALE, "Id", "five")
SPAN = {"since": datetime(2026, 5, 1, 8), "until": datetime(2026, 5, 1, 8, 15)}


@pytest.fixture
def sales() -> Contract:
    return load_contract("swiftpos.sale")


@pytest.fixture
def landed(shop: Shop, sales: Contract) -> Manifest:
    """A batch that is through the gate, but for its rows 1 (what was paid differs), 2 (that, and too old), 3 (no id)."""
    both = changed(OLD, "Media.0.Amount", 10.00)
    records = [SALE, UNPAID, both, UNREADABLE, *[changed(SALE, "Id", number) for number in range(10, 30)]]
    texts = [line(row, record, VENUE) for row, record in enumerate(records)]
    manifest = land(shop.lake, shop.ledger, sales, texts, **SPAN)
    gate([sales], shop.run())
    assert [each.row for each in rejected(sales.name, manifest.batch, shop.run())] == [1, 2, 3]
    return manifest


def manifest_of(shop: Shop, key: str | None) -> Manifest:
    return Manifest.from_dict(shop.lake.read_json(str(key)))


def records_of(shop: Shop, manifest: Manifest) -> Iterator[dict[str, Any]]:
    return map(json.loads, lines(shop.lake, [file.key for file in manifest.files]))


def test_a_released_record_passes_the_rules_that_had_rejected_it(shop: Shop, sales: Contract, landed: Manifest) -> None:
    evidence = shop.rejected(landed)
    made = replay(sales.name, landed.batch, shop.run("replay"), rows=[1, 2], **WHY)
    [verdict] = gate([sales], shop.run())

    manifest = manifest_of(shop, made.manifest)
    assert (made.kind, made.rows, manifest.kind, manifest.inputs) == ("replay", 2, "replay", (landed.batch,))
    assert (manifest.since, manifest.until, manifest.snapshot_at) == (*SPAN.values(), landed.snapshot_at)
    assert list(records_of(shop, manifest)) == [
        {"row": 0, "of": VENUE, "record": UNPAID},
        {"row": 1, "of": VENUE, "record": changed(OLD, "Media.0.Amount", 10.00)},
    ]
    assert (verdict.batch, verdict.rejected) == (made.batch, 0)
    assert [entry.batch for entry in shop.ledger.pending(sales.name, "curate")] == [landed.batch, made.batch]
    assert shop.rejected(landed) == evidence, "the quarantine stays as it was"
    [note] = shop.ledger.notes(sales.name, f"replay#{landed.batch}#")
    assert (note["rows"], note["corrected"], note["by"], note["because"]) == ("0-1", "", *WHY.values())


def test_a_released_record_must_still_be_readable(shop: Shop, sales: Contract, landed: Manifest) -> None:
    made = replay(sales.name, landed.batch, shop.run("replay"), **WHY)
    gate([sales], shop.run())

    [again] = rejected(sales.name, str(made.batch), shop.run())
    assert (again.row, set(again.rules)) == (2, {"sale_id.type", "sale_key.required"})


def test_a_corrected_record_is_checked_as_any_other(shop: Shop, sales: Contract, landed: Manifest) -> None:
    still_wrong = changed(SALE, "Media.0.Amount", 11.00)
    corrected = {1: still_wrong, 3: SALE}
    made = replay(sales.name, landed.batch, shop.run("replay"), corrected=corrected, **WHY)
    gate([sales], shop.run())

    manifest = manifest_of(shop, made.manifest)
    assert [each["record"] for each in records_of(shop, manifest)] == [still_wrong, SALE]
    [again] = rejected(sales.name, str(made.batch), shop.run())
    assert (again.row, again.rules) == (0, ("items_and_payments_agree",))


def test_what_a_replay_could_not_settle_is_replayed_from_there(shop: Shop, sales: Contract, landed: Manifest) -> None:
    first = replay(sales.name, landed.batch, shop.run("one"), rows=[3], **WHY)
    gate([sales], shop.run())
    second = replay(sales.name, str(first.batch), shop.run("two"), corrected={0: SALE}, **WHY)
    [verdict] = gate([sales], shop.run())

    assert manifest_of(shop, second.manifest).inputs == (first.batch, landed.batch)
    assert (verdict.batch, verdict.rejected) == (second.batch, 0)


def test_no_record_is_replayed_twice(shop: Shop, sales: Contract, landed: Manifest) -> None:
    first = replay(sales.name, landed.batch, shop.run("one"), rule="sold_at.range", **WHY)
    with pytest.raises(Terminal, match=f"replayed already, by {first.batch}"):
        replay(sales.name, landed.batch, shop.run("two"), rows=[1, 2], **WHY)
    rest = replay(sales.name, landed.batch, shop.run("three"), **WHY)
    with pytest.raises(Terminal, match="replayed already, by"):
        replay(sales.name, landed.batch, shop.run("four"), **WHY)

    assert (first.rows, rest.rows) == (1, 2)
    assert [each.by for each in rejected(sales.name, landed.batch, shop.run())] == [
        rest.batch,
        first.batch,
        rest.batch,
    ]


def test_a_run_that_is_tried_again_makes_one_batch(shop: Shop, sales: Contract, landed: Manifest) -> None:
    first = replay(sales.name, landed.batch, shop.run("one"), **WHY)
    again = replay(sales.name, landed.batch, shop.run("one"), **WHY)

    assert (again.batch, again.rows) == (first.batch, 3)
    assert len(shop.ledger.batches(sales.name)) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"rows": [7]}, "quarantine has no row 7 of these; it holds 3 rows that break"),
        ({"rule": "no.such"}, "quarantine has no such row"),
        ({"rows": [1], "corrected": {2: SALE}}, "quarantine has no row 2 of these"),
        ({"corrected": {1: "paid"}}, "row 1: give the whole record"),
        ({"reason": " "}, "say who decides"),
    ],
    ids=["row", "rule", "other row", "no object", "no reason"],
)
def test_what_makes_no_sense_is_refused(
    shop: Shop, sales: Contract, landed: Manifest, arguments: dict[str, Any], told: str
) -> None:
    with pytest.raises(Terminal, match=told):
        replay(sales.name, landed.batch, shop.run(), **{**WHY, **arguments})
    assert len(shop.ledger.batches(sales.name)) == 1


def test_what_is_not_through_the_gate_and_rows_of_tables_are_not_replayed(
    shop: Shop, sales: Contract, orders: Contract
) -> None:
    waiting = land(shop.lake, shop.ledger, sales, [line(0, UNPAID, VENUE)])
    table = shop.land(orders, [ORDER])

    with pytest.raises(Terminal, match="is landed, and what is rejected of it not settled"):
        replay(sales.name, waiting.batch, shop.run(), **WHY)
    with pytest.raises(Terminal, match="Correct them in the source"):
        replay(orders.name, table.batch, shop.run(), **WHY)


def test_a_line_that_is_no_json_is_put_aside_and_cannot_be_replayed(shop: Shop, sales: Contract) -> None:
    manifest = land(shop.lake, shop.ledger, sales, [line(0, SALE, VENUE), '{"row":1,"of":', line(2, SALE, VENUE)])
    [verdict] = gate([sales], shop.run())

    [row] = shop.rejected(manifest)
    assert (verdict.rejected, row["_row"], row["_rule"], row["line"]) == (1, 1, "record.readable", '{"row":1,"of":')
    with pytest.raises(Terminal, match="row 1 is no JSON"):
        replay(sales.name, manifest.batch, shop.run(), **WHY)


def test_a_person_lists_and_replays_from_the_command_line(
    shop: Shop, sales: Contract, landed: Manifest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.json"
    file.write_text(json.dumps({"3": SALE}))
    by = ["--by", "Ana", "--reason", "typed by hand"]

    assert main(["quarantined", sales.name]) == 0
    assert main(["replay", sales.name, landed.batch, "--corrected", str(file), *by]) == 0
    assert main(["replay", sales.name, landed.batch, "--row", "1", *by]) == 0
    assert main(["replay", sales.name, landed.batch, "--row", "9", *by]) == 1
    assert main(["quarantined", sales.name, landed.batch]) == 0

    told = capsys.readouterr()
    assert f"{landed.batch} passed: 3 rows, 0 replayed: items_and_payments_agree 2, sale_id.type 1" in told.out
    assert "1 records of batch" in told.out
    assert "row 3: sale_id is 'five'; the contract wants bigint" in told.out
    assert told.out.count("(replayed by 0000000") == 2
    assert "quarantine has no row 9" in told.err


@given(st.sets(st.integers(0, 300)))
def test_ranges_say_exactly_which_numbers_are_meant(numbers: set[int]) -> None:
    assert spread(ranges(sorted(numbers))) == sorted(numbers)


def test_the_quarantine_keeps_the_whole_landed_line(shop: Shop, sales: Contract, landed: Manifest) -> None:
    kept = shop.lake.read_table([quarantine_key(sales.name, landed.batch)]).to_pylist()

    assert json.loads(kept[0]["line"])["record"] == UNPAID
    assert [row["sale_id"] for row in kept] == [5, 5, None]

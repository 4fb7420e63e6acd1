"""The ledger: what must hold when runs meet, crash, or repeat."""

import time
from datetime import datetime

import pytest

from quayside.errors import Retryable
from quayside.ledger import Ledger, Position, Superseded
from quayside.manifest import Manifest

NOON = datetime(2026, 5, 1, 12)


def manifest(batch: str, **changes: object) -> Manifest:
    values = {
        "dataset": "totesys.staff",
        "batch": batch,
        "kind": "window",
        "run": "r1",
        "files": (),
        "rows": 3,
        "schema_version": "1.0.0",
        "snapshot_at": NOON,
        "until": NOON,
    }
    return Manifest(**{**values, **changes})


def test_a_dataset_that_was_never_read_stands_at_the_beginning(ledger: Ledger) -> None:
    assert ledger.position("totesys.staff") == Position()


def test_a_recorded_batch_moves_the_position_and_waits_for_the_gate(ledger: Ledger) -> None:
    after = Position(sequence=1, cursor=NOON, horizon=740, source="c1")
    ledger.record(manifest("00000001-a"), before=Position(), after=after, todo="gate")

    assert ledger.position("totesys.staff") == after
    assert [entry.batch for entry in ledger.pending("totesys.staff", "gate")] == ["00000001-a"]


def test_of_two_runs_that_read_from_the_same_position_one_is_refused(ledger: Ledger) -> None:
    ledger.record(manifest("00000001-a"), before=Position(), after=Position(sequence=1), todo="gate")
    with pytest.raises(Superseded):
        ledger.record(manifest("00000001-b"), before=Position(), after=Position(sequence=1), todo="gate")

    assert [entry.batch for entry in ledger.batches("totesys.staff")] == ["00000001-a"]


def test_a_stage_hands_a_batch_on_once_however_often_it_says_so(ledger: Ledger) -> None:
    ledger.record(manifest("00000001-a"), before=Position(), after=Position(sequence=1), todo="gate")
    for _ in range(2):
        ledger.advance(
            "totesys.staff", "00000001-a", taken="gate", status="passed", todo="curate", facts={"rejected": 2}
        )

    [entry] = ledger.pending("totesys.staff", "curate")
    assert ledger.pending("totesys.staff", "gate") == []
    assert (entry.status, entry.facts["rejected"]) == ("passed", 2)


def test_a_derived_batch_is_recorded_once(ledger: Ledger) -> None:
    derived = manifest("d1", dataset="warehouse.dim_staff", kind="derived")
    assert [ledger.record_derived(derived, todo="load") for _ in range(2)] == [True, False]
    assert len(ledger.pending("warehouse.dim_staff", "load")) == 1


def test_a_lease_keeps_others_out_until_it_is_given_back(ledger: Ledger) -> None:
    with ledger.lease("totesys", owner="run 1", seconds=60):
        with pytest.raises(Retryable), ledger.lease("totesys", owner="run 2", seconds=60):
            pass
        with ledger.lease("totesys", owner="run 1", seconds=60):
            pass
    with ledger.lease("totesys", owner="run 2", seconds=60):
        pass


def test_an_expired_lease_can_be_taken(ledger: Ledger) -> None:
    with ledger.lease("totesys", owner="killed", seconds=-5), ledger.lease("totesys", owner="next", seconds=60):
        pass


def test_a_lease_is_renewed_while_its_work_lasts(ledger: Ledger) -> None:
    with ledger.lease("totesys", owner="slow", seconds=2):
        time.sleep(3.5)
        with pytest.raises(Retryable), ledger.lease("totesys", owner="next", seconds=60):
            pass


def test_the_position_of_an_empty_table_moves_again_and_again(ledger: Ledger) -> None:
    for horizon in (740, 750, 760):
        ledger.move(
            "totesys.staff", before=ledger.position("totesys.staff"), after=Position(horizon=horizon, source="c1")
        )
    before = ledger.position("totesys.staff")
    ledger.record(manifest("00000001-a"), before=before, after=Position(sequence=1, cursor=NOON), todo="gate")

    assert before.horizon == 760
    with pytest.raises(Superseded):
        ledger.move("totesys.staff", before=before, after=Position(horizon=770))


def test_a_slow_second_attempt_does_not_bring_back_what_a_later_stage_has_taken(ledger: Ledger) -> None:
    ledger.record(manifest("00000001-a"), before=Position(), after=Position(sequence=1), todo="gate")
    passed = {"taken": "gate", "status": "passed", "todo": "curate"}
    ledger.advance("totesys.staff", "00000001-a", **passed)
    ledger.advance("totesys.staff", "00000001-a", taken="curate", status="curated")
    ledger.advance("totesys.staff", "00000001-a", **passed)

    assert ledger.pending("totesys.staff", "curate") == []
    assert ledger.batch("totesys.staff", "00000001-a").status == "curated"


def test_a_batch_is_held_only_where_it_is_still_pending(ledger: Ledger) -> None:
    ledger.record(manifest("00000001-a"), before=Position(), after=Position(sequence=1), todo="gate")
    ledger.hold("totesys.staff", "00000001-a", at="gate", facts={"blocked_by": "volume"})
    [held] = ledger.pending("totesys.staff", "gate")
    ledger.advance("totesys.staff", "00000001-a", taken="gate", status="passed", todo="curate")

    assert (held.status, held.facts["blocked_by"]) == ("blocked", "volume")
    with pytest.raises(Superseded):
        ledger.hold("totesys.staff", "00000001-a", at="gate", facts={})


def test_of_two_who_claim_one_record_one_gets_it_until_it_is_forgotten(ledger: Ledger) -> None:
    assert ledger.claim("alert", "gate", {"by": "a"})
    assert not ledger.claim("alert", "gate", {"by": "b"})
    assert [note["by"] for note in ledger.notes("alert")] == ["a"]

    assert ledger.forget("alert", "gate")
    assert not ledger.forget("alert", "gate")
    assert ledger.claim("alert", "gate", {"by": "b"})


def test_notes_are_read_in_order_all_or_the_newest(ledger: Ledger) -> None:
    for number in range(1, 5):
        ledger.note("runs", f"2026-05-0{number}", {"number": number})

    assert [note["number"] for note in ledger.notes("runs")] == [1, 2, 3, 4]
    assert [note["number"] for note in ledger.notes("runs", newest=2)] == [3, 4]
    assert [note["number"] for note in ledger.notes("runs", "2026-05-03")] == [3]

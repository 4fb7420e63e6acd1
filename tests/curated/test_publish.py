"""What a job wrote becomes what readers see, if it is all there; killed anywhere and repeated, it ends the same."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from quayside.curated import publish as module
from quayside.errors import Retryable, Terminal
from quayside.lake import Lake
from quayside.ledger import Ledger
from quayside.run import Run
from tests.curated.by_hand import ByHand
from tests.curated.fakes import derived as derived

DAY, NEXT = "2026-05-01", "2026-05-02"


@pytest.fixture
def hand(settings, derived) -> ByHand:
    return ByHand(settings)


def test_what_the_job_wrote_is_served_and_handed_on(hand, derived):
    batch = hand.land()
    made = hand.plan()
    hand.work(made, {DAY: 2, NEXT: 1})

    [item] = hand.publish().values()

    assert (item.dataset, item.rows, item.inputs) == ("hospitality.gaming_reading", 3, (f"aristocrat.reading/{batch}",))
    assert hand.places() == {DAY: made.version, NEXT: made.version}
    assert derived == [({"hospitality.gaming_reading": [DAY, NEXT]}, (f"aristocrat.reading/{batch}",))]
    assert [entry.batch for entry in hand.ledger.pending("aristocrat.reading", "load")] == [batch]
    assert hand.ledger.pending("aristocrat.reading", "curate") == []
    assert hand.lake.keys("curated/_plans/") == []


def test_only_the_partitions_that_were_written_move(hand):
    first, second = hand.once({DAY: 2, NEXT: 1}), hand.once({NEXT: 4})

    assert hand.places() == {DAY: first.version, NEXT: second.version}


def test_a_partition_that_became_empty_goes(hand):
    hand.once({DAY: 1, NEXT: 2})

    second = hand.once({DAY: 0, NEXT: 3})

    assert hand.places() == {NEXT: second.version}


def test_the_version_before_stays_for_those_who_read_it_and_older_ones_go(hand):
    versions = [hand.once({DAY: 1}).version for _ in range(3)]

    kept = {key.split("/v=")[1].split("/")[0] for key in hand.lake.keys("curated/hospitality/gaming_reading/")}
    assert kept == set(versions[1:])


def test_the_version_before_stays_also_where_publishing_is_finished_by_a_second_try(hand, monkeypatch):
    first = hand.once({DAY: 1})
    hand.land()
    second = hand.plan()
    hand.work(second, {DAY: 3})
    with monkeypatch.context() as dying:
        dying.setattr(Lake, "delete", _die)
        with pytest.raises(KeyboardInterrupt):
            hand.publish()

    hand.publish()

    kept = {key.split("/v=")[1].split("/")[0] for key in hand.lake.keys("curated/hospitality/gaming_reading/")}
    assert kept == {first.version, second.version}


def test_nothing_planned_is_nothing_to_publish(hand):
    assert hand.publish() == {}


@pytest.mark.parametrize("job", ["none", "of an earlier plan"])
def test_a_plan_that_no_job_has_carried_out_is_noticed(hand, job):
    hand.land()
    if job == "of an earlier plan":
        hand.work(hand.plan(), {DAY: 3})
        hand.plan()
    else:
        hand.plan()

    with pytest.raises(Terminal, match=r"no Glue job has carried out the plan curated/_plans/by_hand_1\.json"):
        hand.publish()


@pytest.mark.parametrize(
    "wrong",
    [
        {"read": 2},  # a line was not read
        {"rows": 4, "keys": 3},  # a row is not in the files
        {"rows": 3, "keys": 4},  # a key is not in the table
        {"partitions": (NEXT,)},  # there are rows where none were spoken of
    ],
)
def test_what_is_not_all_there_is_not_served(hand, wrong):
    before = hand.once({DAY: 3})
    hand.land()
    hand.work(hand.plan(), {DAY: 3}, **wrong)

    with pytest.raises(Terminal, match="What was served before stays served"):
        hand.publish()

    assert hand.places() == {DAY: before.version}
    assert len(hand.ledger.pending("aristocrat.reading", "curate")) == 1


def test_a_table_that_another_run_has_rewritten_is_left_to_it(hand):
    hand.land()
    slow, quick = hand.plan(), Run.of("by_hand/2")
    fresh = hand.plan(quick)
    hand.work(slow, {DAY: 3})
    hand.work(fresh, {DAY: 3})
    hand.publish(quick)

    with pytest.raises(Terminal, match="another run has rewritten 1 of its partitions"):
        hand.publish()

    assert hand.places() == {DAY: fresh.version}


def test_two_runs_do_not_publish_the_same_tables_at_once(hand):
    with (
        hand.ledger.lease("curated.aristocrat", owner="another", seconds=60),
        pytest.raises(Retryable, match="another run"),
    ):
        hand.publish()


class Killed(BaseException):
    """As if the process had ended."""


@contextmanager
def killed_at(step: str, *, after: bool) -> Iterator[None]:
    """Let a publication end at a step, before or after doing it."""
    stock: Callable = getattr(module._Publication, step)

    def killed(*arguments):
        if after:
            stock(*arguments)
        raise Killed(step)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module._Publication, step, killed)
        yield


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", ["_verify", "_note_changes", "_swap", "_derive", "_sweep", "_finish"])
@pytest.mark.parametrize("again", ["publish", "everything"])
def test_killed_at_any_step_and_repeated_it_ends_the_same(hand, derived, step, after, again):
    hand.once({DAY: 3, NEXT: 1})
    derived.clear()
    batch = hand.land()
    made = hand.plan()
    hand.work(made, {DAY: 0, NEXT: 4})  # all of one day's rows have moved to the other
    with killed_at(step, after=after), pytest.raises(Killed):
        hand.publish()

    if again == "everything" and (planned := hand.plan()):
        made = planned
        hand.work(made, {DAY: 0, NEXT: 4} if DAY in hand.places() else {NEXT: 4})
    hand.publish()

    assert hand.places() == {NEXT: made.version}
    assert len(hand.keys()) == 4
    assert set().union(*(changes["hospitality.gaming_reading"] for changes, _ in derived)) == {DAY, NEXT}
    assert [entry.batch for entry in hand.ledger.pending("aristocrat.reading", "load")][-1] == batch
    assert hand.ledger.pending("aristocrat.reading", "curate") == []
    assert hand.ledger.notes("curated.aristocrat", "changes#") == []
    assert hand.lake.keys("curated/_plans/") == []


def test_a_lease_is_given_back_when_publishing_fails(hand):
    hand.land()
    hand.plan()
    with pytest.raises(Terminal):
        hand.publish()

    with Ledger.of(hand.settings).lease("curated.aristocrat", owner="another", seconds=60):
        pass


def _die(*_: object) -> None:
    raise KeyboardInterrupt

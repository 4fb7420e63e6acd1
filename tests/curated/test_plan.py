"""What a Glue job is told: pending batches, where tables stand, and the very code that the worker has."""

import io
import json
import subprocess
import sys
import zipfile
from datetime import timedelta

import pytest

from quayside.contract import load_contract
from quayside.curated.plan import plan_key
from quayside.curated.spark.messages import Plan
from quayside.errors import Retryable, Terminal
from quayside.lake import Lake
from tests.curated.by_hand import CONTRACTS, NOON, TILLS, ByHand
from tests.curated.fakes import derived as derived


@pytest.fixture
def hand(settings) -> ByHand:
    return ByHand(settings)


def test_nothing_pending_needs_no_job(hand):
    assert hand.plan() is None
    assert not hand.lake.exists(plan_key(hand.run))


def test_a_plan_names_pending_batches_without_their_rejected_rows(hand):
    first, second = hand.land(rows=5, rejected=[4, 1]), hand.land(rows=2)

    made = hand.plan()

    assert made is not None
    assert [(batch.batch, batch.rows, batch.rejected) for batch in made.batches] == [
        (first, 5, (1, 4)),
        (second, 2, ()),
    ]
    assert made.batches[0].files == (hand.lake.uri(f"landing/aristocrat/reading/batch={first}/part-0000.json.gz"),)
    assert [(venue["id"], venue["time_zone"]) for venue in made.venues] == [
        (1, "Australia/Sydney"),
        (2, "Australia/Sydney"),
    ]
    table = made.tables["gaming_reading"]
    assert (table.key, table.partition, table.landing, table.current) == (
        "reading_key",
        "business_date",
        "aristocrat.reading",
        {},
    )
    assert ("turnover", "numeric(14,2)") in table.columns
    assert "machines" not in table.required
    assert table.target == hand.lake.uri(f"curated/hospitality/gaming_reading/v={made.version}/")
    assert Plan.from_dict(hand.lake.read_json(plan_key(hand.run))) == made


def test_a_plan_says_where_partitions_are_and_the_next_one_goes_elsewhere(hand):
    first = hand.once({"2026-05-01": 2, "2026-05-02": 1})
    hand.land()

    second = hand.plan()

    assert second is not None
    assert second.version > first.version
    assert second.tables["gaming_reading"].current == {
        day: first.tables["gaming_reading"].place(day) for day in ("2026-05-01", "2026-05-02")
    }


def test_the_jobs_arguments_bring_the_workers_own_code(hand, tmp_path):
    hand.land()
    made = hand.plan()
    assert made is not None
    arguments = {name: value.removeprefix(hand.lake.uri("")) for name, value in made.arguments.items()}
    assert (arguments["--plan"], arguments["--landing"]) == (plan_key(hand.run), "landing/aristocrat/")

    def body(key: str) -> bytes:
        with hand.lake.filesystem.open_input_stream(key) as stream:
            return stream.read()

    assert b"getResolvedOptions" in body(arguments["--scriptLocation"])
    package = tmp_path / "package.zip"
    package.write_bytes(body(arguments["--extra-py-files"]))
    assert "quayside/curated/spark/job.py" in zipfile.ZipFile(io.BytesIO(package.read_bytes())).namelist()
    alone = "import sys; sys.path[:0] = [sys.argv[1]]; import quayside.curated.spark.job as job; print(job.__file__)"
    answer = subprocess.run(
        [sys.executable, "-c", alone, str(package)], capture_output=True, text=True, cwd=tmp_path, check=True, env={}
    )
    assert str(package) in answer.stdout


def test_a_late_snapshot_of_products_brings_those_that_were_read_after_it(settings, derived):
    hand = ByHand(settings, TILLS)
    batches = [hand.land("swiftpos.product", seen=NOON + timedelta(hours=hour)) for hour in (1, 3, 4)]
    made = hand.plan()
    assert made is not None
    assert [batch.pending for batch in made.batches] == [True, True, True]
    for batch in batches:
        hand.ledger.advance("swiftpos.product", batch, taken="curate", status="curated", todo="load")

    late = hand.land("swiftpos.product", seen=NOON + timedelta(hours=2), kind="replay", replays=batches[0])
    made = hand.plan()

    assert made is not None
    assert made.batches[0].counts_as == batches[0]
    assert [(batch.batch, batch.pending) for batch in made.batches] == [
        (late, True),
        (batches[1], False),
        (batches[2], False),
    ]


def test_a_window_of_products_does_not_look_through_all_there_ever_were(settings, monkeypatch):
    hand = ByHand(settings, TILLS)
    for _ in range(20):
        batch = hand.land("swiftpos.product")
        hand.ledger.advance("swiftpos.product", batch, taken="curate", status="curated", todo="load")
    hand.land("swiftpos.product")
    read, stock = [], Lake.read_json
    monkeypatch.setattr(Lake, "read_json", lambda lake, key: read.append(key) or stock(lake, key))

    made = hand.plan()

    assert made is not None
    assert len(made.batches) == 1
    assert len(read) <= 17


def test_two_runs_do_not_plan_the_same_tables_at_once(hand):
    hand.land()
    with (
        hand.ledger.lease("curated.aristocrat", owner="another", seconds=60),
        pytest.raises(Retryable, match="another run"),
    ):
        hand.plan()


def test_tables_of_several_sources_are_refused(settings):
    with pytest.raises(Terminal, match="one source at a time"):
        ByHand(settings, CONTRACTS).plan()
    with pytest.raises(Terminal, match="one source at a time"):
        ByHand(settings, (load_contract("totesys.staff"),)).plan()


def test_a_plan_is_readable_by_people(hand):
    hand.land()
    hand.plan()

    with hand.lake.filesystem.open_input_stream(plan_key(hand.run)) as stream:
        text = stream.read().decode()
    assert json.loads(text)["source"] == "aristocrat"
    assert text.count("\n") > 20


def test_a_window_that_is_read_again_counts_as_the_last_one_that_ended_by_its_end(settings, derived):
    hand = ByHand(settings)
    windows = [hand.land(until=NOON + timedelta(hours=hour)) for hour in range(1, 20)]
    half_past_two, noon = NOON + timedelta(hours=2, minutes=30), NOON
    again = hand.land(kind="backfill", until=half_past_two)
    replayed = hand.land(kind="replay", replays=again)
    earlier = hand.land(kind="backfill", until=noon)
    made = hand.plan()
    assert made is not None

    places = {batch.batch: batch.counts_as for batch in made.batches}

    assert places == {
        **{batch: batch for batch in windows},
        again: windows[1],
        replayed: windows[1],
        earlier: "00000000",
    }

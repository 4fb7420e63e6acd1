"""How records become lines of a batch: as they are, in bounded memory, whole or not at all."""

import json
import secrets
import tracemalloc
from collections.abc import Iterator
from datetime import datetime

import boto3
import pytest

from quayside.contract import Contract
from quayside.errors import Retryable
from quayside.lake import Lake
from quayside.landing import Landed
from quayside.landing.records import Slice, land_records, lines
from quayside.ledger import Ledger, Position
from quayside.manifest import read_manifest
from quayside.run import Run
from quayside.settings import Settings
from quayside.sources.feed import Record

NOON = datetime(2026, 5, 1, 12)
THING = Contract(name="shop.thing", version="1.0.0", description="", owner="me", columns=())


@pytest.fixture
def run(settings: Settings, lake: Lake, ledger: Ledger) -> Run:
    return Run(id="run", settings=settings, lake=lake, ledger=ledger, progress=lambda *_: None)


def land(run: Run, records: Iterator[Record]) -> Landed:
    before = run.ledger.position(THING.name)
    what = Slice(
        contract=THING, kind="window", since=None, until=NOON, at=NOON, before=before, after=Position(cursor=NOON)
    )
    return land_records(what, records, run)


def test_a_record_over_several_lines_becomes_one(run: Run) -> None:
    written = b'{\r\n  "a": 1.50,\n  "b": "x\\ny",\t"c": [1e5]\n}'
    landed = land(run, iter([Record(written, b'{"Id": 1}'), Record(b"null")]))
    manifest = read_manifest(run.lake, THING.name, landed.batch or "")

    first, second = lines(run.lake, [file.key for file in manifest.files])
    assert first == b'{"row":0,"of":{"Id": 1},"record":{    "a": 1.50,   "b": "x\\ny",\t"c": [1e5] }}\n'
    assert json.loads(second) == {"row": 1, "of": None, "record": None}


def test_a_slice_of_any_size_takes_little_memory(run: Run) -> None:
    text = secrets.token_hex(2000)  # what compression leaves as it is, but for a half

    def many() -> Iterator[Record]:
        for number in range(40_000):
            yield Record(b'{"n":%d,"x":"%b"}' % (number, text[number % 1000 :].encode()))

    tracemalloc.start()
    try:
        landed = land(run, many())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    manifest = read_manifest(run.lake, THING.name, landed.batch or "")
    assert (landed.rows, len(manifest.files)) == (40_000, 5)
    assert peak < 40_000_000


def test_a_failure_in_the_middle_leaves_nothing_to_be_seen(run: Run) -> None:
    def failing() -> Iterator[Record]:
        yield Record(b"1")
        raise Retryable("gone")

    with pytest.raises(Retryable, match="gone"):
        land(run, failing())
    assert run.lake.keys("landing") == []
    assert run.ledger.batches(THING.name) == []
    assert boto3.client("s3").list_multipart_uploads(Bucket=run.lake.bucket).get("Uploads", []) == []


def test_no_records_move_the_position_alone(run: Run) -> None:
    assert land(run, iter([])).batch is None
    assert run.ledger.position(THING.name) == Position(cursor=NOON)
    assert run.lake.keys("landing") == []

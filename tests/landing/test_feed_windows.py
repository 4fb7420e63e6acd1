"""Whenever a feed is read, and however often that fails: every record is landed."""

import json
import uuid
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from quayside.contract import Contract
from quayside.errors import Retryable
from quayside.lake import Lake
from quayside.landing import feeds
from quayside.landing.feeds import LONGEST, land_feed, windows
from quayside.landing.records import lines
from quayside.ledger import Ledger
from quayside.manifest import read_manifest
from quayside.run import Run
from quayside.settings import Settings
from quayside.sources.feed import DAY, Record, Windowed

START = datetime(2026, 1, 1)
MINUTE = timedelta(minutes=1)
MOMENTS = st.datetimes(START, datetime(2027, 1, 1))


def resource(read: Any = None, **options: timedelta) -> Windowed:
    return Windowed(read=read, **{"again": 5 * MINUTE, **options})


@given(
    begins=MOMENTS,
    cursor=st.none() | MOMENTS,
    now=MOMENTS,
    again=st.sampled_from([timedelta(0), 5 * MINUTE, 15 * DAY]),
    ahead=st.sampled_from([timedelta(0), DAY, 36 * DAY]),
    unit=st.sampled_from([timedelta(milliseconds=1), DAY]),
)
def test_windows_are_adjacent_bounded_and_reach_from_the_cursor_until_now(
    begins: datetime, cursor: datetime | None, now: datetime, again: timedelta, ahead: timedelta, unit: timedelta
) -> None:
    found = list(windows(resource(again=again, ahead=ahead, unit=unit), cursor, begins, now))
    start = begins if cursor is None else max(begins, cursor - again)

    assert all(first[1] == second[0] for first, second in pairwise(found))
    assert all(timedelta(0) < until - since <= LONGEST for since, until in found)
    assert all((edge - datetime(1970, 1, 1)) % unit == timedelta(0) for window in found for edge in window)
    if found:
        assert start - unit < found[0][0] <= start
        assert now + ahead <= found[-1][1] < now + ahead + unit
    else:
        assert now + ahead < start + unit


@dataclass
class Posts:
    """A feed of numbered records, each posted at a time by the vendor's own clock, which may be behind."""

    begins: datetime = START
    posted: list[datetime] = field(default_factory=list)
    clock: datetime = START
    failing_after: int | None = None

    api = nullcontext()

    @property
    def resources(self) -> dict[str, Windowed]:
        return {"post": resource(self.read)}

    def read(self, since: datetime, until: datetime) -> Iterator[Record]:
        for number, at in enumerate(self.posted):
            if since <= at < min(until, self.clock):
                if self.failing_after == 0:
                    raise Retryable("The vendor went away")
                if self.failing_after is not None:
                    self.failing_after -= 1
                yield Record(b"%d" % number)


STEPS = st.lists(
    st.tuples(
        st.integers(0, 24 * 60),  # minutes that pass: up to four slices
        st.integers(0, 4),  # records posted meanwhile, evenly
        st.none() | st.integers(0, 5),  # records that come before the vendor goes away
        st.integers(0, 4),  # minutes that the vendor's clock is behind
    ),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink a failure takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_every_record_is_landed_whenever_the_vendor_fails(
    settings: Settings,
    lake: Lake,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    steps: list[tuple[int, int, int | None, int]],
) -> None:
    monkeypatch.setattr(feeds, "LONGEST", timedelta(hours=6))
    contract = Contract(name=f"x{uuid.uuid4().hex[:8]}.post", version="1", description="", owner="me", columns=())
    run = Run(id="run", settings=settings, lake=lake, ledger=ledger, progress=lambda *_: None)
    vendor, now = Posts(), START
    for minutes, count, failing_after, behind in [*steps, (5, 0, None, 0)]:
        passed = timedelta(minutes=minutes)
        # Never later than what the vendor's clock showed when it was last asked: a clock does not go back.
        vendor.posted += [max(now + passed * n / 4 - behind * MINUTE, vendor.clock) for n in range(count)]
        now += passed
        vendor.clock = max(vendor.clock, now - behind * MINUTE)
        vendor.failing_after = failing_after
        with suppress(Retryable):
            land_feed([contract], run, vendor, now)  # type: ignore[arg-type]

    landed = []
    for entry in ledger.batches(contract.name):
        manifest = read_manifest(lake, contract.name, entry.batch)
        landed += [json.loads(line)["record"] for line in lines(lake, [file.key for file in manifest.files])]
    assert set(landed) == {number for number, at in enumerate(vendor.posted) if at < vendor.clock}
    assert ledger.position(contract.name).cursor == now


@pytest.mark.parametrize("failing_after", [0, 3, 4])
def test_a_failed_slice_leaves_the_cursor_where_it_was(
    settings: Settings, lake: Lake, ledger: Ledger, failing_after: int
) -> None:
    contract = Contract(name="posts.post", version="1", description="", owner="me", columns=())
    run = Run(id="run", settings=settings, lake=lake, ledger=ledger, progress=lambda *_: None)
    vendor = Posts(posted=[START + n * MINUTE for n in range(5)], clock=START + DAY, failing_after=failing_after)
    with pytest.raises(Retryable, match="went away"):
        land_feed([contract], run, vendor, START + DAY)  # type: ignore[arg-type]

    assert ledger.position(contract.name).cursor is None
    assert ledger.batches(contract.name) == []
    assert lake.keys("landing") == []

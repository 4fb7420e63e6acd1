"""The gaming machines' files: every vice occurs, and what a careful reader makes of them is the truth."""

import csv
import io
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.sources.hospitality import Clock, Vendors, World
from local.sources.hospitality.__main__ import main
from tests.support.aws import REGION

BEGINS = date(2026, 3, 30)  # a week before the clock is changed
NOW = datetime(2026, 4, 9, 2, 7, tzinfo=UTC)
DAY = timedelta(days=1)
WORLD = World(seed=7, begins=BEGINS)


def dropped(since, until, world=WORLD, *, vices=True):
    found = []
    Vendors(world, Clock(until)).drop(lambda name, content: found.append((name, content)), since, until, vices=vices)
    return found


@pytest.fixture(scope="module")
def files():
    return dropped(WORLD.opens, NOW)


def read(files):
    """Return what the files say in the end, as somebody reads them who believes only what is whole and a number."""
    found = {}
    for _, content in files:
        text = content.decode("utf-8-sig")
        whole = text[: text.rfind("\n") + 1]  # what comes after the last line end was cut
        for row in csv.DictReader(io.StringIO(whole)):
            try:
                key = int(row["Venue"]), row["Date"], row["Time"]
                found[key] = Decimal(row["EGM Turnover"]), Decimal(row["EGM Wins"])
            except InvalidOperation:
                continue
    return found


def truth(now, world=WORLD, *, vices=True):
    return {
        (r["Venue"], r["Date"], r["Time"]): (r["EGM Turnover"], r["EGM Wins"]) for r in world.readings(now, vices=vices)
    }


def test_a_careful_reader_finds_the_truth(files):
    found = read(files)

    assert found == truth(NOW)
    assert 0.98 < len(found) / len(truth(NOW, vices=False)) < 1


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 20 * 96))
def test_a_careful_reader_finds_the_truth_of_any_world_at_any_time_in_files_of_days_too(seed, quarters):
    world = World(seed, BEGINS)
    now = world.opens + quarters * timedelta(minutes=15)

    assert read(dropped(world.opens, now, world)) == truth(now, world)


def test_a_cut_line_says_nothing_until_all_of_it_comes():
    cut = [file for file in WORLD.dropped(WORLD.opens, NOW) if not file.content.endswith(b"\n")]

    for file in cut[:4]:
        between = file.at + timedelta(seconds=1)
        assert read(dropped(WORLD.opens, between)) == truth(between)
        assert len(truth(between)) < len(truth(between + DAY))
    assert cut


def test_what_is_dropped_bit_by_bit_is_what_is_dropped_at_once(files):
    times = [WORLD.opens + number * 5 * DAY / 3 for number in range(6)] + [NOW]
    parts = [file for since, until in pairwise(times) for file in dropped(since, until)]

    assert read(parts) == read(files)
    assert len({name for name, _ in parts}) == len(parts)


def test_old_history_comes_as_a_file_a_day_and_venue_and_the_last_days_by_the_quarter_hour():
    world = World(seed=7, begins=date(2026, 1, 1))
    names = [name for name, _ in dropped(world.opens, NOW, world, vices=False)]
    by_day = [name for name in names if re.fullmatch(r"EGM_0[12]_\d{8}\.csv", name)]

    assert len(by_day) == 2 * 92  # to 2 April, a week before
    assert len(names) - len(by_day) == 2 * (6 * 72 + 8)


def test_without_vices_every_file_is_whole():
    files = dropped(WORLD.opens, NOW, vices=False)

    assert read(files) == truth(NOW, vices=False)
    assert {content.splitlines()[0] for _, content in files} == {
        b"Venue,Date,Time,EGM Turnover,EGM Wins,Machines,Jackpots"
    }


def test_every_vice_occurs(files):
    contents = Counter(content for _, content in files)
    heading = Counter(content.splitlines()[0] for content in contents)
    found = {
        "again": [name for name, content in files if contents[content] > 1],
        "corrected": [name for name, _ in files if name.endswith("_R2.csv")],
        "completed": [name for name, _ in files if name.endswith("_R1.csv")],
        "half": [name for name, content in files if not content.endswith(b"\n")],
        "bom": [name for name, content in files if content.startswith(b"\xef\xbb\xbf")],
        "order": [name for name, content in files if content.startswith(b"EGM Wins")],
        "extra": [name for name, content in files if b"Firmware" in content],
        "crlf": [name for name, content in files if content.endswith(b"\r\n")],
        "header": [name for name, content in files if content.count(b"\n") == 1 and content.endswith(b"\n")],
        "n/a": [name for name, content in files if b"n/a" in content],
        "thousands": [name for name, content in files if re.search(rb'"\d,\d{3}\.\d\d"', content)],
        "dollar": [name for name, content in files if b"$" in content],
    }

    assert all(found.values()), found
    assert len(heading) >= 4


def test_some_files_are_late(files):
    names = [name for name, _ in files if name.startswith("EGM_01") and name.count("_") == 3]

    assert names != sorted(names)


def test_a_file_that_comes_twice_says_the_same_under_another_name(files):
    contents = dict(files)
    copies = [name for name in contents if " (1)" in name]

    assert copies
    assert all(contents[name] == contents[name.replace(" (1)", "")] for name in copies)


def test_n_a_is_never_corrected(files):
    known = truth(NOW + 2 * DAY)
    wrong = [content.decode("utf-8-sig") for _, content in files if b"n/a" in content and content.count(b"\n") == 2]
    rows = [row for text in wrong for row in csv.DictReader(io.StringIO(text))]

    assert rows
    assert not any((int(row["Venue"]), row["Date"], row["Time"]) in known for row in rows)


def test_files_go_to_the_bucket_once(aws, monkeypatch, capsys):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="inbox-of-hotels", CreateBucketConfiguration={"LocationConstraint": REGION})
    begins = (datetime.now(UTC) - 2 * DAY).date()
    monkeypatch.setattr(
        "sys.argv", ["hospitality", "drop", "--bucket", "inbox-of-hotels", "--begins", str(begins), "--seed", "7"]
    )
    main()
    first = s3.list_objects_v2(Bucket="inbox-of-hotels", Prefix="aristocrat/")
    main()
    again = s3.list_objects_v2(Bucket="inbox-of-hotels", Prefix="aristocrat/")

    assert first["KeyCount"] > 100
    assert again["KeyCount"] - first["KeyCount"] <= 4  # a quarter hour may have ended between the two
    assert capsys.readouterr().out.count("gaming files dropped") == 2

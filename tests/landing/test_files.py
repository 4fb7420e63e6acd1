"""Files that others drop: each content lands once, whatever its name, its vices, or the company it comes in."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import batched

import boto3
import pytest

from quayside.errors import Retryable, Terminal
from quayside.landing import files
from quayside.landing.files import arrived
from quayside.sources import gaming_files
from quayside.venues import venues
from tests.landing.hotels import BEGINS, READING, Hotels
from tests.support.inbox import Inbox

HEADER = "Venue,Date,Time,EGM Turnover,EGM Wins,Machines\n"


def csv(*minutes: int, turnover: str = "100.00") -> bytes:
    """A file of readings at some minutes after six."""
    return (HEADER + "".join(f"1,2026-05-01,18:{minute:02d}:00,{turnover},90.00,30\n" for minute in minutes)).encode()


def turnovers(hotels: Hotels) -> list[tuple[str, str]]:
    return [(record["Time"][3:5], record["EGM Turnover"]) for _, record in hotels.records(READING)]


@pytest.mark.parametrize("daily", [True, False], ids=["a file a day", "a file a quarter hour"])
def test_what_the_vendor_means_is_landed_whatever_is_wrong_with_its_files(hotels: Hotels, daily: bool) -> None:
    days = [BEGINS + timedelta(days=number) for number in range(20 if daily else 1)]
    dropped = sorted(
        (file for day in days for file in hotels.world.gaming_files(venues()[0], day, vices=True, daily=daily)),
        key=lambda file: (file.at, file.name),
    )
    for some in batched(dropped, 60):
        for file in some:
            hotels.drop(file.name, file.content)
        hotels.land_files()

    meant = {reading.at: (reading.turnover, reading.wins) for file in dropped for reading in file.says}
    read = {}
    for _, record in hotels.records(READING):
        with suppress(KeyError, ArithmeticError):  # what the gate quarantines
            figures = tuple(int(Decimal(record[name]) * 100) for name in ("EGM Turnover", "EGM Wins"))
            read[datetime.fromisoformat(f"{record['Date']}T{record['Time']}")] = figures
    assert len(meant) > 50
    assert read == meant


def test_the_file_is_kept_as_it_was_dropped(hotels: Hotels) -> None:
    content = b"\xef\xbb\xbf" + csv(0).replace(b"\n", b"\r\n")
    hotels.drop("today/egm.csv", content)
    [landed] = hotels.land_files()

    [key] = hotels.lake.keys("landing/aristocrat/file")
    assert key.rpartition("/")[2] == "egm.csv"
    with hotels.lake.filesystem.open_input_stream(key) as stream:
        assert stream.read() == content
    assert (landed.rows, landed.kind) == (1, "window")
    assert [json.loads(line) for line in hotels.lines(READING)] == [
        {
            "row": 0,
            "of": {"File": "today/egm.csv", "Line": 2},
            "record": {"Venue": "1", "Date": "2026-05-01", "Time": "18:00:00", "EGM Turnover": "100.00",
                       "EGM Wins": "90.00", "Machines": "30"},
        }
    ]  # fmt: skip


def test_many_files_make_one_batch_in_the_order_in_which_they_came(hotels: Hotels) -> None:
    for minute in range(20):
        hotels.drop(f"{minute:02d}.csv", csv(minute))
    assert len(hotels.arrived()) == 20
    [landed] = hotels.land_files()

    assert (landed.rows, hotels.arrived()) == (20, [])
    assert [minute for minute, _ in turnovers(hotels)] == [f"{minute:02d}" for minute in range(20)]
    assert [entry.batch for entry in hotels.ledger.pending(READING, "gate")] == [landed.batch]


@pytest.mark.parametrize(("most", "value"), [("MOST_FILES", 2), ("MOST_BYTES", 2 * len(csv(0)))])
def test_a_batch_is_bounded(hotels: Hotels, monkeypatch: pytest.MonkeyPatch, most: str, value: int) -> None:
    monkeypatch.setattr(files, most, value)
    for minute in range(5):
        hotels.drop(f"{minute:02d}.csv", csv(minute))
    hotels.drop("large.csv", csv(*range(10, 20)))

    rows = [landed.rows for landed in hotels.land_files()]
    assert sum(rows) == 15
    assert rows == ([2, 2, 11] if most == "MOST_FILES" else [2, 2, 1, 10])
    assert hotels.arrived() == []


def test_the_same_content_lands_once(hotels: Hotels) -> None:
    hotels.drop("a.csv", csv(0))
    hotels.drop("b.csv", csv(0))
    hotels.land_files()
    for name in ("c.csv", "a.csv"):
        hotels.drop(name, csv(0))
        assert hotels.land_files()[0].batch is None

    assert turnovers(hotels) == [("00", "100.00")]
    assert hotels.arrived() == []


def test_another_content_under_the_same_name_lands_after_it(hotels: Hotels) -> None:
    hotels.drop("a.csv", csv(0))
    hotels.land_files()
    hotels.drop("a.csv", csv(0, turnover="200.00"))
    assert hotels.arrived() == ["aristocrat/a.csv"]
    hotels.land_files()

    assert turnovers(hotels) == [("00", "100.00"), ("00", "200.00")]
    assert len(hotels.lake.keys("landing/aristocrat/file")) == 2


def test_a_half_written_file_lands_whole_when_it_is_whole(hotels: Hotels) -> None:
    hotels.drop("a.csv", csv(0, 15)[:-12])
    hotels.land_files()
    hotels.drop("a.csv", csv(0, 15))
    hotels.land_files()

    [_, (_, cut), *whole] = hotels.records(READING)
    assert cut == {gaming_files.UNREADABLE: csv(0, 15).decode().splitlines()[2][:-11]}
    assert [record["Time"] for _, record in whole] == ["18:00:00", "18:15:00"]


def test_a_file_that_is_none_is_set_aside_and_told_and_the_others_land(hotels: Hotels) -> None:
    inbox = Inbox.of(hotels.settings)
    hotels.drop("1.csv", csv(0))
    hotels.drop("2.csv", b"some notes\n")
    hotels.drop("3.csv", csv(15))
    [landed] = hotels.land_files()

    assert turnovers(hotels) == [("00", "100.00"), ("15", "100.00")]
    assert landed.note.startswith("2.csv: its first line has no Venue")
    assert hotels.arrived() == []
    [(subject, text)] = inbox.read()
    assert subject == "[failed] Files of aristocrat were set aside"
    assert "aristocrat/2.csv: its first line has no Venue" in text

    hotels.drop("4.csv", csv(30))
    hotels.land_files()
    assert inbox.read() == [], "told once"
    hotels.drop("2.csv", csv(45))
    hotels.land_files()
    [(subject, _)] = inbox.read()
    assert subject == "[recovered] Files of aristocrat were set aside"
    assert [minute for minute, _ in turnovers(hotels)] == ["00", "15", "30", "45"]


def test_a_file_set_aside_that_is_taken_away_is_forgotten(hotels: Hotels) -> None:
    hotels.drop("1.csv", b"")
    [landed] = hotels.land_files()
    assert (landed.batch, landed.note) == (None, "1.csv: it is empty")
    boto3.client("s3").delete_object(Bucket=hotels.settings.inbox_bucket, Key="aristocrat/1.csv")
    hotels.land_files()

    assert hotels.ledger.notes(READING, "file#") == []
    assert hotels.ledger.notes("alert") == []


def test_a_landed_file_that_is_taken_away_and_dropped_again_lands_once(hotels: Hotels) -> None:
    for _ in range(3):
        hotels.drop("1.csv", csv(0))
        hotels.land_files()
        boto3.client("s3").delete_object(Bucket=hotels.settings.inbox_bucket, Key="aristocrat/1.csv")
        hotels.land_files()

    assert turnovers(hotels) == [("00", "100.00")]


def test_a_header_alone_is_no_batch_and_nothing_to_wait_for(hotels: Hotels) -> None:
    hotels.drop("1.csv", HEADER.encode())
    [landed] = hotels.land_files()

    assert (landed.batch, landed.note, hotels.arrived()) == (None, "", [])


def test_a_file_that_is_taken_away_meanwhile_is_no_failure(hotels: Hotels, monkeypatch: pytest.MonkeyPatch) -> None:
    hotels.drop("1.csv", csv(0))
    hotels.drop("2.csv", csv(15))
    listed = files._inbox(hotels.run())
    boto3.client("s3").delete_object(Bucket=hotels.settings.inbox_bucket, Key="aristocrat/1.csv")
    monkeypatch.setattr(files, "_inbox", lambda run: listed)
    hotels.land_files()

    assert turnovers(hotels) == [("15", "100.00")]


def test_other_folders_are_not_looked_at(hotels: Hotels) -> None:
    for key in ("other/1.csv", "aristocrat/", "aristocrat.csv"):
        boto3.client("s3").put_object(Bucket=hotels.settings.inbox_bucket, Key=key, Body=csv(0))

    assert hotels.arrived() == []
    assert hotels.land_files()[0].batch is None


def test_of_two_runs_at_once_one_waits_for_its_turn(hotels: Hotels) -> None:
    hotels.drop("1.csv", csv(0))
    with hotels.ledger.lease("aristocrat", owner="another", seconds=60), pytest.raises(Retryable, match="another run"):
        hotels.land_files()
    assert hotels.ledger.batches(READING) == []


@pytest.mark.parametrize(("bucket", "told"), [("", "QUAYSIDE_INBOX_BUCKET"), ("no-such-bucket", "no such bucket")])
def test_an_inbox_that_is_none_is_told(hotels: Hotels, bucket: str, told: str) -> None:
    run = replace(hotels.run(), settings=replace(hotels.settings, inbox_bucket=bucket))
    with pytest.raises(Terminal, match=told):
        arrived(run)

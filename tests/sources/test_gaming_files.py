"""What is read of a CSV file, whatever is wrong with it."""

import io
import json

import pytest

from quayside.sources.gaming_files import Unusable, records

REQUIRED = ("Venue", "Date", "Time", "EGM Turnover", "EGM Wins")
HEADER = "Venue,Date,Time,EGM Turnover,EGM Wins,Machines\n"
ROW = "1,2026-05-01,18:15:00,1234.50,987.65,30\n"
PLAIN = {
    "Venue": "1",
    "Date": "2026-05-01",
    "Time": "18:15:00",
    "EGM Turnover": "1234.50",
    "EGM Wins": "987.65",
    "Machines": "30",
}


def read(content: bytes | str) -> list[tuple[int, dict[str, str]]]:
    """Line and record of each row."""
    data = content if isinstance(content, bytes) else content.encode()
    found = list(records(io.BytesIO(data), "day/egm.csv", REQUIRED))
    places = [json.loads(record.of) for record in found]
    assert {place["File"] for place in places} <= {"day/egm.csv"}
    return [(place["Line"], json.loads(record.json)) for place, record in zip(places, found, strict=True)]


@pytest.mark.parametrize(
    "content",
    [
        HEADER + ROW,
        b"\xef\xbb\xbf" + (HEADER + ROW).encode(),
        (HEADER + ROW).replace("\n", "\r\n"),
        (HEADER + ROW).replace("\n", "\r"),
        HEADER.replace(",", " , ") + ROW,
        "EGM Wins,Machines,EGM Turnover,Time,Date,Venue\n987.65,30,1234.50,18:15:00,2026-05-01,1\n",
        HEADER + ROW.replace("1234.50", '"1234.50"'),
    ],
    ids=["plain", "BOM", "CRLF", "CR", "spaces in the header", "another order", "quoted"],
)
def test_the_same_rows_are_read_however_they_are_written(content: bytes | str) -> None:
    assert read(content) == [(2, PLAIN)]


def test_values_are_the_text_that_stands_there() -> None:
    [(_, record)] = read(HEADER + '1,2026-05-01, 18:15 ,"1,234.50",n/a,"a ""b"""\n')

    assert list(record.values()) == ["1", "2026-05-01", " 18:15 ", "1,234.50", "n/a", 'a "b"']


def test_columns_that_nobody_knows_are_kept() -> None:
    [(_, record)] = read(HEADER.replace("Machines", "Fabricant é") + ROW)

    assert record["Fabricant é"] == "30"


def test_a_file_from_an_old_windows_is_read() -> None:
    [(_, record)] = read((HEADER + ROW.replace("30", "Café €")).encode("cp1252"))

    assert record["Machines"] == "Café €"


@pytest.mark.parametrize("kept", range(1, len(ROW)))
def test_no_half_of_a_last_line_passes_for_a_whole(kept: int) -> None:
    [whole, (line, record)] = read(HEADER + ROW + ROW[:kept])

    assert whole == (2, PLAIN)
    assert (line, record) == (3, {"Unreadable line": ROW[:kept].strip("\n")})


def test_a_row_with_too_many_fields_is_not_read_shifted() -> None:
    assert read(HEADER + "1,2026-05-01,18:15:00,1,234.50,987.65,30\n" + ROW) == [
        (2, {"Unreadable line": "1,2026-05-01,18:15:00,1,234.50,987.65,30"}),
        (3, PLAIN),
    ]


def test_a_short_row_has_what_is_there() -> None:
    assert read(HEADER + "1,2026-05-01\n" + ROW) == [(2, {"Venue": "1", "Date": "2026-05-01"}), (3, PLAIN)]


def test_lines_are_counted_as_an_editor_does() -> None:
    assert [line for line, _ in read(HEADER + "\n" + ROW.replace("30", '"3\n0"') + ROW)] == [3, 5]


def test_a_header_alone_has_no_rows() -> None:
    assert read(HEADER) == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "it is empty"),
        (ROW, "no Venue, Date, Time, EGM Turnover, EGM Wins"),
        (HEADER.replace("EGM Wins", "Wins") + ROW, "no EGM Wins: it begins with 'Venue,Date"),
        (HEADER.replace(",", ";") + ROW, "no Venue"),
        (HEADER.replace("Machines", "Venue") + ROW, "names Venue more than once"),
        (HEADER.rstrip(), "cut off"),
        ((HEADER + ROW).encode("utf-16"), "no Venue"),
        (b"\x81\x8d\x8f" + HEADER.encode(), "neither UTF-8 nor Windows-1252"),
        (HEADER + '"' + "x" * 200_000, "line 2: field larger"),
    ],
)
def test_a_file_that_is_no_such_csv_is_refused_with_the_reason(content: bytes | str, told: str) -> None:
    with pytest.raises(Unusable, match=told):
        read(content)


def test_the_file_is_left_open() -> None:
    file = io.BytesIO((HEADER + ROW).encode())
    assert len([list(records(file, "a.csv", REQUIRED)) for _ in range(2)]) == 2
    assert not file.closed

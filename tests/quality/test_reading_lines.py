"""Landed lines, read in blocks: each is read once, whole, in its place."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import fs

from quayside.contract import Column, Contract, load_contract
from quayside.errors import Terminal
from quayside.lake import Lake
from quayside.quality import records
from quayside.quality.extraction import to_query
from quayside.quality.records import Records, lines_of
from tests.quality.records import READING, SALE, VENUE, line

TEXT = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1, max_size=40)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake in a folder: what is read here is not S3."""
    return Lake("lake", fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem()))


def put(lake: Lake, text: str | bytes, key: str = "part-0000.json.gz") -> str:
    with lake.filesystem.open_output_stream(key, compression=None) as file:
        file.write(gzip.compress(text if isinstance(text, bytes) else text.encode()))
    return key


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXT, max_size=30), size=st.integers(1, 50), ends=st.booleans())
def test_lines_are_the_same_wherever_blocks_end(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, texts: list[str], size: int, ends: bool
) -> None:
    monkeypatch.setattr(records, "BLOCK", size)
    key = put(lake, "\n".join(texts) + "\n" * (ends and bool(texts)))

    assert [each for block in lines_of(lake, key) for each in block.to_pylist()] == [f"{text}\n" for text in texts]


def test_rows_are_numbered_through_blocks_and_objects(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BLOCK", 4000)
    monkeypatch.setattr(records, "AT_ONCE", 3)
    contract = load_contract("swiftpos.sale")
    texts = [line(row, {**SALE, "Id": 100 + row}, VENUE) for row in range(40)]
    keys = [put(lake, "\n".join(texts[:25]) + "\n", "a.json.gz"), put(lake, "\n".join(texts[25:]) + "\n", "b.json.gz")]
    with Records.of(contract) as reader:
        blocks = list(reader.read(lake, keys))

    assert len(blocks) > 4
    assert [row for block in blocks for row in block.rows["sale_id"].to_pylist()] == list(range(100, 140))
    assert all(block.unfit == {} for block in blocks)


def test_lines_out_of_their_places_are_refused(lake: Lake) -> None:
    key = put(lake, f"{line(0, SALE, VENUE)}\n{line(2, SALE, VENUE)}\n")
    with Records.of(load_contract("swiftpos.sale")) as reader, pytest.raises(Terminal, match="not numbered"):
        list(reader.read(lake, [key]))


def test_what_is_no_text_is_refused(lake: Lake) -> None:
    with pytest.raises(Terminal, match="is not UTF-8"):
        list(lines_of(lake, put(lake, b'{"row":0,"record":"\xff"}\n')))


def test_times_come_with_and_without_milliseconds(lake: Lake) -> None:
    contract = load_contract("swiftpos.sale")
    times = ["2026-05-01T08:15:00Z", "2026-05-01T08:15:00.250Z", "2026-05-01T08:15:00.2509999Z"]
    key = put(lake, "".join(f"{line(row, {**SALE, 'TransactionDate': at}, VENUE)}\n" for row, at in enumerate(times)))
    with Records.of(contract) as reader:
        [block] = reader.read(lake, [key])

    assert [str(at) for at in block.rows["sold_at"].to_pylist()] == [
        "2026-05-01 08:15:00",
        "2026-05-01 08:15:00.250000",
        "2026-05-01 08:15:00.250000",
    ]


@pytest.mark.parametrize("text", ["1_000", "0x10", "1,5", "$5", "--5", "5.", "1e", "٣", "nan", "inf"])
def test_what_the_databases_own_cast_would_take_or_guess_is_no_number(lake: Lake, text: str) -> None:
    key = put(lake, f"{line(0, {**READING, 'EGM Turnover': text})}\n")
    with Records.of(load_contract("aristocrat.reading")) as reader:
        [block] = reader.read(lake, [key])

    assert block.unfit["turnover.type"] == {0: text}


def with_transform(transform: str | None) -> Contract:
    contract = load_contract("aristocrat.reading")
    odd = Column(name="odd", type="integer", transform=transform)
    return replace(contract, columns=(*contract.columns, odd))


@pytest.mark.parametrize(
    ("transform", "told"),
    [
        (None, "or physicalName must say where"),
        ("(select 1)", "without queries in it"),
        ("venue_id +", "is not SQL that can be read"),
        ("venues.id + 1", "refers to venues.id"),
        ("no_such + 1", "refers to no_such; there are"),
    ],
)
def test_an_expression_that_makes_no_sense_is_refused_before_anything_is_read(transform: str | None, told: str) -> None:
    with pytest.raises(Terminal, match=told):
        to_query(with_transform(transform))

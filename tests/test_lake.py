"""The lake: objects appear whole or not at all."""

import hashlib
from datetime import datetime

import pyarrow as pa
import pytest

from quayside.errors import Retryable, Terminal
from quayside.lake import Lake
from quayside.manifest import Manifest, Totals, read_manifest
from quayside.settings import Settings

TABLE = pa.table({"id": pa.array(range(1000), pa.int32())})


def test_a_written_file_is_what_its_record_says(lake: Lake) -> None:
    with lake.parquet_writer("landing/a.parquet", TABLE.schema) as out:
        out.write(TABLE)
    data = lake.filesystem.open_input_file("landing/a.parquet").read()

    assert (out.file.rows, out.file.bytes) == (1000, len(data))
    assert out.file.sha256 == hashlib.sha256(data).hexdigest()
    assert lake.read_table(["landing/a.parquet"]).equals(TABLE)


def test_a_write_that_fails_half_way_leaves_no_object(lake: Lake) -> None:
    with pytest.raises(ValueError, match="half way"), lake.parquet_writer("landing/b.parquet", TABLE.schema) as out:
        out.write(TABLE)
        raise ValueError("half way")

    assert lake.keys("landing") == []


def test_an_object_that_is_not_there_is_terminal(lake: Lake) -> None:
    with pytest.raises(Terminal, match=r"landing/none\.json"):
        lake.read_json("landing/none.json")


def test_a_lake_out_of_reach_is_retryable(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(Retryable):
        Lake.of(settings).exists("landing/a")


def test_a_manifest_survives_the_lake(lake: Lake) -> None:
    manifest = Manifest(
        dataset="totesys.staff", batch="00000001-x", kind="window", run="r", files=(), rows=0, schema_version="1.0.0",
        snapshot_at=datetime(2026, 5, 1, 12, 0, 0, 123000), until=datetime(2026, 5, 1),
        source=Totals(rows=1, key_hash=2, sums={"unit_price": "99999999.99"}),
    )
    manifest.write(lake)

    assert read_manifest(lake, "totesys.staff", "00000001-x") == manifest

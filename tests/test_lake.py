"""The lake: objects appear whole or not at all."""

import boto3
import numpy as np
import pyarrow as pa
import pytest

from quayside.lake import Lake

RANDOM = np.random.default_rng(1)
ROWS = pa.table({"key": np.arange(3_000_000), "value": RANDOM.random(3_000_000)})


@pytest.mark.parametrize("rows", [10, 3_000_000], ids=["one put", "several parts"])
def test_what_is_written_is_read_again(lake: Lake, rows: int) -> None:
    with lake.parquet_writer("landing/x.parquet", ROWS.schema, packed=["key"]) as file:
        file.write(ROWS.slice(0, rows))

    assert lake.read_table(["landing/x.parquet"]).equals(ROWS.slice(0, rows))
    stored = boto3.client("s3").get_object(Bucket=lake.bucket, Key="landing/x.parquet")["Body"].read()
    assert (file.file.rows, file.file.bytes) == (rows, len(stored))


@pytest.mark.parametrize("rows", [10, 3_000_000], ids=["one put", "several parts"])
def test_a_file_whose_writing_fails_never_appears(lake: Lake, rows: int) -> None:
    def write_and_fail() -> None:
        with lake.parquet_writer("landing/x.parquet", ROWS.schema) as file:
            file.write(ROWS.slice(0, rows))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_fail()

    assert lake.keys("landing") == []
    assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket=lake.bucket)


def test_deleting_leaves_nothing_behind(lake: Lake) -> None:
    for name in ("a", "b"):
        lake.write_bytes(f"landing/x/{name}", b"1")
    lake.delete(["landing/x/a", "landing/x/b", "landing/x/never there"])

    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=lake.bucket)


def test_an_object_is_there_only_under_its_whole_key(lake: Lake) -> None:
    lake.write_bytes("landing/x/a", b"1")

    assert lake.exists("landing/x/a")
    assert not lake.exists("landing/x")
    assert not lake.exists("landing/x/")

"""The lake: one S3 bucket, read and written as streams."""

import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Self

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError
from pyarrow import fs

from quayside.settings import Settings, aws
from quayside.upload import Upload, failures

COMPRESSION: Literal["zstd"] = "zstd"
GROUPS = 4  # row groups that are read by one request: some 15 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One object of a batch.

    :param key: the object's key in the lake's bucket
    :param sha256: of the object's bytes, hexadecimal
    """

    key: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Lake:
    """The lake's bucket. Keys have no leading slash, e.g. ``landing/totesys/staff/…``.

    :param bucket: the bucket's name, for the catalog's ``s3://`` locations
    :param filesystem: rooted at the bucket
    """

    bucket: str
    filesystem: fs.FileSystem

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the lake of an environment; credentials and region come from the AWS default chain."""
        s3 = fs.S3FileSystem(
            region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
            # The one difference between local and AWS: pyarrow does not read this variable by itself.
            endpoint_override=os.environ.get("AWS_ENDPOINT_URL"),
            background_writes=True,
        )
        return cls(settings.lake_bucket, fs.SubTreeFileSystem(settings.lake_bucket, s3))

    def uri(self, key: str) -> str:
        """Return the ``s3://`` address of a key."""
        return f"s3://{self.bucket}/{key}"

    @contextmanager
    def parquet_writer(self, key: str, schema: pa.Schema, *, packed: Collection[str] = ()) -> "Iterator[ParquetFile]":
        """Write one Parquet object as a stream; it exists only after a clean end of the block.

        :param packed: integer and timestamp columns to store as packed differences (DELTA_BINARY_PACKED), which
            cost less to write than a dictionary of them
        :raises Retryable: S3 did not take it
        """
        upload = Upload(self.bucket, key)
        try:
            file = ParquetFile(key, upload, schema, packed)
            yield file
            file.finish()
            upload.finish()
        except BaseException:
            upload.abandon()
            raise

    def read_table(self, keys: list[str], columns: list[str] | None = None) -> pa.Table:
        """Read Parquet objects whole, in the order of ``keys``.

        :raises Retryable: S3 did not give them
        :raises Terminal: one of them does not exist
        """
        with failures(f"read {', '.join(keys[:3])}"):
            tables = []
            for key in keys:
                with self.filesystem.open_input_file(key) as source:
                    tables.append(pq.read_table(source, columns=columns))
            return pa.concat_tables(tables)

    def batches(
        self, keys: list[str], *, columns: list[str] | None = None, rows: int = 50_000
    ) -> Iterator[pa.RecordBatch]:
        """Read Parquet objects as a stream of at most ``rows`` rows at a time, in the order of ``keys``.

        :raises Retryable: S3 did not give them
        :raises Terminal: one of them does not exist
        """
        for key in keys:
            with failures(f"read {key}"), self.filesystem.open_input_file(key) as source:
                yield from batches_of(pq.ParquetFile(source, pre_buffer=True), columns=columns, rows=rows)

    def count_rows(self, key: str) -> int:
        """Return how many rows a Parquet object has, from its footer.

        :raises Retryable: S3 did not give it
        :raises Terminal: it does not exist
        """
        with failures(f"read {key}"), self.filesystem.open_input_file(key) as source:
            return int(pq.read_metadata(source).num_rows)

    def write_json(self, key: str, value: Any) -> None:
        """Write a JSON object, readable by people."""
        self.write_bytes(key, json.dumps(value, indent=2, ensure_ascii=False, default=str).encode())

    def write_bytes(self, key: str, data: bytes, *, kind: str = "application/octet-stream") -> None:
        """Write an object whole.

        :param kind: its content type, for those who open it in a browser
        """
        with failures(f"write {key}"):
            aws("s3").put_object(Bucket=self.bucket, Key=key, Body=data, ContentType=kind)

    def read_bytes(self, key: str) -> bytes:
        """Read a small object whole, by one request.

        :raises Retryable: S3 did not give it; perhaps because it is there no more
        """
        with failures(f"read {key}"):
            return bytes(aws("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def read_json(self, key: str) -> Any:
        """Read a JSON object.

        :raises Terminal: it does not exist
        """
        with failures(f"read {key}"), self.filesystem.open_input_stream(key) as stream:
            return json.loads(stream.read())

    def exists(self, key: str) -> bool:
        """Tell whether there is an object of this key."""
        with failures(f"look for {key}"):  # not by pyarrow: where there is none it lists what else begins so
            try:
                aws("s3").head_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] != "404":
                    raise
                return False
            return True

    def keys(self, prefix: str) -> list[str]:
        """Return the keys under a prefix (a folder), sorted; empty where there is none."""
        with failures(f"list {prefix}"):
            selector = fs.FileSelector(prefix.rstrip("/"), allow_not_found=True, recursive=True)
            return sorted(info.path for info in self.filesystem.get_file_info(selector) if info.is_file)

    def keys_starting(self, beginning: str) -> list[str]:
        """Return the keys that begin with a text, which need not end a folder's name, sorted."""
        with failures(f"list {beginning}"):
            pages = aws("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=beginning)
            return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def delete(self, keys: list[str]) -> None:
        """Delete objects; those that are not there are no error.

        :raises Retryable: S3 did not delete some
        """
        # Not by pyarrow: it leaves an empty object in the place of the folder.
        for start in range(0, len(keys), 1000):
            objects = [{"Key": key} for key in keys[start : start + 1000]]
            with failures(f"delete {keys[start]} and others"):
                answer = aws("s3").delete_objects(Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True})
                if left := answer.get("Errors"):
                    raise OSError(f"{left[0].get('Code')}: {left[0].get('Key')}")


def batches_of(file: pq.ParquetFile, *, columns: list[str] | None = None, rows: int) -> Iterator[pa.RecordBatch]:
    """Read one Parquet object, opened with ``pre_buffer``, as a stream: some row groups at a time.

    Left to itself, the reader asks for every column of every row group by a request of its own: a hundred small ones
    where three do, but not the whole object at once, which may be larger than the worker's memory.
    """
    for first in range(0, file.num_row_groups, GROUPS):
        groups = list(range(first, min(first + GROUPS, file.num_row_groups)))
        yield from file.iter_batches(rows, row_groups=groups, columns=columns, use_threads=False)


class ParquetFile:
    """A Parquet object being written."""

    def __init__(self, key: str, upload: Upload, schema: pa.Schema, packed: Collection[str] = ()) -> None:
        self._key, self._upload, self._rows = key, upload, 0
        self._writer = pq.ParquetWriter(
            pa.PythonFile(upload, mode="w"),  # type: ignore[arg-type]
            schema,
            compression=COMPRESSION,
            use_dictionary=[name for name in schema.names if name not in packed],  # type: ignore[arg-type]
            column_encoding=dict.fromkeys(packed, "DELTA_BINARY_PACKED") or None,
        )

    def write(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Append rows."""
        self._writer.write(batch)
        self._rows += batch.num_rows

    @property
    def rows(self) -> int:
        """Rows written so far."""
        return self._rows

    def finish(self) -> None:
        """Write the footer."""
        self._writer.close()

    @property
    def file(self) -> File:
        """What was written; complete after the writer's block has ended."""
        return File(key=self._key, rows=self._rows, bytes=self._upload.bytes, sha256=self._upload.sha256)

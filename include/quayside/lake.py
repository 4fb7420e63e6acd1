"""The lake: one S3 bucket, read and written as streams."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from quayside.errors import Retryable, Terminal
from quayside.settings import Settings

COMPRESSION = "zstd"


class _Hashing:
    """A writable file that counts and hashes what passes through it."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 (pyarrow's NativeFile, untyped here)
        self._stream = stream
        self._hash = hashlib.sha256()
        self.bytes = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self.bytes += len(data)
        self._stream.write(data)
        return len(data)

    def flush(self) -> None:
        """Nothing to do: the object appears as a whole when it is closed."""

    def close(self) -> None:
        self.closed = True

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


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
    def parquet_writer(self, key: str, schema: pa.Schema) -> "Iterator[ParquetFile]":
        """Write one Parquet object as a stream; it exists only after a clean end of the block.

        :raises Retryable: S3 did not take it
        """
        with _failures(f"write {key}"):
            stream = self.filesystem.open_output_stream(key)
            sink = _Hashing(stream)
            file = ParquetFile(key, sink, schema)
            try:
                yield file
                file.finish()
            except BaseException:
                _abandon(stream)
                raise
            stream.close()

    def read_table(self, keys: list[str], columns: list[str] | None = None) -> pa.Table:
        """Read Parquet objects whole, in the order of ``keys``.

        :raises Retryable: S3 did not give them
        :raises Terminal: one of them does not exist
        """
        with _failures(f"read {', '.join(keys[:3])}"):
            tables = []
            for key in keys:
                with self.filesystem.open_input_file(key) as source:
                    tables.append(pq.read_table(source, columns=columns))
            return pa.concat_tables(tables)

    def write_json(self, key: str, value: Any) -> None:  # noqa: ANN401 (any JSON value)
        """Write a JSON object, readable by people."""
        self.write_bytes(key, json.dumps(value, indent=2, ensure_ascii=False, default=str).encode())

    def write_bytes(self, key: str, data: bytes) -> None:
        """Write an object whole."""
        with _failures(f"write {key}"), self.filesystem.open_output_stream(key) as stream:
            stream.write(data)

    def read_json(self, key: str) -> Any:  # noqa: ANN401 (any JSON value)
        """Read a JSON object.

        :raises Terminal: it does not exist
        """
        with _failures(f"read {key}"), self.filesystem.open_input_stream(key) as stream:
            return json.loads(stream.read())

    def exists(self, key: str) -> bool:
        """Tell whether there is an object of this key."""
        with _failures(f"look for {key}"):
            return bool(self.filesystem.get_file_info(key).type == fs.FileType.File)

    def keys(self, prefix: str) -> list[str]:
        """Return the keys under a prefix (a folder), sorted; empty where there is none."""
        with _failures(f"list {prefix}"):
            selector = fs.FileSelector(prefix.rstrip("/"), allow_not_found=True, recursive=True)
            return sorted(info.path for info in self.filesystem.get_file_info(selector) if info.is_file)

    def delete(self, keys: list[str]) -> None:
        """Delete objects."""
        for key in keys:
            with _failures(f"delete {key}"):
                self.filesystem.delete_file(key)


class ParquetFile:
    """A Parquet object being written."""

    def __init__(self, key: str, sink: _Hashing, schema: pa.Schema) -> None:
        self._key, self._sink, self._rows = key, sink, 0
        self._writer = pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression=COMPRESSION)

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
        return File(key=self._key, rows=self._rows, bytes=self._sink.bytes, sha256=self._sink.sha256)


@contextmanager
def _failures(action: str) -> Iterator[None]:
    """Turn the file system's errors into the platform's."""
    try:
        yield
    except FileNotFoundError as error:
        raise Terminal(f"Cannot {action}: no such object. If somebody removed it by hand, restore its version.") from error
    except OSError as error:
        if "ACCESS_DENIED" in str(error):
            raise Terminal(f"Cannot {action}: access denied; grant the worker's role this prefix. {error}") from error
        raise Retryable(f"Cannot {action}: {error}") from error


def _abandon(stream: Any) -> None:  # noqa: ANN401 (pyarrow's NativeFile)
    """Leave an unfinished multipart upload unfinished: closing it would publish half an object."""
    abort = getattr(stream, "abort", None)
    if abort is not None:
        abort()

"""One object on its way to S3: hashed and counted as it is written, visible as a whole or not at all."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from quayside.errors import Retryable, Terminal
from quayside.settings import aws

PART = 8 * 1024 * 1024


class Upload:
    """A writable file that becomes an object when `finish` returns; until then nobody can see it.

    Small objects are one put. Larger ones go up in parts of 8 MB, one in flight while the next is filled, so that
    memory stays at two parts whatever the size. (pyarrow's own S3 stream took three times as long.)

    :raises Retryable: S3 did not take it, after the client's own retries
    :raises Terminal: S3 refused for good
    """

    def __init__(self, bucket: str, key: str) -> None:
        self._object = {"Bucket": bucket, "Key": key}
        self._buffer = bytearray()
        self._hash = hashlib.sha256()
        self._id: str | None = None
        self._etags: list[str] = []
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="upload")
        self._sending: Future[Any] | None = None
        self.bytes = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        """Take bytes; waits while a part is still on its way."""
        if self.closed:
            return len(data)  # a Parquet writer writes its footer when it is collected, even after a failure
        self._hash.update(data)
        self._buffer += data
        self.bytes += len(data)
        if len(self._buffer) >= PART:
            self._send()
        return len(data)

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self.bytes

    def flush(self) -> None:
        """Nothing to do: the object appears as a whole."""

    def close(self) -> None:
        """Nothing to do: whoever closes a file after an error must not publish half of it; see `finish`."""

    def finish(self) -> None:
        """Make the object visible."""
        with failures(f"write {self._object['Key']}"):
            if self._id is None:
                aws("s3").put_object(**self._object, Body=bytes(self._buffer))
            else:
                if self._buffer:
                    self._send()
                self._received()
                parts = [{"ETag": etag, "PartNumber": number} for number, etag in enumerate(self._etags, start=1)]
                aws("s3").complete_multipart_upload(**self._object, UploadId=self._id, MultipartUpload={"Parts": parts})
        self._sender.shutdown()
        self.closed = True

    def abandon(self) -> None:
        """Forget what was sent; the object never appears."""
        self._sender.shutdown(cancel_futures=True)
        if self._id is not None:
            # The caller has an error to raise already, and the bucket's lifecycle removes parts left behind.
            with suppress(ClientError, BotoCoreError):
                aws("s3").abort_multipart_upload(**self._object, UploadId=self._id)
        self.closed = True

    @property
    def sha256(self) -> str:
        """Of what was written, hexadecimal."""
        return self._hash.hexdigest()

    def _send(self) -> None:
        with failures(f"write {self._object['Key']}"):
            self._received()
            if self._id is None:
                self._id = aws("s3").create_multipart_upload(**self._object)["UploadId"]
            part, self._buffer = self._buffer, bytearray()
            self._sending = self._sender.submit(
                aws("s3").upload_part, **self._object, UploadId=self._id, PartNumber=len(self._etags) + 1, Body=part
            )

    def _received(self) -> None:
        if self._sending is not None:
            self._etags.append(self._sending.result()["ETag"])
            self._sending = None


@contextmanager
def failures(action: str) -> Iterator[None]:
    """Turn the errors of S3's two clients into the platform's.

    :param action: what is being done, as in "Cannot <action>"
    """
    try:
        yield
    except FileNotFoundError as error:
        raise Terminal(
            f"Cannot {action}: no such object. If somebody removed it by hand, restore its version."
        ) from error
    except (OSError, ClientError, BotoCoreError) as error:
        if "ACCESS_DENIED" in str(error) or "AccessDenied" in str(error):
            raise Terminal(f"Cannot {action}: access denied; grant the worker's role this prefix. {error}") from error
        if "NoSuchBucket" in str(error):
            raise Terminal(f"Cannot {action}: there is no such bucket; apply Terraform. {error}") from error
        raise Retryable(f"Cannot {action}: {error}") from error

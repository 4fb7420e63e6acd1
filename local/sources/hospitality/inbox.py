"""The bucket into which the gaming machines' files are dropped."""

from datetime import datetime

import boto3

PREFIX = "aristocrat/"
REMEMBERED = "dropped-until"  # a key outside the prefix, lost together with the files


class S3Inbox:
    """Takes files, and remembers until when all have been dropped."""

    def __init__(self, bucket: str) -> None:
        self._bucket, self._s3 = bucket, boto3.client("s3")

    def __call__(self, name: str, content: bytes) -> None:
        """Put a file."""
        self._s3.put_object(Bucket=self._bucket, Key=f"{PREFIX}{name}", Body=content)

    @property
    def dropped_until(self) -> datetime | None:
        """Until when; None: nothing was dropped yet."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=REMEMBERED)
        except self._s3.exceptions.NoSuchKey:
            return None
        return datetime.fromisoformat(answer["Body"].read().decode())

    def remember(self, until: datetime) -> None:
        """Say that all that arrives before a moment has been dropped."""
        self._s3.put_object(Bucket=self._bucket, Key=REMEMBERED, Body=until.isoformat().encode())

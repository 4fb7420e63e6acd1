"""Objects of the serving stage in the lake, read and written whole; without what the lake's streams need."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from quayside.errors import Retryable
from quayside.settings import Settings, aws


def put(settings: Settings, key: str, body: bytes, kind: str, **more: Any) -> None:
    """Write an object.

    :param kind: its content type
    :raises Retryable: S3 did not take it
    """
    try:
        aws("s3").put_object(Bucket=settings.lake_bucket, Key=key, Body=body, ContentType=kind, **more)
    except (ClientError, BotoCoreError) as error:
        raise Retryable(f"The lake did not take {key}: {error}") from error


def get(settings: Settings, key: str) -> bytes | None:
    """Return an object, or None where there is none.

    :raises Retryable: S3 did not answer
    """
    try:
        body: bytes = aws("s3").get_object(Bucket=settings.lake_bucket, Key=key)["Body"].read()
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise Retryable(f"The lake did not give {key}: {error}") from error
    return body

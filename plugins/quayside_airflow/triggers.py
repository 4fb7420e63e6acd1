"""What waits in the triggerer, which on Amazon MWAA has `plugins/` but not `dags/`, and so no `quayside`."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent


class InboxTrigger(BaseTrigger):
    """Fires when a bucket's inbox is no longer as it was, or when it is too late.

    :param bucket: where to look
    :param prefix: the inbox's folder
    :param seen: what `look` returned when there was nothing new
    :param until: when to give up, ISO 8601 with an offset
    :param interval: seconds between two looks; each is a request for every thousand files
    """

    def __init__(self, bucket: str, prefix: str, *, seen: str, until: str, interval: float) -> None:
        super().__init__()
        self.bucket, self.prefix, self.seen, self.until, self.interval = bucket, prefix, seen, until, interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what the triggerer makes this anew from."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {name: getattr(self, name) for name in ("bucket", "prefix", "seen", "until", "interval")},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until something has changed or the time is up; requests are retried by the client."""
        from aiobotocore.session import get_session

        async with get_session().create_client("s3") as s3:
            while datetime.now(UTC) < datetime.fromisoformat(self.until):
                pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
                if fingerprint([page async for page in pages]) != self.seen:
                    break
                await asyncio.sleep(self.interval)
        yield TriggerEvent({"until": self.until})


def look(bucket: str, prefix: str) -> str:
    """Return an inbox's fingerprint."""
    from quayside.settings import aws

    return fingerprint(aws("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))


def fingerprint(pages: Iterable[dict[str, Any]]) -> str:
    """Return what differs as soon as any object comes, goes or is replaced."""
    digest = hashlib.sha256()
    for page in pages:
        for entry in page.get("Contents", ()):
            digest.update(f"{entry['Key']}\0{entry['ETag']}\n".encode())
    return digest.hexdigest()

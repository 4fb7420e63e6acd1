"""A stream of CloudWatch Logs, written to in-process."""

import time
from collections.abc import Sequence
from itertools import batched

MOST_EVENTS = 10_000  # of one PutLogEvents


class Log:
    """A log stream, created with its group where they are not there."""

    def __init__(self, group: str, stream: str) -> None:
        from ministack.services import cloudwatch_logs as logs

        self._names = {"logGroupName": group, "logStreamName": stream}
        if group not in logs._log_groups:
            logs._create_log_group(self._names)
        if stream not in logs._log_groups[group]["streams"]:
            logs._create_log_stream(self._names)

    def write(self, lines: Sequence[str]) -> None:
        """Append lines, each as an event; CloudWatch has no empty events."""
        from ministack.services import cloudwatch_logs as logs

        now = int(time.time() * 1000)
        for batch in batched((line for line in lines if line.strip()), MOST_EVENTS):
            events = [{"timestamp": now, "message": line} for line in batch]
            status, _, body = logs._put_log_events({**self._names, "logEvents": events})
            if status >= 300:
                raise RuntimeError(f"{self._names}: {body.decode()}")

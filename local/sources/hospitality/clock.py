"""What time it is for the vendors: the real time, or a set one."""

from datetime import UTC, datetime, timedelta


class Clock:
    """A clock that shows the real time until it is set.

    :param now: what it shows from the start; None: the real time
    """

    def __init__(self, now: datetime | None = None) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the moment, in UTC."""
        return self._now or datetime.now(UTC)

    def set(self, now: datetime | None) -> None:
        """Stand still at a moment that has a zone, or show the real time again."""
        if now is not None and now.tzinfo is None:
            raise ValueError(f"{now} has no zone: say datetime(…, tzinfo=UTC).")
        self._now = now and now.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Stand still so much later than now."""
        self.set(self.now() + by)

"""Operators for what is not a database: the feed of an API, and files that somebody drops in a bucket."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context

from quayside_airflow.operators import LandOperator
from quayside_airflow.stage import Work, final_at_once, run_name
from quayside_airflow.triggers import InboxTrigger, look
from quayside_airflow.values import waiting

if TYPE_CHECKING:
    from quayside.contract import Contract


class LandFeedOperator(LandOperator):
    """Land what a vendor's API shows since the last run, in windows of bounded size: an outage is made up for.

    Safe to retry: each window is a batch of its own, recorded before the next is asked for. Skips the rest of the run
    where nothing came and nothing waits.
    """

    def land(self, contracts: "list[Contract]", work: Work, bounds: tuple[datetime, datetime] | None) -> Iterable[Any]:
        """Land all windows until now, or those of a range again."""
        from quayside.landing.feeds import backfill_feed, land_feed

        feed = _feed(self.source, work.secret(f"source/{self.source}"))
        if bounds:
            return backfill_feed(contracts, work.run, feed, *bounds)
        return land_feed(contracts, work.run, feed, now())


class LandFilesOperator(LandOperator):
    """Land the files that have arrived; where none has, wait for one without holding a worker, until the next run's turn.

    The same file twice is landed once. What waits to be checked or curated is taken on at once.

    :param patience: how long to wait for a file
    :param interval: seconds between two looks at the inbox
    """

    def __init__(self, *, patience: timedelta, interval: float = 20.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.patience, self.interval = patience, interval

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Land what is there, or defer until something is."""
        self._wait(context, until=datetime.now(UTC) + self.patience)
        return self.land_all(context)

    def look_again(self, context: Context, event: dict[str, Any]) -> list[dict[str, Any]]:
        """Land what has come; wait on where what changed in the inbox was no new file."""
        self._wait(context, until=datetime.fromisoformat(event["until"]))
        return self.land_all(context)

    def land(
        self,
        contracts: "list[Contract]",
        work: Work,
        bounds: tuple[datetime, datetime] | None,  # noqa: ARG002 (files have no windows)
    ) -> Iterable[Any]:
        """Land every file that has not been landed."""
        from quayside.landing.files import land_files

        return [landed for contract in contracts for landed in land_files(contract, work.run)]

    def _wait(self, context: Context, *, until: datetime) -> None:
        """Defer, unless a file is there, something waits at a later stage, or it is too late.

        The inbox is looked at before the ledger is asked: what comes in between is seen as a change.
        """
        with final_at_once():
            from quayside.landing.files import arrived
            from quayside.run import Run

            run = Run.of(run_name(context))
            bucket, prefix = run.settings.inbox_bucket, f"{self.source}/"
            seen = look(bucket, prefix)
            here = arrived(run) or waiting(run.ledger, self.datasets, "gate", "curate")
        if here or datetime.now(UTC) >= until:
            return
        self.log.info("No new file in s3://%s/%s: waiting until %s UTC", bucket, prefix, f"{until:%H:%M}")
        trigger = InboxTrigger(bucket, prefix, seen=seen, until=until.isoformat(), interval=self.interval)
        self.defer(trigger=trigger, method_name="look_again")


def now() -> datetime:
    """Return the time until which a feed is read, UTC without offset."""
    return datetime.now(UTC).replace(tzinfo=None)


def _feed(source: str, secret: dict[str, Any]) -> Any:
    if source == "swiftpos":
        from quayside.sources.swiftpos import SwiftPos

        return SwiftPos(secret)
    from quayside.sources.humanforce import Humanforce

    return Humanforce(secret)

"""The hotels' vendors and inbox for a test, and what the landing zone holds of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import boto3

from local.sources.hospitality import Clock, Vendors, World
from quayside.contract import Contract, load_contract
from quayside.lake import Lake
from quayside.landing import Landed
from quayside.landing.feeds import backfill_feed, land_feed
from quayside.landing.files import arrived, land_files
from quayside.landing.records import lines
from quayside.ledger import Ledger
from quayside.manifest import Manifest, read_manifest
from quayside.run import Run
from quayside.settings import Settings
from quayside.sources.feed import Feed
from quayside.sources.humanforce import Humanforce
from quayside.sources.swiftpos import SwiftPos
from tests.support.aws import REGION

BEGINS = date(2026, 3, 1)
READING = "aristocrat.reading"


@dataclass
class Hotels:
    """Lands the vendors' records and the inbox's files, and reads back what was landed."""

    settings: Settings
    lake: Lake
    ledger: Ledger
    vendors: Vendors
    told: list[tuple[str, str]] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.vendors.world

    @property
    def now(self) -> datetime:
        """What the vendors' clock shows, UTC without offset."""
        return self.vendors.clock.now().astimezone(UTC).replace(tzinfo=None)

    def at(self, now: datetime) -> None:
        """Set the vendors' clock."""
        self.vendors.clock.set(now.replace(tzinfo=UTC))

    def run(self, run_id: str = "run") -> Run:
        return Run(
            id=run_id,
            settings=self.settings,
            lake=self.lake,
            ledger=self.ledger,
            progress=lambda dataset, message: self.told.append((dataset, message)),
        )

    def feed(self, source: str) -> Feed:
        return {"swiftpos": SwiftPos, "humanforce": Humanforce}[source](self.vendors.secret(source))

    def land(self, *datasets: str, run: str = "run") -> list[Landed]:
        contracts = [load_contract(name) for name in datasets]
        return land_feed(contracts, self.run(run), self.feed(contracts[0].domain), self.now)

    def backfill(self, *datasets: str, since: datetime, until: datetime) -> list[Landed]:
        contracts = [load_contract(name) for name in datasets]
        return backfill_feed(contracts, self.run(), self.feed(contracts[0].domain), since, until)

    def drop(self, name: str, content: bytes) -> None:
        """Put a file into the inbox."""
        boto3.client("s3").put_object(Bucket=self.settings.inbox_bucket, Key=f"aristocrat/{name}", Body=content)

    def land_files(self, run: str = "run") -> list[Landed]:
        return land_files(self.contract, self.run(run))

    @property
    def contract(self) -> Contract:
        return load_contract(READING)

    def arrived(self) -> list[str]:
        return arrived(self.run())

    def manifests(self, dataset: str) -> list[Manifest]:
        """Those of all batches that the ledger knows, in their order."""
        return [read_manifest(self.lake, dataset, entry.batch, entry.kind) for entry in self.ledger.batches(dataset)]

    def lines(self, dataset: str) -> Iterator[bytes]:
        """All lines of all batches, in their order."""
        for manifest in self.manifests(dataset):
            yield from lines(self.lake, [file.key for file in manifest.files])

    def records(self, dataset: str) -> list[tuple[Any, Any]]:
        """What each record hung under, and the record itself."""
        return [(line["of"], line["record"]) for line in map(json.loads, self.lines(dataset))]

    def last(self, dataset: str, *key: str) -> dict[tuple[Any, ...], Any]:
        """The last record of each key, its parts being fields of the record; what it hung under is its field ``of``."""
        found = {}
        for of, record in self.records(dataset):
            found[tuple(_field({**record, "of": of}, name) for name in key)] = record
        return found

    def left_over(self) -> set[str]:
        """Folders of batches that the ledger does not know."""
        stored = {key[: key.rindex("/") + 1] for key in self.lake.keys("landing") if "/batch=" in key}
        datasets = {"{1}.{2}".format(*folder.split("/")) for folder in stored}
        return stored - {
            manifest.key.removesuffix("manifest.json") for name in datasets for manifest in self.manifests(name)
        }


def hotels_of(settings: Settings, lake: Lake, ledger: Ledger, vendors: Vendors) -> Hotels:
    """Return them with an inbox of their own."""
    inbox = f"{settings.lake_bucket}-inbox"
    boto3.client("s3").create_bucket(Bucket=inbox, CreateBucketConfiguration={"LocationConstraint": REGION})
    return Hotels(replace(settings, inbox_bucket=inbox), lake, ledger, vendors)


@cache
def small_world() -> World:
    """Two venues with little trade."""
    return World(seed=7, begins=BEGINS, trade=0.1)


def vendors(**options: Any) -> Vendors:
    """The vendors of the small world, in its first week."""
    return Vendors(small_world(), Clock(datetime(2026, 3, 7, 9, tzinfo=UTC)), **options)


def _field(record: Any, path: str) -> Any:
    for name in path.split("."):
        record = record[name]
    return record

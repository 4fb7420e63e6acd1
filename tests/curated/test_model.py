"""Any history of a source, read in any windows and curated in any portions, ends as a plain fold over it does."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quayside.settings import Settings
from tests.conftest import REGION
from tests.curated.support import FEW_SOURCES, FEW_STARS, NOON, World

MILLISECOND = timedelta(milliseconds=1)
KEYS = st.sampled_from((1, 2, 250_001))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("write", "delete", "restore")), KEYS),
        st.tuples(st.sampled_from(("window", "window", "window", "reread", "compare", "curate", "again")), st.just(0)),
    ),
    min_size=4,
    max_size=24,
)


@dataclass
class Row:
    updated: datetime
    value: int
    deleted: bool = False


@dataclass
class Source:
    """The source's table, and what would be read from it."""

    clock: datetime = NOON
    rows: dict[int, Row] = field(default_factory=dict)
    removed: dict[int, Row] = field(default_factory=dict)
    landed: dict[int, Row] = field(default_factory=dict)
    written: int = 0

    def tick(self) -> datetime:
        self.clock += timedelta(minutes=1)
        return self.clock

    def step(self, what: str, key: int) -> None:
        now = self.tick()
        if what == "write":
            self.written += 1
            self.rows[key] = Row(now, self.written)
        elif what == "delete" and key in self.rows:
            self.removed[key] = self.rows.pop(key)
        elif what == "restore" and key in self.removed and key not in self.rows:
            self.rows[key] = self.removed[key]  # as it was, its old timestamp included

    def window(self, everything: bool) -> dict[int, Row]:
        """Rows that were not landed as they are, or all of them: a slow transaction makes a window read rows again."""
        fresh = {key: row for key, row in self.rows.items() if everything or self.landed.get(key) != row}
        self.landed.update(fresh)
        return fresh

    def missing(self) -> list[int]:
        gone = [key for key in self.landed if key not in self.rows and not self.landed[key].deleted]
        for key in gone:
            self.landed[key] = Row(self.clock, self.landed[key].value, deleted=True)
        return gone


class Model:
    """What must come out, folded event by event over Python's own dictionaries."""

    def __init__(self) -> None:
        self.current: dict[int, Row] = {}
        self.versions: dict[tuple[int, datetime], tuple[int, bool]] = {}

    def seen(self, key: int, row: Row, at: datetime) -> None:
        last, updated = self.current.get(key), row.updated
        if last and last.deleted and updated <= last.updated:
            updated = max(at, last.updated + MILLISECOND)
        self._keep(key, Row(updated, row.value))

    def missed(self, key: int, at: datetime) -> None:
        last = self.current.get(key)
        if last and not last.deleted:
            self._keep(key, Row(max(at, last.updated + MILLISECOND), last.value, deleted=True))

    def _keep(self, key: int, row: Row) -> None:
        self.versions.setdefault((key, row.updated), (row.value, row.deleted))
        if key not in self.current or row.updated >= self.current[key].updated:
            self.current[key] = row


@pytest.fixture(scope="module")
def fresh(aws: str) -> Iterator[Callable[[], World]]:
    """Make a world; one for each example, as Hypothesis wants none shared."""
    with pytest.MonkeyPatch.context() as environment:

        def make() -> World:
            name = f"model-{uuid.uuid4().hex[:10]}"
            for database in (name, f"{name}_masked"):
                boto3.client("glue").create_database(DatabaseInput={"Name": database})
            boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
            boto3.client("dynamodb").create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": item, "AttributeType": "S"} for item in ("dataset", "entry")],
                KeySchema=[
                    {"AttributeName": "dataset", "KeyType": "HASH"},
                    {"AttributeName": "entry", "KeyType": "RANGE"},
                ],
            )
            for item in ("LAKE_BUCKET", "LEDGER_TABLE", "CATALOG_DATABASE"):
                environment.setenv(f"QUAYSIDE_{item}", name)
            return World(
                Settings(lake_bucket=name, ledger_table=name, catalog_database=name),
                [item for item in FEW_SOURCES if item.table == "sales_order"],
                [item for item in FEW_STARS if item.table in ("fact_sales_order", "dim_date")],
            )

        yield make


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_any_history_in_any_portions_ends_as_the_model_says(
    fresh: Callable[[], World], steps: list[tuple[str, int]]
) -> None:
    world, source, model = fresh(), Source(), Model()
    batches: list[str] = []
    for what, key in [*steps, ("window", 0), ("compare", 0)]:
        source.step(what, key)
        now = source.tick()
        if what in ("window", "reread"):
            rows = source.window(what == "reread")
            if rows:
                batches.append(
                    world.land(
                        "sales_order",
                        *(
                            {"sales_order_id": key, "last_updated": row.updated, "units_sold": row.value}
                            for key, row in rows.items()
                        ),
                        seen=now,
                    )
                )
            for key, row in rows.items():
                model.seen(key, row, now)
        elif what == "compare" and (gone := source.missing()):
            batches.append(world.delete("sales_order", *gone, seen=now))
            for key in gone:
                model.missed(key, now)
        elif what == "curate":
            world.curate()
        elif what == "again" and batches:
            world.again("sales_order", batches[len(batches) // 2])
    world.curate()

    if batches:
        assert {
            item["sales_order_id"]: Row(item["last_updated"], item["units_sold"], item["deleted"])
            for item in world.rows("totesys_sales_order")
        } == model.current
        for rows in (world.warehouse("fact_sales_order"), world.lake_as_warehouse("fact_sales_order")):
            assert {
                (item["sales_order_id"], datetime.combine(item["last_updated_date"], item["last_updated_time"])): (
                    item["units_sold"],
                    item["deleted"],
                )
                for item in rows
            } == model.versions
            assert len(rows) == len(model.versions)
    assert {key for key, row in model.current.items() if not row.deleted} == set(source.rows)

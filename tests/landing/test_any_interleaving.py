"""Whatever two writers do and whenever a window is read: what is committed by then is landed by then."""

import itertools
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import boto3
import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.landing.conftest import NOON, Platform

WRITER = st.integers(0, 1)
HOURS = st.integers(-3, 3)  # few, so that many versions share one; and not in the order of the commits
STEP = st.one_of(
    st.tuples(st.just("insert"), WRITER, HOURS),
    st.tuples(st.just("update"), WRITER, HOURS),
    st.tuples(st.just("savepoint"), WRITER, HOURS),
    st.tuples(st.just("commit"), WRITER, st.just(0)),
    st.tuples(st.just("rollback"), WRITER, st.just(0)),
    st.tuples(st.just("land"), st.just(0), st.just(0)),
)


@dataclass
class Shop:
    """Two writers over one table, and what of their writing is committed: key → text of its row."""

    writers: list[psycopg.Connection]
    committed: dict[int, str] = field(default_factory=dict)
    open: list[dict[int, str]] = field(default_factory=lambda: [{}, {}])
    number: itertools.count = field(default_factory=lambda: itertools.count(1))

    def insert(self, writer: int, hours: int) -> None:
        key = next(self.number)
        text = f"row {key}"
        self.writers[writer].execute(
            "insert into department (department_id, department_name, last_updated) values (%s, %s, %s)",
            [key, text, NOON + timedelta(hours=hours)],
        )
        self.open[writer][key] = text

    def update(self, writer: int, hours: int) -> None:
        free = [key for key in {**self.committed, **self.open[writer]} if key not in self.open[1 - writer]]
        if free:
            key, text = free[hours % len(free)], f"change {next(self.number)}"
            self.writers[writer].execute(
                "update department set department_name = %s, last_updated = %s where department_id = %s",
                [text, NOON + timedelta(hours=hours), key],
            )
            self.open[writer][key] = text

    def savepoint(self, writer: int, hours: int) -> None:
        with self.writers[writer].transaction():
            self.insert(writer, hours)
        before = dict(self.open[writer])
        with suppress(ZeroDivisionError), self.writers[writer].transaction():
            self.update(writer, hours)
            raise ZeroDivisionError  # rolled back to the savepoint
        self.open[writer] = before

    def commit(self, writer: int, _: int) -> None:
        self.writers[writer].commit()
        self.committed |= self.open[writer]
        self.open[writer] = {}

    def rollback(self, writer: int, _: int) -> None:
        self.writers[writer].rollback()
        self.open[writer] = {}


def forget(platform: Platform) -> None:
    """Empty the table and the ledger."""
    platform.source.run("truncate department cascade")
    table = boto3.resource("dynamodb").Table(platform.settings.ledger_table)
    for item in table.scan()["Items"]:
        table.delete_item(Key={"dataset": item["dataset"], "entry": item["entry"]})


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, min_size=4, max_size=16))
def test_whatever_is_committed_when_a_window_is_read_is_landed(
    platform: Platform, steps: list[tuple[str, int, int]]
) -> None:
    forget(platform)
    landed: set[str] = set()
    with ExitStack() as stack:
        shop = Shop([stack.enter_context(closing(platform.source.connect())) for _ in range(2)])
        for name, writer, hours in [*steps, ("land", 0, 0), ("commit", 0, 0), ("commit", 1, 0), ("land", 0, 0)]:
            if name != "land":
                getattr(shop, name)(writer, hours)
                continue
            [made] = platform.land()
            if made.batch:
                landed |= set(platform.batch_rows(made.batch)["department_name"].to_pylist())
            assert set(shop.committed.values()) <= landed

"""Writes that meet others of the same records: tried again, since nothing was decided, but not for ever."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from quayside import items
from quayside.errors import Retryable
from quayside.items import Conflict, Items


class Busy:
    """DynamoDB that cancels some writes for given reasons, and then does one."""

    def __init__(self, *reasons: str) -> None:
        self.reasons, self.asked = list(reasons), 0

    def transact_write_items(self, **_: object) -> None:
        self.asked += 1
        if self.reasons:
            codes = [{"Code": "None"}, {"Code": self.reasons.pop(0)}]
            raise ClientError(
                {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": codes}, "TransactWriteItems"
            )


@pytest.fixture
def table(monkeypatch):
    def with_(busy: object) -> Items:
        monkeypatch.setattr(items, "aws", lambda _: busy)
        monkeypatch.setattr(items.time, "sleep", lambda _: None)
        return Items("t")

    return with_


def test_a_write_that_meets_another_is_tried_again(table):
    busy = Busy("TransactionConflict", "TransactionConflict")
    table(busy).write([], Conflict("never"))
    assert busy.asked == 3


def test_a_write_that_always_meets_another_is_for_later(table):
    busy = Busy(*["TransactionConflict"] * 9)
    with pytest.raises(Retryable, match="did not answer"):
        table(busy).write([], Conflict("never"))
    assert busy.asked == items.TRIES


def test_a_condition_that_does_not_hold_is_not_tried_again(table):
    busy = Busy("TransactionConflict", "ConditionalCheckFailed")
    with pytest.raises(Conflict, match="second"):
        table(busy).write([], [Conflict("first"), Conflict("second")])
    assert busy.asked == 2


class Slow:
    """DynamoDB that gives only so many records at a time, and each that it has."""

    def __init__(self, at_once: int) -> None:
        self.at_once, self.asked = at_once, []

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        keys = RequestItems["t"]["Keys"]
        self.asked.append(len(keys))
        given, left = keys[: self.at_once], keys[self.at_once :]
        return {"Responses": {"t": given}, "UnprocessedKeys": {"t": {"Keys": left}} if left else {}}


def test_several_records_are_read_however_few_come_at_a_time(table):
    slow = Slow(70)
    keys = [(f"user#{number}", "profile") for number in range(150)]
    found = table(slow).several([*keys, keys[0]])

    assert {(each["dataset"], each["entry"]) for each in found} == set(keys)
    assert (len(found), slow.asked) == (150, [100, 80, 10])


def test_a_table_that_gives_nothing_may_be_asked_again(table):
    with pytest.raises(Retryable, match="gives nothing"):
        table(Slow(0)).several([("a", "b")])

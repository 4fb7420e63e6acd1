"""Writes that meet others of the same records: tried again, since nothing was decided, but not for ever."""

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
    def with_(busy: Busy) -> Items:
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

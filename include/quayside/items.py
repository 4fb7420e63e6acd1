"""One DynamoDB table of small records under two names, ``dataset`` and ``entry``, changed only by conditional writes."""

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from quayside.errors import QuaysideError, Retryable, Terminal
from quayside.settings import aws

Write = dict[str, Any]  # one element of a TransactWriteItems call
AT_ONCE = 100  # records that one call gives
TRIES = 5  # of writes that meet others of the same records, which AWS's clients do not try again by themselves


class Conflict(Retryable):
    """A condition of a write did not hold: somebody else was first, and nothing was written."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold of the stored record, in DynamoDB's expression language.

    :param names: what ``#…`` in the expression stand for
    :param values: what ``:…`` in the expression stand for
    """

    expression: str
    names: Mapping[str, str]
    values: Mapping[str, Any]


ABSENT = Condition("attribute_not_exists(#e)", {"#e": "entry"}, {})


class Items:
    """The records of one table. Every method raises `Retryable` where DynamoDB does not answer, `Terminal` where it refuses.

    :param keys: names of the partition key and the sort key
    """

    def __init__(self, table: str, keys: tuple[str, str] = ("dataset", "entry")) -> None:
        self._table, self._keys = table, keys
        self._present = Condition("attribute_exists(#e)", {"#e": keys[1]}, {})

    def get(self, dataset: str, entry: str) -> dict[str, Any] | None:
        """Return one record, or None."""
        try:
            answer = aws("dynamodb").get_item(**self._key(dataset, entry), ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise _failure(error) from error
        return _deserialize(answer["Item"]) if "Item" in answer else None

    def several(self, keys: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
        """Return those of these records that there are, in any order."""
        return [
            _deserialize(item)
            for item in read_several(self._table, [_serialize(self._named(*key)) for key in dict.fromkeys(keys)])
        ]

    def query(self, dataset: str, start: str, *, newest: int | None = None) -> list[dict[str, Any]]:
        """Return the records whose entry begins with ``start``, in the order of their entries; or the last so many."""
        if newest is None:
            return list(self._pages(dataset, start, backwards=False, limit=None))
        return list(self._pages(dataset, start, backwards=True, limit=newest))[::-1]

    def page(
        self,
        where: Mapping[str, str],
        *,
        index: str = "",
        matching: Condition | None = None,
        after: Mapping[str, Any] | None = None,
        backwards: bool = False,
        most: int = 100,
    ) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
        """Return those of the next so many records that match, and the keys after which more follow, or None.

        :param where: the first name of the index and its value
        :param index: of the table; without, the table itself
        :param after: the keys of the record after which to begin
        """
        [(name, value)] = where.items()
        names = {**(matching.names if matching else {}), "#where": name}
        values = {**(matching.values if matching else {}), ":where": value}
        try:
            answer = aws("dynamodb").query(
                TableName=self._table,
                KeyConditionExpression="#where = :where",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=_serialize(values),
                ScanIndexForward=not backwards,
                Limit=most,
                **({"IndexName": index} if index else {"ConsistentRead": True}),
                **({"ExclusiveStartKey": _serialize(after)} if after else {}),
                **({"FilterExpression": matching.expression} if matching else {}),
            )
        except (ClientError, BotoCoreError) as error:
            raise _failure(error) from error
        last = answer.get("LastEvaluatedKey")
        return [_deserialize(item) for item in answer["Items"]], _deserialize(last) if last else None

    def put(self, dataset: str, entry: str, values: Mapping[str, Any], when: Condition | None = None) -> Write:
        """Return the write of a whole record."""
        item = _serialize({**self._named(dataset, entry), **values})
        return {"Put": {"TableName": self._table, "Item": item, **_condition(when)}}

    def change(self, dataset: str, entry: str, values: Mapping[str, Any]) -> Write:
        """Return the write of some values of a record that is there."""
        names = {f"#f{number}": name for number, name in enumerate(values)}
        given = {f":f{number}": value for number, value in enumerate(values.values())}
        expression = "SET " + ", ".join(f"#f{number} = :f{number}" for number in range(len(values)))
        when = Condition(self._present.expression, {**self._present.names, **names}, given)
        return {"Update": {**self._key(dataset, entry), "UpdateExpression": expression, **_condition(when)}}

    def delete(self, dataset: str, entry: str, when: Condition | None = None) -> Write:
        """Return the removal of a record; that it is there is the condition, unless another is given."""
        return {"Delete": {**self._key(dataset, entry), **_condition(when or self._present)}}

    def check(self, dataset: str, entry: str, when: Condition | None = None) -> Write:
        """Return a condition on a record that is not written: that it is there, or another."""
        return {"ConditionCheck": {**self._key(dataset, entry), **_condition(when or self._present)}}

    def write(self, writes: list[Write], conflict: QuaysideError | Sequence[QuaysideError]) -> None:
        """Do all of the writes or none.

        :param conflict: raised when a condition does not hold; or one for each write, of which the first whose condition
            does not hold is raised
        """
        for tries in range(1, TRIES + 1):
            try:
                aws("dynamodb").transact_write_items(TransactItems=writes)
            except ClientError as error:
                reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
                if "ConditionalCheckFailed" in reasons:
                    broken = reasons.index("ConditionalCheckFailed")
                    raise (conflict if isinstance(conflict, QuaysideError) else conflict[broken]) from None
                if "TransactionConflict" not in reasons or tries == TRIES:
                    raise _failure(error) from error
                time.sleep(random.uniform(0, 0.05) * tries)  # noqa: S311 (no secret: so that two do not meet again)
            except BotoCoreError as error:
                raise _failure(error) from error
            else:
                return

    def _pages(self, dataset: str, start: str, *, backwards: bool, limit: int | None) -> Iterator[dict[str, Any]]:
        partition, sort = self._keys
        condition, names, values = "#d = :dataset", {"#d": partition}, {":dataset": dataset}
        if start:  # an empty string is no valid beginning
            condition, names["#e"], values[":start"] = f"{condition} AND begins_with(#e, :start)", sort, start
        query = aws("dynamodb").get_paginator("query")
        try:
            for page in query.paginate(
                TableName=self._table,
                ConsistentRead=True,
                ScanIndexForward=not backwards,
                KeyConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=_serialize(values),
                PaginationConfig={"MaxItems": limit} if limit else {},
            ):
                yield from map(_deserialize, page["Items"])
        except (ClientError, BotoCoreError) as error:
            raise _failure(error) from error

    def _key(self, dataset: str, entry: str) -> dict[str, Any]:
        return {"TableName": self._table, "Key": _serialize(self._named(dataset, entry))}

    def _named(self, dataset: str, entry: str) -> dict[str, str]:
        partition, sort = self._keys
        return {partition: dataset, sort: entry}


def read_several(table: str, keys: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield those of these records that there are, in any order; keys and records are as DynamoDB writes them.

    :param keys: each but once
    :raises Retryable: DynamoDB does not answer, or gives nothing for now
    :raises Terminal: it refuses
    """
    wanted = list(keys)
    while wanted:
        asked, wanted = wanted[:AT_ONCE], wanted[AT_ONCE:]
        try:
            answer = aws("dynamodb").batch_get_item(RequestItems={table: {"Keys": asked, "ConsistentRead": True}})
        except (ClientError, BotoCoreError) as error:
            raise _failure(error) from error
        left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        if len(left) == len(asked):
            raise Retryable(f"DynamoDB gives nothing of {table} for now; ask again.")
        wanted += left
        yield from answer["Responses"].get(table, [])


def _condition(when: Condition | None) -> dict[str, Any]:
    if when is None:
        return {}
    values = {"ExpressionAttributeValues": _serialize(when.values)} if when.values else {}
    return {"ConditionExpression": when.expression, "ExpressionAttributeNames": dict(when.names), **values}


def _failure(error: Exception) -> Retryable | Terminal:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    if code in ("ResourceNotFoundException", "AccessDeniedException", "ValidationException"):
        return Terminal(f"DynamoDB refused: {error}. Apply Terraform, or grant the role access to its table.")
    return Retryable(f"DynamoDB did not answer: {error}")


def _serialize(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: TypeSerializer().serialize(value) for name, value in values.items()}


def _deserialize(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}

"""The serving table in DynamoDB: versions of the data, which answers are kept or under way, and handles to ask again.

=========================  ==================  ==================================================================
pk                         sk                  holds
=========================  ==================  ==================================================================
``versions``               ``now``             an attribute for each dataset: what its data was last changed by
``answer#<key>``           the data's version  state ``new``, ``running``, ``done`` or ``refused``, and the answer
``query#<id>``             ``asked``           who asked which dashboard for what
=========================  ==================  ==================================================================

``expires`` is when DynamoDB may forget a record; that it has not yet is no promise that it is valid.
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from quayside.errors import Retryable, Terminal
from quayside.items import read_several
from quayside.settings import aws

ANSWERS_KEPT = 7 * 24 * 3600  # seconds; their objects are swept later, by the lake's lifecycle
HANDLES_KEPT = 3600
SMALL = 100_000  # bytes of an answer that is kept in the table itself, which takes 400,000
REFUSALS_KEPT = 60  # so long nobody runs again what has just been refused
_REFUSALS = ("ResourceNotFoundException", "AccessDeniedException", "ValidationException")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is known of an answer.

    :param state: ``new``, ``running``, ``done``, or ``refused``: it would read too much
    :param execution: Athena's id of the query; empty where none ran there
    :param body: the answer itself, compressed, once it is done and where it is small
    :param place: else the key of the object that holds it
    :param reason: why it was refused
    :param attempt: counts how often it was asked for anew
    """

    state: str
    execution: str = ""
    body: bytes = b""
    place: str = ""
    reason: str = ""
    attempt: int = 0


class Store:
    """The serving table. Its methods raise `Retryable` where DynamoDB does not answer, `Terminal` where it refuses."""

    def __init__(self, table: str) -> None:
        self._table = table

    def versions(self) -> dict[str, str]:
        """Return each dataset's version; those that no event has told of have none."""
        item = self._get("versions", "now")
        return {name: value for name, value in item.items() if "." in name}

    def bump(self, datasets: Iterable[str], version: str) -> None:
        """Let datasets be of a new version, so that answers that were made of the old one are not given again."""
        names = sorted(set(datasets))
        if not names:
            return
        self._call(
            "update_item",
            TableName=self._table,
            Key=_item(pk="versions", sk="now"),
            UpdateExpression="SET " + ", ".join(f"#d{number} = :v" for number in range(len(names))),
            ExpressionAttributeNames={f"#d{number}": name for number, name in enumerate(names)},
            ExpressionAttributeValues={":v": {"S": version}},
        )

    def answers(self, keys: Sequence[tuple[str, str]]) -> list[Kept | None]:
        """Return what is known of answers, each by its key and its data's version, or None."""
        wanted = [_item(pk=f"answer#{key}", sk=version) for key, version in dict.fromkeys(keys)]
        found: dict[tuple[str, str], Kept] = {}
        for item in map(_plain, read_several(self._table, wanted)):
            if int(item["expires"]) >= time.time():
                found[item["pk"].removeprefix("answer#"), item["sk"]] = Kept(
                    state=item["state"],
                    execution=item["execution"],
                    body=item.get("body", b""),
                    place=item["place"],
                    reason=item["reason"],
                    attempt=int(item["attempt"]),
                )
        return [found.get(key) for key in keys]

    def keep(self, key: str, version: str, kept: Kept) -> None:
        """Note what has become of an answer; whoever notes last about one version notes the same."""
        seconds = REFUSALS_KEPT if kept.state == "refused" else ANSWERS_KEPT
        self._put(
            f"answer#{key}",
            version,
            seconds,
            state=kept.state,
            execution=kept.execution,
            body=kept.body,
            place=kept.place,
            reason=kept.reason,
            attempt=str(kept.attempt),
        )

    def hand_out(self, user: str, question: Mapping[str, Any]) -> str:
        """Remember a question under a handle that nobody can guess; return it."""
        handle = uuid4().hex
        self._put(f"query#{handle}", "asked", HANDLES_KEPT, user=user, question=json.dumps(question))
        return handle

    def handed_out(self, handle: str, user: str) -> dict[str, Any] | None:
        """Return the question of a handle; None where it is unknown, too old, or was given to somebody else."""
        item = self._get(f"query#{handle}", "asked")
        if not item or item["user"] != user or int(item["expires"]) < time.time():
            return None
        question: dict[str, Any] = json.loads(item["question"])
        return question

    def _get(self, pk: str, sk: str) -> dict[str, Any]:
        answer = self._call("get_item", TableName=self._table, Key=_item(pk=pk, sk=sk), ConsistentRead=True)
        return _plain(answer.get("Item", {}))

    def _put(self, pk: str, sk: str, seconds: int, **values: str | bytes) -> None:
        item = _item(pk=pk, sk=sk, **values)
        self._call("put_item", TableName=self._table, Item={**item, "expires": {"N": str(int(time.time()) + seconds)}})

    def _call(self, action: str, **request: Any) -> Any:
        try:
            return getattr(aws("dynamodb"), action)(**request)
        except (ClientError, BotoCoreError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            kind = Terminal if code in _REFUSALS else Retryable
            raise kind(f"The serving table {self._table} does not answer ({code}). Apply Terraform.") from error


def _item(**values: str | bytes) -> dict[str, dict[str, str | bytes]]:
    return {name: {"B" if isinstance(value, bytes) else "S": value} for name, value in values.items()}


def _plain(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: next(iter(value.values())) for name, value in item.items()}

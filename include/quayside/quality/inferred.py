"""What crawlers inferred of the landing zone: a table per dataset, a partition per batch, in a database of its own."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from quayside.contract import Contract
from quayside.errors import Retryable
from quayside.run import Run
from quayside.settings import aws

AT_ONCE = 100  # partitions that Glue changes in one request
INPUT = ("Values", "StorageDescriptor", "Parameters", "LastAccessTime")  # what may be given back of a partition

Partition = Mapping[str, Any]


def partitions(run: Run, contract: Contract, *, since: str = "") -> list[Partition]:
    """Return the partitions of a dataset's table; none where no crawler has made it.

    :param since: the first batch of interest
    :raises Retryable: Glue did not answer
    """
    where = {"Expression": f"batch >= '{since}'"} if since else {}
    pages = aws("glue").get_paginator("get_partitions").paginate(**_table(run, contract), **where)
    try:
        return [partition for page in pages for partition in page["Partitions"]]
    except ClientError as error:
        return _nothing(error)


def fields(name: str, kind: str) -> Iterator[tuple[str, str]]:
    """Give every field of a Hive type with its own type: ``struct<a:int,b:array<string>>`` has ``a`` and ``b[]``."""
    outer, _, inner = kind.partition("<")
    if outer == "struct":
        for part in _parts(inner[:-1]):
            field, _, of = part.partition(":")
            yield from fields(f"{name}.{field}", of)
    elif outer == "array":
        yield from fields(f"{name}[]", inner[:-1])
    else:
        yield name, re.sub(r"\(.*\)", "", kind)


def align(contracts: Sequence[Contract], run: Run) -> int:
    """Give every partition its table's columns, and return how many had others.

    Athena refuses a partition whose objects have other fields than its table's. The next crawl infers each anew.

    :raises Retryable: Glue did not answer
    """
    changed = 0
    for contract in contracts:
        try:
            table = aws("glue").get_table(
                DatabaseName=run.settings.landing_database, Name=_table(run, contract)["TableName"]
            )
        except ClientError as error:
            _nothing(error)
            continue
        columns = table["Table"]["StorageDescriptor"]["Columns"]
        other = [each for each in partitions(run, contract) if each["StorageDescriptor"]["Columns"] != columns]
        for start in range(0, len(other), AT_ONCE):
            _update(run, contract, other[start : start + AT_ONCE], columns)
        changed += len(other)
        run.progress(contract.name, f"{len(other)} partitions aligned")
    return changed


def _update(run: Run, contract: Contract, some: Sequence[Partition], columns: Sequence[Mapping[str, str]]) -> None:
    entries = []
    for partition in some:
        given = {name: partition[name] for name in INPUT if name in partition}
        storage = {**partition["StorageDescriptor"], "Columns": columns}
        entries.append(
            {"PartitionValueList": partition["Values"], "PartitionInput": {**given, "StorageDescriptor": storage}}
        )
    try:
        answer = aws("glue").batch_update_partition(**_table(run, contract), Entries=entries)
    except ClientError as error:
        raise Retryable(f"Glue did not change partitions of {contract.name}: {error}") from error
    if answer.get("Errors"):
        raise Retryable(f"Glue did not change partitions of {contract.name}: {answer['Errors'][0]['ErrorDetail']}")


def _table(run: Run, contract: Contract) -> dict[str, str]:
    return {"DatabaseName": run.settings.landing_database, "TableName": f"{contract.domain}_{contract.table}"}


def _nothing(error: ClientError) -> list[Partition]:
    if error.response["Error"]["Code"] != "EntityNotFoundException":
        raise Retryable(f"Glue did not say what crawlers inferred: {error}") from error
    return []


def _parts(text: str) -> Iterator[str]:
    """Give the parts between the commas that are not within brackets."""
    depth = start = 0
    for place, letter in enumerate(text):
        depth += (letter in "<(") - (letter in ">)")
        if letter == "," and not depth:
            yield text[start:place]
            start = place + 1
    yield text[start:]

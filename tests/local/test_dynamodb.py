"""What the local DynamoDB answers to the questions that are asked of it most."""

import uuid

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

TEXTS = st.text("ab#", min_size=1, max_size=4)
NAMES = {"#d": "dataset", "#e": "entry"}


@pytest.fixture(scope="module")
def table(aws: str) -> str:
    """An empty table with two keys."""
    name = f"keys-{uuid.uuid4().hex[:8]}"
    boto3.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in NAMES.values()],
        KeySchema=[{"AttributeName": "dataset", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}],
    )
    return name


@hypothesis_settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(entries=st.sets(TEXTS, max_size=8), start=TEXTS)
@example(entries={"a", "ab", "b#a", "#"}, start="a")
def test_a_query_gives_what_begins_so_in_order(table, entries, start):
    client, dataset = boto3.client("dynamodb"), uuid.uuid4().hex
    for entry in entries:
        client.put_item(TableName=table, Item={"dataset": {"S": dataset}, "entry": {"S": entry}})
    for condition, wanted in (
        ("#d = :d AND begins_with(#e, :s)", sorted(entry for entry in entries if entry.startswith(start))),
        ("#d = :d", sorted(entries)),
    ):
        names = NAMES if "#e" in condition else {"#d": "dataset"}
        values = {":d": {"S": dataset}} | ({":s": {"S": start}} if "#e" in condition else {})
        found = client.query(
            TableName=table,
            KeyConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
        assert [item["entry"]["S"] for item in found["Items"]] == wanted


@pytest.mark.parametrize(
    ("names", "values"),
    [
        ({"#d": "dataset"}, {":d": {"S": "a"}, ":s": {"S": "a"}}),
        (NAMES, {":d": {"S": "a"}}),
        (NAMES, {":d": {"S": "a"}, ":s": {"N": "1"}}),
    ],
)
def test_a_condition_without_its_names_or_values_is_refused(table, names, values):
    client = boto3.client("dynamodb")
    client.put_item(TableName=table, Item={"dataset": {"S": "a"}, "entry": {"S": "a"}})
    with pytest.raises(ClientError, match="ValidationException"):
        client.query(
            TableName=table,
            KeyConditionExpression="#d = :d AND begins_with(#e, :s)",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )

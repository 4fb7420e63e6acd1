"""What Terraform leaves to the owner of a database: the values of secrets. Run in the platform environment.

usage: python -m local.aws.resources < {"lake_bucket": …, "ledger_table": …, "secrets": {name: {…}}}

Prints {"gone": …, "changed": […]}: with "gone", the bucket or the table is not there and Terraform must run again.
"""

import json
import sys
from typing import Any

import boto3
from botocore.exceptions import ClientError


def put_secrets(secrets: dict[str, dict[str, Any]]) -> list[str]:
    """Put the values that differ from what is stored; return their names."""
    client = boto3.client("secretsmanager")
    changed = []
    for name, value in secrets.items():
        try:
            stored = client.get_secret_value(SecretId=name).get("SecretString")
        except client.exceptions.ResourceNotFoundException:  # Terraform creates the secret without a value
            stored = None
        if stored is not None and json.loads(stored) == value:
            continue
        client.put_secret_value(SecretId=name, SecretString=json.dumps(value))
        changed.append(name)
    return changed


def main() -> None:
    """Check that the lake and the ledger exist, then put the secrets."""
    wish = json.load(sys.stdin)
    try:
        boto3.client("s3").head_bucket(Bucket=wish["lake_bucket"])
        boto3.client("dynamodb").describe_table(TableName=wish["ledger_table"])
        print(json.dumps({"gone": None, "changed": put_secrets(wish["secrets"])}))
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket", "ResourceNotFoundException"):
            raise
        print(json.dumps({"gone": str(error), "changed": []}))


if __name__ == "__main__":
    main()

"""Where the platform's resources are: read from the environment, which Terraform's outputs fill."""

import json
import os
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from quayside.errors import Retryable, Terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Names of the resources in one environment.

    :param lake_bucket: S3 bucket of landing, curated, quarantine and quality
    :param ledger_table: DynamoDB table of the extraction ledger
    :param alerts_topic_arn: SNS topic for failures and recoveries; empty where nobody listens
    :param catalog_database: Glue database of the lake's tables
    :param athena_workgroup: workgroup whose result location is set by the platform
    :param secret_prefix: path in Secrets Manager under which credentials are
    :param inbox_bucket: S3 bucket in which others drop files, a folder for each source; empty where nobody does
    :param landing_database: Glue database of what crawlers infer of the landing zone; empty where none crawls
    :param serving_table: DynamoDB table of answers that are kept, and of the data's versions; empty where nothing is served
    :param airflow_url: where the Airflow UI is, for links to runs
    """

    lake_bucket: str
    ledger_table: str
    catalog_database: str
    alerts_topic_arn: str = ""
    athena_workgroup: str = "primary"
    secret_prefix: str = "quayside/"  # noqa: S105 (a path, not a secret)
    inbox_bucket: str = ""
    landing_database: str = ""
    serving_table: str = ""
    airflow_url: str = ""

    @classmethod
    def from_environment(cls) -> Self:
        """Read ``QUAYSIDE_<NAME>`` for every field.

        :raises Terminal: a name without a default is not set
        """
        values = {name: os.environ.get(f"QUAYSIDE_{name.upper()}") for name in cls.__dataclass_fields__}
        missing = [
            f"QUAYSIDE_{name.upper()}"
            for name in ("lake_bucket", "ledger_table", "catalog_database")
            if not values[name]
        ]
        if missing:
            raise Terminal(
                f"Not set in the environment: {', '.join(missing)}. "
                "Source .local/env locally; on MWAA set them in the startup script."
            )
        return cls(**{name: value for name, value in values.items() if value is not None})

    def named(self, part: str) -> str:
        """Return the name of a Glue job or crawler of this environment, e.g. ``quayside-swiftpos``."""
        return f"{self.secret_prefix.strip('/').replace('/', '-')}-{part}"


@cache
def aws(service: str) -> Any:
    """Return this process's client of an AWS service, with retries for throttling."""
    return boto3.client(service, config=Config(retries={"mode": "standard", "max_attempts": 5}))  # type: ignore[call-overload]


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to reach one PostgreSQL database; its repr has no password."""

    host: str
    port: int
    dbname: str
    username: str
    password: str

    def __repr__(self) -> str:
        """Show where, never the password."""
        return f"Credentials({self.username}@{self.host}:{self.port}/{self.dbname})"

    def conninfo(self) -> dict[str, str | int]:
        """Return the keyword arguments of ``psycopg.connect``."""
        return {
            "host": self.host,
            "port": self.port,
            "dbname": self.dbname,
            "user": self.username,
            "password": self.password,
            "connect_timeout": 10,
            "application_name": "quayside",
        }


def credentials(name: str, settings: Settings) -> Credentials:
    """Read ``<prefix><name>`` from Secrets Manager, e.g. ``source/totesys`` or ``warehouse``.

    :raises Terminal: no such secret, not readable, or not of the expected shape
    :raises Retryable: Secrets Manager did not answer
    """
    value = secret(name, settings)
    try:
        return Credentials(
            host=value["host"],
            port=int(value["port"]),
            dbname=value["dbname"],
            username=value["username"],
            password=value["password"],
        )
    except (KeyError, ValueError, TypeError):
        raise Terminal(
            f"Secret {settings.secret_prefix}{name} must be JSON with host, port, dbname, username, password."
        ) from None


def secret(name: str, settings: Settings) -> dict[str, Any]:
    """Read the JSON object ``<prefix><name>`` from Secrets Manager, whatever its fields are.

    :raises Terminal: no such secret, not readable, or no JSON object
    :raises Retryable: Secrets Manager did not answer
    """
    secret_id = f"{settings.secret_prefix}{name}"
    try:
        value = json.loads(aws("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"])
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("ResourceNotFoundException", "AccessDeniedException"):
            raise Terminal(
                f"Secret {secret_id}: {code}. Put there, as JSON, how the source is reached, "
                "or grant secretsmanager:GetSecretValue."
            ) from None
        raise Retryable(f"Secret {secret_id}: {code}") from error
    except (KeyError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise Terminal(f"Secret {secret_id} must be a JSON object.")
    return value

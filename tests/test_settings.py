"""Settings and credentials: what is missing is said, what is secret is not."""

import json

import boto3
import pytest

from quayside.errors import Terminal
from quayside.pipeline import Pipeline, every
from quayside.settings import Settings, credentials

SECRET = {"host": "db", "port": "5432", "dbname": "totesys", "username": "u", "password": "hush"}


def put(settings: Settings, value: str) -> None:
    boto3.client("secretsmanager").create_secret(Name=f"{settings.secret_prefix}source/totesys", SecretString=value)


def test_the_environment_names_the_resources(settings: Settings) -> None:
    read = Settings.from_environment()
    assert read == settings


def test_a_missing_name_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUAYSIDE_LEDGER_TABLE")
    with pytest.raises(Terminal, match="QUAYSIDE_LEDGER_TABLE"):
        Settings.from_environment()


def test_credentials_come_from_secrets_manager_and_never_show_the_password(settings: Settings) -> None:
    put(settings, json.dumps(SECRET))
    found = credentials("source/totesys", settings)

    assert (found.host, found.port, found.password) == ("db", 5432, "hush")
    assert "hush" not in repr(found)


def test_a_missing_secret_says_where_to_put_it(settings: Settings) -> None:
    with pytest.raises(Terminal, match="warehouse: ResourceNotFoundException"):
        credentials("warehouse", settings)


@pytest.mark.parametrize("value", ["hush", '{"host": "db", "password": "hush"}', '["hush"]'])
def test_a_malformed_secret_is_refused_without_showing_it(settings: Settings, value: str) -> None:
    put(settings, value)
    with pytest.raises(Terminal, match=r"must be (a JSON object|JSON with host)") as refusal:
        credentials("source/totesys", settings)
    assert "hush" not in str(refusal.value)


def test_a_schedule_divides_the_hour() -> None:
    with pytest.raises(ValueError, match="divisor of 60"):
        every(minutes=7)


@pytest.mark.parametrize(("extracts", "told"), [((), "extracts nothing"), (("a", "b", "a"), "named twice: a")])
def test_a_declaration_that_cannot_work_is_refused(extracts: tuple[str, ...], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Pipeline(name="shop", owner="me", schedule=every(minutes=10), extracts=extracts)

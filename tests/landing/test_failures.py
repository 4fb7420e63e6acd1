"""What cannot be read or written now is tried again; what never will says what to do. Neither leaves half a batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import boto3
import psycopg
import pytest

from local.processes import free_port
from quayside import upload
from quayside.errors import Retryable, Terminal
from quayside.lake import Lake
from quayside.settings import aws as aws_client
from quayside.sources import postgres as postgres_source
from quayside.sources.stream import Stream
from tests.conftest import Databases
from tests.landing.conftest import NOISE, NOON, Platform, department
from tests.support.flaky import Fails, flaky


def test_a_source_out_of_reach_is_tried_again(platform: Platform) -> None:
    platform.source.credentials = replace(platform.source.credentials, port=free_port())
    with pytest.raises(Retryable, match="out of reach") as raised:
        platform.land()

    assert "secret" not in str(raised.value)


def test_a_wrong_password_says_which_secret_to_correct(platform: Platform) -> None:
    platform.source.credentials = replace(platform.source.credentials, password="wrong")
    with pytest.raises(Terminal, match="Correct the secret"):
        platform.land()


def test_a_missing_permission_names_the_grant_to_run(platform: Platform, database: Databases) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
    platform.source.run("revoke select on department, currency from quayside_extract")
    with pytest.raises(Terminal, match="grant select") as raised:
        platform.land("currency", "department", "address")
    statements = str(raised.value).partition("run as its owner ")[2].removesuffix(".")
    platform.source.run(statements)
    platform.land("currency", "department", "address")

    assert platform.found() == [1]


def test_a_missing_table_is_named(platform: Platform) -> None:
    platform.source.run("drop table department cascade")
    with pytest.raises(Terminal, match=r"no table department in \w+\.public"):
        platform.land("currency", "department")

    assert platform.lake.keys("landing") == []


def test_a_view_in_place_of_a_table_is_refused(platform: Platform) -> None:
    platform.source.run(
        "alter table department rename to offices; "
        "create view department as select * from offices; grant select on department to quayside_extract"
    )
    with pytest.raises(Terminal, match="not a table"):
        platform.land()


def test_row_security_that_would_hide_rows_is_an_error(platform: Platform) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
    platform.source.run("alter table department enable row level security")
    with pytest.raises(Terminal, match="row-level security"):
        platform.land()


def test_a_change_of_definition_that_is_going_on_is_waited_for_not_for_ever(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = str(postgres_source.SESSION["options"]).replace("lock_timeout=60s", "lock_timeout=100")
    monkeypatch.setitem(postgres_source.SESSION, "options", options)
    with platform.source.connect() as changing:
        changing.execute("alter table department add column floor integer")
        with pytest.raises(Retryable, match="lock timeout"):
            platform.land()


def test_a_connection_lost_while_reading_is_tried_again(
    platform: Platform, postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
    copying = Stream.copy

    def lost(stream: Stream, *arguments):
        with psycopg.connect(f"{postgres.url}/postgres", autocommit=True) as admin:
            admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'quayside'")
        return copying(stream, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Stream, "copy", lost)
        with pytest.raises(Retryable, match="lost"):
            platform.land()
    assert platform.lake.keys("landing") == []
    platform.land()

    assert platform.versions() == [(1, NOON)]


@contextmanager
def behind(platform: Platform, endpoint: str, fails: Fails, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the platform reach AWS only through a proxy that fails."""
    lake = platform.lake
    with flaky(endpoint, fails) as address, monkeypatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", address)
        aws_client.cache_clear()
        platform.lake = Lake.of(platform.settings)
        yield
    platform.lake = lake
    aws_client.cache_clear()


@pytest.mark.parametrize("name", ["part-0000.parquet", "manifest.json"])
def test_s3_answering_500_leaves_nothing_half_written(
    platform: Platform, aws: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
    asked = []

    def fails(method: str, path: str) -> bool:
        asked.append(path)
        return name in path

    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.01)
    with behind(platform, aws, fails, monkeypatch), pytest.raises(Retryable, match=f"Cannot write .*{name}"):
        platform.land()
    assert len([path for path in asked if name in path]) > 3, "the client itself tries again"
    assert platform.found() == []
    assert not [key for key in platform.lake.keys("landing") if "manifest" in key]
    platform.land()

    assert platform.versions() == [(1, NOON)]
    assert len(platform.lake.keys("landing")) == 2, "what the failed try left is gone"


def test_a_part_that_s3_never_takes_leaves_no_object(
    platform: Platform, aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.source.run(NOISE)
    monkeypatch.setattr(upload, "PART", 64 * 1024)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.01)
    with (
        behind(platform, aws, lambda _, path: "partNumber=2" in path, monkeypatch),
        pytest.raises(Retryable, match="Cannot write"),
    ):
        platform.land()

    assert platform.lake.keys("landing") == []
    assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket=platform.lake.bucket)


def test_s3_answering_500_now_and_then_goes_unnoticed(
    platform: Platform, aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
    seen: set[str] = set()

    def first_time(method: str, path: str) -> bool:
        new = method == "PUT" and path not in seen
        seen.add(path)
        return new

    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.01)
    with behind(platform, aws, first_time, monkeypatch):
        platform.land()

    assert platform.versions() == [(1, NOON)]

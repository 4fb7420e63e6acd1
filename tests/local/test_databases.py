"""Who may do what in the databases, tried on a PostgreSQL of this module's own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local.layout import ROOT
from local.postgres import Postgres

PASSWORDS = {
    "airflow": "a",
    "totesys_app": "it's",
    "quayside_extract": "e",
    "quayside_loader": "l",
    "quayside_serving": "s",
}


def provide(server: Postgres) -> None:
    wish = json.dumps({"url": server.url, "passwords": PASSWORDS})
    subprocess.run([sys.executable, "-m", "local.databases"], input=wish, text=True, check=True, cwd=ROOT)


@pytest.fixture(scope="module")
def server(state: Path) -> Iterator[Postgres]:
    venvs = Path(os.environ.get("QUAYSIDE_VENVS", ROOT / ".local" / "venvs"))
    packages = venvs / "platform" / "lib" / "python3.12" / "site-packages"
    server = Postgres(state / "databases", site_packages=packages, password="p")
    server.start()
    provide(server)
    yield server
    server.stop("immediate")


def connect(server: Postgres, role: str, database: str) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1", port=server.port, user=role, password=PASSWORDS[role], dbname=database, autocommit=True
    )


def test_the_extraction_reads_tables_that_are_created_later_and_writes_none(server):
    with connect(server, "totesys_app", "totesys") as owner:
        owner.execute("create table sale (id int)")
        owner.execute("insert into sale values (1)")

    with connect(server, "quayside_extract", "totesys") as reader:
        assert reader.execute("select id from sale").fetchall() == [(1,)]
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.execute("delete from sale")
        reader.execute("set default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("delete from sale")


def test_the_extraction_sees_how_long_others_have_been_writing(server):
    owner, reader = connect(server, "totesys_app", "totesys"), connect(server, "quayside_extract", "totesys")
    with owner, reader, owner.transaction():
        owner.execute("select 1")
        question = "select xact_start is not null from pg_stat_activity where pid = %s"
        assert reader.execute(question, [owner.info.backend_pid]).fetchone() == (True,)


@pytest.mark.parametrize(
    ("role", "database"),
    [("quayside_extract", "warehouse"), ("totesys_app", "airflow"), ("quayside_loader", "totesys")],
)
def test_a_role_cannot_enter_another_database(server, role, database):
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        connect(server, role, database)


def test_the_loader_owns_the_warehouse(server):
    with connect(server, "quayside_loader", "warehouse") as loader:
        loader.execute("create table warehouse.dim (id int)")
        loader.execute("drop table warehouse.dim")


def test_an_analyst_may_enter_the_warehouse_and_not_its_stars(server):
    with psycopg.connect(server.url, dbname="postgres", autocommit=True) as admin:
        admin.execute("create role ana login password 'n' in role quayside_analyst")

    with psycopg.connect(
        host="127.0.0.1", port=server.port, user="ana", password="n", dbname="warehouse", autocommit=True
    ) as analyst:
        for statement in ("create table warehouse.mine (id int)", "create temporary table mine (id int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                analyst.execute(statement)


def test_dashboards_read_the_stars_that_are_made_later_and_write_none(server):
    with connect(server, "quayside_loader", "warehouse") as loader:
        loader.execute("create table warehouse.fact (id int)")
        loader.execute("insert into warehouse.fact values (1)")

    with connect(server, "quayside_serving", "warehouse") as reader:
        assert reader.execute("select id from warehouse.fact").fetchall() == [(1,)]
        reader.execute("set default_transaction_read_only = off")
        for statement in ("delete from warehouse.fact", "create table warehouse.mine (id int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement)


def test_dashboards_can_give_up_the_right_to_see_names(server):
    with connect(server, "quayside_loader", "warehouse") as loader:
        loader.execute("create table warehouse.member (name text)")

    with connect(server, "quayside_serving", "warehouse") as reader:
        reader.execute("set role quayside_analyst")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("select name from warehouse.member")


def test_providing_again_keeps_what_is_there(server):
    with connect(server, "totesys_app", "totesys") as owner:
        owner.execute("create table kept (id int)")

    provide(server)

    with connect(server, "quayside_extract", "totesys") as reader:
        assert reader.execute("select count(*) from kept").fetchone() == (0,)

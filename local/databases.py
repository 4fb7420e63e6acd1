"""The databases of the local PostgreSQL and who may do what in them. Run in the Airflow environment.

usage: python -m local.databases < {"url": …, "passwords": {role: password}}

Standard input, because a command line is visible to everyone on the machine. Running it again changes nothing but the
passwords, which it sets to those given.
"""

import json
import sys

import psycopg
from psycopg import sql

OWNERS = {"airflow": "airflow", "totesys": "totesys_app", "warehouse": "quayside_loader"}
READER = "quayside_extract"
SERVING = "quayside_serving"  # dashboards: reads the stars, and takes the analysts' role for who may see no names
ANALYST = "quayside_analyst"  # a group without a login: who belongs to it sees the warehouse with personal data masked


def create_roles(server: psycopg.Connection, passwords: dict[str, str]) -> None:
    """Create the roles that are not there yet and set their passwords."""
    present = {name for (name,) in server.execute("select rolname from pg_roles")}
    for role, password in passwords.items():
        verb = sql.SQL("alter role" if role in present else "create role")
        server.execute(sql.SQL("{} {} login password {}").format(verb, sql.Identifier(role), sql.Literal(password)))
    if ANALYST not in present:
        server.execute(sql.SQL("create role {} nologin").format(sql.Identifier(ANALYST)))
    # A promise to the source: nothing is ever written; and the age of open transactions can be seen.
    for role in (READER, SERVING):
        server.execute(sql.SQL("alter role {} set default_transaction_read_only = on").format(sql.Identifier(role)))
    server.execute(sql.SQL("grant pg_read_all_stats to {}").format(sql.Identifier(READER)))
    server.execute(sql.SQL("grant {} to {}").format(sql.Identifier(ANALYST), sql.Identifier(SERVING)))


def create_databases(server: psycopg.Connection) -> None:
    """Create the databases that are not there yet, each open to its owner only."""
    present = {name for (name,) in server.execute("select datname from pg_database")}
    for database, owner in OWNERS.items():
        name = sql.Identifier(database)
        if database not in present:
            server.execute(sql.SQL("create database {} owner {}").format(name, sql.Identifier(owner)))
        server.execute(sql.SQL("revoke connect, temporary on database {} from public").format(name))
    server.execute(sql.SQL("grant connect on database totesys to {}").format(sql.Identifier(READER)))
    server.execute(sql.SQL("grant connect on database warehouse to {}").format(sql.Identifier(ANALYST)))


def let_read(totesys: psycopg.Connection) -> None:
    """Let the extraction read every table of the source, also those that its owner creates later."""
    reader, owner = sql.Identifier(READER), sql.Identifier(OWNERS["totesys"])
    for statement in (
        "grant usage on schema public to {reader}",
        "grant select on all tables in schema public to {reader}",
        "alter default privileges for role {owner} in schema public grant select on tables to {reader}",
    ):
        totesys.execute(sql.SQL(statement).format(reader=reader, owner=owner))


def create_warehouse(warehouse: psycopg.Connection) -> None:
    """Create the schema that the loader owns, and let dashboards read what it makes there."""
    owner, reader = sql.Identifier(OWNERS["warehouse"]), sql.Identifier(SERVING)
    for statement in (
        "create schema if not exists warehouse authorization {owner}",
        "grant usage on schema warehouse to {reader}",
        "grant select on all tables in schema warehouse to {reader}",
        "alter default privileges for role {owner} in schema warehouse grant select on tables to {reader}",
    ):
        warehouse.execute(sql.SQL(statement).format(owner=owner, reader=reader))


def main() -> None:
    """Read the superuser's URL and the passwords, and provide everything."""
    wish = json.load(sys.stdin)
    with psycopg.connect(wish["url"], dbname="postgres", autocommit=True) as server:
        create_roles(server, wish["passwords"])
        create_databases(server)
    with psycopg.connect(wish["url"], dbname="totesys", autocommit=True) as totesys:
        let_read(totesys)
    with psycopg.connect(wish["url"], dbname="warehouse", autocommit=True) as warehouse:
        create_warehouse(warehouse)


if __name__ == "__main__":
    main()

"""What tests of dashboards share: hotels and a shop in a lake and a warehouse, and a serving table beside them."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import boto3
import psycopg
import pytest

from local.databases import create_roles, create_warehouse
from local.postgres import Postgres
from local.sources.hospitality import World
from quayside.contract import contract_names, load_contract
from quayside.curated.masked import mask_tables
from quayside.serving.answers import Answers, Store
from quayside.settings import Credentials, Settings
from tests.conftest import Databases, new_settings
from tests.flow.conftest import ORDER, SHOP, Flow, new_flow
from tests.hospitality import curated, stars

SINCE, UNTIL, NOW = date(2026, 3, 30), date(2026, 4, 8), datetime(2026, 4, 9, 3, 34, tzinfo=UTC)
READER = "quayside_serving"


def with_serving(settings: Settings) -> Settings:
    """Make a serving table for a lake."""
    name = f"serving-{uuid.uuid4().hex[:10]}"
    boto3.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    return replace(settings, serving_table=name, airflow_url="http://airflow.test")


@pytest.fixture(scope="module")
def place(aws: str) -> Settings:
    """A lake with a serving table, for all tests of a module."""
    return with_serving(new_settings())


@pytest.fixture
def answers(place: Settings) -> Answers:
    """Answers of a process that has just started."""
    return Answers(place, Store(place.serving_table))


@dataclass(frozen=True)
class Company:
    """Two hotels and a shop, in a lake and a warehouse.

    :param loader: who fills the warehouse
    :param names: of all members, clerks and staff
    """

    settings: Settings
    loader: Credentials
    reader: Credentials
    names: frozenset[str]

    def answers(self) -> Answers:
        """Answers of a process that has just started."""
        return Answers(self.settings, Store(self.settings.serving_table))

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """Ask the warehouse, with the rights of its owner."""
        with psycopg.connect(**self.loader.conninfo()) as connection:  # type: ignore[arg-type]
            return connection.execute(statement.encode()).fetchall()


@pytest.fixture(scope="session")
def company(aws: str, postgres: Postgres) -> Iterator[Company]:
    """Ten days of the hotels, and some orders of the shop; only to be read."""
    databases, settings = Databases(postgres), with_serving(new_settings())
    company = fill(settings, databases, postgres)
    yield company
    databases.drop()


def fill(settings: Settings, databases: Databases, postgres: Postgres) -> Company:
    """Put hotels and shop into a lake and a warehouse of their own."""
    flow = new_flow(settings, databases)
    with psycopg.connect(f"{postgres.url}/postgres", autocommit=True) as server:
        create_roles(server, {READER: "secret"})
    with psycopg.connect(f"{postgres.url}/{flow.warehouse.dbname}", autocommit=True) as warehouse:
        create_warehouse(warehouse)
    rows = curated.rows(World(seed=7, begins=SINCE, trade=0.3), NOW)
    curated.put(rows, settings)
    stars.fill(settings, flow.warehouse)
    mask_tables({name.partition(".")[2]: load_contract(name) for name in contract_names("hospitality")}, settings)
    trade(flow)
    reader = replace(flow.warehouse, username=READER)
    keep_secret(settings, reader)
    personal = ("member_name", "clerk_name", "employee_name")
    names = {row[name] for some in rows.values() for row in some for name in personal if row.get(name)}
    staff = SHOP["staff"]
    names |= {str(staff["first_name"]), str(staff["last_name"]), f"{staff['first_name']} {staff['last_name']}"}
    return Company(settings, flow.warehouse, reader, frozenset(names))


def trade(flow: Flow) -> None:
    """Let the shop sell, buy and pay, and take it all to the stars."""
    for number in range(1, 6):
        stamp = datetime(2026, 3, 30 + number % 2, 12)
        times = {"created_at": stamp, "last_updated": stamp}
        flow.insert("sales_order", sales_order_id=number, **times, **{**ORDER, "units_sold": 1000 * number})
        flow.insert(
            "purchase_order",
            purchase_order_id=number,
            **times,
            staff_id=1,
            counterparty_id=1,
            item_code=f"ITEM{number}",
            item_quantity=number,
            item_unit_price="10.25",
            currency_id=1,
            agreed_delivery_date="2026-04-10",
            agreed_payment_date="2026-04-08",
            agreed_delivery_location_id=1,
        )
        flow.insert(
            "transaction",
            transaction_id=number,
            **times,
            transaction_type="SALE",
            sales_order_id=number,
            purchase_order_id=None,
        )
        flow.insert(
            "payment",
            payment_id=number,
            **times,
            transaction_id=number,
            counterparty_id=1,
            payment_amount=f"{number}.10",
            currency_id=1,
            payment_type_id=1,
            paid=number % 2 == 0,
            payment_date="2026-04-02",
            company_ac_number=1,
            counterparty_ac_number=2,
        )
    flow.run()


def keep_secret(settings: Settings, reader: Credentials) -> None:
    """Let the answers know how to reach the warehouse."""
    secret = {"host": reader.host, "port": reader.port, "dbname": reader.dbname,
              "username": reader.username, "password": reader.password}  # fmt: skip
    name = f"{settings.secret_prefix}serving"
    secrets = boto3.client("secretsmanager")
    try:
        secrets.create_secret(Name=name, SecretString=json.dumps(secret))
    except secrets.exceptions.ResourceExistsException:
        secrets.put_secret_value(SecretId=name, SecretString=json.dumps(secret))

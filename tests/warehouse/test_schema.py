"""The schema: what readers of the warehouse already use, and how it follows the contracts."""

from dataclasses import replace

import psycopg
import pytest

from quayside.contract import Column, Contract
from quayside.errors import Terminal
from quayside.warehouse import migrate
from tests.warehouse.conftest import Stars

VERSION = "created_date date, created_time time, last_updated_date date, last_updated_time time"
# As the domain page has them; written out once more here, because here is where a slip in a contract shows.
PAGE = {
    "dim_date": "date_id date, year integer, month integer, day integer, day_of_week integer, day_name text, "
    "month_name text, quarter integer",
    "dim_staff": "staff_id integer, first_name text, last_name text, department_name text, location text, email_address text",
    "dim_location": "location_id integer, address_line_1 text, address_line_2 text, district text, city text, "
    "postal_code text, country text, phone text",
    "dim_currency": "currency_id integer, currency_code text, currency_name text",
    "dim_design": "design_id integer, design_name text, file_location text, file_name text",
    "dim_counterparty": "counterparty_id integer, counterparty_legal_name text, counterparty_legal_address_line_1 text, "
    "counterparty_legal_address_line_2 text, counterparty_legal_district text, "
    "counterparty_legal_city text, counterparty_legal_postal_code text, "
    "counterparty_legal_country text, counterparty_legal_phone_number text",
    "dim_payment_type": "payment_type_id integer, payment_type_name text",
    "dim_transaction": "transaction_id integer, transaction_type text, sales_order_id integer, purchase_order_id integer",
    "fact_sales_order": f"sales_record_id bigint, sales_order_id integer, {VERSION}, sales_staff_id integer, "
    "counterparty_id integer, units_sold integer, unit_price numeric(10,2), currency_id integer, "
    "design_id integer, agreed_payment_date date, agreed_delivery_date date, "
    "agreed_delivery_location_id integer, deleted boolean",
    "fact_purchase_order": f"purchase_record_id bigint, purchase_order_id integer, {VERSION}, staff_id integer, "
    "counterparty_id integer, item_code text, item_quantity integer, item_unit_price numeric(10,2), "
    "currency_id integer, agreed_delivery_date date, agreed_payment_date date, "
    "agreed_delivery_location_id integer, deleted boolean",
    "fact_payment": f"payment_record_id bigint, payment_id integer, {VERSION}, transaction_id integer, "
    "counterparty_id integer, payment_amount numeric(10,2), currency_id integer, payment_type_id integer, "
    "paid boolean, payment_date date, deleted boolean",
}
DATES = {"created_date": "dim_date", "last_updated_date": "dim_date"}
KEYS = {
    "fact_sales_order": DATES
    | {
        "sales_staff_id": "dim_staff",
        "counterparty_id": "dim_counterparty",
        "currency_id": "dim_currency",
        "design_id": "dim_design",
        "agreed_payment_date": "dim_date",
        "agreed_delivery_date": "dim_date",
        "agreed_delivery_location_id": "dim_location",
    },
    "fact_purchase_order": DATES
    | {
        "staff_id": "dim_staff",
        "counterparty_id": "dim_counterparty",
        "currency_id": "dim_currency",
        "agreed_payment_date": "dim_date",
        "agreed_delivery_date": "dim_date",
        "agreed_delivery_location_id": "dim_location",
    },
    "fact_payment": DATES
    | {
        "transaction_id": "dim_transaction",
        "counterparty_id": "dim_counterparty",
        "currency_id": "dim_currency",
        "payment_type_id": "dim_payment_type",
        "payment_date": "dim_date",
    },
}
COLUMNS = """select table_name, string_agg(column_name || ' ' || format_type(atttypid, atttypmod), ', ' order by ordinal_position)
             from information_schema.columns join pg_attribute on attname = column_name
                  and attrelid = format('%I.%I', table_schema, table_name)::regclass
             where table_schema = 'warehouse' and table_name !~ '^current_' group by 1"""


def _migrate(stars: Stars, tables: tuple[Contract, ...] | None = None) -> list[tuple[str, str]]:
    with psycopg.connect(**stars.credentials.conninfo()) as connection:
        return migrate(connection, tables or stars.tables)


def _with(stars: Stars, table: str, change: Column, *, without: str = "") -> tuple[Contract, ...]:
    """The contracts with one column of one table changed, added or removed."""
    [contract] = [item for item in stars.tables if item.table == table]
    kept = [change if column.name == change.name else column for column in contract.columns if column.name != without]
    columns = kept if change in kept or without else [*kept[:3], change, *kept[3:]]
    return tuple(replace(item, columns=tuple(columns)) if item is contract else item for item in stars.tables)


def test_tables_columns_and_types_are_those_of_the_domain_page(stars: Stars) -> None:
    _migrate(stars)
    assert {table: columns.replace(" without time zone", "") for table, columns in stars.query(COLUMNS)} == PAGE


def test_every_table_has_its_key_and_every_version_is_unique(stars: Stars) -> None:
    _migrate(stars)
    found = dict(
        stars.query("""select conrelid::regclass || ' ' || contype::text, pg_get_constraintdef(oid) from pg_constraint
                                where connamespace = 'warehouse'::regnamespace and contype in ('p', 'u')""")
    )
    wished = {f"warehouse.{table} p": f"PRIMARY KEY ({columns.split()[0]})" for table, columns in PAGE.items()}
    versions = {
        f"warehouse.fact_{name} u": f"UNIQUE ({name}_id, last_updated_date, last_updated_time)"
        for name in ("sales_order", "purchase_order", "payment")
    }
    assert found == wished | versions


def test_every_id_and_date_of_a_fact_points_to_its_dimension_and_is_checked(stars: Stars) -> None:
    _migrate(stars)
    found: dict[str, dict[str, str]] = {}
    for table, column, dimension, checked in stars.query("""
            select conrelid::regclass::text, attname, confrelid::regclass::text, convalidated from pg_constraint
            join pg_attribute on attrelid = conrelid and attnum = conkey[1] where contype = 'f'"""):
        found.setdefault(table.partition(".")[2], {})[column] = dimension.partition(".")[2]
        assert checked
    assert found == KEYS


def test_the_warehouse_numbers_versions_itself_and_takes_what_is_required(stars: Stars) -> None:
    _migrate(stars)
    assert stars.query("""select is_identity, identity_generation, is_nullable from information_schema.columns
                          where table_name = 'fact_payment' and column_name = 'payment_record_id'""") == [
        ("YES", "BY DEFAULT", "NO")
    ]
    assert stars.query("""select is_nullable, column_default from information_schema.columns
                          where table_name = 'fact_payment' and column_name = 'deleted'""") == [("NO", "false")]


def test_descriptions_of_the_contract_are_there_to_read(stars: Stars) -> None:
    _migrate(stars)
    assert stars.query("select obj_description('warehouse.dim_staff'::regclass)") == [
        ("Members of staff with their department, as they are now.",)
    ]
    assert stars.query("select col_description('warehouse.dim_staff'::regclass, 1)") == [("Member of staff.",)]


def test_a_second_migration_changes_nothing(stars: Stars) -> None:
    _migrate(stars)
    objects = "select oid, relname, relfilenode, xmin::text from pg_class where relnamespace = 'warehouse'::regnamespace order by 1"
    before = stars.query(objects)
    assert _migrate(stars) == []
    assert stars.query(objects) == before


def test_a_column_that_joins_the_contract_joins_the_table_and_the_view_under_its_users(stars: Stars) -> None:
    stars.orders({})
    stars.load()
    stars.execute("create view warehouse.somebodys as select * from warehouse.current_sales_order")
    notes = _migrate(
        stars, _with(stars, "fact_sales_order", Column(name="discount", type="numeric(5,2)", required=True))
    )

    assert [note for _, note in notes] == ["column discount added; rows of before have no value for it"]
    assert stars.query("select sales_order_id, discount from warehouse.current_sales_order") == [(1, None)]


def test_a_batch_from_before_a_column_joined_still_loads(stars: Stars) -> None:
    stars.orders({})
    stars.tables = _with(stars, "fact_sales_order", Column(name="discount", type="numeric(5,2)"))
    stars.load()

    assert stars.query("select sales_order_id, discount from warehouse.fact_sales_order") == [(1, None)]


def test_a_column_that_leaves_the_contract_keeps_its_data_and_does_not_refuse_new_rows(stars: Stars) -> None:
    stars.orders({})
    stars.load()
    stars.tables = _with(stars, "fact_sales_order", Column(name="units_sold", type="integer"), without="units_sold")
    stars.orders({"sales_order_id": 2})
    stars.load()

    assert stars.query("select units_sold from warehouse.fact_sales_order order by sales_order_id") == [
        (1000,),
        (None,),
    ]
    assert any("units_sold is no longer in the contract" in message for _, message in stars.told)


@pytest.mark.parametrize(
    ("column", "was", "becomes"),
    [("units_sold", "integer", "bigint"), ("unit_price", "numeric(10,2)", "numeric(14,4)")],
)
def test_a_type_that_widens_is_widened_under_the_view(stars: Stars, column: str, was: str, becomes: str) -> None:
    stars.orders({})
    stars.load()
    [(_, note)] = _migrate(stars, _with(stars, "fact_sales_order", Column(name=column, type=becomes, required=True)))

    assert note == f"column {column} widened from {was} to {becomes}"
    assert stars.query(
        "select format_type(atttypid, atttypmod) from pg_attribute where attname = %s and attrelid in "
        "('warehouse.fact_sales_order'::regclass, 'warehouse.current_sales_order'::regclass)",
        column,
    ) == [(becomes,), (becomes,)]


@pytest.mark.parametrize("becomes", ["integer", "numeric(10,3)", "text"])
def test_a_type_that_could_lose_values_is_refused_with_what_to_do(stars: Stars, becomes: str) -> None:
    _migrate(stars)
    with pytest.raises(Terminal, match=r"warehouse.fact_sales_order.unit_price is numeric\(10,2\).*by hand"):
        _migrate(stars, _with(stars, "fact_sales_order", Column(name="unit_price", type=becomes)))


def test_a_fact_whose_dimension_nobody_publishes_is_refused(stars: Stars) -> None:
    tables = tuple(table for table in stars.tables if table.table != "dim_design")
    with pytest.raises(Terminal, match=r"refer to warehouse.dim_design"):
        _migrate(stars, tables)


def test_a_role_that_may_not_create_is_told_what_to_grant(stars: Stars) -> None:
    stars.credentials = replace(stars.credentials, username="ana")
    with pytest.raises(Terminal, match="create schema warehouse authorization ana"):
        stars.load()

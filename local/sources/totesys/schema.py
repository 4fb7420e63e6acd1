"""The source's tables, and who may read them."""

from importlib.resources import files

from psycopg import Connection, sql

READER = "quayside_extract"
# In the order in which rows can be written: what is referenced comes first.
TABLES = (
    "address",
    "counterparty",
    "currency",
    "department",
    "design",
    "payment_type",
    "staff",
    "sales_order",
    "purchase_order",
    "transaction",
    "payment",
)


class RoleMissing(Exception):
    """The role that the extraction reads with does not exist and may not be created with this login."""


def create_schema(connection: Connection) -> None:
    """Create what is missing of the source's tables and let the extraction read them, also those created later.

    The caller commits.

    :raises RoleMissing: with the statement that a database administrator has to run
    """
    # Keyed to nothing but this script: two at once would both see no table and collide.
    connection.execute("select pg_advisory_xact_lock(hashtext('totesys.schema'))")
    connection.execute("set local client_min_messages = warning")
    connection.execute(files(__package__).joinpath("schema.sql").read_bytes())
    _ensure_reader(connection)
    for statement in (
        "grant usage on schema public to {}",
        "grant select on all tables in schema public to {}",
        "alter default privileges in schema public grant select on tables to {}",
    ):
        connection.execute(sql.SQL(statement).format(sql.Identifier(READER)))


def _ensure_reader(connection: Connection) -> None:
    if connection.execute("select from pg_roles where rolname = %s", [READER]).fetchone() is not None:
        return
    row = connection.execute("select rolsuper or rolcreaterole from pg_roles where rolname = current_user").fetchone()
    if row is None or not row[0]:
        raise RoleMissing(
            f"The role {READER} does not exist and this login may not create it. As an administrator run:\n"
            f"  create role {READER} login password '…';\nthen repeat this command."
        )
    connection.execute(sql.SQL("create role {} login").format(sql.Identifier(READER)))

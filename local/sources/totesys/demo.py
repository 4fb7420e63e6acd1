"""A year of invented trade: the same seed, size and moment give the same rows on every machine."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from psycopg import Connection, sql

from local.sources.totesys import names
from local.sources.totesys.schema import TABLES

HISTORY = timedelta(days=365)
PAYMENT_RUN = timedelta(hours=7, minutes=55, seconds=11, milliseconds=885)  # each day, all that is due at once
SHARE_OF_SALES = 2 / 3
DESIGNS, ADDRESSES, COUNTERPARTIES, STAFF = 300, 60, 40, 30


@dataclass(slots=True)
class Table:
    """Rows of one table; a row's key is its place in ``rows``, counted from 1."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def add(self, created_at: datetime, last_updated: datetime, *values: object) -> int:
        """Append a row and return its key."""
        key = len(self.rows) + 1
        self.rows.append((key, created_at, last_updated, *values))
        return key


COLUMNS: dict[str, tuple[str, ...]] = {
    "address": ("address_line_1", "address_line_2", "district", "city", "postal_code", "country", "phone"),
    "counterparty": ("counterparty_legal_name", "legal_address_id", "commercial_contact", "delivery_contact"),
    "currency": ("currency_code",),
    "department": ("department_name", "location", "manager"),
    "design": ("design_name", "file_location", "file_name"),
    "payment_type": ("payment_type_name",),
    "staff": ("first_name", "last_name", "department_id", "email_address"),
    "sales_order": (
        "design_id",
        "staff_id",
        "counterparty_id",
        "units_sold",
        "unit_price",
        "currency_id",
        "agreed_delivery_date",
        "agreed_payment_date",
        "agreed_delivery_location_id",
    ),
    "purchase_order": (
        "staff_id",
        "counterparty_id",
        "item_code",
        "item_quantity",
        "item_unit_price",
        "currency_id",
        "agreed_delivery_date",
        "agreed_payment_date",
        "agreed_delivery_location_id",
    ),
    "transaction": ("transaction_type", "sales_order_id", "purchase_order_id"),
    "payment": (
        "transaction_id",
        "counterparty_id",
        "payment_amount",
        "currency_id",
        "payment_type_id",
        "paid",
        "payment_date",
        "company_ac_number",
        "counterparty_ac_number",
    ),
}


def generate(random_seed: int, orders: int, now: datetime) -> dict[str, Table]:
    """Invent the shop's tables.

    :param orders: sales and purchase orders together; each brings a transaction and at least one payment
    :param now: UTC without an offset; the history covers the year before it and nothing is later
    """
    random = Random(random_seed)  # noqa: S311
    now = _milliseconds(now)
    tables = {name: Table((f"{name}_id", "created_at", "last_updated", *COLUMNS[name])) for name in TABLES}
    _add_small_tables(tables, random, now - HISTORY)
    designs = [created for _, created, *_ in tables["design"].rows]
    for created_at in _moments(random, orders, now):
        newest = max(1, bisect_left(designs, created_at))
        _add_order(tables, random, created_at, now, newest)
    return tables


def fill(connection: Connection, tables: dict[str, Table]) -> int:
    """Write generated rows into an empty source, all or nothing, and return how many; the caller commits.

    A source that holds any row already is left alone: 0 is returned.
    """
    # A row in any table tells of a source in use; the lock makes a second filler wait and then see the first's rows.
    connection.execute("lock table currency in share row exclusive mode")
    for name in tables:
        held = connection.execute(sql.SQL("select from {} limit 1").format(sql.Identifier(name))).fetchone()
        if held is not None:
            return 0
    for name, table in tables.items():
        statement = sql.SQL("copy {} ({}) from stdin").format(
            sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, table.columns))
        )
        with connection.cursor().copy(statement) as copy:
            for row in table.rows:
                copy.write_row(row)
        connection.execute(
            "select setval(pg_get_serial_sequence(%s, %s), %s, %s)",
            [name, f"{name}_id", max(1, len(table.rows)), bool(table.rows)],
        )
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(name)))
    return sum(len(table.rows) for table in tables.values())


def _add_small_tables(tables: dict[str, Table], random: Random, opening: datetime) -> None:
    for code in names.CURRENCIES:
        tables["currency"].add(opening, opening, code)
    for payment_type in names.PAYMENT_TYPES:
        tables["payment_type"].add(opening, opening, payment_type)
    for department in names.DEPARTMENTS:
        tables["department"].add(opening, opening, *department)
    for _ in range(ADDRESSES):
        district, city, postal_code, country = random.choice(names.PLACES)
        street = f"{random.randint(1, 240)} {random.choice(names.STREETS)}"
        phone = f"+{random.randint(20, 99)} {random.randint(100, 999)} {random.randint(100000, 999999)}"
        tables["address"].add(
            opening, opening, street, random.choice(names.SECOND_LINES), district, city, postal_code, country, phone
        )
    for number in range(COUNTERPARTIES):
        name = f"{random.choice(names.COMPANY_STEMS)} {random.choice(names.COMPANY_ENDINGS)}"
        contacts = (_person(random) if random.random() < 0.9 else None for _ in range(2))
        tables["counterparty"].add(
            opening, opening, names.LONGEST_NAME if number == 0 else name, random.randint(1, ADDRESSES), *contacts
        )
    for number in range(1, STAFF + 1):
        first, last = random.choice(names.FIRST_NAMES), random.choice(names.LAST_NAMES)
        tables["staff"].add(
            opening, opening, first, last, random.randint(1, len(names.DEPARTMENTS)), f"staff.{number}@totes.example"
        )
    for number in range(DESIGNS):  # a third when the shop opens, then one every few days
        created_at = opening + HISTORY * max(0, number - DESIGNS // 3) / DESIGNS
        tables["design"].add(_milliseconds(created_at), _milliseconds(created_at), *design(random))


def design(random: Random) -> tuple[str, str, str]:
    """Invent a design: name, folder and file."""
    name = f"{random.choice(names.DESIGN_WORDS)} {random.choice(names.DESIGN_WORDS)}"
    return name, random.choice(names.FOLDERS), f"{name.lower().replace(' ', '-')}-{random.randint(1000, 9999)}.json"


def _add_order(tables: dict[str, Table], random: Random, created_at: datetime, now: datetime, designs: int) -> None:
    """Add an order, its transaction and its payments, all of one moment: they are written in one transaction."""
    sale = random.random() < SHARE_OF_SALES
    last_updated = created_at
    if random.random() < 0.08:  # agreed anew
        last_updated = min(now, created_at + _between(random, timedelta(minutes=2), timedelta(days=4)))
    counterparty, currency = random.randint(1, COUNTERPARTIES), _currency(random)
    delivery, due = agreed_dates(random, created_at)
    parties = random.randint(1, STAFF), counterparty
    agreed = currency, delivery, due, random.randint(1, ADDRESSES)
    if sale:
        quantity, price = sale_terms(random)
        made = (random.randint(1, designs), *parties, quantity, price, *agreed)
        order = tables["sales_order"].add(created_at, last_updated, *made)
        transaction = tables["transaction"].add(created_at, created_at, "SALE", order, None)
    else:
        code, quantity, price = purchase_terms(random)
        order = tables["purchase_order"].add(created_at, last_updated, *parties, code, quantity, price, *agreed)
        transaction = tables["transaction"].add(created_at, created_at, "PURCHASE", None, order)
    _add_payments(
        tables["payment"],
        random,
        created_at,
        now,
        (transaction, counterparty, currency),
        "SALES_RECEIPT" if sale else "PURCHASE_PAYMENT",
        quantity * price,
        due,
    )


def _add_payments(
    payments: Table,
    random: Random,
    created_at: datetime,
    now: datetime,
    belongs: tuple[int, int, int],
    kind: str,
    amount: Decimal,
    due: str,
) -> None:
    """Add the payment of an order and, when it was made and then regretted, its refund.

    :param belongs: keys of transaction, counterparty and currency
    """
    transaction, counterparty, currency = belongs
    accounts = random.randint(10**7, 10**8 - 1), random.randint(10**7, 10**8 - 1)

    def add(kind: str, at: datetime, amount: Decimal, due: str) -> datetime | None:
        run = max(datetime.fromisoformat(due), _midnight(at)) + PAYMENT_RUN
        run += timedelta(days=1) if run <= at else timedelta(0)
        paid = run <= now and random.random() < 0.93
        payment_type = names.PAYMENT_TYPES.index(kind) + 1
        payments.add(
            at, run if paid else at, transaction, counterparty, amount, currency, payment_type, paid, due, *accounts
        )
        return run if paid else None

    made = add(kind, created_at, amount, due)
    if made and random.random() < 0.03:
        regretted = made + _between(random, timedelta(hours=3), timedelta(days=20))
        if regretted < now:
            refund = (amount * random.randint(5, 100) / 100).quantize(Decimal("0.01"))
            kind = "SALES_REFUND" if kind == "SALES_RECEIPT" else "PURCHASE_REFUND"
            add(kind, regretted, refund, f"{regretted + timedelta(days=2):%Y-%m-%d}")


def sale_terms(random: Random) -> tuple[int, Decimal]:
    """Invent units sold and unit price."""
    return random.randint(1_000, 100_000), Decimal(random.randint(180, 420)) / 100


def purchase_terms(random: Random) -> tuple[str, int, Decimal]:
    """Invent item code, quantity and unit price."""
    code = "".join(random.choices("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", k=7))
    return code, random.randint(1, 1_000), Decimal(random.randint(10_00, 999_99)) / 100


def agreed_dates(random: Random, created_at: datetime) -> tuple[str, str]:
    """Invent agreed dates of delivery and payment, after the order's day; a few deliveries are far off."""
    wait = random.randint(30, 300) if random.random() < 0.01 else random.randint(1, 8)
    return (
        f"{created_at + timedelta(days=wait):%Y-%m-%d}",
        f"{created_at + timedelta(days=random.randint(1, 7)):%Y-%m-%d}",
    )


def _moments(random: Random, count: int, now: datetime) -> Iterator[datetime]:
    """Yield the orders' moments in order: more in working hours, more towards the end, one in ten shared by two."""
    opening, moments = now - HISTORY, []
    for _ in range(count):
        day = int(HISTORY.days * random.triangular(0, 1, 1))
        if (opening + timedelta(days=day)).weekday() >= 5 and random.random() < 0.7:
            day = min(day + 2, HISTORY.days - 1)
        moment = _midnight(opening) + timedelta(days=day, hours=random.triangular(6, 23, 13))
        moments.append(
            max(opening, min(_milliseconds(moment), now - _between(random, timedelta(0), timedelta(hours=1))))
        )
    moments.sort()
    for earlier, later in zip([opening, *moments], moments, strict=False):
        yield earlier if random.random() < 0.1 else later


def _person(random: Random) -> str:
    return f"{random.choice(names.FIRST_NAMES)} {random.choice(names.LAST_NAMES)}"


def _currency(random: Random) -> int:
    return random.choices(range(1, len(names.CURRENCIES) + 1), weights=(40, 20, 25, 4, 4, 3, 2, 2))[0]


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _between(random: Random, least: timedelta, most: timedelta) -> timedelta:
    return timedelta(milliseconds=random.randint(int(least.total_seconds() * 1000), int(most.total_seconds() * 1000)))

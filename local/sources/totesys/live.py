"""A shop that stays open: orders come in, get paid, are changed, now and then deleted, and one commits late."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any, LiteralString

from psycopg import Connection

from local.sources.totesys import demo


@dataclass(slots=True)
class Live:
    """Writes to the source, one business event a step.

    A slow transaction is begun by one step and committed a few steps later, when rows that are younger than its own
    have long been visible; `close` ends it.

    :param connect: opens a connection that may write, autocommit off
    """

    connect: Callable[[], Connection[Any]]
    random: Random
    _open: Connection[Any] | None = field(default=None, init=False)
    _slow: tuple[Connection[Any], str, int] | None = field(default=None, init=False)

    def step(self) -> str:
        """Do one thing and tell what, in one line."""
        if self._slow is not None:
            connection, what, steps = self._slow
            if steps == 0:
                return self._commit_slow(connection, what)
            self._slow = connection, what, steps - 1
        elif self.random.random() < 0.04:
            return self._begin_slow()
        [act] = self.random.choices(
            (self._order, self._pay, self._change, self._delete, self._design), weights=(55, 30, 8, 4, 3)
        )
        if self._open is None or self._open.broken:
            self._open = self.connect()
        with self._open.transaction():
            return act(self._open)

    def close(self) -> None:
        """Commit what is under way and disconnect."""
        if self._slow is not None:
            self._commit_slow(*self._slow[:2])
        if self._open is not None:
            self._open.close()
            self._open = None

    def _begin_slow(self) -> str:
        connection = self.connect()
        what = self._order(connection)
        self._slow = connection, what, self.random.randint(3, 8)
        return f"slow transaction begun, not committed: {what}"

    def _commit_slow(self, connection: Connection[Any], what: str) -> str:
        self._slow = None
        with connection:  # commits and closes
            pass
        return f"slow transaction committed late: {what}"

    def _order(self, connection: Connection[Any]) -> str:
        sale = self.random.random() < demo.SHARE_OF_SALES
        staff, counterparty, currency, location = (
            self._any(connection, table) for table in ("staff", "counterparty", "currency", "address")
        )
        [[today]] = connection.execute("select current_timestamp at time zone 'UTC'")
        delivery, due = demo.agreed_dates(self.random, today)
        if sale:
            quantity, price = demo.sale_terms(self.random)
            order = _insert(
                connection,
                "insert into sales_order (design_id, staff_id, counterparty_id, units_sold, unit_price, currency_id,"
                " agreed_delivery_date, agreed_payment_date, agreed_delivery_location_id)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning sales_order_id",
                self._any(connection, "design"),
                staff,
                counterparty,
                quantity,
                price,
                currency,
                delivery,
                due,
                location,
            )
        else:
            code, quantity, price = demo.purchase_terms(self.random)
            order = _insert(
                connection,
                "insert into purchase_order (staff_id, counterparty_id, item_code, item_quantity, item_unit_price,"
                " currency_id, agreed_delivery_date, agreed_payment_date, agreed_delivery_location_id)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning purchase_order_id",
                staff,
                counterparty,
                code,
                quantity,
                price,
                currency,
                delivery,
                due,
                location,
            )
        transaction = _insert(
            connection,
            "insert into transaction (transaction_type, sales_order_id, purchase_order_id)"
            " values (%s, %s, %s) returning transaction_id",
            "SALE" if sale else "PURCHASE",
            order if sale else None,
            None if sale else order,
        )
        payment_type = "SALES_RECEIPT" if sale else "PURCHASE_PAYMENT"
        self._payment(connection, transaction, counterparty, quantity * price, currency, payment_type, due)
        return f"{'sale' if sale else 'purchase'} {order}: {quantity:,} × {price}"

    def _payment(
        self,
        connection: Connection[Any],
        transaction: int,
        counterparty: int,
        amount: Decimal,
        currency: int,
        payment_type: str,
        due: str,
    ) -> None:
        company, other = (self.random.randint(10**7, 10**8 - 1) for _ in range(2))
        connection.execute(
            "insert into payment (transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,"
            " payment_date, company_ac_number, counterparty_ac_number)"
            " select %s, %s, %s, %s, payment_type_id, false, %s, %s, %s from payment_type"
            " where payment_type_name = %s limit 1",
            [transaction, counterparty, amount, currency, due, company, other, payment_type],
        )

    def _pay(self, connection: Connection[Any]) -> str:
        """Mark up to five due payments as paid: they share one last_updated."""
        paid = connection.execute(
            "update payment set paid = true, last_updated = current_timestamp at time zone 'UTC',"
            " payment_date = to_char(current_timestamp at time zone 'UTC', 'YYYY-MM-DD')"
            " where payment_id in (select payment_id from payment where not paid order by random() limit %s"
            " for update skip locked) returning payment_id",
            [self.random.randint(1, 5)],
        ).fetchall()
        return f"paid: payments {', '.join(str(key) for (key,) in paid)}" if paid else self._order(connection)

    def _change(self, connection: Connection[Any]) -> str:
        """Agree an order's units anew, or move somebody to another department."""
        if self.random.random() < 0.2:
            staff, department = self._any(connection, "staff"), self._any(connection, "department")
            connection.execute(
                "update staff set department_id = %s, last_updated = current_timestamp at time zone 'UTC'"
                " where staff_id = %s",
                [department, staff],
            )
            return f"staff {staff} moved to department {department}"
        changed = connection.execute(
            "update sales_order set units_sold = %s, last_updated = current_timestamp at time zone 'UTC'"
            " where sales_order_id = (select sales_order_id from sales_order order by sales_order_id desc"
            " limit 1 offset %s) returning sales_order_id",
            [self.random.randint(1_000, 100_000), self.random.randint(0, 50)],
        ).fetchone()
        return f"sale {changed[0]}: units agreed anew" if changed else self._order(connection)

    def _delete(self, connection: Connection[Any]) -> str:
        """Delete one of the youngest sales whose payments are all open, with its transaction and payments."""
        found = connection.execute(
            "select sales_order_id, transaction_id from sales_order join transaction using (sales_order_id)"
            " where not exists (select from payment where paid and payment.transaction_id = transaction.transaction_id)"
            " order by sales_order_id desc limit 1 offset %s",
            [self.random.randint(0, 20)],
        ).fetchone()
        if found is None:
            return self._order(connection)
        order, transaction = found
        connection.execute("delete from payment where transaction_id = %s", [transaction])
        connection.execute("delete from transaction where sales_order_id = %s", [order])
        connection.execute("delete from sales_order where sales_order_id = %s", [order])
        return f"sale {order} deleted, with its transaction and payments"

    def _design(self, connection: Connection[Any]) -> str:
        name, folder, file = demo.design(self.random)
        key = _insert(
            connection,
            "insert into design (design_name, file_location, file_name) values (%s, %s, %s) returning design_id",
            name,
            folder,
            file,
        )
        return f"design {key}: {name}"

    def _any(self, connection: Connection[Any], table: str) -> int:
        """Pick a key of a small table."""
        keys = [key for (key,) in connection.execute(KEYS[table])]
        return int(self.random.choice(keys))


KEYS: dict[str, LiteralString] = {
    "address": "select address_id from address order by 1",
    "counterparty": "select counterparty_id from counterparty order by 1",
    "currency": "select currency_id from currency order by 1",
    "department": "select department_id from department order by 1",
    "design": "select design_id from design order by 1",
    "staff": "select staff_id from staff order by 1",
}


def _insert(connection: Connection[Any], statement: LiteralString, *values: object) -> int:
    [[key]] = connection.execute(statement, values)
    return int(key)

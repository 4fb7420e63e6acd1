"""Shifts and sales as no ordinary day has them, in the vendors' words; asked for as `World` is."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

SINCE, UNTIL = date(2024, 6, 28), date(2024, 7, 3)  # a month ends within
HOTEL = "Bella Vista Hotel"
LENGTHS = (0, 1, 59, 60, 61, 119, 480, 610, 23 * 60, 24 * 60 - 1)
MINUTES = (0, 0, 1, 30, 59)


class Edges:
    """A venue whose shifts begin at any time, last from nothing to a day, and cost what cannot be divided evenly."""

    def __init__(self) -> None:
        random = Random(4)
        self._roster = [_rostered(random, number) for number in range(150)]
        self._sheets = [_timesheet(random, number) for number in range(150)]

    def roster_items(self, now: datetime) -> list[dict[str, Any]]:
        return self._roster

    def timesheets(self, now: datetime) -> list[dict[str, Any]]:
        return self._sheets

    def sales(self, now: datetime) -> list[dict[str, Any]]:
        """A drink for nothing, and on another day one that is voided whole, but nothing else."""
        return [_sale(1, "2024-06-28T09:00:00.000Z", "0.00"), _sale(2, "2024-06-29T09:00:00.000Z", "12.35"),
                _sale(3, "2024-06-29T10:00:00.000Z", "-12.35", void=True)]  # fmt: skip

    def member_transactions(self, now: datetime) -> list[dict[str, Any]]:
        return []

    def readings(self, now: datetime) -> list[dict[str, Any]]:
        """A day on which the machines were on and nobody played, and one of odd cents."""
        days = (("2024-06-29", "0.00", "0.00"), ("2024-06-30", "300.00", "299.99"), ("2024-07-01", "0.03", "100.01"))
        return [
            {"Venue": 1, "Date": day, "Time": "10:00:00", "EGM Turnover": Decimal(turnover), "EGM Wins": Decimal(wins),
             "Machines": 1} for day, turnover, wins in days
        ]  # fmt: skip

    def products(self, now: datetime) -> list[dict[str, Any]]:
        return []


def _times(random: Random) -> tuple[datetime, datetime]:
    begins = datetime(SINCE.year, SINCE.month, SINCE.day) + timedelta(
        hours=random.randrange(24 * 5), minutes=random.choice(MINUTES), seconds=random.choice((0, 0, 30))
    )
    return begins, begins + timedelta(minutes=random.choice(LENGTHS))


def _common(random: Random, number: int) -> dict[str, Any]:
    return {
        "GuidKey": f"{number:04d}",
        "LastEdit": "2024-07-05T00:00:00",
        "GrossMinutes": random.randrange(1, 1440),
        "NetMinutes": random.randrange(1, 1000),
        "Location": {"Name": HOTEL},
        "Department": {"Name": random.choice(("Bar", "Bistro", "bar", "Ärmel"))},
        "Role": {"Name": "Cook"},
        "Cost": Decimal(random.randrange(0, 100_000)).scaleb(-2),
        "Deleted": random.random() < 0.2,
    }


def _rostered(random: Random, number: int) -> dict[str, Any]:
    begins, ends = _times(random)
    somebody = {"EmployeeCode": "BV1", "Name": "Zoë", "EmploymentType": {"Name": "Casual"}}
    return {
        **_common(random, number),
        "StartTime": begins.isoformat(),
        "EndTime": ends.isoformat(),
        "BreakMinutes": 0,
        "Published": random.random() < 0.5,
        **({"Employee": somebody} if random.random() < 0.5 else {}),
    }


def _timesheet(random: Random, number: int) -> dict[str, Any]:
    begins, ends = _times(random)
    clocked = {"ClockedStartTime": (begins - timedelta(minutes=7)).isoformat(), "ClockedEndTime": ends.isoformat()}
    day = (begins - timedelta(days=random.random() < 0.1)).date()  # some are entered under the day before
    return {
        **_common(random, number),
        "Employee": {"EmployeeCode": f"BV{number % 5}", "Name": "Zoë", "EmploymentType": {"Name": "Casual"}},
        "DateStart": f"{day}T00:00:00",
        "PayDate": f"{day}T00:00:00",
        "PayStartTime": begins.isoformat(),
        "PayEndTime": ends.isoformat(),
        "BreakMinutesPaid": 0,
        "BreakMinutesUnpaid": 0,
        "Authorised": random.random() < 0.5,
        "Paid": False,
        **{name: time for name, time in clocked.items() if random.random() < 0.7},
    }


def _sale(key: int, at: str, total: str, *, void: bool = False) -> dict[str, Any]:
    item = {
        "InventoryCode": "BE01001", "Plu": 1001, "Name": "Harbour Lager", "Category": {"Id": 1, "Name": "Tap Beer"},
        "Group": {"Id": 1, "Name": "Beer"}, "MasterGroup": {"Id": 1, "Name": "Beverage"},
        "PriceLevel": {"Id": 1, "Name": "Standard"}, "Quantity": -1 if void else 1, "TotalEx": Decimal(total),
        "TotalInc": Decimal(total), "NormalPrice": Decimal("12.35"), "ItemCost": Decimal("3.00"), "Tax": Decimal("0.00"),
        "IsDiscount": False, "IsRefund": False, "IsVoid": void, "IsSurcharge": False, "IsPromotion": False,
    }  # fmt: skip
    return {
        "Venue": {"Id": 1, "Name": HOTEL}, "Id": key, "ReceiptId": key, "TransactionDate": at,
        "TransactionType": "Void" if void else "Sale", "Location": {"Id": 11, "Name": "Bar"},
        "Terminal": {"Id": 111, "Name": "Bar 1"}, "Clerk": {"Id": 1001, "Name": "Zoë"},
        "Table": {"Id": 1, "AdultCovers": 3, "ChildCovers": 0}, "Items": [item],
        "Media": [{"Id": 1, "Name": "Cash", "Amount": Decimal(total), "RoundedAmount": Decimal(total)}],
    }  # fmt: skip

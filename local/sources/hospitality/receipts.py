"""A sale on paper: its lines, how it was paid, and the JSON in which SwiftPOS tells of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.sources.hospitality.encoding import Json, encode, money, named, utc
from local.sources.hospitality.menu import Product
from local.sources.hospitality.people import Member
from quayside.venues import Venue

Media = tuple[tuple[tuple[int, str], int], ...]  # means of payment, and cents
CASH, EFTPOS, VISA, AMEX, POINTS, GIFT = (
    (1, "Cash"), (2, "EFTPOS"), (3, "Visa/Mastercard"), (4, "Amex"), (5, "Points"), (6, "Gift Card"),
)  # fmt: skip
STANDARD, HAPPY_HOUR, MEMBERS = named(1, "Standard"), named(2, "Happy Hour"), named(3, "Member")
BONUS = 50  # points, now and then
ZERO, TAX_RATE = money(0), money(1000)
NOBODY = encode({"Id": 0, "Name": "", "Classification": {"Id": 0, "Name": ""},
                 "Balance": {"Account": money(0), "Points": money(0)}})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A location with its terminals, as SwiftPOS names them; ``kind`` is what is sold there."""

    kind: str
    location: Json
    terminals: tuple[Json, ...]
    weight: int


@dataclass(frozen=True, slots=True)
class Line:
    """An item of a sale; money in cents with tax. ``flag`` is the one of its five flags that is set."""

    product: Product
    quantity: int
    total: int
    usual: int
    level: Json = STANDARD
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale before it is posted.

    :param points: what its member has after it
    :param known: whether the till told more of it than it had to
    """

    id: int
    at: datetime
    kind: str
    place: Place
    terminal: Json
    clerk: Json
    lines: tuple[Line, ...]
    media: Media
    member: Member | None
    points: int
    table: Json | None
    known: bool
    reason: str = ""

    @property
    def bonus(self) -> bool:
        """Whether the member gets points beside it."""
        return self.member is not None and self.kind == "Sale" and self.id % 31 == 0

    @property
    def total(self) -> int:
        """What is to be paid, in cents."""
        return sum(line.total for line in self.lines)


def places(venue: Venue) -> tuple[Place, ...]:
    """Return where a venue sells: the first has a terminal and a bar more than others."""
    base, large = venue.id * 10, venue.id == 1
    names = (("bar", "Public Bar", 3 if large else 2, 5), ("bistro", "Bistro", 2, 4), ("bar", "Gaming Bar", 1, 2),
             *([("bar", "Beer Garden", 2, 3)] if large else []))  # fmt: skip
    found = []
    for number, (kind, name, terminals, weight) in enumerate(names, 1):
        keys = range(1, terminals + 1)
        words = tuple(named((base + number) * 10 + key, f"{name} {key}") for key in keys)
        found.append(Place(kind, named(base + number, name), words, weight))
    return tuple(found)


def earned(total: int) -> int:
    """Return the points that a total is worth: one for each whole dollar, taken back when it is given back."""
    return int(total / 100)


def redeemed(media: Media) -> int:
    """Return the points among the means of payment: a cent is a point."""
    return sum(amount for means, amount in media if means == POINTS)


def sale_shape(sale: Sale) -> dict[str, Any]:
    """Return a sale as ``/api/Sale`` lists it; what there is not is left out."""
    shape: dict[str, Any] = {
        "Id": sale.id,
        "ReceiptId": 700_000_000 + sale.id,
        "SaleType": "Dine In" if sale.table else "Bar",
        "TransactionDate": utc(sale.at),
        "TransactionType": sale.kind,
        "Location": sale.place.location,
        "Terminal": sale.terminal,
        "Clerk": sale.clerk,
        "Customer": _customer(sale),
        "Table": sale.table,
        "Items": [_item(line) for line in sale.lines],
        "Media": [_medium(means, amount) for means, amount in sale.media],
        "Reason": sale.reason,
    }
    for name, missing in (("SaleType", not sale.known), ("Reason", not sale.reason), ("Table", not sale.table),
                          ("Customer", sale.member is None and sale.known)):  # fmt: skip
        if missing:
            del shape[name]
    return shape


def _customer(sale: Sale) -> Json:
    if sale.member is None:
        return NOBODY
    return encode(
        {
            "Id": sale.member.id,
            "Name": sale.member.name,
            "Classification": {"Id": sale.member.class_id, "Name": sale.member.class_name},
            "Balance": {"Account": money(0), "Points": money(sale.points * 100)},
        }
    )


def _item(line: Line) -> dict[str, Any]:
    product, tax = line.product, round(line.total / 11)  # prices hold 10 % goods and services tax
    return {
        "InventoryCode": product.code,
        "Plu": product.plu,
        "Name": product.name,
        "Category": product.category,
        "Group": product.group,
        "MasterGroup": product.master_group,
        "PriceLevel": line.level,
        "Quantity": line.quantity,
        "TotalEx": money(line.total - tax),
        "TotalInc": money(line.total),
        "NormalPrice": money(line.usual),
        "ItemCost": money(product.cost),
        "Tax": money(tax),
        "IsDiscount": line.flag == "IsDiscount",
        "IsRefund": line.flag == "IsRefund",
        "IsVoid": line.flag == "IsVoid",
        "IsSurcharge": line.flag == "IsSurcharge",
        "IsPromotion": line.flag == "IsPromotion",
        "TaxRate": TAX_RATE,
    }


def _medium(means: tuple[int, str], amount: int) -> dict[str, Any]:
    rounded = 5 * round(amount / 5) if means == CASH else amount
    return {"Id": means[0], "Name": means[1], "Amount": money(amount), "RoundedAmount": money(rounded), "Tip": ZERO}


def transaction_shape(sale: Sale, member: Member, venue: Venue) -> dict[str, Any]:
    """Return a sale as ``/api/Member/{id}/Transaction`` lists it."""
    tax = sum(round(line.total / 11) for line in sale.lines)
    return {
        "Id": f"{venue.id}-{sale.id}",
        "Member": named(member.id, member.name),
        "Venue": named(venue.id, venue.name),
        "Location": sale.place.location,
        "SaleId": sale.id,
        "TransactionDate": utc(sale.at),
        "TransactionType": sale.kind,
        "Items": [
            {
                "InventoryCode": line.product.code,
                "Name": line.product.name,
                "Quantity": line.quantity,
                "TotalInc": money(line.total),
            }
            for line in sale.lines
        ],
        "Media": [{"Id": means[0], "Name": means[1], "Amount": money(amount)} for means, amount in sale.media],
        "TotalEx": money(sale.total - tax),
        "TotalInc": money(sale.total),
        "Tax": money(tax),
        "PointsEarned": money(earned(sale.total) * 100),
        "PointsRedeemed": money(redeemed(sale.media) * 100),
        "PointsBalance": money(sale.points * 100),
    }


def bonus_shape(sale: Sale, member: Member, venue: Venue) -> dict[str, Any]:
    """Return points given beside a sale: a transaction without one."""
    shape = transaction_shape(sale, member, venue)
    del shape["SaleId"]
    return {
        **shape,
        "Id": f"{shape['Id']}-B",
        "TransactionType": "Bonus Points",
        "Items": [],
        "Media": [],
        "TotalEx": ZERO,
        "TotalInc": ZERO,
        "Tax": ZERO,
        "PointsEarned": money(BONUS * 100),
        "PointsRedeemed": ZERO,
        "PointsBalance": money((sale.points + BONUS) * 100),
    }

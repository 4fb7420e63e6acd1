"""One business day's trade at one venue, as SwiftPOS would post it: sales, refunds, voids, resends, late posts."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from local.sources.hospitality import days
from local.sources.hospitality.encoding import Json, encode, money, named, utc
from local.sources.hospitality.menu import BEVERAGE, DISCOUNTS, SURCHARGES, Menu, Product, member_price
from local.sources.hospitality.people import Employee, Member
from quayside.venues import Venue

REACH = timedelta(days=5)  # nothing of a business day is posted later than this after it began
CASH, EFTPOS, VISA, AMEX, POINTS, GIFT = (
    (1, "Cash"), (2, "EFTPOS"), (3, "Visa/Mastercard"), (4, "Amex"), (5, "Points"), (6, "Gift Card"),
)  # fmt: skip
STANDARD, HAPPY_HOUR, MEMBERS = named(1, "Standard"), named(2, "Happy Hour"), named(3, "Member")
NOBODY = encode({"Id": 0, "Name": "", "Classification": {"Id": 0, "Name": ""},
                 "Balance": {"Account": money(0), "Points": money(0)}})  # fmt: skip
REFUND_REASONS = ("Wrong item", "Quality", "Customer changed mind", "Overcharged")
VOID_REASONS = ("Keyed twice", "Wrong table", "Training", "Customer left")


@dataclass(frozen=True, slots=True)
class Posting:
    """What is posted once: a sale, and what it means for a member.

    :param at: when, in UTC; a sale that is posted again has the same id
    :param transactions: id → text of the member's transactions
    """

    at: datetime
    sale_id: int
    body: Json
    member_id: int
    transactions: tuple[tuple[str, Json], ...]


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
    """A sale before it is posted; media are (means, cents)."""

    id: int
    at: datetime
    kind: str
    place: Place
    terminal: Json
    clerk: Json
    lines: tuple[Line, ...]
    media: tuple[tuple[tuple[int, str], int], ...]
    member: Member | None
    points: int
    table: Json | None
    known: bool
    reason: str = ""

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


class Trade:
    """Invents the sales of one business day of one venue.

    :param random: seeded with all that the day depends on
    :param expected: how many sales an ordinary such day has
    """

    def __init__(
        self,
        random: Random,
        venue: Venue,
        day: date,
        expected: float,
        menu: Menu,
        staff: tuple[Employee, ...],
        members: tuple[Member, ...],
    ) -> None:
        self._random, self._venue, self._day, self._menu = random, venue, day, menu
        self._expected, self._places = expected, places(venue)
        self._hours = days.trading_hours(day, venue)
        self._clerks = self._on_duty(staff)
        self._members = [
            member for member in members if (member.home == venue.id) != ((member.id + day.toordinal()) % 10 == 0)
        ]
        self._balances: dict[int, int] = {}
        self._first_id = (day - date(2020, 1, 1)).days * 100_000
        self._offline = self._some_terminal_offline()

    def postings(self) -> tuple[Posting, ...]:
        """Return all that is ever posted of the day, in the order of posting."""
        found: list[Posting] = []
        for number, (at, hour) in enumerate(self._moments(), 1):
            sale = self._sale(self._first_id + number, at, hour)
            posted = self._posted(sale)
            found.append(self._posting(sale, posted))
            chance = self._random.random()
            if chance < 0.010:
                found.append(self._posting(self._corrected(sale), posted + self._minutes(10, 2000)))
            elif chance < 0.028 and not any(line.flag == "IsDiscount" for line in sale.lines):
                undone = self._undone(sale, refund=chance < 0.020)
                found.append(self._posting(undone, undone.at + self._seconds(1, 20)))
        return tuple(sorted(found, key=lambda posting: (posting.at, posting.sale_id)))

    def _moments(self) -> list[tuple[datetime, int]]:
        """Return when the day's sales are made, in order, with the hour that the clock shows."""
        spread = self._random.gauss(self._expected, self._expected * 0.07)
        count = max(0, int(spread + self._random.random()))
        weights = [days.HOURS[hour] for _, hour in self._hours]
        found = self._random.choices(self._hours, weights, k=count)
        return sorted((begin + timedelta(milliseconds=int(self._random.random() * 3_600_000)), hour)
                      for begin, hour in found)  # fmt: skip

    def _sale(self, key: int, at: datetime, hour: int) -> Sale:
        random = self._random
        dining = hour in (12, 13, 18, 19, 20)
        place = random.choices(self._places, [
            p.weight * (3 if dining else 0.5 if 11 < hour < 22 else 0) if p.kind == "bistro" else p.weight
            for p in self._places
        ])[0]  # fmt: skip
        bistro = place.kind == "bistro"
        member = self._members[int(len(self._members) * random.random() ** 2)] if random.random() < 0.2 else None
        adults = random.choice((1, 2, 2, 2, 3, 4, 4, 5, 6, 8)) if bistro else 0
        children = random.choice((0, 0, 0, 0, 1, 2, 3)) if bistro else 0
        lines = self._lines(bistro, adults + children, hour, member)
        total = sum(line.total for line in lines)
        media = self._media(total, member)
        return Sale(
            id=key,
            at=at,
            kind="Sale",
            place=place,
            terminal=random.choice(place.terminals),
            clerk=random.choice(self._clerks[bistro]),
            lines=tuple(lines),
            media=media,
            member=member,
            points=self._balance(member, total, media) if member else 0,
            table=encode({"Id": random.randint(1, 40), "AdultCovers": adults, "ChildCovers": children})
            if bistro else None,
            known=random.random() < 0.7,
        )  # fmt: skip

    def _lines(self, bistro: bool, covers: int, hour: int, member: Member | None) -> list[Line]:
        random = self._random
        drinks = self._pick("bar", random.choice((1, 1, 1, 2, 2, 3)) if not bistro else max(1, covers * 2 // 3), hour,
                            member)  # fmt: skip
        lines = drinks + (self._pick("bistro", max(1, round(covers * random.uniform(0.9, 1.5))), hour, member)
                          if bistro else [])  # fmt: skip
        if random.random() < 0.01:  # keyed, and taken back before it was paid
            line = lines[-1]
            lines.append(replace(line, quantity=-line.quantity, total=-line.total, flag="IsVoid"))
            lines += self._pick("bar", 1, hour, member)
        total = sum(line.total for line in lines)
        if random.random() < 0.04:
            percent = random.choice(tuple(DISCOUNTS))
            off = -round(total * percent / 100)
            lines.append(Line(DISCOUNTS[percent], 1, off, off, flag="IsDiscount"))
        extra = 15 if days.is_holiday(self._day) else 10 if self._day.weekday() == 6 else 0
        if extra:
            more = round(sum(line.total for line in lines) * extra / 100)
            lines.append(Line(SURCHARGES[extra], 1, more, more, flag="IsSurcharge"))
        return lines

    def _pick(self, where: str, count: int, hour: int, member: Member | None) -> list[Line]:
        """Choose products; what is chosen twice is one line."""
        menu, sums = self._menu[where]
        chosen: dict[Product, int] = {}
        for product in self._random.choices(menu, cum_weights=sums, k=count):
            chosen[product] = chosen.get(product, 0) + (1 if self._random.random() < 0.75 else 2)
        lines = []
        for product, quantity in chosen.items():
            usual = price = product.price(self._day)
            level, flag = STANDARD, ""
            if product.master_group_id == BEVERAGE[0] and 16 <= hour < 18 and self._day.weekday() < 4:
                price, level, flag = round(usual * 0.8 / 10) * 10, HAPPY_HOUR, "IsPromotion"
            elif member:
                price, level = member_price(product, usual), MEMBERS
            lines.append(Line(product, quantity, price * quantity, usual, level, flag))
        return lines

    def _media(self, total: int, member: Member | None) -> tuple[tuple[tuple[int, str], int], ...]:
        random = self._random
        if member and random.random() < 0.06:
            points = min(total, self._known(member)) // 100 * 100  # 100 points are a dollar, spent in whole dollars
            if points >= 500:
                rest = ((self._means(), total - points),) if total > points else ()
                return ((POINTS, points), *rest)
        if total > 6000 and random.random() < 0.15:
            first = total // random.choice((2, 3))
            return ((self._means(), first), (self._means(), total - first))
        return ((self._means(), total),)

    def _means(self) -> tuple[int, str]:
        return self._random.choices((CASH, EFTPOS, VISA, AMEX, GIFT), (25, 40, 28, 5, 2))[0]

    def _known(self, member: Member) -> int:
        return self._balances.get(member.id, member.points(self._day))

    def _balance(self, member: Member, total: int, media: tuple[tuple[tuple[int, str], int], ...]) -> int:
        """Return a member's points after a sale."""
        self._balances[member.id] = self._known(member) + _earned(total) - _redeemed(media)
        return self._balances[member.id]

    def _corrected(self, sale: Sale) -> Sale:
        """Return a sale as it is sent again: by another clerk, one more of the first item."""
        first = sale.lines[0]
        more = replace(first, quantity=first.quantity + 1, total=first.total + first.total // first.quantity)
        (means, paid), *others = sale.media[::-1]
        media = (*others[::-1], (means, paid + more.total - first.total))
        clerk = self._random.choice(self._clerks[sale.place.kind == "bistro"])
        points = sale.points + _earned(sale.total + more.total - first.total) - _earned(sale.total)
        return replace(sale, lines=(more, *sale.lines[1:]), media=media, clerk=clerk, points=points)

    def _undone(self, sale: Sale, *, refund: bool) -> Sale:
        """Return what gives a sale back: within days one of its items, or within minutes all of it."""
        lines = [line for line in sale.lines if line.flag in ("", "IsPromotion") and line.total > 0]
        if refund:
            lines = lines[:1]
            day = self._day + timedelta(days=self._random.choice((0, 0, 1, 1, 2, 3)))
            at = days.at(day, self._random.uniform(days.OPENS, 22), self._venue)
            at = max(sale.at + self._minutes(5, 40), at.replace(microsecond=at.microsecond // 1000 * 1000))
        else:
            lines, at = list(sale.lines), sale.at + self._minutes(1, 15)
        flag = "IsRefund" if refund else "IsVoid"
        back = tuple(replace(line, quantity=-line.quantity, total=-line.total, flag=flag) for line in lines)
        total = sum(line.total for line in back)
        means = sale.media[-1][0]  # points come first
        media = tuple((means, -paid) for means, paid in sale.media)
        if refund:
            media = ((CASH if means == POINTS else means, total),)
        return replace(
            sale,
            id=sale.id + 50_000,
            at=at,
            kind="Refund" if refund else "Void",
            lines=back,
            media=media,
            points=self._balance(sale.member, total, media) if sale.member else 0,
            reason=self._random.choice(REFUND_REASONS if refund else VOID_REASONS),
        )

    def _posted(self, sale: Sale) -> datetime:
        terminal, begins, ends = self._offline
        if sale.terminal == terminal and begins <= sale.at < ends:
            return ends + self._seconds(1, 120)
        return sale.at + self._seconds(1, 20)

    def _some_terminal_offline(self) -> tuple[Json, datetime, datetime]:
        """Return a terminal that loses its line on some days, from when until when."""
        terminal = self._random.choice([terminal for place in self._places for terminal in place.terminals])
        begins = self._hours[0][0] + self._minutes(60, 600)
        hours = self._random.uniform(2, 6) if self._random.random() < 0.16 else 0
        return terminal, begins, begins + timedelta(seconds=int(hours * 3600))

    def _on_duty(self, staff: tuple[Employee, ...]) -> tuple[list[Json], list[Json]]:
        """Return who serves at the bars, and who in the bistro."""
        found = []
        for department in ("Bar", "Bistro"):
            able = [one for one in staff if one.department == department and one.works(self._day)]
            chosen = self._random.sample(able, min(len(able), 5))
            found.append([named(one.id, one.name) for one in chosen] or [named(0, "Manager")])
        return found[0], found[1]

    def _seconds(self, least: int, most: int) -> timedelta:
        return timedelta(milliseconds=self._random.randint(least * 1000, most * 1000))

    def _minutes(self, least: int, most: int) -> timedelta:
        return self._seconds(least * 60, most * 60)

    def _posting(self, sale: Sale, at: datetime) -> Posting:
        if sale.member is None:
            return Posting(at, sale.id, encode(_sale_shape(sale)), 0, ())
        told = [(f"{self._venue.id}-{sale.id}", encode(_transaction_shape(sale, self._venue)))]
        if sale.id % 31 == 0 and sale.kind == "Sale":
            told.append((f"{self._venue.id}-{sale.id}-B", encode(_bonus_shape(sale, self._venue))))
        return Posting(at, sale.id, encode(_sale_shape(sale)), sale.member.id, tuple(told))


def _earned(total: int) -> int:
    """Return the points that a total is worth: one for each whole dollar, taken back when it is given back."""
    return int(total / 100)


def _redeemed(media: tuple[tuple[tuple[int, str], int], ...]) -> int:
    """Return the points among the means of payment: a cent is a point."""
    return sum(amount for means, amount in media if means == POINTS)


def _sale_shape(sale: Sale) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "Id": sale.id,
        "ReceiptId": sale.id % 100_000 + 700_000_000,
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


TAX_RATE = money(1000)


def _medium(means: tuple[int, str], amount: int) -> dict[str, Any]:
    rounded = 5 * round(amount / 5) if means == CASH else amount
    return {"Id": means[0], "Name": means[1], "Amount": money(amount), "RoundedAmount": money(rounded), "Tip": ZERO}


ZERO = money(0)


def _transaction_shape(sale: Sale, venue: Venue) -> dict[str, Any]:
    assert sale.member is not None  # noqa: S101
    tax = sum(round(line.total / 11) for line in sale.lines)
    redeemed = _redeemed(sale.media)
    return {
        "Id": f"{venue.id}-{sale.id}",
        "Member": named(sale.member.id, sale.member.name),
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
        "PointsEarned": money(_earned(sale.total) * 100),
        "PointsRedeemed": money(redeemed * 100),
        "PointsBalance": money(sale.points * 100),
    }


def _bonus_shape(sale: Sale, venue: Venue) -> dict[str, Any]:
    """Return points given beside a sale: a transaction without one."""
    shape = _transaction_shape(sale, venue)
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
        "PointsEarned": money(5000),
        "PointsRedeemed": ZERO,
        "PointsBalance": money(sale.points * 100 + 5000),
    }

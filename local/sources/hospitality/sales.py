"""One business day's trade at one venue, as SwiftPOS would post it: sales, refunds, voids, resends, late posts."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

from local.sources.hospitality import days
from local.sources.hospitality.encoding import Json, encode, named
from local.sources.hospitality.menu import BEVERAGE, DISCOUNTS, SURCHARGES, Menu, Product, member_price
from local.sources.hospitality.people import Employee, Member
from local.sources.hospitality.receipts import (
    AMEX,
    BONUS,
    CASH,
    EFTPOS,
    GIFT,
    HAPPY_HOUR,
    MEMBERS,
    POINTS,
    STANDARD,
    VISA,
    Line,
    Media,
    Place,
    Sale,
    bonus_shape,
    earned,
    places,
    redeemed,
    sale_shape,
    transaction_shape,
)  # fmt: skip
from quayside.venues import Venue

REACH = timedelta(days=5)  # nothing of a business day is posted later than this after it began
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
            if sale.member and sale.bonus:
                self._balances[sale.member.id] += BONUS
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
        return sorted((begin + self._seconds(0, 3600), hour) for begin, hour in found)

    def _sale(self, key: int, at: datetime, hour: int) -> Sale:
        random = self._random
        place = self._place(hour)
        bistro = place.kind == "bistro"
        member = self._members[int(len(self._members) * random.random() ** 2)] if random.random() < 0.2 else None
        adults = random.choice((1, 2, 2, 2, 3, 4, 4, 5, 6, 8)) if bistro else 0
        children = random.choice((0, 0, 0, 0, 1, 2, 3)) if bistro else 0
        lines = self._lines(bistro, adults + children, hour, member)
        total = sum(line.total for line in lines)
        media = self._media(total, member)
        table = {"Id": random.randint(1, 40), "AdultCovers": adults, "ChildCovers": children}
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
            table=encode(table) if bistro else None,
            known=random.random() < 0.7,
        )

    def _place(self, hour: int) -> Place:
        """Choose where: the bistro when people dine, never late."""
        bistro = 3 if hour in (12, 13, 18, 19, 20) else 0.5 if 11 < hour < 22 else 0
        weights = [place.weight * (bistro if place.kind == "bistro" else 1) for place in self._places]
        return self._random.choices(self._places, weights)[0]

    def _lines(self, bistro: bool, covers: int, hour: int, member: Member | None) -> list[Line]:
        random = self._random
        drinks = max(1, covers * 2 // 3) if bistro else random.choice((1, 1, 1, 2, 2, 3))
        lines = self._pick("bar", drinks, hour, member)
        if bistro:
            lines += self._pick("bistro", max(1, round(covers * random.uniform(0.9, 1.5))), hour, member)
        if random.random() < 0.01:  # keyed, and taken back before it was paid
            line = lines[-1]
            lines.append(replace(line, quantity=-line.quantity, total=-line.total, flag="IsVoid"))
            lines += self._pick("bar", 1, hour, member)
        if random.random() < 0.04:
            percent = random.choice(tuple(DISCOUNTS))
            lines.append(_percentage(DISCOUNTS[percent], lines, -percent, "IsDiscount"))
        extra = 15 if days.is_holiday(self._day) else 10 if self._day.weekday() == 6 else 0
        if extra:
            lines.append(_percentage(SURCHARGES[extra], lines, extra, "IsSurcharge"))
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

    def _media(self, total: int, member: Member | None) -> Media:
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

    def _balance(self, member: Member, total: int, media: Media) -> int:
        """Return a member's points after a sale."""
        self._balances[member.id] = self._known(member) + earned(total) - redeemed(media)
        return self._balances[member.id]

    def _corrected(self, sale: Sale) -> Sale:
        """Return a sale as it is sent again: by another clerk, one more of the first item."""
        first = sale.lines[0]
        more = replace(first, quantity=first.quantity + 1, total=first.total + first.total // first.quantity)
        (means, paid), *others = sale.media[::-1]
        media = (*others[::-1], (means, paid + more.total - first.total))
        clerk = self._random.choice(self._clerks[sale.place.kind == "bistro"])
        points = sale.points + earned(sale.total + more.total - first.total) - earned(sale.total)
        points += redeemed(sale.media) - redeemed(media)
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
            return Posting(at, sale.id, encode(sale_shape(sale)), 0, ())
        shapes = [transaction_shape(sale, sale.member, self._venue)]
        if sale.bonus:
            shapes.append(bonus_shape(sale, sale.member, self._venue))
        told = tuple((str(shape["Id"]), encode(shape)) for shape in shapes)
        return Posting(at, sale.id, encode(sale_shape(sale)), sale.member.id, told)


def _percentage(product: Product, lines: list[Line], percent: int, flag: str) -> Line:
    """Return what a till adds to a sale, or takes off it."""
    amount = round(sum(line.total for line in lines) * percent / 100)
    return Line(product, 1, amount, amount, flag=flag)

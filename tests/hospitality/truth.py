"""The questions' answers by plain Python over what truly happened, in the vendors' own words.

Written from the questions' definitions, not from their SQL: nothing here is shared with what it is compared with.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from local.sources.hospitality import World

Answer = list[tuple[Any, ...]]
SYDNEY = ZoneInfo("Australia/Sydney")
NAMES = {"Bella Vista Hotel": 1, "Harbour Light Hotel": 2}
BEVERAGE = 1
CENT, NOTHING = Decimal("0.01"), Decimal(0)


class Truth:
    """All that the vendors have let out of some worlds by a moment of each."""

    def __init__(self, *worlds: tuple[World, datetime]) -> None:
        sales = [sale for world, now in worlds for sale in world.sales(now)]
        self._sales = [(*_day(sale["TransactionDate"]), sale) for sale in sales]
        self._members = [told for world, now in worlds for told in world.member_transactions(now)]
        self._sheets = [sheet for world, now in worlds for sheet in world.timesheets(now) if not sheet["Deleted"]]
        self._roster = [item for world, now in worlds for item in world.roster_items(now) if not item["Deleted"]]
        self._readings = [reading for world, now in worlds for reading in world.readings(now)]

    def answer(self, question: str, **parameters: Any) -> Answer:
        """Answer a question: rows of values, in the order of its columns."""
        ask: Callable[..., Answer] = getattr(self, f"_{question}")
        return ask(**parameters)

    def sales(self, venue_id: int, since: date, until: date) -> Iterator[tuple[date, int, dict[str, Any]]]:
        """Yield the sales of a venue's business days, each with its day and the hour on the wall."""
        for day, hour, sale in self._sales:
            if sale["Venue"]["Id"] == venue_id and since <= day <= until:
                yield day, hour, sale

    def sheets(self, venue_id: int, since: date, until: date) -> Iterator[tuple[date, dict[str, Any]]]:
        """Yield the timesheets that stand, each with its day."""
        for sheet in self._sheets:
            day = date.fromisoformat(sheet["DateStart"][:10])
            if NAMES[sheet["Location"]["Name"]] == venue_id and since <= day <= until:
                yield day, sheet

    def rostered(self, venue_id: int, since: date, until: date) -> Iterator[tuple[date, dict[str, Any]]]:
        """Yield the roster items that stand, each with its day."""
        for item in self._roster:
            start = datetime.fromisoformat(item["StartTime"])
            day = start.date() if start.hour >= 6 else start.date() - timedelta(days=1)
            if NAMES[item["Location"]["Name"]] == venue_id and since <= day <= until:
                yield day, item

    def readings(self, venue_id: int, since: date, until: date) -> Iterator[tuple[date, datetime, dict[str, Any]]]:
        """Yield the readings of the gaming machines, each with its day and the hour on the wall."""
        for reading in self._readings:
            at = datetime.fromisoformat(f"{reading['Date']}T{reading['Time']}")
            day = at.date() if at.hour >= 6 else at.date() - timedelta(days=1)
            if reading["Venue"] == venue_id and since <= day <= until:
                yield day, at.replace(minute=0, second=0), reading

    def _beverage_sales(self, **asked: Any) -> Answer:
        return [(sum((_beverages(sale) for _, _, sale in self.sales(**asked)), NOTHING),)]

    def _sales_against_wages(self, **asked: Any) -> Answer:
        sold, wages = _Sums(), _Sums()
        for day, _, sale in self.sales(**asked):
            sold[day] += _total(sale)
        for day, sheet in self.sheets(**asked):
            wages[day] += sheet["Cost"]
        return [(day, sold[day], wages[day]) for day in _days(asked)]

    def _hourly_wages(self, venue_id: int, day: date) -> Answer:
        near = {"venue_id": venue_id, "since": day - timedelta(days=3), "until": day + timedelta(days=3)}
        rostered, worked = _Sums(), _Sums()
        for _, item in self.rostered(**near):
            _spread(item["Cost"], item["StartTime"], item["EndTime"], rostered)
        for _, sheet in self.sheets(**near):
            start = sheet.get("ClockedStartTime") or sheet["PayStartTime"]
            end = sheet.get("ClockedEndTime") or sheet["PayEndTime"]
            _spread(sheet["Cost"], start, end, worked)
        hours = [datetime.combine(day, time(6)) + timedelta(hours=number) for number in range(24)]
        return [(hour, rostered[hour], worked[hour]) for hour in hours]

    def _wages_against_roster(self, **asked: Any) -> Answer:
        worked = sum((sheet["Cost"] for _, sheet in self.sheets(**asked)), NOTHING)
        rostered = sum((item["Cost"] for _, item in self.rostered(**asked)), NOTHING)
        return [(worked, rostered, worked - rostered)]

    def _top_beverages(self, **asked: Any) -> Answer:
        names: dict[str, str] = {}
        quantities, sales = _Sums(), _Sums()
        for _, _, sale in self.sales(**asked):
            for item in sale["Items"]:
                if item["MasterGroup"]["Id"] == BEVERAGE:
                    code = item["InventoryCode"]
                    names[code] = item["Name"]
                    quantities[code] += item["Quantity"]
                    sales[code] += item["TotalInc"]
        best = sorted(names, key=lambda code: (-quantities[code], -sales[code], code))[:10]
        return [(code, names[code], quantities[code], sales[code]) for code in best]

    def _gaming_hold(self, **asked: Any) -> Answer:
        days = defaultdict(list)
        for day, _, reading in self.readings(**asked):
            days[day].append(reading)
        return [
            (day, turnover, wins, turnover - wins, _cents(100 * (turnover - wins), turnover))
            for day, (turnover, wins) in ((day, _gaming(days[day])) for day in sorted(days))
        ]

    def _gaming_hold_by_hour(self, **asked: Any) -> Answer:
        hours = defaultdict(list)
        for day, hour, reading in self.readings(**asked):
            hours[day, hour].append(reading)
        sums = {key: _gaming(some) for key, some in sorted(hours.items())}
        return [(*key, turnover, wins, turnover - wins) for key, (turnover, wins) in sums.items()]

    def _gaming_against_bar(self, **asked: Any) -> Answer:
        days, bar = defaultdict(list), _Sums()
        for day, _, reading in self.readings(**asked):
            days[day].append(reading)
        for day, _, sale in self.sales(**asked):
            bar[day] += _beverages(sale)
        sums = {day: _gaming(days[day]) for day in _days(asked)}
        return [(day, turnover, turnover - wins, bar[day]) for day, (turnover, wins) in sums.items()]

    def _sales_by_hour(self, **asked: Any) -> Answer:
        sums, counts = _Sums(), Counter[int]()
        for _, hour, sale in self.sales(**asked):
            sums[hour] += _total(sale)
            counts[hour] += 1
        return [(hour, sums[hour], counts[hour]) for hour in [*range(6, 24), *range(6)] if hour in counts]

    def _sales_by_product_group(self, **asked: Any) -> Answer:
        names: dict[tuple[int, int], str] = {}
        quantities, sales = _Sums(), _Sums()
        for _, _, sale in self.sales(**asked):
            for item in sale["Items"]:
                key = item["MasterGroup"]["Id"], item["Group"]["Id"]
                names[key] = item["Group"]["Name"]
                quantities[key] += item["Quantity"]
                sales[key] += item["TotalInc"]
        return [(*key, names[key], quantities[key], sales[key]) for key in sorted(names)]

    def _sales_by_terminal(self, **asked: Any) -> Answer:
        return self._sales_by("Terminal", **asked)

    def _sales_by_clerk(self, **asked: Any) -> Answer:
        return self._sales_by("Clerk", **asked)

    def _sales_by(self, what: str, **asked: Any) -> Answer:
        sums, counts = _Sums(), Counter[int]()
        for _, _, sale in self.sales(**asked):
            sums[sale[what]["Id"]] += _total(sale)
            counts[sale[what]["Id"]] += 1
        return [(key, sums[key], counts[key]) for key in sorted(counts)]

    def _spend_per_cover(self, **asked: Any) -> Answer:
        covers, sums = Counter[date](), _Sums()
        for day, _, sale in self.sales(**asked):
            table = sale.get("Table") or {"AdultCovers": 0, "ChildCovers": 0}
            seated = table["AdultCovers"] + table["ChildCovers"]
            if seated:
                sums[day] += _total(sale)
                if _total(sale) > 0:
                    covers[day] += seated
                elif any(item["IsVoid"] for item in sale["Items"]):
                    covers[day] -= seated
        return [(day, covers[day], sums[day], _cents(sums[day], Decimal(covers[day]))) for day in sorted(sums)]

    def _member_spend(self, venue_id: int, since: date, until: date) -> Answer:
        told = defaultdict(list)
        for transaction in self._members:
            day, _ = _day(transaction["TransactionDate"])
            if transaction["Venue"]["Id"] == venue_id and since <= day <= until:
                told[transaction["Member"]["Id"]].append(transaction)
        rows = [
            (
                member,
                len(some),
                *(sum(each[name] for each in some) for name in ("TotalInc", "PointsEarned", "PointsRedeemed")),
            )
            for member, some in told.items()
        ]
        return sorted(rows, key=lambda row: (-row[2], row[0]))

    def _discounts_voids_refunds(self, **asked: Any) -> Answer:
        lines = defaultdict(list)
        for day, _, sale in self.sales(**asked):
            lines[day] += sale["Items"]
        marks = ("IsDiscount", "IsVoid", "IsRefund")
        marked = {
            day: [[item["TotalInc"] for item in some if item[mark]] for mark in marks] for day, some in lines.items()
        }
        return [
            (day, *(number for amounts in marked[day] for number in (sum(amounts, NOTHING), len(amounts))))
            for day in sorted(marked)
        ]

    def _wage_percentage(self, **asked: Any) -> Answer:
        return [
            (day, sales, wages, _cents(100 * wages, sales) if sales > 0 else None)
            for day, sales, wages in self._sales_against_wages(**asked)
        ]

    def _hours_against_roster(self, **asked: Any) -> Answer:
        worked, rostered = Counter[date](), Counter[date]()
        for day, sheet in self.sheets(**asked):
            worked[day] += sheet["NetMinutes"]
        for day, item in self.rostered(**asked):
            rostered[day] += item["NetMinutes"]
        sixty = Decimal(60)
        return [
            (
                day,
                worked[day],
                rostered[day],
                _cents(Decimal(worked[day]), sixty),
                _cents(Decimal(rostered[day]), sixty),
            )
            for day in _days(asked)
        ]

    def _overtime(self, venue_id: int, since: date, until: date, ordinary_hours: int) -> Answer:
        weeks = Counter[tuple[date, str]]()
        for day, sheet in self.sheets(venue_id, since, until + timedelta(days=7)):
            monday = day - timedelta(days=day.weekday())
            if since <= monday <= until:
                weeks[monday, sheet["Employee"]["EmployeeCode"]] += sheet["NetMinutes"]
        most = 60 * ordinary_hours
        return [(*key, minutes, minutes - most) for key, minutes in sorted(weeks.items()) if minutes > most]

    def _unfilled_shifts(self, **asked: Any) -> Answer:
        rows = [
            (
                day,
                datetime.fromisoformat(item["StartTime"]),
                datetime.fromisoformat(item["EndTime"]),
                item["Department"]["Name"],
                item["Role"]["Name"],
                item["NetMinutes"],
            )
            for day, item in self.rostered(**asked)
            if not item.get("Employee")
        ]
        return sorted(rows, key=lambda row: row[1:])


class _Sums(defaultdict[Any, Decimal]):
    def __init__(self) -> None:
        super().__init__(Decimal)


def _day(moment: str) -> tuple[date, int]:
    """Return the business day of a moment, and the hour on the wall."""
    clock = datetime.fromisoformat(moment).astimezone(SYDNEY)
    return clock.date() if clock.time() >= time(6) else clock.date() - timedelta(days=1), clock.hour


def _total(sale: dict[str, Any]) -> Decimal:
    return sum((item["TotalInc"] for item in sale["Items"]), NOTHING)


def _beverages(sale: dict[str, Any]) -> Decimal:
    return sum((item["TotalInc"] for item in sale["Items"] if item["MasterGroup"]["Id"] == BEVERAGE), NOTHING)


def _gaming(readings: list[dict[str, Any]]) -> tuple[Decimal, Decimal]:
    turnover = sum((reading["EGM Turnover"] for reading in readings), NOTHING)
    return turnover, sum((reading["EGM Wins"] for reading in readings), NOTHING)


def _days(asked: dict[str, Any]) -> list[date]:
    count = (asked["until"] - asked["since"]).days + 1
    return [asked["since"] + timedelta(days=number) for number in range(count)]


def _cents(amount: Decimal, by: Decimal) -> Decimal | None:
    """Divide; round half up to two digits; nothing where there is nothing to divide by."""
    return (amount / by).quantize(CENT, ROUND_HALF_UP) if by else None


def _spread(cost: Decimal, start: str, end: str, hours: dict[datetime, Decimal]) -> None:
    """Spread a shift's cost evenly over the hours that it touches, in whole cents that add up to the cost."""
    hour, last, touched = (
        datetime.fromisoformat(start).replace(minute=0, second=0, microsecond=0),
        datetime.fromisoformat(end),
        [],
    )
    while not touched or hour < last:
        touched.append(hour)
        hour += timedelta(hours=1)
    given = NOTHING
    for number, each in enumerate(touched, 1):
        until_here = (cost * number / len(touched)).quantize(CENT, ROUND_HALF_UP)
        hours[each] += until_here - given
        given = until_here

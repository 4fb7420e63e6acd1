"""What is sold: products in groups and categories, their prices over the years, their stock."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any

from local.sources.hospitality import days
from local.sources.hospitality.encoding import Json, money, named
from quayside.venues import Venue

BEVERAGE, FOOD, OTHER = (1, "Beverage"), (2, "Food"), (3, "Other")
MEMBER_DISCOUNT = 5  # per cent
# Master group, group, category, where it is sold, popularity, lowest and highest price in cents, names, sizes.
Section = tuple[tuple[int, str], str, str, str, int, int, int, tuple[str, ...], tuple[str, ...]]
SECTIONS: tuple[Section, ...] = (
    (BEVERAGE, "Beer", "Tap Beer", "bar", 12, 640, 1380,
     ("Harbour Lager", "Bridge Pale Ale", "Cove XPA", "Old Wharf Dark", "Gully Draught", "Pier IPA", "Tram Stout",
      "Headland Pilsner", "Heath Mid", "Lamplight Ale"), ("Middy", "Schooner", "Pint")),
    (BEVERAGE, "Beer", "Packaged Beer", "bar", 5, 890, 1290,
     ("Harbour Lager", "Bridge Pale Ale", "Cove XPA", "Sunday Zero", "Kelp Gose", "Ginger Otter"), ("330ml",)),
    (BEVERAGE, "Cider", "Cider", "bar", 4, 850, 1150, ("Orchard Apple", "Orchard Pear", "Quince & Co"),
     ("Bottle", "Schooner")),
    (BEVERAGE, "Wine", "White Wine", "bar", 5, 950, 1690,
     ("Semillon", "Sauvignon Blanc", "Chardonnay", "Riesling", "Pinot Gris"), ("150ml", "Bottle")),
    (BEVERAGE, "Wine", "Red Wine", "bar", 4, 990, 1850,
     ("Shiraz", "Pinot Noir", "Cabernet", "Grenache", "Tempranillo"), ("150ml", "Bottle")),
    (BEVERAGE, "Wine", "Sparkling", "bar", 3, 1050, 1950, ("Prosecco", "Cuvée Brut", "Rosé Pétillant"),
     ("Glass", "Bottle")),
    (BEVERAGE, "Spirits", "Basic Spirits", "bar", 5, 950, 1100,
     ("Vodka", "Gin", "White Rum", "Bourbon", "Scotch", "Tequila"), ("30ml", "Double")),
    (BEVERAGE, "Spirits", "Premium Spirits", "bar", 2, 1290, 2250,
     ("Dry Gin No. 9", "Single Malt 12", "Añejo Tequila", "Cognac VSOP"), ("30ml",)),
    (BEVERAGE, "Cocktails", "Cocktails", "bar", 2, 1850, 2390,
     ("Espresso Martini", "Negroni", "Margarita", "Spritz", "Old Fashioned", "Piña Colada", "Mojito"), ("",)),
    (BEVERAGE, "Soft Drink", "Soft Drink", "bar", 6, 380, 590,
     ("Cola", "Diet Cola", "Lemonade", "Ginger Ale", "Orange Juice", "Soda & Lime", "Mineral Water"), ("",)),
    (BEVERAGE, "Coffee", "Hot Drinks", "bistro", 4, 450, 620,
     ("Flat White", "Long Black", "Cappuccino", "Chai Latte", "English Breakfast Tea", "Hot Chocolate"), ("",)),
    (FOOD, "Bistro", "Entrées", "bistro", 5, 990, 2250,
     ("Garlic Bread", "Salt & Pepper Squid", "Bruschetta", "Soup of the Day", "Arancini", "Prawn Cocktail",
      "Oysters ½ doz"), ("",)),
    (FOOD, "Bistro", "Mains", "bistro", 10, 2190, 4250,
     ("Chicken Schnitzel", "Chicken Parmigiana", "Beef Burger", "Fish & Chips", "Rump 300g", "Scotch Fillet 350g",
      "Barramundi", "Lamb Shank", "Pumpkin Risotto", "Caesar Salad", "Thai Beef Salad", "Steak Sandwich",
      "Prawn Linguine", "Roast of the Day", "Veggie Burger"), ("",)),
    (FOOD, "Bistro", "Sides", "bistro", 5, 690, 1290,
     ("Chips", "Wedges", "Mash", "Garden Salad", "Seasonal Vegetables", "Onion Rings"), ("",)),
    (FOOD, "Bistro", "Desserts", "bistro", 2, 1090, 1590,
     ("Sticky Date Pudding", "Pavlova", "Cheesecake", "Affogato"), ("",)),
    (FOOD, "Kids", "Kids' Meals", "bistro", 3, 1290, 1590,
     ("Kids' Nuggets", "Kids' Pasta", "Kids' Fish", "Kids' Sundae"), ("",)),
    (FOOD, "Pizza", "Pizza", "bistro", 3, 2090, 2890,
     ("Margherita", "Pepperoni", "Capricciosa", "Prawn & Chilli", "Funghi"), ("",)),
    (FOOD, "Snacks", "Bar Snacks", "bar", 3, 450, 890, ("Nuts", "Crisps", "Pork Crackling", "Beef Jerky", "Olives"),
     ("",)),
)  # fmt: skip
LARGER = {"Schooner": 1.25, "Pint": 1.6, "Bottle": 3.6, "Double": 1.7}  # than the size the price is of


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """One thing that can be sold.

    :param prices: (first business day, cents), in that order; the first holds for all time before, too
    :param sold_in: ``bar``, ``bistro``, or nothing for lines that only a till makes
    """

    code: str
    plu: int
    name: str
    category: Json
    category_id: int
    group: Json
    group_id: int
    master_group: Json
    master_group_id: int
    sold_in: str
    popularity: int
    cost: int
    prices: tuple[tuple[date, int], ...]
    barcodes: tuple[str, ...]
    par_stock: int

    def price(self, day: date) -> int:
        """Return the price on a business day, in cents with tax."""
        return self.prices[max(0, bisect_right(self.prices, (day, 1 << 40)) - 1)][1]


Menu = dict[str, tuple[tuple[Product, ...], tuple[int, ...]]]


def products(random: Random, begins: date) -> tuple[Product, ...]:
    """Invent the menu, with prices that rise now and then over ten years."""
    found: list[Product] = []
    groups: dict[str, int] = {}
    for category_id, section in enumerate(SECTIONS, 1):
        master, group, category, sold_in, popularity, low, high, names, sizes = section
        group_id = groups.setdefault(group, len(groups) + 1)
        for name in names:
            usual = random.randrange(low, high + 1, 10)
            for size in sizes:
                first = round(usual * LARGER.get(size, 1) / 10) * 10
                plu = 1001 + len(found)
                found.append(
                    Product(
                        code=f"{category[:2].upper()}{plu:05d}",
                        plu=plu,
                        name=f"{name} {size}".strip(),
                        category=named(category_id, category),
                        category_id=category_id,
                        group=named(group_id, group),
                        group_id=group_id,
                        master_group=named(*master),
                        master_group_id=master[0],
                        sold_in=sold_in,
                        popularity=popularity + random.randrange(4),
                        cost=round(first * random.uniform(0.22, 0.38)),
                        prices=tuple(_prices(random, begins, first)),
                        barcodes=tuple(
                            f"93{random.randrange(10**11):011d}" for _ in range(random.choice((0, 1, 1, 2)))
                        ),
                        par_stock=random.randrange(60, 400, 10),
                    )
                )
    return tuple(found)


def till_line(plu: int, code: str, name: str) -> Product:
    """Return what a till itself adds to a sale: a discount or a surcharge."""
    special, other = named(99, "Till"), named(*OTHER)
    return Product(code, plu, name, special, 99, special, 99, other, OTHER[0], "", 0, 0, ((date.min, 0),), (), 0)


DISCOUNTS = {percent: till_line(9000 + percent, f"DISC{percent}", f"Discount {percent}%") for percent in (10, 15, 20)}
SURCHARGES = {percent: till_line(9100 + percent, f"SURCH{percent}", f"{name} Surcharge {percent}%")
              for percent, name in ((10, "Sunday"), (15, "Public Holiday"))}  # fmt: skip


def listed(product: Product, now: datetime, venue: Venue, *, member: bool = False) -> dict[str, Any]:
    """Return a product as SwiftPOS lists it at a moment.

    :param venue: whose clock tells the business day
    :param member: whether at the price that members pay
    """
    price = product.price(days.business_day(now, venue))
    return {
        "InventoryCode": product.code,
        "Plu": product.plu,
        "Name": product.name,
        "Category": product.category,
        "Group": product.group,
        "MasterGroup": product.master_group,
        "Price": money(member_price(product, price) if member else price),
        "ItemCost": money(product.cost),
        "StockLevel": _stock(product, now, venue),
        "Barcodes": list(product.barcodes),
        "TaxRate": money(1000),
        "IsActive": True,
    }


def member_price(product: Product, price: int) -> int:
    """Return what a member pays: less for drinks, in steps of five cents."""
    return round(price * (100 - MEMBER_DISCOUNT) / 500) * 5 if product.master_group_id == BEVERAGE[0] else price


def _prices(random: Random, begins: date, first: int) -> list[tuple[date, int]]:
    prices, day = [(date.min, first)], begins
    for _ in range(14):
        day += timedelta(days=random.randint(90, 420))
        prices.append((day, round(prices[-1][1] * random.uniform(0.99, 1.07) / 10) * 10))
    return prices


def _stock(product: Product, now: datetime, venue: Venue) -> int:
    """Return what is left: less with each quarter hour of trade, full again on the product's day of the week."""
    today = days.business_day(now, venue)
    since = (today.weekday() - product.plu) % 7
    open_for = now - days.at(today, days.OPENS, venue)
    hours = min(max(open_for.total_seconds() // 900 / 4, 0), days.closes(today) - days.OPENS)
    used = (since + hours / (days.closes(today) - days.OPENS)) / 7 * (0.7 + product.plu % 30 / 100)
    return round(product.par_stock * (1 - used))


def by_place(menu: tuple[Product, ...]) -> Menu:
    """Return what is sold in a bar and in a bistro, and how popular each is, summed up for `random.choices`."""
    found = {place: tuple(product for product in menu if product.sold_in == place) for place in ("bar", "bistro")}
    return {place: (sold, tuple(accumulate(one.popularity for one in sold))) for place, sold in found.items()}

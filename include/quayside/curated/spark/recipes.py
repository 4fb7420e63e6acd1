"""How each curated table comes of landed lines, and which version of a row counts in it."""

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import DataFrame

from quayside.curated.spark import gaming, products, sales, shifts
from quayside.curated.spark.values import BATCH, Venues


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One table.

    :param rows: makes rows of landed lines
    :param order: columns by which versions of a row follow each other
    :param head: the table whose rows these are lines of, and the column that both have; a line counts as its head does
    :param moves: an edit may give a row another partition
    :param versions: every version of a row is kept
    """

    rows: Callable[[DataFrame, Venues], DataFrame]
    order: tuple[str, ...] = (BATCH,)
    head: tuple[str, str] | None = None
    moves: bool = False
    versions: bool = False


_EDITED = ("last_edit", BATCH)

RECIPES = {
    "sale": Recipe(rows=sales.sale),
    "sale_item": Recipe(rows=sales.sale_item, head=("sale", "sale_key")),
    "sale_payment": Recipe(rows=sales.sale_payment, head=("sale", "sale_key")),
    "member_transaction": Recipe(rows=sales.member_transaction),
    "product": Recipe(rows=products.product, versions=True),
    "timesheet": Recipe(rows=shifts.timesheet, order=_EDITED, moves=True),
    "roster_shift": Recipe(rows=shifts.roster_shift, order=_EDITED, moves=True),
    "gaming_reading": Recipe(rows=gaming.gaming_reading),
}

"""SwiftPOS: what is sold, every version of it."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from quayside.curated.spark.merging import latest
from quayside.curated.spark.sales import classes
from quayside.curated.spark.values import BATCH, ROW, Venues, listed

# What may differ without making a version.
_NOT_COMPARED = ("product_version_key", "stock_level", "valid_from", BATCH, ROW)
_ISO = "\"yyyy-MM-dd'T'HH:mm:ss.SSS\""


def product(lines: DataFrame, venues: Venues) -> DataFrame:  # noqa: ARG001 - one list for all venues
    """Return one row per landed product: what a snapshot of the list showed.

    :param lines: also with ``snapshot_at``, when the list was read, UTC
    """
    return lines.selectExpr(
        f"concat_ws('@', record.InventoryCode, date_format(snapshot_at, {_ISO})) as product_version_key",
        "record.InventoryCode as inventory_code",
        "record.Plu as plu",
        "record.Name as product_name",
        *classes("record"),
        "record.Price as price",
        "record.ItemCost as item_cost",
        "record.StockLevel as stock_level",
        f"concat_ws(', ', {listed('record.Barcodes')}) as barcodes",
        "snapshot_at as valid_from",
        BATCH,
        ROW,
    )


def merge_versions(current: DataFrame, seen: DataFrame) -> DataFrame:
    """Return every version of every product; ROW is null for those that were known.

    :param current: the versions that were known, without ROW
    :param seen: what every snapshot showed from the first of these on; versions from then on are found anew, so that
        one that comes late finds its place
    """
    first = seen.selectExpr("min(valid_from) as first")
    earlier = current.join(f.broadcast(first), f.expr("valid_from < first or first is null")).drop("first")
    shown = earlier.selectExpr("*", f"cast(null as bigint) as {ROW}").unionByName(
        latest(seen, "product_version_key", [BATCH])
    )
    compared = f"struct({', '.join(name for name in seen.columns if name not in _NOT_COMPARED)})"
    before = f"lag({compared}) over (partition by inventory_code order by valid_from)"
    return shown.selectExpr("*", f"not ({before} <=> {compared}) as changed").filter("changed").drop("changed")

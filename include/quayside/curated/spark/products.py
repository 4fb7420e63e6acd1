"""SwiftPOS: what is sold, every version of it."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as f

from quayside.curated.spark.merging import latest
from quayside.curated.spark.sales import classes
from quayside.curated.spark.values import BATCH, ROW, Venues, listed

# What may differ without making a version.
_NOT_COMPARED = ("product_version_key", "stock_level", "valid_from", BATCH, ROW)


def product(lines: DataFrame, venues: Venues) -> DataFrame:  # noqa: ARG001 - one list for all
    """Return one row per landed product: what a snapshot of the list showed.

    :param lines: also with ``snapshot_at``, when the list was read, UTC
    """
    record, seen = f.col("record"), f.col("snapshot_at")
    return lines.select(
        f.concat_ws("@", record["InventoryCode"], f.date_format(seen, "yyyy-MM-dd'T'HH:mm:ss.SSS")).alias(
            "product_version_key"
        ),
        record["InventoryCode"].alias("inventory_code"),
        record["Plu"].alias("plu"),
        record["Name"].alias("product_name"),
        *classes(record),
        record["Price"].alias("price"),
        record["ItemCost"].alias("item_cost"),
        record["StockLevel"].alias("stock_level"),
        f.concat_ws(", ", listed(record["Barcodes"])).alias("barcodes"),
        seen.alias("valid_from"),
        BATCH,
        ROW,
    )


def merge_versions(current: DataFrame, seen: DataFrame) -> DataFrame:
    """Return every version of every product.

    :param current: the versions that were known, without ROW
    :param seen: what every snapshot showed from the first of these on; versions from then on are found anew, so that
        one that comes late finds its place
    """
    first = seen.agg(f.min("valid_from").alias("_first"))
    earlier = current.join(
        f.broadcast(first), f.col("valid_from") < f.coalesce("_first", f.lit("9999-01-01").cast("timestamp_ntz"))
    )
    rows = earlier.drop("_first").withColumn(ROW, f.lit(None).cast("bigint"))
    shown = rows.unionByName(latest(seen, "product_version_key", [BATCH]))
    compared = f.struct(*(name for name in seen.columns if name not in _NOT_COMPARED))
    before = f.lag(compared).over(Window.partitionBy("inventory_code").orderBy("valid_from"))
    changed = shown.withColumn("_changed", ~before.eqNullSafe(compared))
    return changed.filter("_changed").drop("_changed")

"""SwiftPOS: sales with their items and payments, and what members did."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f

from quayside.curated.spark.values import (
    BATCH,
    ROW,
    Venues,
    business_date,
    clock,
    instant,
    listed,
    local,
    said,
    total,
    unless,
    zone_of,
)

_FLAGS = ("IsDiscount", "IsRefund", "IsVoid", "IsSurcharge", "IsPromotion")
_HEAD = ("sale_key", "venue_id", "sale_id", "sold_at", "sold_at_local", "terminal_id", "clerk_id", "member_id")


def sale(lines: DataFrame, venues: Venues) -> DataFrame:
    """Return one row per landed sale."""
    items, customer = f.col("record.Items"), f.col("record.Customer")
    member = f.col("member_id").isNotNull()
    return _heads(lines, venues).select(
        *_HEAD,
        f.col("record.ReceiptId").alias("receipt_id"),
        said(f.col("record.SaleType")).alias("sale_type"),
        f.col("record.TransactionType").alias("transaction_type"),
        *_named("location", f.col("record.Location")),
        f.col("record.Terminal.Name").alias("terminal_name"),
        f.col("record.Clerk.Name").alias("clerk_name"),
        f.when(member, said(customer["Name"])).alias("member_name"),
        f.when(member, said(customer["Classification"]["Name"])).alias("member_class"),
        f.when(member, customer["Balance"]["Points"]).alias("member_points"),
        f.col("record.Table.Id").alias("table_id"),
        f.coalesce(f.col("record.Table.AdultCovers"), f.lit(0)).alias("adult_covers"),
        f.coalesce(f.col("record.Table.ChildCovers"), f.lit(0)).alias("child_covers"),
        f.size(listed(items)).alias("items"),
        total(items, "TotalEx").alias("total_ex"),
        total(items, "TotalInc").alias("total_inc"),
        total(items, "Tax").alias("tax"),
        total(f.col("record.Media"), "Amount").alias("paid"),
        total(f.filter(listed(items), lambda item: item["IsDiscount"]), "TotalInc").alias("discounts"),
        _any(items, "IsRefund").alias("is_refund"),
        _any(items, "IsVoid").alias("is_void"),
        said(f.col("record.Reason")).alias("reason"),
        BATCH,
        ROW,
        "business_date",
    )


def sale_item(lines: DataFrame, venues: Venues) -> DataFrame:
    """Return one row per item of every landed sale."""
    item = f.col("element")
    return _elements(lines, venues, "Items", "sale_item_key").select(
        "sale_item_key",
        "line",
        *_HEAD,
        item["InventoryCode"].alias("inventory_code"),
        item["Plu"].alias("plu"),
        item["Name"].alias("product_name"),
        *classes(item),
        *_named("price_level", item["PriceLevel"]),
        item["Quantity"].alias("quantity"),
        item["TotalEx"].alias("total_ex"),
        item["TotalInc"].alias("total_inc"),
        item["Tax"].alias("tax"),
        item["NormalPrice"].alias("normal_price"),
        item["ItemCost"].alias("item_cost"),
        *(f.coalesce(item[flag], f.lit(False)).alias(f"is_{flag.removeprefix('Is').lower()}") for flag in _FLAGS),
        BATCH,
        ROW,
        "business_date",
    )


def sale_payment(lines: DataFrame, venues: Venues) -> DataFrame:
    """Return one row per payment of every landed sale."""
    medium = f.col("element")
    return _elements(lines, venues, "Media", "sale_payment_key").select(
        "sale_payment_key",
        "line",
        *_HEAD,
        *_named("medium", medium),
        medium["Amount"].alias("amount"),
        medium["RoundedAmount"].alias("rounded_amount"),
        BATCH,
        ROW,
        "business_date",
    )


def member_transaction(lines: DataFrame, venues: Venues) -> DataFrame:
    """Return one row per landed transaction of a member."""
    at, venue = instant(f.col("record.TransactionDate")), f.col("record.Venue.Id")
    timed = lines.withColumn("transacted_at_local", local(at, zone_of(venue, venues)))
    return timed.select(
        f.col("record.Id").alias("transaction_key"),
        f.col("of.MemberId").alias("member_id"),
        said(f.col("record.Member.Name")).alias("member_name"),
        venue.alias("venue_id"),
        unless(f.col("record.SaleId"), 0).alias("sale_id"),
        clock(at).alias("transacted_at"),
        "transacted_at_local",
        f.col("record.TransactionType").alias("transaction_type"),
        f.col("record.TotalInc").alias("total_inc"),
        total(f.col("record.Media"), "Amount").alias("paid"),
        f.col("record.PointsEarned").alias("points_earned"),
        f.col("record.PointsRedeemed").alias("points_redeemed"),
        f.col("record.PointsBalance").alias("points_balance"),
        f.size(listed(f.col("record.Items"))).alias("items"),
        BATCH,
        ROW,
        business_date(f.col("transacted_at_local")).alias("business_date"),
    )


def _heads(lines: DataFrame, venues: Venues) -> DataFrame:
    """Return the lines with what a sale has in common with its items and payments."""
    venue, at = f.col("of.Id"), instant(f.col("record.TransactionDate"))
    timed = lines.withColumn("sold_at_local", local(at, zone_of(venue, venues)))
    return timed.select(
        f.concat_ws("-", venue.cast("string"), f.col("record.Id").cast("string")).alias("sale_key"),
        venue.alias("venue_id"),
        f.col("record.Id").alias("sale_id"),
        clock(at).alias("sold_at"),
        "sold_at_local",
        f.col("record.Terminal.Id").alias("terminal_id"),
        f.col("record.Clerk.Id").alias("clerk_id"),
        unless(f.col("record.Customer.Id"), 0).alias("member_id"),
        business_date(f.col("sold_at_local")).alias("business_date"),
        "record",
        BATCH,
        ROW,
    )


def _elements(lines: DataFrame, venues: Venues, array: str, key: str) -> DataFrame:
    """Return a row for every element of an array of a sale, with the sale's head."""
    exploded = _heads(lines, venues).select(
        *_HEAD, BATCH, ROW, "business_date", f.posexplode(f"record.{array}").alias("place", "element")
    )
    numbered = exploded.withColumn("line", f.col("place") + 1)
    return numbered.withColumn(key, f.concat_ws("-", "sale_key", f.col("line").cast("string")))


def classes(item: Column) -> list[Column]:
    """Return category, group and master group of what is sold, each as id and name."""
    return [
        *_named("category", item["Category"]),
        *_named("group", item["Group"]),
        *_named("master_group", item["MasterGroup"]),
    ]


def _named(prefix: str, value: Column) -> list[Column]:
    return [value["Id"].alias(f"{prefix}_id"), value["Name"].alias(f"{prefix}_name")]


def _any(items: Column, flag: str) -> Column:
    return f.exists(listed(items), lambda item: f.coalesce(item[flag], f.lit(False)))

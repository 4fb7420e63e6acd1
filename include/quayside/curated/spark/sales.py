"""SwiftPOS: sales with their items and payments, and what members did."""

from pyspark.sql import DataFrame

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
    zones,
)

_FLAGS = ("discount", "refund", "void", "surcharge", "promotion")
_HEAD = ("sale_key", "venue_id", "sale_id", "sold_at", "sold_at_local", "terminal_id", "clerk_id", "member_id")
_END = (BATCH, ROW, "business_date")


def sale(lines: DataFrame, venues: Venues) -> DataFrame:
    """Return one row per landed sale."""
    items, customer = "record.Items", "record.Customer"
    return _heads(lines, venues).selectExpr(
        *_HEAD,
        "record.ReceiptId as receipt_id",
        f"{said('record.SaleType')} as sale_type",
        "record.TransactionType as transaction_type",
        *named("location", "record.Location"),
        "record.Terminal.Name as terminal_name",
        "record.Clerk.Name as clerk_name",
        f"if(member_id is null, null, {said(f'{customer}.Name')}) as member_name",
        f"if(member_id is null, null, {said(f'{customer}.Classification.Name')}) as member_class",
        f"if(member_id is null, null, {customer}.Balance.Points) as member_points",
        "record.Table.Id as table_id",
        "coalesce(record.Table.AdultCovers, 0) as adult_covers",
        "coalesce(record.Table.ChildCovers, 0) as child_covers",
        f"size({listed(items)}) as items",
        f"{total(items, 'TotalEx')} as total_ex",
        f"{total(items, 'TotalInc')} as total_inc",
        f"{total(items, 'Tax')} as tax",
        f"{total('record.Media', 'Amount')} as paid",
        f"{total(f'filter({items}, item -> item.IsDiscount)', 'TotalInc')} as discounts",
        f"exists({listed(items)}, item -> coalesce(item.IsRefund, false)) as is_refund",
        f"exists({listed(items)}, item -> coalesce(item.IsVoid, false)) as is_void",
        f"{said('record.Reason')} as reason",
        *_END,
    )


def sale_item(lines: DataFrame, venues: Venues) -> DataFrame:
    """Return one row per item of every landed sale."""
    return _elements(lines, venues, "Items").selectExpr(
        "concat_ws('-', sale_key, line) as sale_item_key",
        "line",
        *_HEAD,
        "element.InventoryCode as inventory_code",
        "element.Plu as plu",
        "element.Name as product_name",
        *classes("element"),
        *named("price_level", "element.PriceLevel"),
        "element.Quantity as quantity",
        "element.TotalEx as total_ex",
        "element.TotalInc as total_inc",
        "element.Tax as tax",
        "element.NormalPrice as normal_price",
        "element.ItemCost as item_cost",
        *(f"coalesce(element.Is{flag.title()}, false) as is_{flag}" for flag in _FLAGS),
        *_END,
    )


def sale_payment(lines: DataFrame, venues: Venues) -> DataFrame:
    """Return one row per payment of every landed sale."""
    return _elements(lines, venues, "Media").selectExpr(
        "concat_ws('-', sale_key, line) as sale_payment_key",
        "line",
        *_HEAD,
        *named("medium", "element"),
        "element.Amount as amount",
        "element.RoundedAmount as rounded_amount",
        *_END,
    )


def member_transaction(lines: DataFrame, venues: Venues) -> DataFrame:
    """Return one row per landed transaction of a member."""
    zoned = lines.withColumn("zone", zones(venues)[lines["record.Venue.Id"]])
    timed = zoned.selectExpr("*", f"{instant('record.TransactionDate')} as at")
    return timed.selectExpr("*", f"{local('at', 'zone')} as transacted_at_local").selectExpr(
        "record.Id as transaction_key",
        "of.MemberId as member_id",
        f"{said('record.Member.Name')} as member_name",
        "record.Venue.Id as venue_id",
        "if(record.SaleId != 0, record.SaleId, null) as sale_id",
        f"{clock('at')} as transacted_at",
        "transacted_at_local",
        "record.TransactionType as transaction_type",
        "record.TotalInc as total_inc",
        f"{total('record.Media', 'Amount')} as paid",
        "record.PointsEarned as points_earned",
        "record.PointsRedeemed as points_redeemed",
        "record.PointsBalance as points_balance",
        f"size({listed('record.Items')}) as items",
        BATCH,
        ROW,
        f"{business_date('transacted_at_local')} as business_date",
    )


def classes(record: str) -> list[str]:
    """Return category, group and master group of what is sold, each as id and name."""
    return [
        *named("category", f"{record}.Category"),
        *named("group", f"{record}.Group"),
        *named("master_group", f"{record}.MasterGroup"),
    ]


def named(prefix: str, value: str) -> list[str]:
    """Return what the vendor names by ``Id`` and ``Name`` as two columns."""
    return [f"{value}.Id as {prefix}_id", f"{value}.Name as {prefix}_name"]


def _heads(lines: DataFrame, venues: Venues) -> DataFrame:
    """Return the lines with what a sale has in common with its items and payments."""
    zoned = lines.withColumn("zone", zones(venues)[lines["of.Id"]])
    timed = zoned.selectExpr("*", f"{instant('record.TransactionDate')} as at")
    return timed.selectExpr("*", f"{local('at', 'zone')} as sold_at_local").selectExpr(
        "concat_ws('-', of.Id, record.Id) as sale_key",
        "of.Id as venue_id",
        "record.Id as sale_id",
        f"{clock('at')} as sold_at",
        "sold_at_local",
        "record.Terminal.Id as terminal_id",
        "record.Clerk.Id as clerk_id",
        "if(record.Customer.Id != 0, record.Customer.Id, null) as member_id",
        f"{business_date('sold_at_local')} as business_date",
        "record",
        BATCH,
        ROW,
    )


def _elements(lines: DataFrame, venues: Venues, array: str) -> DataFrame:
    """Return a row for every ``element`` of an array of a sale, with its ``line`` and the sale's head."""
    exploded = _heads(lines, venues).selectExpr(*_HEAD, *_END, f"posexplode(record.{array}) as (place, element)")
    return exploded.selectExpr("*", "place + 1 as line")

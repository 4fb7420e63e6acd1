"""The vendors' records as far as they are curated, spelled out: nothing is inferred, a number never becomes a double.

Each is the schema of a landed line, in Spark's DDL: ``of`` is what the record hung under, ``record`` the record itself.
Times stay text here, as vendors write them in more than one way.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from quayside.curated.spark.values import BATCH, ROW

_NAMED = "struct<Id: int, Name: string>"
_CLASSES = f"Category: {_NAMED}, Group: {_NAMED}, MasterGroup: {_NAMED}"
_MONEY, _PRICE, _QUANTITY = "decimal(14,2)", "decimal(12,4)", "decimal(12,3)"
_FLAGS = "IsDiscount: boolean, IsRefund: boolean, IsVoid: boolean, IsSurcharge: boolean, IsPromotion: boolean"
_ITEM = (
    f"struct<InventoryCode: string, Plu: bigint, Name: string, {_CLASSES}, PriceLevel: {_NAMED}, Quantity: {_QUANTITY}, "
    f"TotalEx: {_MONEY}, TotalInc: {_MONEY}, Tax: {_MONEY}, NormalPrice: {_PRICE}, ItemCost: {_PRICE}, {_FLAGS}>"
)
_MEDIUM = f"struct<Id: int, Name: string, Amount: {_MONEY}, RoundedAmount: {_MONEY}>"
_CUSTOMER = (
    f"struct<Id: bigint, Name: string, Classification: {_NAMED}, Balance: struct<Account: {_MONEY}, Points: {_MONEY}>>"
)
_SALE = (
    "struct<Id: bigint, ReceiptId: bigint, SaleType: string, TransactionDate: string, TransactionType: string, "
    f"Location: {_NAMED}, Terminal: {_NAMED}, Clerk: {_NAMED}, Customer: {_CUSTOMER}, "
    "Table: struct<Id: int, AdultCovers: int, ChildCovers: int>, "
    f"Items: array<{_ITEM}>, Media: array<{_MEDIUM}>, Reason: string>"
)
_MEMBER_TRANSACTION = (
    "struct<Id: string, Member: struct<Id: bigint, Name: string>, "
    f"Venue: {_NAMED}, SaleId: bigint, TransactionDate: string, TransactionType: string, "
    f"Items: array<struct<InventoryCode: string>>, Media: array<struct<Amount: {_MONEY}>>, TotalInc: {_MONEY}, "
    f"PointsEarned: {_MONEY}, PointsRedeemed: {_MONEY}, PointsBalance: {_MONEY}>"
)
_PRODUCT = (
    f"struct<InventoryCode: string, Plu: bigint, Name: string, {_CLASSES}, Price: {_PRICE}, ItemCost: {_PRICE}, "
    "StockLevel: decimal(14,3), Barcodes: array<string>>"
)
_PLACE = "Location: struct<Name: string>, Department: struct<Name: string>, Role: struct<Name: string>"
_TIMESHEET = (
    "struct<GuidKey: string, LastEdit: string, "
    "Employee: struct<EmployeeCode: string, Name: string, EmploymentType: struct<Name: string>>, "
    "DateStart: string, PayDate: string, PayStartTime: string, PayEndTime: string, ClockedStartTime: string, "
    "ClockedEndTime: string, RosterStartTime: string, RosterEndTime: string, GrossMinutes: int, NetMinutes: int, "
    f"BreakMinutesPaid: int, BreakMinutesUnpaid: int, {_PLACE}, Cost: decimal(12,2), Authorised: boolean, "
    "Paid: boolean, Deleted: boolean>"
)
_ROSTER_ITEM = (
    "struct<GuidKey: string, LastEdit: string, StartTime: string, EndTime: string, "
    "Employee: struct<EmployeeCode: string, Name: string>, GrossMinutes: int, NetMinutes: int, BreakMinutes: int, "
    f"{_PLACE}, Cost: decimal(12,2), Published: boolean, Deleted: boolean>"
)
_VENUE, _MEMBER, _FILE = "struct<Id: int, Name: string>", "struct<MemberId: bigint>", "struct<File: string, Line: int>"

LINES = {
    "swiftpos.sale": f"of {_VENUE}, record {_SALE}",
    "swiftpos.member_transaction": f"of {_MEMBER}, record {_MEMBER_TRANSACTION}",
    "swiftpos.product": f"record {_PRODUCT}",
    "humanforce.timesheet": f"record {_TIMESHEET}",
    "humanforce.roster_item": f"record {_ROSTER_ITEM}",
    "aristocrat.reading": f"of {_FILE}, record map<string, string>",
}
_CORRUPT = "_corrupt"
_MISFIT = "is not JSON of the types that quayside.curated.spark.landed has. Add a rule to the contract."


def parse(lines: DataFrame, dataset: str) -> DataFrame:
    """Return lines with ``of`` and ``record`` instead of their text, ``value``.

    One that does not have the types of `LINES` fails the job, which names batch and row and shows nothing of it.
    """
    kind = f"{LINES[dataset]}, {_CORRUPT} string"
    parsed = lines.withColumn("line", f.from_json("value", kind, {"columnNameOfCorruptRecord": _CORRUPT}))
    said = f"concat('{dataset} batch ', {BATCH}, ' row ', {ROW}, ' {_MISFIT}')"
    others = [name for name in lines.columns if name != "value"]
    fitting = parsed.selectExpr(f"if(line.{_CORRUPT} is null, line, raise_error({said})) as line", *others)
    return fitting.selectExpr("line.*", *others).drop(_CORRUPT)

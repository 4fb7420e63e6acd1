"""Which version of a row counts: the last one, whatever was curated before and in whatever order batches come."""

from collections.abc import Sequence

from pyspark.sql import DataFrame

from quayside.curated.spark.values import BATCH, ROW

_BEFORE = -1  # the place of rows that were curated before among the lines of their batch: that batch, read again, wins


def latest(rows: DataFrame, key: str, order: Sequence[str]) -> DataFrame:
    """Return the last row of every key.

    :param order: columns by which versions follow each other; where these are equal, ROW decides
    """
    last = f"partition by {key} order by {', '.join(f'{name} desc' for name in (*order, ROW))}"
    return rows.selectExpr("*", f"row_number() over ({last}) as _place").filter("_place = 1").drop("_place")


def merge(current: DataFrame, new: DataFrame, key: str, order: Sequence[str]) -> DataFrame:
    """Return the last version of every row, of those that were curated before and new ones.

    :param current: complete partitions, without ROW
    :param new: with ROW
    :return: with ROW, which is below 0 where the current row stays
    """
    return latest(_aged(current).unionByName(new), key, order)


def merge_lines(current: DataFrame, new: DataFrame, heads: DataFrame, key: str) -> DataFrame:
    """Return the lines of the last version of every head (a sale), and none that only an earlier version had.

    :param heads: what `merge` returned of the heads; they have ``key`` in common with their lines
    """
    versions = heads.selectExpr(key, BATCH, ROW)
    return _aged(current).unionByName(new).join(versions, [key, BATCH, ROW], "left_semi").selectExpr(*new.columns)


def _aged(current: DataFrame) -> DataFrame:
    return current.selectExpr("*", f"cast({_BEFORE} as bigint) as {ROW}")

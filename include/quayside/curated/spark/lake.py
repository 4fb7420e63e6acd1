"""What a job reads and writes: landed lines, partitions that were curated before, and new ones."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql import types as t

from quayside.curated.spark.landed import parse
from quayside.curated.spark.messages import Batch, Table
from quayside.curated.spark.values import BATCH, LINES_OF_A_BATCH, ROW, schema

_ROWS_PER_FILE = 1_000_000
_ROW_OF = r'^\\s*\\{\\s*"row"\\s*:\\s*(\\d+)'  # of a landed line, which begins so; backslashes as SQL takes them
_REJECTED = f"struct<{BATCH}: string, {ROW}: bigint>"
_COUNTS_AS, _AFTER = "_counts_as", "_after"
_BATCHES = f"struct<{BATCH}: string, snapshot_at: timestamp_ntz, {_COUNTS_AS}: string, {_AFTER}: bigint>"
_LINES = f"struct<value: string, {BATCH}: string, {ROW}: bigint, snapshot_at: timestamp_ntz>"


def few(spark: SparkSession, rows: Sequence[Mapping[str, Any]], kind: str) -> DataFrame:
    """Return rows that are known here as a frame, without the Python processes that Spark's own way starts.

    :param rows: of JSON's values
    :param kind: ``struct<…>`` of a row
    """
    array = f.from_json(f.lit(json.dumps(rows)), f"array<{kind}>", {"mode": "FAILFAST"})
    return spark.range(1).select(array.alias("rows")).selectExpr("inline(rows)")


def read_lines(spark: SparkSession, dataset: str, batches: Sequence[Batch]) -> DataFrame:
    """Return the accepted lines of batches of one dataset: ``of``, ``record``, BATCH, ROW and ``snapshot_at``.

    A batch that counts as another has that one's BATCH, and a ROW beyond `LINES_OF_A_BATCH`: it comes after the lines of
    that batch itself, and no two lines have both in common.
    """
    files = [file for batch in batches for file in batch.files]
    if not files:
        return parse(few(spark, [], _LINES), dataset)
    lines = spark.read.text(files).selectExpr(
        "value",
        f"regexp_extract(_metadata.file_path, '/batch=([^/]+)/', 1) as {BATCH}",
        f"cast(regexp_extract(value, '{_ROW_OF}', 1) as bigint) as {ROW}",
    )
    rejected = [{BATCH: batch.batch, ROW: row} for batch in batches for row in batch.rejected]
    if rejected:  # before they are parsed: they need not be what the others are
        lines = lines.join(f.broadcast(few(spark, rejected, _REJECTED)), [BATCH, ROW], "left_anti")
    known = [
        {
            BATCH: batch.batch,
            "snapshot_at": batch.snapshot_at,
            _COUNTS_AS: batch.counts_as,
            _AFTER: 0 if batch.counts_as == batch.batch else place * LINES_OF_A_BATCH,
        }
        for place, batch in enumerate(sorted(batches, key=lambda batch: batch.batch), start=1)
    ]
    parsed = parse(lines.join(f.broadcast(few(spark, known, _BATCHES)), BATCH), dataset)
    counting = {BATCH: f.col(_COUNTS_AS), ROW: f.col(ROW) + f.col(_AFTER)}
    return parsed.withColumns(counting).drop(_COUNTS_AS, _AFTER)


def read_partitions(
    spark: SparkSession, table: Table, partitions: Iterable[str], columns: Sequence[str] | None = None
) -> DataFrame:
    """Return what was curated before of some partitions, those that exist; in the contract's columns, or some of them."""
    whole = schema(table)
    wanted = t.StructType([field for field in whole if columns is None or field.name in columns])
    places = [table.current[name] for name in partitions if name in table.current]
    if not places:
        return few(spark, [], wanted.simpleString())
    if table.partition is None:
        return spark.read.schema(wanted).parquet(*places)
    stored = t.StructType([field for field in wanted if field.name != table.partition])
    rows = spark.read.schema(stored).parquet(*places)
    day = f"regexp_extract(_metadata.file_path, '/{table.partition}=([^/]+)/', 1)"
    return rows.selectExpr("*", f"cast({day} as date) as {table.partition}").selectExpr(*wanted.names)


def write(rows: DataFrame, table: Table) -> None:
    """Write complete partitions to the table's target, each as one file unless it is large."""
    stored = rows.selectExpr(*(name for name, _ in table.columns))
    spread = stored.repartition(f.col(table.partition)) if table.partition else stored.coalesce(1)
    writer = spread.sortWithinPartitions(*filter(None, (table.partition, table.key))).write.mode("overwrite")
    if table.partition:
        writer = writer.partitionBy(table.partition)
    writer.option("maxRecordsPerFile", _ROWS_PER_FILE).parquet(table.target, compression="zstd")

"""One run of the Glue job: lines are read once for all tables that are made of them."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as f

from quayside.curated.spark.lake import read_lines, read_partitions, write
from quayside.curated.spark.merging import latest, merge, merge_lines
from quayside.curated.spark.messages import Done, Plan
from quayside.curated.spark.products import merge_versions
from quayside.curated.spark.recipes import RECIPES
from quayside.curated.spark.values import ROW, conform

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # what cannot be cast fails, instead of being null
    # Else each null check that a key carries is spelled out for all others: planning timesheets would not end.
    "spark.sql.constraintPropagation.enabled": "false",
    "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}
# A window's rows are done before Spark has compiled code for them, and planned anew what came of them.
FEW_ROWS = 5_000
OF_FEW_ROWS = {
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
}
_AT_ONCE = 2
WHOLE = ""  # the one partition of a table that has none
Report = Callable[[str, Done], None]


def curate(spark: SparkSession, plan: Plan, tables: Iterable[str], report: Report) -> None:
    """Write the new partitions of some of a plan's tables.

    :param report: is told what was done to a table, once all of it is written
    """
    few = sum(batch.rows for batch in plan.batches) <= FEW_ROWS
    own = spark.newSession()
    for name, value in (SETTINGS | (OF_FEW_ROWS if few else {})).items():
        own.conf.set(name, value)
    datasets: dict[str, list[str]] = {}
    for name in tables:
        datasets.setdefault(plan.tables[name].landing, []).append(name)
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # a small window keeps the driver busy, not the executors
        for done in [pool.submit(_curate, own, plan, dataset, names, report) for dataset, names in datasets.items()]:
            done.result()


def _curate(spark: SparkSession, plan: Plan, dataset: str, names: Sequence[str], report: Report) -> None:
    job = _Dataset(spark, plan, dataset)
    for name in names:
        report(name, job.write(name))
    job.forget()


class _Dataset:
    """The tables that are made of one dataset's lines."""

    def __init__(self, spark: SparkSession, plan: Plan, dataset: str) -> None:
        self._spark, self._plan = spark, plan
        batches = [batch for batch in plan.batches if batch.dataset == dataset]
        self._lines = read_lines(spark, dataset, batches).persist()
        self._read = self._lines.count()
        self._merged: dict[str, tuple[DataFrame, dict[str, int]]] = {}

    def write(self, name: str) -> Done:
        """Write the new partitions of a table, with their complete content."""
        recipe, table = RECIPES[name], self._plan.tables[name]
        if not self._read:
            return Done(version=self._plan.version, read=0, partitions=(), keys=0, rows=0)
        if recipe.versions:
            current = read_partitions(self._spark, table, [WHOLE])
            rows, partitions = merge_versions(current, self._rows(name)), {WHOLE: 0}
        elif recipe.head:
            head, key = recipe.head
            heads, partitions = self._last_versions(head)
            current = read_partitions(self._spark, table, partitions)
            rows = merge_lines(current, self._rows(name), heads, key)
        else:
            rows, partitions = self._last_versions(name)
        seen = Observation()
        counts = f.count(f.lit(1)).alias("rows"), f.count_if(f.col(ROW) >= 0).alias("fresh")
        write(rows.observe(seen, *counts), table)
        return Done(
            version=self._plan.version,
            read=self._read,
            partitions=tuple(sorted(partitions)),
            keys=sum(partitions.values()) if table.partition and not recipe.head else seen.get["fresh"],
            rows=seen.get["rows"],
        )

    def forget(self) -> None:
        """Give back what was kept in memory."""
        for frame in (self._lines, *(rows for rows, _ in self._merged.values())):
            frame.unpersist()

    def _rows(self, name: str) -> DataFrame:
        """Return what the lines say."""
        return conform(RECIPES[name].rows(self._lines, self._plan.venues), self._plan.tables[name])

    def _last_versions(self, name: str) -> tuple[DataFrame, dict[str, int]]:
        """Return a table's partitions that change, complete; and how many keys the lines have for each of these."""
        if name not in self._merged:
            recipe, table = RECIPES[name], self._plan.tables[name]
            new = latest(self._rows(name), table.key, recipe.order)
            counted = new.groupBy(f.col(table.partition or "").cast("string")).count().collect()
            partitions: dict[str, int] = dict(counted)
            if recipe.moves:
                partitions |= dict.fromkeys(self._left(name, new, partitions), 0)
            current = read_partitions(self._spark, table, partitions)
            self._merged[name] = merge(current, new, table.key, recipe.order).persist(), partitions
        return self._merged[name]

    def _left(self, name: str, new: DataFrame, partitions: Iterable[str]) -> list[str]:
        """Return the other partitions that have rows of the same keys: an edit has moved these."""
        table = self._plan.tables[name]
        others = read_partitions(
            self._spark, table, table.current.keys() - set(partitions), [table.key, table.partition or ""]
        )
        found = others.join(f.broadcast(new.select(table.key)), table.key, "left_semi")
        return [row[0] for row in found.select(f.col(table.partition or "").cast("string")).distinct().collect()]

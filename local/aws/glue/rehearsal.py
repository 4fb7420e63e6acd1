"""What Spark does in most jobs, run once when its environment is installed.

Java keeps the classes that this loads in an archive, with which later starts take half the time.
"""

import tempfile
from pathlib import Path

from pyspark.sql import SparkSession  # noqa: TID251 - a part of the engine
from pyspark.sql import functions as f  # noqa: TID251


def main() -> None:
    """Write, read, join and count a few rows, in files that are called ``s3://``."""
    viewfs = "spark.hadoop.fs.viewfs"
    with tempfile.TemporaryDirectory() as folder:
        settings: dict[str, bool | float | int | str | None] = {
            "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
            f"{viewfs}.overload.scheme.target.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
            f"{viewfs}.mounttable.lake.linkFallback": Path(folder).as_uri(),
        }
        builder = SparkSession.builder.master("local[2]").config("spark.sql.shuffle.partitions", "2")
        spark = builder.config(map=settings).getOrCreate()
        rows = spark.range(10).withColumn("day", f.col("id") % 2).withColumn("name", f.lit("a"))
        for kind in ("csv", "json", "parquet"):
            rows.write.mode("overwrite").partitionBy("day").format(kind).save(f"s3://lake/{kind}")
        frames = [spark.read.format(kind).load(f"s3://lake/{kind}") for kind in ("json", "parquet")]
        joined = frames[0].join(frames[1], "id").groupBy("id").agg(f.count("*").alias("n")).orderBy("id")
        if len(joined.collect()) != rows.count():
            raise RuntimeError("Spark does not read what it wrote.")
        spark.stop()


if __name__ == "__main__":
    main()

"""A Glue Spark job as AWS's console drafts it: JSON lines to Parquet, partitioned by day."""

import sys

from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import functions as f

arguments = getResolvedOptions(sys.argv, ["JOB_NAME", "source", "target"])
context = GlueContext(SparkContext())
spark = context.spark_session
job = Job(context)
job.init(arguments["JOB_NAME"], arguments)

sales = spark.read.json(arguments["source"]).withColumn("price", f.col("price").cast("decimal(10,2)"))
sales.write.mode("overwrite").partitionBy("day").parquet(arguments["target"])
print("converted", sales.count(), "sales")

job.commit()

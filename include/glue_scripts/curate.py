"""Glue job: curate the batches of a plan, and say of each table what was done.

arguments: --plan, what to do; --landing and --curated, the folders that it speaks of; --tables, comma-separated, where
not all of the plan's tables are to be made.
"""

import json
import sys

import boto3
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

from quayside.curated.spark.job import curate
from quayside.curated.spark.messages import Done, Plan, done_key

asked = ["JOB_NAME", "plan", "landing", "curated"]
args = getResolvedOptions(sys.argv, [*asked, "tables"] if "--tables" in sys.argv else asked)
glue = GlueContext(SparkContext.getOrCreate())
job = Job(glue)
job.init(args["JOB_NAME"], args)

s3 = boto3.client("s3")
bucket, _, key = args["plan"].removeprefix("s3://").partition("/")
plan = Plan.from_dict(json.load(s3.get_object(Bucket=bucket, Key=key)["Body"]))


reports: dict[str, Done] = {}
curate(glue.spark_session, plan, args["tables"].split(",") if "tables" in args else plan.tables, reports.__setitem__)
for table, done in reports.items():  # word for who publishes, and in the log
    said = json.dumps(done.as_dict())
    s3.put_object(Bucket=bucket, Key=done_key(key, table), Body=said.encode())
    print(table, said)
job.commit()

"""A Glue Python shell job: writes what it was told to S3."""

import argparse
import sys

import boto3

parser = argparse.ArgumentParser()
parser.add_argument("--bucket", required=True)
parser.add_argument("--title", required=True)
options, _ = parser.parse_known_args()

boto3.client("s3").put_object(Bucket=options.bucket, Key=f"reports/{options.title}", Body=b"done")
print("reported", options.title)
print("nothing to worry about", file=sys.stderr)

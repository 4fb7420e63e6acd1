"""Objects are as they were put, however they came."""

import io

import boto3
from boto3.s3.transfer import TransferConfig


def test_a_large_object_has_the_tags_that_it_was_put_with(aws):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="tagged-parts", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)

    s3.upload_fileobj(
        io.BytesIO(bytes(6 << 20)),
        "tagged-parts",
        "large",
        ExtraArgs={"Tagging": "project=quayside&note="},
        Config=parts,
    )

    tags = s3.get_object_tagging(Bucket="tagged-parts", Key="large")["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"project": "quayside", "note": ""}

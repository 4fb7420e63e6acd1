"""A Firehose that delivers to S3 in batches, as AWS's does.

`streams` answers the API and keeps what was accepted until it is delivered; `transform` takes a batch through the
processors; `prefixes` says where an object goes.
"""

from local.aws.firehose.streams import install

__all__ = ["install"]

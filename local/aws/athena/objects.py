"""Objects of the local S3, read and written in this very process, with the rights of whoever sent the query.

Writing one tells who is to be told of it.
"""

from urllib.parse import urlparse

from local.aws.athena import rights
from local.aws.athena.catalog import StoredFile
from local.aws.athena.errors import QueryFailed

USES = ("_buckets", "_put_object(bucket_name, key, body, headers)", "_get_object_data", "_object_disk_path")


def path(file: StoredFile) -> str:
    """Return where the local S3 keeps an object.

    :raises QueryFailed: it may not be read
    """
    from ministack.services import s3

    rights.s3("GetObject", f"s3://{file.bucket}/{file.key}")
    return str(s3._object_disk_path(file.bucket, file.key))


def write(location: str, body: bytes, kind: str) -> None:
    """Write an object.

    :param location: ``s3://bucket/key``
    :param kind: its media type
    :raises QueryFailed: S3 refuses it
    """
    from ministack.services import s3

    rights.s3("PutObject", location)
    address = urlparse(location)
    headers = {"content-type": kind, "content-length": str(len(body))}
    answer = s3._put_object(address.netloc, address.path.lstrip("/"), body, headers)
    if isinstance(answer, tuple) and answer[0] >= 300:
        raise QueryFailed("GENERIC_USER_ERROR", f"Unable to write to {location}: {answer[2]!r}")


def read(location: str) -> bytes | None:
    """Return an object, or None if there is none.

    :raises QueryFailed: it may not be read
    """
    from ministack.services import s3

    rights.s3("GetObject", location)
    address = urlparse(location)
    body = s3._get_object_data(address.netloc, address.path.lstrip("/"))
    return None if body is None else bytes(body)


def keys(location: str) -> list[str]:
    """Return the keys of all objects whose keys begin as a location says.

    :raises QueryFailed: there is no such bucket, or it may not be listed
    """
    from ministack.services import s3

    address = urlparse(location)
    rights.listing(location)
    bucket = s3._buckets.get(address.netloc)
    if address.scheme != "s3" or bucket is None:
        raise QueryFailed("GENERIC_USER_ERROR", f"The S3 location provided, {location}, is invalid: no such bucket")
    return [key for key in bucket["objects"] if key.startswith(address.path.lstrip("/"))]

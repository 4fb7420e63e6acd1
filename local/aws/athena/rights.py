"""What a query may do: as much as the one who sent it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlparse

from local.aws import access
from local.aws.athena.errors import QueryFailed


def s3(action: str, location: str) -> None:
    """Return if an action on an object is allowed.

    :param location: ``s3://bucket/key``
    :raises QueryFailed: it is not
    """
    address = urlparse(location)
    _require(f"s3:{action}", f"arn:aws:s3:::{address.netloc}{address.path}")


def listing(location: str) -> None:
    """Return if the objects below a location may be listed.

    :raises QueryFailed: they may not
    """
    address = urlparse(location)
    _require("s3:ListBucket", f"arn:aws:s3:::{address.netloc}", {"s3:prefix": address.path.lstrip("/")})


def glue(action: str, request: dict[str, Any]) -> None:
    """Return if a request to Glue is allowed.

    :raises QueryFailed: it is not
    """
    _require(f"glue:{action}", access.of_glue(action, request))


def _require(action: str, resource: str, context: Mapping[str, str] | None = None) -> None:
    try:
        access.require(action, resource, context)
    except access.Denied as error:
        raise QueryFailed("PERMISSION_DENIED", str(error)) from error

"""The vendors' JSON, as text: money is exact and a sale is encoded once, however often it is asked for."""

import json
from datetime import datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any


class Json(str):
    """Text that is JSON already: `encode` passes it through."""

    __slots__ = ()


CONSTANTS = {True: Json("true"), False: Json("false"), None: Json("null")}


def encode(value: Any) -> Json:
    """Return a value as JSON; a Decimal becomes a number with all its digits, which the standard encoder cannot."""
    kind = type(value)
    if kind is Json:
        return Json(value)
    if kind is str:
        return Json(encode_basestring(value))
    if kind is int or kind is Decimal:
        return Json(value)
    if kind is dict:
        return Json("{" + ",".join([f'"{name}":{encode(field)}' for name, field in value.items()]) + "}")
    if kind is list:
        return Json("[" + ",".join([encode(element) for element in value]) + "]")
    return CONSTANTS[value]


def decode(text: str) -> Any:
    """Return what `encode` was given: every number with a point as a Decimal."""
    return json.loads(text, parse_float=Decimal)


def named(key: int, name: str) -> Json:
    """Return the shape in which SwiftPOS names whatever has a key: ``{"Id":1,"Name":"Beverage"}``."""
    return encode({"Id": key, "Name": name})


def money(cents: int) -> Decimal:
    """Return cents as an amount with two decimals."""
    return Decimal(cents).scaleb(-2)


def utc(moment: datetime) -> str:
    """Return a moment (in UTC) as SwiftPOS writes it: ISO 8601 with milliseconds and ``Z``."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""Where Firehose puts an object: prefixes with expressions such as ``!{timestamp:yyyy/MM/dd}``."""

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local.aws.seam import Refused

DEFAULT = "!{timestamp:yyyy/MM/dd/HH/}"
NAMESPACES = ("timestamp", "firehose", "partitionKeyFromQuery", "partitionKeyFromLambda")

_EXPRESSION = re.compile(r"!\{(\w+):([^}]*)\}")
_JAVA = re.compile(r"'(?P<literal>[^']*)'|(?P<field>(?P<letter>[A-Za-z])(?P=letter)*)|[^A-Za-z']+")
_FIELDS = {
    "yyyy": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "DDD": "%j", "dd": "%d", "EEEE": "%A", "EEE": "%a",
    "HH": "%H", "hh": "%I", "a": "%p", "mm": "%M", "ss": "%S",
}  # fmt: skip
_UNPADDED = {"y": "%Y", "M": "%m", "D": "%j", "d": "%d", "H": "%H", "h": "%I", "m": "%M", "s": "%S"}

Keys = Mapping[str, Mapping[str, str]]


class KeyMissing(Exception):
    """A prefix asks for a partition key that a record does not have."""


def check(config: Mapping[str, Any]) -> None:
    """Check a destination's prefixes.

    :raises Refused: as Firehose refuses them, or for a time pattern that is not known here
    """
    prefix, error_prefix = config.get("Prefix") or "", config.get("ErrorOutputPrefix") or ""
    names = {match.group(1) for match in _EXPRESSION.finditer(prefix)}
    dynamic = is_dynamic(config)
    for text in (prefix, error_prefix):
        _check_expressions(text)
    if names and not error_prefix:
        raise _invalid("ErrorOutputPrefix cannot be null or empty when Prefix contains expressions.")
    if _EXPRESSION.search(error_prefix) and "!{firehose:error-output-type}" not in error_prefix:
        raise _invalid("ErrorOutputPrefix with expressions must contain !{firehose:error-output-type}.")
    if "!{firehose:error-output-type}" in prefix or "!{partitionKey" in error_prefix:
        raise _invalid("Prefix cannot contain error-output-type, nor ErrorOutputPrefix a partition key.")
    if dynamic != any(name.startswith("partitionKey") for name in names):
        raise _invalid("Partition keys in Prefix and dynamic partitioning need each other.")


def is_dynamic(config: Mapping[str, Any]) -> bool:
    """Tell whether a destination partitions by what is in the records."""
    return bool((config.get("DynamicPartitioningConfiguration") or {}).get("Enabled"))


def of_data(config: Mapping[str, Any], at: datetime, keys: Keys) -> str:
    """Return the evaluated prefix of delivered data.

    :param at: when the oldest record arrived, in the stream's time zone
    :param keys: namespace → partition key → value
    :raises KeyMissing: a key is not among them
    """
    prefix = config.get("Prefix") or ""
    if "!{timestamp:" not in prefix and not is_dynamic(config):
        prefix += DEFAULT
    return _evaluate(prefix, at, keys)


def of_errors(config: Mapping[str, Any], at: datetime, kind: str) -> str:
    """Return the evaluated prefix of failed records.

    :param kind: the error output type, e.g. ``processing-failed``
    """
    prefix = config.get("ErrorOutputPrefix") or f"{config.get('Prefix') or ''}!{{firehose:error-output-type}}/{DEFAULT}"
    return _evaluate(prefix, at, {"firehose": {"error-output-type": kind}})


def _evaluate(prefix: str, at: datetime, keys: Keys) -> str:
    def value(match: re.Match[str]) -> str:
        namespace, name = match.groups()
        if namespace == "timestamp":
            return java_time(name, at)
        if name == "random-string":
            return str(uuid.uuid4())[:11]
        if name not in keys.get(namespace, {}):
            raise KeyMissing(f"{namespace}:{name}")
        return keys[namespace][name]

    return _EXPRESSION.sub(value, prefix)


def java_time(pattern: str, at: datetime) -> str:
    """Return a time in a pattern of Java's DateTimeFormatter.

    :raises Refused: a field of the pattern is not known here
    """

    def value(match: re.Match[str]) -> str:
        field, literal = match.group("field"), match.group("literal")
        if literal is not None:
            return literal or "'"
        if field is None:
            return match.group()
        if field in _FIELDS:
            return at.strftime(_FIELDS[field])
        if field in _UNPADDED:
            return str(int(at.strftime(_UNPADDED[field])))
        raise _invalid(f"The local Firehose does not know {field} in a timestamp; it knows {', '.join(_FIELDS)}.")

    return _JAVA.sub(value, pattern)


def _check_expressions(text: str) -> None:
    for namespace, value in _EXPRESSION.findall(text):
        if namespace not in NAMESPACES:
            raise _invalid(f"Namespace {namespace} is not one of {', '.join(NAMESPACES)}.")
        if namespace == "firehose" and value not in ("random-string", "error-output-type"):
            raise _invalid(f"!{{firehose:{value}}} is not a valid expression.")
        if namespace == "timestamp":
            java_time(value, datetime.now(UTC))
    if text.count("!{") != len(_EXPRESSION.findall(text)):
        raise _invalid("The sequence !{ can only appear in !{namespace:value} expressions.")


def _invalid(message: str) -> Refused:
    return Refused("InvalidArgumentException", message)

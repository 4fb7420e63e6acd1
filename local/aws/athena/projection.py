"""Partitions that follow from a table's properties, instead of being registered in the catalog.

A projection may stand for more partitions than can be listed, say one for each second of ten years. So it goes the
other way: of the folders that are there, it takes those that the projection would have named.
"""

import calendar
import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlparse

import duckdb
from sqlglot import exp

from local.aws.athena.catalog import Lake, Partition, Table
from local.aws.athena.errors import QueryFailed, not_supported

FIELDS = {"y": "year", "u": "year", "M": "month", "d": "day", "H": "hour", "m": "minute", "s": "second"}
FORMAT = re.compile(r"'((?:[^']|'')*)'|(([yuMdHms])\3*)|([^A-Za-z'])")
PLACE = re.compile(r"\$\{([^}]*)\}")
UNITS = ("YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND")
NOW = re.compile(r"\s*NOW\s*(?:([+-])\s*(\d+)\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?\s*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """How the values of one partition key are projected.

    :param pattern: what a value looks like within a path
    :param read: what is of this pattern → the key's value; None for what is not projected
    """

    pattern: str
    read: Callable[[str], str | None]

    def value(self, text: str) -> str | None:
        """Return the key's value that a part of a path stands for; None for what is not projected."""
        return self.read(text) if re.fullmatch(self.pattern, text) else None


def partitions(
    connection: duckdb.DuckDBPyConnection, table: Table, conditions: Sequence[exp.Expr], lake: Lake
) -> list[Partition]:
    """Return the partitions of a table that are projected and have files.

    :param conditions: what the query demands of the partition keys
    :raises QueryFailed: the properties do not say how to project a key, or the query leaves an injected one open
    """
    configured = {name.lower() for name in table.properties}
    missing = [key for key, _ in table.keys if f"projection.{key}.type" not in configured]
    if missing:
        raise _invalid(
            table, f"the following partition columns are missing projection configuration: [{', '.join(missing)}]"
        )
    columns = {key: _column(connection, table, key, kind, conditions) for key, kind in table.keys}
    template = table.properties.get("storage.location.template", "").strip()
    names = {key.lower() for key in PLACE.findall(template)}
    if template and names != columns.keys():
        raise _invalid(table, f"storage.location.template has to name each partition column once: {template}")
    default = "/".join(f"{key}=${{{key}}}" for key in columns)
    address = urlparse(template or f"{table.location.rstrip('/')}/{default}")
    if "$" in address.netloc:
        raise not_supported(f"a bucket that depends on the partition: {template}")
    plain = address.path.strip("/").partition("${")[0]
    pattern = re.compile(_pattern(address.path.strip("/"), columns, escaped=not template))
    found: dict[tuple[str, ...], str] = {}
    for key in lake.buckets.get(address.netloc, {}):
        match = pattern.match(key) if key.startswith(plain) else None
        if match:
            texts = [match[f"key_{i}"] if template else unquote(match[f"key_{i}"]) for i in range(len(columns))]
            values = [column.value(text) for column, text in zip(columns.values(), texts, strict=True)]
            known = tuple(value for value in values if value is not None)
            if len(known) == len(values):
                found[known] = f"s3://{address.netloc}/{match['folder']}"
    return [Partition(values, location, {}) for values, location in found.items()]


def _pattern(path: str, columns: Mapping[str, Column], *, escaped: bool) -> str:
    """Return what the keys of projected partitions look like, with each value in a group."""
    pattern, groups = "", {name: f"key_{i}" for i, name in enumerate(columns)}
    for i, part in enumerate(PLACE.split(path)):
        group = groups.get(part.lower(), "")
        if i % 2 == 0:
            pattern += re.escape(part)
        elif f"(?P<{group}>" in pattern:
            pattern += f"(?P={group})"
        else:
            pattern += f"(?P<{group}>{'[^/]+' if escaped else columns[part.lower()].pattern})"
    return f"(?P<folder>{pattern})/"


def _column(
    connection: duckdb.DuckDBPyConnection, table: Table, key: str, hive: str, conditions: Sequence[exp.Expr]
) -> Column:
    start = f"projection.{key}."
    given = {name.lower().removeprefix(start): text for name, text in table.properties.items()}
    kind = given.get("type", "").strip().lower()
    try:
        if kind == "enum":
            values: Sequence[str] = given["values"].split(",")
        elif kind == "injected":
            values = _injected(connection, key, conditions)
        elif kind == "integer":
            return _integer(given)
        elif kind == "date":
            return _date(given, hive)
        else:
            raise _invalid(table, f"projection type {kind!r} of column {key} is none of enum, integer, date, injected")
    except (KeyError, ValueError) as error:
        raise _invalid(table, f"the projection of column {key}: {error}") from error
    return Column("|".join(map(re.escape, values)), lambda text: text if text in values else None)


def _integer(given: Mapping[str, str]) -> Column:
    low, high = (int(text) for text in given["range"].split(","))
    step, digits = int(given.get("interval", "1")), int(given.get("digits", "0"))

    def value(text: str) -> str | None:
        number = int(text)
        known = low <= number <= high and (number - low) % step == 0 and text == f"{number:0{digits}d}"
        return text if known else None

    return Column(rf"-?\d{{{digits}}}" if digits else r"-?\d+", value)


def _date(given: Mapping[str, str], hive: str) -> Column:
    form = DateFormat(given["format"])
    low, high = (form.read(form.text(_bound(text, form))) for text in given["range"].split(","))
    step, unit = int(given.get("interval", "1")), given.get("interval.unit", "").strip().upper()
    if not unit and form.finest not in ("day", "month"):
        raise ValueError("interval.unit is needed where the format does not end with days or months")
    unit = (unit or form.finest.upper()).removesuffix("S")
    if unit not in UNITS:
        raise ValueError(f"interval.unit {unit}S is none of {', '.join(f'{name}S' for name in UNITS)}")

    def value(text: str) -> str | None:
        try:
            moment = form.read(text)
        except ValueError:
            return None  # such as the 31st of April
        first = _count(low, moment, unit) // step  # or the next, where the format is coarser than the steps
        steps = (_shifted(low, count * step, unit) for count in (first, first + 1))
        if not any(low <= there <= high and form.text(there) == text for there in steps):
            return None
        return {"date": f"{moment:%Y-%m-%d}", "timestamp": f"{moment:%Y-%m-%d %H:%M:%S}"}.get(hive.lower(), text)

    return Column(re.sub(r"\?P<\w+>", "?:", form.pattern), value)


class DateFormat:
    """A pattern of Java's DateTimeFormatter, of numbers and fixed text.

    :raises ValueError: it has other parts
    """

    def __init__(self, form: str) -> None:
        self.pattern, self._template, self.finest = "", "", ""
        place = 0
        while place < len(form):
            match = FORMAT.match(form, place)
            fixed, letters, letter, sign = match.groups() if match else (None, None, "", None)
            field, digits = FIELDS.get(letter or "", ""), len(letters or "")
            if (
                match is None
                or (letters and (digits != 4 if field == "year" else digits > 2))
                or f"<{field}>" in self.pattern
            ):
                raise ValueError(f"the local Athena does not support the date format {form}")
            if letters:
                self.finest = field
                self.pattern += rf"(?P<{field}>\d{{{digits}{',2' if digits == 1 else ''}}})"
                self._template += f"{{0.{field}:0{digits}d}}"
            else:
                text = sign or (fixed or "").replace("''", "'") or "'"
                self.pattern += re.escape(text)
                self._template += text.replace("{", "{{").replace("}", "}}")
            place = match.end()

    def read(self, text: str) -> dt.datetime:
        """Return the moment that a text names.

        :raises ValueError: it is not of this format
        """
        match = re.fullmatch(self.pattern, text)
        if match is None:
            raise ValueError(f"{text} is no date of the given format")
        fields = dict.fromkeys(("hour", "minute", "second"), "0") | {"month": "1", "day": "1"} | match.groupdict()
        iso = "{year}-{month:0>2}-{day:0>2} {hour:0>2}:{minute:0>2}:{second:0>2}"
        return dt.datetime.fromisoformat(iso.format(**fields))

    def text(self, moment: dt.datetime) -> str:
        """Return a moment as the format writes it."""
        return self._template.format(moment)


def _bound(text: str, form: DateFormat) -> dt.datetime:
    match = NOW.fullmatch(text)
    if match is None:
        return form.read(text.strip())
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    sign, count, unit = match.groups()
    return _shifted(now, int(f"{sign}{count}"), unit.upper()) if sign else now


def _count(low: dt.datetime, moment: dt.datetime, unit: str) -> int:
    """Return how many whole units lie between two moments."""
    if unit in ("YEAR", "MONTH"):
        months = (moment.year - low.year) * 12 + moment.month - low.month
        return months // 12 if unit == "YEAR" else months
    return (moment - low) // dt.timedelta(**{f"{unit.lower()}s": 1})


def _shifted(moment: dt.datetime, count: int, unit: str) -> dt.datetime:
    if unit not in ("YEAR", "MONTH"):
        return moment + dt.timedelta(**{f"{unit.lower()}s": count})
    year, month = divmod(moment.year * 12 + moment.month - 1 + count * (12 if unit == "YEAR" else 1), 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, calendar.monthrange(year, month + 1)[1]))


def _injected(connection: duckdb.DuckDBPyConnection, key: str, conditions: Sequence[exp.Expr]) -> list[str]:
    """Return the values that the query gives an injected key."""
    mine = [part for part in conditions if {column.name for column in part.find_all(exp.Column)} == {key}]
    values: set[str] | None = None
    for part in mine:
        if not isinstance(part, (exp.EQ, exp.In)):
            values = None
            break
        sides = [part.this, *part.expressions] if isinstance(part, exp.In) else [part.this, part.expression]
        constants = [side for side in sides if not side.find(exp.Column)]
        if len(constants) != len(sides) - 1:
            values = None
            break
        [row] = connection.execute(exp.select(*constants).sql("duckdb")).fetchall()
        same = {str(item) for item in row}
        values = same if values is None else values & same
    if values is None:
        text = (
            f"For the injected projected partition column {key}, the WHERE clause must contain only static equality "
            "conditions, and at least one such condition must be present."
        )
        raise QueryFailed("CONSTRAINT_VIOLATION", text)
    return sorted(values)


def _invalid(table: Table, why: str) -> QueryFailed:
    text = f"Table {table.database}.{table.name} is configured for partition projection, but {why}"
    return QueryFailed("INVALID_TABLE_PROPERTY", text)

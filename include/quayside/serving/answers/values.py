"""Values of answers as JSON: the same whichever engine gave them. Decimals, dates and times are texts."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal

from quayside.serving.metrics import Column

Cell = str | int | float | bool | None
Row = list[Cell]
_WHOLE = ("smallint", "integer", "bigint")


def from_texts(columns: Sequence[Column], rows: Iterable[Sequence[str | None]]) -> list[Row]:
    """Return Athena's rows, whose values are all texts."""
    kinds = [column.type for column in columns]
    return [[_read(kind, text) for kind, text in zip(kinds, row, strict=True)] for row in rows]


def from_objects(rows: Iterable[Sequence[object]]) -> list[Row]:
    """Return psycopg's rows."""
    return [[_written(value) for value in row] for row in rows]


def _read(kind: str, text: str | None) -> Cell:
    if text is None:
        return None
    if kind in _WHOLE:
        return int(text)
    if kind == "boolean":
        return text == "true"
    if kind == "double precision":
        return float(text)
    if kind.startswith("timestamp"):
        return _written(datetime.fromisoformat(text))
    return text


def _written(value: object) -> Cell:
    match value:
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")
        case date() | time():
            return value.isoformat()
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise TypeError(f"A {type(value).__name__} is no value of an answer: cast it in the metric layer.")

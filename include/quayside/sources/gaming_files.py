"""The gaming machines' CSV files, as they come: in whatever order of columns, with or without a BOM, perhaps cut off."""

import codecs
import csv
import io
import json
from collections.abc import Collection, Iterator
from typing import IO

from quayside.errors import Terminal
from quayside.sources.feed import Record

ENCODINGS = ("utf-8-sig", "cp1252")
UNREADABLE = "Unreadable line"  # the one field of a row that cannot be told apart into the header's columns


class Unusable(Terminal):
    """A file that says nothing that could be landed."""


def records(file: IO[bytes], name: str, required: Collection[str]) -> Iterator[Record]:
    """Give a file's rows as JSON: each header's name with the text that stands below it.

    A last line without a line's end was cut off, nobody knows where: it is given whole, as one field, as is a row that
    has more fields than the header. So no half of a number passes for a number.

    :param file: can be sought; it is left open
    :param name: for the ``File`` beside each row
    :param required: names that the header must have
    :raises Unusable: the file is neither UTF-8 nor Windows-1252, or its first line is not the header
    """
    text = io.TextIOWrapper(file, _encoding(file), newline="")
    source = _Lines(text)
    rows = csv.reader(iter(source))
    try:
        header = [column.strip() for column in next(rows, [])]
        _check(header, required, cut=source.cut)
        end = rows.line_num
        for fields in rows:
            line, end = end + 1, rows.line_num
            if fields:
                known = len(fields) <= len(header) and not source.cut
                record = dict(zip(header, fields, strict=False)) if known else {UNREADABLE: ",".join(fields)}
                yield Record(_json(record), _json({"File": name, "Line": line}))
    except csv.Error as error:
        raise Unusable(f"line {rows.line_num}: {error}") from error
    finally:
        text.detach()


class _Lines:
    """The lines of a text; ``cut`` once one came that had no end."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.cut = False

    def __iter__(self) -> Iterator[str]:
        for line in self._text:
            self.cut = not line.endswith(("\n", "\r"))
            yield line


def _encoding(file: IO[bytes]) -> str:
    for encoding in ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        file.seek(0)
        try:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        file.seek(0)
        return encoding
    raise Unusable("it is neither UTF-8 nor Windows-1252")


def _check(header: list[str], required: Collection[str], *, cut: bool) -> None:
    missing = [name for name in required if name not in header]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if not header:
        raise Unusable("it is empty")
    if missing:
        raise Unusable(f"its first line has no {', '.join(missing)}: it begins with {','.join(header)[:80]!r}")
    if twice:
        raise Unusable(f"its first line names {', '.join(twice)} more than once")
    if cut:
        raise Unusable("its first line is cut off")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

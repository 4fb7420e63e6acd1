"""Texts that a query gives to functions, put into DuckDB's words: patterns, paths, formats, units.

Each function returns what stands between the quotes of a DuckDB text; None where the text is of another kind.
"""

import re

from local.aws.athena.errors import QueryFailed, not_supported

UNITS_OF_DAYS = ("day", "week", "month", "quarter", "year")
UNITS = ("millisecond", "second", "minute", "hour", *UNITS_OF_DAYS)
UTC = {"UTC", "Z", "GMT", "UCT", "ZULU", "ETC/UTC", "+00:00", "-00:00"}

# What Java's and Joni's regular expressions have and RE2 has not, or understands otherwise.
OTHERWISE = re.compile(r"\(\?[=!<>]|\\[1-9kGZzvVhHRX]|[+*?}]\+|&&|\{,|\[[^\]]*\[|\(\?[a-z]*[xdu]")
OPTIONAL_GROUP = re.compile(r"\||\)[?*]|\)\{0")
MYSQL = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%f", "H": "%H", "h": "%I", "I": "%I", "i": "%M",
    "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p", "S": "%S", "s": "%S",
    "T": "%H:%M:%S", "v": "%V", "W": "%A", "x": "%G", "Y": "%Y", "y": "%y", "%": "%%",
}  # fmt: skip
JODA = {
    "yyyy": "%Y", "YYYY": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%-m", "dd": "%d", "d": "%-d",
    "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S", "SSS": "%g", "a": "%p",
    "EEEE": "%A", "EEE": "%a", "EE": "%a", "E": "%a", "DDD": "%j", "xxxx": "%G", "ww": "%V", "e": "%u",
}  # fmt: skip


def sql_text(text: str) -> str:
    """Return a text as it stands between the quotes of a literal."""
    return text.replace("'", "''")


def regex(text: str) -> str:
    """Return a regular expression that RE2 understands as Trino's Joni does."""
    if OTHERWISE.search(text.replace("\\\\", "")):
        raise not_supported(f"the regular expression {text}")
    try:
        re.compile(text)
    except re.error as error:
        raise QueryFailed("INVALID_FUNCTION_ARGUMENT", f"{error}: {text}") from error
    return sql_text(text)


def capturing_regex(text: str) -> str:
    """Return a regular expression all of whose groups take part in a match: DuckDB makes '' of those that do not."""
    if OPTIONAL_GROUP.search(text):
        raise not_supported(f"groups of the regular expression {text}, which may be left out of a match")
    return consuming_regex(text)


def consuming_regex(text: str) -> str:
    """Return a regular expression that matches no empty text: between its matches, the two go on differently."""
    known = regex(text)
    if any(not found.group() for sample in ("", "a", "1 b") for found in re.finditer(text, sample)):
        raise not_supported(f"the regular expression {text}, which matches the empty text")
    return known


def replacement(text: str) -> str:
    """Return a replacement, in which ``$1`` is a group and a backslash takes the next letter as it is."""
    parts = re.findall(r"\\.|\$\d(?!\d)|[^\\$]+|.", text, re.DOTALL)
    if any(part in ("\\", "$") for part in parts):
        raise not_supported(f"the replacement {text}")
    words = (f"\\{part[1]}" if part[0] == "$" else part[1:] if part[0] == "\\" else part for part in parts)
    return sql_text("".join("\\\\" if word == "\\" else word for word in words))


def group(text: str) -> str | None:
    """Return the number of a group."""
    return text if text.isdigit() and int(text) < 10 else None


def json_path(text: str) -> str:
    """Return a JSON path of keys and positions."""
    if not re.fullmatch(r"\$(\.[^\W\d][\w-]*|\[\d+\]|\[[^\W\d]\w*\]|\[\"[^\"\\\[\]]+\"\])*", text):
        raise not_supported(f"the JSON path {text}")
    steps = re.findall(r"\.([\w-]+)|\[(\d+)\]|\[\"?([^\"\]]+)\"?\]", text)
    return sql_text("$" + "".join(f"[{place}]" if place else f'."{name or quoted}"' for name, place, quoted in steps))


def mysql_format(text: str) -> str:
    """Return a format of MySQL's as DuckDB's."""
    return _format(text, r"%.", {f"%{letter}": words for letter, words in MYSQL.items()}, "%")


def mysql_to_parse(text: str) -> str:
    """Return a format of MySQL's, of parts that both parse alike, as DuckDB's."""
    return _parsing(text, mysql_format(text))


def joda_to_parse(text: str) -> str:
    """Return a format of Joda's, of parts that both parse alike, as DuckDB's."""
    return _parsing(text, joda_format(text))


def _parsing(text: str, words: str) -> str:
    if set(re.findall(r"%-?(.)", words.replace("%%", ""))) - set("YmdHIMSfgpbB"):
        raise not_supported(f"parsing by the format {text}")
    return words


def joda_format(text: str) -> str:
    """Return a format of Joda's as DuckDB's."""
    return _format(text, r"'(?:[^']|'')*'|([A-Za-z])\1*", JODA, "'")


def _format(text: str, pattern: str, known: dict[str, str], special: str) -> str:
    found, place = "", 0
    for match in re.finditer(pattern, text, re.DOTALL):
        word = match.group()
        if word not in known and word[0] != "'":
            raise not_supported(f"{word} in the format {text}")
        literal = word[1:-1].replace("''", "'") or "'" if word[0] == "'" else ""
        found += text[place : match.start()].replace("%", "%%") + (
            known[word] if not literal else literal.replace("%", "%%")
        )
        place = match.end()
    if special in text[place:]:
        raise QueryFailed("INVALID_FUNCTION_ARGUMENT", f"Invalid format: {text}")
    return sql_text(found + text[place:].replace("%", "%%"))


def zone(text: str) -> str:
    """Return a time zone: an offset, or a name of the tz database."""
    if text.upper() in UTC:
        return "UTC"
    if not re.fullmatch(r"[+-]\d\d:\d\d|[A-Z]\w+(/[\w+-]+)+", text):
        raise not_supported(f"the time zone {text}")
    return text


def unit(text: str) -> str:
    """Return a unit of time."""
    if text.lower() not in UNITS:
        raise QueryFailed("INVALID_FUNCTION_ARGUMENT", f"'{text}' is not a valid Timestamp field")
    return text.lower()


def unit_of_dates(text: str) -> str:
    """Return a unit of days or longer: others are errors."""
    if text.lower() not in UNITS_OF_DAYS:
        raise QueryFailed("INVALID_FUNCTION_ARGUMENT", f"'{text}' is not a valid DATE field")
    return text.lower()


def unit_of_days(text: str) -> str | None:
    """Return a unit of days or longer."""
    return text.lower() if text.lower() in UNITS_OF_DAYS else None

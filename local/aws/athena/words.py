"""A statement's words, for statements that sqlglot leaves whole or takes apart only half: DDL, SHOW, UNLOAD, PREPARE."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import sqlglot
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from local.aws.athena.errors import Malformed, QueryFailed

CATALOG = "awsdatacatalog"
QUOTED = (TokenType.STRING, TokenType.IDENTIFIER)
LEADING = re.compile(r"(\s|--[^\n]*(\n|$)|/\*.*?\*/)*", re.DOTALL)
# Statements in Hive's words, in which "…" is a text; in the others, which are Trino's, it is a name.
HIVE = re.compile(
    r"(alter|desc|describe|msck|show|create\s+(external|database|schema)|drop\s+(?!view))\b"
    r"|create\s+table\s+(if\s+not\s+exists\s+)?`",  # an Iceberg table's
    re.IGNORECASE,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Name:
    """A table's name."""

    database: str
    table: str

    def __str__(self) -> str:
        return f"{self.database}.{self.table}"


class Words:
    """A statement's words, read one after the other: each method reads what it names, or raises `Malformed`."""

    def __init__(self, sql: str) -> None:
        start = LEADING.match(sql)
        self.hive = start is not None and HIVE.match(sql, start.end()) is not None
        try:
            # After a bracket, sqlglot does not take SHOW and its like for commands, which it would leave whole.
            found = sqlglot.tokenize(f"({sql}", read="hive" if self.hive else "athena")[1:]
        except TokenError as error:
            raise Malformed(f"line 1:1: {error}") from error
        tokens = [word for token in found for word in _single(token)]
        while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
            tokens.pop()
        if any(token.token_type == TokenType.SEMICOLON for token in tokens):
            raise Malformed(f"Only one sql statement is allowed. Got: {sql}")
        self._sql, self._tokens, self._at = sql, tokens, 0

    def is_next(self, words: str) -> bool:
        """Say whether these words are next."""
        wanted = words.split()
        found = self._tokens[self._at : self._at + len(wanted)]
        return [token.text.lower() for token in found if token.token_type not in QUOTED] == wanted

    def take(self, words: str) -> bool:
        """Read these words if they are next; say whether they were."""
        found = self.is_next(words)
        self._at += len(words.split()) if found else 0
        return found

    def need(self, words: str) -> None:
        """Read these words."""
        if not self.take(words):
            raise self.unexpected()

    def name(self) -> str:
        """Read a name."""
        if not self.left() or not (self._token.token_type == TokenType.IDENTIFIER or re.match(r"\w", self._token.text)):
            raise self.unexpected()
        return self._next().text.lower()

    def table(self, database: str) -> Name:
        """Read a table's name.

        :param database: what a name without a database belongs to
        :raises QueryFailed: it names another catalog
        """
        text = self.name()
        while self.take("."):
            text += f".{self.name()}"
        parts = text.split(".")  # also of `database.table`, which is how SHOW CREATE TABLE names a table
        if len(parts) > 3 or (len(parts) == 3 and parts[0] != CATALOG):
            raise QueryFailed("CATALOG_NOT_FOUND", f"Catalog '{parts[0]}' does not exist")
        return Name(*[database, *parts][-2:])

    def text(self, *kinds: TokenType) -> str:
        """Read a text in quotes, or another kind of literal."""
        if not self.left() or self._token.token_type not in (kinds or (TokenType.STRING,)):
            raise self.unexpected()
        return self._next().text

    def listed(self, item: Callable[[], T], brackets: str = "()") -> list[T]:
        """Read ``(item, …)``."""
        self.need(brackets[0])
        found = [item()]
        while self.take(","):
            found.append(item())
        self.need(brackets[1])
        return found

    def properties(self) -> dict[str, str]:
        """Read ``('name' = 'value', …)``."""
        return _once(self.listed(lambda: (self.text(), self._value())))

    def partition(self) -> dict[str, str]:
        """Read ``(key = value, …)``: keys and the texts of their values."""
        return _once(self.listed(lambda: (self.name(), self._value())))

    def options(self) -> dict[str, str | list[str]]:
        """Read ``(name = value, …)``, in which a value may be an ARRAY of texts."""
        return _once(self.listed(lambda: (self.name(), self._option())))

    def columns(self) -> list[dict[str, str]]:
        """Read ``(name type [COMMENT 'text'], …)`` as the catalog notes columns."""
        return self.listed(self._column)

    def group(self) -> str:
        """Read ``(…)``; return what is in the brackets, at its place in the statement."""
        self.need("(")
        start, depth = self._at, 1
        while depth:
            kind = self._next().token_type
            depth += (kind == TokenType.L_PAREN) - (kind == TokenType.R_PAREN)
        return self._part(start, self._at - 1)

    def rest(self, *, but: str = "") -> tuple[str, bool]:
        """Read all that is left; return it, at its place in the statement, without some last words if these are there."""
        start, last, end = self._at, but.split(), len(self._tokens)
        ends = bool(last) and [token.text.lower() for token in self._tokens[-len(last) :]] == last
        self._at = end - len(last) if ends else end
        if start >= self._at:
            raise self.unexpected()
        return self._part(start, self._at), ends

    def left(self) -> bool:
        """Say whether anything is left."""
        return self._at < len(self._tokens)

    def end(self) -> None:
        """Read the statement's end."""
        if self.left():
            raise self.unexpected()

    def unexpected(self) -> Malformed:
        """Return the error for the next word."""
        found = self._token.text if self.left() else "<EOF>"
        before = self._sql[: self._token.start - 1 if self.left() else len(self._sql)]
        return Malformed(
            f"line {before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: mismatched input '{found}'"
        )

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        if not self.left():
            raise self.unexpected()
        self._at += 1
        return self._tokens[self._at - 1]

    def _value(self) -> str:
        self.need("=")
        return ("-" if self.take("-") else "") + self.text(TokenType.STRING, TokenType.NUMBER)

    def _option(self) -> str | list[str]:
        if self.take("= array"):
            return self.listed(self.text, "[]")
        return self._value()

    def _column(self) -> dict[str, str]:
        column, kind, depth = {"Name": self.name()}, "", 0
        while depth or not (kind and (self._token.text in ",)" or self._token.text.lower() == "comment")):
            text = self._next().text.lower()
            depth += text.count("<") + text.count("(") - text.count(">") - text.count(")")
            kind += text
            if not self.left():
                raise self.unexpected()
        column["Type"] = kind
        if self.take("comment"):
            column["Comment"] = self.text()
        return column

    def _part(self, start: int, end: int) -> str:
        """Return a part of the statement with blanks for what is before it, so that errors in it name its place."""
        first, last = self._tokens[start].start - 1, self._tokens[end - 1].end
        return re.sub(r"[^\n]", " ", self._sql[:first]) + self._sql[first:last]


def _single(token: Token) -> Iterator[Token]:
    """Yield a token's words: sqlglot makes one token of PARTITIONED BY."""
    if token.token_type in QUOTED:
        yield token
    else:
        for word in token.text.split():
            yield Token(token.token_type, word, token.line, token.col, token.start, token.end)


def _once(pairs: list[tuple[str, T]]) -> dict[str, T]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise QueryFailed("DUPLICATE_PROPERTY", f"line 1:1: Property {name} specified more than once")
    return dict(pairs)

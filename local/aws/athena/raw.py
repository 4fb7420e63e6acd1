"""DuckDB's words with expressions in their places: a node that sqlglot carries along and does not read."""

import re
from typing import Any, ClassVar

from sqlglot import exp

_PLACE = re.compile("\x00(\\d+)\x00")


class Raw(exp.Expression):  # type: ignore[misc, unused-ignore]
    """DuckDB's words, in which expressions have their places."""

    arg_types: ClassVar[dict[str, bool]] = {"words": True, "expressions": False}

    @staticmethod
    def written(generator: Any, node: "Raw") -> str:
        """Return the SQL, as one of sqlglot's generators asks for it."""
        return _PLACE.sub(lambda match: str(generator.sql(node.expressions[int(match[1])])), node.args["words"])


def raw(words: str, *expressions: exp.Expr) -> Raw:
    """Return DuckDB's words, in which ``{0}`` is the first expression; braces elsewhere are kept as they are.

    Without expressions, the words are taken as they are.
    """
    if expressions:
        words = re.sub(r"\{(\d+)\}", "\x00\\1\x00", words)
    return Raw(words=words, expressions=[node.copy() if node.parent is not None else node for node in expressions])

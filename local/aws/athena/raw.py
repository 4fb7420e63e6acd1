"""DuckDB's words with expressions in their places: a node that sqlglot carries along and does not read."""

import re
from typing import Any

from sqlglot import exp

# One of sqlglot's own, which no query of Athena's has: where sqlglot is compiled, classes of others cannot be its nodes.
# And a condition, as it takes nothing else for one.
Raw = exp.SessionParameter
_PLACE = re.compile("\x00(\\d+)\x00")


def raw(words: str, *expressions: exp.Expr) -> exp.SessionParameter:
    """Return DuckDB's words, in which ``{0}`` is the first expression; braces elsewhere are kept as they are.

    Without expressions, the words are taken as they are.
    """
    if expressions:
        words = re.sub(r"\{(\d+)\}", "\x00\\1\x00", words)
    return Raw(words=words, expressions=[node.copy() if node.parent is not None else node for node in expressions])


def to_sql(generator: Any, node: exp.SessionParameter) -> str:
    """Return the SQL of such a node, as one of sqlglot's generators asks for it."""
    return _PLACE.sub(lambda match: str(generator.sql(node.expressions[int(match[1])])), node.args["words"])

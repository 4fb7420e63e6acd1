"""Lists as services give them: in pages, and filtered by name."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from local.aws.seam import Refused

Entry = TypeVar("Entry")


def page(
    entries: Sequence[Entry], request: Mapping[str, Any], *, most: int, refusal: str
) -> tuple[list[Entry], dict[str, str]]:
    """Return the entries that a request's MaxResults and NextToken ask for, and the next token unless these are the last.

    :param most: what a page holds where the request does not say
    :param refusal: the service's error code for a token that is none of ours
    :raises Refused: the token is none of ours
    """
    token = request.get("NextToken") or "0"
    if not token.isdigit():
        raise Refused(refusal, "Invalid NextToken")
    start = int(token)
    end = start + min(request.get("MaxResults") or most, most)
    return list(entries[start:end]), {"NextToken": str(end)} if end < len(entries) else {}


def name_filter(expression: str | None, *, refusal: str) -> Callable[[str], bool]:
    """Return what tells whether a name fits: a regular expression, in which a lone ``*`` stands for anything.

    :param refusal: the service's error code for an expression that is malformed
    :raises Refused: it is malformed
    """
    try:
        pattern = re.compile(re.sub(r"(?<![.\\\])])\*", ".*", expression or "*"), re.IGNORECASE)
    except re.error as error:
        raise Refused(refusal, f"Invalid expression '{expression}': {error}") from error
    return lambda name: pattern.fullmatch(name) is not None

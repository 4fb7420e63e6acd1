"""What ministack itself does with a request of Glue's, and what it keeps for us."""

import json
from collections.abc import Callable
from typing import Any

from local.aws.seam import Refused


def answer_of(
    action: Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes]], request: dict[str, Any]
) -> dict[str, Any]:
    """Return what one of ministack's own actions answers.

    :raises Refused: with the error that it answers
    """
    status, _, body = action(request)
    document: dict[str, Any] = json.loads(body)
    if status != 200:
        raise Refused(document["__type"], document["message"])
    return document


def keep(name: str) -> None:
    """Let ministack save and restore, with its own, a state that it does not have: ``_ALL_STATE[name]``."""
    from ministack.core.responses import AccountRegionScopedDict
    from ministack.services import glue

    glue._ALL_STATE.setdefault(name, AccountRegionScopedDict())

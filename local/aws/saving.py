"""What the local AWS was told is written soon after, so that it survives a crash; callers are to notice nothing of it.

ministack itself writes its state only when it is told to stop, with an encoder that takes ten times as long.
"""

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from local.aws.seam import check

USES = {
    "ministack.app": ("_build_persistence_save_dict()",),
    "ministack.core.persistence": (
        "save_all(services)", "save_state(service, data)", "STATE_DIR", "_json_default(obj)", "_state_format_version(service)",
    ),
}  # fmt: skip
LOGS, LOGS_EVERY = "cloudwatch_logs", 30.0  # seconds; by far the largest, and no loss if some lines are missing
EVERY, LATER = 2.0, 30.0  # seconds: after a change, and after a question, as what was begun earlier may have ended
SHARE = 20  # times as long as it takes to write a state is waited until that is done again
ASKING = re.compile(rb"\w+\.(BatchGet|Describe|Get|List|Query|Scan)\w*")  # a JSON service's actions
SIGNED_FOR = re.compile(rb"Credential=[^,]*/(\w+)/aws4_request")
OWN = {  # the service of a signed request → the states that it changes; others are taken to change any
    b"dynamodb": {"dynamodb"}, b"s3": {"s3"}, b"glue": {"glue"}, b"athena": {"athena"}, b"logs": {LOGS},
}  # fmt: skip


class Changes:
    """The application, whose state is written soon after a change.

    :param app: ministack's
    """

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app
        self._asked = False
        self._changed: set[str] = set()  # names of states
        self._anything = False

    async def __call__(self, scope: dict[str, Any], receive: object, send: object) -> None:
        """Pass a request on, and remember what it may have changed."""
        await self._app(scope, receive, send)
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            self._asked = True
            headers = dict(scope["headers"])
            if not ASKING.fullmatch(headers.get(b"x-amz-target", b"")):
                signed = SIGNED_FOR.search(headers.get(b"authorization", b""))
                own = OWN.get(signed[1]) if signed else None
                self._changed |= own or set()
                self._anything |= own is None

    async def keep(self) -> None:
        """Write what may have changed every two seconds, and now and then the rest, until cancelled.

        Each service's state is written at one stroke, with nobody served meanwhile. Logs alone are written beside what is
        served: a line more or less makes no difference to them.
        """
        modules = check(USES)
        modules["ministack.core.persistence"].save_state = save_state  # type: ignore[attr-defined]
        save_all, everything = modules["ministack.core.persistence"].save_all, modules["ministack.app"]
        due: dict[str, float] = {}  # when a state may be written again
        complete = time.monotonic()
        while True:
            await asyncio.sleep(EVERY)
            states = everything._build_persistence_save_dict()
            if self._anything or (self._asked and time.monotonic() - complete > LATER):
                self._changed, complete = set(states), time.monotonic()
                self._asked = self._anything = False
            for name in sorted(self._changed & set(states)):
                begun = time.monotonic()
                if begun < due.get(name, 0.0):
                    continue
                self._changed.discard(name)
                if name == LOGS:
                    await asyncio.to_thread(save_all, {name: states[name]})
                else:
                    save_all({name: states[name]})
                    await asyncio.sleep(0)
                took = time.monotonic() - begun
                due[name] = begun + (LOGS_EVERY if name == LOGS else max(EVERY, SHARE * took))


def save_state(service: str, data: dict[str, Any]) -> None:
    """Write a service's state as ministack reads it; what cannot be written is told in the log, and tried again."""
    from ministack.core import persistence

    document = {"__ministack_format__": persistence._state_format_version(service), "payload": data}
    path = Path(persistence.STATE_DIR) / f"{service}.json"
    draft = path.with_suffix(".json.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(document, default=persistence._json_default))
        draft.replace(path)
    except (OSError, TypeError, ValueError):
        logging.getLogger("persistence").exception("The state of %s cannot be written", service)

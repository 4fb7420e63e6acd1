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
LOGS, LOGS_EVERY = "cloudwatch_logs", 30  # seconds; by far the largest, and no loss if some lines are missing
EVERY = 2  # seconds
LATER = 15  # seconds, where something was only asked for: what was begun earlier may have ended meanwhile
SHARE = 10  # times as long as it takes to write is waited until it is done again
ASKING = re.compile(rb"\w+\.(BatchGet|Describe|Get|List|Query|Scan)\w*")  # a JSON service's actions


class Changes:
    """The application, whose state is written soon after a change.

    :param app: ministack's
    """

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app
        self._unsaved = self._asked = False

    async def __call__(self, scope: dict[str, Any], receive: object, send: object) -> None:
        """Pass a request on, and remember whether it may have changed something."""
        await self._app(scope, receive, send)
        if scope["type"] == "http" and scope["method"] != "GET":
            self._asked = True
            self._unsaved |= not ASKING.fullmatch(dict(scope["headers"]).get(b"x-amz-target", b""))

    async def keep(self) -> None:
        """Write the state every two seconds in which something may have changed, until cancelled.

        Each service's is written at one stroke, with nobody served meanwhile. Logs alone are written beside what is
        served: a line more or less makes no difference to them.
        """
        modules = check(USES)
        modules["ministack.core.persistence"].save_state = save_state  # type: ignore[attr-defined]
        save_all, everything = modules["ministack.core.persistence"].save_all, modules["ministack.app"]
        pause, saved, logged, lines = float(EVERY), time.monotonic(), time.monotonic(), False
        while True:
            await asyncio.sleep(pause)
            services = everything._build_persistence_save_dict()
            logs = {name: services.pop(name) for name in (LOGS,) if name in services}
            if self._unsaved or (self._asked and time.monotonic() - saved > LATER):
                self._unsaved, self._asked, lines, begun = False, False, True, time.monotonic()
                for name, state in services.items():
                    save_all({name: state})
                    await asyncio.sleep(0)
                saved = time.monotonic()
                pause = max(EVERY, SHARE * (saved - begun))
            if lines and time.monotonic() - logged > LOGS_EVERY:
                lines, logged = False, time.monotonic()
                await asyncio.to_thread(save_all, logs)


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

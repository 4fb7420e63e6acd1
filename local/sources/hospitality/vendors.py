"""The vendors behind one HTTP server, with whatever a test or a person wants to go wrong."""

import secrets
from collections.abc import Callable
from datetime import datetime
from threading import Thread
from types import TracebackType
from typing import Any, Self

from local.sources.hospitality.clock import Clock
from local.sources.hospitality.control import Control
from local.sources.hospitality.faults import Fault, Faults
from local.sources.hospitality.files import Inbox
from local.sources.hospitality.humanforce import Humanforce
from local.sources.hospitality.server import Answer, Server
from local.sources.hospitality.swiftpos import ASKED_FOR, SwiftPos
from local.sources.hospitality.world import World

RATE = 2000  # requests a second that a vendor bears: more than a client that is well behaved ever sends

Credentials = dict[str, dict[str, str]]
CREDENTIALS = {"swiftpos": tuple(ASKED_FOR), "humanforce": ("key", "secret")}


def draw() -> Credentials:
    """Draw what clients have to know of each vendor."""
    return {vendor: {name: secrets.token_hex(12) for name in names} for vendor, names in CREDENTIALS.items()}


class Vendors:
    """SwiftPOS and Humanforce on a port of 127.0.0.1, and the hand that drops the gaming machines' files.

    A context manager: it answers from entry to exit, in a thread of this process.

    :param port: 0: any that is free
    :param credentials: what clients have to know of each vendor, by the names of `CREDENTIALS`; drawn where not given
    :param rate: requests a second above which a vendor answers 429
    :param token_uses: how often one of SwiftPOS's tokens can be used
    :param log: is told every request in a line
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        *,
        port: int = 0,
        credentials: Credentials | None = None,
        rate: float = RATE,
        token_uses: int = 2000,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self.world, self.clock = world, clock
        self._credentials = credentials or draw()
        self.faults = {"swiftpos": Faults(rate), "humanforce": Faults(rate)}
        self._port, self._log = port, log
        self._answers: dict[str, Answer] = {
            "swiftpos": SwiftPos(world, clock, self._credentials["swiftpos"], uses=token_uses).answer,
            "humanforce": Humanforce(world, clock, **self._credentials["humanforce"]).answer,
            "control": Control(clock, self.faults).answer,
        }

    @property
    def url(self) -> str:
        """The server's address, once it answers; the vendors are below ``/swiftpos`` and ``/humanforce``."""
        return f"http://127.0.0.1:{self._port}"

    def secret(self, vendor: str) -> dict[str, Any]:
        """Return what a client has to know of ``swiftpos`` or ``humanforce``, as its secret holds it."""
        return {"url": f"{self.url}/{vendor}", **self._credentials[vendor], "begins": self.world.begins.isoformat()}

    def fail(self, vendor: str, status: int = 500, times: int = 1, retry_after: int | None = None) -> None:
        """Answer the next requests with an error."""
        self.faults[vendor].add(Fault(times, status=status, retry_after=retry_after))

    def truncate(self, vendor: str, times: int = 1) -> None:
        """Break the next answers off in the middle of their body."""
        self.faults[vendor].add(Fault(times, truncate=True))

    def slow(self, vendor: str, seconds: float, times: int = 1) -> None:
        """Let the next answers wait."""
        self.faults[vendor].add(Fault(times, seconds=seconds))

    def outage(self, vendor: str, on: bool) -> None:
        """Answer 503 to everything, until it is over."""
        self.faults[vendor].outage = on

    def drop(self, inbox: Inbox, since: datetime, until: datetime, vices: bool = True) -> int:
        """Drop the gaming files that arrive from ``since`` to before ``until``, in that order; return how many.

        :param inbox: is given each file's name and content
        """
        dropped = self.world.dropped(since, until, vices=vices)
        for file in dropped:
            inbox(file.name, file.content)
        return len(dropped)

    def __enter__(self) -> Self:
        self._server = Server(self._port, self._answers, self.faults, self._log)
        self._port = self._server.server_address[1]
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="vendors", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

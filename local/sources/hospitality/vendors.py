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
from local.sources.hospitality.server import Server
from local.sources.hospitality.swiftpos import SwiftPos
from local.sources.hospitality.world import World

RATE = 200  # requests a second that a vendor bears: more than a client that is well behaved ever sends


class Vendors:
    """SwiftPOS and Humanforce on a port of 127.0.0.1, and the hand that drops the gaming machines' files.

    A context manager: it answers from entry to exit, in a thread of this process.

    :param port: 0: any that is free
    :param passwords: SwiftPOS's signature and Humanforce's secret; without them they are drawn
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
        passwords: tuple[str, str] | None = None,
        rate: float = RATE,
        token_uses: int = 2000,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self.world, self.clock = world, clock
        signature, secret = passwords or (secrets.token_hex(16), secrets.token_hex(16))
        self._swiftpos = {
            "clerk_id": "900",
            "client_id": "quayside",
            "customer_id": "4711",
            "signature": signature,
            "identity": "quayside-lake",
        }
        self._humanforce = {"key": "quayside", "secret": secret}
        names = ("ClerkId", "ClientId", "CustomerId", "Signature", "Identity")
        credentials = dict(zip(names, self._swiftpos.values(), strict=True))
        self.faults = {"swiftpos": Faults(rate), "humanforce": Faults(rate)}
        self._server = Server(
            port,
            {
                "swiftpos": SwiftPos(world, clock, credentials, uses=token_uses).answer,
                "humanforce": Humanforce(world, clock, **self._humanforce).answer,
                "control": Control(clock, self.faults).answer,
            },
            self.faults,
            log,
        )

    @property
    def url(self) -> str:
        """The server's address; the vendors are below ``/swiftpos`` and ``/humanforce``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def secret(self, vendor: str) -> dict[str, Any]:
        """Return what a client has to know of ``swiftpos`` or ``humanforce``, as its secret holds it."""
        known = {"swiftpos": self._swiftpos, "humanforce": self._humanforce}[vendor]
        return {"url": f"{self.url}/{vendor}", **known, "begins": self.world.begins.isoformat()}

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

    def serve(self) -> None:
        """Answer until another thread or a signal handler calls `stop`."""
        self._server.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """Answer no more and give the port back."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        Thread(target=self.serve, name="vendors", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

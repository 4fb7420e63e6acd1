"""What can go wrong with a vendor on demand: errors, refusals, cut and slow answers, outages, too many requests."""

import time
from collections import deque
from dataclasses import dataclass, replace
from http import HTTPStatus
from threading import Lock

from local.sources.hospitality.answers import Refused


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the next ``times`` requests.

    :param status: answered instead of the vendor's answer; 0: the vendor answers
    :param retry_after: seconds, as a header of that answer
    :param seconds: to wait before anything is answered
    :param truncate: whether the body breaks off in its middle, and the connection with it
    """

    times: int = 1
    status: int = 0
    retry_after: int | None = None
    seconds: float = 0
    truncate: bool = False


class Faults:
    """The faults of one vendor, in the order in which they were asked for.

    :param rate: requests a second above which the answer is 429, in real time
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.outage = False
        self.requests = 0
        self._queue: deque[Fault] = deque()
        self._recent: deque[float] = deque()
        self._lock = Lock()

    def add(self, fault: Fault) -> None:
        """Let this happen after what was asked for before."""
        with self._lock:
            self._queue.append(fault)

    def clear(self) -> None:
        """Let all be well again."""
        with self._lock:
            self._queue.clear()
            self.outage = False

    @property
    def waiting(self) -> int:
        """How many requests will still go wrong."""
        return sum(fault.times for fault in self._queue)

    def meet(self) -> Fault:
        """Return what happens to a request; counted as one.

        :raises Refused: there is an outage, or the requests come too fast
        """
        with self._lock:
            self.requests += 1
            if self.outage:
                raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "The service is unavailable.")
            now = time.monotonic()
            while self._recent and self._recent[0] <= now - 1:
                self._recent.popleft()
            if len(self._recent) >= self.rate:
                raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests.", {"Retry-After": "1"})
            self._recent.append(now)
            if not self._queue:
                return Fault()
            fault = self._queue.popleft()
            if fault.times > 1:
                self._queue.appendleft(replace(fault, times=fault.times - 1))
            return fault

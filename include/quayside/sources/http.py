"""A vendor's HTTP API: connections are reused, and what may pass is tried again, with pauses and an end."""

import codecs
import mmap
import random
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from tempfile import SpooledTemporaryFile
from time import monotonic, sleep
from types import TracebackType
from typing import Self

import httpx
import msgspec
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_before_delay, wait_random_exponential

from quayside.errors import Retryable, Terminal

CONNECTIONS = 4  # at once, at most
TIMEOUT = httpx.Timeout(60, connect=10)  # seconds of silence
LONGEST = 300.0  # seconds for one answer's body, however steadily it trickles
PATIENCE = 120.0  # seconds after which no further try begins; the orchestrator has longer pauses
PAUSES = wait_random_exponential(multiplier=0.5, max=30)  # between nothing and 0.5, 1, 2, 4 … seconds: full jitter
IN_MEMORY = 8 * 1024 * 1024  # a larger body is kept in a file, which the system pages in as it is read


class Passing(Retryable):
    """A failure that may pass by itself.

    :param after: seconds that the vendor asks to wait, if it does
    """

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class NotFound(Terminal):
    """The vendor has nothing of this name."""


class Api:
    """A vendor's API, entered before use: its connections are open from then until the exit.

    :param name: what people call the vendor
    :param url: what all paths are below
    :param hidden: texts that no message may show, should the vendor repeat them
    """

    _client: httpx.Client  # from entry on

    def __init__(self, name: str, url: str, auth: httpx.Auth, hidden: Collection[str]) -> None:
        self.name = name
        self._url, self._auth, self._hidden = url, auth, hidden

    def __enter__(self) -> Self:
        """Open.

        :raises Terminal: the url is none
        """
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        try:
            self._client = httpx.Client(base_url=self._url, auth=self._auth, timeout=TIMEOUT, limits=limits)
        except httpx.InvalidURL as error:
            raise Terminal(f"{self.name}: {error}. Correct the url in its secret.") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        self._client.close()

    def get[T](self, path: str, parameters: Mapping[str, str], decoder: msgspec.json.Decoder[T]) -> T:
        """Return what the vendor answers; several threads may ask at once.

        Lost connections, timeouts, 429, 5xx and bodies that break off are tried again, not before the vendor's
        ``Retry-After`` is over.

        :param decoder: of the shape that the answer must have
        :raises Retryable: the vendor did not answer well for `PATIENCE`, or asks for more
        :raises NotFound: 404
        :raises Terminal: the vendor refuses, in its own words, or answers in another shape
        """
        retrying = Retrying(
            retry=retry_if_exception_type(Passing),
            wait=_pause,
            stop=stop_before_delay(PATIENCE),
            sleep=lambda seconds: sleep(seconds),
            retry_error_callback=_give_up,
        )
        answer: T = retrying(self._ask, path, parameters, decoder)
        return answer

    def _ask[T](self, path: str, parameters: Mapping[str, str], decoder: msgspec.json.Decoder[T]) -> T:
        what = f"{self.name}: GET {path}{f' {dict(parameters)}' if parameters else ''}"
        try:
            with self._client.stream("GET", path, params=parameters) as response:
                require_success(response, what, self._hidden)
                return decoder.decode(_body(response, what))
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise Terminal(f"{what}: {error} Correct the url in its secret.") from error
        except httpx.RequestError as error:
            raise Passing(f"{what}: {str(error) or type(error).__name__}") from error
        except msgspec.ValidationError as error:
            raise Terminal(
                f"{what}: the answer has another shape than agreed: {error}. Ask the vendor what changed, and change "
                "the reading of it."
            ) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Passing(f"{what}: the answer cannot be read: {error}") from error


def require_success(response: httpx.Response, what: str, hidden: Collection[str] = ()) -> None:
    """Let a good answer through.

    :param what: was asked, for the message
    :param hidden: texts that it may not show
    :raises Passing: 408, 429, 5xx
    :raises NotFound: 404
    :raises Terminal: anything else
    """
    if response.is_success:
        return
    status = response.status_code
    message = f"{what}: {status} {response.reason_phrase}: {_words(response, hidden)}"
    if status in (408, 429) or status >= 500:
        raise Passing(message, _retry_after(response))
    if status == 404:
        raise NotFound(f"{message}. If this should be there, correct the url in its secret.")
    if status in (401, 403):
        raise Terminal(f"{message}. Put credentials that the vendor accepts into its secret in Secrets Manager.")
    raise Terminal(f"{message}. The vendor will answer the same again: correct the request, or ask what changed.")


def _words(response: httpx.Response, hidden: Collection[str]) -> str:
    sent = [response.request.headers.get(name, "") for name in ("Authorization", "AuthorizationToken")]
    body = b"".join(islice(response.iter_bytes(4096), 8)) if not response.is_stream_consumed else response.content
    text = " ".join(body.decode("utf-8", "replace").split())
    for secret in filter(None, (*hidden, *sent)):
        text = text.replace(secret, "***")
    return text[:300] or "no explanation"


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds of ``Retry-After``, which is a number of them or a date by the vendor's own clock."""
    asked = response.headers.get("Retry-After", "")
    if asked.isdigit():
        return float(asked)
    try:
        date = response.headers.get("Date")
        now = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return max((parsedate_to_datetime(asked) - now).total_seconds(), 0)
    except (ValueError, TypeError):  # none, or not as RFC 9110 has it
        return None


def _body(response: httpx.Response, what: str) -> bytes | mmap.mmap:
    """Read a body whose size nobody knows: memory holds no more than `IN_MEMORY` of it.

    :raises UnicodeDecodeError: it is not UTF-8, which decoding would not notice
    """
    began, check = monotonic(), codecs.getincrementaldecoder("utf-8")()
    with SpooledTemporaryFile(IN_MEMORY) as file:
        for block in response.iter_bytes():
            check.decode(block)
            file.write(block)
            if monotonic() - began > LONGEST:
                raise Passing(f"{what}: the answer was not complete after {LONGEST:.0f} s")
        check.decode(b"", final=True)
        if file.tell() <= IN_MEMORY:
            file.seek(0)
            return file.read()
        file.flush()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, Passing) and error.after is not None:
        return error.after + random.uniform(0, 0.5)  # noqa: S311 (not all clients at once)
    return PAUSES(state)


def _give_up(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    wait = f"; it asks to wait {error.after:.0f} s" if isinstance(error, Passing) and error.after else ""
    raise Retryable(f"{error}; asked {state.attempt_number} times{wait}. If this lasts, ask the vendor.") from error

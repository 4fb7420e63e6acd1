"""What is tried again, how long, and what is told: over real connections to a vendor that misbehaves."""

import gzip
import mmap
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import msgspec
import pytest
from tenacity import wait_none

from quayside.errors import Retryable, Terminal
from quayside.sources import http
from quayside.sources.http import Api, NotFound
from quayside.sources.swiftpos import Token
from tests.sources.scripted import Answer, Vendor, scripted

SECRET = "hush-hush"
LIST = msgspec.json.Decoder(list[msgspec.Raw])


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with scripted() as vendor:
        yield vendor


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made: none is waited for, and those of the client's own choice are none."""
    made: list[float] = []
    monkeypatch.setattr(http, "sleep", made.append)
    monkeypatch.setattr(http, "PAUSES", wait_none())
    return made


def ask(vendor: Vendor, path: str = "/things") -> list[str]:
    with Api("Vendor", vendor.url, httpx.BasicAuth("me", SECRET), [SECRET]) as api:
        return [bytes(record).decode() for record in api.get(path, {"from": "then"}, LIST)]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_asked_again(vendor: Vendor, pauses: list[float], status: int) -> None:
    vendor.answers = [Answer(status), Answer(status), Answer(body=[1])]

    assert ask(vendor) == ["1"]
    assert len(vendor.asked) == 3


@pytest.mark.parametrize(
    "answer",
    [Answer(body=[1, 2, 3], cut=4), Answer(body=b"[1, 2"), Answer(body=b"<html>"), Answer(body=b'["\xff"]'),
     Answer(body=gzip.compress(b"[1, 2, 3]")[:-12], headers={"Content-Encoding": "gzip"}),
     Answer(body=b"no gzip", headers={"Content-Encoding": "gzip"})],
    ids=["connection lost", "breaks off", "no JSON", "no UTF-8", "compressed and broken off", "not as compressed as said"],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_asked_for_again(vendor: Vendor, pauses: list[float], answer: Answer) -> None:
    vendor.answers = [answer, Answer(body=[1])]

    assert ask(vendor) == ["1"]


def test_a_body_that_never_ends_is_given_up(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LONGEST", -1)
    monkeypatch.setattr(http, "PATIENCE", 0)
    vendor.answers = [Answer(body=[1])]
    with pytest.raises(Retryable, match="not complete after"):
        ask(vendor)


def test_nobody_there_is_worth_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PATIENCE", 0)
    with scripted() as vendor:
        pass
    with pytest.raises(Retryable, match=r"Vendor: GET /things .*refused; asked 1 times"):
        ask(vendor)


@pytest.mark.parametrize("asked", ["7", "date"])
def test_no_try_is_made_before_retry_after_is_over(vendor: Vendor, pauses: list[float], asked: str) -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC)  # by the vendor's clock
    dated = {
        "Date": format_datetime(now, usegmt=True),
        "Retry-After": format_datetime(now + timedelta(seconds=7), usegmt=True),
    }
    headers = dated if asked == "date" else {"Retry-After": asked}
    vendor.answers = [Answer(429, headers=headers), Answer(body=[1])]

    assert ask(vendor) == ["1"]
    assert 7 <= pauses[0] <= 8


@pytest.mark.parametrize("asked", ["soon", "-3", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_retry_after_that_says_nothing_is_not_obeyed(vendor: Vendor, pauses: list[float], asked: str) -> None:
    vendor.answers = [Answer(503, headers={"Retry-After": asked}), Answer(body=[1])]

    assert ask(vendor) == ["1"]
    assert pauses[0] < 1


def test_a_long_wait_is_left_to_the_orchestrator(vendor: Vendor, pauses: list[float]) -> None:
    vendor.answers = [Answer(429, {"Message": "slow down"}, {"Retry-After": "3600"})]
    with pytest.raises(Retryable, match=r"slow down.*asked 1 times; it asks to wait 3600 s"):
        ask(vendor)
    assert pauses == []


def test_tries_end(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PATIENCE", 0.05)
    monkeypatch.setattr(http, "PAUSES", http.wait_random_exponential(multiplier=0.02, max=0.02))
    vendor.answers = [Answer(503)]
    with pytest.raises(Retryable, match=r"503 Service Unavailable.*asked \d+ times"):
        ask(vendor)
    assert len(vendor.asked) > 1


def test_pauses_differ_and_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    state = http.RetryCallState(None, None, (), {})  # type: ignore[arg-type]
    longest = []
    for number in (1, 4):
        state.attempt_number = number
        drawn = [http._pause(state) for _ in range(200)]
        assert len(set(drawn)) > 100
        longest.append(max(drawn))
    assert longest[0] < 0.6 < 3 < longest[1] < 9


@pytest.mark.parametrize(
    ("status", "kind", "next_step"),
    [(400, Terminal, "correct the request"), (401, Terminal, "credentials"), (403, Terminal, "credentials"),
     (404, NotFound, "correct the url"), (301, Terminal, "correct the request"), (422, Terminal, "correct the request")],
)  # fmt: skip
def test_a_refusal_is_final_and_told_in_the_vendors_words(
    vendor: Vendor, status: int, kind: type[Exception], next_step: str
) -> None:
    vendor.answers = [Answer(status, b"because\n  of this")]
    with pytest.raises(kind, match=rf"GET /things {{'from': 'then'}}: {status} .*because of this.*{next_step}"):
        ask(vendor)
    assert len(vendor.asked) == 1


@pytest.mark.parametrize(("body", "told"), [({"error": "x"}, "array"), ([1], "str")])
def test_another_shape_than_agreed_is_final(vendor: Vendor, body: object, told: str) -> None:
    vendor.answers = [Answer(body=body)]
    with Api("Vendor", vendor.url, httpx.Auth(), []) as api, pytest.raises(Terminal, match=f"another shape.*{told}"):
        api.get("/things", {}, msgspec.json.Decoder(list[str]))


@pytest.mark.parametrize("url", ["vendor.example", "http://vendor.example:none", "ftp://vendor.example"])
def test_an_address_that_is_none_is_final(url: str) -> None:
    with pytest.raises(Terminal, match="Correct the url"):
        ask(Vendor(url, []))


@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_no_secret_is_ever_told(
    vendor: Vendor, status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(http, "PATIENCE", 0)
    caplog.set_level("DEBUG")
    sent = httpx.BasicAuth("me", SECRET)._auth_header
    vendor.answers = [Answer(status, f"{SECRET} and {sent} are not good")]
    with pytest.raises((Retryable, Terminal), match=r"\*\*\* and \*\*\* are not good") as failure:
        ask(vendor)
    told = "".join(traceback.format_exception(failure.value)) + caplog.text
    assert SECRET not in told
    assert sent not in told.replace(f"(b'Authorization', b'{sent}')", "")  # httpcore's own debugging, never switched on
    assert all(SECRET not in path for path, _ in vendor.asked)


def test_a_large_body_is_not_held_in_memory(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "IN_MEMORY", 1000)
    vendor.answers = [Answer(body=["x" * 50] * 1000)]
    kept = []
    body = http._body
    monkeypatch.setattr(http, "_body", lambda *given: kept.append(body(*given)) or kept[-1])

    assert ask(vendor) == [f'"{"x" * 50}"'] * 1000
    assert isinstance(kept[0], mmap.mmap)


def test_connections_are_reused(vendor: Vendor) -> None:
    with Api("Vendor", vendor.url, httpx.Auth(), []) as api:
        for _ in range(5):
            api.get("/things", {}, LIST)
        assert len(vendor.connections) == 1
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(lambda _: api.get("/things", {}, LIST), range(60)))

    assert len(vendor.connections) < 10


class Expiring(Vendor):
    """A vendor whose tokens hold for some requests."""

    uses, issued, left = 1, 0, 0

    def next(self) -> Answer:
        path, headers = self.asked[-1]
        if path == "POST /api/Authorisation":
            self.issued, self.left = self.issued + 1, self.uses
            return Answer(body={"AuthorizationToken": f"token-{self.issued}"})
        self.left -= 1
        good = headers.get("authorizationtoken") == f"token-{self.issued}" and self.left >= 0
        return Answer(body=[1]) if good else Answer(401, f"{headers.get('authorizationtoken')} is no good")


def token_api(vendor: Vendor) -> Api:
    return Api(
        "Vendor", vendor.url, Token(f"{vendor.url}/api/Authorisation", {"Signature": SECRET, "Identity": "x"}), []
    )


def test_an_expired_token_is_renewed_in_the_middle(vendor: Vendor) -> None:
    vendor.__class__ = Expiring
    vendor.uses = 3  # type: ignore[attr-defined]
    with token_api(vendor) as api:
        for _ in range(7):
            api.get("/things", {}, LIST)

    assert vendor.issued == 3  # type: ignore[attr-defined]


def test_many_requests_that_meet_an_expired_token_renew_it_once(vendor: Vendor) -> None:
    vendor.__class__ = Expiring
    vendor.uses = 1000  # type: ignore[attr-defined]
    with token_api(vendor) as api:
        api.get("/things", {}, LIST)
        vendor.left = 0  # type: ignore[attr-defined]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: api.get("/things", {}, LIST), range(40)))

    assert vendor.issued == 2  # type: ignore[attr-defined]


def test_a_token_that_is_refused_when_new_is_final(vendor: Vendor) -> None:
    vendor.__class__ = Expiring
    vendor.uses = 0  # type: ignore[attr-defined]
    with token_api(vendor) as api, pytest.raises(Terminal, match=r"\*\*\* is no good.*credentials"):
        api.get("/things", {}, LIST)
    assert vendor.issued == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [(Answer(401, f"{SECRET} is wrong"), Terminal, r"authorisation: 401 .*\*\*\* is wrong.*credentials"),
     (Answer(500, "down"), Retryable, "authorisation: 500 .*down"),
     (Answer(body={"Token": 1}), Terminal, "AuthorizationToken")],
)  # fmt: skip
def test_a_refused_authorisation_is_told_as_such(
    vendor: Vendor, answer: Answer, kind: type[Exception], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "PATIENCE", 0)
    vendor.answers = [answer]
    with token_api(vendor) as api, pytest.raises(kind, match=told):
        api.get("/things", {}, LIST)

"""What the APIs say in HTTP's words: answers, problems (RFC 9457), versions (ETag) and cursors. Needs no Lambda runtime."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from typing import Any

from quayside.errors import Retryable, Terminal

JSON, PROBLEM = "application/json", "application/problem+json"
EXPOSED = "ETag, Location, Retry-After, X-Request-Id"
MOST, USUAL = 100, 25  # items of a page
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_TAG = re.compile(r'(?:W/)?"([A-Za-z0-9._-]{1,128})"')
_OURS = "An error of ours; try again, and name this id if it persists."


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one part of a request.

    :param pointer: JSON pointer into the body, e.g. ``#/email``, or a parameter, e.g. ``query/limit``
    """

    pointer: str
    detail: str


class BadRequest(Terminal):
    """The request is not as the API describes it.

    :param errors: what is wrong, part by part
    """

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("The request is not as described: see errors.")
        self.errors = errors


class UnsupportedMediaType(Terminal):
    """A body came that is no JSON, by its own word."""


class VersionRequired(Terminal):
    """A change came without saying which version it is meant for."""


class Outdated(Terminal):
    """A change was meant for a version that is no longer the newest; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is sent back.

    :param body: text; empty for 304
    """

    status: int
    body: str
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(document: object, *, status: int = HTTPStatus.OK, **headers: str) -> Answer:
    """Return a document as JSON.

    :param headers: with ``_`` for ``-``: ``retry_after="2"``
    """
    named = {name.replace("_", "-").title().replace("Etag", "ETag"): value for name, value in headers.items()}
    return Answer(status=status, body=_json(document), headers=named)


def cached(document: object, headers: Mapping[str, str], *, etag: str = "") -> Answer:
    """Return a document as JSON, or 304 where the caller has it already.

    :param headers: of the request
    :param etag: the document's version where it has one; else it is computed
    """
    text = _json(document)
    etag = etag or f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    given = _header(headers, "If-None-Match")
    if given.strip() == "*" or set(_TAG.findall(etag)) & set(_TAG.findall(given)):
        return Answer(status=HTTPStatus.NOT_MODIFIED, body="", headers={"ETag": etag})
    return Answer(status=HTTPStatus.OK, body=text, headers={"ETag": etag})


def problem(status: int, detail: str, request_id: str, errors: Iterable[FieldError] = ()) -> Answer:
    """Return a problem; its type is ``about:blank``, since the status says it all."""
    listed = [asdict(error) for error in errors]
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "instance": request_id,
        **({"errors": listed} if listed else {}),
    }
    return Answer(status=status, body=_json(document), content_type=PROBLEM)


def problem_of(error: Exception, request_id: str, known: Mapping[type[Terminal], int]) -> Answer:
    """Return the problem that an error is to the caller; what is none of theirs is told without its message.

    :param known: the statuses of an API's own errors
    """
    if isinstance(error, Retryable):
        late = problem(HTTPStatus.SERVICE_UNAVAILABLE, "Something we need does not answer; ask again.", request_id)
        return Answer(status=late.status, body=late.body, content_type=PROBLEM, headers={"Retry-After": "1"})
    mine: Mapping[type[Terminal], int] = {
        BadRequest: HTTPStatus.BAD_REQUEST,
        Outdated: HTTPStatus.PRECONDITION_FAILED,
        UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        VersionRequired: HTTPStatus.PRECONDITION_REQUIRED,
    }
    status = next((found for kind, found in {**known, **mine}.items() if isinstance(error, kind)), None)
    if status is None:
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, _OURS, request_id)
    return problem(status, str(error), request_id, error.errors if isinstance(error, BadRequest) else ())


def common_headers(request_id: str, web_origin: str) -> dict[str, str]:
    """Return the headers of every answer: its id, who may read it in a browser, and that no one else may keep it."""
    return {
        "X-Request-Id": request_id,
        "Access-Control-Allow-Origin": web_origin,
        "Access-Control-Expose-Headers": EXPOSED,
        "Cache-Control": "private, no-cache",
        "Vary": "Origin, Authorization",
        "X-Content-Type-Options": "nosniff",
    }


def request_id_of(headers: Mapping[str, str], own: str) -> str:
    """Return the request's id: the caller's, where it is one, else ``own``."""
    given = _header(headers, "X-Request-Id")
    return given if _REQUEST_ID.fullmatch(given) else own


def expect_json(headers: Mapping[str, str]) -> None:
    """Return where the body is JSON by its own word, or says nothing.

    :raises UnsupportedMediaType: it says something else
    """
    given = _header(headers, "Content-Type").partition(";")[0].strip().lower()
    if given not in ("", JSON):
        raise UnsupportedMediaType("Send the body as application/json.")


def expected_version(headers: Mapping[str, str]) -> str:
    """Return the version in ``If-Match``, without quotes.

    :raises VersionRequired: there is none
    :raises Outdated: it is none that any record has
    """
    given = _header(headers, "If-Match").strip()
    if not given:
        raise VersionRequired("Send the ETag of what you have read as If-Match.")
    found = _TAG.fullmatch(given)
    if found is None:
        raise Outdated("If-Match is no version of this: read it again and send its ETag.")
    return found[1]


def page_size(text: str | None) -> int:
    """Return how many items a page is to have.

    :raises BadRequest: it is no number from 1 to 100
    """
    if text is None:
        return USUAL
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= MOST:
        raise BadRequest(FieldError("query/limit", f"must be a number from 1 to {MOST}"))
    return int(text)


def to_cursor(*values: str) -> str:
    """Return where the next page begins, as a text that callers hand back and need not understand."""
    return base64.urlsafe_b64encode(_json(values).encode()).decode().rstrip("=")


def from_cursor(text: str, count: int) -> list[str]:
    """Return the values that `to_cursor` was given.

    :raises BadRequest: it is no cursor with so many values
    """
    try:
        values = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        values = None
    if (
        not isinstance(values, list)
        or len(values) != count
        or not all(isinstance(value, str) and value for value in values)
    ):
        raise BadRequest(FieldError("query/cursor", "is none that this API gave: begin without"))
    return values


def _header(headers: Mapping[str, str], name: str) -> str:
    """Return a header whatever its case; empty where there is none."""
    return next((value or "" for given, value in headers.items() if given.lower() == name.lower()), "")


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))

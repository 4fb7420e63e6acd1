"""The users API: parse, call, map errors. What may be done to users is in `quayside.serving.users`."""

import os
import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.metrics import MetricUnit

from quayside.errors import Terminal
from quayside.serving import http
from quayside.serving.access import ROLES, Access, Forbidden
from quayside.serving.users import forms
from quayside.serving.users.errors import AddressTaken, LastAdmin, NotNow, UnknownUser
from quayside.serving.users.record import By, State, User
from quayside.serving.users.settings import UserSettings
from quayside.serving.users.users import Users
from quayside.settings import aws

STATUSES: Mapping[type[Terminal], int] = {
    Forbidden: 403,
    UnknownUser: 404,
    AddressTaken: 409,
    LastAdmin: 409,
    NotNow: 409,
}
USER_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ACTION = re.compile(r"[a-z][a-z_.-]{0,62}")
STATES: tuple[State, ...] = get_args(State)

logger, metrics, tracer = Logger(), Metrics(), Tracer()
app = APIGatewayRestResolver()
aws("dynamodb")  # made while the function starts, and not by its first request
users = Users.of(UserSettings.from_environment())


@app.get("/me")
def get_me() -> Response[str]:
    """Return the caller's own profile."""
    by = _caller()
    return _shown(users.me(by.actor, by), User.profile)


@app.patch("/me")
def change_me() -> Response[str]:
    """Change the caller's own profile."""
    by, version = _caller(), http.expected_version(_headers())
    return _shown(users.change_profile(by.actor, version, forms.profile(_body()), by), User.profile)


@app.get("/users")
def list_users() -> Response[str]:
    """Return a page of users."""
    _administrator()
    _only("cursor", "limit", "search", "role", "state")
    page = users.store.users(
        size=http.page_size(_parameter("limit")),
        after=_after(),
        search=_checked("search", lambda text: 1 <= len(text) <= 100, "must be 1 to 100 characters"),
        role=_checked("role", ROLES.__contains__, f"must be one of {', '.join(ROLES)}"),
        state=_checked("state", STATES.__contains__, f"must be one of {', '.join(STATES)}"),
    )
    return _listed([user.document() for user in page.items], page.after)


@app.post("/users")
def invite_user() -> Response[str]:
    """Invite somebody."""
    by = _administrator()
    user = users.invite(forms.invitation(_body()), by)
    _tell("invite", user)
    location = f"/users/{user.user_id}"
    return _respond(http.answer(user.document(), status=201, etag=_etag(user), location=location))


@app.get("/users/<user_id>")
def get_user(user_id: str) -> Response[str]:
    """Return one user."""
    _administrator()
    return _shown(users.store.get(_known(user_id)))


@app.patch("/users/<user_id>")
def change_user(user_id: str) -> Response[str]:
    """Change role, venues or name."""
    by, version = _administrator(), http.expected_version(_headers())
    user = users.change(_known(user_id), version, forms.change(_body()), by)
    _tell("change", user)
    return _shown(user)


@app.delete("/users/<user_id>")
def delete_user(user_id: str) -> Response[str]:
    """Delete a user, who can be restored."""
    return _change(users.delete, user_id)


@app.post("/users/<user_id>/disable")
def disable_user(user_id: str) -> Response[str]:
    """Lock a user out."""
    return _change(users.disable, user_id)


@app.post("/users/<user_id>/enable")
def enable_user(user_id: str) -> Response[str]:
    """Let a disabled user in again."""
    return _change(users.enable, user_id)


@app.post("/users/<user_id>/restore")
def restore_user(user_id: str) -> Response[str]:
    """Bring a deleted user back."""
    return _change(users.restore, user_id)


@app.post("/users/<user_id>/resend-invitation")
def resend_invitation(user_id: str) -> Response[str]:
    """Send the invitation again."""
    return _change(users.resend_invitation, user_id)


@app.get("/users/<user_id>/audit")
def list_user_audit(user_id: str) -> Response[str]:
    """Return what was done to a user."""
    _administrator()
    _only("cursor", "limit")
    user = users.store.get(_known(user_id))
    page = users.store.audit(size=http.page_size(_parameter("limit")), after=_after(), user_id=user.user_id)
    return _listed(page.items, page.after)


@app.get("/audit")
def list_audit() -> Response[str]:
    """Return what was done to users."""
    _administrator()
    _only("cursor", "limit", "actor", "action")
    page = users.store.audit(
        size=http.page_size(_parameter("limit")),
        after=_after(),
        actor=_checked("actor", USER_ID.fullmatch, "must be a user's id"),
        action=_checked("action", ACTION.fullmatch, "must be an action, e.g. change_role"),
    )
    return _listed(page.items, page.after)


@app.exception_handler(Exception)  # type: ignore[untyped-decorator] # Powertools has no type for it
def failed(error: Exception) -> Response[str]:
    """Answer with the problem that an error is."""
    answer = http.problem_of(error, _request_id(), STATUSES)
    if answer.status >= 500:
        logger.error("Failed", exc_info=error)
    return _respond(answer)


@app.not_found
def not_found(_: NotFoundError) -> Response[str]:
    """Answer that there is no such path."""
    return _respond(http.problem(404, "There is no such path, or it knows no such method.", _request_id()))


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a request of API Gateway."""
    return app.resolve(event, context)


def _change(change: Callable[[str, str, By], User], user_id: str) -> Response[str]:
    by, version = _administrator(), http.expected_version(_headers())
    user = change(_known(user_id), version, by)
    _tell(change.__name__, user)
    return _shown(user)


def _caller() -> By:
    context = app.current_event["requestContext"].get("authorizer") or {}
    Access.from_context(context)
    logger.append_keys(request_id=_request_id(), user_id=context["user_id"])
    return By(context["user_id"], _request_id())


def _administrator() -> By:
    by = _caller()
    if app.current_event["requestContext"]["authorizer"]["role"] != "admin":
        raise Forbidden("Only an administrator may do this.")
    return by


def _known(user_id: str) -> str:
    if not USER_ID.fullmatch(user_id):
        raise UnknownUser("There is no such user.")
    return user_id


def _shown(user: User, document: Callable[[User], dict[str, Any]] = User.document) -> Response[str]:
    if app.current_event.http_method == "GET":
        return _respond(http.cached(document(user), _headers(), etag=_etag(user)))
    return _respond(http.answer(document(user), etag=_etag(user)))


def _listed(items: list[dict[str, Any]], after: str | None) -> Response[str]:
    document = {"items": items, "next_cursor": http.to_cursor(after) if after else None}
    return _respond(http.cached(document, _headers()))


def _etag(user: User) -> str:
    return f'"{user.version}"'


def _headers() -> Mapping[str, str]:
    return app.current_event.headers


def _body() -> str:
    http.expect_json(_headers())
    try:
        return app.current_event.decoded_body or ""
    except ValueError:
        raise http.BadRequest(http.FieldError("#", "is no text")) from None


def _only(*names: str) -> None:
    """Refuse what is no parameter: who asks for what does not exist would take the answer for something else."""
    given = app.current_event.multi_value_query_string_parameters or {}
    faults = [http.FieldError(f"query/{name}", "is no parameter of this") for name in given if name not in names]
    faults += [http.FieldError(f"query/{name}", "must be given once") for name in names if len(given.get(name, ())) > 1]
    if faults:
        raise http.BadRequest(*faults)


def _parameter(name: str) -> str | None:
    return (app.current_event.query_string_parameters or {}).get(name)


def _checked(name: str, right: Callable[[str], object], otherwise: str) -> str:
    text = _parameter(name)
    if text is not None and not right(text):
        raise http.BadRequest(http.FieldError(f"query/{name}", otherwise))
    return text or ""


def _after() -> str | None:
    text = _parameter("cursor")
    return None if text is None else http.from_cursor(text, 1)[0]


def _tell(action: str, user: User) -> None:
    logger.info("Changed a user", action=action, subject=user.user_id, version=user.version)
    metrics.add_metric("UsersChanged", MetricUnit.Count, 1)


def _request_id() -> str:
    return http.request_id_of(_headers(), app.current_event["requestContext"]["requestId"])


def _respond(answer: http.Answer) -> Response[str]:
    metrics.add_metric(f"Answers{answer.status // 100}xx", MetricUnit.Count, 1)
    headers = {**http.common_headers(_request_id(), os.environ["QUAYSIDE_WEB_ORIGIN"]), **answer.headers}
    return Response(status_code=answer.status, content_type=answer.content_type, body=answer.body, headers=headers)

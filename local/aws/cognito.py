"""Cognito's refusals that ministack forgets.

Nobody signs up where only administrators make users; a first password is set only by somebody who has shown the temporary
one, and obeys the pool's policy.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from local.aws.seam import Answer, check

USES = {
    "cognito": (
        "_sign_up(data)",
        "_respond_to_auth_challenge(data)",
        "_admin_respond_to_auth_challenge(data)",
        "_password_auth_result(pool, pid, cid, user, username, client_metadata, data)",
        "_pool_for_client(cid)",
        "_resolve_user(pool, username)",
        "_validate_password(pool, password)",
    ),
    "ministack.core.responses": ("error_response_json",),
}
LIFETIME = 180.0  # seconds that a challenge can be answered in, as app clients have it by default


def install() -> None:
    """Let Cognito refuse what it refuses on AWS.

    :raises SeamMoved: ministack is not as expected
    """
    modules = check(USES)
    service, error = modules["cognito"], modules["ministack.core.responses"].error_response_json
    sign_up, prove = service._sign_up, service._password_auth_result
    challenges: dict[str, tuple[str, float]] = {}  # a session → whose challenge it is, and until when

    def sign_up_if_allowed(data: dict[str, Any]) -> Answer:
        pool, _ = service._pool_for_client(data.get("ClientId"))
        if pool and pool["AdminCreateUserConfig"].get("AllowAdminCreateUserOnly"):
            return error("NotAuthorizedException", "SignUp is not permitted for this user pool", 400)  # type: ignore[no-any-return]
        return sign_up(data)  # type: ignore[no-any-return]

    def remember(pool: dict[str, Any], pid: str, cid: str, user: dict[str, Any], *others: Any, **more: Any) -> Answer:
        answer: Answer = prove(pool, pid, cid, user, *others, **more)
        told = json.loads(answer[2])
        if told.get("ChallengeName") == "NEW_PASSWORD_REQUIRED":
            challenges[told["Session"]] = (f"{pid}/{cid}/{user['Username']}", time.monotonic() + LIFETIME)
        return answer

    def refusal(data: dict[str, Any]) -> Answer | None:
        pool, pid = service._pool_for_client(data.get("ClientId"))
        given = data.get("ChallengeResponses") or {}
        if not pool or data.get("ChallengeName") != "NEW_PASSWORD_REQUIRED":
            return None
        user, _ = service._resolve_user(pool, given.get("USERNAME"))
        whose, until = challenges.get(data.get("Session") or "", ("", 0.0))
        if not user or whose != f"{pid}/{data['ClientId']}/{user['Username']}" or time.monotonic() > until:
            return error("NotAuthorizedException", "Invalid session for the user.", 400)  # type: ignore[no-any-return]
        weak: Answer | None = service._validate_password(pool, given.get("NEW_PASSWORD") or "")
        if weak is None:
            del challenges[data["Session"]]
        return weak

    def unless_refused(stock: Callable[[dict[str, Any]], Answer]) -> Callable[[dict[str, Any]], Answer]:
        return lambda data: refusal(data) or stock(data)

    for name in ("_respond_to_auth_challenge", "_admin_respond_to_auth_challenge"):
        setattr(service, name, unless_refused(getattr(service, name)))
    setattr(service, "_sign_up", sign_up_if_allowed)  # noqa: B010 - see seam.py
    setattr(service, "_password_auth_result", remember)  # noqa: B010

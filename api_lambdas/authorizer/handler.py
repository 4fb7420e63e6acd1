"""The authorizer: whose token is it, and what does that user's record allow, now? Asked on every request; keys are kept, decisions are not."""

import os
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

from quayside.serving.access import Forbidden
from quayside.serving.users.settings import UserSettings
from quayside.serving.users.store import Store
from quayside.serving.users.tokens import InvalidToken, Keys, Verifier, bearer
from quayside.settings import aws

logger, metrics, tracer = Logger(), Metrics(), Tracer()
aws("dynamodb")  # made while the function starts, and not by its first request
store = Store.of(UserSettings.from_environment())
verifier = Verifier(
    issuer=os.environ["QUAYSIDE_ISSUER"],
    client_id=os.environ["QUAYSIDE_USER_POOL_CLIENT_ID"],
    keys=Keys(os.environ["QUAYSIDE_JWKS_URL"]),
)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: Mapping[str, Any], _: object) -> dict[str, Any]:
    """Let a request through with what its caller may see, or not.

    :raises Exception: ``Unauthorized``, which API Gateway answers with 401; anything else is an error of ours
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    try:
        user_id = verifier.user_id(bearer(headers.get("authorization") or ""))
    except InvalidToken as error:
        logger.info("Refused a token", reason=str(error))
        metrics.add_metric("TokensRefused", MetricUnit.Count, 1)
        raise Exception("Unauthorized") from None  # API Gateway knows this one text
    user = store.find(user_id)
    if user is None or not user.may_enter:
        return _refused(event, user_id, "no user, or none that may enter")
    try:
        access = user.access
    except Forbidden as error:
        return _refused(event, user_id, str(error))
    metrics.add_metric("UsersAllowed", MetricUnit.Count, 1)
    return _policy(event, user_id, "Allow") | {"context": {"user_id": user_id, **access.to_context()}}


def _refused(event: Mapping[str, Any], user_id: str, reason: str) -> dict[str, Any]:
    logger.info("Refused a user", user_id=user_id, reason=reason)
    metrics.add_metric("UsersRefused", MetricUnit.Count, 1)
    return _policy(event, user_id, "Deny")


def _policy(event: Mapping[str, Any], user_id: str, effect: str) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {"principalId": user_id, "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}

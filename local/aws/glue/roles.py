"""Acting as a role, as Glue does for jobs and crawlers."""


def credentials(role: str, session: str) -> dict[str, str]:
    """Return credentials of a role's session, under the names that they have in an environment.

    :param role: its name or ARN
    """
    from ministack.core.responses import get_account_id
    from ministack.services import iam, sts

    account, name = get_account_id(), role.rpartition("/")[2]
    key, secret, token = iam._gen_session_access_key(), iam._gen_secret(), iam._gen_session_token()
    entry = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        "UserId": f"{name}:{session}",
        "AccountId": account,
        "PrincipalType": "AssumedRole",
        "SecretAccessKey": secret,
        "SessionToken": token,
    }
    sts.register_session(key, entry)
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}

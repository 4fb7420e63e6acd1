"""The DAG that lets Cognito follow the records of users: what it repairs, what it tells, and that it needs its names."""

import boto3

from quayside.serving.users.users import Users
from tests.support.people import invite, new_place


def test_the_dag_repairs_what_has_drifted_and_lists_it(dags, monkeypatch):
    place = new_place()
    monkeypatch.setenv("QUAYSIDE_USERS_TABLE", place.users_table)
    monkeypatch.setenv("QUAYSIDE_USER_POOL_ID", place.user_pool_id)
    users = Users.of(place)
    user = invite(users)
    boto3.client("cognito-idp").admin_disable_user(UserPoolId=place.user_pool_id, Username=user.user_id)

    assert dags.run("quayside_users") == {"reconcile": "success", "quayside_users": "success"}
    assert dags.xcoms("reconcile")["return_value"] == [{"subject": user.user_id, "action": "enable_account"}]
    assert users.directory.find(user.user_id).enabled
    entry = users.store.audit(size=1, after=None, user_id=user.user_id).items[0]
    assert (entry["actor"], entry["action"]) == ("reconciler", "enable_account")
    assert entry["request_id"].startswith("quayside_users/")

    dags.run("quayside_users")
    assert dags.xcoms("reconcile")["return_value"] == []


def test_a_failure_is_told_on_the_alerts_topic(dags, inbox, monkeypatch):
    monkeypatch.setenv("QUAYSIDE_USERS_TABLE", "no-such-table")
    monkeypatch.setenv("QUAYSIDE_USER_POOL_ID", "eu-west-2_nosuchpool")

    assert dags.run("quayside_users")["reconcile"] == "failed"
    [(subject, _)] = inbox.read()
    assert subject == "[failed] quayside_users.reconcile failed"

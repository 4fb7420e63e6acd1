"""People who are made for one test of the API, through the API."""

import secrets

import boto3

from tests.support.api import Api, Person
from tests.support.srp import sign_in

PASSWORD = "Correct-horse-42"


def newcomer(api: Api, role: str = "viewer", venues: list[int] | None = None) -> tuple[Person, str]:
    """Invite somebody, who sets a password and signs in; return them and their access token."""
    email = f"{role}-{secrets.token_hex(4)}@quayside.example"
    if role in ("manager", "viewer"):
        venues = venues or [1]
    wish = {"email": email, "display_name": "New Comer", "role": role, "venues": venues}
    made = api.call("POST", "/users", role="admin", json=wish)
    assert made.status_code == 201, made.text
    person = Person(email, PASSWORD, role, made.json()["id"])
    boto3.client("cognito-idp").admin_set_user_password(
        UserPoolId=api.outputs["user_pool_id"], Username=person.user_id, Password=PASSWORD, Permanent=True
    )
    return person, tokens(api, person)["AccessToken"]


def tokens(api: Api, person: Person, password: str = "", new: str = "") -> dict[str, str]:
    """Sign somebody in."""
    pool, client = api.outputs["user_pool_id"], api.outputs["user_pool_client_id"]
    return sign_in(pool, client, person.email, password or person.password, new)


def change(api: Api, person: Person, what: str = "", **values: object) -> None:
    """Let the administrator do something to somebody: ``disable``, ``delete``, …, or change some values."""
    etag = api.call("GET", f"/users/{person.user_id}", role="admin").headers["ETag"]
    method, path = {"": ("PATCH", ""), "delete": ("DELETE", "")}.get(what, ("POST", f"/{what}"))
    body = {"json": values} if values else {}
    answer = api.call(method, f"/users/{person.user_id}{path}", role="admin", headers={"If-Match": etag}, **body)
    assert answer.status_code == 200, answer.text

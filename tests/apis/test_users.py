"""The users API over HTTP: versions, pages, problems, and that nothing that is sent does anything but what it should."""

import secrets

import pytest

from tests.support.api import Api
from tests.support.newcomers import newcomer, tokens
from tests.support.platform import WEB_ORIGIN

NOBODY = "00000000-0000-4000-8000-000000000000"


def invited(api: Api, **changes: object) -> dict[str, object]:
    wish = {
        "email": f"{secrets.token_hex(6)}@quayside.example",
        "display_name": "Ana Souza",
        "role": "viewer",
        "venues": [1],
        **changes,
    }
    answer = api.call("POST", "/users", role="admin", json=wish)
    assert answer.status_code == 201, answer.text
    assert answer.headers["ETag"] == '"1"'
    return answer.json()


def problem(answer, status: int) -> dict[str, object]:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text
    document = answer.json()
    assert document["status"] == status
    assert document["instance"] == answer.headers["X-Request-Id"]
    return document


def test_a_profile_is_ones_own_to_change(api):
    _, token = newcomer(api, "viewer")
    me = api.call("GET", "/me", token=token)
    change = {"display_name": "Ana S.", "locale": "de", "theme": "dark"}
    after = api.call("PATCH", "/me", token=token, headers={"If-Match": me.headers["ETag"]}, json=change)

    assert after.status_code == 200, after.text
    assert after.json() == {**me.json(), **change}
    again = api.call("GET", "/me", token=token)
    assert (again.json(), again.headers["ETag"]) == (after.json(), after.headers["ETag"])
    assert again.headers["ETag"] != me.headers["ETag"]


def test_what_the_caller_has_already_is_not_sent_again(api):
    for path in ("/me", "/users", "/audit", f"/users/{api.people['viewer'].user_id}"):
        first = api.call("GET", path, role="admin")
        second = api.call("GET", path, role="admin", headers={"If-None-Match": f'"x", W/{first.headers["ETag"]}'})
        assert (second.status_code, second.text, second.headers["ETag"]) == (304, "", first.headers["ETag"])


def test_a_change_needs_the_newest_version(api):
    path = f"/users/{invited(api)['id']}"
    calls = [
        ("PATCH", path, {"display_name": "B"}),
        ("DELETE", path, None),
        *[("POST", f"{path}/{way}", None) for way in ("disable", "enable", "restore", "resend-invitation")],
    ]
    for method, where, body in calls:
        options = {"json": body} if body else {}
        problem(api.call(method, where, role="admin", **options), 428)
        for version in ('"2"', '"01"', "1", "*", '"1" or 1=1', '"x"'):
            problem(api.call(method, where, role="admin", headers={"If-Match": version}, **options), 412)
    assert api.call("GET", path, role="admin").json()["version"] == 1


def test_a_user_goes_through_all_states(api):
    user = invited(api, role="manager")
    path, states = f"/users/{user['id']}", []
    steps = [("POST", "/disable"), ("POST", "/enable"), ("DELETE", ""), ("POST", "/restore")]
    for number, (method, way) in enumerate(steps, start=1):
        answer = api.call(method, f"{path}{way}", role="admin", headers={"If-Match": f'"{number}"'})
        assert (answer.status_code, answer.headers["ETag"]) == (200, f'"{number + 1}"'), answer.text
        states.append(answer.json()["state"])
    assert states == ["disabled", "invited", "deleted", "invited"]

    audit = api.call("GET", f"{path}/audit", role="admin").json()["items"]
    assert [entry["action"] for entry in audit] == ["restore", "delete", "enable", "disable", "invite"]
    assert {entry["actor"] for entry in audit} == {api.people["admin"].user_id}
    assert audit[1]["before"] == {"state": "invited"}
    assert audit[1]["after"] == {"state": "deleted"}


def test_the_audit_names_the_request_that_the_caller_named(api):
    user = invited(api)
    path, sent = f"/users/{user['id']}", {"If-Match": '"1"', "X-Request-Id": "ticket-4711"}
    answer = api.call("POST", f"{path}/disable", role="admin", headers=sent)

    assert answer.headers["X-Request-Id"] == "ticket-4711"
    assert api.call("GET", f"{path}/audit", role="admin").json()["items"][0]["request_id"] == "ticket-4711"


def test_users_are_found_page_by_page(api):
    mark = secrets.token_hex(5)
    for letter in "cab":
        invited(api, email=f"{letter}-{mark}@quayside.example")
    found, cursor = [], None
    while True:
        params = {"search": mark.upper(), "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = api.call("GET", "/users", role="admin", params=params).json()
        assert len(page["items"]) <= 2
        found += [user["email"][0] for user in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == ["a", "b", "c"]


def test_the_last_administrator_stays(api):
    """All other administrators that tests have made are demoted first; whoever they were."""
    params, me = {"role": "admin", "limit": 100}, api.people["admin"].user_id
    for user in api.call("GET", "/users", role="admin", params=params).json()["items"]:
        if user["id"] != me:
            version = {"If-Match": f'"{user["version"]}"'}
            assert api.call("POST", f"/users/{user['id']}/disable", role="admin", headers=version).status_code == 200
    etag = {"If-Match": api.call("GET", f"/users/{me}", role="admin").headers["ETag"]}

    for method, way, body in (("POST", "/disable", None), ("DELETE", "", None), ("PATCH", "", {"role": "analyst"})):
        options = {"json": body} if body else {}
        answer = api.call(method, f"/users/{me}{way}", role="admin", headers=etag, **options)
        assert "administer" in problem(answer, 409)["detail"]
    assert api.call("GET", "/users", role="admin").status_code == 200


def test_each_fault_of_a_body_is_named(api):
    answer = api.call("POST", "/users", role="admin", json={"email": "x", "role": "root", "sub": "1"})
    assert {error["pointer"] for error in problem(answer, 400)["errors"]} == {
        "#/email",
        "#/display_name",
        "#/role",
        "#/sub",
    }


def test_an_address_that_is_taken_is_a_conflict(api):
    user = invited(api)
    wish = {"email": str(user["email"]).upper(), "display_name": "B", "role": "analyst"}
    assert "restore" in problem(api.call("POST", "/users", role="admin", json=wish), 409)["detail"]


def test_a_body_that_is_no_json_by_its_own_word_is_refused(api):
    sent = {"Content-Type": "text/plain", "If-Match": '"1"'}
    problem(api.call("PATCH", "/me", role="admin", headers=sent, content='{"theme": "dark"}'), 415)


def test_who_is_not_there_is_not_found(api):
    for path in (f"/users/{NOBODY}", f"/users/{NOBODY}/audit", "/users/x", "/users/..", "/users/%00", "/users/'"):
        assert api.call("GET", path, role="admin").status_code in (403, 404), path  # 403: a path that API Gateway lacks
    problem(api.call("GET", f"/users/{NOBODY}", role="admin"), 404)
    problem(api.call("DELETE", f"/users/{NOBODY}", role="admin", headers={"If-Match": '"1"'}), 404)


ATTACKS = [
    "' OR '1'='1",
    '"; DROP TABLE users; --',
    "1) UNION SELECT * FROM users --",
    '{"$ne": null}',
    "{'S': 'admin'}",
    "attribute_exists(pk)",
    ":state OR #role = :role",
    "admin#profile",
    "user#1\x00",
    "../../../etc/passwd",
    "..%2f..%2f",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "${jndi:ldap://127.0.0.1/a}",
    "$(id)",
    "%0d%0aSet-Cookie: a=b",
    "\u202eadmin",
    "ａｄｍｉｎ",
    "A" * 5000,
    "-1",
    "0",
    "101",
    "1e9",
    "NaN",
    "٣",
    "null",
    "[]",
    "eyJhIjoxfQ",
    "WyJhIl0",
    "WyIiXQ",
    "W251bGxd",
]


def sound(answer) -> None:
    """Nothing is broken, nothing is told that should not be, and no header is made of what was sent."""
    assert answer.status_code < 500, answer.text
    assert "Set-Cookie" not in answer.headers
    assert "Traceback" not in answer.text
    assert "dynamodb" not in answer.text.lower()


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_an_attack_by_a_parameter_finds_nothing(api, attack):
    for path, name in (
        *(("/users", name) for name in ("search", "role", "state", "limit", "cursor")),
        *(("/audit", name) for name in ("actor", "action")),
    ):
        nothing = {"search": "nobody is called so"} if name != "search" else {}
        answer = api.call("GET", path, role="admin", params={**nothing, name: attack})
        sound(answer)
        if answer.status_code == 200 and len(attack) > 4:  # shorter ones are part of many a random address
            assert answer.json()["items"] == [], name


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_an_attack_by_a_field_or_a_header_changes_nothing(api, attack):
    path = f"/users/{api.people['viewer'].user_id}"
    before = api.call("GET", path, role="admin")
    version = {"If-Match": before.headers["ETag"]}
    for body in ({"role": attack}, {"venues": [attack]}, {"role": {"S": attack}}, {attack: attack}):
        answer = api.call("PATCH", path, role="admin", headers=version, json=body)
        sound(answer)
        assert answer.status_code == 400, body
    address = {"email": f"{attack}@quayside.example", "display_name": "X", "role": "viewer", "venues": [1]}
    # Some are addresses, though strange ones.
    assert api.call("POST", "/users", role="admin", json=address).status_code in (201, 400, 409)
    if attack.isascii() and attack.isprintable() and len(attack) < 200:
        headers = {"X-Request-Id": attack, "If-None-Match": attack, "Content-Type": attack, "If-Match": attack}
        sound(api.call("GET", path, role="admin", headers=headers))
        assert api.call("POST", f"{path}/disable", role="admin", headers=headers).status_code == 412
    assert api.call("GET", path, role="admin").json() == before.json()


def test_a_name_is_kept_as_it_is_written(api):
    name = 'Ana "O\'Neil" & Söhne — 李 {####} ${x} %s'
    user = invited(api, display_name=name)
    assert api.call("GET", f"/users/{user['id']}", role="admin").json()["display_name"] == name


def test_every_answer_may_be_read_by_the_web_app_alone(api):
    for answer in (
        api.call("GET", "/me", role="viewer", headers={"Origin": "https://evil.example"}),
        api.call("GET", "/users", role="viewer"),
        api.call("GET", "/me"),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == WEB_ORIGIN


def test_a_second_sign_in_is_another_token_of_the_same_user(api):
    person, token = newcomer(api)
    again = tokens(api, person)["AccessToken"]
    assert again != token
    assert api.call("GET", "/me", token=again).json() == api.call("GET", "/me", token=token).json()

"""The vendors' protocols: who may ask, for how long a time, what a window shows, and what goes wrong on demand."""

import http.client
import json
from base64 import b64encode
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode, urlsplit

import pytest

from local.sources.hospitality import Clock, Vendors, World

BEGINS = date(2026, 4, 1)
NOW = datetime(2026, 5, 1, 3, 30, tzinfo=UTC)
DAY = timedelta(days=1)
WORLD = World(seed=7, begins=BEGINS, trade=0.2)


@pytest.fixture
def vendors():
    with Vendors(WORLD, Clock(NOW), token_uses=5) as running:
        yield running


def iso(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class Client:
    """One connection that is kept open; answers are (status, headers, JSON)."""

    def __init__(self, vendors):
        self.connection = http.client.HTTPConnection(urlsplit(vendors.url).netloc, timeout=20)
        self.vendors, self.token = vendors, None

    def close(self):
        self.connection.close()

    def ask(self, path, method="GET", body=None, headers=None, **query):
        target = f"{path}?{urlencode(query)}" if query else path
        self.connection.request(method, target, None if body is None else json.dumps(body), headers or {})
        answer = self.connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read())

    def authorise(self, **other):
        secret = self.vendors.secret("swiftpos") | other
        names = {"ClerkId": "clerk_id", "ClientId": "client_id", "CustomerId": "customer_id",
                 "Signature": "signature", "Identity": "identity"}  # fmt: skip
        body = {theirs: secret[ours] for theirs, ours in names.items()}
        status, _, answer = self.ask("/swiftpos/api/Authorisation", "POST", body)
        self.token = answer.get("AuthorizationToken")
        return status

    def swiftpos(self, path, **query):
        return self.ask(f"/swiftpos/api{path}", headers={"AuthorizationToken": self.token or ""}, **query)

    def sales(self, since, until):
        self.authorise()
        status, _, venues = self.swiftpos("/Sale", **{"from": iso(since), "to": iso(until)})
        assert status == 200, venues
        return venues

    def humanforce(self, path, login=None, **query):
        secret = self.vendors.secret("humanforce")
        login = login or f"{secret['key']}:{secret['secret']}"
        headers = {"Authorization": f"Basic {b64encode(login.encode()).decode()}"}
        return self.ask(f"/humanforce/api/1.0{path}", headers=headers, **query)


@pytest.fixture
def client(vendors):
    with closing(Client(vendors)) as client:
        yield client


def test_a_wrong_signature_gets_no_token(client):
    assert client.authorise(signature="wrong") == 401
    assert client.token is None
    assert client.ask("/swiftpos/api/Authorisation", "POST", {"ClerkId": "1"})[0] == 400
    assert client.authorise() == 200


def test_without_a_valid_token_nothing_is_told(client):
    assert client.ask("/swiftpos/api/Product")[0] == 401
    client.token = "made-up"
    assert client.swiftpos("/Product")[0] == 401


def test_a_token_expires_after_some_minutes_and_after_some_uses(client, vendors):
    client.authorise()
    assert client.swiftpos("/Product")[0] == 200
    vendors.clock.advance(timedelta(minutes=11))
    assert client.swiftpos("/Product")[0] == 401

    client.authorise()
    assert [client.swiftpos("/Product")[0] for _ in range(6)] == [200] * 5 + [401]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "from is missing"),
        ({"from": "yesterday", "to": iso(NOW)}, "not ISO 8601"),
        ({"from": "2026-05-01T00:00:00.000", "to": iso(NOW)}, "not ISO 8601"),
        ({"from": iso(NOW), "to": iso(NOW - DAY)}, "before it begins"),
        ({"from": iso(NOW - DAY - timedelta(milliseconds=1)), "to": iso(NOW)}, "longer than 24 hours"),
    ],
)
def test_a_bad_window_of_sales_is_refused_with_the_reason(client, query, words):
    client.authorise()
    status, _, answer = client.swiftpos("/Sale", **query)

    assert status == 400
    assert words in answer["Message"]


def test_a_window_of_the_past_never_changes_and_the_future_is_not_told(client, vendors):
    since, until = NOW - 3 * DAY, NOW - 2 * DAY
    now = client.sales(since, until)
    assert sum(len(venue["Sales"]) for venue in now) > 20
    last = client.sales(NOW - DAY / 2, NOW + DAY / 2)
    assert last == client.sales(NOW - DAY / 2, NOW)

    vendors.clock.set(NOW + 20 * DAY)
    assert client.sales(since, until) == now
    assert client.sales(NOW - DAY / 2, NOW + DAY / 2) != last


def test_sales_are_told_venue_by_venue_in_the_vendors_shape(client):
    venues = client.sales(NOW - DAY, NOW)
    sale = next(sale for sale in venues[0]["Sales"] if "Table" in sale and sale.get("Customer", {}).get("Id", 0))

    assert [(venue["Id"], venue["Name"]) for venue in venues] == [(1, "Bella Vista Hotel"), (2, "Harbour Light Hotel")]
    assert set(sale) >= {
        "Id",
        "ReceiptId",
        "TransactionDate",
        "TransactionType",
        "Location",
        "Terminal",
        "Clerk",
        "Customer",
        "Table",
        "Items",
        "Media",
    }
    assert set(sale["Customer"]) == {"Id", "Name", "Classification", "Balance"}
    assert set(sale["Table"]) == {"Id", "AdultCovers", "ChildCovers"}
    assert set(sale["Items"][0]) >= {
        "InventoryCode",
        "Plu",
        "Name",
        "Category",
        "Group",
        "MasterGroup",
        "PriceLevel",
        "Quantity",
        "TotalEx",
        "TotalInc",
        "NormalPrice",
        "ItemCost",
        "Tax",
        "IsDiscount",
        "IsRefund",
        "IsVoid",
        "IsSurcharge",
        "IsPromotion",
    }
    assert set(sale["Media"][0]) >= {"Id", "Name", "Amount", "RoundedAmount"}


def test_what_the_windows_of_sales_tell_is_the_truth(client):
    told, at = {}, WORLD.opens
    while at < NOW:
        for venue in client.sales(at, min(at + DAY, NOW)):
            told |= {(venue["Id"], sale["Id"]): sale for sale in venue["Sales"]}
        at += DAY

    truth = {(sale["Venue"]["Id"], sale["Id"]): sale for sale in WORLD.sales(NOW)}
    assert set(told) == set(truth)
    for key, sale in told.items():
        assert sum(round(item["TotalInc"] * 100) for item in sale["Items"]) == sum(
            item["TotalInc"] * 100 for item in truth[key]["Items"]
        )
        assert sale["Clerk"] == truth[key]["Clerk"]


def test_a_members_transactions_are_told_for_at_most_a_month(client):
    client.authorise()
    member = next(WORLD.member_transactions(NOW))["Member"]["Id"]
    window = {"from": iso(NOW - 31 * DAY), "to": iso(NOW)}
    status, _, told = client.swiftpos(f"/Member/{member}/Transaction", **window)
    truth = {t["Id"] for t in WORLD.member_transactions(NOW) if t["Member"]["Id"] == member}

    assert status == 200
    assert {transaction["Id"] for transaction in told} == truth
    assert client.swiftpos("/Member/1/Transaction", **window)[0] == 404
    assert client.swiftpos(f"/Member/{member}/Transaction", **window | {"from": iso(NOW - 32 * DAY)})[0] == 400


def test_products_are_narrowed_by_category_and_group_and_cheaper_for_members(client):
    client.authorise()
    whole = client.swiftpos("/Product")[2]
    member = WORLD.members[0].id
    cheaper = client.swiftpos("/Product", memberId=member)[2]

    assert {p["Category"]["Id"] for p in client.swiftpos("/Product", categoryId=2)[2]} == {2}
    assert {p["Group"]["Name"] for p in client.swiftpos("/Product", groupId=1)[2]} == {"Beer"}
    assert sum(p["Price"] for p in cheaper) < sum(p["Price"] for p in whole)
    assert len(whole) == len(WORLD.menu)
    client.authorise()
    assert client.swiftpos("/Product", groupId="beer")[0] == 400
    assert client.swiftpos("/Product", memberId=1)[0] == 404


def test_humanforce_wants_key_and_secret(client):
    assert client.ask("/humanforce/api/1.0/timesheets")[0] == 401
    assert client.humanforce("/timesheets", login="quayside:wrong", dateMin=BEGINS, dateMax=BEGINS)[0] == 401
    assert client.humanforce("/timesheets", dateMin=BEGINS, dateMax=BEGINS)[0] == 200


def test_humanforce_refuses_bad_and_long_windows(client):
    for query in ({}, {"dateMin": "x", "dateMax": BEGINS}, {"dateMin": BEGINS, "dateMax": BEGINS + 32 * DAY},
                  {"dateMin": BEGINS, "dateMax": BEGINS - DAY}):  # fmt: skip
        status, _, answer = client.humanforce("/timesheets", **query)
        assert status == 400
        assert answer["Message"]


def test_humanforce_shows_each_record_once_as_it_stands_and_later_as_it_was_edited(client, vendors):
    query = {"dateMin": BEGINS + 20 * DAY, "dateMax": BEGINS + 28 * DAY, "usePayDate": "true"}
    early = {sheet["GuidKey"]: sheet for sheet in client.humanforce("/timesheets", **query)[2]}
    vendors.clock.set(NOW + 20 * DAY)
    late = {sheet["GuidKey"]: sheet for sheet in client.humanforce("/timesheets", **query)[2]}
    edited = [key for key in early.keys() & late.keys() if early[key] != late[key]]

    assert len(early) > 100
    assert len(edited) > 30
    assert all(late[key]["LastEdit"] > early[key]["LastEdit"] for key in edited)
    assert {sheet["DateStart"][:10] for sheet in late.values()} == {str(BEGINS + n * DAY) for n in range(20, 29)}


def test_what_humanforce_shows_is_the_truth(client):
    shown = client.humanforce("/rosterItems", dateMin=BEGINS, dateMax=BEGINS + 31 * DAY)[2]
    truth = [item for item in WORLD.roster_items(NOW) if item["StartTime"][:10] <= str(BEGINS + 31 * DAY)]

    assert len(shown) == len(truth)
    assert {(i["GuidKey"], i["LastEdit"], i["Deleted"], i.get("Employee", {}).get("EmployeeCode")) for i in shown} == {
        (i["GuidKey"], i["LastEdit"], i["Deleted"], i.get("Employee", {}).get("EmployeeCode")) for i in truth
    }


def test_answers_go_wrong_as_often_as_asked_and_then_no_more(client, vendors):
    vendors.fail("humanforce", status=500, times=2)
    vendors.fail("humanforce", status=429, retry_after=7)
    answers = [client.humanforce("/timesheets", dateMin=BEGINS, dateMax=BEGINS) for _ in range(4)]

    assert [status for status, _, _ in answers] == [500, 500, 429, 200]
    assert answers[2][1]["Retry-After"] == "7"
    assert client.authorise() == 200  # the other vendor is well


def test_an_outage_lasts_until_it_is_over(client, vendors):
    vendors.outage("swiftpos", True)
    assert [client.authorise() for _ in range(3)] == [503] * 3
    vendors.outage("swiftpos", False)
    assert client.authorise() == 200


def test_a_body_breaks_off(client, vendors):
    vendors.truncate("humanforce")
    with pytest.raises(http.client.IncompleteRead):
        client.humanforce("/timesheets", dateMin=BEGINS, dateMax=BEGINS)
    client.connection.close()

    assert client.humanforce("/timesheets", dateMin=BEGINS, dateMax=BEGINS)[0] == 200


def test_an_answer_waits(client, vendors):
    vendors.slow("humanforce", seconds=30)
    client.connection.timeout = 0.2
    with pytest.raises(TimeoutError):
        client.humanforce("/timesheets", dateMin=BEGINS, dateMax=BEGINS)


def test_who_asks_too_fast_is_told_when_to_come_back():
    with Vendors(WORLD, Clock(NOW), rate=3) as vendors, closing(Client(vendors)) as client:
        answers = [client.ask("/swiftpos/api/Product") for _ in range(9)]

    assert {status for status, _, _ in answers} == {401, 429}
    assert all(headers["Retry-After"] == "1" for status, headers, _ in answers if status == 429)


def test_a_person_can_do_all_this_with_curl(client):
    def control(what, **wish):
        return client.ask(f"/control/{what}", "POST", wish)

    assert control("outage", vendor="swiftpos", on=True)[0] == 200
    assert client.authorise() == 503
    assert control("clear")[2]["vendors"]["swiftpos"]["outage"] is False
    assert control("fail", vendor="swiftpos", status=418)[2]["vendors"]["swiftpos"]["faults_waiting"] == 1
    assert client.authorise() == 418
    assert control("clock", now="2026-06-01T00:00:00Z")[2]["now"].startswith("2026-06-01T00:00:00")
    assert client.ask("/control/status")[2]["vendors"]["swiftpos"]["requests"] == 2
    for what, wish in (("fail", {}), ("slow", {"vendor": "nobody"}), ("clock", {"now": "noon"})):
        assert control(what, **wish)[0] == 400
    assert control("unknown")[0] == 404
    assert client.ask("/nobody/api")[0] == 404


def test_a_set_clock_needs_a_zone():
    with pytest.raises(ValueError, match="no zone"):
        Clock().set(datetime(2026, 1, 1))

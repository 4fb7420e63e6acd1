"""SwiftPOS, the venues' point of sale: sales, members' transactions, products."""

import logging
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import batched
from threading import Lock
from typing import Any

import httpx
import msgspec
from msgspec import Raw

from quayside.sources.feed import DAY, Following, Present, Record, Windowed, beginning, fields, pieces
from quayside.sources.http import CONNECTIONS, Api, NotFound, require_success

NAME = "SwiftPOS"
CLOCKS_DIFFER = timedelta(minutes=5)  # by which a sale may seem older than it is
MEMBERS = 32  # whose transactions are held in memory at once


class _Authorised(msgspec.Struct):
    AuthorizationToken: str


class _Venue(msgspec.Struct):
    Id: Raw
    Name: Raw
    Sales: list[Raw] | None


class _Sale(msgspec.Struct):
    Customer: Any = None


class _Line(msgspec.Struct):
    record: _Sale


_VENUES = msgspec.json.Decoder(list[_Venue])
_RECORDS = msgspec.json.Decoder(list[Raw])
_AUTHORISED = msgspec.json.Decoder(_Authorised)


class SwiftPos:
    """SwiftPOS as a feed.

    :param secret: url, clerk_id, client_id, customer_id, signature, identity, begins
    :raises Terminal: something of it is missing
    """

    def __init__(self, secret: Mapping[str, Any]) -> None:
        url, clerk, client, customer, signature, identity = fields(
            NAME, secret, "url", "clerk_id", "client_id", "customer_id", "signature", "identity"
        )
        who = {"ClerkId": clerk, "ClientId": client, "CustomerId": customer}
        token = Token(f"{url.rstrip('/')}/api/Authorisation", {**who, "Signature": signature, "Identity": identity})
        self.api = Api(NAME, url, token, (signature, identity))
        self.begins = beginning(NAME, secret)
        self.resources: Mapping[str, Windowed | Following | Present] = {
            "sale": Windowed(read=self._sales, again=CLOCKS_DIFFER),
            "member_transaction": Following(follows="sale", read=self._transactions),
            "product": Present(read=self._products),
        }

    def _sales(self, since: datetime, until: datetime) -> Iterator[Record]:
        for start, end in pieces(since, until, DAY):
            for venue in self.api.get("/api/Sale", _window(start, end), _VENUES):
                of = b'{"Id":%b,"Name":%b}' % (venue.Id, venue.Name)
                for sale in venue.Sales or ():
                    yield Record(bytes(sale), of)

    def _transactions(self, since: datetime, until: datetime, sales: Iterable[bytes]) -> Iterator[Record]:
        """Ask for the members among the customers of some sales, several at once."""
        unknown = []
        with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="members") as pool:
            for some in batched(sorted(members(sales)), MEMBERS):
                answers = pool.map(lambda member: self._transactions_of(member, since, until), some)
                for member, records in zip(some, answers, strict=True):
                    if records is None:
                        unknown.append(member)
                    for record in records or ():
                        yield Record(bytes(record), b'{"MemberId":%d}' % member)
        if unknown:
            logging.getLogger("quayside").warning(
                "SwiftPOS knows no member %s, though they bought something: their transactions are not there to land",
                ", ".join(map(str, unknown)),
            )

    def _transactions_of(self, member: int, since: datetime, until: datetime) -> list[Raw] | None:
        try:
            return self.api.get(f"/api/Member/{member}/Transaction", _window(since, until), _RECORDS)
        except NotFound:  # a member who has left, whose sales stay
            return None

    def _products(self) -> Iterator[Record]:
        for product in self.api.get("/api/Product", {}, _RECORDS):
            yield Record(bytes(product))


class Token(httpx.Auth):
    """A token, had from ``/api/Authorisation`` before the first request and again when it has expired.

    :param credentials: what is exchanged for it
    """

    def __init__(self, url: str, credentials: Mapping[str, str]) -> None:
        self._url, self._credentials = url, credentials
        self._lock = Lock()
        self._token = ""

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send a request with the token; where that was refused, once more with a new one."""
        used = yield from self._other_than("")
        request.headers["AuthorizationToken"] = used
        response = yield request
        if response.status_code == 401:
            response.read()  # so that its connection is free while others are waited for
            request.headers["AuthorizationToken"] = yield from self._other_than(used)
            yield request

    def _other_than(self, refused: str) -> Generator[httpx.Request, httpx.Response, str]:
        with self._lock:  # of several requests that meet an expired token, one renews it
            if self._token == refused:
                response = yield httpx.Request("POST", self._url, json=dict(self._credentials))
                response.read()
                hidden = (self._credentials["Signature"], self._credentials["Identity"])
                require_success(response, f"{NAME}: authorisation", hidden)
                self._token = _AUTHORISED.decode(response.content).AuthorizationToken
            return self._token


def members(lines: Iterable[bytes]) -> set[int]:
    """Return the customers of landed sales who are members: those whose Id is a number other than 0."""
    decoder, found = msgspec.json.Decoder(_Line), set()
    for line in lines:
        customer = decoder.decode(line).record.Customer
        member = customer.get("Id") if isinstance(customer, dict) else None
        if isinstance(member, int) and member:
            found.add(member)
    return found


def _window(since: datetime, until: datetime) -> dict[str, str]:
    return {
        "from": f"{since.isoformat(timespec='milliseconds')}Z",
        "to": f"{until.isoformat(timespec='milliseconds')}Z",
    }

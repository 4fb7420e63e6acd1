"""SwiftPOS's REST API: authorisation, sales, member transactions, products."""

import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from http import HTTPStatus

from local.sources.hospitality.answers import Refused, Request, bad_request, check_window, moment, number
from local.sources.hospitality.clock import Clock
from local.sources.hospitality.encoding import encode
from local.sources.hospitality.world import World

SALES_WINDOW, MEMBER_WINDOW = timedelta(hours=24), timedelta(days=31)
TRANSACTIONS = re.compile(r"/api/Member/(\d{1,9})/Transaction")
ASKED_FOR = {
    "clerk_id": "ClerkId",
    "client_id": "ClientId",
    "customer_id": "CustomerId",
    "signature": "Signature",
    "identity": "Identity",
}


@dataclass(slots=True)
class _Token:
    expires: datetime
    uses: int


class SwiftPos:
    """Answers as SwiftPOS does.

    Sales and member transactions are found by when they were posted, which nobody can see: normally seconds after their
    TransactionDate, hours where a terminal was offline, up to days where a sale is sent again. So a window of the past
    never changes.

    :param credentials: what has to be sent for a token, by the keys of ``ASKED_FOR``
    :param lasts: how long a token lasts on the clock, and ``uses`` how often it can be used
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        credentials: dict[str, str],
        *,
        lasts: timedelta = timedelta(minutes=10),
        uses: int = 2000,
    ) -> None:
        self._world, self._clock, self._credentials = world, clock, credentials
        self._lasts, self._uses = lasts, uses
        self._tokens: dict[str, _Token] = {}

    def answer(self, request: Request) -> str:
        """Return the JSON that answers a request.

        :raises Refused: 400 a parameter, 401 the token or signature, 404 the path, 405 the method
        """
        if request.path == "/api/Authorisation":
            return self._authorise(request)
        self._check_token(request.headers.get("authorizationtoken", ""))
        if request.method != "GET":
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "Only GET is possible here.")
        if request.path == "/api/Sale":
            return self._sales(request.query)
        if request.path == "/api/Product":
            return self._products(request.query)
        if found := TRANSACTIONS.fullmatch(request.path):
            return self._transactions(int(found[1]), request.query)
        raise Refused(HTTPStatus.NOT_FOUND, f"There is no {request.path}.")

    def _authorise(self, request: Request) -> str:
        if request.method != "POST":
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "Only POST is possible here.")
        try:
            given = json.loads(request.body)
            sent = [str(given[name]) for name in ASKED_FOR.values()]
        except (ValueError, TypeError, KeyError):
            raise bad_request(f"The body has to be JSON with {', '.join(ASKED_FOR.values())}.") from None
        known = [self._credentials[name] for name in ASKED_FOR]
        if not compare_digest("\0".join(sent).encode(), "\0".join(known).encode()):
            raise Refused(HTTPStatus.UNAUTHORIZED, "The credentials or their signature are not valid.")
        now, token = self._clock.now(), secrets.token_urlsafe(24)
        self._tokens = {known: state for known, state in self._tokens.items() if state.expires > now}
        self._tokens[token] = _Token(now + self._lasts, self._uses)
        return encode({"AuthorizationToken": token})

    def _check_token(self, token: str) -> None:
        if not token:
            raise Refused(HTTPStatus.UNAUTHORIZED, "The header AuthorizationToken is missing.")
        state = self._tokens.get(token)
        if state is None or state.expires <= self._clock.now() or state.uses <= 0:
            raise Refused(HTTPStatus.UNAUTHORIZED, "The token is not valid or has expired: authorise again.")
        state.uses -= 1

    def _sales(self, query: dict[str, str]) -> str:
        since, until = self._window(query, SALES_WINDOW)
        venues = [
            {
                "Id": venue.id,
                "Name": venue.name,
                "Sales": [posting.body for posting in self._world.posted(venue, since, until)],
            }
            for venue in self._world.venues
        ]
        return encode(venues)

    def _transactions(self, member: int, query: dict[str, str]) -> str:
        self._check_member(member)
        since, until = self._window(query, MEMBER_WINDOW)
        return f"[{','.join(self._world.transactions(member, since, until))}]"

    def _products(self, query: dict[str, str]) -> str:
        member, category, group = (number(query, name) for name in ("memberId", "categoryId", "groupId"))
        if member is not None:
            self._check_member(member)
        shown = [
            listed
            for product, listed in zip(
                self._world.menu, self._world.listed(self._clock.now(), member=member is not None), strict=True
            )
            if category in (None, product.category_id) and group in (None, product.group_id)
        ]
        return encode(shown)

    def _check_member(self, member: int) -> None:
        if all(known.id != member for known in self._world.members):
            raise Refused(HTTPStatus.NOT_FOUND, f"There is no member {member}.")

    def _window(self, query: dict[str, str], most: timedelta) -> tuple[datetime, datetime]:
        since, until = moment(query, "from"), moment(query, "to")
        check_window(since, until, most)
        return since, min(until, self._clock.now())

"""Humanforce's REST API: timesheets and roster items."""

from base64 import b64encode
from datetime import timedelta
from hmac import compare_digest
from http import HTTPStatus

from local.sources.hospitality.answers import Refused, Request, check_window, day
from local.sources.hospitality.clock import Clock
from local.sources.hospitality.encoding import encode
from local.sources.hospitality.world import World

WINDOW = timedelta(days=31)
KINDS = {"/api/1.0/timesheets": "timesheets", "/api/1.0/rosterItems": "rosterItems"}


class Humanforce:
    """Answers as Humanforce does: each record once, as it stands now; ``dateMin`` and ``dateMax`` are both included.

    A timesheet's pay date is always its start date here, so ``usePayDate`` changes nothing. All times are the venue's,
    but LastEdit, which is UTC; none has a zone.
    """

    def __init__(self, world: World, clock: Clock, key: str, secret: str) -> None:
        self._world, self._clock = world, clock
        self._login = f"Basic {b64encode(f'{key}:{secret}'.encode()).decode()}"

    def answer(self, request: Request) -> str:
        """Return the JSON that answers a request.

        :raises Refused: 400 a parameter, 401 key or secret, 404 the path, 405 the method
        """
        given = request.headers.get("authorization", "")
        if not compare_digest(given.encode(), self._login.encode()):
            message = "The key or secret is not valid." if given else "The header Authorization is missing."
            raise Refused(HTTPStatus.UNAUTHORIZED, message, {"WWW-Authenticate": "Basic"})
        if request.method != "GET":
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "Only GET is possible here.")
        if request.path not in KINDS:
            raise Refused(HTTPStatus.NOT_FOUND, f"There is no {request.path}.")
        first, last = day(request.query, "dateMin"), day(request.query, "dateMax")
        check_window(first, last, WINDOW)
        return encode(self._world.kept(KINDS[request.path], first, last, self._clock.now()))

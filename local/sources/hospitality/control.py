"""How a person makes the vendors fail, or sets their clock: requests below ``/control``.

curl -d '{"vendor": "swiftpos", "on": true}' http://127.0.0.1:PORT/control/outage
curl -d '{"vendor": "swiftpos", "status": 429, "times": 3, "retry_after": 2}' …/control/fail
curl -d '{"vendor": "humanforce", "times": 1}' …/control/truncate
curl -d '{"vendor": "humanforce", "seconds": 5, "times": 1}' …/control/slow
curl -d '{"now": "2026-05-01T08:00:00Z"}' …/control/clock    (null: the real time)
curl -d '{}' …/control/clear
curl …/control/status
"""

import json
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from local.sources.hospitality.answers import Refused, Request, bad_request
from local.sources.hospitality.clock import Clock
from local.sources.hospitality.faults import Fault, Faults

USUAL: dict[str, dict[str, Any]] = {"fail": {"status": 500}, "truncate": {"truncate": True}, "slow": {"seconds": 5}}

WISHES = "outage, fail, truncate, slow, clock, clear"  # with the bodies above


class Control:
    """Does what a person asks, and tells how things stand."""

    def __init__(self, clock: Clock, faults: Mapping[str, Faults]) -> None:
        self._clock, self._faults = clock, faults

    def answer(self, request: Request) -> str:
        """Do it, and return how things stand then.

        :raises Refused: 400 the wish cannot be understood, 404 there is no such wish
        """
        if request.method == "POST":
            try:
                self._do(request.path.removeprefix("/"), json.loads(request.body or b"{}"))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise bad_request(f"{request.path}: {error!r}") from None
        elif request.path != "/status":
            raise Refused(HTTPStatus.NOT_FOUND, f"GET /control/status; POST /control/{WISHES}.")
        vendors = {
            name: {"outage": faults.outage, "faults_waiting": faults.waiting, "requests": faults.requests}
            for name, faults in self._faults.items()
        }
        return json.dumps({"now": self._clock.now().isoformat(), "vendors": vendors})

    def _do(self, what: str, wish: dict[str, Any]) -> None:
        if what == "clock":
            self._clock.set(None if wish["now"] is None else datetime.fromisoformat(wish["now"]))
        elif what == "clear":
            for faults in self._faults.values():
                faults.clear()
        elif what == "outage":
            self._faults[wish["vendor"]].outage = bool(wish["on"])
        elif what in USUAL:
            vendor = wish.pop("vendor")
            self._faults[vendor].add(Fault(**{**USUAL[what], **wish}))
        else:
            raise Refused(HTTPStatus.NOT_FOUND, f"There is no /control/{what}, only {WISHES}.")

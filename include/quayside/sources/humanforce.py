"""Humanforce, the venues' workforce management: timesheets and rosters."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
from msgspec import Raw

from quayside.sources.feed import DAY, Following, Present, Record, Windowed, beginning, fields, pieces
from quayside.sources.http import Api

NAME = "Humanforce"
MOST = 31 * DAY  # that one request may ask for
# Timesheets and rosters are edited for 14 days. The day before and the day after are read as well: the vendor's days
# are the venues', the cursor's are UTC's.
EDITED = 14 * DAY + DAY
TODAY = DAY
ROSTERED = 35 * DAY + DAY

_RECORDS = msgspec.json.Decoder(list[Raw])


class Humanforce:
    """Humanforce as a feed.

    :param secret: url, key, secret, begins
    :raises Terminal: something of it is missing
    """

    def __init__(self, secret: Mapping[str, Any]) -> None:
        url, key, password = fields(NAME, secret, "url", "key", "secret")
        self.api = Api(NAME, url, httpx.BasicAuth(key, password), (password,))
        self.begins = beginning(NAME, secret)
        timesheets, rosters = self._reader("timesheets", usePayDate="true"), self._reader("rosterItems")
        self.resources: Mapping[str, Windowed | Following | Present] = {
            "timesheet": Windowed(read=timesheets, again=EDITED, ahead=TODAY, unit=DAY),
            "roster_item": Windowed(read=rosters, again=EDITED, ahead=ROSTERED, unit=DAY),
        }

    def _reader(self, resource: str, **parameters: str) -> Callable[[datetime, datetime], Iterator[Record]]:
        def read(since: datetime, until: datetime) -> Iterator[Record]:
            for start, end in pieces(since, until, MOST):
                last = end - timedelta(microseconds=1)  # the vendor includes both days
                window = {"dateMin": start.date().isoformat(), "dateMax": last.date().isoformat()}
                for record in self.api.get(f"/api/1.0/{resource}", {**window, **parameters}, _RECORDS):
                    yield Record(bytes(record))

        return read

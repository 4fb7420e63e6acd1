"""What is asked of a dashboard: days, venues, grain and comparison, read from a request's parameters."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self, get_args

from quayside.serving.access import Access, Forbidden
from quayside.serving.dashboards.dashboard import Dashboard
from quayside.serving.dashboards.periods import Compare, Grain
from quayside.serving.http import BadRequest, FieldError
from quayside.serving.metrics import InvalidQuery
from quayside.serving.metrics.periods import begins
from quayside.venues import Venue, venues

Parameters = Mapping[str, Sequence[str]]
FIRST, LAST = date(2000, 1, 1), date(2100, 12, 31)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_VENUE = re.compile(r"[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a dashboard.

    :param since: first business day
    :param until: last business day, included
    :param venues: only these, sorted; None: all that the caller may see
    """

    since: date
    until: date
    venues: tuple[int, ...] | None
    grain: Grain
    compare: Compare

    @classmethod
    def read(cls, dashboard: Dashboard, given: Parameters, access: Access, *, now: datetime) -> Self:
        """Read a request's parameters; what is not given is the dashboard's own.

        :param now: with its zone
        :raises BadRequest: some are not as the API describes them, or ask for too much
        :raises Forbidden: a venue is asked for that the caller may not see
        """
        unknown = [FieldError(f"query/{name}", "is no parameter of this") for name in given if name not in _READS]
        if unknown:
            raise BadRequest(*unknown)
        since, until = _range(dashboard, given, now)
        grain: Grain = _one_of(given, "grain", dashboard.grains)
        if since > until:
            raise BadRequest(FieldError("query/until", "must not be before since: both days are included"))
        try:
            begins(grain, since, until)
        except InvalidQuery as error:
            raise BadRequest(FieldError("query/since", str(error))) from None
        compare: Compare = _one_of(given, "compare", get_args(Compare))
        return cls(since=since, until=until, venues=_venues(dashboard, given, access), grain=grain, compare=compare)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values, by the names of the parameters."""
        return {
            "since": [self.since.isoformat()],
            "until": [self.until.isoformat()],
            **({"venue": list(map(str, self.venues))} if self.venues is not None else {}),
            "grain": [self.grain],
            "compare": [self.compare],
        }

    def shown_venues(self, dashboard: Dashboard, access: Access) -> list[Venue]:
        """Return the venues that the answer is about; none where the dashboard is about no venue."""
        if not dashboard.by_venue:
            return []
        return [each for each in venues() if access.sees(each.id) and (self.venues is None or each.id in self.venues)]


_READS = ("since", "until", "venue", "grain", "compare")


def _single(given: Parameters, name: str) -> str:
    values = given[name]
    if len(values) != 1:
        raise BadRequest(FieldError(f"query/{name}", "must be given once"))
    return values[0]


def _day(given: Parameters, name: str) -> date:
    text = _single(given, name)
    wrong = BadRequest(FieldError(f"query/{name}", f"must be a date from {FIRST} to {LAST}, such as 2026-03-01"))
    if not _DATE.fullmatch(text):
        raise wrong
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise wrong from None
    if not FIRST <= day <= LAST:
        raise wrong
    return day


def _range(dashboard: Dashboard, given: Parameters, now: datetime) -> tuple[date, date]:
    """Return the range that is asked for; of one that has only one end, the other is the dashboard's own or follows."""
    since, until = dashboard.own_range(now)
    if "until" in given:
        until = _day(given, "until")
        since = max(until - timedelta(days=dashboard.days - 1), FIRST)
    if "since" in given:
        since = _day(given, "since")
        until = until if "until" in given else max(since, until)
    return since, until


def _one_of(given: Parameters, name: str, known: Sequence[str]) -> Any:
    if name not in given:
        return known[0]
    value = _single(given, name)
    if value not in known:
        raise BadRequest(FieldError(f"query/{name}", f"must be one of {', '.join(known)}"))
    return value


def _venues(dashboard: Dashboard, given: Parameters, access: Access) -> tuple[int, ...] | None:
    asked = given.get("venue")
    if asked is None:
        return None
    if not dashboard.by_venue:
        raise BadRequest(FieldError("query/venue", "this dashboard is about no venue"))
    if not asked or len(asked) > 50 or not all(_VENUE.fullmatch(text) for text in asked):
        raise BadRequest(FieldError("query/venue", "must be a venue's number; GET /venues lists them"))
    numbers = sorted(set(map(int, asked)))
    known = {venue.id for venue in venues()}
    for number in numbers:
        if not access.sees(number):  # also where there is no such venue: nobody learns which there are
            raise Forbidden("You may not see this venue; GET /venues lists yours.")
        if number not in known:
            raise BadRequest(FieldError("query/venue", f"there is no venue {number}; GET /venues lists them"))
    return tuple(numbers)

"""What a dashboard is: panels of metrics, declared in ``include/metrics/dashboards/<name>.yaml``.

They are held against the metric layer when they are loaded, so that a mistake is told with file and line and not by a
reader's empty page.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from quayside.errors import Terminal
from quayside.serving.access import Access, Forbidden
from quayside.serving.dashboards.periods import Grain, business_today
from quayside.serving.metrics import Filter, Query
from quayside.venues import venues

FOLDER = Path(__file__).resolve().parents[3] / "metrics" / "dashboards"
PACKED = FOLDER.parent / "dashboards.json"  # in a Lambda's package: the same, without YAML to read
TIME = "time"  # in `group_by` and `order_by`: the panel's time at the grain that is asked for
MOST_ROWS = 1000  # shown of a panel that sets no limit of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One chart or table.

    :param metrics: names in the metric layer
    :param group_by: dimensions; ``time`` is that of the metrics, at the grain that is asked for
    :param order_by: as in `Query`
    :param limit: rows that are shown; a download has them all
    :param grain: where the panel's time is always at this one, whatever is asked for
    :param formats: what a download can be; Parquet is written by Athena, which knows what is in the lake only
    """

    name: str
    title: str
    chart: str
    metrics: tuple[str, ...]
    group_by: tuple[str, ...] = ()
    where: tuple[Filter, ...] = ()
    order_by: tuple[str, ...] = ()
    limit: int = MOST_ROWS
    grain: Grain | None = None
    formats: tuple[str, ...] = ("csv",)

    def query(self, since: date, until: date, grain: Grain, *, limit: int | None) -> Query:
        """Return what the metric layer is asked for a range."""
        dimensions = tuple(self._at(name, grain) for name in self.group_by)
        return Query(
            metrics=self.metrics,
            group_by=dimensions,
            since=since,
            until=until,
            where=self.where,
            order_by=tuple(self._at(name, grain) for name in self.order_by),
            limit=limit,
            every_period=TIME in self.group_by and set(self.group_by) <= {TIME, "venue"},
        )

    def _at(self, name: str, grain: Grain) -> str:
        sign, bare = ("-", name[1:]) if name.startswith("-") else ("", name)
        return f"{sign}metric_time__{self.grain or grain}" if bare == TIME else name


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A named set of panels over one range of days.

    :param order: where it stands among the others
    :param engine: who is asked: ``athena`` or ``postgres``
    :param roles: who may see it
    :param days: how many days its own range has
    :param ends: how many days before today that range ends
    :param grains: what its time may be divided into, the default first
    :param by_venue: whether it is about venues, so that one can ask for some of them
    """

    name: str
    title: str
    description: str
    order: int
    engine: str
    roles: tuple[str, ...]
    days: int
    ends: int
    grains: tuple[Grain, ...]
    by_venue: bool
    panels: tuple[Panel, ...]

    @property
    def filters(self) -> tuple[str, ...]:
        """The parameters that it heeds."""
        return ("since", "until", *(["venue"] if self.by_venue else []), "grain", "compare")

    def panel(self, name: str) -> Panel | None:
        """Return a panel by its name, or None."""
        return next((panel for panel in self.panels if panel.name == name), None)

    def today(self, now: datetime) -> date:
        """Return the last day that has begun: a business day of the venues, or a day in UTC.

        :param now: with its zone
        """
        if not self.by_venue:
            return now.astimezone(ZoneInfo("UTC")).date()
        return max(business_today(now.astimezone(ZoneInfo(venue.time_zone))) for venue in venues())

    def own_range(self, now: datetime) -> tuple[date, date]:
        """Return the first and last day that are shown where nothing else is asked for."""
        last = self.today(now) - timedelta(days=self.ends)
        return last - timedelta(days=self.days - 1), last


class UnknownDashboard(Terminal):
    """There is no dashboard or panel of this name."""


@cache
def load_dashboards() -> Mapping[str, Dashboard]:
    """Return all dashboards by their names, in the order in which they are shown.

    :raises Terminal: one is not as it should be, or asks what the metric layer does not have; with file and line
    """
    if PACKED.exists():
        return _ordered([_unpacked(each) for each in json.loads(PACKED.read_text(encoding="utf-8"))])
    from quayside.serving.dashboards.reading import read_dashboard  # a Lambda has neither YAML nor need of it

    return _ordered([read_dashboard(path) for path in sorted(FOLDER.glob("*.yaml"))])


def pack() -> str:
    """Return all dashboards as what `PACKED` holds."""
    return json.dumps([asdict(each) for each in load_dashboards().values()], ensure_ascii=False)


def visible(access: Access) -> list[Dashboard]:
    """Return the dashboards that a caller may see."""
    return [each for each in load_dashboards().values() if access.role in each.roles]


def find(name: str, access: Access) -> Dashboard:
    """Return a dashboard that the caller may see.

    :raises UnknownDashboard: there is none of this name
    :raises Forbidden: it is not for the caller's role
    """
    dashboard = load_dashboards().get(name)
    if dashboard is None:
        raise UnknownDashboard("There is no such dashboard; GET /dashboards lists those there are.")
    if access.role not in dashboard.roles:
        raise Forbidden(f"{dashboard.title} is not for the role {access.role}; an admin can give another.")
    return dashboard


def _ordered(found: list[Dashboard]) -> Mapping[str, Dashboard]:
    return {each.name: each for each in sorted(found, key=lambda each: (each.order, each.name))}


def _unpacked(told: dict[str, Any]) -> Dashboard:
    """Return a dashboard from JSON, in which tuples are lists."""
    told["panels"] = [
        Panel(**{**_tuples(panel), "where": tuple(Filter(**_tuples(each)) for each in panel["where"])})
        for panel in told["panels"]
    ]
    return Dashboard(**_tuples(told))


def _tuples(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}

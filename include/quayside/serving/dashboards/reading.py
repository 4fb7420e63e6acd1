"""How dashboards are read from YAML, and held against the metric layer: a mistake is told with file and line."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

from quayside.errors import QuaysideError, Terminal
from quayside.serving.access import ROLES, Access
from quayside.serving.dashboards.dashboard import MOST_ROWS, TIME, Dashboard, Panel, load_dashboards
from quayside.serving.dashboards.periods import Grain
from quayside.serving.metrics import Filter, InvalidQuery, load_layer
from quayside.serving.metrics.located import Part, read

CHARTS = ("line", "bar", "stacked_bar", "table", "number", "heatmap")
ENGINES = ("athena", "postgres")
GRAINS = get_args(Grain)
EVERYBODY = Access(role="admin", venues=None)
ANY_DAY = date(2026, 3, 1)


def read_dashboard(path: Path) -> Dashboard:
    """Read one dashboard.

    :raises Terminal: it is not as it should be, or asks what the metric layer does not have; with file and line
    """
    told = read(path, f"include/metrics/dashboards/{path.name}")
    fields = told.fields("title description order engine roles range grains panels", "filters")
    span = fields["range"].fields("days", "ends")
    engine = fields["engine"].one_of(ENGINES)
    filters = tuple(part.one_of(("venue",)) for part in fields["filters"].items()) if "filters" in fields else ()
    panels = tuple(_panel(part, engine) for part in fields["panels"].items())
    for name in {panel.name for panel in panels}:
        if sum(panel.name == name for panel in panels) > 1:
            raise fields["panels"].error(f"two panels are called {name}.")
    if not panels or span["days"].number() < 1:
        raise told.error("a dashboard needs at least one panel, and a range of at least one day.")
    return Dashboard(
        name=path.stem,
        title=fields["title"].text(),
        description=fields["description"].text(),
        order=fields["order"].number(),
        engine=engine,
        roles=tuple(part.one_of(ROLES) for part in fields["roles"].items()),
        days=span["days"].number(),
        ends=span["ends"].number() if "ends" in span else 0,
        grains=tuple(part.one_of(GRAINS) for part in fields["grains"].items()),  # type: ignore[misc]
        by_venue="venue" in filters,
        panels=panels,
    )


def check() -> None:
    """Compile every panel at every grain: what names alone do not show.

    :raises Terminal: one cannot be compiled; the message says which
    """
    for dashboard in load_dashboards().values():
        for panel in dashboard.panels:
            for grain in dashboard.grains:
                query = panel.query(ANY_DAY, ANY_DAY + timedelta(days=30), grain, limit=panel.limit)
                try:
                    load_layer().compile(query, EVERYBODY, dialect=dashboard.engine, database="any")
                except QuaysideError as error:
                    where = f"include/metrics/dashboards/{dashboard.name}.yaml: panel {panel.name}"
                    raise Terminal(f"{where} at the grain {grain}: {error}") from error


def _panel(told: Part, engine: str) -> Panel:
    layer = load_layer()
    fields = told.fields("name title chart metrics", "group_by where order_by limit grain")
    metrics = tuple(part.one_of(tuple(layer.metrics)) for part in fields["metrics"].items())
    shared = set.intersection(*(set(layer.metrics[name].dimensions) for name in metrics)) if metrics else set()
    if not all(engine in layer.metrics[name].dialects for name in metrics):
        raise fields["metrics"].error(f"not all of these can be asked of {engine}.")
    dimensions = tuple(sorted(shared))
    group_by = (
        tuple(part.one_of((TIME, *dimensions)) for part in fields["group_by"].items()) if "group_by" in fields else ()
    )
    limit = fields["limit"].number() if "limit" in fields else MOST_ROWS
    if not 1 <= limit <= MOST_ROWS:
        raise fields["limit"].error(f"here belongs a number from 1 to {MOST_ROWS}.")
    panel = Panel(
        name=fields["name"].text(),
        title=fields["title"].text(),
        chart=fields["chart"].one_of(CHARTS),
        metrics=metrics,
        group_by=group_by,
        where=tuple(_filters(fields["where"], dimensions)) if "where" in fields else (),
        order_by=tuple(_order(fields["order_by"], (*metrics, *group_by))) if "order_by" in fields else (),
        limit=limit,
        grain=fields["grain"].one_of(GRAINS) if "grain" in fields else None,  # type: ignore[arg-type]
    )
    return replace(panel, formats=("csv", "parquet")) if _in_the_lake(panel) else panel


def _in_the_lake(panel: Panel) -> bool:
    query = panel.query(ANY_DAY, ANY_DAY, "day", limit=None)
    try:
        load_layer().compile(query, EVERYBODY, dialect="athena", database="any")
    except InvalidQuery:
        return False
    return True


def _filters(told: Part, dimensions: tuple[str, ...]) -> Iterator[Filter]:
    """Read ``dimension: [values]``: rows with one of these."""
    for name, part in told.fields("", " ".join(dimensions)).items():
        yield Filter(name, "in", tuple(value.scalar() for value in part.items()))


def _order(told: Part, names: tuple[str, ...]) -> Iterator[str]:
    for part in told.items():
        part.one_of((*names, *(f"-{name}" for name in names)))
        yield part.text()

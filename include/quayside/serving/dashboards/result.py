"""A dashboard's answer: its panels' rows beside those that they are compared with, and how fresh they are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from quayside.serving.access import Access
from quayside.serving.answers import Answer, Answers, Question
from quayside.serving.answers.values import Row
from quayside.serving.dashboards.dashboard import Dashboard, Panel
from quayside.serving.dashboards.periods import Shift, before, shift
from quayside.serving.dashboards.request import Request
from quayside.serving.health import Health
from quayside.serving.metrics import Column, Compiled, Filter, Query, load_layer
from quayside.settings import Settings

WAIT = 2.5  # seconds that a caller is kept waiting before they get a handle
VENUE = "venue"
_COMPARED = 20_000  # rows of the other range in which counterparts are looked for


@dataclass(frozen=True, slots=True)
class Asked:
    """A panel, and what is asked for it.

    :param other: what is asked of the range that it is compared with
    :param compared: the first and last day of that range
    :param back: how far before its own range that is
    """

    panel: Panel
    question: Question
    other: Question | None = None
    compared: tuple[date, date] | None = None
    back: Shift = field(default_factory=Shift)


def result(
    dashboard: Dashboard, request: Request, access: Access, answers: Answers, health: Health, *, wait: float = WAIT
) -> dict[str, Any] | None:
    """Return what the API calls a Result; None where some of it is still on its way.

    :param wait: seconds at most
    :raises Forbidden: the caller may not see it
    :raises TooMuch: a panel would read more than one question may
    :raises Terminal, Retryable: as `Answers.ask`
    """
    versions = answers.versions()
    asked = [ask_for(dashboard, panel, request, access, answers.settings) for panel in dashboard.panels]
    questions = [question for each in asked for question in (each.question, each.other) if question]
    found = dict(zip(map(id, questions), answers.ask(questions, versions, wait=wait), strict=True))
    if None in found.values():
        return None
    given = [answer for answer in found.values() if answer is not None]
    datasets = sorted({name for question in questions for name in question.compiled.datasets})
    document = {
        "name": dashboard.name,
        "title": dashboard.title,
        "since": request.since.isoformat(),
        "until": request.until.isoformat(),
        "venues": [
            {"venue_id": venue.id, "name": venue.name, "time_zone": venue.time_zone}
            for venue in request.shown_venues(dashboard, access)
        ],
        "grain": request.grain,
        "compare": request.compare,
        "generated_at": max(answer.at for answer in given),
        "panels": [_panel(each, found) for each in asked],
        "freshness": health.freshness(datasets),
        "gates": health.gates(datasets),
    }
    if access.role in ("admin", "analyst"):
        document["sql"] = [
            {"panel": each.panel.name, "dialect": each.question.compiled.dialect, "sql": each.question.compiled.sql}
            for each in asked
        ]
    return document


def ask_for(
    dashboard: Dashboard,
    panel: Panel,
    request: Request,
    access: Access,
    settings: Settings,
    *,
    engine: str | None = None,
    limit: int | None = None,
    whole: bool = False,
) -> Asked:
    """Return what is asked for a panel.

    :param engine: other than the dashboard's own
    :param limit: of rows, other than the panel's own
    :param whole: no limit at all
    """
    engine = engine or dashboard.engine
    query = panel.query(request.since, request.until, request.grain, limit=None if whole else limit or panel.limit + 1)
    if request.venues is not None:
        query = replace(query, where=(*query.where, Filter(VENUE, "in", request.venues)))
    if request.compare == "none":
        return Asked(panel, _question(query, access, engine, settings))
    grain = panel.grain or request.grain
    compared = before(request.since, request.until, grain, request.compare)
    earlier = replace(query, since=compared[0], until=compared[1], limit=_COMPARED)
    return Asked(
        panel,
        _question(query, access, engine, settings),
        other=_question(earlier, access, engine, settings),
        compared=compared,
        back=shift(request.since, request.until, grain, request.compare),
    )


@lru_cache(maxsize=2000)
def _question(query: Query, access: Access, engine: str, settings: Settings) -> Question:
    """Compile in the caller's rights, once in a process."""
    database = settings.catalog_database
    compiled: Compiled = load_layer().compile(query, access, dialect=engine, database=database)
    return Question(compiled=compiled, database=database, masked=access.masked)


def _panel(asked: Asked, found: Mapping[int, Answer | None]) -> dict[str, Any]:
    panel, columns = asked.panel, asked.question.compiled.columns
    rows = _rows(found[id(asked.question)])
    units = {column.unit for column in columns if column.kind == "metric"}
    return {
        "name": panel.name,
        "title": panel.title,
        "chart": panel.chart,
        "unit": units.pop() if len(units) == 1 else None,
        "columns": [describe(column) for column in columns],
        "rows": rows[: panel.limit],
        "compared": _range(asked.compared) if asked.compared else None,
        "comparison_rows": (
            aligned(columns, rows[: panel.limit], _rows(found[id(asked.other)]), asked.back) if asked.other else None
        ),
        "truncated": len(rows) > panel.limit,
        "formats": list(panel.formats),
    }


def _range(days: tuple[date, date]) -> dict[str, str]:
    since, until = days
    return {"since": since.isoformat(), "until": until.isoformat()}


def describe(column: Column) -> dict[str, Any]:
    """Return a column as the API tells of it."""
    told = {"name": column.name, "label": column.label, "type": column.type, "unit": column.unit, "kind": column.kind}
    metric = load_layer().metrics.get(column.name) if column.kind == "metric" else None
    return told | ({"decimals": metric.decimals} if metric else {})


def aligned(columns: Sequence[Column], rows: Sequence[Row], earlier: Sequence[Row], back: Shift) -> list[Row]:
    """Return for each row the one of the earlier range that it is compared with, with nulls where there is none."""
    keys = [number for number, column in enumerate(columns) if column.kind != "metric"]
    known = {tuple(row[number] for number in keys): row for row in earlier}
    return [
        known.get(key, _empty(columns, key, keys))
        for key in (tuple(_counterparts(columns, row, keys, back)) for row in rows)
    ]


def _counterparts(columns: Sequence[Column], row: Row, keys: Sequence[int], back: Shift) -> Iterator[Any]:
    for number in keys:
        value = row[number]
        if columns[number].kind == "time" and isinstance(value, str):
            hours = columns[number].type.startswith("timestamp")
            moved = back.counterpart(datetime.fromisoformat(value) if hours else date.fromisoformat(value))
            yield moved and moved.isoformat()
        else:
            yield value


def _empty(columns: Sequence[Column], key: Sequence[Any], keys: Sequence[int]) -> Row:
    values = dict(zip(keys, key, strict=True))
    return [values.get(number) for number in range(len(columns))]


def _rows(answer: Answer | None) -> list[Row]:
    return answer.rows if answer else []

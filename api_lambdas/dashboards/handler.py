"""The dashboards API: dashboards, their downloads, venues and data health. Each route parses, calls and maps errors."""

import os
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from quayside.errors import Terminal
from quayside.serving import http
from quayside.serving.access import Access, Forbidden
from quayside.serving.answers import Answers, NotYet, Store, TooMuch
from quayside.serving.dashboards import Dashboard, Request, UnknownDashboard, find, load_dashboards, visible
from quayside.serving.dashboards.download import KINDS, NothingThere, download
from quayside.serving.dashboards.request import Parameters
from quayside.serving.dashboards.result import WAIT, result
from quayside.serving.health import Health, load_promises
from quayside.serving.metrics import InvalidQuery, load_layer
from quayside.settings import Settings, aws
from quayside.venues import venues

RETRY_AFTER = 1  # seconds
KNOWN: dict[type[Terminal], HTTPStatus] = {
    Forbidden: HTTPStatus.FORBIDDEN,
    InvalidQuery: HTTPStatus.BAD_REQUEST,
    NothingThere: HTTPStatus.NOT_FOUND,
    NotYet: HTTPStatus.SERVICE_UNAVAILABLE,
    TooMuch: HTTPStatus.BAD_REQUEST,
    UnknownDashboard: HTTPStatus.NOT_FOUND,
}

app = APIGatewayRestResolver()
logger, tracer, metrics = Logger(), Tracer(), Metrics()
load_layer(), load_dashboards(), load_promises()  # while the function starts, and not by its first request
for service in ("dynamodb", "athena", "s3"):
    aws(service)


@app.get("/venues")
def list_venues() -> Response[str]:
    """List the venues that the caller may see."""
    access = _access()
    seen = sorted((venue for venue in venues() if access.sees(venue.id)), key=lambda venue: venue.name)
    return _cached({"items": [{"venue_id": each.id, "name": each.name, "time_zone": each.time_zone} for each in seen]})


@app.get("/dashboards")
def list_dashboards() -> Response[str]:
    """List the dashboards that the caller may see."""
    return _cached({"items": [_described(each) for each in visible(_access())]})


@app.get("/dashboards/<name>")
def get_dashboard(name: str) -> Response[str]:
    """Return a dashboard's panels, limited to the caller's venues."""
    dashboard = find(name, _access())
    return _result(dashboard, Request.read(dashboard, _parameters(), _access(), now=_now()))


@app.get("/queries/<query_id>")
def get_query(query_id: str) -> Response[str]:
    """Return the answer to what was answered with a handle; in the rights that the caller has now."""
    access, asked = _access(), _answers().store.handed_out(query_id, _user())
    if asked is None:
        raise UnknownDashboard("There is no such query, or it is too old, or somebody else's: ask the dashboard again.")
    dashboard = find(asked["dashboard"], access)
    return _result(dashboard, Request.read(dashboard, asked["parameters"], access, now=_now()), query_id)


@app.get("/dashboards/<name>/panels/<panel>/download")
def download_panel(name: str, panel: str) -> Response[str]:
    """Return a signed link to all rows of a panel."""
    dashboard, access, given = find(name, _access()), _access(), dict(_parameters())
    forms = given.pop("format", ["csv"])
    chosen = dashboard.panel(panel)
    if chosen is None:
        raise UnknownDashboard(f"{dashboard.title} has no such panel; its result lists those it has.")
    if len(forms) != 1 or forms[0] not in KINDS:
        raise http.BadRequest(http.FieldError("query/format", f"must be one of {', '.join(KINDS)}"))
    request = Request.read(dashboard, given, access, now=_now())
    link = download(dashboard, chosen, request, forms[0], access, _answers(), wait=WAIT)
    if link is not None:
        return _response(http.answer(link))
    return _pending(dashboard, request, f"{app.current_event.path}?{urlencode(_parameters(), doseq=True)}")


@app.get("/data-health")
def get_data_health() -> Response[str]:
    """Return each dataset's freshness, gate, quarantine, reconciliation and last run."""
    if _access().role not in ("admin", "analyst"):
        raise Forbidden("Data health is for the roles admin and analyst; an admin can give another.")
    return _cached({"datasets": _health().everything()})


@app.not_found
def no_such_path(_: Exception) -> Response[str]:
    """Answer what API Gateway would not let through."""
    return _response(http.problem(HTTPStatus.NOT_FOUND, "There is no such path.", _request_id()))


@app.exception_handler(Exception)  # type: ignore[untyped-decorator]
def told(error: Exception) -> Response[str]:
    """Tell any error as a problem; what is ours is logged under the request's id."""
    answer = http.problem_of(error, _request_id(), KNOWN)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("The request failed", exc_info=error)
        metrics.add_metric("Failed", MetricUnit.Count, 1)
    return _response(answer)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request of API Gateway."""
    return app.resolve(event, context)


def _result(dashboard: Dashboard, request: Request, query_id: str = "") -> Response[str]:
    document = result(dashboard, request, _access(), _answers(), _health())
    return _cached(document) if document else _pending(dashboard, request, query_id=query_id)


def _pending(dashboard: Dashboard, request: Request, location: str = "", query_id: str = "") -> Response[str]:
    if not query_id:
        question = {"dashboard": dashboard.name, "parameters": request.to_dict()}
        query_id = _answers().store.hand_out(_user(), question)
    metrics.add_metric("Pending", MetricUnit.Count, 1)
    return _response(
        http.answer(
            {"query_id": query_id, "retry_after": RETRY_AFTER},
            status=HTTPStatus.ACCEPTED,
            location=location or f"/queries/{query_id}",
            retry_after=str(RETRY_AFTER),
        )
    )


def _described(dashboard: Dashboard) -> dict[str, Any]:
    return {
        "name": dashboard.name,
        "title": dashboard.title,
        "description": dashboard.description,
        "grains": list(dashboard.grains),
        "filters": list(dashboard.filters),
    }


def _cached(document: object) -> Response[str]:
    return _response(http.cached(document, app.current_event.headers))


def _response(answer: http.Answer) -> Response[str]:
    headers = {**http.common_headers(_request_id(), os.environ.get("QUAYSIDE_WEB_ORIGIN", "")), **answer.headers}
    return Response(status_code=answer.status, content_type=answer.content_type, body=answer.body, headers=headers)


def _parameters() -> Parameters:
    return app.current_event.multi_value_query_string_parameters or {}


def _access() -> Access:
    context = _context()
    logger.append_keys(request_id=_request_id(), user_id=context.get("user_id"))
    return Access.from_context(context)


def _user() -> str:
    user = _context().get("user_id")
    if not isinstance(user, str) or not user:
        raise Forbidden("The request carries no user.")
    return user


def _context() -> dict[str, Any]:
    """Return what the authorizer has passed on."""
    return app.current_event.raw_event.get("requestContext", {}).get("authorizer") or {}


def _request_id() -> str:
    event = app.current_event
    return http.request_id_of(event.headers, event.request_context.request_id)


def _now() -> datetime:
    return datetime.now(UTC)


@cache
def _answers() -> Answers:
    settings = Settings.from_environment()
    return Answers(settings, Store(settings.serving_table))


@cache
def _health() -> Health:
    settings = Settings.from_environment()
    return Health(settings.ledger_table, settings.airflow_url)

"""The running platform's API: how soon a dashboard is there, warm and cold, how soon a Lambda starts, and how much it bears.

Everything goes over HTTP, with tokens that the users of `make up` were given: gateway, authorizer, Lambda, data.
"""

import http.client
import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median
from urllib.parse import urlsplit

import boto3

from benchmarks.report import Section, Target
from benchmarks.servers import LAYOUT, Skipped
from local import infra
from local.people import VENUES, address
from local.processes import answers, running
from local.settings import Settings
from quayside.serving.access import ROLES, Access
from quayside.serving.dashboards import load_dashboards, visible
from tests.support.srp import sign_in

AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer")
FUNCTIONS = ("authorizer", "dashboards", "users")
SPANS = (7, 14, 28)  # days that are asked for
COLD, WARM = 6, 5  # times each dashboard is asked for in a range that nobody has asked for, and again
STARTS = 5
CLIENTS, SECONDS, RATE = 8, 60, 200
PATIENCE = 60  # seconds for one answer


@dataclass(frozen=True, slots=True)
class Api:
    """Where the API is, and who may ask it.

    :param tokens: role → access token
    """

    url: str
    tokens: dict[str, str]

    def client(self) -> "Client":
        """Return somebody who keeps one connection."""
        return Client(self)


class Client:
    """Asks over one connection."""

    def __init__(self, api: Api) -> None:
        self._api, at = api, urlsplit(api.url)
        self._path = at.path
        self._connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=PATIENCE)

    def ask(self, path: str, role: str = "admin") -> tuple[int, float]:
        """Return the status and the seconds; where a handle is given, until the answer itself is there."""
        began, deadline = time.perf_counter(), time.monotonic() + PATIENCE
        while True:
            headers = {"Authorization": f"Bearer {self._api.tokens[role]}"}
            self._connection.request("GET", f"{self._path}{path}", headers=headers)
            answer = self._connection.getresponse()
            answer.read()
            if answer.status != 202 or time.monotonic() > deadline:
                return answer.status, time.perf_counter() - began
            path = answer.headers["Location"]
            time.sleep(0.1)


def run() -> Section:
    """Measure, and hold against what was promised.

    :raises Skipped: no platform runs here
    """
    api = _api()
    starts = {name: [_cold_start(name) for _ in range(STARTS)] for name in FUNCTIONS}
    cold, warm = _one_by_one(api)
    beside = _load(api)
    with _paused(*AIRFLOW):
        alone = _load(api)
    slowest = max(map(median, starts.values()))
    errors = sum(status != 200 for load in (beside, alone) for status, _ in load)
    times = [[seconds for _, seconds in load] for load in (beside, alone)]
    rates = [len(load) / SECONDS for load in times]
    return Section(
        "Serving: the API of a running platform",
        f"`make up` with two years of two hotels, at rest, Airflow beside it; clients and servers share the cores. Cold: a range that nobody has asked for, so Athena reads the lake; warm: the same again. Load: {CLIENTS} "
        f"clients, each over one connection as fast as it is answered, ask for all dashboards in {len(SPANS)} ranges as four "
        f"users for {SECONDS} s, after each has been asked for once; beside Airflow, whose pipelines may run in that minute and "
        "make every answer a new one, and with its processes paused.",
        [
            ["what", "p50 ms", "p95 ms", "longest ms"],
            *[["a function's first answer: " + name, *_row(times)] for name, times in starts.items()],
            ["a dashboard, cold", *_row(cold)],
            ["a dashboard, warm", *_row(warm)],
            [f"a dashboard under load beside Airflow, {rates[0]:.0f}/s", *_row(times[0])],
            [f"a dashboard under load, {rates[1]:.0f}/s", *_row(times[1])],
        ],
        [
            Target("a function starts in under 800 ms", f"{slowest * 1000:.0f} ms", slowest < 0.8),
            Target("a dashboard cold under 2 s at p95", f"{_p95(cold) * 1000:.0f} ms", _p95(cold) < 2),
            Target("warm under 300 ms at p95", f"{_p95(warm) * 1000:.0f} ms", _p95(warm) < 0.3),
            Target(f"{RATE} a second over {CLIENTS} clients", f"{rates[1]:.0f}/s", rates[1] >= RATE),
            Target("without an error", f"{errors} of {sum(map(len, times)):,}", not errors),
        ],
    )


def _api() -> Api:
    settings = Settings(LAYOUT.state / "settings.json")
    if not settings.has_port("aws") or not answers(f"http://127.0.0.1:{settings.port('aws')}/_ministack/health"):
        raise Skipped("no platform runs here: `make up`, and wait until two years are in, as `make status` tells")
    os.environ |= infra.aws_environment(settings)
    outputs = infra.outputs(LAYOUT)
    pool, client = outputs["user_pool_id"], outputs["user_pool_client_id"]
    tokens = {role: sign_in(pool, client, address(role), settings.logins[role])["AccessToken"] for role in ROLES}
    return Api(outputs["api_url"], tokens)


def _cold_start(name: str) -> float:
    """Return the seconds of a function's first answer in a process of its own, which a change of it makes necessary."""
    functions = boto3.client("lambda")
    function = f"quayside-{name}"
    variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    changed = {**variables, "MEASURED_AT": str(time.time_ns())}
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": changed})
    try:
        began = time.perf_counter()
        functions.invoke(FunctionName=function, Payload=b"{}")  # refused: it is no request
        return time.perf_counter() - began
    finally:
        functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})


def _one_by_one(api: Api) -> tuple[list[float], list[float]]:
    client, chance = api.client(), random.Random(time.time_ns())
    client.ask("/venues")  # whose processes start is measured by itself
    client.ask(f"/dashboards/{next(iter(load_dashboards()))}")
    cold, warm = [], []
    for _ in range(COLD):
        for name in load_dashboards():
            since = datetime.now(UTC).date() - timedelta(chance.randrange(40, 600))
            path = _path(name, since, chance.choice(SPANS))
            cold.append(_well(client.ask(path)))
            warm += [_well(client.ask(path)) for _ in range(WARM)]
    return cold, warm


def _load(api: Api) -> list[tuple[int, float]]:
    """Return status and seconds of all answers that were asked for in the time."""
    until = datetime.now(UTC).date() - timedelta(1)
    asked = [
        (_path(dashboard.name, until - timedelta(days), days), role)
        for role in ROLES
        for dashboard in visible(_access(role))
        for days in SPANS
    ]

    def each_once(number: int) -> None:
        client = api.client()
        for one in asked[number:] + asked[:number]:
            client.ask(*one)

    def until_then(number: int) -> list[tuple[int, float]]:
        client, chance, found = api.client(), random.Random(number), []
        while time.monotonic() < end:
            found.append(client.ask(*chance.choice(asked)))
        return found

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(each_once, range(0, len(asked), -(-len(asked) // CLIENTS))))
        end = time.monotonic() + SECONDS
        return [one for some in pool.map(until_then, range(CLIENTS)) for one in some]


@contextmanager
def _paused(*names: str) -> Iterator[None]:
    """Let some processes of the platform stand still."""
    found = [number for name in names if (number := running(name, run=LAYOUT.run)) is not None]
    for number in found:
        os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        for number in found:
            os.kill(number, signal.SIGCONT)


def _path(name: str, since: date, days: int) -> str:
    return f"/dashboards/{name}?since={since}&until={since + timedelta(days - 1)}"


def _access(role: str) -> Access:
    venues = VENUES.get(role)
    return Access(role=role, venues=frozenset(venues) if venues else None)


def _well(answered: tuple[int, float]) -> float:
    status, seconds = answered
    if status != 200:
        raise RuntimeError(f"The API answered {status}: is all data there? `make status` tells.")
    return seconds


def _p95(times: Sequence[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def _row(times: Sequence[float]) -> list[str]:
    return [f"{seconds * 1000:.0f}" for seconds in (median(times), _p95(times), max(times))]

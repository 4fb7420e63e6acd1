"""The hotels' vendors beside the platform: a process that answers as they do, and one that drops their files."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from local import infra, processes
from local.layout import Layout
from local.processes import Program, answers, wait_until
from local.services import base_environment
from local.settings import Settings

NAME = "vendors"  # the process that answers, its port and its log
DROPPER = "gaming-files"
HISTORY = timedelta(days=730)
BEGIN = "vendors_begin"  # remembered, as another first day would make other hotels


def start(layout: Layout, settings: Settings, seed: str) -> None:
    """Start the vendors where they do not run.

    :param seed: ``demo``: they have traded for two years when they are started for the first time; ``empty``: they
        open today
    :raises ProcessFailed: when the process ends or does not answer, with its log
    """
    begin(settings, seed)
    if processes.running(NAME, run=layout.run) is None:
        settings.choose_port(NAME)
        program(layout, settings).start(NAME, layout.run)
    wait_until(lambda: healthy(settings), name=NAME, run=layout.run, seconds=60)


def begin(settings: Settings, seed: str) -> None:
    """Decide on the vendors' first day of trade, unless it was decided before.

    :param seed: as `start` takes it
    """
    if settings.get(BEGIN) is None:
        today = date.today()  # noqa: DTZ011
        settings.remember(BEGIN, (today if seed == "empty" else today - HISTORY).isoformat())


def program(layout: Layout, settings: Settings) -> Program:
    """Return what answers as the vendors do, on the remembered port."""
    env = {**_environment(layout), "VENDORS_CREDENTIALS": json.dumps(_credentials(settings))}
    return Program(_command(layout, settings, "serve", "--port", str(settings.port(NAME))), env, layout.root)


def healthy(settings: Settings) -> bool:
    """Tell whether the vendors answer."""
    return settings.has_port(NAME) and answers(f"{url(settings)}/control/status")


def url(settings: Settings) -> str:
    """Return the address below which the vendors answer."""
    return f"http://127.0.0.1:{settings.port(NAME)}"


def secrets(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the vendors' secrets: where each is, who one has to be, from when on there is history."""
    return {
        f"quayside/source/{vendor}": {"url": f"{url(settings)}/{vendor}", **known, "begins": settings[BEGIN]}
        for vendor, known in _credentials(settings).items()
    }


def drop_files(layout: Layout, settings: Settings, outputs: dict[str, str]) -> str:
    """Let what the gaming machines have written since the last time be dropped into the inbox, beside all else.

    :return: what happens, for a person
    """
    bucket = outputs.get("inbox_bucket")
    if not bucket:
        return "no inbox: gaming files are not dropped"
    if processes.running(DROPPER, run=layout.run) is None:
        dropper(layout, settings, bucket).start(DROPPER, layout.run)
    return f"gaming files go to s3://{bucket}/aristocrat/"


def dropper(layout: Layout, settings: Settings, bucket: str) -> Program:
    """Return what drops the files that have not been dropped yet, and ends."""
    env = {**_environment(layout), **infra.aws_environment(settings)}
    return Program(_command(layout, settings, "drop", "--bucket", bucket), env, layout.root)


def stop(layout: Layout) -> list[str]:
    """Stop what runs; return its names."""
    return [name for name in (DROPPER, NAME) if processes.stop(name, run=layout.run)]


def _command(layout: Layout, settings: Settings, *words: str) -> list[str]:
    command = [str(layout.python("airflow")), "-m", "local.sources.hospitality", *words]
    return [*command, "--begins", settings[BEGIN]]


def _environment(layout: Layout) -> dict[str, str]:
    return {**base_environment(), "PYTHONPATH": str(layout.root / "include")}


def _credentials(settings: Settings) -> dict[str, dict[str, str]]:
    return {
        "swiftpos": {
            "clerk_id": "900",
            "client_id": "quayside",
            "customer_id": "4711",
            "signature": settings["swiftpos_signature"],
            "identity": "quayside-lake",
        },
        "humanforce": {"key": "quayside", "secret": settings["humanforce_secret"]},
    }

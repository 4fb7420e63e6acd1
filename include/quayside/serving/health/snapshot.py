"""Data health as the watchdog last saw it, for the page in the Airflow UI, which on MWAA has neither contracts nor ledger code."""

import json

from quayside.serving import objects
from quayside.serving.health.health import Health
from quayside.serving.health.promises import load_promises
from quayside.settings import Settings

KEY = "quality/health.json"


def write_snapshot(health: Health, settings: Settings) -> None:
    """Keep the health of all datasets; each with the DAG that brings it about, whose readers may see it.

    :raises Retryable: ledger or lake did not answer
    """
    promises = load_promises()
    datasets = [{**each, "dag": promises[each["name"]].dag} for each in health.everything()]
    text = json.dumps({"at": f"{health.clock():%Y-%m-%dT%H:%M:%SZ}", "datasets": datasets})
    objects.put(settings, KEY, text.encode(), "application/json")

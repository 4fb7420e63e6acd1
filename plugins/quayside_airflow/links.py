"""Buttons on a task's page."""

from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink, conf

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

PREFIX = "/quayside"


class GatePageLink(BaseOperatorLink):
    """Opens the page that shows what the gate found."""

    name = "Gate results"

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002 (Airflow's signature)
        """Return the page's address; it asks for the same login as the UI."""
        return f"{ui()}{PREFIX}/gate/{quote(ti_key.dag_id)}/{quote(ti_key.run_id)}"


def ui() -> str:
    """Return the UI's address, without a slash at its end."""
    return str(conf.get("api", "base_url", fallback="http://localhost:8080")).rstrip("/")

"""What Airflow's UI shows of Quayside: a page of the last runs, and the gate's results of each run."""

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from quayside_airflow.links import PREFIX


class QuaysidePlugin(AirflowPlugin):
    """Pages beside Airflow's own, behind the same login."""

    name = "quayside"
    external_views = [  # noqa: RUF012 (Airflow declares it so)
        # Without a route it opens in a tab of its own: in Airflow's frame its links to runs and logs would be dead.
        {"name": "Quayside runs", "href": f"{PREFIX}/", "destination": "nav", "category": "browse"},
        {"name": "Data health", "href": f"{PREFIX}/health", "destination": "nav", "category": "browse"},
        {
            "name": "Gate results",
            "href": f"{PREFIX}/gate/{{DAG_ID}}/{{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "quayside-gate",
        },
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:
        """The pages; imported by the api-server only, since every task's process loads this plugin too."""
        from quayside_airflow.pages import app

        return [{"name": "Quayside", "app": app, "url_prefix": PREFIX}]

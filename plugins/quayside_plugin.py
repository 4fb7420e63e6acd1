"""The one module here that Airflow loads by itself; it hands over the plugin."""

from quayside_airflow.plugin import QuaysidePlugin

__all__ = ["QuaysidePlugin"]

"""Airflow for the plugin's tests; its environment is set before anything imports it."""

from tests.support import airflow

airflow.use()

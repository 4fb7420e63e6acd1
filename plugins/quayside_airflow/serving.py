"""What keeps the serving stage true to the data."""

from typing import Any

from airflow.sdk import Asset, BaseOperator, Context

from quayside_airflow.stage import final_at_once, run_name


class NewVersionOperator(BaseOperator):
    """Give the datasets whose assets have changed a new version, so that answers that were made before are not given again.

    Run by hand it renews all. Safe to retry: the version is the run's name.
    """

    def execute(self, context: Context) -> list[str]:
        """Note the version, and return the datasets."""
        with final_at_once():
            from quayside.errors import Terminal
            from quayside.serving.answers import Store
            from quayside.serving.answers.versions import changed_by
            from quayside.serving.health import load_promises
            from quayside.settings import Settings

            settings = Settings.from_environment()
            if not settings.serving_table:
                raise Terminal("QUAYSIDE_SERVING_TABLE is not set: apply Terraform, and start Airflow again.")
            told: Any = context["triggering_asset_events"]
            assets = {asset.name for asset in told if isinstance(asset, Asset)}
            datasets = changed_by(assets) if assets else tuple(sorted(load_promises()))
            Store(settings.serving_table).bump(datasets, run_name(context))
        self.log.info("New version of %s", ", ".join(datasets))
        return list(datasets)

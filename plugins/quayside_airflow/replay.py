"""The operator by which a person sends quarantined records through the flow again."""

from typing import Any

from airflow.sdk import Asset, Context

from quayside_airflow.stage import StageOperator, run_name
from quayside_airflow.values import assets_of, contracts_of, event_of, records


class ReplayOperator(StageOperator):
    """Take rejected records of a batch, as they are or corrected, into a batch of their own, and check it as any other.

    What passes is published as the dataset's landed asset, so that the usual DAGs take it on. Corrected records stand in
    the run's parameters for whoever may see the run; they go into no log and no XCom.

    :param dataset: whose records (templated)
    :param batch: that they were rejected from (templated)
    """

    template_fields = ("dataset", "batch")

    def __init__(self, *, dataset: str, batch: str, **kwargs: Any) -> None:
        super().__init__(source="", datasets=(), **kwargs)
        self.dataset, self.batch = dataset, batch

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Replay, and tell what became of the records."""
        given, by = context["params"], context["dag_run"].triggering_user_name or "whoever triggered this run"
        with self.work(context) as work:
            from quayside.quality.gate import gate
            from quayside.quality.replay import replay

            corrected = {int(row): record for row, record in (given["corrected"] or {}).items()}
            landed = replay(
                self.dataset,
                self.batch,
                work.run,
                rows=given["rows"],
                rule=given["rule"],
                corrected=corrected or None,
                by=by,
                reason=given["reason"] or "",
            )
            work.summary = records([landed])
            work.summary += records(gate(contracts_of([self.dataset]), work.run))
            entries = work.run.ledger.pending(self.dataset, "curate")
        source = self.dataset.partition(".")[0]
        for alias in assets_of(self.outlets):
            if entries:
                landing = Asset(name=f"{source}.landed", uri=f"x-quayside://landing/{source}")
                context["outlet_events"][alias].add(landing, extra=event_of(entries, run_name(context)))
        return work.summary

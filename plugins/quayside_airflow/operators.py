"""One operator for each stage: it hands contracts and credentials to the stage's function, and shows what came of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped

from quayside_airflow.links import GatePageLink
from quayside_airflow.stage import StageOperator, Work, run_name
from quayside_airflow.values import assets_of, contracts_of, event_of, moment, records, waiting

if TYPE_CHECKING:
    from quayside.contract import Contract


class LandOperator(StageOperator):
    """Land what changed in the source: all tables from one shared snapshot, a batch for each that has changes.

    Safe to retry: a batch exists only once its manifest does, and the ledger refuses a second one. Skips the rest of
    the run where nothing changed and nothing waits.

    :param since: lands this range again, inclusive, ISO 8601, UTC where it names no zone; the cursor stays (templated)
    :param until: its end, exclusive; the run's own time where empty (templated)
    :param only: datasets to land, with commas; all where empty (templated)
    :param loads_in: the DAG that loads what becomes of it into the warehouse
    """

    template_fields = ("since", "until", "only")

    def __init__(self, *, loads_in: str, since: str = "", until: str = "", only: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.since, self.until, self.only, self.loads_in = since, until, only, loads_in

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Land, and tell for each dataset how many rows of which batch."""
        return self.land_all(context)

    def land_all(self, context: Context) -> list[dict[str, Any]]:
        """Land, and skip the rest of the run where there is nothing to take on."""
        with self.work(context) as work:
            from quayside.watchdog import landed_as_promised

            contracts = contracts_of(self.only.split(",") if self.only else self.datasets)
            bounds = None
            if self.since:
                bounds = moment(self.since), moment(self.until or str(context["dag_run"].run_after))
            work.summary = records(self.land(contracts, work, bounds))
            if not self.since and not self.only:
                landed_as_promised(self.dag_id, self.datasets, self.tables, work.run.ledger, loads_in=self.loads_in)
            waits = waiting(work.run.ledger, self.datasets, "gate", "curate")
        if not waits:
            self.log.info("Nothing changed in %s, and nothing waits: the rest of this run is skipped", self.source)
            raise DownstreamTasksSkipped(tasks=sorted(self.get_flat_relative_ids(upstream=False)))
        return work.summary

    def land(self, contracts: "list[Contract]", work: Work, bounds: tuple[datetime, datetime] | None) -> Iterable[Any]:
        """Land what changed since the last run, or a range again; return what landed, a dataset each."""
        from quayside.landing import backfill, land

        source = work.credentials(f"source/{self.source}")
        return backfill(contracts, work.run, source, *bounds) if bounds else land(contracts, work.run, source)


class CompareKeysOperator(StageOperator):
    """Find rows that were deleted in the source, or are missing in the lake, by comparing all keys and versions."""

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Compare, land tombstones and repairs, and tell how many."""
        with self.work(context) as work:
            from quayside.landing import compare_keys

            source = work.credentials(f"source/{self.source}")
            work.summary = records(compare_keys(contracts_of(self.datasets), work.run, source))
            waits = waiting(work.run.ledger, self.datasets, "gate", "curate")
        if not waits:
            self.log.info("Lake and source hold the same keys: the rest of this run is skipped")
            raise DownstreamTasksSkipped(tasks=sorted(self.get_flat_relative_ids(upstream=False)))
        return work.summary


class GateOperator(StageOperator):
    """Check what waits at the gate against its contracts: rows that break a rule are quarantined, datasets blocked.

    A blocked dataset fails this task; the others have passed nevertheless and flow on.

    :param release: ``<dataset>/<batch>`` of a blocked batch that may pass as it is (templated)
    :param reason: why it may (templated)
    """

    template_fields = ("release", "reason")
    operator_extra_links = (GatePageLink(),)

    def __init__(self, *, release: str = "", reason: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.release, self.reason = release, reason

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Judge, and tell for each batch how many rows were accepted and rejected."""
        with self.work(context) as work:
            from quayside.quality.gate import gate, release

            if self.release:
                dataset, _, batch = self.release.replace("/", " ").partition(" ")
                # A retry of this task finds it done.
                if work.run.ledger.batch(dataset, batch).facts.get("released_in") != work.run.id:
                    by = context["dag_run"].triggering_user_name or "whoever triggered this run"
                    release(dataset, batch, work.run, by=by, reason=self.reason)
            work.summary = records(gate(contracts_of(self.datasets), work.run))
        return work.summary


class PublishOperator(StageOperator):
    """Publish the asset event for data that has passed the gate; skips itself where none waits to be taken on.

    A task of its own, because a failed gate could not publish what has passed it.
    """

    def execute(self, context: Context) -> list[str]:
        """Publish, naming datasets, batches, manifests and the window they span."""
        with self.work(context) as work:
            entries = [entry for name in self.datasets for entry in work.run.ledger.pending(name, "curate")]
            work.summary = [{"dataset": entry.dataset, "batch": entry.batch, "rows": entry.rows} for entry in entries]
        if not entries:
            raise AirflowSkipException("Nothing has passed the gate")
        since = [entry.facts.get("since") for entry in entries]
        until = [entry.facts.get("until") for entry in entries]
        for asset in assets_of(self.outlets):
            context["outlet_events"][asset].extra = {
                **event_of(entries, run_name(context)),
                "window": {
                    "since": None if None in since else min(since),
                    "until": max(filter(None, until), default=None),
                },
            }
        return sorted({entry.dataset for entry in entries})


class CurateOperator(StageOperator):
    """Turn what has passed the gate into current tables and star tables of the lake."""

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Curate, and tell for each table how many rows changed."""
        with self.work(context) as work:
            from quayside.curated import curate

            waits = waiting(work.run.ledger, self.datasets, "curate")
            work.summary = records(curate(contracts_of(self.datasets), contracts_of(self.tables), work.run))
            entries = [entry for name in self.tables for entry in work.run.ledger.pending(name, "load")]
        if not waits and not entries:
            raise AirflowSkipException("Nothing has passed the gate since the last run")
        for asset in assets_of(self.outlets):
            context["outlet_events"][asset].extra = event_of(entries, run_name(context))
        return work.summary


class LoadOperator(StageOperator):
    """Load the star tables' changes into the warehouse, in one transaction, and publish an asset for each table loaded."""

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Load, and tell for each table how many rows were new."""
        with self.work(context) as work:
            from quayside.warehouse import load

            loaded = load(contracts_of(self.tables), work.run, work.credentials("warehouse"))
            work.summary = records(loaded)
        for alias in self.outlets:
            for record in work.summary:
                context["outlet_events"][alias].add(
                    Asset(name=record["dataset"]), extra={**record, "run": run_name(context)}
                )
        return work.summary


class ReconcileOperator(StageOperator):
    """Compare count, key hash and money sums of source, lake and warehouse for everything that this run loaded."""

    def execute(self, context: Context) -> list[Any]:
        """Reconcile, store the figures, and tell them."""
        with self.work(context) as work:
            from quayside.quality.reconciliation import reconcile

            lines = reconcile(
                contracts_of(self.datasets), contracts_of(self.tables), work.run, work.credentials("warehouse")
            )
            work.summary = records(lines)
        return work.summary


class WatchdogOperator(BaseOperator):
    """Look from outside for attempts that fell silent and pipelines that are stale; tell once, and once when over.

    What it sees of all datasets is kept for the page of data health.
    """

    def execute(self, context: Context) -> list[str]:
        """Look, and return what was told."""
        from quayside.run import Run
        from quayside.serving.health import Health
        from quayside.serving.health.snapshot import write_snapshot
        from quayside.watchdog import check
        from quayside_airflow.links import ui

        task = context["ti"]
        run = Run.of(run_name(context))
        told = check(run, paused=lambda dag: task.get_dag(dag).is_paused, link=lambda dag: f"{ui()}/dags/{dag}")
        for line in told:
            self.log.warning("%s", line)
        write_snapshot(Health(run.settings.ledger_table, ui()), run.settings)
        return told

"""From a pipeline's declaration to its DAGs; the stages are wired by assets, so that only gated data flows on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Asset, AssetAlias, CronDataIntervalTimetable, CronTriggerTimetable, Param

from quayside.pipeline import Pipeline
from quayside_airflow import docs
from quayside_airflow.callbacks import tell_failure, tell_recovery
from quayside_airflow.operators import (
    CompareKeysOperator,
    CurateOperator,
    GateOperator,
    LandOperator,
    LoadOperator,
    PublishOperator,
    ReconcileOperator,
    WatchdogOperator,
)

# A backfill reaches no further back; without catch-up it starts nothing by itself.
START = datetime(2020, 1, 1, tzinfo=UTC)
RETRIES = {
    "retries": 4,
    "retry_delay": timedelta(seconds=20),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
}
TOLD = {"on_failure_callback": tell_failure, "on_success_callback": tell_recovery, "on_skipped_callback": tell_recovery}


def assemble(pipeline: Pipeline) -> list[DAG]:
    """Return the DAGs of a pipeline: landing, curated, warehouse, and the daily search for deleted rows."""
    # The scheme begins with x-: for any other, Airflow imports its providers to normalise it, 0.7 s at every parse.
    landed = Asset(
        name=f"{pipeline.name}.landed",
        uri=f"x-quayside://landing/{pipeline.name}",
        extra={"datasets": list(pipeline.datasets)},
    )
    curated = Asset(
        name=f"{pipeline.name}.curated",
        uri=f"x-quayside://curated/{pipeline.name}",
        extra={"tables": list(pipeline.tables)},
    )
    return [
        _landing(pipeline, landed),
        _deletes(pipeline, landed),
        _curated(pipeline, landed, curated),
        _warehouse(pipeline, curated),
    ]


def watch(*, owner: str, every: timedelta) -> DAG:
    """Return the DAG that notices what a killed task cannot say."""
    with DAG(
        "quayside_watchdog",
        schedule=CronTriggerTimetable(_cron(every), timezone="UTC"),
        catchup=False,
        start_date=START,
        max_active_runs=1,
        dagrun_timeout=every,
        tags=["quayside", "watchdog"],
        description="Looks from outside for vanished tasks and stale pipelines",
        doc_md=docs.WATCHDOG,
        default_args={
            "owner": owner,
            "retries": 1,
            "retry_delay": timedelta(seconds=10),
            "execution_timeout": timedelta(minutes=2),
            "on_failure_callback": tell_failure,
            "on_success_callback": tell_recovery,
        },
    ) as dag:
        WatchdogOperator(task_id="look", doc_md=docs.of(WatchdogOperator))
    return dag


def _landing(pipeline: Pipeline, landed: Asset) -> DAG:
    with _dag(
        pipeline,
        "landing",
        "What changed in the source, checked against the contracts",
        schedule=CronDataIntervalTimetable(_cron(pipeline.schedule), timezone="UTC"),
        params=_params(pipeline),
    ) as dag:
        land = LandOperator(
            since="{{ params.since or (data_interval_start if dag_run.run_type == 'backfill' else '') }}",
            until="{{ params.until or (data_interval_end if dag_run.run_type == 'backfill' else '') }}",
            only="{{ (params.datasets or []) | join(',') }}",
            **_task(pipeline, LandOperator, "land", hours=4),
        )
        gate = GateOperator(
            release="{{ params.release or '' }}",
            reason="{{ params.release_reason or '' }}",
            **_task(pipeline, GateOperator, "gate"),
        )
        land >> gate >> _publish(pipeline, landed)
    return dag


def _deletes(pipeline: Pipeline, landed: Asset) -> DAG:
    with _dag(
        pipeline,
        "deletes",
        "Rows that were deleted in the source, or are missing in the lake",
        schedule=CronTriggerTimetable(pipeline.compares_keys_at, timezone="UTC"),
    ) as dag:
        compare = CompareKeysOperator(**_task(pipeline, CompareKeysOperator, "compare_keys", hours=4))
        compare >> GateOperator(**_task(pipeline, GateOperator, "gate")) >> _publish(pipeline, landed)
    return dag


def _curated(pipeline: Pipeline, landed: Asset, curated: Asset) -> DAG:
    with _dag(pipeline, "curated", "Current tables and star tables in the lake", schedule=[landed]) as dag:
        CurateOperator(outlets=[curated], **_task(pipeline, CurateOperator, "curate", hours=4))
    return dag


def _warehouse(pipeline: Pipeline, curated: Asset) -> DAG:
    # An alias, because only the tables that were loaded are published.
    loaded = AssetAlias(f"{pipeline.name}.loaded")
    with _dag(
        pipeline, "warehouse", "The star schemas in PostgreSQL, reconciled with source and lake", schedule=[curated]
    ) as dag:
        load = LoadOperator(outlets=[loaded], **_task(pipeline, LoadOperator, "load", hours=4))
        load >> ReconcileOperator(**_task(pipeline, ReconcileOperator, "reconcile"))
    return dag


def _publish(pipeline: Pipeline, landed: Asset) -> PublishOperator:
    """Return a teardown: it runs though the gate failed, and the gate's failure is still the run's."""
    return PublishOperator(outlets=[landed], **_task(pipeline, PublishOperator, "publish")).as_teardown()


def _dag(pipeline: Pipeline, stage: str, description: str, **kwargs: Any) -> DAG:
    return DAG(
        f"{pipeline.name}_{stage}",
        description=f"{pipeline.name}: {description[0].lower()}{description[1:]}",
        doc_md=docs.dag(pipeline, stage, description),
        tags=[pipeline.name, stage, *pipeline.tags],
        start_date=START,
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=12),
        default_args=RETRIES | TOLD,
        **kwargs,
    )


def _task(pipeline: Pipeline, operator: Callable[..., Any], task_id: str, *, hours: int = 1) -> dict[str, Any]:
    return {
        "task_id": task_id,
        "source": pipeline.name,
        "datasets": pipeline.datasets,
        "tables": pipeline.tables,
        "owner": pipeline.owner,
        "execution_timeout": timedelta(hours=hours),
        "doc_md": docs.of(operator),
    }


def _params(pipeline: Pipeline) -> dict[str, Param]:
    """Return what a person may say when triggering a run by hand."""
    return {
        "datasets": Param(
            None,
            type=["null", "array"],
            title="Only these datasets",
            items={"type": "string", "enum": list(pipeline.datasets)},
            examples=list(pipeline.datasets),
            description_md="All of them where none is chosen.",
        ),
        "since": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="Land again from",
            description_md="Lands rows last updated in this range once more, without moving the cursor. Inclusive.",
        ),
        "until": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="Land again until",
            description_md="Exclusive; the time of the run where empty.",
        ),
        "release": Param(
            None,
            type=["null", "string"],
            title="Release a blocked batch",
            description_md="Dataset and batch, as the gate's message names them: it passes although a rule blocks it.",
        ),
        "release_reason": Param(
            None,
            type=["null", "string"],
            title="Why it may pass",
            description_md="Kept in the ledger with your name.",
        ),
    }


def _cron(interval: timedelta) -> str:
    minutes = interval // timedelta(minutes=1)
    return "0 * * * *" if minutes == 60 else f"*/{minutes} * * * *"

"""From declarations to DAGs; the stages are wired by assets, so that only gated data flows on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Asset, AssetAlias, AssetAny, CronDataIntervalTimetable, CronTriggerTimetable
from airflow.sdk.bases.timetable import BaseTimetable

from quayside.pipeline import Daily, Pipeline, Product
from quayside_airflow import docs, params
from quayside_airflow.arrivals import LandFeedOperator, LandFilesOperator
from quayside_airflow.callbacks import tell_failure, tell_recovery
from quayside_airflow.glue import (
    AlignOperator,
    CrawlOperator,
    DriftOperator,
    PlanOperator,
    PublishCuratedOperator,
    RunGlueJobOperator,
)
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
from quayside_airflow.replay import ReplayOperator
from quayside_airflow.serving import NewVersionOperator
from quayside_airflow.users import ReconcileUsersOperator

# A backfill reaches no further back; without catch-up it starts nothing by itself.
START = datetime(2020, 1, 1, tzinfo=UTC)
RETRIES = {
    "retries": 4,
    "retry_delay": timedelta(seconds=20),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
}
TOLD = {"on_failure_callback": tell_failure, "on_success_callback": tell_recovery, "on_skipped_callback": tell_recovery}
LAND = {"tables": LandOperator, "feed": LandFeedOperator, "files": LandFilesOperator}
CRAWLERS = ("aristocrat", "rosters", "sales", "timesheets")


def assemble(declared: Pipeline | Product) -> list[DAG]:
    """Return the DAGs of a pipeline, or of all pipelines of a product and those that they share."""
    if isinstance(declared, Pipeline):
        return [
            _landing(declared, loads_in=f"{declared.name}_warehouse"),
            _deletes(declared),
            _curated_here(declared),
            _warehouse(declared, declared),
        ]
    own = [
        dag
        for pipeline in declared.pipelines
        for dag in (
            _landing(pipeline, loads_in=f"{declared.name}_warehouse"),
            _curated_by_glue(pipeline, declared.curated(pipeline)),
        )
    ]
    return [*own, _warehouse(declared, *declared.pipelines), _drift(declared)]


def watch(*, owner: str, every: timedelta) -> DAG:
    """Return the DAG that notices what a killed task cannot say."""
    with DAG(
        "quayside_watchdog",
        schedule=_at(every),
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


def replay(*, owner: str) -> DAG:
    """Return the DAG in which a person sends quarantined records through the flow again."""
    with DAG(
        "quayside_replay",
        schedule=None,
        start_date=START,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=1),
        tags=["quayside", "quarantine"],
        description="Quarantined records, corrected or released, through the same flow again",
        doc_md=docs.REPLAY,
        params=params.replay(),
        default_args=RETRIES | TOLD,
    ) as dag:
        ReplayOperator(
            task_id="replay",
            dataset="{{ params.dataset or '' }}",
            batch="{{ params.batch or '' }}",
            owner=owner,
            # An alias, because it is the dataset's own asset that wakes what comes next.
            outlets=[AssetAlias("quayside.replayed")],
            execution_timeout=timedelta(minutes=30),
            doc_md=docs.of(ReplayOperator),
        )
    return dag


def reconcile_users(*, owner: str, every: timedelta) -> DAG:
    """Return the DAG that lets Cognito follow the records of users."""
    with DAG(
        "quayside_users",
        schedule=_at(every),
        catchup=False,
        start_date=START,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=1),
        tags=["quayside", "users"],
        description="Accounts in Cognito, kept as the records of users say",
        doc_md=docs.USERS,
        default_args={"owner": owner, "execution_timeout": timedelta(minutes=30)} | RETRIES | TOLD,
    ) as dag:
        ReconcileUsersOperator(task_id="reconcile", doc_md=docs.of(ReconcileUsersOperator))
    return dag


def serve(*, owner: str, curated: tuple[str, ...], loaded: tuple[str, ...]) -> DAG:
    """Return the DAG that lets kept answers go once their data has changed.

    :param curated: pipelines whose tables in the lake are asked
    :param loaded: pipelines and products whose star tables are asked
    """
    lake = [Asset.ref(name=f"{pipeline}.curated") for pipeline in curated]
    with DAG(
        "quayside_serving",
        schedule=AssetAny(*lake, *(AssetAlias(f"{name}.loaded") for name in loaded)),
        catchup=False,
        start_date=START,
        max_active_runs=1,
        dagrun_timeout=timedelta(minutes=30),
        tags=["quayside", "serving"],
        description="Gives data that has changed a new version, so that dashboards are answered anew",
        doc_md=docs.SERVING,
        default_args=RETRIES | TOLD,
    ) as dag:
        NewVersionOperator(
            task_id="renew",
            owner=owner,
            execution_timeout=timedelta(minutes=5),
            doc_md=docs.of(NewVersionOperator),
        )
    return dag


def _landing(pipeline: Pipeline, *, loads_in: str) -> DAG:
    operator = LAND[pipeline.lands]
    if pipeline.lands == "files":
        by_hand = {"patience": _patience(pipeline.schedule)}
    else:
        by_hand = {
            "since": "{{ params.since or (data_interval_start if dag_run.run_type == 'backfill' else '') }}",
            "until": "{{ params.until or (data_interval_end if dag_run.run_type == 'backfill' else '') }}",
            "only": "{{ (params.datasets or []) | join(',') }}",
        }
    with _dag(
        pipeline,
        "landing",
        "What changed in the source, checked against the contracts",
        kind=f"landing.{pipeline.lands}",
        schedule=_windows(pipeline.schedule),
        params=params.landing(pipeline),
    ) as dag:
        land = operator(loads_in=loads_in, **by_hand, **_task(pipeline, operator, "land", hours=4))
        gate = GateOperator(
            release="{{ params.release or '' }}",
            reason="{{ params.release_reason or '' }}",
            **_task(pipeline, GateOperator, "gate"),
        )
        land >> gate >> _publish(pipeline)
    return dag


def _deletes(pipeline: Pipeline) -> DAG:
    with _dag(
        pipeline,
        "deletes",
        "Rows that were deleted in the source, or are missing in the lake",
        schedule=_at(pipeline.compares_keys_at),
    ) as dag:
        compare = CompareKeysOperator(**_task(pipeline, CompareKeysOperator, "compare_keys", hours=4))
        compare >> GateOperator(**_task(pipeline, GateOperator, "gate")) >> _publish(pipeline)
    return dag


def _curated_here(pipeline: Pipeline) -> DAG:
    with _dag(pipeline, "curated", "Current tables and star tables in the lake", schedule=[_landed(pipeline)]) as dag:
        CurateOperator(outlets=[_curated(pipeline)], **_task(pipeline, CurateOperator, "curate", hours=4))
    return dag


def _curated_by_glue(pipeline: Pipeline, curated: tuple[str, ...]) -> DAG:
    with _dag(
        pipeline,
        "curated",
        "Curated tables in the lake, made by a Glue job",
        kind="curated.glue",
        schedule=[_landed(pipeline)],
    ) as dag:
        plan = PlanOperator(**_task(pipeline, PlanOperator, "plan") | {"tables": curated})
        job = RunGlueJobOperator(
            task_id="curate",
            plan=plan.task_id,
            owner=pipeline.owner,
            execution_timeout=timedelta(hours=2),
            doc_md=docs.of(RunGlueJobOperator),
        )
        publish = PublishCuratedOperator(
            outlets=[_curated(pipeline)],
            **_task(pipeline, PublishCuratedOperator, "publish") | {"datasets": curated},
        )
        plan >> job >> publish
    return dag


def _warehouse(declared: Pipeline | Product, *pipelines: Pipeline) -> DAG:
    # An alias, because only the tables that were loaded are published.
    loaded = AssetAlias(f"{declared.name}.loaded")
    with _dag(
        declared,
        "warehouse",
        "The star schemas in PostgreSQL, reconciled with source and lake",
        schedule=AssetAny(*map(_curated, pipelines)),
    ) as dag:
        load = LoadOperator(outlets=[loaded], **_task(declared, LoadOperator, "load", hours=4))
        load >> ReconcileOperator(**_task(declared, ReconcileOperator, "reconcile"))
    return dag


def _drift(product: Product) -> DAG:
    with _dag(
        product,
        "drift",
        "What crawlers infer of the landing zone, held against the contracts",
        schedule=_at(product.looks_for_drift),
    ) as dag:
        compare = DriftOperator(
            files=tuple(name for each in product.pipelines if each.lands == "files" for name in each.datasets),
            **_task(product, DriftOperator, "compare"),
        )
        for crawler in CRAWLERS:
            crawl = CrawlOperator(
                task_id=f"crawl_{crawler}",
                crawler=crawler,
                owner=product.owner,
                execution_timeout=timedelta(hours=2),
                doc_md=docs.of(CrawlOperator),
            )
            crawl >> compare
        # A teardown: what has drifted is to be looked at in Athena all the same.
        compare >> AlignOperator(**_task(product, AlignOperator, "align")).as_teardown()
    return dag


def _landed(pipeline: Pipeline) -> Asset:
    # The scheme begins with x-: for any other, Airflow imports its providers to normalise it, 0.7 s at every parse.
    return Asset(
        name=f"{pipeline.name}.landed",
        uri=f"x-quayside://landing/{pipeline.name}",
        extra={"datasets": list(pipeline.datasets)},
    )


def _curated(pipeline: Pipeline) -> Asset:
    return Asset(
        name=f"{pipeline.name}.curated",
        uri=f"x-quayside://curated/{pipeline.name}",
        extra={"tables": list(pipeline.tables)},
    )


def _publish(pipeline: Pipeline) -> PublishOperator:
    """Return a teardown: it runs though the gate failed, and the gate's failure is still the run's."""
    return PublishOperator(outlets=[_landed(pipeline)], **_task(pipeline, PublishOperator, "publish")).as_teardown()


def _dag(declared: Pipeline | Product, stage: str, description: str, *, kind: str = "", **kwargs: Any) -> DAG:
    return DAG(
        f"{declared.name}_{stage}",
        description=f"{declared.name}: {description[0].lower()}{description[1:]}",
        doc_md=docs.dag(declared, kind or stage, description),
        tags=[declared.name, stage, *declared.tags],
        start_date=START,
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=12),
        default_args=RETRIES | TOLD,
        **kwargs,
    )


def _task(
    declared: Pipeline | Product, operator: Callable[..., Any], task_id: str, *, hours: int = 1
) -> dict[str, Any]:
    return {
        "task_id": task_id,
        "source": declared.name,
        "datasets": declared.datasets,
        "tables": declared.tables,
        "owner": declared.owner,
        "execution_timeout": timedelta(hours=hours),
        "doc_md": docs.of(operator),
    }


def _windows(schedule: timedelta | Daily) -> BaseTimetable:
    """Return a timetable whose runs have a window, as a backfill needs it."""
    return CronDataIntervalTimetable(*_cron(schedule))


def _at(schedule: timedelta | Daily) -> BaseTimetable:
    cron, time_zone = _cron(schedule)
    return CronTriggerTimetable(cron, timezone=time_zone)


def _cron(schedule: timedelta | Daily) -> tuple[str, str]:
    """Return a cron expression and the zone whose clock it means."""
    if isinstance(schedule, Daily):
        return f"{schedule.at.minute} {schedule.at.hour} * * *", schedule.time_zone
    minutes = schedule // timedelta(minutes=1)
    return ("0 * * * *" if minutes == 60 else f"*/{minutes} * * * *"), "UTC"


def _patience(schedule: timedelta | Daily) -> timedelta:
    """Return how long a run may wait for files: until just before the next one's turn."""
    return (timedelta(days=1) if isinstance(schedule, Daily) else schedule) - timedelta(minutes=1)

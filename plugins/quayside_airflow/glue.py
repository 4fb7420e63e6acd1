"""Operators around Glue: what its job has to do and what became of it; the crawlers, and what they infer.

Job and crawler are started by the Amazon provider's own operators. These are made when a task runs: importing them costs
0.3 s, which no DAG file need pay each time it is read.
"""

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from quayside_airflow.stage import StageOperator, run_name
from quayside_airflow.values import assets_of, contracts_of, event_of, moment, records

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
    from airflow.providers.amazon.aws.operators.glue_crawler import GlueCrawlerOperator


class PlanOperator(StageOperator):
    """Write down what the Glue job has to do: which batches, into which tables. Skips the run where nothing waits."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Plan, and return the job's name and arguments: addresses only."""
        with self.work(context) as work:
            from quayside.curated.plan import plan

            planned = plan(contracts_of(self.tables), work.run)
            job = work.run.settings.named(self.source)
        if planned is None:
            raise AirflowSkipException("Nothing has passed the gate since the last run")
        # By this a retry finds its run again; of another plan, a run is another's.
        return {
            "job": job,
            "arguments": {**planned.arguments, "--airflow_task_uuid": f"{run_name(context)}/{planned.version}"},
        }


class RunGlueJobOperator(BaseOperator):
    """Let the Glue job do what was planned, and wait for it without holding a worker.

    A retry finds a run of this task that still goes on, instead of starting another.

    :param plan: the task whose XCom names the job and its arguments
    :param interval: seconds between two looks at the job
    """

    def __init__(self, *, plan: str, interval: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan, self.interval = plan, interval

    def execute(self, context: Context) -> Any:
        """Start the job and defer."""
        job = self._job(context)
        return type(job).execute.__wrapped__(job, context)  # type: ignore[attr-defined]  # less the warning that it is nested

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        """Return the run's id.

        :raises AirflowException: the job has failed; the message says why
        """
        if event and event["status"] != "success":
            reason = event["message"].partition("\n")[0].removeprefix("AWS Glue job failed.: ")
            raise AirflowException(
                f"Glue run {event['run_id']}: {reason}. Its log: /aws-glue/jobs/error in CloudWatch."
            )
        return self._job(context).execute_complete(context, event)

    def _job(self, context: Context) -> "GlueJobOperator":
        from airflow.providers.amazon.aws.operators.glue import GlueJobOperator

        planned = context["ti"].xcom_pull(task_ids=self.plan)
        timeout = self.execution_timeout.total_seconds() if self.execution_timeout else 3600
        return GlueJobOperator(
            task_id=self.task_id,
            aws_conn_id=None,  # credentials come from where the platform's own clients find them
            job_name=planned["job"],
            script_args=planned["arguments"],
            deferrable=True,
            resume_glue_job_on_retry=True,
            waiter_delay=self.interval,
            waiter_max_attempts=int(timeout // self.interval),
        )


class PublishCuratedOperator(StageOperator):
    """Point the catalog to what the job wrote, derive the stars' changes, and publish the asset for who loads them."""

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Publish, and tell for each table how many rows changed."""
        with self.work(context) as work:
            from quayside.curated.publish import publish

            work.summary = records(publish(contracts_of(self.datasets), work.run))
            entries = [entry for name in self.tables for entry in work.run.ledger.pending(name, "load")]
        for asset in assets_of(self.outlets):
            context["outlet_events"][asset].extra = event_of(entries, run_name(context))
        return work.summary


class CrawlOperator(BaseOperator):
    """Let a crawler look at what has landed, and wait for it without holding a worker.

    :param crawler: its name, without the platform's
    :param interval: seconds between two looks at the crawler
    """

    def __init__(self, *, crawler: str, interval: int = 5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.crawler, self.interval = crawler, interval

    def execute(self, context: Context) -> Any:
        """Start the crawler and defer; one that runs already is waited for."""
        crawl = self._crawl()
        return type(crawl).execute.__wrapped__(crawl, context)  # type: ignore[attr-defined]

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        """Return the crawler's name.

        :raises AirflowException: the crawl has failed; the message says why
        """
        crawl = self._crawl()
        name = crawl.execute_complete(context, event)
        last = crawl.hook.get_crawler(name)["LastCrawl"]  # that a crawler is ready again does not say that it succeeded
        if last["Status"] != "SUCCEEDED":
            raise AirflowException(f"Crawler {name}: {last['Status']}: {last.get('ErrorMessage', 'see its log')}")
        return name

    def _crawl(self) -> "GlueCrawlerOperator":
        from airflow.providers.amazon.aws.operators.glue_crawler import GlueCrawlerOperator

        from quayside.settings import Settings

        return GlueCrawlerOperator(
            task_id=self.task_id,
            aws_conn_id=None,
            config={"Name": Settings.from_environment().named(self.crawler)},
            poll_interval=self.interval,
            deferrable=True,
            fail_on_already_running=False,
        )


class DriftOperator(StageOperator):
    """Compare what the crawlers infer from the last days' batches with what the contracts promise.

    A field of another type, or one that is gone, fails this task, which is told as any failure is. A field that was not
    there before is reported, and known from then on.

    :param files: the datasets whose records are lines of text, and so have fields of text only
    """

    def __init__(self, *, files: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.files = files

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Compare, and tell every difference."""
        with self.work(context) as work:
            from quayside.quality.drift import drift, refuse

            crawled = moment(context["dag_run"].start_date.isoformat())
            found = drift(contracts_of(self.datasets), work.run, crawled=crawled, texts=self.files)
            work.summary = records(found)
            context["ti"].xcom_push(key="differences", value=work.summary)
            refuse(found)
        return work.summary


class AlignOperator(StageOperator):
    """Give what the crawlers inferred one schema for each table, so that Athena can read all of its batches."""

    def execute(self, context: Context) -> int:
        """Align, and return how many partitions had another schema."""
        with self.work(context) as work:
            from quayside.quality.inferred import align

            aligned = align(contracts_of(self.datasets), work.run)
            work.summary = [{"note": f"{aligned} partitions had other fields than their table"}]
        return aligned

"""What is told when a task has failed for good, and when it works again."""

from airflow.sdk import Context
from airflow.sdk.log import redact


def tell_failure(context: Context) -> None:
    """Publish why a task failed, with a link to its log; once per incident.

    Airflow calls this elsewhere, and without an exception, for a task whose process is gone.
    """
    from quayside.alerts import Alert, raise_alert
    from quayside.ledger import Ledger
    from quayside.settings import Settings

    task = context["ti"]
    settings = Settings.from_environment()
    error = context.get("exception")
    reason = str(error) or type(error).__name__ if error else "Its process is gone: see its log and the scheduler's."
    raise_alert(
        Alert(
            subject=f"{task.dag_id}#{task.task_id}",
            headline=f"{task.dag_id}.{task.task_id} failed",
            reason=str(redact(reason)),
            link=task.log_url,
            run=task.run_id,
        ),
        settings,
        Ledger.of(settings),
        surmised=error is None,
    )


def tell_recovery(context: Context) -> None:
    """Publish that a task works again, if it was known to fail."""
    from quayside.alerts import recover
    from quayside.ledger import Ledger
    from quayside.settings import Settings

    task = context["ti"]
    settings = Settings.from_environment()
    recover(
        f"{task.dag_id}#{task.task_id}",
        link=task.log_url,
        run=task.run_id,
        settings=settings,
        ledger=Ledger.of(settings),
    )

"""What the operators of all stages have in common: a run, progress in the UI, a sign of life, and errors mapped once."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

if TYPE_CHECKING:
    from quayside.run import Run
    from quayside.settings import Credentials
    from quayside.watchdog import Attempt


# They tell at length what nobody asked; the log of a stage is for people.
TALKATIVE = ("botocore", "great_expectations", "httpx")
TOLD = ("dataset", "batch", "rows", "rejected", "changed", "equal", "drift", "warnings", "note")
EVERY = 1.0  # seconds between two updates of the UI: each XCom is a request


class Work:
    """One attempt at a stage.

    :param run: what the stage's function is given
    :param attempt: what the watchdog knows of it
    """

    def __init__(self, run: "Run", attempt: "Attempt") -> None:
        self.run, self._attempt = run, attempt

    def credentials(self, name: str) -> "Credentials":
        """Read a secret, and keep its password out of every log."""
        from airflow.sdk.log import mask_secret

        from quayside.settings import credentials

        found = credentials(name, self.run.settings)
        mask_secret(found.password)
        return found

    def secret(self, name: str) -> dict[str, Any]:
        """Read a secret of any shape, and keep it out of every log, less what is known to be none."""
        from airflow.sdk.log import mask_secret

        from quayside.settings import secret

        found = secret(name, self.run.settings)
        for field, value in found.items():
            if field not in ("url", "begins") and not field.endswith("_id"):
                mask_secret(str(value))
        return found

    @property
    def summary(self) -> list[dict[str, Any]]:
        """What was done, for the UI: JSON values, a record per dataset."""
        return self._attempt.summary

    @summary.setter
    def summary(self, value: list[dict[str, Any]]) -> None:
        self._attempt.summary = value


class Progress:
    """Shows how far each dataset is: a line in the log, and an XCom per dataset that is replaced as work goes on."""

    def __init__(self, operator: BaseOperator, context: Context) -> None:
        self._log, self._task = operator.log, context["ti"]
        self._started: dict[str, float] = {}
        self._unshown: dict[str, dict[str, Any]] = {}
        self._shown_at = time.monotonic()
        self._lock = threading.Lock()  # stages work in threads; the channel to Airflow takes one message at a time

    def __call__(self, dataset: str, message: str) -> None:
        """Tell that something happened to a dataset."""
        with self._lock:
            now = time.monotonic()
            seconds = round(now - self._started.setdefault(dataset, now), 1)
            self._log.info("%s: %s", dataset, message)
            self._unshown[dataset] = {"state": message, "seconds": seconds}
            if now - self._shown_at > EVERY:
                self._show()

    def finish(self, summary: list[dict[str, Any]]) -> None:
        """Show the last word on each dataset."""
        with self._lock:
            for record in summary:
                if record.get("dataset") in self._unshown:
                    figures = {
                        name: record[name] for name in ("rows", "batch", "rejected", "changed") if name in record
                    }
                    self._unshown[record["dataset"]].update(figures)
            self._show()
        lines = (", ".join(f"{name} {record[name]}" for name in TOLD if name in record) for record in summary)
        for line in dict.fromkeys(lines):
            self._log.info("%s", line.removeprefix("dataset "))

    def _show(self) -> None:
        for dataset, value in self._unshown.items():
            self._task.xcom_push(key=dataset, value=value)
        self._unshown.clear()
        self._shown_at = time.monotonic()


class StageOperator(BaseOperator):
    """A stage of a pipeline: safe to retry, as the stages' functions are.

    :param source: the pipeline's name, whose datasets these are
    :param datasets: full names of the source datasets
    :param tables: full names of the warehouse tables
    :raises AirflowFailException: somebody has to change something first; the message says what
    """

    ui_color = "#e8f1f8"

    def __init__(self, *, source: str, datasets: tuple[str, ...], tables: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source, self.datasets, self.tables = source, datasets, tables

    @contextmanager
    def work(self, context: Context) -> Iterator[Work]:
        """Do the stage's work inside: its progress is shown and the watchdog sees it live."""
        from quayside.run import Run
        from quayside.watchdog import Attempt, watched

        for name in TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        task = context["ti"]
        with final_at_once():
            progress = Progress(self, context)
            run = Run.of(run_name(context), progress)
            attempt = Attempt(
                dag=task.dag_id,
                task=task.task_id,
                run=task.run_id,
                link=task.log_url,
                timeout=self.execution_timeout or timedelta(days=1),
            )
            with watched(attempt, run.ledger):
                self.log.info("::group::Progress")
                try:
                    yield Work(run, attempt)
                finally:
                    self.log.info("::endgroup::")
                    progress.finish(attempt.summary)


@contextmanager
def final_at_once() -> Iterator[None]:
    """Fail a task for good on what no other try would change.

    :raises AirflowFailException: somebody has to change something first; the message says what
    """
    from quayside.errors import Terminal

    try:
        yield
    except Terminal as error:  # anything else is worth another try
        raise AirflowFailException(str(error)) from error


def run_name(context: Context) -> str:
    """Return the run's name in lake and ledger: run ids alone repeat from DAG to DAG."""
    return f"{context['ti'].dag_id}/{context['ti'].run_id}"

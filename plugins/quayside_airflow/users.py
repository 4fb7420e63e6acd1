"""The operator that lets Cognito follow the records of users."""

from typing import Any

from airflow.sdk import Context

from quayside_airflow.stage import StageOperator
from quayside_airflow.values import records


class ReconcileUsersOperator(StageOperator):
    """Let Cognito follow the records of users: do what a request left undone, and repair what has drifted, both ways.

    An account that is nobody's is disabled, a missing one made again, a wrong address or state put right. Safe to
    repeat and to kill: what is right already is left alone. Its XCom lists what was done.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(source="", datasets=(), **kwargs)

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Reconcile, and tell what was done; what could be done is done before a failure is told."""
        with self.work(context) as work:
            from quayside.serving.users.directory import Directory
            from quayside.serving.users.follow import reconcile
            from quayside.serving.users.record import By
            from quayside.serving.users.settings import UserSettings
            from quayside.serving.users.store import Store

            settings = UserSettings.from_environment()
            done = reconcile(Store.of(settings), Directory.of(settings), By("reconciler", work.run.id))
            work.summary = records(done)
            for repair in done:
                self.log.info("%s: %s", repair.subject, repair.action)
        return work.summary

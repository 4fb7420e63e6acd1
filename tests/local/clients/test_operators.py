"""The amazon provider's operators, sensors and triggers in DAGs that know nothing of us."""

import functools
import gc
import json
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from quayside.settings import Settings
from tests.support import airflow
from tests.support.aws import REGION

airflow.use()

SALES = [
    {"id": 1, "price": "10.00", "day": "2023-11-01"},
    {"id": 2, "price": "0.05", "day": "2023-11-02"},
    {"id": 3, "price": "7.50", "day": "2023-11-02"},
]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
RIGHTS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:*", "glue:*", "logs:*"], "Resource": "*"}],
}


class Runner:
    """Runs the DAGs of this folder in this process, against one test's lake."""

    def __init__(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        from airflow.dag_processing.bundles.manager import DagBundlesManager
        from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
        from airflow.sdk.execution_time import supervisor, task_runner

        self.settings, self.name = settings, f"lake-{uuid.uuid4().hex[:8]}"
        self.errors: dict[str, BaseException] = {}
        # Else every task builds an API server of its own, for 2.5 s.
        monkeypatch.setattr(supervisor, "in_process_api_server", functools.cache(supervisor.in_process_api_server))
        finalize = task_runner.finalize

        def keep_the_error(ti: Any, state: Any, context: Any, log: Any, error: Any = None) -> None:
            if error is not None:
                self.errors[ti.task_id] = error
            finalize(ti, state, context, log, error)

        monkeypatch.setattr(task_runner, "finalize", keep_the_error)
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")  # as on MWAA
        place = f"s3://{settings.lake_bucket}/answers/"
        athena = {"s3_staging_dir": place, "poll_interval": 0.2, "region_name": REGION}
        connection = {"conn_type": "athena", "schema": settings.catalog_database, "extra": athena}
        monkeypatch.setenv("AIRFLOW_CONN_ATHENA_SQL", json.dumps(connection))
        bag = DagBag(Path(__file__).parent / "dags", include_examples=False)
        assert bag.import_errors == {}
        DagBundlesManager().sync_bundles_to_db()
        sync_bag_to_db(bag, "dags-folder", None)  # whose folder is another: `DAG.test()` would not find ours
        self._dags = bag.dags
        iam = boto3.client("iam")
        iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.put_role_policy(RoleName=self.name, PolicyName="all", PolicyDocument=json.dumps(RIGHTS))

    def run(self, dag_id: str) -> dict[str, str]:
        """Run a DAG as if triggered by hand; return each task's state."""
        params = {"bucket": self.settings.lake_bucket, "database": self.settings.catalog_database,
                  "role": self.name, "name": self.name}  # fmt: skip
        gc.collect()  # an alarm that rings amid a long one is lost in hypothesis's callback, and its task never ends
        self._run = self._dags[dag_id].test(logical_date=None, run_conf=params)
        return {task.task_id: str(task.state) for task in self._run.get_task_instances()}

    def result(self, task_id: str) -> Any:
        """Return what a task of the last run returned."""
        from airflow.models.xcom import XComModel
        from airflow.sdk.serde import deserialize
        from airflow.utils.session import create_session

        with create_session() as session:
            asked = {"run_id": self._run.run_id, "task_id": task_id, "key": "return_value"}
            return deserialize(session.query(XComModel.value).filter_by(**asked).scalar())


@pytest.fixture
def runner(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    """Airflow against this test's lake; its own warnings are not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        airflow.create_database()
        yield Runner(settings, monkeypatch)


def test_a_lake_is_filled_by_operators_that_wait_and_operators_that_defer(runner: Runner, capfd):
    s3, glue, athena = (boto3.client(name) for name in ("s3", "glue", "athena"))
    bucket, database = runner.settings.lake_bucket, runner.settings.catalog_database
    lines = "".join(f"{json.dumps(sale)}\n" for sale in SALES)
    s3.put_object(Bucket=bucket, Key="landing/sales/a.json", Body=lines.encode())
    s3.put_object(Bucket=bucket, Key="landing/sales/_done", Body=b"")

    states = runner.run("lake")

    assert set(states.values()) == {"success"}, (states, runner.errors)
    # What Spark has written, the crawler has seen, and Athena reads.
    table = glue.get_table(DatabaseName=database, Name="sales")["Table"]
    assert {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]} == {
        "id": "bigint", "price": "decimal(10,2)"
    }  # fmt: skip
    assert [key["Name"] for key in table["PartitionKeys"]] == ["day"]
    rows = athena.get_query_results(QueryExecutionId=runner.result("total"))["ResultSet"]["Rows"]
    assert [row["Data"] for row in rows] == [[{"VarCharValue": "total"}], [{"VarCharValue": "7.55"}]]
    made = athena.get_query_execution(QueryExecutionId=runner.result("summary"))["QueryExecution"]
    assert (made["StatementType"], made["Status"]["State"]) == ("DDL", "SUCCEEDED")
    assert s3.list_objects_v2(Bucket=bucket, Prefix="daily/")["KeyCount"] >= 1
    assert runner.result("rows") == [("2023-11-01", 1), ("2023-11-02", 2)]
    # The crawler was made by the first task and changed by the second.
    crawler = glue.get_crawler(Name=runner.name)["Crawler"]
    assert (crawler["Description"], crawler["LastCrawl"]["Status"]) == ("again", "SUCCEEDED")
    # The shell jobs were told their arguments, and `verbose` has brought their words into the task's log.
    reports = s3.list_objects_v2(Bucket=bucket, Prefix="reports/")["Contents"]
    assert [report["Key"] for report in reports] == ["reports/a title, with 'quotes'", "reports/later"]
    ended = glue.get_job_run(JobName=f"{runner.name}-report", RunId=runner.result("report"))["JobRun"]
    assert (ended["JobRunState"], ended["Arguments"]["--title"]) == ("SUCCEEDED", "a title, with 'quotes'")
    assert glue.get_job(JobName=f"{runner.name}-report")["Job"]["Description"] == "later"
    log = capfd.readouterr()
    for words in ("converted 3 sales", "reported a title, with 'quotes'", "nothing to worry about"):
        assert words in log.out + log.err


def test_what_goes_wrong_fails_its_task_with_the_reason(runner: Runner, capfd):
    glue = boto3.client("glue")

    states = runner.run("lake_trouble")

    assert set(states.values()) == {"failed"}, states
    for task in ("wrong_query", "wrong_query_deferred"):
        assert "TABLE_NOT_FOUND" in str(runner.errors[task])
    assert "InvalidRequestException" in str(runner.errors["no_query"])
    assert "Run State: FAILED" in str(runner.errors["broken"])
    assert "the 13th row is broken" in str(runner.errors["broken_deferred"])
    [broken] = glue.get_job_runs(JobName=f"{runner.name}-broken")["JobRuns"]
    assert "ValueError: the 13th row is broken" in broken["ErrorMessage"]
    log = capfd.readouterr()
    assert "so far, so good" in log.out + log.err
    [killed] = glue.get_job_runs(JobName=f"{runner.name}-killed")["JobRuns"]
    assert killed["JobRunState"] in ("STOPPING", "STOPPED")

"""A lake as many teams run it with the amazon provider alone: Glue converts, a crawler catalogs, Athena sums up.

`lake` is the way when all goes well, each operator once waiting in the worker and once deferred to the triggerer.
`lake_trouble` is what goes wrong. What differs from one lake to the other comes as params of the run.
"""

from datetime import timedelta
from pathlib import Path

from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.operators.glue_crawler import GlueCrawlerOperator
from airflow.providers.amazon.aws.sensors.athena import AthenaSensor
from airflow.providers.amazon.aws.sensors.glue import GlueJobSensor
from airflow.providers.amazon.aws.sensors.glue_catalog_partition import GlueCatalogPartitionSensor
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG

SCRIPTS = Path(__file__).parent.parent / "scripts"
PARAMS = {"bucket": "", "database": "", "role": "", "name": ""}
PLACE = "s3://{{ params.bucket }}"
ANSWERS = f"{PLACE}/answers/"
CRAWLER = {
    "Name": "{{ params.name }}",
    "Role": "{{ params.role }}",
    "DatabaseName": "{{ params.database }}",
    "Targets": {"S3Targets": [{"Path": f"{PLACE}/curated/sales/"}]},
    "Description": "the curated sales",
}


def shell(task_id: str, script: str, job: str = "", **options: object) -> GlueJobOperator:
    """Return the task of a Python shell job, whose script is brought to S3 by the operator itself."""
    command = {
        "Name": "pythonshell",
        "PythonVersion": "3.9",
        "ScriptLocation": f"{PLACE}/artifacts/glue-scripts/{script}",
    }
    return GlueJobOperator(
        task_id=task_id,
        job_name=f"{{{{ params.name }}}}-{job or task_id}",
        script_location=str(SCRIPTS / script),
        replace_script_file=True,
        s3_bucket="{{ params.bucket }}",
        iam_role_name="{{ params.role }}",
        num_of_dpus=0.0625,
        create_job_kwargs={"Command": command},
        job_poll_interval=0.2,
        waiter_delay=1,
        **options,
    )


with DAG("lake", schedule=None, params=PARAMS):
    wait_for_export = S3KeySensor(
        task_id="wait_for_export", bucket_key=f"{PLACE}/landing/sales/*.json", wildcard_match=True, poke_interval=1
    )
    wait_for_manifest = S3KeySensor(
        task_id="wait_for_manifest", bucket_key=f"{PLACE}/landing/sales/_done", poke_interval=1, deferrable=True
    )
    convert = GlueJobOperator(
        task_id="convert",
        job_name="{{ params.name }}-convert",
        script_location=str(SCRIPTS / "convert.py"),
        replace_script_file=True,
        s3_bucket="{{ params.bucket }}",
        iam_role_name="{{ params.role }}",
        script_args={"--source": f"{PLACE}/landing/sales/", "--target": f"{PLACE}/curated/sales/"},
        create_job_kwargs={"GlueVersion": "5.0", "WorkerType": "G.1X", "NumberOfWorkers": 2},
        waiter_delay=1,
        deferrable=True,
        verbose=True,
    )
    crawl = GlueCrawlerOperator(task_id="crawl", config=CRAWLER, poll_interval=1)
    crawl_again = GlueCrawlerOperator(
        task_id="crawl_again", config={**CRAWLER, "Description": "again"}, poll_interval=1, deferrable=True
    )
    wait_for_partition = GlueCatalogPartitionSensor(
        task_id="wait_for_partition",
        database_name="{{ params.database }}",
        table_name="sales",
        expression="day='2023-11-02'",
        poke_interval=1,
    )
    wait_for_later_partition = GlueCatalogPartitionSensor(
        task_id="wait_for_later_partition",
        table_name="{{ params.database }}.sales",
        expression="day > '2023-11-01'",
        poke_interval=1,
        deferrable=True,
    )
    total = AthenaOperator(
        task_id="total",
        query="select sum(price) as total from sales where day = '2023-11-02'",
        database="{{ params.database }}",
        output_location=ANSWERS,
        sleep_time=1,
    )
    summary = AthenaOperator(
        task_id="summary",
        query=f"create table daily with (external_location = '{PLACE}/daily/') as "
        "select day, count(*) as n, sum(price) as total from sales group by day",
        database="{{ params.database }}",
        output_location=ANSWERS,
        sleep_time=1,
        deferrable=True,
    )
    total_is_there = AthenaSensor(
        task_id="total_is_there", query_execution_id="{{ ti.xcom_pull(task_ids='total') }}", sleep_time=1
    )
    rows = SQLExecuteQueryOperator(
        task_id="rows",
        conn_id="athena_sql",
        sql="select day, n from daily where total > %(least)s order by day",
        parameters={"least": 1},
    )
    report = shell(
        "report",
        "report.py",
        script_args={"--bucket": "{{ params.bucket }}", "--title": "a title, with 'quotes'"},
        verbose=True,
    )
    report_later = shell(
        "report_later",
        "report.py",
        job="report",
        update_config=True,
        job_desc="later",
        script_args={"--bucket": "{{ params.bucket }}", "--title": "later"},
        wait_for_completion=False,
    )
    report_is_there = GlueJobSensor(
        task_id="report_is_there",
        job_name="{{ params.name }}-report",
        run_id="{{ ti.xcom_pull(task_ids='report_later') }}",
        poke_interval=1,
        deferrable=True,
    )
    (
        [wait_for_export, wait_for_manifest]
        >> convert
        >> crawl
        >> [crawl_again, wait_for_partition, wait_for_later_partition]
        >> total
        >> summary
        >> total_is_there
        >> rows
        >> report
        >> report_later
        >> report_is_there
    )


with DAG("lake_trouble", schedule=None, params=PARAMS):
    WRONG = {"query": "select nothing from nowhere", "database": "{{ params.database }}", "output_location": ANSWERS}
    AthenaOperator(task_id="wrong_query", sleep_time=1, **WRONG)
    AthenaOperator(task_id="wrong_query_deferred", sleep_time=1, deferrable=True, **WRONG)
    AthenaOperator(task_id="no_query", sleep_time=1, **{**WRONG, "query": "selec 1"})
    shell("broken", "broken.py", verbose=True)
    shell("broken_deferred", "broken.py", deferrable=True)
    shell("killed", "endless.py", stop_job_run_on_kill=True, execution_timeout=timedelta(seconds=8))

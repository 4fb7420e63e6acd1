"""The local AWS: a query through its Athena, a job through its Glue, and its start, each against the same without it."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import boto3
import duckdb

from benchmarks.report import Section, Target, ratio
from benchmarks.servers import LAYOUT, REGION
from local.processes import answers, free_port, start, stop, wait_until

MONTHS, FILES_A_MONTH, ROWS = 4, 6, 1_000_000
ROUNDS = 15
JOB_ROUNDS = 3
STARTS = 5
PATIENCE = 120  # seconds
QUERY = """
select kind, count(*) as n, sum(price) as total, max(id) as newest
from {} where month = '2026-02' group by kind order by kind
"""


ROWS_OF_A_FILE = """
select range as id, 'kind ' || range % 20 as kind, (range * 7919 % 100000 / 100.0)::decimal(10, 2) as price
from range({}, {})
"""
SCRIPT = """
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
print(spark.range(1000).selectExpr("sum(id)").collect())
"""


def run() -> Section:
    """Measure, and hold against what was promised."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=LAYOUT.state))
    try:
        starts = [_start_once(folder / f"start-{number}") for number in range(STARTS)]
        with _running(folder / "aws") as connect:
            athena, duck = _query(connect, folder)
            job, submit, tuned = _job(connect, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    slower = ratio(athena, duck)
    longer = median(one - other for one, other in zip(job, submit, strict=True))
    return Section(
        "The local AWS",
        f"The query reads one of {MONTHS} partitions of a table of {ROWS:,} rows in {MONTHS * FILES_A_MONTH} Parquet "
        "files; through Athena it is timed from the request to the moment the query ends, without the polling for its "
        "result; DuckDB opens a database of its own for each, as the local Athena does.",
        [
            ["what", "s", "times"],
            ["start, to the first answer", f"{median(starts):.2f}", ""],
            ["one-partition aggregate, DuckDB on the files", f"{median(duck):.3f}", "1.0"],
            ["one-partition aggregate, through Athena", f"{median(athena):.3f}", f"{slower:.1f}"],
            ["small Spark script, spark-submit", f"{median(submit):.1f}", "1.0"],
            ["the same, with the JVM options of the local Glue", f"{median(tuned):.1f}", f"{ratio(tuned, submit):.1f}"],
            ["small Spark script, as a Glue job", f"{median(job):.1f}", f"{ratio(job, submit):.1f}"],
        ],
        [
            Target("ready under 3 s after the start", f"{median(starts):.2f} s", median(starts) < 3),
            Target("a query under 5 × DuckDB on the same files", f"{slower:.1f} ×", slower < 5),
            Target("a Glue job under 1 s longer than spark-submit", f"{longer:+.1f} s", longer < 1),
        ],
    )


def _start_once(state: Path) -> float:
    began = time.monotonic()
    with _running(state):
        return time.monotonic() - began


@contextmanager
def _running(state: Path) -> Iterator[Callable[[str], Any]]:
    """Run a local AWS; yield what makes a client of a service."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    command = [str(LAYOUT.python("platform")), "-m", "local.aws", "--port", str(port), "--state", str(state)]
    start("aws", command, run=state, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(LAYOUT.root)})
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}
    try:
        wait_until(lambda: answers(f"{endpoint}/_ministack/health"), name="aws", run=state, seconds=60)
        yield lambda service: boto3.client(service, endpoint_url=endpoint, **keys)  # type: ignore[call-overload]
    finally:
        stop("aws", run=state)


def _query(connect: Callable[[str], Any], folder: Path) -> tuple[list[float], list[float]]:
    """Return the seconds that a query takes through Athena and by DuckDB alone, in turns."""
    files = _write_table(connect, folder / "table")
    athena = connect("athena")
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS + 1):
        began = time.time()
        through = athena.start_query_execution(
            QueryString=QUERY.format("sales"),
            QueryExecutionContext={"Database": "bench"},
            ResultConfiguration={"OutputLocation": "s3://bench/results/"},
        )["QueryExecutionId"]
        done = _until(lambda: athena.get_query_execution(QueryExecutionId=through)["QueryExecution"], "Status", "State")  # noqa: B023
        seconds[0].append(done["Status"]["CompletionDateTime"].timestamp() - began)
        began = time.time()
        with duckdb.connect() as database:
            expected = database.execute(QUERY.format(f"read_parquet('{files}', hive_partitioning = true)")).fetchall()
        seconds[1].append(time.time() - began)
        rows = athena.get_query_results(QueryExecutionId=through)["ResultSet"]["Rows"][1:]
        found = [tuple(item["VarCharValue"] for item in row["Data"]) for row in rows]
        if found != [tuple(map(str, row)) for row in expected]:
            raise AssertionError(f"Athena found {found}, DuckDB {expected}")
    return seconds[0][1:], seconds[1][1:]  # the first of each warms up


def _write_table(connect: Callable[[str], Any], folder: Path) -> str:
    """Put a table into the lake and its catalog, and the same files into a folder; return their pattern."""
    s3, glue = connect("s3"), connect("glue")
    s3.create_bucket(Bucket="bench", CreateBucketConfiguration={"LocationConstraint": REGION})
    glue.create_database(DatabaseInput={"Name": "bench"})
    storage = {
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
    }
    columns = {"id": "bigint", "kind": "string", "price": "decimal(10,2)"}
    described = [{"Name": name, "Type": kind} for name, kind in columns.items()]
    table = {
        "Name": "sales",
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": "month", "Type": "string"}],
        "StorageDescriptor": {**storage, "Columns": described, "Location": "s3://bench/sales/"},
    }
    glue.create_table(DatabaseName="bench", TableInput=table)
    size = ROWS // (MONTHS * FILES_A_MONTH)
    for number in range(MONTHS * FILES_A_MONTH):
        file = folder / f"month=2026-{1 + number % MONTHS:02}" / f"part-{number}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        duckdb.sql(ROWS_OF_A_FILE.format(number * size, (number + 1) * size)).write_parquet(
            str(file), compression="zstd"
        )
        s3.upload_file(str(file), "bench", f"sales/{file.relative_to(folder)}")
    months = [f"2026-{1 + number:02}" for number in range(MONTHS)]
    parts = [
        {"Values": [month], "StorageDescriptor": {**storage, "Location": f"s3://bench/sales/month={month}/"}}
        for month in months
    ]
    glue.batch_create_partition(DatabaseName="bench", TableName="sales", PartitionInputList=parts)
    return f"{folder}/*/*.parquet"


def _job(connect: Callable[[str], Any], folder: Path) -> tuple[list[float], list[float], list[float]]:
    """Return the seconds that a small Spark script takes, in turns: as a job, by spark-submit, by it with the job's JVM."""
    connect("s3").put_object(Bucket="bench", Key="scripts/job.py", Body=SCRIPT.encode())
    glue = connect("glue")
    command = {"Name": "glueetl", "ScriptLocation": "s3://bench/scripts/job.py"}
    glue.create_job(Name="bench", Role="arn:aws:iam::000000000000:role/bench", GlueVersion="5.0", Command=command)
    script = folder / "job.py"
    script.write_text(SCRIPT)
    options = f"@{LAYOUT.root / 'local' / 'aws' / 'glue' / 'jvm.options'}"
    tuned = {"SPARK_LAUNCHER_OPTS": options, "SPARK_SUBMIT_OPTS": options}
    seconds: tuple[list[float], list[float], list[float]] = ([], [], [])
    for _ in range(JOB_ROUNDS + 1):
        began = time.time()
        run = glue.start_job_run(JobName="bench")["JobRunId"]
        done = _until(lambda: glue.get_job_run(JobName="bench", RunId=run)["JobRun"], "JobRunState")  # noqa: B023
        seconds[0].append(done["CompletedOn"].timestamp() - began)
        seconds[1].append(_submit(script, {}))
        seconds[2].append(_submit(script, tuned))
        print("  job, spark-submit, the same JVM:", *(f"{times[-1]:.1f} s" for times in seconds), flush=True)
    return seconds[0][1:], seconds[1][1:], seconds[2][1:]


def _submit(script: Path, options: dict[str, str]) -> float:
    venv = LAYOUT.venvs / "spark"
    [submit] = venv.glob("lib/python3.*/site-packages/pyspark/bin/spark-submit")
    environment = {
        "PATH": "/usr/bin:/bin",
        "JAVA_HOME": str(venv / "java"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": str(venv / "bin" / "python"),
        **options,
    }
    began = time.time()
    command = [str(submit), "--master", "local[2]", str(script)]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.time() - began


def _until(look: Callable[[], dict[str, Any]], *path: str) -> dict[str, Any]:
    """Look until the state at ``path`` is SUCCEEDED; return what was seen then."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        seen = look()
        state: Any = seen
        for name in path:
            state = state[name]
        if state == "SUCCEEDED":
            return seen
        if state in ("FAILED", "CANCELLED", "TIMEOUT"):
            raise RuntimeError(str(seen))
        time.sleep(0.05)
    raise RuntimeError(f"not done after {PATIENCE} s")

"""Glue jobs, through boto3: the script runs, with Spark or without, and what it does to S3 is what is found there."""

import io
import json
import textwrap
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from local.aws.glue.staging import named
from tests.support.aws import REGION, administrator, local_aws

SECONDS_TO_END = 240  # of a Spark job while others run


class Glue:
    """A bucket, a role that may use it, and jobs."""

    def __init__(self) -> None:
        self.s3, self.client, self.logs, self.iam = (boto3.client(name) for name in ("s3", "glue", "logs", "iam"))
        self.name = f"glue-{uuid.uuid4().hex[:10]}"
        self.bucket = self.name
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
        self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        resources = [f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/*"]
        allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": resources}
        denied = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{self.bucket}/forbidden/*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed, denied]})
        self.iam.put_role_policy(RoleName=self.name, PolicyName="lake", PolicyDocument=policy)

    def put(self, key: str, body: bytes | pa.Table) -> None:
        if isinstance(body, pa.Table):
            buffer = io.BytesIO()
            pq.write_table(body, buffer)
            body = buffer.getvalue()
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def keys(self, prefix: str) -> dict[str, str]:
        """Key → ETag of the objects below a prefix."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return {entry["Key"]: entry["ETag"] for entry in listed}

    def rows(self, prefix: str, column: str) -> list:
        """A column of all Parquet files below a prefix, sorted."""
        bodies = [
            self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            for key in self.keys(prefix)
            if key.endswith(".parquet")
        ]
        return sorted(value for body in bodies for value in pq.read_table(io.BytesIO(body))[column].to_pylist())

    def job(self, script: str, command: str = "glueetl", **definition) -> str:
        """Make a job of a script; return its name."""
        name = f"job-{uuid.uuid4().hex[:10]}"
        self.put(f"scripts/{name}.py", textwrap.dedent(script).encode())
        location = f"s3://{self.bucket}/scripts/{name}.py"
        definition = {"Command": {"Name": command, "ScriptLocation": location, "PythonVersion": "3"}, **definition}
        if command == "glueetl":
            definition = {"GlueVersion": "5.0", "WorkerType": "G.1X", "NumberOfWorkers": 3, **definition}
        self.client.create_job(**{"Name": name, "Role": self.name, **definition})
        return name

    def shell(self, script: str, **definition) -> str:
        return self.job(script, "pythonshell", **definition)

    def start(self, job: str, **options) -> str:
        return self.client.start_job_run(JobName=job, **options)["JobRunId"]

    def run(self, job: str, run: str) -> dict:
        return self.client.get_job_run(JobName=job, RunId=run)["JobRun"]

    def finish(self, job: str, run: str | None = None, **options) -> dict:
        """Wait for a run, started here unless it is given; return it."""
        run = run or self.start(job, **options)
        deadline = time.monotonic() + SECONDS_TO_END
        while self.run(job, run)["JobRunState"] in ("STARTING", "RUNNING", "STOPPING"):
            assert time.monotonic() < deadline, "the run does not end"
            time.sleep(0.1)
        return self.run(job, run)

    def lines(self, run: dict, kind: str = "output") -> list[str]:
        answer = self.logs.get_log_events(
            logGroupName=f"{run['LogGroupName']}/{kind}", logStreamName=run["Id"], startFromHead=True
        )
        return [event["message"] for event in answer["events"]]

    def wait_for_line(self, job: str, run: str, line: str) -> None:
        deadline = time.monotonic() + SECONDS_TO_END
        while not self._has_line(job, run, line):
            assert time.monotonic() < deadline, f"the script does not print {line}"
            time.sleep(0.1)

    def _has_line(self, job: str, run: str, line: str) -> bool:
        try:
            return line in self.lines(self.run(job, run))
        except self.logs.exceptions.ResourceNotFoundException:
            return False


@pytest.fixture(scope="module")
def glue(aws: str) -> Glue:
    return Glue()


@pytest.fixture(scope="module", autouse=True)
def overdue(glue: Glue) -> Iterator[tuple[str, str]]:
    """A run that takes longer than its minute, which passes while the other tests run."""
    job = glue.shell("import time; time.sleep(600)", Timeout=500)
    return job, glue.start(job, Timeout=1)


def processes_of(run: str) -> list[str]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if run in words:
                found.append(words)
    return found


# What Spark does to S3: one run, of which each test below looks at something else.

PIPELINE = """
    import json, sys
    import boto3
    import greeting                                      # of --extra-py-files
    from awsglue.context import GlueContext
    from awsglue.job import Job
    from awsglue.transforms import *
    from awsglue.utils import getResolvedOptions
    from pyspark.context import SparkContext
    from pyspark.sql import functions as f

    args = getResolvedOptions(sys.argv, ["JOB_NAME", "raw", "sales", "events", "lake", "mode", "threshold"])
    glue = GlueContext(SparkContext())
    spark = glue.spark_session
    job = Job(glue)
    job.init(args["JOB_NAME"], args)
    lake = args["lake"]
    seen = {"args": args, "greeting": greeting.WORDS, "zone": spark.conf.get("spark.sql.session.timeZone")}
    seen["partitions"] = spark.conf.get("spark.sql.shuffle.partitions")

    raw = spark.read.json(args["raw"])
    seen["files"] = sorted(row[0] for row in raw.select(f.input_file_name()).distinct().collect())
    raw.filter("day = '2024-01-02'").write.mode("overwrite").partitionBy("day").parquet(args["sales"])
    raw.select("id").coalesce(1).write.mode(args["mode"]).parquet(args["events"])
    spark.read.parquet(args["events"]).agg(f.max("id")).write.mode("overwrite").csv(f"{lake}/replaced".replace("s3:", "s3a:"))
    double = f.udf(lambda value: value * len(greeting.WORDS), "long")   # a function that other processes run
    seen["doubled"] = sorted(row[0] for row in raw.select(double("id")).collect())

    s3, bucket = boto3.client("s3"), lake.split("/")[2]
    [part] = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix="work/replaced/part-")["Contents"]]
    s3.copy_object(Bucket=bucket, Key="work/report.csv", CopySource={"Bucket": bucket, "Key": part})
    seen["report"] = [row[0] for row in spark.read.text(f"{lake}/report.csv".replace("s3:", "s3a:")).collect()]
    seen["identity"] = boto3.client("sts").get_caller_identity()["Arn"]
    print(json.dumps(seen))
    glue.get_logger().warn("a word to the log")
    job.commit()
"""


@pytest.fixture(scope="module")
def pipeline(glue: Glue) -> Iterator[tuple[dict, dict]]:
    """A run of PIPELINE and what it printed; a queue has the events of its bucket."""
    for day, ids in {"2024-01-01": (1, 2), "2024-01-02": (3,)}.items():
        lines = "".join(json.dumps({"id": i, "day": day}) + "\n" for i in ids)
        glue.put(f"raw/day={day}/a.json", lines.encode())
        glue.put(f"work/sales/day={day}/old.parquet", pa.table({"id": [100 + ids[0]]}))
    glue.put("raw/day=2024-01-01/a.txt", b"not JSON")
    glue.put("work/events/old.parquet", pa.table({"id": [7]}))
    glue.put("work/events/_SUCCESS", b"an older mark")
    glue.put("work/replaced/old.csv", b"old\n")
    glue.put("work/folder/", b"")
    glue.put("lib/greeting.py", b"WORDS = 'hi'\n")
    glue.before = glue.keys("work/")
    queue = _queue_of_events(glue)
    lake = f"s3://{glue.bucket}/work"
    job = glue.job(
        PIPELINE,
        DefaultArguments={
            "--raw": f"s3://{glue.bucket}/raw/day=*/*.json",
            "--sales": f"{lake}/sales/",
            "--events": f"{lake}/events".replace("s3:", "s3a:"),
            "--lake": lake,
            "--mode": "error",
            "--threshold": "1",
            "--extra-py-files": f"s3://{glue.bucket}/lib/greeting.py",
            "--conf": "spark.sql.sources.partitionOverwriteMode=dynamic --conf spark.sql.session.timeZone=Asia/Tokyo",
            "--enable-metrics": "true",
            "--TempDir": f"s3://{glue.bucket}/tmp/",
        },
        NonOverridableArguments={"--threshold": "3"},
    )
    run = glue.finish(job, Arguments={"--mode": "append", "--threshold": "2"})
    assert run["JobRunState"] == "SUCCEEDED", (run, glue.lines(run, "error")[-20:])
    [line] = [line for line in glue.lines(run) if line.startswith("{")]
    yield {**run, "queue": queue}, json.loads(line)
    boto3.client("sqs").delete_queue(QueueUrl=queue)


def _queue_of_events(glue: Glue) -> str:
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName=glue.name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Statement": [allow]})})
    configuration = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    glue.s3.put_bucket_notification_configuration(Bucket=glue.bucket, NotificationConfiguration=configuration)
    return queue


def test_a_glob_is_read_and_its_files_have_their_s3_names(glue, pipeline):
    assert pipeline[1]["files"] == [f"s3://{glue.bucket}/raw/day=2024-01-0{n}/a.json" for n in (1, 2)]


def test_a_dynamic_overwrite_replaces_its_partitions_and_no_others(glue, pipeline):
    after = glue.keys("work/sales/day=")

    assert after["work/sales/day=2024-01-01/old.parquet"] == glue.before["work/sales/day=2024-01-01/old.parquet"]
    assert "work/sales/day=2024-01-02/old.parquet" not in after
    assert glue.rows("work/sales/day=2024-01-02/", "id") == [3]


def test_an_overwrite_leaves_nothing_of_what_was_there(glue, pipeline):
    assert "work/replaced/old.csv" not in glue.keys("work/replaced/")
    assert "work/replaced/_SUCCESS" in glue.keys("work/replaced/")


def test_append_adds_to_what_is_there(glue, pipeline):
    assert glue.rows("work/events/", "id") == [1, 2, 3, 7]
    assert glue.keys("work/events/")["work/events/old.parquet"] == glue.before["work/events/old.parquet"]
    assert glue.s3.get_object(Bucket=glue.bucket, Key="work/events/_SUCCESS")["Body"].read() == b""


def test_nothing_unfinished_becomes_an_object(glue, pipeline):
    names = [key.removeprefix("work/") for key in glue.keys("work/")]

    assert "folder/" in names
    assert not [name for name in names if "_temporary" in name or ".spark-staging" in name or name.endswith(".crc")]


def test_what_spark_wrote_and_what_boto3_wrote_is_there_for_both(glue, pipeline):
    assert pipeline[1]["report"] == ["7"]
    assert glue.s3.get_object(Bucket=glue.bucket, Key="work/report.csv")["Body"].read() == b"7\n"


def test_a_written_folder_is_announced_with_its_mark_last(glue, pipeline):
    sqs, created = boto3.client("sqs"), {}
    deadline = time.monotonic() + 20
    while "work/events/_SUCCESS" not in created or len(created) < 6:
        assert time.monotonic() < deadline, created
        answer = sqs.receive_message(QueueUrl=pipeline[0]["queue"], MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            for record in json.loads(message["Body"]).get("Records", []):
                created[record["s3"]["object"]["key"]] = record["s3"]["object"]["sequencer"]

    [data] = [key for key in created if key.startswith("work/events/part-")]
    assert created[data] < created["work/events/_SUCCESS"]


def test_a_script_gets_defaults_then_the_runs_arguments_then_those_that_nobody_overrides(glue, pipeline):
    run, seen = pipeline
    args = seen["args"]

    assert (args["mode"], args["threshold"], args["JOB_NAME"]) == ("append", "3", run["JobName"])
    assert (args["JOB_RUN_ID"], args["TempDir"]) == (run["Id"], f"s3://{glue.bucket}/tmp/")
    assert run["Arguments"] == {"--mode": "append", "--threshold": "2"}


def test_a_job_sets_what_it_wants_of_spark_and_glue_sets_the_rest(glue, pipeline):
    assert pipeline[1]["zone"] == "Asia/Tokyo"
    assert pipeline[1]["partitions"] == "8"  # two workers of four cores, beside the driver's


def test_modules_are_brought_along(glue, pipeline):
    assert (pipeline[1]["greeting"], pipeline[1]["doubled"]) == ("hi", [2, 4, 6])


def test_a_script_acts_as_its_jobs_role(glue, pipeline):
    assert pipeline[1]["identity"].endswith(f":assumed-role/{glue.name}/GlueJobRunnerSession")


def test_a_run_is_recorded_with_its_times_and_its_size(glue, pipeline):
    run = glue.run(pipeline[0]["JobName"], pipeline[0]["Id"])

    assert run["StartedOn"] < run["CompletedOn"]
    assert run["ExecutionTime"] == round((run["CompletedOn"] - run["StartedOn"]).total_seconds())
    assert (run["WorkerType"], run["NumberOfWorkers"], run["MaxCapacity"], run["Timeout"]) == ("G.1X", 3, 3.0, 480)
    assert run["DPUSeconds"] == run["ExecutionTime"] * 3
    assert "ErrorMessage" not in run


def test_what_the_logger_says_goes_to_the_error_log(glue, pipeline):
    assert any("a word to the log" in line for line in glue.lines(pipeline[0], "error"))


# Spark jobs that do not succeed; they run at the same time.

OUTSIDE = """
    import sys
    from awsglue.utils import getResolvedOptions
    from pyspark.sql import SparkSession

    out = getResolvedOptions(sys.argv, ["out"])["out"]
    spark = SparkSession.builder.getOrCreate()
    bucket = out.split("/")[2]
    spark.range(3).write.parquet(out)
    for path in ("raw/unseen/day=1", "raw/*/day=1", "nothing/here"):
        try:
            spark.read.parquet(f"s3://{bucket}/{path}")
        except Exception as error:
            print(type(error).__name__, path, str(error).replace("\\n", " "))
    try:
        spark.range(5).write.mode("overwrite").parquet(f"s3://{bucket}/elsewhere/table")
    except Exception as error:
        print(type(error).__name__, "elsewhere", str(error).replace("\\n", " "))
    spark.range(5).write.parquet(f"s3://{bucket}/another/new")
"""
RAISING = """
    import sys
    from awsglue.utils import getResolvedOptions
    from pyspark.sql import SparkSession

    out = getResolvedOptions(sys.argv, ["out"])["out"]
    spark = SparkSession.builder.getOrCreate()
    spark.range(2).write.parquet(out)
    raise ValueError("no rows of today")
"""
FORBIDDEN = """
    import sys
    from awsglue.context import GlueContext
    from awsglue.utils import getResolvedOptions
    from pyspark import SparkContext

    glue = GlueContext(SparkContext.getOrCreate())
    try:
        glue.create_dynamic_frame.from_catalog(database="d", table_name="t")
    except NotImplementedError as error:
        print(error)
    glue.range(2).write.parquet(getResolvedOptions(sys.argv, ["out"])["out"])
"""
SLOW = """
    import sys, time
    from awsglue.utils import getResolvedOptions
    from pyspark.sql import SparkSession

    out = getResolvedOptions(sys.argv, ["out"])["out"]
    spark = SparkSession.builder.getOrCreate()
    spark.range(2).write.parquet(out)
    print("written")
    spark.range(2).foreach(lambda row: time.sleep(600))
"""


@pytest.fixture(scope="module")
def failing(glue: Glue) -> dict[str, dict]:
    """Runs that end badly, two at a time."""
    glue.put("raw/unseen/day=1/a.parquet", pa.table({"id": [1]}))
    glue.put("elsewhere/table/old.parquet", pa.table({"id": [1]}))
    ended = {}
    for pair in ({"outside": OUTSIDE, "raising": RAISING}, {"forbidden": FORBIDDEN, "slow": SLOW}):
        started = {}
        for name, script in pair.items():
            job = glue.job(script, DefaultArguments={"--out": f"s3://{glue.bucket}/{name}/out"})
            started[name] = job, glue.start(job)
        if "slow" in started:
            job, run = started["slow"]
            glue.wait_for_line(job, run, "written")
            answer = glue.client.batch_stop_job_run(JobName=job, JobRunIds=[run, "jr_0"])
            assert [each["JobRunId"] for each in answer["SuccessfulSubmissions"]] == [run]
            assert [each["ErrorDetail"]["ErrorCode"] for each in answer["Errors"]] == ["EntityNotFoundException"]
        ended |= {name: glue.finish(*run) for name, run in started.items()}
    return ended


def test_a_script_that_raises_ends_failed_with_its_message(glue, failing):
    run = failing["raising"]

    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "ValueError: no rows of today")
    assert any(line.startswith("Traceback") for line in glue.lines(run, "error"))


def test_what_was_written_before_the_failure_stays_written(glue, failing):
    assert glue.rows("raising/out/", "id") == [0, 1]


def test_a_write_outside_the_named_paths_fails_the_run(glue, failing):
    run = failing["outside"]

    assert run["JobRunState"] == "FAILED"
    assert f"The script wrote to s3://{glue.bucket}/another/new/" in run["ErrorMessage"]
    assert f"only the S3 paths that its arguments name, here s3://{glue.bucket}/outside/out" in run["ErrorMessage"]
    assert glue.keys("another/") == {}
    assert list(glue.keys("elsewhere/")) == ["elsewhere/table/old.parquet"]
    assert glue.rows("outside/out/", "id") == [0, 1, 2]


def test_what_is_outside_the_named_paths_is_not_taken_for_absent(glue, failing):
    unseen, pattern, absent, overwritten = glue.lines(failing["outside"])

    for line, path in ((unseen, "raw"), (pattern, "raw"), (overwritten, "elsewhere")):
        assert line.startswith("Py4JJavaError")
        assert f"path-not-named-in-the-jobs-arguments://{glue.bucket}/{path}" in line
    assert absent.startswith("AnalysisException nothing/here [PATH_NOT_FOUND]")


def test_what_the_role_may_not_write_is_not_written(glue, failing):
    run = failing["forbidden"]

    assert run["JobRunState"] == "FAILED"
    assert "is not authorized to perform: s3:PutObject" in run["ErrorMessage"]
    assert glue.keys("forbidden/") == {}


def test_dynamic_frames_are_refused_with_what_to_use_instead(glue, failing):
    assert any("create_dynamic_frame is not available" in line for line in glue.lines(failing["forbidden"]))


def test_a_stopped_run_is_stopped_and_leaves_no_process(glue, failing):
    run = failing["slow"]

    assert (run["JobRunState"], "ErrorMessage" in run) == ("STOPPED", False)
    assert processes_of(run["Id"]) == []
    assert glue.rows("slow/out/", "id") == [0, 1]
    again = glue.client.batch_stop_job_run(JobName=run["JobName"], JobRunIds=[run["Id"]])
    assert again["Errors"][0]["ErrorDetail"]["ErrorMessage"].endswith("is STOPPED already")


# Python shell jobs, which start in no time.


def test_a_python_shell_script_reads_s3_by_boto3_and_has_real_arguments(glue):
    glue.put("input.txt", b"42")
    job = glue.shell(
        """
        import sys, boto3
        from awsglue.utils import getResolvedOptions

        bucket = getResolvedOptions(sys.argv, ["bucket"])["bucket"]
        print(boto3.client("s3").get_object(Bucket=bucket, Key="input.txt")["Body"].read().decode())
        print(sys.argv[0].rpartition("/")[2], "--JOB_NAME" in sys.argv)
        print("a word", file=sys.stderr)
        try:
            import ministack
        except ImportError as error:
            print(error)
        """
    )

    run = glue.finish(job, Arguments={"--bucket": glue.bucket})

    assert run["JobRunState"] == "SUCCEEDED", run
    assert run["LogGroupName"] == "/aws-glue/python-jobs"
    assert glue.lines(run) == ["42", f"{job}.py False", "No module named 'ministack'"]
    assert glue.lines(run, "error") == ["a word"]


@pytest.mark.parametrize(
    ("script", "end", "message"),
    [
        ("raise KeyError('day')", "FAILED", "KeyError: 'day'"),
        ("import sys; sys.exit(3)", "FAILED", "Command failed with exit code 3"),
        ("import sys; sys.exit()", "SUCCEEDED", None),
        ("import os; os.kill(os.getpid(), 9)", "FAILED", "Command failed with exit code -9"),
        ("def f(:", "FAILED", "SyntaxError: invalid syntax"),
        ("from awsglue.utils import getResolvedOptions as g; import sys; g(sys.argv, ['day', 'to'])",
         "FAILED", "GlueArgumentError: the following arguments are required: --day, --to"),
    ],
)  # fmt: skip
def test_a_run_ends_as_its_script_does(glue, script, end, message):
    run = glue.finish(glue.shell(script))

    assert run["JobRunState"] == end
    assert (run.get("ErrorMessage") or "").startswith(message or "")
    assert ("ErrorMessage" in run) == (message is not None)


def test_a_script_that_is_not_there_fails_the_run(glue):
    job = glue.shell("")
    glue.s3.delete_object(Bucket=glue.bucket, Key=f"scripts/{job}.py")

    message = glue.finish(job)["ErrorMessage"]

    assert message == f"LAUNCH ERROR | File does not exist: s3://{glue.bucket}/scripts/{job}.py"


def test_a_script_that_the_role_may_not_read_fails_the_run(glue):
    job = glue.shell("", Role="nobody")

    assert "is not authorized to perform: s3:GetObject" in glue.finish(job)["ErrorMessage"]


@pytest.mark.parametrize(("keys", "refused"), [(("a/b", "a"), "a"), (("x/../y",), "x/../y"), (("d//e",), "d//e")])
def test_keys_that_cannot_be_files_fail_a_spark_run_before_it_reads_half_of_them(glue, keys, refused):
    folder = f"clash-{uuid.uuid4().hex[:6]}"
    for key in keys:
        glue.put(f"{folder}/{key}", b"1")
    job = glue.job("", DefaultArguments={"--in": f"s3://{glue.bucket}/{folder}/"})

    message = glue.finish(job)["ErrorMessage"]

    assert message.startswith(f"s3://{glue.bucket}/{folder}/{refused}")
    assert "cannot be staged" in message


def test_output_is_in_the_log_while_the_script_runs(glue):
    job = glue.shell("import time; print('first' + '.' * 300_000); print('second'); time.sleep(600)")
    run = glue.start(job)

    glue.wait_for_line(job, run, "second")

    assert max(len(line) for line in glue.lines(glue.run(job, run))) <= 256 * 1024
    assert glue.run(job, run)["JobRunState"] == "RUNNING"
    glue.client.batch_stop_job_run(JobName=job, JobRunIds=[run])
    assert glue.finish(job, run)["JobRunState"] == "STOPPED"


@pytest.mark.parametrize("end", ["stop", "exit"])
def test_what_a_script_has_started_ends_with_its_run(glue, end):
    job = glue.shell(
        """
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", __file__])
        print("started")
        if sys.argv[2] == "stop":
            child.wait()
        """
    )
    run = glue.start(job, Arguments={"--end": end})
    glue.wait_for_line(job, run, "started")
    if end == "stop":
        assert len(processes_of(run)) == 2
        glue.client.batch_stop_job_run(JobName=job, JobRunIds=[run])

    assert glue.finish(job, run)["JobRunState"] == {"stop": "STOPPED", "exit": "SUCCEEDED"}[end]
    assert processes_of(run) == []


def test_a_job_has_no_more_runs_at_once_than_it_may_have(glue):
    job = glue.shell("import time; time.sleep(600)", ExecutionProperty={"MaxConcurrentRuns": 2})
    going = [glue.start(job), glue.start(job)]

    with pytest.raises(ClientError, match=f"ConcurrentRunsExceededException.*Concurrent runs exceeded for {job}"):
        glue.start(job)

    glue.client.batch_stop_job_run(JobName=job, JobRunIds=going)
    assert {glue.finish(job, run)["JobRunState"] for run in going} == {"STOPPED"}
    assert [run["Id"] for run in glue.client.get_job_runs(JobName=job, MaxResults=1)["JobRuns"]] == going[1:]


def test_a_failed_run_is_tried_again_as_often_as_the_job_says(glue):
    job = glue.shell("import sys; sys.exit(1)", MaxRetries=2)

    first = glue.finish(job)["Id"]
    for attempt in (1, 2):
        deadline = time.monotonic() + 20
        while len(glue.client.get_job_runs(JobName=job)["JobRuns"]) <= attempt:
            assert time.monotonic() < deadline, "there is no other attempt"
            time.sleep(0.1)
        glue.finish(job, f"{first}_attempt_{attempt}")

    runs = glue.client.get_job_runs(JobName=job)["JobRuns"]
    assert [run["Attempt"] for run in runs] == [2, 1, 0]
    assert [run.get("PreviousRunId") for run in runs] == [f"{first}_attempt_1", first, None]


@pytest.mark.parametrize(
    ("definition", "arguments", "message"),
    [
        ({}, {"--job-bookmark-option": "job-bookmark-enable"}, "set it to job-bookmark-disable"),
        ({}, {"--job-language": "scala"}, "set it to python"),
        ({}, {"--enable-glue-datacatalog": ""}, "--enable-glue-datacatalog: read and write s3:// paths"),
        ({}, {"--additional-python-modules": "duckdb"}, "--extra-py-files"),
        ({}, {"--extra-jars": "s3://bucket/a.jar"}, "--extra-jars"),
        ({"GlueVersion": "4.0"}, {}, "set the job's GlueVersion to 5.0"),
        (
            {"Command": {"Name": "gluestreaming", "ScriptLocation": "s3://b/k"}},
            {},
            "gluestreaming jobs: use glueetl or pythonshell",
        ),
        ({"Command": {"Name": "glueetl", "PythonVersion": "2"}}, {}, "PythonVersion to 3"),
    ],
)
def test_what_cannot_be_had_here_is_refused_when_a_run_is_started(glue, definition, arguments, message):
    job = glue.job("", **definition)

    with pytest.raises(ClientError, match="InvalidInputException") as refusal:
        glue.start(job, Arguments=arguments)

    assert message in str(refusal.value)
    assert glue.client.get_job_runs(JobName=job)["JobRuns"] == []


def test_a_job_is_kept_as_it_was_described(glue):
    job = glue.job("", ExecutionProperty={"MaxConcurrentRuns": 3}, Tags={"team": "lake"}, ExecutionClass="STANDARD")
    arn = f"arn:aws:glue:{REGION}:000000000000:job/{job}"

    made = glue.client.get_job(JobName=job)["Job"]
    assert made["ExecutionProperty"] == {"MaxConcurrentRuns": 3}
    assert (made["MaxCapacity"], made["Timeout"], made["ExecutionClass"]) == (3.0, 480, "STANDARD")
    assert glue.client.get_tags(ResourceArn=arn)["Tags"] == {"team": "lake"}
    assert job in glue.client.list_jobs(Tags={"team": "lake"})["JobNames"]
    assert job not in glue.client.list_jobs(Tags={"team": "other"})["JobNames"]

    update = {"Role": glue.name, "Command": made["Command"], "GlueVersion": "5.0"}
    glue.client.update_job(JobName=job, JobUpdate=update)
    assert glue.client.get_job(JobName=job)["Job"]["ExecutionProperty"] == {"MaxConcurrentRuns": 1}

    glue.client.delete_job(JobName=job)
    assert glue.client.get_tags(ResourceArn=arn)["Tags"] == {}
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        glue.start(job)


def test_a_run_that_the_servers_end_has_cut_off_is_failed(tmp_path, monkeypatch):
    def serve():
        return local_aws(tmp_path)

    with serve() as endpoint:
        for name, value in administrator(endpoint).items():
            monkeypatch.setenv(name, value)
        glue = Glue()
        job = glue.shell("import time; print('here', flush=True); time.sleep(600)")
        run = glue.start(job)
        glue.wait_for_line(job, run, "here")
        assert processes_of(run) != []

    assert processes_of(run) == []
    with serve() as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        found = boto3.client("glue").get_job_run(JobName=job, RunId=run)["JobRun"]
        assert (found["JobRunState"], found["ErrorMessage"]) == (
            "FAILED",
            "The local AWS was stopped while the job ran",
        )


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ("s3://lake/raw/sales/", {("lake", "raw/sales")}),
        ("s3://lake", {("lake", "")}),
        ("lake", {("lake", "")}),
        ("raw", set()),
        ("s3://lake/raw/day=*/*.json", {("lake", "raw")}),
        ("s3a://lake/{a,b}/c", {("lake", "")}),
        ("s3://lake/a,s3://other/b.csv", {("lake", "a"), ("other", "b.csv")}),
        ("s3://lake/my files/", {("lake", "my files")}),
        ("s3://lake/a s3://other/b", {("lake", "a"), ("other", "b")}),
        ('{"in": "s3://lake/a", "out": ["s3n://other/c"]}', {("lake", "a"), ("other", "c")}),
    ],
)
def test_the_paths_that_an_argument_names_are_found(value, paths):
    assert named({"--x": value}, ["lake", "other"]) == paths


def test_a_run_that_takes_longer_than_its_timeout_is_ended(glue, overdue):
    run = glue.finish(*overdue)

    assert (run["JobRunState"], run["Timeout"]) == ("TIMEOUT", 1)
    assert run["ExecutionTime"] >= 60
    assert processes_of(run["Id"]) == []


def test_triggers_and_workflows_that_would_start_nothing_are_refused(aws):
    client, name = boto3.client("glue"), f"now-{uuid.uuid4().hex[:8]}"
    client.create_trigger(Name=name, Type="ON_DEMAND", Actions=[{"JobName": "some"}])
    client.create_workflow(Name=name)

    for start in (client.start_trigger, client.start_workflow_run):
        with pytest.raises(ClientError, match="keeps triggers and workflows"):
            start(Name=name)

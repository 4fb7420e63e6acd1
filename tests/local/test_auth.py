"""With AUTH=true the local AWS lets a user or a role do what its policies allow, and nothing else."""

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.support.aws import REGION

ACCOUNT = "000000000000"
REFUSALS = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "403")
PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}
# Of everything there are two: `ours` may be used, `theirs` may not.
ALLOWED = {
    "s3": (["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::{name}/ours/*"]),
    "s3 bucket": (["s3:ListBucket", "s3:GetBucketLocation"], ["arn:aws:s3:::{name}"]),
    "dynamodb": (["dynamodb:GetItem", "dynamodb:PutItem"], ["arn:aws:dynamodb:{here}:table/{name}-ours"]),
    "glue": (
        ["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"],
        [
            "arn:aws:glue:{here}:catalog",
            "arn:aws:glue:{here}:database/{name}",
            "arn:aws:glue:{here}:table/{name}/ours*",
        ],
    ),
    "glue jobs": (["glue:GetJob"], ["arn:aws:glue:{here}:job/{name}-ours"]),
    "athena": (
        [f"athena:{name}QueryExecution" for name in ("Start", "Get", "BatchGet")] + ["athena:GetQueryResults"],
        ["arn:aws:athena:{here}:workgroup/{name}-ours"],
    ),
    "firehose": (["firehose:PutRecord"], ["arn:aws:firehose:{here}:deliverystream/{name}-ours"]),
    "secretsmanager": (["secretsmanager:GetSecretValue"], ["arn:aws:secretsmanager:{here}:secret:{name}-ours-??????"]),
    "sns": (["sns:Publish"], ["arn:aws:sns:{here}:{name}-ours"]),
    "logs": (["logs:PutLogEvents", "logs:GetLogEvents"], ["arn:aws:logs:{here}:log-group:{name}-ours*"]),
    "lambda": (["lambda:InvokeFunction"], ["arn:aws:lambda:{here}:function:{name}-ours"]),
}


@dataclass
class World:
    """What is there, made by the administrator.

    :param name: of the bucket and the database, and the beginning of every other name
    """

    name: str

    @property
    def policy(self) -> dict:
        """What the user and the role of these tests are allowed."""
        fill = {"name": self.name, "here": f"{REGION}:{ACCOUNT}"}
        return {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": actions, "Resource": [resource.format(**fill) for resource in resources]}
                for actions, resources in ALLOWED.values()
            ],
        }

    def make(self) -> None:
        """Make two of everything."""
        s3, glue, name = boto3.client("s3"), boto3.client("glue"), self.name
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        glue.create_database(DatabaseInput={"Name": name})
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                 "Principal": {"Service": ["lambda.amazonaws.com", "firehose.amazonaws.com", "glue.amazonaws.com"]}}]}  # fmt: skip
        role = boto3.client("iam").create_role(RoleName=f"{name}-service", AssumeRolePolicyDocument=json.dumps(trust))
        for whose in ("ours", "theirs"):
            buffer = io.BytesIO()
            pq.write_table(pa.table({"n": [1, 2, 3]}), buffer)
            s3.put_object(Bucket=name, Key=f"{whose}/t/a.parquet", Body=buffer.getvalue())
            for table, place in ((whose, whose), (f"{whose}_elsewhere", "theirs")):
                columns = [{"Name": "n", "Type": "bigint"}]
                storage = {"Columns": columns, "Location": f"s3://{name}/{place}/t/", **PARQUET}
                entry = {"Name": table, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
                glue.create_table(DatabaseName=name, TableInput=entry)
            self._make_named(f"{name}-{whose}", role["Role"]["Arn"])

    def _make_named(self, name: str, role: str) -> None:
        boto3.client("dynamodb").create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
        script = {"Name": "pythonshell", "ScriptLocation": f"s3://{self.name}/ours/job.py"}
        boto3.client("glue").create_job(Name=name, Role=role, Command=script)
        boto3.client("athena").create_work_group(Name=name)
        destination = {"RoleARN": role, "BucketARN": f"arn:aws:s3:::{self.name}"}
        boto3.client("firehose").create_delivery_stream(
            DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination
        )
        boto3.client("secretsmanager").create_secret(Name=name, SecretString="hush")
        boto3.client("sns").create_topic(Name=name)
        boto3.client("logs").create_log_group(logGroupName=name)
        boto3.client("logs").create_log_stream(logGroupName=name, logStreamName="s")
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("handler.py", HANDLER)
        boto3.client("lambda").create_function(
            FunctionName=name, Role=role, Runtime="python3.12", Handler="handler.run", Code={"ZipFile": code.getvalue()}
        )


HANDLER = """
import boto3

def run(event, context):
    return boto3.client("sts").get_caller_identity()["Arn"]
"""


@pytest.fixture(scope="module")
def world(aws: str) -> World:
    made = World(f"auth-{uuid.uuid4().hex[:8]}")
    made.make()
    return made


@pytest.fixture(scope="module")
def user(world: World) -> boto3.Session:
    """A user with the policy of these tests."""
    return new_user(f"{world.name}-user", world.policy)


@pytest.fixture(scope="module")
def role(world: World) -> boto3.Session:
    """A session of a role with the policy of these tests, taken by a user who may do nothing but take it."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/{world.name}-role"
    taker = new_user(f"{world.name}-taker", allow("sts:AssumeRole", arn))
    trust = {**allow("sts:AssumeRole"), "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/{world.name}-taker"}}]}  # fmt: skip
    iam = boto3.client("iam")
    iam.create_role(RoleName=f"{world.name}-role", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName=f"{world.name}-role", PolicyName="p", PolicyDocument=json.dumps(world.policy))
    taken = taker.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return session(taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])


@pytest.fixture(params=["user", "role"])
def caller(request: pytest.FixtureRequest) -> boto3.Session:
    """First the user, then the role."""
    return request.getfixturevalue(request.param)


def allow(action: str, resource: str | None = None) -> dict:
    """Return a policy of one statement."""
    statement = {"Effect": "Allow", "Action": action, **({"Resource": resource} if resource else {})}
    return {"Version": "2012-10-17", "Statement": [statement]}


def new_user(name: str, policy: dict) -> boto3.Session:
    """Make a user with one policy; return a session of theirs."""
    iam = boto3.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return session(key["AccessKeyId"], key["SecretAccessKey"])


def session(key: str, secret: str, token: str | None = None) -> boto3.Session:
    return boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token)


@contextmanager
def refused() -> Iterator[None]:
    """Let a block be refused for want of permission; fail if it is not."""
    with pytest.raises(ClientError) as error:
        yield
    assert error.value.response["Error"]["Code"] in REFUSALS, error.value


def call(caller: boto3.Session, service: str, name: str, whose: str) -> object:
    """Do what the policy allows with one's own, to ours or to theirs."""
    client = caller.client(service)
    match service:
        case "s3":
            client.put_object(Bucket=name, Key=f"{whose}/new", Body=b"1")
            return client.get_object(Bucket=name, Key=f"{whose}/new")
        case "dynamodb":
            client.put_item(TableName=f"{name}-{whose}", Item={"id": {"S": "1"}})
            return client.get_item(TableName=f"{name}-{whose}", Key={"id": {"S": "1"}})
        case "glue":
            client.get_database(Name=name)
            client.get_table(DatabaseName=name, Name=whose)
            return client.get_job(JobName=f"{name}-{whose}")
        case "athena":
            return query(client, f"select count(*) from {whose}", name, whose)
        case "firehose":
            return client.put_record(DeliveryStreamName=f"{name}-{whose}", Record={"Data": b"1"})
        case "secretsmanager":
            return client.get_secret_value(SecretId=f"{name}-{whose}")
        case "sns":
            return client.publish(TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}-{whose}", Message="hello")
        case "logs":
            event = {"timestamp": int(time.time() * 1000), "message": "hello"}
            client.put_log_events(logGroupName=f"{name}-{whose}", logStreamName="s", logEvents=[event])
            return client.get_log_events(logGroupName=f"{name}-{whose}", logStreamName="s")
        case "lambda":
            return client.invoke(FunctionName=f"{name}-{whose}")


def query(client, sql: str, name: str, workgroup: str, results: str = "ours/results/") -> dict:
    """Run a query to its end; return its status."""
    started = client.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": name},
        WorkGroup=f"{name}-{workgroup}",
        ResultConfiguration={"OutputLocation": f"s3://{name}/{results}"},
    )
    return finish(client, started["QueryExecutionId"])


def finish(client, query_id: str) -> dict:
    """Wait for a query to end; return its status."""
    deadline = time.monotonic() + 30
    while True:
        answer = client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        if answer["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return answer["Status"]
        assert time.monotonic() < deadline, "the query does not end"
        time.sleep(0.02)


# What nobody here is allowed, with ours as little as with theirs.
OTHER: dict[str, Callable] = {
    "s3": lambda client, name: client.delete_object(Bucket=name, Key="ours/t/a.parquet"),
    "dynamodb": lambda client, name: client.scan(TableName=f"{name}-ours"),
    "glue": lambda client, name: client.delete_table(DatabaseName=name, Name="ours"),
    "athena": lambda client, name: client.list_query_executions(WorkGroup=f"{name}-ours"),
    "firehose": lambda client, name: client.delete_delivery_stream(DeliveryStreamName=f"{name}-ours"),
    "secretsmanager": lambda client, name: client.put_secret_value(SecretId=f"{name}-ours", SecretString="x"),
    "sns": lambda client, name: client.delete_topic(TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}-ours"),
    "logs": lambda client, name: client.delete_log_group(logGroupName=f"{name}-ours"),
    "lambda": lambda client, name: client.delete_function(FunctionName=f"{name}-ours"),
}


@pytest.mark.parametrize("service", OTHER)
def test_allowed_is_allowed_and_everything_else_is_refused(service: str, caller: boto3.Session, world: World):
    assert call(caller, service, world.name, "ours")

    with refused():
        call(caller, service, world.name, "theirs")
    with refused():
        OTHER[service](caller.client(service), world.name)


def test_a_glue_action_needs_rights_on_the_table_its_database_and_the_catalog(world: World):
    table, database, catalog = (
        f"arn:aws:glue:{REGION}:{ACCOUNT}:{name}"
        for name in (f"table/{world.name}/ours", f"database/{world.name}", "catalog")
    )
    for number, resources in enumerate(([table], [table, database], [database, catalog])):
        lacking = new_user(f"{world.name}-glue-{number}", {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "glue:*", "Resource": resources}]})  # fmt: skip
        with refused():
            lacking.client("glue").get_table(DatabaseName=world.name, Name="ours")
        with refused():
            lacking.client("glue").get_tables(DatabaseName=world.name)


def test_queries_of_another_workgroup_are_not_told_among_ones_own(user: boto3.Session, world: World):
    ours, theirs = (
        boto3.client("athena").start_query_execution(
            QueryString="select 1",
            WorkGroup=f"{world.name}-{whose}",
            ResultConfiguration={"OutputLocation": f"s3://{world.name}/ours/results/"},
        )["QueryExecutionId"]
        for whose in ("ours", "theirs")
    )

    assert user.client("athena").batch_get_query_execution(QueryExecutionIds=[ours])["QueryExecutions"]
    with refused():
        user.client("athena").batch_get_query_execution(QueryExecutionIds=[ours, theirs])


def test_a_query_reads_the_catalog_as_the_one_who_sent_it(caller: boto3.Session, world: World):
    status = query(caller.client("athena"), "select * from theirs", world.name, "ours")

    assert status["State"] == "FAILED"
    assert "is not authorized to perform: glue:GetTable on resource: " in status["StateChangeReason"]
    assert f"table/{world.name}/theirs" in status["StateChangeReason"]


def test_a_query_reads_objects_as_the_one_who_sent_it(caller: boto3.Session, world: World):
    status = query(caller.client("athena"), "select n from ours_elsewhere", world.name, "ours")

    assert status["State"] == "FAILED"
    assert "is not authorized to perform: s3:GetObject on resource: " in status["StateChangeReason"]
    assert f"{world.name}/theirs/t/a.parquet" in status["StateChangeReason"]


def test_a_query_writes_its_result_as_the_one_who_sent_it(caller: boto3.Session, world: World):
    status = query(caller.client("athena"), "select n from ours", world.name, "ours", results="theirs/results/")

    assert status["State"] == "FAILED"
    assert "is not authorized to perform: s3:PutObject on resource: " in status["StateChangeReason"]


def test_a_result_is_read_as_the_one_who_asks_for_it(user: boto3.Session, world: World):
    athena = boto3.client("athena")
    results = {"OutputLocation": f"s3://{world.name}/theirs/results/"}
    group = f"{world.name}-ours"
    started = athena.start_query_execution(QueryString="select 1", WorkGroup=group, ResultConfiguration=results)
    finish(athena, started["QueryExecutionId"])

    assert athena.get_query_results(QueryExecutionId=started["QueryExecutionId"])
    with refused():
        user.client("athena").get_query_results(QueryExecutionId=started["QueryExecutionId"])


@pytest.mark.parametrize(
    ("sql", "action"),
    [
        ("drop table ours", "glue:DeleteTable"),
        ("create external table ours_too (n bigint) location 's3://{name}/ours/more/'", "glue:CreateTable"),
        ("insert into ours_elsewhere select 1", "s3:"),
        ("unload (select n from ours) to 's3://{name}/theirs/more/' with (format = 'PARQUET')", "s3:PutObject"),
        ("show tables in {database}", "glue:GetTables"),
    ],
)
def test_a_statement_changes_what_the_one_who_sent_it_may_change(
    sql: str, action: str, user: boto3.Session, world: World
):
    sql = sql.format(name=world.name, database=f"`{world.name}`")

    status = query(user.client("athena"), sql, world.name, "ours")

    assert status["State"] == "FAILED"
    assert f"is not authorized to perform: {action}" in status["StateChangeReason"]


def test_a_denial_is_stronger_than_any_permission(world: World):
    denial = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{world.name}/ours/t/*"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [everything, denial]}
    nearly_all = new_user(f"{world.name}-denied", policy)

    assert nearly_all.client("s3").get_object(Bucket=world.name, Key="theirs/t/a.parquet")
    with refused():
        nearly_all.client("s3").get_object(Bucket=world.name, Key="ours/t/a.parquet")
    status = query(nearly_all.client("athena"), "select n from ours", world.name, "ours")
    assert "s3:GetObject" in status["StateChangeReason"]
    assert "explicit deny" in status["StateChangeReason"]


def test_who_signs_wrongly_or_not_at_all_is_nobody(user: boto3.Session, world: World):
    key = user.get_credentials().access_key
    wrong_secret, unknown, unsigned = session(key, "wrong"), session("AKIAUNKNOWN000000000", "s"), boto3.Session()

    for caller, code in ((wrong_secret, "InvalidSignatureException"), (unknown, "UnrecognizedClientException")):
        with pytest.raises(ClientError) as error:
            caller.client("glue").get_databases()
        assert error.value.response["Error"]["Code"] == code
    with pytest.raises(ClientError) as error:
        unsigned.client("glue", config=Config(signature_version=UNSIGNED)).get_databases()
    assert "Missing Authentication Token" in str(error.value)


def test_a_role_is_taken_only_by_whom_it_trusts(role: boto3.Session, world: World):
    arn = f"arn:aws:iam::{ACCOUNT}:role/{world.name}-role"
    stranger = new_user(f"{world.name}-stranger", allow("sts:AssumeRole", arn))

    with refused():
        stranger.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")


def test_a_function_acts_as_its_role(user: boto3.Session, world: World):
    answer = user.client("lambda").invoke(FunctionName=f"{world.name}-ours")["Payload"].read().decode()

    assert f":assumed-role/{world.name}-service/" in answer

"""Athena's and Glue's catalog API, as boto3's paginators use it and as the services' own models describe it."""

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.model import OperationModel, Shape

from quayside.settings import Settings

PLAIN = {"string": str, "boolean": bool, "integer": int, "long": int, "timestamp": (int, float), "double": (int, float)}
DAYS = [dt.date(2023, 11, 1) + dt.timedelta(days=number) for number in range(9)]
COLUMNS = [{"Name": "id", "Type": "bigint"}]


def faults(shape: Shape, value: Any, at: str) -> Iterator[str]:
    """Tell where a document is not what the service's model says."""
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            yield f"{at} is {value!r}"
            return
        members = shape.members
        yield from (f"{at} lacks {name}" for name in shape.required_members if value.get(name) is None)
        yield from (f"{at} has {name}, which the model lacks" for name in value if name not in members)
        for name, inner in value.items():
            if name in members and inner is not None:
                yield from faults(members[name], inner, f"{at}.{name}")
    elif shape.type_name == "list":
        for number, inner in enumerate(value if isinstance(value, list) else [value]):
            yield from faults(shape.member, inner, f"{at}[{number}]")
    elif shape.type_name == "map":
        for key, inner in value.items():
            yield from faults(shape.value, inner, f"{at}[{key}]")
    elif not isinstance(value, PLAIN[shape.type_name]) or (shape.type_name != "boolean" and isinstance(value, bool)):
        yield f"{at} is {value!r}, not a {shape.type_name}"
    elif getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{at} is {value!r}, not one of {shape.enum}"


def until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline, "what was waited for does not happen"
        time.sleep(0.01)


class Services:
    """Clients of one test, and what their answers lacked."""

    def __init__(self, settings: Settings) -> None:
        self.database, self.bucket = settings.catalog_database, settings.lake_bucket
        self.faults: set[str] = set()
        self.glue, self.athena = boto3.client("glue"), boto3.client("athena")
        for client in (self.glue, self.athena):
            client.meta.events.register("before-parse.*", self._check)

    def _check(self, operation_model: OperationModel, response_dict: dict[str, Any], **_: Any) -> None:
        if response_dict["status_code"] == 200 and operation_model.output_shape is not None:
            document = json.loads(response_dict["body"] or b"{}")
            self.faults |= set(faults(operation_model.output_shape, document, operation_model.name))

    def table(self, name: str, **keys: str) -> None:
        self.glue.create_table(DatabaseName=self.database, TableInput=self.described(name, **keys))

    def described(self, name: str, **keys: str) -> dict[str, Any]:
        return {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"classification": "parquet"},
            "PartitionKeys": [{"Name": key, "Type": kind} for key, kind in keys.items()],
            "StorageDescriptor": self.storage(name),
        }

    def storage(self, place: str) -> dict[str, Any]:
        return {
            "Columns": COLUMNS,
            "Location": f"s3://{self.bucket}/{place}/",
            "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
        }

    def register(self, table: str, *all_values: list[str]) -> list[dict[str, Any]]:
        """Register partitions; return the errors."""
        inputs = [{"Values": values, "StorageDescriptor": self.storage(table)} for values in all_values]
        return self.glue.batch_create_partition(DatabaseName=self.database, TableName=table, PartitionInputList=inputs)[
            "Errors"
        ]

    def partitions(self, table: str, expression: str = "", **options: Any) -> list[list[str]]:
        pages = self.glue.get_paginator("get_partitions").paginate(
            DatabaseName=self.database, TableName=table, Expression=expression, **options
        )
        return [part["Values"] for page in pages for part in page["Partitions"]]

    def query(self, sql: str) -> str:
        query = self.athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self.database},
            ResultConfiguration={"OutputLocation": f"s3://{self.bucket}/answers/"},
        )["QueryExecutionId"]
        until(lambda: self.state(query) not in ("QUEUED", "RUNNING"))
        return query

    def state(self, query: str) -> str:
        return self.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"]


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    """Clients whose every answer must be what the service's model says."""
    made = Services(settings)
    yield made
    assert made.faults == set()


@pytest.fixture
def sales(services: Services) -> Services:
    """Nine days of sales in two shops; the shops' numbers have one digit or two."""
    services.table("sales", day="date", shop="int", town="string")
    services.register("sales", *([str(day), shop, "Leeds" if shop == "9" else "O'Hara"]
                                 for day in DAYS for shop in ("9", "10")))  # fmt: skip
    return services


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", 18),
        ("  ", 18),
        ("day = '2023-11-03'", 2),
        ("day='2023-11-03' and shop=9", 1),
        ("DAY >= '2023-11-08'", 4),
        ("shop > 9", 9),  # as a number: as text "10" comes first
        ("shop > '9'", 9),
        ("shop in (9, 11)", 9),
        ("not (shop in (9, 11))", 9),
        ("shop not in (9) and day between '2023-11-02' and '2023-11-03'", 2),
        ("day <> '2023-11-01' and (shop = 9 or town = 'O''Hara')", 16),
        ("town like 'Le%'", 9),
        ("town not like '_eeds'", 9),
        ("town = '9'", 0),
        ("town is not null", 18),
        ("town is null", 0),
    ],
)
def test_partitions_are_filtered_as_the_expression_says(sales: Services, expression: str, expected: int):
    assert len(sales.partitions("sales", expression)) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("nothing = 1", "Invalid partition expression! .*nothing"),
        ("id = 1", "Invalid partition expression! .*id"),
        ("day = ", "Unsupported expression"),
        ("day = '2023-11-01'; drop", "Unsupported expression"),
        ("year(day) = 2023", "Unsupported expression"),
        ("shop = town", "Unsupported expression"),
        ("shop = 'nine'", '"nine" is not an integer'),
        ("shop like '1%'", "doesn't support operation 'LIKE'"),
    ],
)
def test_an_expression_that_glue_would_not_understand_is_refused(sales: Services, expression: str, message: str):
    with pytest.raises(ClientError, match=message) as caught:
        sales.partitions("sales", expression)

    assert caught.value.response["Error"]["Code"] == "InvalidInputException"


def test_partitions_come_in_pages_and_segments(sales: Services):
    pages = list(
        sales.glue.get_paginator("get_partitions").paginate(
            DatabaseName=sales.database, TableName="sales", Expression="shop = 9", PaginationConfig={"PageSize": 4}
        )
    )
    segments = [
        sales.partitions("sales", Segment={"SegmentNumber": number, "TotalSegments": 4}, ExcludeColumnSchema=True)
        for number in range(4)
    ]

    assert [len(page["Partitions"]) for page in pages] == [4, 4, 1]
    assert sorted(values for segment in segments for values in segment) == sorted(sales.partitions("sales"))
    assert min(map(len, segments)) > 0
    answer = sales.glue.get_partitions(DatabaseName=sales.database, TableName="sales", ExcludeColumnSchema=True)
    assert "Columns" not in answer["Partitions"][0]["StorageDescriptor"]
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        sales.partitions("nowhere")


def test_batches_of_partitions_tell_which_were_refused(sales: Services):
    key, new = {"DatabaseName": sales.database, "TableName": "sales"}, ["2024-01-01", "1", "York"]

    errors = sales.register("sales", sales.partitions("sales")[0], new, new)

    assert [(error["PartitionValues"], error["ErrorDetail"]["ErrorCode"]) for error in errors] == [
        (sales.partitions("sales")[0], "AlreadyExistsException"), (new, "AlreadyExistsException")
    ]  # fmt: skip
    assert sales.partitions("sales", "day >= '2024-01-01'") == [new]
    with pytest.raises(ClientError, match=r"ValidationException.*less than or equal to 100"):
        sales.register("sales", *([str(day), "1", "x"] for day in DAYS * 12))
    with pytest.raises(ClientError, match="number of partition keys do not match"):
        sales.register("sales", ["2024-01-02"])
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        sales.register("nowhere", ["2024-01-02"])
    gone = sales.glue.batch_delete_partition(**key, PartitionsToDelete=[{"Values": new}, {"Values": new}])["Errors"]
    assert [error["ErrorDetail"]["ErrorCode"] for error in gone] == ["EntityNotFoundException"]
    with pytest.raises(ClientError, match=r"ValidationException.*less than or equal to 25"):
        sales.glue.batch_delete_partition(**key, PartitionsToDelete=[{"Values": new}] * 26)


def test_single_partitions_are_created_updated_and_deleted(sales: Services):
    key = {"DatabaseName": sales.database, "TableName": "sales"}
    new, moved = ["2024-01-01", "1", "York"], ["2024-01-01", "2", "York"]
    given = {"Values": new, "StorageDescriptor": sales.storage("elsewhere"), "Parameters": {"rows": "7"}}

    sales.glue.create_partition(**key, PartitionInput=given)
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        sales.glue.create_partition(**key, PartitionInput=given)
    sales.glue.update_partition(**key, PartitionValueList=new, PartitionInput={**given, "Values": moved})

    found = sales.glue.get_partition(**key, PartitionValues=moved)["Partition"]
    assert (found["Parameters"], found["StorageDescriptor"]["Location"][-10:]) == ({"rows": "7"}, "elsewhere/")
    assert isinstance(found["CreationTime"], dt.datetime)
    for refused in (
        lambda: sales.glue.get_partition(**key, PartitionValues=new),
        lambda: sales.glue.delete_partition(**key, PartitionValues=new),
        lambda: sales.glue.update_partition(**key, PartitionValueList=new, PartitionInput=given),
    ):
        with pytest.raises(ClientError, match="EntityNotFoundException"):
            refused()
    taken = sales.partitions("sales")[0]
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        sales.glue.update_partition(**key, PartitionValueList=moved, PartitionInput={**given, "Values": taken})
    sales.glue.delete_partition(**key, PartitionValues=moved)
    assert len(sales.partitions("sales")) == 18


def test_tables_come_in_pages_and_by_name(services: Services):
    for number in range(7):
        services.table(f"sales_{number}")
    services.table("customers")
    tables = services.glue.get_paginator("get_tables")

    pages = list(tables.paginate(DatabaseName=services.database, PaginationConfig={"PageSize": 3}))

    def named(expression: str) -> list[str]:
        answers = tables.paginate(DatabaseName=services.database, Expression=expression)
        return [table["Name"] for page in answers for table in page["TableList"]]

    assert [len(page["TableList"]) for page in pages] == [3, 3, 2]
    assert (len(named("sales_.*")), len(named("sales*")), len(named("*_[0-3]"))) == (7, 7, 4)
    assert (named("cust.*"), named("sales"), named("sales_6|customers")) == (
        ["customers"], [], ["customers", "sales_6"]
    )  # fmt: skip
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        list(tables.paginate(DatabaseName="nobodys"))
    databases = services.glue.get_paginator("get_databases").paginate(PaginationConfig={"PageSize": 1})
    assert services.database in {entry["Name"] for page in databases for entry in page["DatabaseList"]}


def test_names_are_folded_to_lower_case(services: Services):
    services.table("MixedCase", day="string")

    for name in ("MixedCase", "mixedcase", "MIXEDCASE"):
        table = services.glue.get_table(DatabaseName=services.database.upper(), Name=name)["Table"]
        assert (table["DatabaseName"], table["Name"]) == (services.database, "mixedcase")
    services.glue.create_partition(DatabaseName=services.database, TableName="MixedCase", PartitionInput={
        "Values": ["Kept"], "StorageDescriptor": services.storage("MixedCase")
    })  # fmt: skip
    assert services.partitions("mixedcase") == [["Kept"]]
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        services.table("mixedcase")
    services.glue.batch_delete_table(DatabaseName=services.database, TablesToDelete=["MIXEDcase"])
    assert services.glue.get_tables(DatabaseName=services.database)["TableList"] == []


def test_every_version_of_a_table_is_kept(services: Services):
    services.table("sales")
    changed = services.described("sales")
    changed["StorageDescriptor"]["Columns"] = [*COLUMNS, {"Name": "price", "Type": "decimal(10,2)"}]
    changed["Parameters"] = {}
    key = {"DatabaseName": services.database, "TableName": "sales"}

    services.glue.update_table(DatabaseName=services.database, TableInput=changed)

    versions = services.glue.get_table_versions(**key)["TableVersions"]
    assert [len(version["Table"]["StorageDescriptor"]["Columns"]) for version in versions] == [2, 1]
    assert int(versions[0]["VersionId"]) > int(versions[1]["VersionId"])
    first = services.glue.get_table_version(**key, VersionId=versions[1]["VersionId"])["TableVersion"]["Table"]
    assert (first["Name"], first["Parameters"]) == ("sales", {"classification": "parquet"})
    assert services.glue.get_table(DatabaseName=services.database, Name="sales")["Table"]["Parameters"] == {}
    pages = services.glue.get_paginator("get_table_versions").paginate(**key, PaginationConfig={"PageSize": 1})
    assert [len(page["TableVersions"]) for page in pages] == [1, 1]


def test_an_update_replaces_the_whole_table(services: Services):
    services.table("sales", day="string")

    services.glue.update_table(DatabaseName=services.database, TableInput={
        "Name": "sales", "StorageDescriptor": services.storage("sales")
    })  # fmt: skip

    table = services.glue.get_table(DatabaseName=services.database, Name="sales")["Table"]
    assert (table.get("Parameters") or {}, table.get("PartitionKeys") or []) == ({}, [])


def test_results_come_in_pages(services: Services):
    query = services.query("select x, cast(null as varchar) as nothing from unnest(sequence(1, 2500)) as t(x)")

    pages = list(services.athena.get_paginator("get_query_results").paginate(QueryExecutionId=query))

    assert [len(page["ResultSet"]["Rows"]) for page in pages] == [1000, 1000, 501]
    assert pages[0]["ResultSet"]["Rows"][:2] == [
        {"Data": [{"VarCharValue": "x"}, {"VarCharValue": "nothing"}]}, {"Data": [{"VarCharValue": "1"}, {}]}
    ]  # fmt: skip
    with pytest.raises(ClientError, match="InvalidRequestException"):
        services.athena.get_query_results(QueryExecutionId=query, MaxResults=1001)
    with pytest.raises(ClientError, match="InvalidRequestException"):
        services.athena.get_query_results(QueryExecutionId=query, NextToken="no token")
    with pytest.raises(ClientError, match="InvalidRequestException"):
        services.athena.get_query_results(QueryExecutionId="00000000-0000-0000-0000-000000000000")


def test_a_query_that_cannot_be_started_is_refused(services: Services):
    here = {"OutputLocation": f"s3://{services.bucket}/answers/"}
    for message, request in {
        "Unable to verify/create output bucket no-such-bucket": {
            "ResultConfiguration": {"OutputLocation": "s3://no-such-bucket/answers/"}
        },
        "does not support the data catalog elsewhere": {
            "ResultConfiguration": here, "QueryExecutionContext": {"Catalog": "elsewhere", "Database": "x"}
        },
    }.items():  # fmt: skip
        with pytest.raises(ClientError, match=f"InvalidRequestException.*{message}"):
            services.athena.start_query_execution(QueryString="select 1", **request)


def test_queries_are_listed_the_latest_first_and_by_workgroup(services: Services):
    workgroup = services.database
    services.athena.create_work_group(Name=workgroup, Configuration={
        "ResultConfiguration": {"OutputLocation": f"s3://{services.bucket}/workgroup/"}
    })  # fmt: skip
    started = [
        services.athena.start_query_execution(QueryString=f"select {number}", WorkGroup=workgroup)["QueryExecutionId"]
        for number in range(5)
    ]
    elsewhere = services.query("select 1")

    pages = list(
        services.athena.get_paginator("list_query_executions").paginate(
            WorkGroup=workgroup, PaginationConfig={"PageSize": 2}
        )
    )

    assert [query for page in pages for query in page["QueryExecutionIds"]] == started[::-1]
    assert [len(page["QueryExecutionIds"]) for page in pages] == [2, 2, 1]
    assert services.athena.list_query_executions()["QueryExecutionIds"][0] == elsewhere
    answer = services.athena.batch_get_query_execution(QueryExecutionIds=[*started, "nobodys"])
    assert [query["QueryExecutionId"] for query in answer["QueryExecutions"]] == started
    assert [query["QueryExecutionId"] for query in answer["UnprocessedQueryExecutionIds"]] == ["nobodys"]
    with pytest.raises(ClientError, match="InvalidRequestException"):
        services.athena.list_query_executions(WorkGroup="nobodys")
    described = services.athena.get_work_group(WorkGroup=workgroup)["WorkGroup"]
    assert described["Configuration"]["ResultConfiguration"]["OutputLocation"] == f"s3://{services.bucket}/workgroup/"
    assert isinstance(described["Configuration"]["EnforceWorkGroupConfiguration"], bool)
    assert workgroup in {entry["Name"] for entry in services.athena.list_work_groups()["WorkGroups"]}
    services.athena.delete_work_group(WorkGroup=workgroup)


def test_athena_describes_the_tables_there_are_and_no_others(services: Services):
    for number in range(5):
        services.table(f"sales_{number}", day="string")
    key = {"CatalogName": "AwsDataCatalog", "DatabaseName": services.database}

    pages = list(services.athena.get_paginator("list_table_metadata").paginate(**key, PaginationConfig={"PageSize": 2}))

    assert [len(page["TableMetadataList"]) for page in pages] == [2, 2, 1]
    found = services.athena.list_table_metadata(**key, Expression="*_[01]")["TableMetadataList"]
    assert [table["Name"] for table in found] == ["sales_0", "sales_1"]
    assert found[0]["Parameters"]["location"] == f"s3://{services.bucket}/sales_0/"
    assert services.athena.get_table_metadata(**key, TableName="sales_0")["TableMetadata"] == found[0]
    for refused in ({**key, "TableName": "nothing"}, {**key, "TableName": "sales_0", "DatabaseName": "nobodys"}):
        with pytest.raises(ClientError, match=r"MetadataException.*EntityNotFoundException"):
            services.athena.get_table_metadata(**refused)
    databases = services.athena.get_paginator("list_databases").paginate(
        CatalogName="AwsDataCatalog", PaginationConfig={"PageSize": 1}
    )
    assert services.database in {entry["Name"] for page in databases for entry in page["DatabaseList"]}


def test_jobs_and_crawlers_are_described_as_the_model_says(services: Services):
    name = services.database
    role = boto3.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    services.glue.create_job(
        Name=name, Role=role, Command={"Name": "pythonshell", "ScriptLocation": f"s3://{services.bucket}/x.py"}
    )
    services.glue.create_crawler(
        Name=name, Role=role, DatabaseName=name, Targets={"S3Targets": [{"Path": f"s3://{services.bucket}/x/"}]}
    )
    boto3.client("s3").put_object(Bucket=services.bucket, Key="x.py", Body=b"print('here')")
    run = services.glue.start_job_run(JobName=name)["JobRunId"]
    until(
        lambda: services.glue.get_job_run(JobName=name, RunId=run)["JobRun"]["JobRunState"] in ("SUCCEEDED", "FAILED")
    )
    services.glue.start_crawler(Name=name)
    until(lambda: services.glue.get_crawler(Name=name)["Crawler"]["State"] == "READY")

    assert services.glue.get_job(JobName=name)["Job"]["Name"] == name
    assert name in every(services.glue, "get_jobs", "Jobs[].Name")
    assert [found["Id"] for found in services.glue.get_job_runs(JobName=name)["JobRuns"]] == [run]
    assert name in every(services.glue, "get_crawlers", "Crawlers[].Name")
    [metrics] = services.glue.get_crawler_metrics(CrawlerNameList=[name])["CrawlerMetricsList"]
    assert metrics["CrawlerName"] == name
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        services.glue.get_job_run(JobName=name, RunId="jr_nothing")
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        services.glue.get_crawler(Name="nobodys")


def every(client: Any, action: str, path: str) -> list[Any]:
    """Return what all pages of a list have, as other tests may have filled the first."""
    return list(client.get_paginator(action).paginate().search(path))


def test_saved_and_prepared_statements_are_described_as_the_model_says(services: Services):
    saved = services.athena.create_named_query(Name="all", Database=services.database, QueryString="select 1")
    services.athena.create_prepared_statement(
        StatementName=services.database, WorkGroup="primary", QueryStatement="select ?"
    )

    named = services.athena.get_named_query(NamedQueryId=saved["NamedQueryId"])["NamedQuery"]
    found = services.athena.batch_get_named_query(NamedQueryIds=[saved["NamedQueryId"], "nobodys"])
    prepared = services.athena.get_prepared_statement(StatementName=services.database, WorkGroup="primary")
    pages = services.athena.get_paginator("list_named_queries").paginate(PaginationConfig={"PageSize": 1})

    assert (named["QueryString"], prepared["PreparedStatement"]["QueryStatement"]) == ("select 1", "select ?")
    assert [query["NamedQueryId"] for query in found["NamedQueries"]] == [saved["NamedQueryId"]]
    assert [query["NamedQueryId"] for query in found["UnprocessedNamedQueryIds"]] == ["nobodys"]
    assert saved["NamedQueryId"] in {query for page in pages for query in page["NamedQueryIds"]}
    listed = services.athena.list_prepared_statements(WorkGroup="primary")["PreparedStatements"]
    assert services.database in {statement["StatementName"] for statement in listed}
    services.athena.delete_prepared_statement(StatementName=services.database, WorkGroup="primary")
    services.athena.delete_named_query(NamedQueryId=saved["NamedQueryId"])
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        services.athena.get_prepared_statement(StatementName=services.database, WorkGroup="primary")
    with pytest.raises(ClientError, match="InvalidRequestException"):
        services.athena.get_named_query(NamedQueryId=saved["NamedQueryId"])

"""The local Athena beyond SELECT: tables made of queries, rows added, the catalog changed and told, statements prepared."""

import json
import re
import time
from decimal import Decimal

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from tests.support.athena import Athena, text_files
from tests.support.aws import REGION, local_aws

ODD = 'O\'Brien, "Ω" {}| \\ 🙂'
TYPES = {
    "id": "bigint",
    "name": "string",
    "price": "decimal(15,4)",
    "ratio": "double",
    "flag": "boolean",
    "at": "timestamp",
    "small": "smallint",
    "day": "date",
    "site": "string",
}


@pytest.fixture
def orders(athena: Athena) -> Athena:
    """A table of all plain types, with a null in every column but the first."""
    values = {
        "id": pa.array([1, 2, 3], pa.int64()),
        "name": pa.array([ODD, "", None]),
        "price": pa.array([Decimal("12345678901.0001"), Decimal("-0.5"), None], pa.decimal128(15, 4)),
        "ratio": pa.array([0.1, 1e20, None]),
        "flag": pa.array([True, False, None]),
        "at": pa.array([1_700_000_000_120, 0, None], pa.timestamp("ms")),
        "small": pa.array([-7, 7, None], pa.int16()),
        "day": pa.array([19662, 0, None], pa.date32()),
        "site": pa.array(["a b/c", "x=1", None]),
    }
    athena.put("source/a.parquet", pa.table(values))
    athena.table("orders", TYPES, "source/")
    return athena


def lines(athena: Athena, sql: str, **options) -> list[str]:
    """Run a statement about the catalog; return what it prints."""
    execution = done(athena, sql, **options)
    rows = athena.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]["Rows"]
    return [row["Data"][0]["VarCharValue"] for row in rows]


def done(athena: Athena, sql: str, **options) -> dict:
    """Run a statement; return its execution."""
    execution = athena.finish(athena.start(sql, **options))
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    return execution


def fail_for(athena: Athena, expected: list[tuple[str, str]]) -> None:
    """Run statements, and see that each fails for its reason, or for one that begins so."""
    names = {"database": athena.database, "bucket": athena.bucket}
    queries = [athena.start(statement.format(**names)) for statement, _ in expected]
    for query, (_, reason) in zip(queries, expected, strict=True):
        status = athena.finish(query)["Status"]
        assert status["State"] == "FAILED"
        assert status["StateChangeReason"].startswith(reason.format(**names))


def described(athena: Athena, table: str) -> dict:
    return athena.glue.get_table(DatabaseName=athena.database, Name=table)["Table"]


def registered(athena: Athena, table: str) -> dict[tuple[str, ...], str]:
    parts = athena.glue.get_partitions(DatabaseName=athena.database, TableName=table)["Partitions"]
    return {tuple(part["Values"]): part["StorageDescriptor"]["Location"] for part in parts}


def keys(athena: Athena, prefix: str) -> list[str]:
    found = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix=prefix)
    return [entry["Key"] for entry in found.get("Contents", [])]


def body(athena: Athena, location: str) -> str:
    bucket, key = location.removeprefix("s3://").split("/", 1)
    return athena.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()


@pytest.mark.parametrize("how", ["format = 'PARQUET'", "format = 'JSON'", "format = 'TEXTFILE', field_delimiter = ';'"])
def test_a_table_made_of_a_query_holds_what_the_query_gave(orders: Athena, how: str):
    place = f"s3://{orders.bucket}/made/"
    statement = f"create table made with ({how}, external_location = '{place}', partitioned_by = array['day', 'site'])"

    done(orders, f"{statement} as select * from orders")

    assert orders.rows("select * from made order by id") == orders.rows("select * from orders order by id")
    table = described(orders, "made")
    columns = {
        column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"] + table["PartitionKeys"]
    }
    assert columns == TYPES
    assert registered(orders, "made") == {
        ("2023-11-01", "a b/c"): f"{place}day=2023-11-01/site=a b%2Fc",
        ("1970-01-01", "x=1"): f"{place}day=1970-01-01/site=x%3D1",
        ("__HIVE_DEFAULT_PARTITION__",) * 2: f"{place}day=__HIVE_DEFAULT_PARTITION__/site=__HIVE_DEFAULT_PARTITION__",
    }
    assert orders.rows("select id from made where day = date '2023-11-01'") == [("1",)]


def test_nested_columns_are_written_too(athena: Athena):
    columns = {
        "id": ("bigint", pa.array([1, 2, 3])),
        "items": ("array<string>", pa.array([[ODD, None], [], None])),
        "prices": ("map<string,decimal(4,2)>", pa.array([[("k", Decimal("1.50"))], [], None], pa.map_(pa.string(), pa.decimal128(4, 2)))),
        "r": ("struct<name:string,at:array<double>>", pa.array([{"name": ODD, "at": [0.5, 1e20]}, {"name": None, "at": None}, None])),
    }  # fmt: skip
    athena.put("source/a.parquet", pa.table({name: values for name, (_, values) in columns.items()}))
    athena.table("source", {name: kind for name, (kind, _) in columns.items()}, "source/")

    for kind in ("PARQUET", "JSON"):
        done(athena, f"create table {kind} with (format = '{kind}') as select * from source")

        assert athena.rows(f"select * from {kind} order by id") == athena.rows("select * from source order by id")
        made = described(athena, kind.lower())["StorageDescriptor"]["Columns"]
        assert {column["Name"]: column["Type"] for column in made} == {
            name: kind for name, (kind, _) in columns.items()
        }
    reason = athena.reason("create table t with (format = 'TEXTFILE') as select * from source")
    assert reason.startswith(
        "NOT_SUPPORTED: The local Athena does not support TEXTFILE with a column of the type array"
    )


def test_a_table_without_a_location_is_made_below_the_results(orders: Athena):
    execution = done(orders, "create table made as select id, name from orders where id < 3")

    place = f"s3://{orders.bucket}/athena-results/tables/{execution['QueryExecutionId']}"
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DDL", "CREATE_TABLE_AS_SELECT")
    assert execution["ResultConfiguration"]["OutputLocation"] == place
    assert execution["Statistics"]["DataManifestLocation"] == f"{place}-manifest.csv"
    [file] = body(orders, f"{place}-manifest.csv").splitlines()
    assert file.startswith(f"{place}/")
    assert described(orders, "made")["StorageDescriptor"]["Location"] == place
    answer = orders.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    assert answer["UpdateCount"] == 2
    assert answer["ResultSet"]["Rows"] == []
    assert [column["Name"] for column in answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]] == ["rows"]


def test_files_are_compressed_as_asked(orders: Athena):
    for compression in ("GZIP", "SNAPPY", "ZSTD"):
        done(orders, f"create table {compression} with (write_compression = '{compression}', external_location = 's3://{orders.bucket}/{compression}/') as select id from orders")  # fmt: skip
        [key] = keys(orders, f"{compression}/")
        file = pa.BufferReader(orders.s3.get_object(Bucket=orders.bucket, Key=key)["Body"].read())
        assert pq.ParquetFile(file).metadata.row_group(0).column(0).compression == compression


NOT_WRITTEN = [
    ("create table t with (format = 'JSON', format = 'PARQUET') as select 1 as a", "DUPLICATE_PROPERTY: line 1:1: Property format specified more than once"),
    ("create table orders as select 1 as a", "TABLE_ALREADY_EXISTS: line 1:1: Destination table 'awsdatacatalog.{database}.orders' already exists"),
    ("create table nope.t as select 1 as a", "SCHEMA_NOT_FOUND: line 1:1: Schema 'nope' does not exist"),
    ("create table t with (external_location = 's3://{bucket}/source/') as select 1 as a", "HIVE_PATH_ALREADY_EXISTS: Target directory for table '{database}.t' already exists: s3://{bucket}/source. You may need to manually clean the data at location 's3://{bucket}/source' before retrying."),
    ("unload (select 1 as a) to 's3://{bucket}/source' with (format = 'JSON')", "HIVE_PATH_ALREADY_EXISTS: Target directory"),
    ("create table t as select 1", "MISSING_COLUMN_NAME: line 1:1: Column name not specified at position 1"),
    ("create table t as select 1 as a, 2 as A", "DUPLICATE_COLUMN_NAME: line 1:1: Column name 'a' specified more than once"),
    ("create table t as select null as a", "COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown: a"),
    ("create table t with (partitioned_by = array['a']) as select 1 as a, 2 as b", "HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns"),
    ("create table t as select *\nfrom nope", "TABLE_NOT_FOUND: line 2:6: Table 'awsdatacatalog.{database}.nope' does not exist"),
    ("create table t with (format = 'ORC') as select 1 as a", "NOT_SUPPORTED: The local Athena does not support writing the format ORC"),
    ("create table t with (bucketed_by = array['a']) as select 1 as a", "NOT_SUPPORTED: The local Athena does not support the table properties bucketed_by"),
    ("create table t with (partitioned_by = array['b']) as select 1 as a, x * 10 + y as b from (values 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10) as t(x) cross join (values 0, 1, 2, 3, 4, 5, 6, 7, 8, 9) as u(y)", "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers for partitions/buckets"),
]  # fmt: skip


def test_what_athena_would_not_write_is_not_written(orders: Athena):
    fail_for(orders, NOT_WRITTEN)

    assert keys(orders, "athena-results/tables/") == []
    assert [table["Name"] for table in orders.glue.get_tables(DatabaseName=orders.database)["TableList"]] == ["orders"]


def test_a_table_that_is_there_may_stay_as_it_is(orders: Athena):
    done(orders, "create table if not exists orders as select 1 as a")

    assert orders.rows("select count(*) from orders") == [("3",)]


def test_a_query_that_is_stopped_leaves_nothing_behind(athena: Athena):
    digits = "(values 0, 1, 2, 3, 4, 5, 6, 7, 8, 9) as {}(x)"
    joined = " cross join ".join(digits.format(f"t{i}") for i in range(11))
    query = athena.start(f"create table made as select count(*) as n from {joined} where t0.x + t10.x > 17")

    athena.client.stop_query_execution(QueryExecutionId=query)

    assert athena.finish(query)["Status"]["State"] == "CANCELLED"
    assert athena.rows("select 1") == [("1",)]
    assert keys(athena, "athena-results/tables/") == []
    assert athena.glue.get_tables(DatabaseName=athena.database)["TableList"] == []


def test_a_query_that_fails_leaves_nothing_behind(orders: Athena):
    place = f"s3://{orders.bucket}/made/"
    orders.table("target", {"id": "bigint"}, "target/", {"site": "string"})

    for statement in (
        f"create table made with (external_location = '{place}', partitioned_by = array['b']) as",
        "insert into target",
    ):
        assert orders.reason(f"{statement} select id / (id - 3) as a, name as b from orders").startswith(
            "DIVISION_BY_ZERO"
        )

    assert keys(orders, "made/") == keys(orders, "target/") == []
    assert registered(orders, "target") == {}


@pytest.mark.parametrize(
    "storage",
    [
        "stored as parquet",
        "row format serde 'org.apache.hive.hcatalog.data.JsonSerDe'",
        r"row format delimited fields terminated by '\t' null defined as 'none'",
    ],
)
def test_rows_are_added_and_none_is_replaced(orders: Athena, storage: str):
    done(orders, f"create external table target (id int, name string) partitioned by (day date) {storage} location 's3://{orders.bucket}/target/'")  # fmt: skip

    first = done(orders, "insert into target values (1, 'one', date '2023-11-01'), (2, null, date '2023-11-02')")
    done(orders, "insert into target select 3, 'three', date '2023-11-01'")
    done(orders, "insert into target (day, id) values (date '2023-11-03', 4)")

    assert orders.rows("select * from target order by id") == [
        ("1", "one", "2023-11-01"),
        ("2", None, "2023-11-02"),
        ("3", "three", "2023-11-01"),
        ("4", None, "2023-11-03"),
    ]
    assert len(keys(orders, "target/day=2023-11-01/")) == 2
    assert sorted(registered(orders, "target")) == [("2023-11-01",), ("2023-11-02",), ("2023-11-03",)]
    assert (first["StatementType"], first["SubstatementType"]) == ("DML", "INSERT")
    output = f"s3://{orders.bucket}/athena-results/{first['QueryExecutionId']}"
    assert first["ResultConfiguration"]["OutputLocation"] == output
    assert len(body(orders, f"{output}-manifest.csv").splitlines()) == 2
    assert orders.client.get_query_results(QueryExecutionId=first["QueryExecutionId"])["UpdateCount"] == 2


def test_rows_go_where_the_catalog_says_that_their_partition_is(athena: Athena):
    athena.table("t", {"id": "bigint"}, "t/", {"day": "date"})
    athena.partitions("t", {("2023-11-01",): "t/day=2023-11-01/v=7/"})

    done(athena, "insert into t values (bigint '1', date '2023-11-01')")

    assert len(keys(athena, "t/day=2023-11-01/v=7/")) == len(keys(athena, "t/")) == 1
    assert athena.rows("select id from t") == [("1",)]

    done(athena, f"create external table lines (id int) partitioned by (n int) row format delimited fields terminated by ',' location 's3://{athena.bucket}/lines/'")  # fmt: skip
    athena.partitions("lines", {("1",): "lines/n=1/"})  # it is Parquet
    assert athena.reason("insert into lines values (1, 1)").startswith(
        "NOT_SUPPORTED: The local Athena does not support INSERT"
    )
    done(athena, "insert into lines values (1, 2)")

    projection = {"projection.enabled": "true", "projection.n.type": "integer", "projection.n.range": "1,9"}
    athena.table("projected", {"id": "bigint"}, "projected/", {"n": "int"}, properties=projection)
    done(athena, "insert into projected values (1, 3)")
    assert athena.rows("select * from projected") == [("1", "3")]
    assert registered(athena, "projected") == {}


def test_rows_that_are_added_at_the_same_time_are_all_there(athena: Athena):
    athena.table("t", {"id": "bigint"}, "t/", {"site": "string"})

    queries = [athena.start(f"insert into t values (bigint '{n}', 'a'), (bigint '{n}', 'b{n % 2}')") for n in range(8)]

    assert {athena.finish(query)["Status"]["State"] for query in queries} == {"SUCCEEDED"}
    assert athena.rows("select site, count(*) from t group by 1 order by 1") == [("a", "8"), ("b0", "4"), ("b1", "4")]
    assert sorted(registered(athena, "t")) == [("a",), ("b0",), ("b1",)]


def test_files_that_are_written_are_told_of_and_have_versions(athena: Athena):
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName=athena.bucket)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    athena.s3.put_bucket_versioning(Bucket=athena.bucket, VersioningConfiguration={"Status": "Enabled"})
    told = {
        "QueueConfigurations": [
            {
                "QueueArn": arn,
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "made/"}]}},
            }
        ]
    }
    athena.s3.put_bucket_notification_configuration(Bucket=athena.bucket, NotificationConfiguration=told)

    done(athena, f"create table made with (external_location = 's3://{athena.bucket}/made/') as select 1 as a")

    [key] = keys(athena, "made/")
    received = (sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]["Body"] for _ in range(2))
    [record] = next(json.loads(text)["Records"] for text in received if "s3:TestEvent" not in text)
    version = athena.s3.list_object_versions(Bucket=athena.bucket, Prefix=key)["Versions"][0]["VersionId"]
    assert (record["s3"]["object"]["key"], record["s3"]["object"]["versionId"]) == (key, version)


NOT_ADDED = [
    ("insert into orders select 1", "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table: [bigint, varchar, "),
    ("insert into orders (id) select 'a'", "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table: [bigint], Query: [varchar"),
    ("insert into orders (id, nope) values (1, 2)", "COLUMN_NOT_FOUND: line 1:1: Insert column name does not exist in target table: nope"),
    ("insert into orders (id, id) values (1, 2)", "DUPLICATE_COLUMN_NAME: line 1:1: Insert column name is specified more than once: id"),
    ("insert into rows select row(1, 'x')", "NOT_SUPPORTED: The local Athena does not support INSERT of row("),
    ("insert into nope values (1)", "TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.{database}.nope' does not exist"),
    ("insert into openx values (1)", "HIVE_UNSUPPORTED_FORMAT: Output format org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat with SerDe org.openx.data.jsonserde.JsonSerDe is not supported."),
]  # fmt: skip


def test_rows_that_do_not_fit_are_not_added(orders: Athena):
    orders.table("rows", {"r": "struct<a:int,b:string>"}, "rows/")
    orders.table("openx", {"id": "int"}, "openx/", format=text_files("org.openx.data.jsonserde.JsonSerDe"))

    fail_for(orders, NOT_ADDED)
    assert orders.rows("select count(*) from orders") == [("3",)]


@pytest.mark.parametrize(
    "how", ["format = 'PARQUET', compression = 'SNAPPY'", "format = 'JSON'", "format = 'TEXTFILE'"]
)
def test_a_result_is_unloaded_as_files(orders: Athena, how: str):
    place = f"s3://{orders.bucket}/unloaded/"

    execution = done(orders, f"unload (select id, name, site from orders) to '{place}' with ({how}, partitioned_by = array['site'])")  # fmt: skip

    manifest = execution["Statistics"]["DataManifestLocation"]
    assert manifest == f"s3://{orders.bucket}/athena-results/{execution['QueryExecutionId']}-manifest.csv"
    files = body(orders, manifest).splitlines()
    assert sorted(files) == sorted(f"s3://{orders.bucket}/{key}" for key in keys(orders, "unloaded/"))
    assert {file.removeprefix(place).split("/")[0] for file in files} == {
        "site=a b%2Fc", "site=x%3D1", "site=__HIVE_DEFAULT_PARTITION__"
    }  # fmt: skip
    assert all(file.endswith(".gz") for file in files) == ("PARQUET" not in how)
    assert len(orders.glue.get_tables(DatabaseName=orders.database)["TableList"]) == 1
    assert orders.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["UpdateCount"] == 3


def test_a_table_is_entered_in_the_catalog_as_athena_enters_it(athena: Athena):
    done(athena, rf"""
        create external table if not exists `{athena.database}`.`Events` (  -- what happened
          `Id` bigint comment 'its number', tags array<string>,
          detail struct<a: int, b: map<string, decimal(10, 2)>>
        ) comment 'It''s all' partitioned by (year int, `month` string comment 'two digits')
        row format serde 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe'
          with serdeproperties ('field.delim' = '\001', "escape.delim" = '\\')
        location 's3://{athena.bucket}/events/' tblproperties ('has_encrypted_data' = 'false')
    """.replace("It''s", r"It\'s"))  # fmt: skip

    table = described(athena, "events")
    storage = table["StorageDescriptor"]
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert (
        table["Parameters"].items()
        >= {"EXTERNAL": "TRUE", "comment": "It's all", "has_encrypted_data": "false"}.items()
    )
    assert storage["Columns"] == [
        {"Name": "id", "Type": "bigint", "Comment": "its number"},
        {"Name": "tags", "Type": "array<string>"},
        {"Name": "detail", "Type": "struct<a:int,b:map<string,decimal(10,2)>>"},
    ]
    assert table["PartitionKeys"] == [
        {"Name": "year", "Type": "int"},
        {"Name": "month", "Type": "string", "Comment": "two digits"},
    ]
    assert storage["Location"] == f"s3://{athena.bucket}/events"
    assert storage["InputFormat"] == "org.apache.hadoop.mapred.TextInputFormat"
    assert storage["OutputFormat"] == "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
    assert storage["SerdeInfo"] == {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        "Parameters": {"serialization.format": "1", "field.delim": "\x01", "escape.delim": "\\"},
    }


def test_what_show_create_table_prints_makes_the_same_table(athena: Athena):
    done(athena, rf"""
        create external table t (id bigint comment 'it\'s', r struct<a:int,b:string>) comment 'both' partitioned by (d date)
        row format delimited fields terminated by '\001' escaped by '\\' stored as textfile
        location 's3://{athena.bucket}/t' tblproperties ('skip.header.line.count' = '1')
    """)  # fmt: skip
    table = described(athena, "t")
    statement = "\n".join(lines(athena, "show create table t"))
    assert statement.startswith(f"CREATE EXTERNAL TABLE `{athena.database}.t`(\n  `id` bigint COMMENT 'it\\'s', \n")

    done(athena, "drop table t")
    done(athena, statement)

    changing = ("CreateTime", "UpdateTime", "LastAccessTime", "VersionId")
    assert {key: value for key, value in described(athena, "t").items() if key not in changing} == {
        key: value for key, value in table.items() if key not in changing
    }


def test_partitions_are_added_found_told_and_dropped(athena: Athena):
    athena.table("t", {"id": "bigint"}, "t", {"year": "int", "month": "string"})
    root = f"s3://{athena.bucket}/t"

    done(athena, f"alter table t add partition (year = 2023, month = '11') location 's3://{athena.bucket}/else/' partition (month = 'a b/c', year = 2023)")  # fmt: skip
    assert registered(athena, "t") == {
        ("2023", "11"): f"s3://{athena.bucket}/else/",
        ("2023", "a b/c"): f"{root}/year=2023/month=a b%2Fc",
    }
    done(athena, "alter table t add if not exists partition (year = 2023, month = '11')")
    assert lines(athena, "show partitions t") == ["year=2023/month=11", "year=2023/month=a b%2Fc"]

    for key in (
        "year=2024/month=1/a.parquet",
        "year=2024/month=1/b",
        "year=2024/_x/a",
        "odd/month=3/a",
        "kind=x/month=3/a",
        "year=2023/month=11/a",
    ):
        athena.put(f"t/{key}", b"")
    assert lines(athena, "msck repair table t") == [
        "Partitions not in metastore:\tt:year=2024/month=1",
        "Repair: Added partition to metastore t:year=2024/month=1",
    ]
    assert registered(athena, "t")["2024", "1"] == f"{root}/year=2024/month=1"
    assert lines(athena, "msck repair table t") == []

    done(athena, "alter table t drop partition (year = 2023), partition (year = 2024, month = '1')")
    done(athena, "alter table t drop if exists partition (year = 2023)")
    assert registered(athena, "t") == {}


def test_tables_are_altered(athena: Athena):
    athena.table("t", {"id": "bigint"}, "t/")

    done(athena, "alter table t add columns (name string comment 'who', at timestamp)")
    done(athena, f"alter table t set location 's3://{athena.bucket}/moved/'")
    done(athena, "alter table t set tblproperties ('note' = 'kept', 'classification' = 'parquet')")

    athena.put("moved/a.parquet", pa.table({"id": [1], "name": ["one"]}))
    assert athena.rows("select * from t") == [("1", "one", None)]
    assert lines(athena, "show tblproperties t('note')") == ["note\tkept"]
    assert "classification\tparquet" in lines(athena, "show tblproperties t")
    assert athena.reason("alter table t rename to u").startswith(
        "NOT_SUPPORTED: The local Athena does not support ALTER"
    )
    assert athena.reason("alter table t partition (a = 1) rename to partition (a = 2)").startswith("NOT_SUPPORTED: ")


def test_databases_come_and_go(athena: Athena):
    name = f"{athena.database}_more"

    done(athena, f"create database if not exists {name} comment 'more' location 's3://{athena.bucket}/more/' with dbproperties ('a' = 'b')")  # fmt: skip
    done(athena, f"create schema if not exists {name}")

    assert athena.glue.get_database(Name=name)["Database"]["Description"] == "more"
    assert lines(athena, f"show databases like '{athena.database}.*'") == [
        athena.database,
        f"{athena.database}_masked",
        name,
    ]
    done(athena, f"create external table {name}.t (a int) location 's3://{athena.bucket}/t/'")
    assert athena.reason(f"drop database {name}").endswith(f"Database {name} is not empty. One or more tables exist.)")
    done(athena, f"drop schema {name} cascade")
    done(athena, f"drop database if exists {name}")
    assert lines(athena, f"show schemas '{name}'") == []


def test_the_catalog_is_told_as_hive_tells_it(orders: Athena):
    orders.table("part", {"id": "bigint", "a_rather_long_column_name": "array<string>"}, "p/", {"day": "date"})
    done(orders, 'create view Recent as select id, name as "Full Name" from orders where id > 1')

    assert lines(orders, "show tables") == ["orders", "part", "recent"]
    assert lines(orders, f"show tables in {orders.database} 'or*|re*'") == ["orders", "recent"]
    assert lines(orders, "show views") == ["recent"]
    assert lines(orders, "show columns in part") == ["id" + " " * 18, "a_rather_long_column_name", "day" + " " * 17]
    head = "# col_name            \tdata_type           \tcomment             "
    blank, day = " " * 20, "day                 \tdate                \t                    "
    assert lines(orders, "describe part") == lines(orders, "desc part") == [
        f"id                  \tbigint              \t{blank}",
        f"a_rather_long_column_name\tarray<string>       \t{blank}",
        day, "\t \t ", "# Partition Information\t \t ", head, "\t \t ", day,
    ]  # fmt: skip
    assert [line.split("\t")[0] for line in lines(orders, "describe recent")] == ["id", "full name"]
    execution = done(orders, "show tables")
    results = orders.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]
    assert [column["Name"] for column in results["ResultSetMetadata"]["ColumnInfo"]] == ["tab_name"]
    assert execution["ResultConfiguration"]["OutputLocation"].endswith(f"/{execution['QueryExecutionId']}.txt")
    assert body(orders, execution["ResultConfiguration"]["OutputLocation"]) == "orders\npart\nrecent"
    with pytest.raises(ClientError, match="Entity Not Found"):
        orders.start("describe nope")


def test_a_view_is_kept_as_presto_keeps_it(orders: Athena):
    done(orders, "create view recent as\nselect id, price * 2 as twice\nfrom orders where id > 1")

    assert orders.rows("select id, twice from recent order by id") == [("2", "-1.0000"), ("3", None)]
    view = described(orders, "recent")
    assert (view["TableType"], view["ViewExpandedText"]) == ("VIRTUAL_VIEW", "/* Presto View */")
    assert [column["Name"] for column in view["StorageDescriptor"]["Columns"]] == ["id", "twice"]
    assert lines(orders, "show create view recent") == [
        f"CREATE VIEW {orders.database}.recent AS", "select id, price * 2 as twice", "from orders where id > 1"
    ]  # fmt: skip
    assert orders.reason("create view recent as select 1 as a").startswith("ALREADY_EXISTS: View already exists")
    assert orders.reason("create or replace view orders as select 1 as a").startswith("TABLE_ALREADY_EXISTS: ")
    assert orders.reason("create view v as select nope from orders").startswith("COLUMN_NOT_FOUND: ")
    done(orders, "create or replace view recent as select 1 as one")
    assert orders.rows("select * from recent") == [("1",)]
    done(orders, "drop view recent")
    done(orders, "drop view if exists recent")


FAILING = [
    ("drop table nope", "FAILED: SemanticException [Error 10001]: Table not found {database}.nope"),
    ("alter table nope add columns (a int)", "FAILED: SemanticException [Error 10001]: Table not found {database}.nope"),
    ("show tables in nope", "FAILED: SemanticException [Error 10072]: Database does not exist: nope"),
    ("drop database nope", "FAILED: SemanticException [Error 10072]: Database does not exist: nope"),
    ("create database {database}", "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Database {database} already exists"),
    ("create external table orders (a int) location 's3://b/'", "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. AlreadyExistsException(message:Table orders already exist)"),
    ("create external table t (a int, A int) location 's3://b/'", "FAILED: SemanticException [Error 10036]: Duplicate column name: a"),
    ("alter table orders add columns (ID int)", "FAILED: SemanticException [Error 10036]: Duplicate column name: id"),
    ("alter table orders drop partition (day = '1')", "FAILED: SemanticException [Error 10006]: Partition not found"),
    ("show partitions orders", "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Table orders is not a partitioned table"),
    ("drop view nope", "TABLE_NOT_FOUND: line 1:1: View 'awsdatacatalog.{database}.nope' does not exist"),
    ("execute nope", "NOT_FOUND: Prepared statement not found: nope"),
    ("create external table t (a int) stored as orc location 's3://b/'", "NOT_SUPPORTED: The local Athena does not support tables stored as ORC"),
    ("create external table t (a int) location 's3://b/' tblproperties ('table_type' = 'ICEBERG')", "NOT_SUPPORTED: The local Athena does not support Iceberg tables"),
    ("create external table t (a uniontype<int>) location 's3://b/'", "NOT_SUPPORTED: The local Athena does not support "),
    ("create external table t (a int) location 'hdfs://b/'", "FAILED: Execution Error"),
    ("create table t (a int) location 's3://b/'", "NOT_SUPPORTED: The local Athena does not support CREATE TABLE without EXTERNAL"),
    ("describe formatted orders", "NOT_SUPPORTED: The local Athena does not support DESCRIBE FORMATTED"),
    ("explain select 1", "NOT_SUPPORTED: The local Athena does not support EXPLAIN"),
    ("show functions", "NOT_SUPPORTED: The local Athena does not support SHOW FUNCTIONS statements"),
    ("delete from orders", "NOT_SUPPORTED: The local Athena does not support DELETE"),
]  # fmt: skip


def test_statements_fail_in_athenas_words(orders: Athena):
    fail_for(orders, FAILING)


MALFORMED = [
    ("show tables in", "line 1:15: mismatched input '<EOF>'"),
    ("alter table t\n  ad columns (a int)", "line 2:3: mismatched input 'ad'"),
    ("drop table t u", "line 1:14: mismatched input 'u'"),
    ("create external table t (a int", "line 1:31: mismatched input '<EOF>'"),
    ("create external table t (a int)", "No location was specified for table"),
    ("drop table t; drop table u", "Only one sql statement is allowed"),
    ("create table t as\n  selec 1", "line 2:9: mismatched input '1'"),
    ("prepare p from show tables", "Queries of this type are not supported"),
]  # fmt: skip


def test_a_statement_that_is_none_is_refused_with_its_place(athena: Athena):
    for statement, place in MALFORMED:
        with pytest.raises(ClientError, match=re.escape(place)) as error:
            athena.start(statement)

        assert error.value.response["AthenaErrorCode"] == "MALFORMED_QUERY"


KINDS = [
    ("-- first\nselect 1", ("DML", "SELECT")),
    ("/* c */ show\ntables;", ("UTILITY", "SHOW_TABLES")),
    ("create external table t (a int) location 's3://b/'", ("DDL", "CREATE_TABLE")),
    ("alter table orders set tblproperties ('add columns' = 'no')", ("DDL", "ALTER_TABLE_PROPERTIES")),
    ("msck repair table orders", ("DDL", "MSCK_REPAIR")),
    ("describe orders", ("UTILITY", "DESCRIBE_TABLE")),
]  # fmt: skip


def test_an_execution_says_what_kind_of_statement_it_is(orders: Athena):
    for statement, kind in KINDS:
        execution = done(orders, statement)

        assert (execution["StatementType"], execution["SubstatementType"]) == kind
        extension = ".csv" if kind[1] == "SELECT" else ".txt"
        assert execution["ResultConfiguration"]["OutputLocation"].endswith(extension)


def test_statements_are_prepared_and_executed(orders: Athena):
    name = orders.database  # names are the workgroup's

    done(orders, f"prepare {name} from select id, ? as note from orders where id > ? order by id")

    assert orders.rows(f"execute {name} using 'it''s, ok', 1") == [("2", "it's, ok"), ("3", "it's, ok")]
    assert orders.rows(f"execute {name}", ExecutionParameters=["'x'", "2"]) == [("3", "x")]
    assert orders.reason(f"execute {name} using 1").startswith(
        "INVALID_PARAMETER_USAGE: Incorrect number of parameters"
    )
    stored = orders.client.get_prepared_statement(StatementName=name, WorkGroup="primary")["PreparedStatement"]
    assert stored["QueryStatement"] == "select id, ? as note from orders where id > ? order by id"
    statement = "create table made as select id from orders where name = ?"
    orders.client.update_prepared_statement(StatementName=name, WorkGroup="primary", QueryStatement=statement)
    assert done(orders, f"execute {name} using ''")["SubstatementType"] == "CREATE_TABLE_AS_SELECT"
    assert orders.rows("select * from made") == [("2",)]
    answer = orders.client.batch_get_prepared_statement(PreparedStatementNames=[name, "nope"], WorkGroup="primary")
    assert [entry["QueryStatement"] for entry in answer["PreparedStatements"]] == [statement]
    assert [entry["StatementName"] for entry in answer["UnprocessedPreparedStatementNames"]] == ["nope"]
    done(orders, f"deallocate prepare {name}")
    assert orders.reason(f"execute {name} using 1").startswith("NOT_FOUND: Prepared statement not found")


def test_a_literal_with_a_point_is_a_double_wherever_it_stands(athena: Athena):
    done(
        athena,
        "create table made with (partitioned_by = array['k']) as select 1.50 as a, decimal '1.50' as b, decimal '2.5' as k",
    )
    done(athena, "create view seen as select 1.50 as a, decimal '1.50' as b")
    done(athena, f"prepare {athena.database} from select ? as a, ? as b")

    columns = described(athena, "made")["StorageDescriptor"]["Columns"]
    assert [column["Type"] for column in columns] == ["double", "decimal(3,2)"]
    done(athena, "insert into made values (decimal '0.25', decimal '1.25', decimal '3.5')")
    assert athena.reason("insert into made values (0.25, 1.25, decimal '3.5')").endswith(
        "Table: [double, decimal(3,2), decimal(2,1)], Query: [double, double, decimal(2,1)]"
    )
    assert athena.rows("select a, b from made where k > 2.49 and k < 3.5") == [("1.5", "1.50")]
    assert athena.scanned("select a, b from made where k = 9.5") == 0
    assert athena.rows("select * from seen") == [("1.5", "1.50")]
    assert athena.rows(f"execute {athena.database} using 1.50, decimal '1.50'") == [("1.5", "1.50")]


def test_named_queries_are_kept_and_changed(athena: Athena):
    made = athena.client.create_named_query(Name="one", Database=athena.database, QueryString="select 1")[
        "NamedQueryId"
    ]

    athena.client.update_named_query(NamedQueryId=made, Name="two", QueryString="select 2")

    query = athena.client.get_named_query(NamedQueryId=made)["NamedQuery"]
    assert (query["Name"], query["QueryString"], query["Database"]) == ("two", "select 2", athena.database)
    assert made in athena.client.list_named_queries()["NamedQueryIds"]
    assert athena.client.batch_get_named_query(NamedQueryIds=[made])["NamedQueries"] == [query]
    athena.client.delete_named_query(NamedQueryId=made)
    with pytest.raises(ClientError, match="InvalidRequestException"):
        athena.client.get_named_query(NamedQueryId=made)


def test_a_workgroup_that_insists_on_its_place_takes_no_other_for_a_table(orders: Athena):
    place = f"s3://{orders.bucket}/team/"
    settings = {"EnforceWorkGroupConfiguration": True, "ResultConfiguration": {"OutputLocation": place}}
    orders.client.create_work_group(Name=orders.database, Configuration=settings)

    reason = orders.reason(f"create table t with (external_location = 's3://{orders.bucket}/x/') as select 1 as a", WorkGroup=orders.database)  # fmt: skip
    made = done(orders, "create table made as select 1 as a", WorkGroup=orders.database)

    assert "enforces a centralized output location for all queries" in reason
    assert described(orders, "made")["StorageDescriptor"]["Location"] == f"{place}tables/{made['QueryExecutionId']}"


def test_several_executions_are_told_at_once(athena: Athena):
    queries = [athena.start(f"select {n}") for n in range(3)]
    for query in queries:
        athena.finish(query)

    answer = athena.client.batch_get_query_execution(QueryExecutionIds=[*queries, "0" * 36])

    assert [entry["QueryExecutionId"] for entry in answer["QueryExecutions"]] == queries
    assert len(answer["UnprocessedQueryExecutionIds"]) == 1
    assert not any(key.startswith("_") for entry in answer["QueryExecutions"] for key in entry)


def test_a_query_that_ran_when_the_server_ended_has_failed_at_the_next_start(tmp_path):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}
    digits = "(values 0, 1, 2, 3, 4, 5, 6, 7, 8, 9) as {}(x)"
    joined = " cross join ".join(digits.format(f"t{i}") for i in range(12))
    with local_aws(tmp_path) as endpoint:
        boto3.client("s3", endpoint_url=endpoint, **keys).create_bucket(
            Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        query = boto3.client("athena", endpoint_url=endpoint, **keys).start_query_execution(
            QueryString=f"select count(*) from {joined} where t0.x + t11.x > 17",
            ResultConfiguration={"OutputLocation": "s3://lake/results/"},
        )["QueryExecutionId"]
        _wait_until_kept(tmp_path, query)

    with local_aws(tmp_path) as endpoint:
        client = boto3.client("athena", endpoint_url=endpoint, **keys)
        status = client.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]

    assert status["State"] == "FAILED"
    assert "The local AWS ended while the query ran" in status["StateChangeReason"]


def _wait_until_kept(run, query: str) -> None:
    deadline = time.monotonic() + 20
    while not any(query in file.read_text() for file in (run / "aws" / "state").rglob("*athena*")):
        assert time.monotonic() < deadline, "the query is not kept"
        time.sleep(0.1)

"""The local crawlers, through boto3: what lies in the lake gets into the catalog as AWS's crawlers put it there."""

import copy
import gzip
import io
import json
import os
import signal
import time
import uuid
from functools import reduce
from pathlib import Path
from types import SimpleNamespace

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.aws.glue.grouping import glob
from local.aws.glue.schemas import hive, parsed, widened
from local.layout import ROOT
from local.processes import answers, free_port, start, stop, wait_until
from tests.support.athena import Athena

PLATFORM = Path(os.environ.get("QUAYSIDE_VENVS", ROOT / ".local" / "venvs")) / "platform" / "bin" / "python"
COMBINE = {"Version": 1.0, "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"}}
LOG_ONLY = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "glue.amazonaws.com"}}


def role(name: str, *actions: str) -> str:
    """Make a role that may do this; return its ARN."""
    iam = boto3.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [TRUST]}))["Role"]["Arn"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="crawl", PolicyDocument=json.dumps(policy))
    return made


class Crawlers:
    """The lake, the catalog database and the crawlers of one test."""

    def __init__(self, bucket: str, database: str, role: str) -> None:
        self.bucket, self.database, self.role = bucket, database, role
        self.s3, self.glue, self.logs = (boto3.client(name) for name in ("s3", "glue", "logs"))

    def fresh(self) -> "Crawlers":
        """Return another bucket and database, of the same server."""
        mark, other = uuid.uuid4().hex[:10], copy.copy(self)
        other.bucket, other.database = f"lake-{mark}", f"db_{mark}"
        self.s3.create_bucket(Bucket=other.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        self.glue.create_database(DatabaseInput={"Name": other.database})
        return other

    def put(self, key: str, content: bytes | str | list | dict | pa.Table) -> None:
        """Write an object; rows become Parquet or JSON lines."""
        if isinstance(content, pa.Table):
            buffer = io.BytesIO()
            pq.write_table(content, buffer)
            content = buffer.getvalue()
        elif isinstance(content, list | dict):
            rows = content if isinstance(content, list) else [content]
            content = "".join(f"{json.dumps(row)}\n" for row in rows)
        if key.endswith(".gz"):
            content = gzip.compress(content.encode() if isinstance(content, str) else content)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)

    def create(
        self, path: str = "", *, configuration: dict | None = None, target: dict | None = None, **options
    ) -> str:
        """Create a crawler of a path of the lake; return its name."""
        name = f"crawler-{uuid.uuid4().hex[:8]}"
        options.setdefault("Targets", {"S3Targets": [{"Path": f"s3://{self.bucket}/{path}", **(target or {})}]})
        if configuration:
            options["Configuration"] = json.dumps(configuration)
        self.glue.create_crawler(**{"Name": name, "Role": self.role, "DatabaseName": self.database, **options})
        return name

    def run(self, name: str) -> dict:
        """Run a crawler to its end; return its LastCrawl."""
        self.glue.start_crawler(Name=name)
        return self.ended(name)

    def ended(self, name: str) -> dict:
        """Wait until a crawler is ready; return its LastCrawl."""
        deadline = time.monotonic() + 30
        while (crawler := self.glue.get_crawler(Name=name)["Crawler"])["State"] != "READY":
            assert time.monotonic() < deadline, crawler
            time.sleep(0.02)
        return crawler["LastCrawl"]

    def crawl(self, path: str = "", **options) -> str:
        """Create a crawler, run it, and see that it succeeds."""
        name = self.create(path, **options)
        assert self.run(name)["Status"] == "SUCCEEDED"
        return name

    def again(self, name: str) -> None:
        """Run a crawler once more."""
        assert self.run(name)["Status"] == "SUCCEEDED"

    def names(self) -> list[str]:
        return sorted(table["Name"] for table in self.glue.get_tables(DatabaseName=self.database)["TableList"])

    def table(self, name: str) -> dict:
        return self.glue.get_table(DatabaseName=self.database, Name=name)["Table"]

    def columns(self, name: str) -> dict[str, str]:
        return {column["Name"]: column["Type"] for column in self.table(name)["StorageDescriptor"]["Columns"]}

    def keys(self, name: str) -> list[str]:
        return [key["Name"] for key in self.table(name)["PartitionKeys"]]

    def partitions(self, name: str) -> dict[tuple[str, ...], dict]:
        pages = self.glue.get_paginator("get_partitions").paginate(DatabaseName=self.database, TableName=name)
        parts = [part for page in pages for part in page["Partitions"]]
        found = {tuple(part["Values"]): part for part in parts}
        assert len(found) == len(parts)
        return found

    def versions(self, name: str) -> list[str]:
        found = self.glue.get_table_versions(DatabaseName=self.database, TableName=name)["TableVersions"]
        return [version["VersionId"] for version in found]

    def log(self, name: str) -> str:
        events = self.logs.get_log_events(logGroupName="/aws-glue/crawlers", logStreamName=name)["events"]
        return "\n".join(event["message"] for event in events)

    def metrics(self, name: str) -> tuple[int, int, int]:
        [found] = self.glue.get_crawler_metrics(CrawlerNameList=[name])["CrawlerMetricsList"]
        return found["TablesCreated"], found["TablesUpdated"], found["TablesDeleted"]


@pytest.fixture(scope="module")
def server(aws: str) -> Crawlers:
    return Crawlers("", "", role(f"crawler-{uuid.uuid4().hex[:8]}", "s3:ListBucket", "s3:GetObject", "glue:*"))


@pytest.fixture
def lake(server: Crawlers) -> Crawlers:
    return server.fresh()


@pytest.fixture
def athena(lake: Crawlers) -> Athena:
    return Athena(SimpleNamespace(lake_bucket=lake.bucket, catalog_database=lake.database))


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


# What a file holds


def test_parquet_is_typed_by_its_footer_and_athena_can_query_it(lake, athena):
    schema = pa.schema(
        [
            ("Id", pa.int32()),
            ("big", pa.int64()),
            ("price", pa.decimal128(10, 2)),
            ("at", pa.timestamp("us")),
            ("day", pa.date32()),
            ("tags", pa.list_(pa.string())),
            ("who", pa.struct([("name", pa.string()), ("age", pa.int16())])),
            ("counts", pa.map_(pa.string(), pa.float64())),
            ("raw", pa.binary()),
        ]
    )
    lake.put("sales/one.parquet", schema.empty_table())

    lake.crawl("sales/")

    assert lake.columns("sales") == {
        "id": "int",
        "big": "bigint",
        "price": "decimal(10,2)",
        "at": "timestamp",
        "day": "date",
        "tags": "array<string>",
        "who": "struct<name:string,age:smallint>",
        "counts": "map<string,double>",
        "raw": "binary",
    }
    assert athena.rows("select count(*) from sales") == [("0",)]


def test_the_partitions_of_k_v_folders_can_be_queried(lake, athena):
    for day in (1, 2, 3):
        lake.put(f"sales/day={day}/a.parquet", pa.table({"n": [day, day]}))

    lake.crawl("sales/")

    assert lake.keys("sales") == ["day"]
    assert sorted(lake.partitions("sales")) == [("1",), ("2",), ("3",)]
    assert athena.rows("select sum(n) from sales where day = '2'") == [("4",)]


def test_text_tables_can_be_queried(lake, athena):
    lake.put("people/a.csv.gz", "id|name|price\n1|Ann|1.5\n2|Bo|\n")
    lake.put("events/a.json", '{"Id": 1, "who": {"Name": "a", "Tags": [1, 2]}}\n{"Id": 2, "who": {"Name": "b"}}\n')

    lake.crawl("people/")
    lake.crawl("events/")

    assert athena.rows("select * from people order by id") == [("1", "Ann", "1.5"), ("2", "Bo", None)]
    answer = athena.rows("select id, who.name, cardinality(who.tags) from events order by id")
    assert answer == [("1", "a", "2"), ("2", "b", None)]


def test_a_table_says_what_it_holds_as_a_crawler_of_aws_does(lake):
    lake.put("people/a.csv", "id,name\n1,Ann\n2,Bo\n")

    name = lake.crawl("people/", target={"Exclusions": ["*.txt"]})

    table = lake.table("people")
    assert table["Parameters"] == table["StorageDescriptor"]["Parameters"]
    assert table["Parameters"] == {
        "CrawlerSchemaDeserializerVersion": "1.0",
        "CrawlerSchemaSerializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": name,
        "areColumnsQuoted": "false",
        "averageRecordSize": "9",
        "classification": "csv",
        "columnsOrdered": "true",
        "compressionType": "none",
        "delimiter": ",",
        "exclusions": f'["s3://{lake.bucket}/people/*.txt"]',
        "objectCount": "1",
        "recordCount": "2",
        "sizeKey": "19",
        "skip.header.line.count": "1",
        "typeOfData": "file",
    }
    assert table["StorageDescriptor"]["SerdeInfo"] == {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        "Parameters": {"field.delim": ","},
    }
    assert table["StorageDescriptor"]["Location"] == f"s3://{lake.bucket}/people/"
    assert (table["TableType"], table["Owner"]) == ("EXTERNAL_TABLE", "owner")


@pytest.mark.parametrize("delimiter", [",", "|", "\t", ";", "\x01"])
def test_a_heading_is_found_whatever_the_delimiter_and_behind_a_byte_order_mark(lake, delimiter):
    rows = ["Id", "Full Name", "Price", "New"], ["1", "a", "1.5", "true"], ["-2", "", "3", "FALSE"]
    lake.put("t/a.csv", b"\xef\xbb\xbf" + "".join(f"{delimiter.join(row)}\r\n" for row in rows).encode())

    lake.crawl("t/")

    assert lake.columns("t") == {"id": "bigint", "full name": "string", "price": "double", "new": "boolean"}
    parameters = lake.table("t")["Parameters"]
    assert (parameters["delimiter"], parameters["skip.header.line.count"]) == (delimiter, "1")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a,b\nc,d\n", "all columns are words: the first row does not differ from the others"),
        ("1,b\n2,d\n", "a heading is words only"),
        (f"{'a' * 150},b,c\n1,2,3\n", "a heading is shorter than 150 characters"),
        ("a,,c\n1,2,3\n", "a heading is not empty, but in the last column"),
    ],
)
def test_there_is_no_heading_if(lake, text, why):
    lake.put("t/a.csv", text)

    lake.crawl("t/")

    assert list(lake.columns("t")) == [f"col{i}" for i in range(text.partition("\n")[0].count(",") + 1)], why
    assert "skip.header.line.count" not in lake.table("t")["Parameters"]


def test_quoted_values_are_typed_by_what_is_within_the_quotes(lake):
    lake.put("t/a.csv", 'id,text\n"1","a,b"\n"2","c\nd"\n')

    lake.crawl("t/")

    assert lake.columns("t") == {"id": "bigint", "text": "string"}
    assert lake.table("t")["Parameters"]["areColumnsQuoted"] == "true"


def test_a_text_with_one_column_or_one_row_is_no_csv(lake):
    lake.put("one_column/a.csv", "id\n1\n2\n")
    lake.put("one_row/a.csv", "1,2,3\n")
    lake.put("irregular/a.csv", "1,2\n1,2,3\n")
    lake.put("empty/a.csv.gz", "")
    lake.put("cut/a.json.gz", b"{}")
    lake.s3.put_object(Bucket=lake.bucket, Key="broken/a.json.gz", Body=gzip.compress(b'{"a": 1}')[:-9])

    lake.crawl()

    assert lake.names() == []


def test_json_lines_become_nested_types_merged_over_records_and_files(lake):
    lake.put("t/a.json.gz", '{"Id": 1, "who": {"Name": "a", "tags": []}, "x": null}\n{"Id": 2.5, "ok": true}\n')
    lake.put(
        "t/b.json.gz", '{"Id": 1, "who": {"tags": [1, 3000000000], "born": {"y": 1}}, "x": "z"}\n{"Id": 2, "late": 1}'
    )

    lake.crawl("t/")

    assert lake.columns("t") == {
        "id": "double",
        "who": "struct<Name:string,tags:array<bigint>,born:struct<y:int>>",
        "x": "string",
        "ok": "boolean",
        "late": "int",
    }
    storage = lake.table("t")["StorageDescriptor"]
    assert storage["SerdeInfo"]["SerializationLibrary"] == "org.openx.data.jsonserde.JsonSerDe"
    assert storage["SerdeInfo"]["Parameters"] == {"paths": "id,who,x,ok,late"}
    assert (storage["Parameters"]["compressionType"], storage["Parameters"]["recordCount"]) == ("gzip", "4")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], "int"),
        ([1, 2**31], "bigint"),
        ([2**31, 0.5], "double"),
        ([1, 2**63], "double"),
        ([0.5, "a"], "string"),
        ([True, 1], "string"),
        ([[1], [0.5]], "array<double>"),
        ([{"a": 1}, [1]], "string"),
        ([None, 1], "int"),
    ],
)
def test_a_type_is_as_wide_as_the_widest_value_of_all_files(lake, values, kind):
    for i, value in enumerate(values):
        lake.put(f"t/{i}.json", {"id": i, "v": value})

    lake.crawl("t/")

    assert lake.columns("t") == {"id": "int", "v": kind}


def test_the_types_of_parquet_files_widen_too(lake):
    lake.put("t/a.parquet", pa.table({"n": pa.array([1], pa.int32()), "d": pa.array([1], pa.decimal128(5, 2))}))
    lake.put("t/b.parquet", pa.table({"n": pa.array([1], pa.int64()), "d": pa.array([1], pa.decimal128(7, 5))}))

    lake.crawl("t/")

    assert lake.columns("t") == {"n": "bigint", "d": "decimal(8,5)"}


def test_only_the_first_megabyte_of_a_file_is_read_and_every_file(lake):
    long = [{"n": i, "text": "x" * 100} for i in range(15_000)]
    lake.put("t/a.json", [*long, {"n": 1, "text": "", "unseen": 1}])
    lake.put("t/b.json", [{"n": 0.5, "text": "", "seen": 1}])

    lake.crawl("t/")

    assert lake.columns("t") == {"n": "double", "text": "string", "seen": "int"}
    assert 14_000 < int(lake.table("t")["Parameters"]["recordCount"]) < 16_000


def test_a_json_array_is_one_column_unless_a_classifier_looks_into_it(lake):
    lake.put("t/a.json", '[{"id": 1, "x": {"y": ["a"]}},\n {"id": 2}]')
    lake.glue.create_classifier(JsonClassifier={"Name": f"items-{lake.database}", "JsonPath": "$[*]"})
    lake.glue.create_classifier(JsonClassifier={"Name": f"inner-{lake.database}", "JsonPath": "$[*].x['y'][*]"})

    lake.crawl("t/", TablePrefix="whole_")
    lake.crawl("t/", TablePrefix="items_", Classifiers=[f"items-{lake.database}"])
    lake.crawl("t/", TablePrefix="inner_", Classifiers=[f"inner-{lake.database}"])

    assert lake.columns("whole_t") == {"array": "array<struct<id:int,x:struct<y:array<string>>>>"}
    assert lake.columns("items_t") == {"id": "int", "x": "struct<y:array<string>>"}
    assert lake.columns("inner_t") == {"record": "string"}


def test_a_csv_classifier_says_how_to_read(lake):
    lake.put("t/a.txt", "1~'x~y'\n2~'z'\n")
    lake.glue.create_classifier(
        CsvClassifier={
            "Name": f"tilde-{lake.database}",
            "Delimiter": "~",
            "QuoteSymbol": "'",
            "ContainsHeader": "ABSENT",
            "Header": ["Key", "Words"],
            "Serde": "OpenCSVSerDe",
        }
    )

    lake.crawl("t/", Classifiers=[f"tilde-{lake.database}"])

    assert lake.columns("t") == {"key": "bigint", "words": "string"}
    assert lake.table("t")["StorageDescriptor"]["SerdeInfo"] == {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
        "Parameters": {"separatorChar": "~", "quoteChar": "'", "escapeChar": "\\"},
    }
    assert "skip.header.line.count" not in lake.table("t")["Parameters"]


def test_a_file_that_no_classifier_knows_makes_a_log_line_and_no_table(lake):
    lake.put("t/a.bin", bytes(range(256)))

    name = lake.crawl("t/")

    assert lake.names() == []
    assert f"WARN : No classifier knows s3://{lake.bucket}/t/a.bin" in lake.log(name)


def test_a_format_that_aws_would_crawl_fails_the_crawl(lake):
    lake.put("t/a.avro", b"Obj\x01\x04\x16avro.schema,\x01\xff\xfe")

    last = lake.run(lake.create("t/"))

    assert (last["Status"], "t/a.avro is Avro" in last["ErrorMessage"]) == ("FAILED", True)


# Which objects


def test_hidden_empty_and_excluded_objects_are_left_out(lake):
    hidden = ("_b.json", ".c.json", "_tmp/d.json", "x/.e/f.json")
    excluded = ("g.csv", "deep/h.csv", "k/i.json", "m/n/j.json")
    for key in ("a.json", *hidden, *excluded):
        lake.put(f"t/{key}", {key.rpartition(".")[0]: 1})
    lake.put("t/empty.json", b"")

    lake.crawl("t/", target={"Exclusions": ["**.csv", "[k-l]/*", "{m,x}/**"]})

    assert lake.columns("t") == {"a": "int"}
    assert lake.table("t")["Parameters"]["objectCount"] == "1"


def test_a_sample_is_a_number_of_files_of_each_folder(lake):
    for folder in ("p=1", "p=2"):
        for i in range(4):
            lake.put(f"t/{folder}/{i}.json", {"id": 1, f"c{i}": 1})

    lake.crawl("t/", target={"SampleSize": 2}, configuration=COMBINE)

    assert set(lake.columns("t")) == {"id", "c0", "c1"}
    assert len(lake.partitions("t")) == 2


def test_several_targets_and_a_single_object_can_be_crawled(lake):
    lake.put("a/x.json", {"a": 1})
    lake.put("b/y.json", {"b": 1})
    lake.put("b/z.json", {"z": 1})
    paths = [f"s3://{lake.bucket}/{path}" for path in ("a", "b/y.json")]

    lake.crawl(Targets={"S3Targets": [{"Path": path} for path in paths]})

    assert lake.names() == ["a", "y_json"]
    assert lake.columns("y_json") == {"b": "int"}


# Which tables


def test_folders_with_like_schemas_are_partitions_of_one_table_at_the_targets_level(lake):
    for folder in ("t1/p1", "t1/p2", "t2/p3"):
        lake.put(f"top/{folder}/a.json", {"a": 1, "b": 2})

    lake.crawl("top/")

    assert lake.names() == ["top"]
    assert lake.keys("top") == ["partition_0", "partition_1"]
    assert sorted(lake.partitions("top")) == [("t1", "p1"), ("t1", "p2"), ("t2", "p3")]


def test_folders_with_other_schemas_formats_or_paths_are_tables_of_their_own(lake):
    lake.put("top/sales/y=1/a.json", {"a": 1})
    lake.put("top/people/y=1/a.json", {"b": 1})
    lake.put("top/zipped/y=1/a.json.gz", '{"a": 1}')
    lake.put("top/deeper/y=1/m=1/a.json", {"a": 1})

    lake.crawl("top/")

    assert lake.names() == ["deeper", "people", "sales", "zipped"]
    assert lake.keys("deeper") == ["y", "m"]


def test_unlike_schemas_make_one_table_if_the_crawler_is_told_to_combine_them(lake):
    lake.put("top/year=2017/a.json", {"A": 1, "B": 2})
    lake.put("top/year=2018/a.json", {"C": 1, "D": 2})

    lake.crawl("top/")
    lake.crawl("top/", configuration=COMBINE)

    assert lake.names() == ["top", "year_2017", "year_2018"]
    assert lake.columns("top") == {"a": "int", "b": "int", "c": "int", "d": "int"}
    assert lake.keys("top") == ["year"]


def test_files_of_a_folder_that_are_not_alike_are_tables_of_their_own(lake):
    lake.put("t/one.json", {"a": 1})
    lake.put("t/two.json", {"b": 1})

    lake.crawl("t/")

    assert lake.names() == ["one_json", "two_json"]


def test_the_table_level_says_where_tables_are(lake):
    for table in ("sales", "people"):
        lake.put(f"lake/{table}/y=1/a.json", {"a": 1})
    lake.put("top.json", {"a": 1})

    name = lake.crawl("", configuration={"Version": 1.0, "Grouping": {"TableLevelConfiguration": 3}})

    assert lake.names() == ["people", "sales"]
    assert lake.keys("sales") == ["y"]
    assert "top.json lies above the table level 3" in lake.log(name)


def test_tables_are_named_after_folders_with_a_suffix_where_the_name_is_taken(lake):
    lake.put("one/Sales-2024/a.json", {"a": 1})
    lake.put("two/Sales-2024/a.json", {"a": 1})
    targets = [{"Path": f"s3://{lake.bucket}/{folder}/Sales-2024/"} for folder in ("one", "two")]

    name = lake.crawl(Targets={"S3Targets": targets}, TablePrefix="Raw_")
    names = lake.names()
    lake.again(name)

    assert names[0] == "raw_sales_2024"
    assert names[1].startswith("raw_sales_2024_")
    assert len(names[1]) == len("raw_sales_2024_") + 32
    assert lake.names() == names


# What changes


def test_a_second_crawl_without_a_change_changes_nothing(lake):
    lake.put("t/p=1/a.csv", "id,x\n1,2\n")
    name = lake.crawl("t/")
    before = lake.table("t"), lake.partitions("t"), lake.versions("t")

    lake.again(name)

    assert (lake.table("t"), lake.partitions("t"), lake.versions("t")) == before
    assert lake.metrics(name) == (0, 0, 0)


def test_a_changed_schema_is_a_new_version_of_the_table(lake):
    lake.put("t/a.json", {"a": 1, "gone": 1})
    name = lake.crawl("t/")
    assert lake.metrics(name) == (1, 0, 0)
    lake.put("t/a.json", {"a": "x", "b": 1})

    lake.again(name)

    assert lake.columns("t") == {"a": "string", "b": "int"}
    assert lake.versions("t") == ["2", "1"]
    assert lake.metrics(name) == (0, 1, 0)
    first = lake.glue.get_table_version(DatabaseName=lake.database, TableName="t", VersionId="1")["TableVersion"]
    assert [c["Name"] for c in first["Table"]["StorageDescriptor"]["Columns"]] == ["a", "gone"]


def test_where_updates_are_only_logged_the_table_stays_and_new_partitions_are_registered(lake):
    lake.put("t/p=1/a.json", {"a": 1})
    name = lake.crawl("t/", SchemaChangePolicy=LOG_ONLY)
    before = lake.table("t"), lake.partitions("t")[("1",)]
    lake.put("t/p=1/a.json", {"a": 1, "b": 1})
    lake.put("t/p=2/a.json", {"a": 1, "b": 1})

    lake.again(name)

    after = lake.partitions("t")
    assert (lake.table("t"), after[("1",)]) == before
    assert [c["Name"] for c in after[("2",)]["StorageDescriptor"]["Columns"]] == ["a", "b"]
    assert "Table t is left as it is" in lake.log(name)


def test_many_partitions_are_all_registered(lake):
    for i in range(105):
        lake.put(f"t/p={i}/a.json", b'{"a": 1}')

    lake.crawl("t/")

    assert len(lake.partitions("t")) == 105


def test_merging_adds_columns_and_fields_and_keeps_the_rest_as_it_is(lake):
    merge = {"Version": 1.0, "CrawlerOutput": {"Tables": {"AddOrUpdateBehavior": "MergeNewColumns"}}}
    lake.put("t/a.json", {"a": 1, "gone": 1, "s": {"x": 1}})
    name = lake.crawl("t/", configuration=merge, SchemaChangePolicy=LOG_ONLY)
    table = lake.table("t")
    columns = [{**c, "Type": "decimal(10, 2)", "Comment": "ours"} if c["Name"] == "a" else c
               for c in table["StorageDescriptor"]["Columns"]]  # fmt: skip
    given = {"Name": "t", "PartitionKeys": [], "Parameters": {**table["Parameters"], "ours": "1"}}
    given["StorageDescriptor"] = {**table["StorageDescriptor"], "Columns": columns}
    lake.glue.update_table(DatabaseName=lake.database, TableInput=given)
    lake.put("t/a.json", {"a": "x", "s": {"x": "text", "y": 1}, "b": 1})

    lake.again(name)

    assert lake.table("t")["StorageDescriptor"]["Columns"] == [
        {"Name": "a", "Type": "decimal(10, 2)", "Comment": "ours"},
        {"Name": "gone", "Type": "int"},
        {"Name": "s", "Type": "struct<x:int,y:int>"},
        {"Name": "b", "Type": "int"},
    ]
    assert lake.table("t")["Parameters"]["ours"] == "1"


def test_merging_into_a_table_of_another_format_marks_it_deprecated(lake):
    merge = {"Version": 1.0, "CrawlerOutput": {"Tables": {"AddOrUpdateBehavior": "MergeNewColumns"}}}
    lake.put("t/a", {"a": 1})
    name = lake.crawl("t/", configuration=merge)
    lake.put("t/a", "a,b\n1,2\n")

    lake.again(name)

    assert lake.columns("t") == {"a": "int"}
    assert "DEPRECATED_BY_CRAWLER" in lake.table("t")["Parameters"]


@pytest.mark.parametrize("behaviour", ["UPDATE_IN_DATABASE", "LOG"])
def test_a_table_whose_folders_have_got_other_names_gets_other_keys_or_stays(lake, behaviour):
    policy = {"UpdateBehavior": behaviour, "DeleteBehavior": "DELETE_FROM_DATABASE"}
    lake.put("t/p=1/a.json", {"a": 1})
    name = lake.crawl("t/", SchemaChangePolicy=policy)
    lake.s3.delete_object(Bucket=lake.bucket, Key="t/p=1/a.json")
    lake.put("t/y=1/m=2/a.json", {"a": 1})

    lake.again(name)

    updated = behaviour == "UPDATE_IN_DATABASE"
    assert lake.keys("t") == (["y", "m"] if updated else ["p"])
    assert set(lake.partitions("t")) == ({("1", "2")} if updated else {("1",)})
    assert ("none is registered" in lake.log(name)) == (not updated)


def test_partitions_can_inherit_their_tables_columns(lake):
    inherit = {"Version": 1.0, "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}}
    lake.put("t/p=1/a.json", {"a": 1})
    name = lake.crawl("t/", configuration=inherit)
    lake.put("t/p=2/a.json", {"a": 0.5, "b": 1})

    lake.again(name)

    for value, part in lake.partitions("t").items():
        assert part["StorageDescriptor"]["Columns"] == lake.table("t")["StorageDescriptor"]["Columns"]
        assert part["StorageDescriptor"]["Location"] == f"s3://{lake.bucket}/t/p={value[0]}/"
    assert lake.columns("t") == {"a": "double", "b": "int"}


@pytest.mark.parametrize("behaviour", ["LOG", "DELETE_FROM_DATABASE", "DEPRECATE_IN_DATABASE"])
def test_a_table_and_a_partition_whose_objects_are_gone(lake, behaviour):
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": behaviour}
    for key in ("kept/p=1/a.json", "kept/p=2/a.json", "gone/a.json"):
        lake.put(key, {key[0]: 1})
    name = lake.crawl(SchemaChangePolicy=policy)
    assert lake.names() == ["gone", "kept"]
    for key in ("kept/p=2/a.json", "gone/a.json"):
        lake.s3.delete_object(Bucket=lake.bucket, Key=key)
    lake.put("other/a.json", {"o": 1})  # or else `kept` alone would be below the target

    lake.again(name)

    deleted = behaviour == "DELETE_FROM_DATABASE"
    assert lake.names() == (["kept", "other"] if deleted else ["gone", "kept", "other"])
    assert set(lake.partitions("kept")) == ({("1",)} if deleted else {("1",), ("2",)})
    if not deleted:
        deprecated = "DEPRECATED_BY_CRAWLER" in lake.table("gone")["Parameters"]
        assert deprecated == (behaviour == "DEPRECATE_IN_DATABASE")
        versions = lake.versions("gone")
        lake.again(name)
        assert lake.versions("gone") == versions
        lake.put("gone/a.json", {"g": 1})
        lake.again(name)
        assert "DEPRECATED_BY_CRAWLER" not in lake.table("gone")["Parameters"]


def test_a_table_of_others_is_neither_deleted_nor_marked(lake):
    lake.put("t/a.json", {"a": 1})
    storage = {"Columns": [], "Location": f"s3://{lake.bucket}/elsewhere/"}
    lake.glue.create_table(
        DatabaseName=lake.database, TableInput={"Name": "others", "StorageDescriptor": storage, "Parameters": {}}
    )
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DELETE_FROM_DATABASE"}

    lake.crawl("t/", SchemaChangePolicy=policy)

    assert lake.names() == ["others", "t"]


# New folders only


def test_new_folders_only_are_crawled_and_become_partitions(lake):
    lake.put("t/p=1/a.json", {"a": 1})
    options = {"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}, "SchemaChangePolicy": LOG_ONLY}
    name = lake.crawl("t/", **options)
    table = lake.table("t")
    lake.put("t/p=1/b.json", b"\x00 not read")
    lake.put("t/p=2/a.json", {"a": 1, "b": 1})
    lake.put("t/p=3/a.json", {"other": 1})

    lake.again(name)

    assert set(lake.partitions("t")) == {("1",), ("2",)}
    assert lake.table("t") == table
    assert "t/p=3/a.json does not match table t: ignored" in lake.log(name)
    assert "t/p=1/b.json" not in lake.log(name)


def test_new_folders_beside_a_table_become_a_table(lake):
    options = {"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}, "SchemaChangePolicy": LOG_ONLY}
    lake.put("one/a.json", {"a": 1})
    lake.put("two/a.json", {"b": 1})
    name = lake.crawl("", **options)
    lake.put("three/a.json", {"c": 1})

    lake.again(name)

    assert lake.names() == ["one", "three", "two"]


@pytest.mark.parametrize("call", ["create_crawler", "update_crawler"])
def test_new_folders_only_takes_no_policy_but_log(lake, call):
    name = lake.create("t/") if call == "update_crawler" else "new"
    with pytest.raises(ClientError, match='"Crawl new folders only"') as refused:
        getattr(lake.glue, call)(
            Name=name,
            Role=lake.role,
            Targets={"S3Targets": [{"Path": f"s3://{lake.bucket}/t/"}]},
            RecrawlPolicy={"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"},
            SchemaChangePolicy={"UpdateBehavior": "UPDATE_IN_DATABASE"},
        )
    assert code(refused) == "InvalidInputException"


# What is refused, and how a crawl ends


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"Targets": {"JdbcTargets": [{"ConnectionName": "c", "Path": "d/%"}]}}, "JdbcTargets"),
        ({"Targets": {"DynamoDBTargets": [{"Path": "t"}]}}, "DynamoDBTargets"),
        ({"Targets": {"CatalogTargets": [{"DatabaseName": "d", "Tables": ["t"]}]}}, "CatalogTargets"),
        ({"Targets": {}}, "At least one S3 target"),
        ({"target": {"EventQueueArn": "arn:aws:sqs:eu-west-2:000000000000:q"}}, "EventQueueArn"),
        ({"target": {"Exclusions": ["{a"]}}, "malformed"),
        ({"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVENT_MODE"}}, "CRAWL_EVENT_MODE"),
        ({"configuration": {"Version": 1.0, "CrawlerOutput": {"Tables": {"TableThreshold": 3}}}}, "TableThreshold"),
        ({"Classifiers": ["no-such"]}, "no-such not found"),
    ],
)
def test_what_the_local_crawler_does_not_do_is_refused_when_it_is_started(lake, options, words):
    name = lake.create(**options)

    with pytest.raises(ClientError, match=words):
        lake.glue.start_crawler(Name=name)

    assert lake.glue.get_crawler(Name=name)["Crawler"]["State"] == "READY"


def test_a_grok_classifier_is_refused(lake):
    lake.glue.create_classifier(
        GrokClassifier={"Name": f"grok-{lake.database}", "Classification": "c", "GrokPattern": "%{WORD:w}"}
    )
    with pytest.raises(ClientError, match="GrokClassifier"):
        lake.run(lake.create(Classifiers=[f"grok-{lake.database}"]))


@pytest.mark.parametrize("what", ["bucket", "database"])
def test_a_crawl_fails_with_its_reason_if_this_is_not_there(lake, what):
    lake.put("t/a.json", {"a": 1})
    name = lake.create("t/")
    if what == "bucket":
        lake.glue.update_crawler(Name=name, Targets={"S3Targets": [{"Path": "s3://no-such-bucket/t/"}]})
    else:
        lake.glue.delete_database(Name=lake.database)

    last = lake.run(name)

    assert last["Status"] == "FAILED"
    assert ("no-such-bucket" if what == "bucket" else lake.database) in last["ErrorMessage"]
    assert f"ERROR : {last['ErrorMessage']}" in lake.log(name)


@pytest.mark.parametrize(
    ("actions", "denied"),
    [
        (["glue:*"], "s3:ListBucket"),
        (["glue:*", "s3:ListBucket"], "s3:GetObject"),
        (["glue:Get*", "s3:*"], "glue:CreateTable"),
    ],
)
def test_a_crawl_fails_if_the_crawlers_role_may_not_read_or_write(lake, actions, denied):
    lake.put("t/a.json", {"a": 1})
    name = lake.create("t/", Role=role(f"poor-{uuid.uuid4().hex[:8]}", *actions))

    last = lake.run(name)

    assert (last["Status"], denied in last["ErrorMessage"]) == ("FAILED", True)
    assert lake.names() == []


def test_a_crawl_is_told_of_in_the_crawler_its_metrics_its_crawls_and_its_log(lake):
    lake.put("t/p=1/a.json", {"a": 1})
    name = lake.crawl("t/")

    last = lake.glue.get_crawler(Name=name)["Crawler"]["LastCrawl"]
    [crawl] = lake.glue.list_crawls(CrawlerName=name)["Crawls"]
    [metrics] = lake.glue.get_crawler_metrics(CrawlerNameList=[name])["CrawlerMetricsList"]
    assert (last["LogGroup"], last["LogStream"]) == ("/aws-glue/crawlers", name)
    assert last["MessagePrefix"] == crawl["CrawlId"]
    assert (crawl["State"], crawl["StartTime"]) == ("COMPLETED", last["StartTime"])
    assert metrics["LastRuntimeSeconds"] == metrics["MedianRuntimeSeconds"] > 0
    log = lake.log(name).splitlines()
    assert log[0] == f"[{crawl['CrawlId']}] BENCHMARK : Running Start Crawl for Crawler {name}"
    assert f"[{crawl['CrawlId']}] INFO : Created table t in database {lake.database}" in log
    assert log[-1].endswith("BENCHMARK : Crawler has finished running and is in state READY")


@pytest.fixture(scope="module")
def slow() -> bytes:
    """Text that takes a crawler a while to read."""
    return b"".join(b'{"id": %d, "a": {"b": [1, 2, 3], "c": {"d": null}}}\n' % i for i in range(21_000))


def test_a_crawler_that_runs_can_be_stopped_and_nothing_else(lake, slow):
    for i in range(30):
        lake.put(f"t/{i}.json", slow)
    name = lake.create("t/")
    with pytest.raises(ClientError) as not_running:
        lake.glue.stop_crawler(Name=name)

    lake.glue.start_crawler(Name=name)
    running = lake.glue.get_crawler(Name=name)["Crawler"]
    refused = []
    for call in (lake.glue.start_crawler, lake.glue.delete_crawler, lake.glue.update_crawler):
        with pytest.raises(ClientError) as error:
            call(Name=name)
        refused.append(code(error))
    lake.glue.stop_crawler(Name=name)
    last = lake.ended(name)

    assert code(not_running) == "CrawlerNotRunningException"
    assert refused == ["CrawlerRunningException"] * 3
    assert (running["State"], running["CrawlElapsedTime"] >= 0) == ("RUNNING", True)
    assert last["Status"] == "CANCELLED"
    assert lake.names() == []
    lake.s3.delete_object(Bucket=lake.bucket, Key="t/1.json")
    lake.put("t/0.json", {"a": 1})
    lake.glue.update_crawler(Name=name, Targets={"S3Targets": [{"Path": f"s3://{lake.bucket}/t/0.json"}]})
    lake.again(name)
    assert lake.names() == ["0_json"]


def test_crawlers_that_run_at_once_on_one_database_lose_nothing(lake):
    for i in range(105):
        lake.put(f"shared/p={i}/a.json", b'{"a": 1}')
    for i in range(4):
        lake.put(f"own{i}/a.json", {f"c{i}": 1})
    crawlers = [lake.create("shared/") for _ in range(3)] + [lake.create(f"own{i}/") for i in range(4)]

    for name in crawlers:
        lake.glue.start_crawler(Name=name)
    ends = [lake.ended(name)["Status"] for name in crawlers]

    assert ends == ["SUCCEEDED"] * 7
    assert lake.names() == ["own0", "own1", "own2", "own3", "shared"]
    assert len(lake.partitions("shared")) == 105


def test_a_table_that_is_changed_while_it_is_crawled_keeps_the_change(lake):
    for i in range(50):
        lake.put(f"t/p={i}/a.json", b'{"a": 1}')
    name = lake.crawl("t/", SchemaChangePolicy=LOG_ONLY)
    for i in range(50, 150):
        lake.put(f"t/p={i}/a.json", b'{"a": 1}')

    lake.glue.start_crawler(Name=name)
    table = lake.table("t")
    given = {"Name": "t", "StorageDescriptor": table["StorageDescriptor"], "PartitionKeys": table["PartitionKeys"]}
    for i in range(10):
        lake.glue.update_table(DatabaseName=lake.database, TableInput={**given, "Parameters": {"ours": str(i)}})
        lake.glue.delete_partition(DatabaseName=lake.database, TableName="t", PartitionValues=[f"{i}"])
    lake.ended(name)
    lake.again(name)

    assert lake.table("t")["Parameters"] == {"ours": "9"}
    assert len(lake.partitions("t")) == 150


def test_a_crawl_that_the_servers_end_cut_off_has_failed_and_the_crawler_can_start_again(tmp_path, slow, monkeypatch):
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "eu-west-2"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)

    def serve() -> int:
        port = free_port()
        command = [str(PLATFORM), "-m", "local.aws", "--port", str(port), "--state", str(tmp_path / "state")]
        pid = start("aws", command, run=tmp_path, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)})
        endpoint = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{endpoint}/_ministack/health"), name="aws", run=tmp_path, seconds=60)
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        return pid

    pid = serve()
    try:
        lake = Crawlers("", "", role("crawler", "s3:*", "glue:*")).fresh()
        for i in range(60):
            lake.put(f"t/{i}.json", slow)
        name = lake.create("t/")
        lake.glue.start_crawler(Name=name)
        saved = tmp_path / "state" / "state" / "glue.json"
        written = lambda: saved.exists() and '"State": "RUNNING"' in saved.read_text()  # noqa: E731
        wait_until(written, name="aws", run=tmp_path, seconds=30)
        os.kill(pid, signal.SIGKILL)
        stop("aws", run=tmp_path)

        serve()
        lake.glue = boto3.client("glue")
        crawler = lake.glue.get_crawler(Name=name)["Crawler"]
        lake.glue.update_crawler(Name=name, Targets={"S3Targets": [{"Path": f"s3://{lake.bucket}/t/0.json"}]})
        lake.again(name)
        names = lake.names()
    finally:
        stop("aws", run=tmp_path)

    assert crawler["State"] == "READY"
    assert crawler["LastCrawl"]["Status"] == "FAILED"
    assert "ended while the crawler was running" in crawler["LastCrawl"]["ErrorMessage"]
    assert names == ["0_json"]


def test_a_crawlers_tags_are_there(lake):
    name = lake.create("t/", Tags={"team": "data"})
    account = boto3.client("sts").get_caller_identity()["Account"]
    arn = f"arn:aws:glue:{lake.glue.meta.region_name}:{account}:crawler/{name}"

    assert lake.glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "data"}
    assert name in lake.glue.list_crawlers(MaxResults=100)["CrawlerNames"]


# Whatever the files and the patterns


@pytest.mark.parametrize(
    ("pattern", "matched", "unmatched"),
    [
        ("*.csv", "a.csv", "folder/a.csv"),
        ("*.{csv,avro}", "a.avro", "a.json"),
        ("foo.?", "foo.x", "foo.xy"),
        ("folder/*", "folder/a", "folder/a/b"),
        ("folder/*/*", "folder/a/b", "folder/a"),
        ("folder/**", "folder/a/b", "folders/a"),
        ("folder**", "folder", "afolder"),
        ("departments/market*", "departments/market-us.json", "departments/finance.json"),
        ("2015/01/{[!0],0[8-9]}**", "2015/01/12/a", "2015/01/07/a"),
        ("2015/0[2-9]/**", "2015/03/1", "2015/01/1"),
        ("[-a]", "-", "b"),
        ("[*?\\]", "\\", "a"),
        ("[!a]", "b", "/"),
        ("\\{a", "{a", "\\{a"),
        ("*", ".hidden", "folder/.hidden"),
    ],
)
def test_exclude_patterns_match_as_aws_documents_them(pattern, matched, unmatched):
    assert glob(pattern).fullmatch(matched)
    assert not glob(pattern).fullmatch(unmatched)


TYPES = st.recursive(
    st.sampled_from([None, "tinyint", "int", "bigint", "float", "double", "string", "boolean", "date", "decimal(38,30)"])
    | st.builds(lambda whole, scale: f"decimal({whole + scale},{scale})", st.integers(1, 19), st.integers(0, 19)),
    lambda inner: inner.map(lambda kind: [kind]) | st.dictionaries(st.sampled_from("abc"), inner) | st.tuples(inner, inner),
    max_leaves=4,
)  # fmt: skip


@given(kinds=st.lists(TYPES, min_size=2, max_size=5), data=st.data())
def test_the_order_in_which_types_are_met_does_not_matter(kinds, data):
    order = data.draw(st.permutations(kinds))
    half = len(order) // 2

    assert reduce(widened, kinds) == widened(reduce(widened, order[:half]), reduce(widened, order[half:]))


@given(kind=TYPES)
def test_a_types_words_can_be_read_back(kind):
    assert hive(parsed(hive(kind))) == hive(kind)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abAB"), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
RECORDS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "C", "c"]), VALUES, min_size=1), min_size=1, max_size=3)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(RECORDS, min_size=2, max_size=4), data=st.data())
def test_the_order_of_files_does_not_matter_and_crawling_twice_changes_nothing(lake, files, data):
    order = data.draw(st.permutations(files))
    mark = uuid.uuid4().hex
    for name, contents in (("one", files), ("other", order)):
        for i, records in enumerate(contents):
            lake.put(f"{mark}/{name}/p={i}/a.json", records)

    found = []
    for name in ("one", "other"):
        crawler = lake.crawl(f"{mark}/{name}/", configuration=COMBINE, TablePrefix=f"{mark}_")
        table = f"{mark}_{name}"
        before = lake.table(table), lake.partitions(table), lake.versions(table)
        lake.again(crawler)
        assert (lake.table(table), lake.partitions(table), lake.versions(table)) == before
        found.append({column: fields(kind) for column, kind in lake.columns(table).items()})

    assert found[0] == found[1]


def fields(kind: str) -> object:
    """Return a type as a value that does not know the order of a struct's fields."""
    outer, _, inner = kind.removesuffix(">").partition("<")
    if outer == "array":
        return [fields(inner)]
    parts, depth = [""], 0
    for letter in inner:
        depth += (letter == "<") - (letter == ">")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return {part.partition(":")[0]: fields(part.partition(":")[2]) for part in parts} if outer == "struct" else kind

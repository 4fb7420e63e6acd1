"""The local Athena, through boto3: what the catalog names is read, all of it and nothing else, and printed as Athena does."""

import base64
import csv
import datetime as dt
import io
import json
import os
import random
import subprocess
import threading
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError

from tests.support.athena import JSON_LINES, Athena

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = Path(os.environ.get("QUAYSIDE_VENVS", ROOT / ".local" / "venvs")) / "platform" / "bin" / "python"


@pytest.fixture
def sales(athena: Athena) -> Athena:
    """Two days of sales: the files of each day's partition, and an older version of the first day beside them."""
    athena.table("sales", {"id": "bigint", "price": "decimal(10,2)"}, "curated/sales/", {"day": "date"})
    days = {"2023-11-01": [(1, "10.00"), (2, "0.05")], "2023-11-02": [(3, "7.50"), (4, None)]}
    for day, rows in days.items():
        athena.put(f"curated/sales/day={day}/v2/part-0.parquet", _sales(rows))
    athena.put("curated/sales/day=2023-11-01/v1/part-0.parquet", _sales([(1, "999.99")]))
    athena.partitions("sales", {(day,): f"curated/sales/day={day}/v2/" for day in days})
    return athena


def _sales(rows: list[tuple[int, str | None]]) -> pa.Table:
    return pa.table({
        "id": pa.array([row[0] for row in rows], pa.int64()),
        "price": pa.array([row[1] and Decimal(row[1]) for row in rows], pa.decimal128(10, 2)),
    })  # fmt: skip


def test_only_the_locations_in_the_catalog_are_read(sales: Athena):
    assert sales.rows("select id, price, day from sales order by id") == [
        ("1", "10.00", "2023-11-01"),
        ("2", "0.05", "2023-11-01"),
        ("3", "7.50", "2023-11-02"),
        ("4", None, "2023-11-02"),
    ]


def test_values_are_printed_as_athena_prints_them(athena: Athena):
    moment = dt.datetime(2023, 11, 6, 14, 5, 0, 120_000)
    columns = {
        "flag": ("boolean", pa.array([True, False, None])),
        "name": ("string", pa.array(['O\'Brien "Ω" 🙂', "", None])),
        "money": ("decimal(10,2)", pa.array([Decimal("99999999.99"), Decimal("-0.10"), None], pa.decimal128(10, 2))),
        "tiny": ("decimal(38,10)", pa.array([Decimal("1E-10"), Decimal(0), None], pa.decimal128(38, 10))),
        "day": ("date", pa.array([dt.date(2023, 11, 6), dt.date(1969, 12, 31), None])),
        "at": ("timestamp", pa.array([moment, dt.datetime(2023, 11, 6), None], pa.timestamp("ms"))),
        "seen": ("timestamp", pa.array([moment, moment, None], pa.timestamp("us", tz="UTC"))),
        "ratio": ("double", pa.array([0.1, 12345678.9, None])),
        "items": ("array<int>", pa.array([[1, None], [], None], pa.list_(pa.int32()))),
    }
    athena.put("curated/t/a.parquet", pa.table({name: values for name, (_, values) in columns.items()}))
    athena.table("t", {name: kind for name, (kind, _) in columns.items()}, "curated/t")

    query = athena.start("select * from t")
    execution = athena.finish(query)
    results = athena.client.get_query_results(QueryExecutionId=query)["ResultSet"]

    assert [tuple(item.get("VarCharValue") for item in row["Data"]) for row in results["Rows"]] == [
        tuple(columns),
        ("true", 'O\'Brien "Ω" 🙂', "99999999.99", "0.0000000001", "2023-11-06", "2023-11-06 14:05:00.120",
         "2023-11-06 14:05:00.120", "0.1", "[1, null]"),
        ("false", "", "-0.10", "0.0000000000", "1969-12-31", "2023-11-06 00:00:00.000", "2023-11-06 14:05:00.120",
         "1.23456789E7", "[]"),
        (None,) * 9,
    ]  # fmt: skip
    described = results["ResultSetMetadata"]["ColumnInfo"]
    assert [column["Type"] for column in described] == [
        "boolean", "varchar", "decimal", "decimal", "date", "timestamp", "timestamp", "double", "array"
    ]  # fmt: skip
    assert (described[2]["Precision"], described[2]["Scale"]) == (10, 2)
    bucket, key = execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").split("/", 1)
    text = athena.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert text.splitlines()[2].startswith('"false","","-0.10"')  # a text without letters is quoted,
    assert text.splitlines()[3] == "," * 8  # … a null is nothing
    assert next(csv.DictReader(io.StringIO(text)))["name"] == 'O\'Brien "Ω" 🙂'


def test_a_swap_of_partitions_is_seen_before_or_after_and_never_between(athena: Athena):
    athena.table("t", {"version": "bigint"}, "curated/t/", {"day": "date"})
    days = ("2023-11-01", "2023-11-02", "2023-11-03")
    places = {v: {(day,): f"curated/t/day={day}/v{v}/" for day in days} for v in (1, 2)}
    for version, partitions in places.items():
        for location in partitions.values():
            athena.put(f"{location}a.parquet", pa.table({"version": [version] * 10}))
    athena.partitions("t", places[1])
    done = threading.Event()

    def swap_to_and_fro() -> None:
        turn = 0
        while not done.is_set():
            athena.swap("t", places[1 + turn % 2])
            turn += 1

    writer = threading.Thread(target=swap_to_and_fro)
    writer.start()
    try:
        seen = [athena.rows("select min(version), max(version), count(*) from t")[0] for _ in range(25)]
    finally:
        done.set()
        writer.join()

    assert set(seen) <= {("1", "1", "30"), ("2", "2", "30")}
    athena.swap("t", places[2])
    assert athena.rows("select distinct version from t") == [("2",)]


def test_a_table_that_moves_is_read_at_its_new_place(athena: Athena):
    columns = {"id": "bigint"}
    athena.put("curated/t/v1/a.parquet", pa.table({"id": [1]}))
    athena.put("curated/t/v2/a.parquet", pa.table({"id": [2]}))
    athena.table("t", columns, "curated/t/v1/")
    assert athena.rows("select id from t") == [("1",)]

    athena.move("t", columns, "curated/t/v2/")

    assert athena.rows("select id from t") == [("2",)]


def test_pruned_partitions_are_not_scanned(sales: Athena):
    whole = sales.scanned("select id, price from sales")
    one = sales.scanned("select id, price from sales where day = date '2023-11-02'")

    assert 0 < one < whole
    assert sales.scanned("select id, price from sales where day > date '2024-01-01'") == 0
    assert 0 < sales.scanned("select id from sales") < whole  # columns that are not asked for cost nothing either
    sales.put("curated/sales/day=2023-11-01/v2/part-0.parquet", b"no parquet")
    assert sales.rows("select sum(price) from sales where day >= date '2023-11-02' and id > 0") == [("7.50",)]
    assert sales.rows("select count(*) from (select * from sales where day = date '2023-11-02')") == [("2",)]


@pytest.mark.parametrize(
    "condition",
    [
        "day = date '2023-11-02'",
        "day in (date '2023-11-02')",
        "day is distinct from date '2023-11-01'",
        "regexp_like(cast(day as varchar), '2$')",
        "case when day = date '2023-11-02' then true else false end",
        "if(day = date '2023-11-02', true, false)",
        "coalesce(day = date '2023-11-02', false)",
        "try(day = date '2023-11-02')",
    ],
)
def test_any_condition_on_a_partition_key_prunes(sales: Athena, condition: str):
    sales.put("curated/sales/day=2023-11-01/v2/part-0.parquet", b"no parquet")

    assert sales.rows(f"select sum(price) from sales where {condition}") == [("7.50",)]


def test_a_partition_that_an_outer_join_may_miss_is_not_pruned(sales: Athena):
    rows = sales.rows("""
        select a.id from sales as a left join sales as b on a.id = b.id and b.day = date '2023-11-01'
        where b.day is null order by 1
    """)

    assert rows == [("3",), ("4",)]


def test_partition_keys_have_their_types(athena: Athena):
    athena.table("t", {"id": "bigint"}, "curated/t/", {"year": "int", "site": "string"})
    for year, site in (("2022", "a b"), ("2023", "O'Brien")):
        athena.put(f"curated/t/{year}/a.parquet", pa.table({"id": [int(year)]}))
        athena.partitions("t", {(year, site): f"curated/t/{year}"})

    assert athena.rows("select year + 1, site from t where year between 2023 and 2030") == [("2024", "O'Brien")]
    assert athena.rows("select id from t where site = 'a b' or year = 1") == [("2022",)]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select * from nope", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.{database}.nope' does not exist"),
        ("select *\nfrom nope.sales", "SCHEMA_NOT_FOUND: line 2:6: Schema 'nope' does not exist"),
        (
            "select id, pricey from sales",
            "COLUMN_NOT_FOUND: line 1:12: Column 'pricey' cannot be resolved or requester is not authorized to access"
            " requested resources",
        ),
        ("select id / 0 from sales", "DIVISION_BY_ZERO: Division by zero"),
        ("select cast('1.5' as integer)", "INVALID_CAST_ARGUMENT: Cannot cast '1.5' to integer"),
    ],
)
def test_errors_are_worded_as_athena_words_them(sales: Athena, sql: str, reason: str):
    assert sales.reason(sql) == reason.format(database=sales.database)


@pytest.mark.parametrize(
    "sql",
    [
        "select approx_percentile(id, 0.5) from sales",
        "select * from sales tablesample bernoulli (10)",
        "select read_text('/etc/passwd')",
        "select * from read_csv('/etc/passwd')",
        "select rand()",
    ],
)
def test_what_is_not_known_to_mean_the_same_is_refused(sales: Athena, sql: str):
    assert sales.reason(sql).startswith("NOT_SUPPORTED: The local Athena does not support ")


@pytest.mark.parametrize(
    "sql",
    [
        "select id from sales where day = '2023-11-01'",
        "select id from sales where id = '1'",
        "select id || 'x' from sales",
        "select day + 1 from sales",
        "select coalesce(id, 'none') from sales",
        "select id from sales union all select 'a'",
    ],
)
def test_types_that_athena_keeps_apart_are_kept_apart(sales: Athena, sql: str):
    assert sales.reason(sql).startswith("TYPE_MISMATCH: ")


def test_a_statement_that_is_no_sql_never_becomes_a_query(athena: Athena):
    for sql in ("select from where", "select 1; select 2", "selec 1"):
        with pytest.raises(ClientError, match="InvalidRequestException"):
            athena.start(sql)


def test_money_is_divided_and_averaged_to_the_penny(athena: Athena):
    draw = random.Random(7)
    pairs = [(Decimal(draw.randint(-10**9, 10**9)) / 100, Decimal(draw.choice([1, -1]) * draw.randint(1, 10**6)) / 100)
             for _ in range(300)] + [(Decimal("0.05"), Decimal("10.00")), (Decimal("-0.05"), Decimal("10.00"))]  # fmt: skip
    athena.put("curated/t/a.parquet", pa.table({
        "a": pa.array([a for a, _ in pairs], pa.decimal128(10, 2)), "b": pa.array([b for _, b in pairs], pa.decimal128(10, 2)),
        "n": range(len(pairs)),
    }))  # fmt: skip
    athena.table("t", {"a": "decimal(10,2)", "b": "decimal(10,2)", "n": "bigint"}, "curated/t/")

    quotients = athena.rows("select a / b, n / 7, -n / 7 from t order by n")
    [summary] = athena.rows("select sum(a), avg(a), sum(a) / count(*), round(avg(a), 1) from t")

    expected = [(_rounded(a / b), str(n // 7), str(-(n // 7))) for n, (a, b) in enumerate(pairs)]
    assert quotients == expected
    total = sum(a for a, _ in pairs)
    average = _rounded(total / len(pairs))
    tenths = Decimal(average).quantize(Decimal("0.1"), ROUND_HALF_UP)
    assert summary == (str(total), average, average, f"{tenths}0")


def _rounded(value: Decimal) -> str:
    return str(value.quantize(Decimal("0.01"), ROUND_HALF_UP) + 0)


def test_dates_stay_dates(athena: Athena):
    [row] = athena.rows("""
        select date '2023-01-31' + interval '1' month, date_trunc('month', date '2023-05-17'),
               date_diff('day', timestamp '2023-01-01 23:00:00', timestamp '2023-01-02 01:00:00'),
               date_add('day', -1, date '2024-03-01'), cast(timestamp '2023-01-01 10:00:00.000' as varchar)
    """)

    assert row == ("2023-02-28", "2023-05-01", "0", "2024-02-29", "2023-01-01 10:00:00.000")


def test_a_column_that_files_do_not_have_yet_is_null(athena: Athena):
    athena.put("curated/t/a.parquet", pa.table({"id": [1]}))
    athena.put("curated/t/b.parquet", pa.table({"id": [2], "note": ["new"]}))
    athena.put("curated/t/_SUCCESS", b"")
    athena.table("t", {"id": "bigint", "note": "string", "later": "date"}, "curated/t/")

    assert athena.rows("select * from t order by id") == [("1", None, None), ("2", "new", None)]


def test_a_file_of_another_type_than_declared_is_bad_data(athena: Athena):
    athena.put("curated/t/a.parquet", pa.table({"id": ["one"], "n": pa.array([7], pa.int32())}))
    athena.table("t", {"id": "bigint", "n": "bigint"}, "curated/t/")

    assert athena.reason("select id from t").startswith("HIVE_BAD_DATA: Field id's type VARCHAR")
    assert athena.rows("select n from t") == [("7",)]  # a wider integer is fine


def test_json_lines_are_read(athena: Athena):
    lines = b'{"Dataset": "sales", "n": 1, "price": "10.50", "record": {"k": 1}}\n{"Dataset": "", "n": null, "price": 1.5}\n'
    size = athena.put("quarantine/a.json", lines)
    columns = {"dataset": "string", "n": "int", "price": "decimal(10,2)", "record": "string", "more": "boolean"}
    athena.table("q", columns, "quarantine/", format=JSON_LINES)

    assert athena.rows("select * from q order by price desc") == [
        ("sales", "1", "10.50", '{"k":1}', None),
        ("", None, "1.50", None, None),
    ]
    assert athena.scanned("select n from q") == size
    athena.put("quarantine/b.json", b'{"dataset": ')
    assert athena.reason("select n from q").startswith("HIVE_CURSOR_ERROR: Row is not a valid JSON Object")


def test_a_view_is_read_as_its_query(sales: Athena):
    view = {"originalSql": "select day, sum(price) as total from sales group by day", "schema": sales.database}
    text = f"/* Presto View: {base64.b64encode(json.dumps(view).encode()).decode()} */"
    columns = [{"Name": "day", "Type": "date"}, {"Name": "total", "Type": "decimal(38,2)"}]
    view_input = {"Name": "totals", "TableType": "VIRTUAL_VIEW", "ViewOriginalText": text,
                  "StorageDescriptor": {"Columns": columns}}  # fmt: skip
    sales.glue.create_table(DatabaseName=sales.database, TableInput=view_input)

    assert sales.rows("select t.total / 2 from totals as t order by t.day") == [("5.03",), ("3.75",)]


def test_parameters_are_values_and_never_sql(athena: Athena):
    sql = "select ? as second, ? as first"

    assert athena.rows(sql, ExecutionParameters=["'O''Brien; ?'", "12.50"]) == [("O'Brien; ?", "12.5")]
    assert athena.rows(sql, ExecutionParameters=["decimal '12.50'", "-.50"]) == [("12.50", "-0.5")]
    assert athena.reason(sql, ExecutionParameters=["1"]).startswith("INVALID_PARAMETER_USAGE: Incorrect number")
    assert athena.reason(sql, ExecutionParameters=["1", "(select 1 from sales)"]).startswith("INVALID_PARAMETER_USAGE")


def test_columns_are_named_as_written_and_numbered_where_they_are_not(sales: Athena):
    query = sales.start('select s.*, count(*) over (), ID as "My Id" from sales as s limit 1')
    sales.finish(query)

    results = sales.client.get_query_results(QueryExecutionId=query)["ResultSet"]
    assert [item["VarCharValue"] for item in results["Rows"][0]["Data"]] == ["id", "price", "day", "_col3", "My Id"]


def test_results_come_in_pages_with_one_header(athena: Athena):
    athena.put("curated/t/a.parquet", pa.table({"id": range(2_500)}))
    athena.table("t", {"id": "bigint"}, "curated/t/")
    query = athena.start("select id from t order by id")
    athena.finish(query)

    pages = list(athena.client.get_paginator("get_query_results").paginate(QueryExecutionId=query))

    assert [len(page["ResultSet"]["Rows"]) for page in pages] == [1000, 1000, 501]
    values = [row["Data"][0]["VarCharValue"] for page in pages for row in page["ResultSet"]["Rows"]]
    assert values == ["id", *map(str, range(2_500))]


def test_a_workgroup_decides_where_results_go_and_how_much_a_query_may_scan(sales: Athena):
    sales.client.create_work_group(
        Name=sales.database,
        Configuration={
            "EnforceWorkGroupConfiguration": True,
            "BytesScannedCutoffPerQuery": 10_000_000,
            "ResultConfiguration": {"OutputLocation": f"s3://{sales.bucket}/athena-results/team/"},
        },
    )

    def run(sql: str) -> dict:
        elsewhere = {"OutputLocation": f"s3://{sales.bucket}/elsewhere/"}
        return sales.finish(sales.start(sql, WorkGroup=sales.database, ResultConfiguration=elsewhere))

    execution = run("select * from sales")
    expected = f"s3://{sales.bucket}/athena-results/team/{execution['QueryExecutionId']}.csv"
    assert execution["ResultConfiguration"]["OutputLocation"] == expected

    noise = random.Random(1).randbytes(12_000_000)
    sales.put(
        "curated/noise/a.parquet",
        pa.table({"n": pa.Array.from_buffers(pa.int64(), 1_500_000, [None, pa.py_buffer(noise)])}),
    )
    sales.table("noise", {"n": "bigint"}, "curated/noise/")
    status = run("select max(n) from noise")["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Bytes scanned limit was exceeded")
    with pytest.raises(ClientError, match="WorkGroup nobodys is not found"):
        sales.start("select 1", WorkGroup="nobodys")
    with pytest.raises(ClientError, match="No output location provided"):
        sales.start("select 1", ResultConfiguration={})


def test_a_query_can_be_stopped(athena: Athena):
    digits = "(values 0, 1, 2, 3, 4, 5, 6, 7, 8, 9) as {}(x)"
    joined = " cross join ".join(digits.format(f"t{i}") for i in range(11))
    query = athena.start(f"select count(*) from {joined} where t0.x + t10.x > 17")

    athena.client.stop_query_execution(QueryExecutionId=query)

    status = athena.finish(query)["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Query was cancelled by user")
    with pytest.raises(ClientError, match="did not finish successfully"):
        athena.client.get_query_results(QueryExecutionId=query)
    assert athena.rows("select 1") == [("1",)]


def test_a_repeated_request_is_the_same_query(athena: Athena):
    token = "a-client-request-token-of-32-letters"

    first, again = (athena.start("select 1", ClientRequestToken=token) for _ in range(2))

    assert first == again
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        athena.start("select 2", ClientRequestToken=token)


def test_another_version_of_the_local_aws_is_refused_with_what_to_do():
    program = "from local.aws import seam, athena\nseam.VERSION = '0.0.1'\nathena.install()"
    answer = subprocess.run(
        [PLATFORM, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}
    )

    assert answer.returncode == 1
    assert "SeamMoved: ministack 1.5.33 is installed, and local/aws is written for 0.0.1" in answer.stderr
    assert "platform.txt" in answer.stderr

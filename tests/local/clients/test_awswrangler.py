"""awswrangler, which knows nothing of us: what it writes it reads back, and the catalog is what it says."""

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal

import awswrangler as wr
import boto3
import pandas as pd
import pytest
from botocore.exceptions import ClientError

from quayside.settings import Settings

WAYS = {  # the three ways in which awswrangler has Athena's answers brought to it
    "ctas": {"ctas_approach": True},
    "unload": {"ctas_approach": False, "unload_approach": True},
    "csv": {"ctas_approach": False},
}
TAGS = pd.Series([["a", "b"], [], None, ["é"]])


class Lake:
    """One test's bucket and database, as awswrangler is told of them."""

    def __init__(self, settings: Settings) -> None:
        self.bucket, self.database = settings.lake_bucket, settings.catalog_database
        self._answers = 0

    def path(self, name: str) -> str:
        return f"s3://{self.bucket}/{name}/"

    def write(self, frame: pd.DataFrame, table: str, *, mode: str = "overwrite", **options) -> dict:
        return wr.s3.to_parquet(
            frame, path=self.path(table), dataset=True, database=self.database, table=table, mode=mode, **options
        )

    def read(self, sql: str, way: str = "csv", **options) -> pd.DataFrame | Iterator[pd.DataFrame]:
        self._answers += 1  # UNLOAD wants an empty place
        return wr.athena.read_sql_query(
            sql, self.database, s3_output=self.path(f"answers/{self._answers}"), **WAYS[way], **options
        )

    def run(self, sql: str) -> dict:
        query = wr.athena.start_query_execution(sql, database=self.database, s3_output=self.path("answers"))
        return wr.athena.wait_query(query)


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    wr.config.athena_query_wait_polling_delay = 0.02
    yield Lake(settings)
    wr.config.reset("athena_query_wait_polling_delay")


def sales() -> pd.DataFrame:
    return pd.DataFrame({
        "id": pd.array([1, 2, 3, 4], dtype="Int64"),
        "units": pd.array([7, None, -1, 0], dtype="Int32"),
        "name": pd.array(["O'Brien, \"Ω\"", "two\nlines 🙂", None, " "], dtype="string"),
        "price": [Decimal("99999999.99"), Decimal("-0.10"), None, Decimal("0.00")],
        "sold": [dt.date(2023, 11, 6), dt.date(1969, 12, 31), None, dt.date(2024, 2, 29)],
        "at": pd.to_datetime(["2023-11-06 14:05:00.120", "1969-12-31 23:59:59.999", None, "2024-02-29 00:00:00.000"]),
        "paid": pd.array([True, False, None, True], dtype="boolean"),
        "ratio": [0.1, 12345678.9, None, -0.0],
        "day": pd.array(["2023-11-01", "2023-11-01", "2023-11-02", "2023-11-02"], dtype="string"),
    })  # fmt: skip


@pytest.fixture
def shop(lake: Lake) -> Lake:
    """A lake with the table ``sales``, partitioned by day."""
    lake.write(sales(), "sales", partition_cols=["day"], dtype={"price": "decimal(10,2)"})
    return lake


@pytest.mark.parametrize("way", WAYS)
def test_what_is_written_is_read_back_in_value_and_type(shop: Lake, way: str):
    found = shop.read("select * from sales order by id", way)

    expected = sales()
    assert list(found) == list(expected)
    kinds = {name: str(kind) for name, kind in found.dtypes.items()}
    assert kinds.pop("at").startswith("datetime64[")  # of Athena's files it is nanoseconds, of ours microseconds
    assert kinds == {
        "id": "Int64", "units": "Int32", "name": "string", "price": "object", "sold": "object",
        "paid": "boolean", "ratio": "float64", "day": "string"
    }  # fmt: skip
    found["at"] = found["at"].astype("datetime64[ns]")
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("way", ["ctas", "unload"])
def test_nested_values_are_read_back_as_lists_and_dicts(lake: Lake, way: str):
    place = pd.Series([{"lat": 1.5, "names": ["x"]}, None, {"lat": None, "names": None}, {"lat": 0.0, "names": []}])
    frame = pd.DataFrame({"id": [1, 2, 3, 4], "tags": TAGS, "place": place})
    lake.write(frame, "nested", dtype={"tags": "array<string>", "place": "struct<lat:double,names:array<string>>"})

    found = lake.read("select * from nested order by id", way)

    assert [None if tags is None else list(tags) for tags in found.tags] == [["a", "b"], [], None, ["é"]]
    places = [None if place is None else (place["lat"], place["names"]) for place in found.place]
    assert places[1:3] == [None, (None, None)]
    assert (places[0][0], list(places[0][1])) == (1.5, ["x"])
    assert lake.read("select place.names[1] as first from nested where id = 1", way)["first"].tolist() == ["x"]


@pytest.mark.parametrize("way", WAYS)
def test_answers_come_in_chunks(shop: Lake, way: str):
    chunks = list(shop.read("select id from sales order by id", way, chunksize=3))

    assert [chunk["id"].tolist() for chunk in chunks] == [[1, 2, 3], [4]]


@pytest.mark.parametrize("way", WAYS)
def test_parameters_are_filled_in(shop: Lake, way: str):
    named = shop.read("select id from sales where name = :name", way, params={"name": 'O\'Brien, "Ω"'})
    numbered = shop.read(
        "select id from sales where day = ? and id > ?", way, params=["'2023-11-01'", "1"], paramstyle="qmark"
    )

    assert (named["id"].tolist(), numbered["id"].tolist()) == ([1], [2])


@pytest.mark.parametrize("way", ["ctas", "csv"])
def test_an_answer_without_rows_has_its_columns(shop: Lake, way: str):
    found = shop.read("select id, name from sales where id > 99", way)

    assert (list(found), len(found)) == (["id", "name"], 0)


def test_appending_adds_and_overwriting_replaces(shop: Lake):
    later = sales().iloc[3:].assign(id=5, channel=pd.array(["web"], dtype="string"))
    count = "select day, count(*) as n, count(channel) as c from sales group by day order by day"

    shop.write(later, "sales", mode="append", partition_cols=["day"], dtype={"price": "decimal(10,2)"})
    appended = shop.read(count)
    shop.write(later, "sales", mode="overwrite_partitions", partition_cols=["day"], dtype={"price": "decimal(10,2)"})
    replaced = shop.read(count)
    shop.write(later, "sales", partition_cols=["day"], dtype={"price": "decimal(10,2)"})
    alone = shop.read(count)

    assert appended.to_numpy().tolist() == [["2023-11-01", 2, 0], ["2023-11-02", 3, 1]]
    assert replaced.to_numpy().tolist() == [["2023-11-01", 2, 0], ["2023-11-02", 1, 1]]
    assert alone.to_numpy().tolist() == [["2023-11-02", 1, 1]]
    assert wr.catalog.get_partitions(shop.database, "sales") == {shop.path("sales/day=2023-11-02"): ["2023-11-02"]}


def test_the_catalog_tells_of_tables_and_partitions(shop: Lake):
    catalog, database = wr.catalog, shop.database
    shop.write(sales()[["id", "name"]], "customers", glue_table_settings={
        "description": "who buys", "columns_comments": {"id": "their number"}, "parameters": {"owner": "shop"}
    })  # fmt: skip

    assert catalog.does_table_exist(database, "sales")
    assert not catalog.does_table_exist(database, "sale")
    assert catalog.tables(database=database)["Table"].tolist() == ["customers", "sales"]
    assert catalog.tables(database=database, name_contains="ale")["Table"].tolist() == ["sales"]
    assert catalog.tables(database=database, name_prefix="cust", name_suffix="rs")["Table"].tolist() == ["customers"]
    assert catalog.tables(database=database, name_contains="ale")["Partitions"].tolist() == ["day"]
    assert database in set(catalog.databases(limit=10_000)["Database"])
    assert list(catalog.get_tables(database="nobodys")) == []
    assert catalog.get_table_types(database, "sales") == {
        "id": "bigint", "units": "int", "name": "string", "price": "decimal(10,2)", "sold": "date",
        "at": "timestamp", "paid": "boolean", "ratio": "double", "day": "string"
    }  # fmt: skip
    assert catalog.get_table_location(database, "sales") == shop.path("sales")
    assert catalog.get_table_description(database, "customers") == "who buys"
    assert catalog.get_columns_comments(database, "customers") == {"id": "their number", "name": None}
    assert catalog.get_table_parameters(database, "customers")["owner"] == "shop"
    assert catalog.table(database, "sales").set_index("Column Name")["Partition"].to_dict() == {
        **dict.fromkeys(sales(), False), "day": True
    }  # fmt: skip
    places = {shop.path(f"sales/day={day}"): [day] for day in ("2023-11-01", "2023-11-02")}
    assert catalog.get_parquet_partitions(database, "sales") == places
    later = catalog.get_partitions(database, "sales", expression="day > '2023-11-01'")
    assert list(later.values()) == [["2023-11-02"]]


def test_the_catalog_is_changed_as_asked(shop: Lake):
    catalog, database = wr.catalog, shop.database
    place = shop.path("sales/day=2023-11-03")

    catalog.add_column(database, "sales", "channel", "string", column_comment="where")
    catalog.upsert_table_parameters({"owner": "shop"}, database, "sales", catalog_versioning=True)
    catalog.add_parquet_partitions(database, "sales", {place: ["2023-11-03"]})
    catalog.add_parquet_partitions(database, "sales", {place: ["2023-11-03"]})  # again: nothing to do
    catalog.delete_partitions("sales", database, [["2023-11-01"]])

    assert catalog.get_table_types(database, "sales")["channel"] == "string"
    assert catalog.get_table_parameters(database, "sales")["owner"] == "shop"
    assert sorted(map(tuple, catalog.get_partitions(database, "sales").values())) == [("2023-11-02",), ("2023-11-03",)]
    assert shop.read("select count(*) as n, count(channel) as c from sales").to_numpy().tolist() == [[2, 0]]
    assert catalog.get_table_number_of_versions(database, "sales") >= 2
    assert next(version["VersionId"] for version in catalog.get_table_versions(database, "sales")) > "1"
    catalog.delete_column(database, "sales", "channel")
    assert "channel" not in catalog.get_table_types(database, "sales")
    catalog.delete_all_partitions("sales", database)
    assert catalog.get_partitions(database, "sales") == {}
    assert catalog.delete_table_if_exists(database, "sales")
    assert not catalog.delete_table_if_exists(database, "sales")


def test_partitions_found_in_the_lake_are_registered(lake: Lake):
    wr.s3.to_parquet(sales(), path=lake.path("found"), dataset=True, partition_cols=["day"])
    types, keys = wr.catalog.extract_athena_types(sales().drop(columns="price"), partition_cols=["day"])
    wr.catalog.create_parquet_table(lake.database, "found", lake.path("found"), types, partitions_types=keys)

    before = lake.read("select id from found")
    state = wr.athena.repair_table("found", lake.database, s3_output=lake.path("answers"))

    assert (len(before), state) == (0, "SUCCEEDED")
    assert lake.read("select day, sum(id) as s from found group by day order by day").to_numpy().tolist() == [
        ["2023-11-01", 3], ["2023-11-02", 7]
    ]  # fmt: skip


def test_projected_partitions_are_read_without_being_registered(lake: Lake):
    days = {"projection_types": {"day": "date"}, "projection_ranges": {"day": "2023-11-01,2023-11-30"}}
    frame = sales().assign(day=[dt.date.fromisoformat(day) for day in sales()["day"]])
    lake.write(frame, "projected", partition_cols=["day"], athena_partition_projection_settings=days,
               dtype={"price": "decimal(10,2)"})  # fmt: skip
    wr.catalog.delete_all_partitions("projected", lake.database)

    found = lake.read("select id, day from projected where day >= date '2023-11-02' order by id")

    assert found.to_numpy().tolist() == [[3, dt.date(2023, 11, 2)], [4, dt.date(2023, 11, 2)]]


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_text_written_by_awswrangler_is_read_by_athena(lake: Lake, kind: str):
    frame = sales()[["id", "name", "units", "ratio", "day"]].assign(name=["a,b", "c", None, " "])
    options = {"path": lake.path("texts"), "dataset": True, "database": lake.database, "table": "texts",
               "partition_cols": ["day"]}  # fmt: skip
    if kind == "csv":
        frame["name"] = ["ab", "c", "", " "]  # as awswrangler writes CSV, a null is an empty text
        wr.s3.to_csv(frame, **options)
    else:
        wr.s3.to_json(frame, orient="records", lines=True, index=False, **options)

    found = lake.read("select id, name, units, ratio, day from texts order by id", "ctas")

    expected = frame.assign(name=pd.array([name or "" for name in frame["name"]], dtype="string"))
    if kind == "json":
        expected.loc[2, "name"] = pd.NA
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_a_table_is_made_of_a_query(shop: Lake):
    made = wr.athena.create_ctas_table(
        "select day, count(*) as n, sum(price) as total from sales group by day",
        database=shop.database, ctas_table="daily", s3_output=shop.path("made"), partitioning_info=None, wait=True,
        write_compression="snappy",
    )  # fmt: skip

    assert made["ctas_table"] == "daily"
    assert wr.catalog.get_table_types(shop.database, "daily") == {
        "day": "string", "n": "bigint", "total": "decimal(38,2)"
    }  # fmt: skip
    found = wr.athena.read_sql_table("daily", shop.database, s3_output=shop.path("answers"))
    assert sorted(found.itertuples(index=False, name=None)) == [
        ("2023-11-01", 2, Decimal("99999999.89")), ("2023-11-02", 2, Decimal("0.00"))
    ]  # fmt: skip
    straight = wr.s3.read_parquet_table("daily", shop.database)
    assert sorted(straight["n"]) == [2, 2]
    with pytest.raises(wr.exceptions.QueryFailed, match=r"(?i)daily.*already exists"):
        wr.athena.create_ctas_table(
            "select 1 as x", database=shop.database, ctas_table="daily", s3_output=shop.path("other"), wait=True
        )


def test_tables_are_described_in_athenas_words(shop: Lake):
    told = {"database": shop.database, "s3_output": shop.path("answers")}

    described = wr.athena.describe_table("sales", **told)
    statement = wr.athena.show_create_table("sales", **told)

    kinds = wr.catalog.get_table_types(shop.database, "sales")
    assert dict(zip(described["Column Name"], described["Type"], strict=True)) == kinds
    assert described.loc[described["Partition"], "Column Name"].tolist() == ["day"]
    assert re.match(r"CREATE EXTERNAL TABLE `(\w+\.)?sales`\(", statement)
    assert "PARTITIONED BY" in statement
    assert shop.path("sales").rstrip("/") in statement


def test_a_query_is_followed_from_start_to_end(shop: Lake):
    query = wr.athena.start_query_execution(
        "select id from sales", database=shop.database, s3_output=shop.path("answers")
    )

    ended = wr.athena.wait_query(query)

    assert (ended["Status"]["State"], ended["StatementType"]) == ("SUCCEEDED", "DML")
    assert ended["Statistics"]["DataScannedInBytes"] > 0
    assert ended["Status"]["SubmissionDateTime"] <= ended["Status"]["CompletionDateTime"]
    assert wr.athena.get_query_execution(query)["Query"] == "select id from sales"
    assert wr.athena.get_query_columns_types(query) == {"id": "bigint"}
    assert sorted(wr.athena.get_query_results(query)["id"]) == [1, 2, 3, 4]
    assert wr.athena.list_query_executions()[0] == query
    assert wr.athena.get_query_executions([query])["Query"].tolist() == ["select id from sales"]


def test_an_answer_is_taken_from_the_cache(shop: Lake):
    sql = "select id, 'once' as word from sales order by id"
    recent = {"max_cache_seconds": 900}

    first = shop.read(sql, athena_cache_settings=recent)
    again = shop.read(sql, athena_cache_settings=recent)

    assert first.query_metadata["QueryExecutionId"] == again.query_metadata["QueryExecutionId"]
    pd.testing.assert_frame_equal(first, again)


def test_prepared_and_saved_statements_are_run(shop: Lake):
    wr.athena.create_prepared_statement("select id from sales where id > ? order by id", "later_than")
    saved = boto3.client("athena").create_named_query(
        Name="all", Database=shop.database, QueryString="select count(*) as n from sales"
    )["NamedQueryId"]
    try:
        assert shop.read("execute later_than using 2")["id"].tolist() == [3, 4]
        assert "later_than" in {statement["StatementName"] for statement in wr.athena.list_prepared_statements()}
        assert shop.read(wr.athena.get_named_query_statement(saved))["n"].tolist() == [4]
    finally:
        wr.athena.delete_prepared_statement("later_than")
    with pytest.raises((ClientError, wr.exceptions.QueryFailed), match="later_than"):
        shop.read("execute later_than using 2")


@pytest.mark.parametrize("way", WAYS)
def test_a_query_that_fails_says_why(shop: Lake, way: str):
    with pytest.raises(wr.exceptions.QueryFailed, match=r"COLUMN_NOT_FOUND.*nothing"):
        shop.read("select nothing from sales", way)
    with pytest.raises(wr.exceptions.QueryFailed, match=r"TABLE_NOT_FOUND.*nowhere"):
        shop.read("select * from nowhere", way)


def test_iceberg_is_refused_by_name(lake: Lake):
    with pytest.raises((ClientError, wr.exceptions.QueryFailed), match=r"(?i)iceberg"):
        wr.athena.to_iceberg(
            sales()[["id"]], lake.database, "ice", temp_path=lake.path("tmp"), table_location=lake.path("ice"),
            s3_output=lake.path("answers"),
        )  # fmt: skip

"""PyAthena, which knows nothing of us: all its cursors, its SQLAlchemy dialect, and how it fails."""

import datetime as dt
import functools
import io
from collections.abc import Iterator
from decimal import Decimal

import boto3
import pandas as pd
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from pyathena import connect
from pyathena.arrow.cursor import ArrowCursor
from pyathena.async_cursor import AsyncCursor
from pyathena.connection import Connection
from pyathena.cursor import DictCursor
from pyathena.error import DatabaseError, OperationalError
from pyathena.model import AthenaQueryExecution
from pyathena.pandas.cursor import PandasCursor
from pyathena.pandas.util import to_sql

from quayside.settings import Settings

NOON = dt.datetime(2023, 11, 6, 12, 0, 0, 120_000)
SALES = pa.table({
    "id": pa.array([1, 2, 3], pa.int64()),
    "units": pa.array([7, -1, None], pa.int32()),
    "name": pa.array(['O\'Brien "Ω"', "two\nlines", None]),
    "price": pa.array([Decimal("99999999.99"), Decimal("-0.10"), None], pa.decimal128(10, 2)),
    "sold": pa.array([dt.date(2023, 11, 6), dt.date(1969, 12, 31), None]),
    "at": pa.array([NOON, dt.datetime(1969, 12, 31, 23, 59, 59, 999_000), None], pa.timestamp("ms")),
    "paid": pa.array([True, False, None]),
    "ratio": pa.array([0.1, 12345678.9, None]),
    "tags": pa.array([["a", "b"], [], None], pa.list_(pa.string())),
    "place": pa.array([{"town": "Leeds", "county": None}, {"town": None, "county": "Kent"}, None]),
})  # fmt: skip
TYPES = {
    "id": "bigint", "units": "int", "name": "string", "price": "decimal(10,2)", "sold": "date", "at": "timestamp",
    "paid": "boolean", "ratio": "double", "tags": "array<string>", "place": "struct<town:string,county:string>",
}  # fmt: skip
PLAIN = list(TYPES)[:8]
ENDLESS = "select count(*) from " + " cross join ".join(
    f"(values 0, 1, 2, 3, 4, 5, 6, 7, 8, 9) as t{number}(x)" for number in range(11)
)


class Shop:
    """A database with the table ``sales``, partitioned by day, and how PyAthena connects to it."""

    def __init__(self, settings: Settings) -> None:
        self.database, self.bucket = settings.catalog_database, settings.lake_bucket
        self._open: list[Connection] = []

    def connect(self, **options) -> Connection:
        connection = connect(
            s3_staging_dir=f"s3://{self.bucket}/answers/", schema_name=self.database, poll_interval=0.02, **options
        )
        self._open.append(connection)
        return connection

    def fill(self) -> None:
        """Write the three sales of one day."""
        buffer = io.BytesIO()
        pq.write_table(SALES, buffer)
        place = f"s3://{self.bucket}/sales/"
        boto3.client("s3").put_object(Bucket=self.bucket, Key="sales/day=2023-11-06/a.parquet", Body=buffer.getvalue())
        storage = {
            "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
            "Columns": [{"Name": name, "Type": kind} for name, kind in TYPES.items()],
        }
        glue = boto3.client("glue")
        glue.create_table(DatabaseName=self.database, TableInput={
            "Name": "sales", "TableType": "EXTERNAL_TABLE", "Parameters": {"comment": "what was sold"},
            "PartitionKeys": [{"Name": "day", "Type": "string", "Comment": "of the sale"}],
            "StorageDescriptor": {**storage, "Location": place},
        })  # fmt: skip
        glue.create_partition(DatabaseName=self.database, TableName="sales", PartitionInput={
            "Values": ["2023-11-06"], "StorageDescriptor": {**storage, "Location": f"{place}day=2023-11-06/"},
        })  # fmt: skip

    def close(self) -> None:
        for connection in self._open:
            connection.close()


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    made = Shop(settings)
    made.fill()
    yield made
    made.close()


def test_rows_arrive_as_values_of_their_types(shop: Shop):
    cursor = shop.connect().cursor()

    rows = cursor.execute("select * from sales order by id").fetchall()

    assert rows == [
        (*(SALES[name][number].as_py() for name in PLAIN), *nested, "2023-11-06")
        for number, nested in enumerate([
            (["a", "b"], {"town": "Leeds", "county": None}), ([], {"town": None, "county": "Kent"}), (None, None)
        ])
    ]  # fmt: skip
    described = {name: (kind, precision, scale) for name, kind, _, _, precision, scale, _ in cursor.description}
    assert (described["price"], described["id"][0], described["units"][0]) == (("decimal", 10, 2), "bigint", "integer")
    assert [described[name][0] for name in ("name", "at", "tags", "place")] == ["varchar", "timestamp", "array", "row"]
    assert cursor.query_id
    assert (cursor.state, cursor.statement_type, cursor.substatement_type) == ("SUCCEEDED", "DML", "SELECT")
    assert cursor.data_scanned_in_bytes > 0
    assert cursor.output_location == f"s3://{shop.bucket}/answers/{cursor.query_id}.csv"
    assert (cursor.database, cursor.catalog.lower()) == (shop.database, "awsdatacatalog")


def test_rows_are_fetched_page_by_page(shop: Shop):
    cursor = shop.connect().cursor()
    cursor.arraysize = 2  # of which the first page's first is the header

    cursor.execute("select x from unnest(sequence(1, 7)) as t(x) order by x")

    assert cursor.fetchone() == (1,)
    assert cursor.fetchmany(3) == [(2,), (3,), (4,)]
    assert [row for row in cursor] == [(5,), (6,), (7,)]  # noqa: C416 - iteration is what is tried
    assert cursor.fetchone() is None


def test_rows_arrive_as_dictionaries(shop: Shop):
    cursor = shop.connect(cursor_class=DictCursor).cursor()

    assert cursor.execute("select id, price from sales where id < 3 order by id").fetchall() == [
        {"id": 1, "price": Decimal("99999999.99")}, {"id": 2, "price": Decimal("-0.10")}
    ]  # fmt: skip


def test_a_data_frame_is_what_was_written(shop: Shop):
    frame = shop.connect(cursor_class=PandasCursor).cursor().execute(f"{_plain()} order by id").as_pandas()

    pd.testing.assert_frame_equal(frame, pd.DataFrame({
        "id": pd.array([1, 2, 3], dtype="Int64"),
        "units": pd.array([7, -1, None], dtype="Int64"),
        "name": ['O\'Brien "Ω"', "two\nlines", float("nan")],
        "price": [Decimal("99999999.99"), Decimal("-0.10"), None],
        "sold": pd.to_datetime(["2023-11-06", "1969-12-31", None]),
        "at": pd.to_datetime(["2023-11-06 12:00:00.120", "1969-12-31 23:59:59.999", None]),
        "paid": pd.Series([True, False, None], dtype="object"),
        "ratio": [0.1, 12345678.9, None],
    }), check_dtype=False)  # fmt: skip
    assert [str(frame[name].dtype) for name in ("id", "at", "ratio")] == ["Int64", "datetime64[ns]", "float64"]


def test_a_data_frame_comes_in_chunks(shop: Shop):
    cursor = shop.connect(cursor_class=PandasCursor).cursor(chunksize=2)

    chunks = [list(chunk["id"]) for chunk in cursor.execute("select id from sales order by id").as_pandas()]

    assert chunks == [[1, 2], [3]]


def test_an_unloaded_data_frame_is_what_was_written(shop: Shop):
    frame = shop.connect(cursor_class=PandasCursor).cursor(unload=True).execute(f"{_plain()} order by id").as_pandas()

    assert list(frame["price"]) == [Decimal("99999999.99"), Decimal("-0.10"), None]
    assert list(frame["sold"]) == [dt.date(2023, 11, 6), dt.date(1969, 12, 31), None]
    assert list(frame["at"][:2]) == list(pd.to_datetime(SALES["at"].to_pylist()[:2]))
    assert list(frame["name"]) == SALES["name"].to_pylist()


@pytest.fixture
def arrow(shop: Shop, aws: str, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """A connection for Arrow, whose own S3 client is no reader of AWS_ENDPOINT_URL (apache/arrow#49643)."""
    monkeypatch.setattr(pa.fs, "S3FileSystem", functools.partial(pa.fs.S3FileSystem, endpoint_override=aws))
    return shop.connect(cursor_class=ArrowCursor)


def test_an_arrow_table_is_what_was_written(arrow: Connection):
    table = arrow.cursor().execute(f"{_plain()} order by id").as_arrow()

    assert [str(table.schema.field(name).type) for name in PLAIN] == [
        "int64", "int32", "string", "string", "timestamp[ms]", "timestamp[ms]", "bool", "double"
    ]  # fmt: skip
    for name in ("id", "units", "at", "paid", "ratio"):
        assert table[name].to_pylist() == SALES[name].to_pylist()


def test_an_unloaded_arrow_table_is_what_was_written(arrow: Connection):
    cursor = arrow.cursor(unload=True)

    table = cursor.execute("select * from sales order by id").as_arrow()

    assert table.drop_columns(["day", "at"]).cast(SALES.drop_columns("at").schema).equals(SALES.drop_columns("at"))
    assert table["at"].cast(pa.timestamp("ms")).to_pylist() == SALES["at"].to_pylist()
    assert table["day"].to_pylist() == ["2023-11-06"] * 3
    assert cursor.data_manifest_location


def test_queries_run_side_by_side(shop: Shop):
    cursor = shop.connect(cursor_class=AsyncCursor).cursor()

    answers = [cursor.execute(f"select id + {number} from sales where id = 1")[1] for number in range(8)]

    assert [answer.result(timeout=30).fetchall() for answer in answers] == [[(1 + number,)] for number in range(8)]
    cursor.close(wait=True)


def test_a_query_is_cancelled(shop: Shop):
    cursor = shop.connect(cursor_class=AsyncCursor).cursor()
    query, answer = cursor.execute(ENDLESS)

    cursor.cancel(query).result(timeout=30)

    assert answer.result(timeout=30).state == AthenaQueryExecution.STATE_CANCELLED
    assert cursor.query_execution(query).result(timeout=30).completion_date_time is not None
    cursor.close(wait=True)


def test_parameters_are_filled_in_by_client_or_service(shop: Shop):
    cursor = shop.connect().cursor()

    inlined = cursor.execute(
        "select id from sales where name = %(name)s and sold in %(days)s and price > %(price)s",
        {"name": 'O\'Brien "Ω"', "days": [dt.date(2023, 11, 6)], "price": Decimal("0.01")},
    ).fetchall()
    passed = cursor.execute(
        "select id from sales where name = ? and id < ?", ["'O''Brien \"Ω\"'", "3"], paramstyle="qmark"
    ).fetchall()

    assert (inlined, passed) == ([(1,)], [(1,)])


def test_an_answer_is_taken_from_the_cache(shop: Shop):
    cursor = shop.connect().cursor()
    first = cursor.execute("select id, 'once' as word from sales").query_id
    cursor.execute("select 'between' as word")

    again = cursor.execute("select id, 'once' as word from sales", cache_size=10, cache_expiration_time=900)

    assert (again.query_id, len(again.fetchall())) == (first, 3)


def test_tables_are_made_filled_described_and_dropped(shop: Shop):
    cursor = shop.connect().cursor()
    cursor.execute(f"""
        CREATE EXTERNAL TABLE IF NOT EXISTS `{shop.database}`.`totals` (
            `name` string COMMENT 'whose', `total` decimal(12,2)
        )
        PARTITIONED BY (`day` string)
        STORED AS PARQUET
        LOCATION 's3://{shop.bucket}/totals/'
        TBLPROPERTIES ('parquet.compress'='SNAPPY')
    """)
    place = f"s3://{shop.bucket}/totals/day=2023-11-06/"
    cursor.execute(f"ALTER TABLE `totals` ADD IF NOT EXISTS PARTITION (`day` = '2023-11-06') LOCATION '{place}'")
    cursor.execute("INSERT INTO totals SELECT name, price, day FROM sales WHERE id < 3")
    inserted = (cursor.statement_type, cursor.substatement_type, cursor.rowcount)
    cursor.execute(
        f"CREATE TABLE copied WITH (format = 'PARQUET', external_location = 's3://{shop.bucket}/copied/') AS "
        "SELECT total, day FROM totals"
    )
    made = (cursor.statement_type, cursor.substatement_type)

    assert (inserted, made) == (("DML", "INSERT", 2), ("DDL", "CREATE_TABLE_AS_SELECT"))
    assert cursor.execute("select sum(total) from totals where day = '2023-11-06'").fetchall() == [
        (Decimal("99999999.89"),)
    ]
    assert cursor.execute("select count(*) from copied").fetchall() == [(2,)]
    assert cursor.execute("show tables").fetchall() == [("copied",), ("sales",), ("totals",)]
    assert cursor.execute(f"show tables in `{shop.database}` 'tot*'").fetchall() == [("totals",)]
    assert cursor.execute("show partitions totals").fetchall() == [("day=2023-11-06",)]
    assert next(line for (line,) in cursor.execute("describe totals").fetchall()).split() == ["name", "string", "whose"]
    assert [name.strip() for (name,) in cursor.execute("show columns in totals").fetchall()] == ["name", "total", "day"]
    assert "CREATE EXTERNAL TABLE `" in cursor.execute("show create table totals").fetchall()[0][0]
    assert (shop.database,) in cursor.execute("show databases").fetchall()
    cursor.execute("create or replace view paid as select id from sales where paid")
    assert cursor.execute("select * from paid").fetchall() == [(1,)]
    for statement in ("drop view paid", "drop table copied", "drop table if exists copied", "drop table totals"):
        cursor.execute(statement)
    assert cursor.execute("show tables").fetchall() == [("sales",)]


def test_a_data_frame_becomes_a_table(shop: Shop):
    frame = pd.DataFrame({"id": [1, 2, 3], "name": ["a", None, "c"], "day": ["x", "x", "y"]})
    options = {"location": f"s3://{shop.bucket}/framed/", "schema": shop.database, "partitions": ["day"]}
    connection = shop.connect()

    to_sql(frame, "framed", connection, if_exists="fail", compression="snappy", **options)
    to_sql(frame.iloc[:1], "framed", connection, if_exists="append", compression="snappy", **options)

    cursor = connection.cursor()
    assert cursor.execute("select day, count(*), count(name) from framed group by day order by day").fetchall() == [
        ("x", 3, 2), ("y", 1, 1)
    ]  # fmt: skip
    with pytest.raises(OperationalError, match="already exists"):
        to_sql(frame, "framed", connection, if_exists="fail", **options)


@pytest.fixture
def engine(shop: Shop) -> Iterator[sa.Engine]:
    made = sa.create_engine(
        f"awsathena+rest://:@athena.eu-west-2.amazonaws.com/{shop.database}",
        connect_args={"s3_staging_dir": f"s3://{shop.bucket}/answers/", "poll_interval": 0.02},
    )
    yield made
    made.dispose()


def test_sqlalchemy_reflects_tables(shop: Shop, engine: sa.Engine):
    shop.connect().cursor().execute("create view paid as select id, name from sales where paid")

    found = sa.inspect(engine)

    assert (found.get_table_names(), found.get_view_names()) == (["sales"], ["paid"])
    assert shop.database in found.get_schema_names()
    assert (found.has_table("sales"), found.has_table("paid"), found.has_table("sale")) == (True, True, False)
    with pytest.raises(sa.exc.NoSuchTableError):
        found.get_columns("sale")
    columns = {column["name"]: column for column in found.get_columns("sales")}
    assert [str(columns[name]["type"]) for name in ("id", "price", "sold", "at", "paid")] == [
        "BIGINT", "DECIMAL(10, 2)", "DATE", "TIMESTAMP", "BOOLEAN"
    ]  # fmt: skip
    assert columns["day"]["dialect_options"] == {"awsathena_partition": True}
    assert columns["day"]["comment"] == "of the sale"
    options = found.get_table_options("sales")
    assert options["awsathena_location"] == f"s3://{shop.bucket}/sales/"
    assert "ParquetHiveSerDe" in options["awsathena_row_format"]
    assert found.get_table_comment("sales") == {"text": "what was sold"}


def test_sqlalchemy_asks_by_expressions(engine: sa.Engine):
    sales = sa.Table("sales", sa.MetaData(), autoload_with=engine)
    query = (
        sa.select(sales.c.day, sa.func.sum(sales.c.price).label("total"), sa.func.count().label("n"))
        .where(sales.c.sold == dt.date(2023, 11, 6), sales.c.name.like("O%"))
        .group_by(sales.c.day)
    )

    with engine.connect() as connection:
        assert connection.execute(query).all() == [("2023-11-06", Decimal("99999999.99"), 1)]
        frame = pd.read_sql(sa.text("select id, name from sales where id = :id"), connection, params={"id": 2})

    assert frame.to_dict("records") == [{"id": 2, "name": "two\nlines"}]


def test_sqlalchemy_makes_tables_and_adds_rows(shop: Shop, engine: sa.Engine):
    described = sa.MetaData()
    made = sa.Table(
        "made", described, sa.Column("id", sa.Integer), sa.Column("name", sa.String),
        sa.Column("price", sa.DECIMAL(10, 2)), sa.Column("at", sa.TIMESTAMP),
        sa.Column("day", sa.String, awsathena_partition=True),
        awsathena_location=f"s3://{shop.bucket}/made/", awsathena_file_format="parquet",
    )  # fmt: skip
    rows = [(1, "it's", Decimal("1.50"), NOON, "x"), (2, "b", Decimal("2.05"), NOON, "y"), (3, None, None, None, "y")]

    described.create_all(engine)
    with engine.connect() as connection:
        connection.execute(made.insert(), [dict(zip(made.c.keys(), row, strict=True)) for row in rows])
        found = connection.execute(sa.select(made).order_by(made.c.id)).all()
    described.drop_all(engine)

    assert found == rows
    assert not sa.inspect(engine).has_table("made")


def test_metadata_is_listed(shop: Shop):
    cursor = shop.connect().cursor()

    assert [table.name for table in cursor.list_table_metadata()] == ["sales"]
    assert cursor.list_table_metadata(expression="nothing.*") == []
    assert shop.database in {database.name for database in cursor.list_databases("AwsDataCatalog")}
    metadata = cursor.get_table_metadata("sales")
    assert {column.name: column.type for column in metadata.columns} == TYPES
    assert [(key.name, key.comment) for key in metadata.partition_keys] == [("day", "of the sale")]
    with pytest.raises(OperationalError, match="EntityNotFoundException"):
        cursor.get_table_metadata("sale")


def test_the_catalog_is_asked_in_sql(shop: Shop):
    cursor = shop.connect().cursor()
    cursor.execute("create view paid as select id from sales where paid")
    here = f"where table_schema = '{shop.database}'"

    tables = cursor.execute(
        f"select table_name, table_type from information_schema.tables {here} order by 1"
    ).fetchall()
    columns = cursor.execute(
        "select column_name, data_type, ordinal_position, comment, extra_info from information_schema.columns "
        f"{here} and table_name = 'sales' order by ordinal_position"
    ).fetchall()
    schemata = cursor.execute("select schema_name from information_schema.schemata").fetchall()

    assert tables == [("paid", "VIEW"), ("sales", "BASE TABLE")]
    assert columns[3] == ("price", "decimal(10,2)", 4, None, None)
    assert columns[-2][:2] == ("place", "row(town varchar, county varchar)")
    assert columns[-1] == ("day", "varchar", 11, "of the sale", "partition key")
    assert {(shop.database,), ("information_schema",)} <= set(schemata)
    with pytest.raises(OperationalError, match="TABLE_NOT_FOUND"):
        cursor.execute("select * from information_schema.nothing")


def test_errors_are_athenas(shop: Shop):
    cursor = shop.connect().cursor()

    with pytest.raises(DatabaseError, match=r"InvalidRequestException.*line 1:"):
        cursor.execute("selec 1")
    with pytest.raises(OperationalError, match=r"TABLE_NOT_FOUND: line 1:15: Table .*\.nowhere' does not exist"):
        cursor.execute("select * from nowhere")
    with pytest.raises(OperationalError, match=r"COLUMN_NOT_FOUND: line 1:8: Column 'nothing' cannot be resolved"):
        cursor.execute("select nothing from sales")
    with pytest.raises(OperationalError, match="DIVISION_BY_ZERO"):
        cursor.execute("select 1 / (id - 1) from sales")
    for sql, name in {
        'select "$path" from sales': "the hidden column",
        'select * from "sales$partitions"': "the metadata table",
    }.items():
        with pytest.raises(OperationalError, match=f"NOT_SUPPORTED: The local Athena does not support {name}"):
            cursor.execute(sql)
    with pytest.raises(DatabaseError, match="WorkGroup nobodys is not found"):
        cursor.execute("select 1", work_group="nobodys")
    assert cursor.execute("select 1").fetchall() == [(1,)]


def _plain() -> str:
    return f"select {', '.join(PLAIN)} from sales"

"""What the local Athena can read: projected partitions, text files of each SerDe, nested columns; and what it leaves unread."""

import datetime as dt
import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local.aws.athena import catalog, engine
from tests.support.athena import Athena, text_files

LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
OPENX = "org.openx.data.jsonserde.JsonSerDe"
HIVE_JSON = "org.apache.hive.hcatalog.data.JsonSerDe"


def projected(athena: Athena, keys: dict[str, str], location: str = "lake/p/", **properties: str) -> None:
    """Make the table ``p`` of projected partitions; underscores in the names of properties stand for dots."""
    given = {name.replace("_", "."): text for name, text in properties.items()}
    athena.table("p", {"id": "bigint"}, location, keys, properties={"projection.enabled": "true", **given})


def put_ids(athena: Athena, *folders: str) -> None:
    """Put a file into each folder, whose rows are numbered from 1."""
    for number, folder in enumerate(folders, start=1):
        athena.put(f"lake/p/{folder}/a.parquet", pa.table({"id": [number]}))


def test_projected_dates_reach_from_then_to_now(athena: Athena):
    today = dt.datetime.now(dt.UTC).date()
    days = [today + dt.timedelta(days=shift) for shift in (0, -1, -40, 1)]
    put_ids(athena, *(f"{day:%Y/%m/%d}" for day in days), f"{today:%Y-%m-%d}")
    location = f"s3://{athena.bucket}/lake/p/${{day}}/"
    projected(athena, {"day": "string"}, projection_day_type="date", projection_day_format="yyyy/MM/dd",
              projection_day_range="NOW-1MONTHS,NOW", storage_location_template=location)  # fmt: skip
    athena.partitions("p", {("2001/01/01",): f"lake/p/{days[2]:%Y/%m/%d}"})  # of no account: partitions are projected

    assert athena.rows("select id, day from p order by id") == [
        ("1", f"{days[0]:%Y/%m/%d}"),
        ("2", f"{days[1]:%Y/%m/%d}"),
    ]
    assert athena.rows(f"select id from p where day < '{today:%Y/%m/%d}'") == [("2",)]


def test_projected_intervals_leave_out_what_lies_between(athena: Athena):
    put_ids(
        athena,
        "m=2023-01/n=001",
        "m=2023-02/n=001",
        "m=2023-04/n=003",
        "m=2023-04/n=002",
        "m=2023-04/n=3",
        "m=2024-01/n=001",
    )
    projected(
        athena, {"m": "string", "n": "int"},
        projection_m_type="date", projection_m_format="yyyy-MM", projection_m_range="2023-01,2023-12",
        projection_m_interval="3", projection_m_interval_unit="MONTHS",
        projection_n_type="integer", projection_n_range="1,100", projection_n_digits="3", projection_n_interval="2",
    )  # fmt: skip

    assert athena.rows("select id, m, n from p order by id") == [("1", "2023-01", "1"), ("3", "2023-04", "3")]
    assert athena.rows("select id from p where n > 2 and m < '2024'") == [("3",)]


def test_a_projected_date_is_found_among_ten_years_of_seconds(athena: Athena):
    put_ids(athena, "t=2021-05-06-07-08-09", "t=2021-05-06-07-08-10", "t=2009-05-06-07-08-09")
    projected(athena, {"t": "string"}, projection_t_type="date", projection_t_format="yyyy-MM-dd-HH-mm-ss",
              projection_t_range="2015-01-01-00-00-00,2025-01-01-00-00-00", projection_t_interval_unit="SECONDS")  # fmt: skip

    assert athena.rows("select id from p where t = '2021-05-06-07-08-09'") == [("1",)]
    assert athena.rows("select count(*) from p where t >= '2020'") == [("2",)]


def test_a_projected_date_column_is_a_date_whatever_its_folders_are_called(athena: Athena):
    put_ids(athena, "day=20230105")
    projected(athena, {"day": "date"}, projection_day_type="date", projection_day_format="yyyyMMdd",
              projection_day_range="20230101,20231231")  # fmt: skip

    assert athena.rows("select day from p where day between date '2023-01-01' and date '2023-01-31'") == [
        ("2023-01-05",)
    ]


def test_enumerated_values_are_taken_as_they_are_written(athena: Athena):
    put_ids(athena, "site=eu west", "site=us%2Feast", "site=ap")
    projected(athena, {"site": "string"}, projection_site_type="Enum", projection_site_values="eu west,us/east")

    assert athena.rows("select id, site from p order by id") == [("1", "eu west"), ("2", "us/east")]


def test_an_injected_key_has_to_be_given(athena: Athena):
    put_ids(athena, "device=a", "device=b", "device=c")
    projected(athena, {"device": "string"}, projection_device_type="injected")

    assert athena.rows("select id, device from p where device = 'b'") == [("2", "b")]
    assert athena.rows("select id from p where device in ('a', 'c') order by id") == [("1",), ("3",)]
    reason = (
        "CONSTRAINT_VIOLATION: For the injected projected partition column device, the WHERE clause must contain only "
        "static equality conditions, and at least one such condition must be present."
    )
    assert athena.reason("select id from p") == reason
    assert athena.reason("select id from p where device like 'a%'") == reason
    assert athena.reason("select id from p where device = 'a' or id = 2") == reason


def test_a_projection_that_is_incomplete_is_refused(athena: Athena):
    projected(athena, {"day": "string", "hour": "string"}, projection_day_type="date", projection_day_range="2020,NOW")

    reason = athena.reason("select id from p")

    assert reason.startswith("INVALID_TABLE_PROPERTY: ")
    assert reason.endswith("the following partition columns are missing projection configuration: [hour]")


def test_a_partition_is_read_as_it_was_declared(athena: Athena):
    """Parquet by names, CSV by positions; a column that came later is null."""
    lines = text_files(LAZY, **{"field.delim": ","})
    columns = {"id": "bigint", "note": "string", "later": "int"}
    athena.table("t", columns, "lake/t/", {"p": "int"})
    athena.table("c", columns, "lake/c/", {"p": "int"}, lines)
    athena.put("lake/t/1/a.parquet", pa.table({"note": ["old"], "id": pa.array([1], pa.int32())}))
    athena.put("lake/t/2/a.parquet", pa.table({"id": [2], "note": ["new"], "later": pa.array([3], pa.int32())}))
    athena.put("lake/t/3/a.csv", b"3,text,9\n")
    athena.put("lake/c/1/a.csv", b"1,old\n")
    older = {"id": "int", "note": "string"}
    athena.partitions("t", {("1",): "lake/t/1/"}, older)
    athena.partitions("t", {("2",): "lake/t/2/"}, columns)
    athena.partitions("t", {("3",): "lake/t/3/"}, columns, lines)
    athena.partitions("c", {("1",): "lake/c/1/"}, older, lines)

    assert athena.rows("select * from t order by p") == [
        ("1", "old", None, "1"), ("2", "new", "3", "2"), ("3", "text", "9", "3")
    ]  # fmt: skip
    assert athena.rows("select later, note from c") == [(None, "old")]


def test_a_column_named_as_a_partition_key_is_no_table_to_query(athena: Athena):
    athena.put("lake/p/k=1/a.parquet", pa.table({"id": [1], "k": [5]}))
    athena.table("p", {"id": "bigint", "k": "bigint"}, "lake/p/", {"K": "string"})
    athena.partitions("p", {("1",): "lake/p/k=1"})

    assert athena.reason("select k from p").startswith("HIVE_INVALID_METADATA")


def test_a_partition_of_another_type_is_a_mismatch(athena: Athena):
    athena.table("t", {"id": "int"}, "lake/t/", {"p": "int"})
    athena.put("lake/t/1/a.parquet", pa.table({"id": ["x"]}))
    athena.partitions("t", {("1",): "lake/t/1/"}, {"id": "string"})

    assert athena.reason("select id from t").startswith(
        "HIVE_PARTITION_SCHEMA_MISMATCH: There is a mismatch between the table and partition schemas."
    )
    assert athena.rows("select count(*) from t") == [("1",)]


def test_partitions_are_where_the_catalog_says(athena: Athena):
    """Anywhere, also where nothing is, and two in one place."""
    athena.table("t", {"id": "int"}, "lake/t/", {"p": "int"})
    athena.put("elsewhere/a.parquet", pa.table({"id": pa.array([7], pa.int32())}))
    athena.put("elsewhere/_temporary/b.parquet", b"no parquet")
    athena.put("elsewhere/c.parquet", b"")
    athena.partitions("t", {("1",): "elsewhere", ("2",): "elsewhere/", ("3",): "nothing/here/"})

    assert athena.rows("select id, p from t order by p") == [("7", "1"), ("7", "2")]
    assert athena.rows("select count(id) from t") == [("2",)]
    assert athena.scanned("select id from t") == 2 * athena.scanned("select id from t where p = 1") > 0


def test_lazy_text_is_read_and_what_is_malformed_is_null(athena: Athena):
    columns = {"id": "int", "s": "string", "money": "decimal(10,2)", "day": "date", "at": "timestamp", "flag": "boolean",
               "items": "array<int>", "pairs": "map<string,string>", "row": "struct<a:string,b:int>"}  # fmt: skip
    delimiters = {"field.delim": "\t", "collection.delim": ",", "mapkey.delim": ":", "escape.delim": "\\"}
    header = {"skip.header.line.count": "1"}
    athena.table("t", columns, "lake/t/", format=text_files(LAZY, **delimiters), properties=header)
    lines = [
        "header",
        "1\ta\\\tb\t1.005\t2023-01-05\t2023-01-05 10:11:12.5\tTRUE\t1,x,3\tk:v,l:\\N\tp,7",
        "99999999999\t\tmuch\t2023-02-30\tnever\tyes\t\t\t",
        "\\N\t\\N",
    ]
    athena.put("lake/t/a.gz", gzip.compress("\n".join(lines).encode()))
    athena.put("lake/t/b.txt", b"header\r\n2\tcrlf\r\n")

    assert athena.rows("select * from t order by s") == [
        (None, "") + (None,) * 4 + ("[]", "{}", None),
        ("1", "a\tb", "1.01", "2023-01-05", "2023-01-05 10:11:12.500", "true", "[1, null, 3]", "{k=v, l=null}", "{a=p, b=7}"),
        ("2", "crlf") + (None,) * 7,
        (None,) * 9,
    ]  # fmt: skip
    assert athena.rows("select t.row.b from t where t.row.a = 'p'") == [("7",)]


def test_open_csv_is_read_and_what_is_malformed_fails(athena: Athena):
    columns = {"id": "bigint", "s": "string", "day": "date", "at": "timestamp", "flag": "boolean"}
    athena.table("t", columns, "lake/t/", format=text_files(OPEN_CSV))
    athena.put("lake/t/a.csv", b'1,"a ""b"", \\"c\\"",18276,1579059880000,true\n')
    assert athena.rows("select * from t") == [("1", 'a "b", "c"', "2020-01-15", "2020-01-15 03:44:40.000", "true")]

    athena.put("lake/t/b.csv", b",,2020-01-15,,\n")
    assert athena.rows("select s from t order by s") == [("",), ('a "b", "c"',)]
    assert athena.reason("select id from t") == (
        "HIVE_BAD_DATA: Error parsing field value '' for field 0: For input string: \"\""
    )
    assert athena.reason("select day from t").startswith("HIVE_BAD_DATA: Error parsing field value '2020-01-15'")

    athena.put("lake/t/c.csv", b'1,a"b"c\n')
    assert athena.reason("select s from t").startswith("NOT_SUPPORTED: The local Athena does not support quotes")


def test_open_csv_has_other_marks(athena: Athena):
    marks = {"separatorChar": "|", "quoteChar": "'", "escapeChar": "!"}
    athena.table("t", {"a": "string", "b": "string", "c": "string"}, "lake/t/", format=text_files(OPEN_CSV, **marks))
    athena.put("lake/t/a.csv", b"'a|!'\"'|\\|\n\nx\n")

    assert athena.rows("select * from t order by a") == [("a|'\"", "\\", ""), ("x", None, None), (None, None, None)]


def test_json_is_read_at_any_depth_whatever_the_case_of_its_keys(athena: Athena):
    columns = {"id": "bigint", "tags": "array<string>", "sub": "struct<key:string,deep:struct<x:double,y:int>>",
               "scores": "map<string,struct<z:int>>", "at": "timestamp", "seven": "int"}  # fmt: skip
    athena.table("t", columns, "lake/t/", format=text_files(OPENX, **{"mapping.seven": "Seven-7"}))
    athena.put(
        "lake/t/a.json",
        b"""\
{"Id": 1, "Tags": ["a", 2, null], "Sub": {"Key": "v", "Deep": {"X": 1.5}}, "at": "2020-01-01T10:00:00+02:00"}

{"id": "2", "sub": null, "scores": {"A": {"Z": 1}, "b": {}}, "at": 1577865600, "Seven-7": 7}
""",
    )

    reason = athena.reason("select id from t")
    assert (
        reason
        == "NOT_SUPPORTED: The local Athena does not support JSON keys that differ in capitals or dots only: Id, id"
    )
    athena.put(
        "lake/t/a.json",
        b"""\
{"Id": 1, "Tags": ["a", 2, null], "Sub": {"Key": "v", "Deep": {"X": 1.5}}, "at": "2020-01-01T10:00:00+02:00"}

{"Id": "2", "Sub": null, "scores": {"A": {"Z": 1}, "b": {"q": 0}}, "at": 1577865600, "Seven-7": 7}
""",
    )
    assert athena.rows("select * from t order by id") == [
        ("1", "[a, 2, null]", "{key=v, deep={x=1.5, y=null}}", None, "2020-01-01 08:00:00.000", None),
        ("2", None, None, "{A={z=1}, b={z=null}}", "2020-01-01 08:00:00.000", "7"),
        (None,) * 6,
    ]
    assert athena.rows("select t.sub.deep.x from t where sub.key = 'v'") == [("1.5",)]


@pytest.mark.parametrize("serde", [OPENX, HIVE_JSON])
def test_malformed_json_fails_unless_it_is_ignored(athena: Athena, serde: str):
    athena.put("lake/t/a.json", b'{"a": 1}\n[1]\n{"a": \n')
    athena.table("strict", {"a": "int"}, "lake/t/", format=text_files(serde))
    athena.table("lenient", {"a": "int"}, "lake/t/", format=text_files(serde, **{"ignore.malformed.json": "true"}))

    assert athena.reason("select a from strict").startswith("HIVE_CURSOR_ERROR: Row is not a valid JSON Object")
    assert athena.rows("select a from lenient order by a") == [("1",), (None,), (None,)]


def test_json_keys_may_have_dots_and_their_case_may_count(athena: Athena):
    athena.put("lake/t/a.json", b'{"a.b": 1, "C": 2, "d": "x"}\n')
    options = {"dots.in.keys": "true", "case.insensitive": "false"}
    athena.table("t", {"a_b": "int", "c": "int", "d": "int"}, "lake/t/", format=text_files(OPENX, **options))

    assert athena.rows("select a_b, c from t") == [("1", None)]
    assert (
        athena.reason("select d from t")
        == "HIVE_BAD_DATA: Error parsing field value 'x' for field 2: For input string: \"x\""
    )


@pytest.mark.parametrize(
    ("serde", "reader"),
    [
        ("org.apache.hadoop.hive.ql.io.orc.OrcSerde", "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat"),
        ("org.apache.hadoop.hive.serde2.avro.AvroSerDe", "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat"),
        ("com.amazon.ionhiveserde.IonHiveSerDe", "com.amazon.ionhiveserde.formats.IonInputFormat"),
        ("org.apache.hadoop.hive.serde2.RegexSerDe", "org.apache.hadoop.mapred.TextInputFormat"),
    ],
)
def test_other_storage_is_refused_by_name(athena: Athena, serde: str, reader: str):
    athena.table(
        "t", {"a": "int"}, "lake/t/", format={"InputFormat": reader, "SerdeInfo": {"SerializationLibrary": serde}}
    )
    athena.table("i", {"a": "int"}, "lake/i/", properties={"table_type": "ICEBERG"})

    reason = athena.reason("select a from t")
    assert reason.startswith("NOT_SUPPORTED: The local Athena does not support the storage of ")
    assert serde in reason
    assert athena.reason("select a from i").startswith(
        "NOT_SUPPORTED: The local Athena does not support ICEBERG tables"
    )


def test_text_files_may_be_compressed_and_end_their_lines_each_in_its_way(athena: Athena):
    athena.table("t", {"a": "int", "b": "string"}, "lake/t/", format=text_files(LAZY, **{"field.delim": "44"}))
    athena.put("lake/t/a.gz", gzip.compress(b"1,gzip\n"))
    athena.put("lake/t/b.csv.ZST", pa.Codec("zstd").compress(b"2,zstd\r\n", asbytes=True))
    athena.put("lake/t/below/c", b"3,plain")
    athena.put("lake/t/.d", b"4,hidden\n")
    athena.put("lake/t/_e/f", b"5,hidden\n")
    athena.put("lake/t/g.gz", gzip.compress(b""))
    assert athena.rows("select * from t order by a") == [("1", "gzip"), ("2", "zstd"), ("3", "plain")]

    athena.put("lake/t/h", b"6,one\n7,another\r\n")
    reason = "NOT_SUPPORTED: The local Athena does not support text files whose lines do not all end alike"
    assert athena.reason("select * from t") == reason


def test_text_files_that_it_cannot_open_are_refused_by_name(athena: Athena):
    athena.table("t", {"a": "int"}, "lake/t/", format=text_files(LAZY))
    athena.put("lake/t/a.snappy", b"?")
    assert athena.reason("select a from t").startswith(
        "NOT_SUPPORTED: The local Athena does not support files that end with .snappy"
    )

    athena.table("e", {"a": "int"}, "lake/e/", format=text_files(LAZY, **{"serialization.encoding": "latin1"}))
    athena.put("lake/e/a.txt", b"1\n")
    assert athena.reason("select a from e") == "NOT_SUPPORTED: The local Athena does not support files in latin1"


def test_of_a_nested_column_only_the_fields_asked_for_are_read(athena: Athena):
    rows = [{"a": {"b": {"c": i, "text": f"{i:0500d}"}}} for i in range(20)]
    kind = pa.struct([("b", pa.struct([("c", pa.int64()), ("text", pa.string())]))])
    items = [[{"x": i, "unasked": "?"}] for i in range(20)]
    athena.put("lake/t/a.parquet", pa.table({"a": pa.array([row["a"] for row in rows], kind), "items": items}))
    columns = {"a": "struct<b:struct<later:int,text:string,c:bigint>>", "items": "array<struct<x:bigint,y:int>>"}
    athena.table("t", columns, "lake/t/")

    assert athena.rows("select t.a.b.c, a.b.later from t where a.b.c > 18") == [("19", None)]
    assert athena.rows("select items from t where a.b.c = 7") == [("[{x=7, y=null}]",)]
    assert 0 < 5 * athena.scanned("select a.b.c from t") < athena.scanned("select a from t")
    assert athena.scanned("select a.b.c, a from t") == athena.scanned("select a from t")


def test_text_files_cost_what_they_take_in_the_lake(athena: Athena):
    athena.table("t", {"a": "int", "b": "string"}, "lake/t/", {"p": "int"}, text_files(LAZY, **{"field.delim": ","}))
    sizes = [athena.put(f"lake/t/{p}/a.gz", gzip.compress(b"1,x\n" * 1000 * p)) for p in (1, 2)]
    athena.partitions("t", {(str(p),): f"lake/t/{p}/" for p in (1, 2)}, format=text_files(LAZY, **{"field.delim": ","}))

    assert athena.rows("select sum(a) from t") == [("3000",)]
    assert athena.scanned("select a from t") == sum(sizes)
    assert athena.scanned("select b from t where p = 2") == sizes[1]


@pytest.fixture
def events(athena: Athena) -> Athena:
    """Rows in partitions, of which all but the one of the second of January in Europe cannot be opened."""
    athena.table("events", {"id": "bigint", "n": "int"}, "lake/e/", {"day": "date", "site": "string"})
    places = [(f"2023-01-0{day}", site) for day in (1, 2, 3) for site in ("eu", "us")]
    for day, site in places:
        athena.put(f"lake/e/{day}/{site}/a.parquet", b"not to be opened")
    athena.put("lake/e/2023-01-02/eu/a.parquet", pa.table({"id": [3], "n": pa.array([3], pa.int32())}))
    athena.partitions("events", {place: f"lake/e/{'/'.join(place)}/" for place in places})
    athena.view("europe", "select id, day as renamed from events where site = 'eu'")
    return athena


HERE = "{0}.day = date '2023-01-02' and {0}.site = 'eu'"
A, B, E = (HERE.format(alias) for alias in "abe")
EQUAL = "a.day = b.day and a.site = b.site"


@pytest.mark.parametrize(
    "sql",
    [
        f"select id from events as e where {E}",
        f"select a.id from events as a join events as b on {EQUAL} where {A}",
        f"select a.id, b.id from events as a left join events as b on {EQUAL} where {A}",
        f"select a.id, b.id from events as a full join events as b on {EQUAL} where {A}",
        "select id from events as a join events as b using (id, day) where day = date '2023-01-02' and a.site = 'eu' and b.site = 'eu'",
        f"select a.id from events as a right join events as b on a.id = b.id and {A} where {B}",
        f"select a.id from events as a join events as b on a.id = b.id and {A} and {B}",
        "select id from (select id, day as d, site as s from (select * from events)) where d = date '2023-01-02' and s = 'eu'",
        f"select id from (select id, day, site from events union all select n, day, site from events) as e where {E}",
        f"with c as (select day, site, count(*) as n from events group by day, site) select n from c as e where {E}",
        f"with c as (select * from events) select id from c as a where {A} union all select n from c as b where {B}",
        f"select r from (select day, site, rank() over (partition by day, site order by id) as r from events) as e where {E}",
        f"select id from events as a where {A} and id in (select n from events as b where {B})",
        "select id from europe where renamed = date '2023-01-02'",
    ],
)
def test_a_partition_that_a_condition_certainly_rules_out_is_not_opened(events: Athena, sql: str):
    assert events.rows(sql)


class Twins:
    """Six rows, twice: in the partitions of ``parted``, and unpartitioned as ``whole``; without a server."""

    def __init__(self, folder: Path) -> None:
        days = (dt.date(2023, 1, 1), dt.date(2023, 1, 2), None)
        places = [(day, site) for day in days for site in ("eu", "us")]
        keys, columns = (("day", "date"), ("site", "string")), (("id", "bigint"), ("n", "int"))
        self._folder, objects, parts = folder, {}, []
        for i, (day, site) in enumerate(places):
            row = {"id": [i], "n": pa.array([i % 3], pa.int32()), "day": pa.array([day], pa.date32()), "site": [site]}
            (folder / f"{i}").mkdir()
            pq.write_table(pa.table(row), folder / f"{i}" / "a.parquet")
            objects[f"{i}/a.parquet"] = {"size": 1}
            values = (str(day) if day else "__HIVE_DEFAULT_PARTITION__", site)
            parts.append(catalog.Partition(values, f"s3://lake/{i}/", {}))
        self.lake = catalog.Lake({"lake": objects})
        whole = (catalog.Partition((), "s3://lake/", {}),)
        self.tables = {
            "parted": catalog.Table("d", "parted", "", catalog.Storage("Parquet", columns, {}), keys, tuple(parts), {}),
            "whole": catalog.Table("d", "whole", "", catalog.Storage("Parquet", columns + keys, {}), (), whole, {}),
        }

    def rows(self, sql: str) -> list[tuple]:
        """Return a query's rows, sorted."""
        with duckdb.connect() as connection:
            result = engine.run(connection, engine.resolve(sql, "d"), lambda file: str(self._folder / file.key))
            return sorted((row for batch in result.rows for row in batch), key=repr)


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    made = Twins(tmp_path_factory.mktemp("twins"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "lake", lambda: made.lake)
        patch.setattr(catalog, "table", lambda _, name, at="": made.tables[name])
        yield made


CONDITIONS = st.sampled_from([
    "{}.day = date '2023-01-02'", "{}.day is null", "{}.site = 'eu'", "not ({}.site = 'eu')", "coalesce({}.site, 'us') = 'us'",
    "({0}.day > date '2023-01-01' or {0}.site = 'us')", "{}.site in ('us', 'ap')", "{}.id > 1",
    "coalesce({}.day, date '2023-01-02') = date '2023-01-02'", "({0}.site is null or {0}.site = 'us')",
])  # fmt: skip
SOURCES = st.sampled_from([
    "TABLE", "e", "e",
    "(select * from TABLE where TABLE.site = 'eu')",
    "(select day, site, max(id) as id, sum(n) as n from TABLE group by day, site)",
    "(select day, max(site) as site, count(*) as id, 1 as n from TABLE group by day)",
    "(select day, site, id, row_number() over (partition by site order by id) as n from TABLE)",
    "(select day, site, id, n from TABLE order by id limit 3)",
    "(select day, site, id, n from TABLE union all select day, site, id, n from e where e.id < 3)",
    "(select day, site, id, n from TABLE except select day, site, id, n from TABLE where TABLE.day is null)",
])  # fmt: skip
JOINS = st.sampled_from(["join", "left join", "right join", "full join"])


@st.composite
def queries(draw: st.DrawFn) -> str:
    """Return a query on TABLE, which joins and filters in any way."""
    text = f"from {draw(SOURCES)} as a"
    aliases = ["a"]
    for alias in draw(st.sampled_from(["", "b", "bc"])):
        other, column = draw(st.sampled_from(aliases)), draw(st.sampled_from(["day", "site", "id"]))
        parts = [f"{other}.{column} = {alias}.{column}"]
        aliases.append(alias)
        parts += [part.format(draw(st.sampled_from(aliases))) for part in draw(st.lists(CONDITIONS, max_size=2))]
        text += f" {draw(JOINS)} {draw(SOURCES)} as {alias} on {' and '.join(parts)}"
    where = [part.format(draw(st.sampled_from(aliases))) for part in draw(st.lists(CONDITIONS, max_size=3))]
    columns = ", ".join(f"{alias}.id, {alias}.day, {alias}.site" for alias in aliases)
    with_ = (
        f"with e as (select * from TABLE as t{' where ' + draw(CONDITIONS).format('t') if draw(st.booleans()) else ''})"
    )
    return f"{with_} select {columns} {text}{' where ' + ' and '.join(where) if where else ''}"


# Where a condition must not rule a partition out, though it looks as if it might.
TRAPS = [
    "select a.id, b.id from TABLE as a left join TABLE as b on a.id = b.id where b.day is null",
    "select a.id, b.id from TABLE as a full join TABLE as b on a.id = b.id where coalesce(a.site, 'us') = 'us'",
    "select a.id, b.id from TABLE as a left join TABLE as b on a.id = b.id and a.site = 'eu'",
    "select a.id, b.id from TABLE as a right join TABLE as b on a.id = b.id and b.site = 'eu'",
    "select a.id, b.id from TABLE as a full join TABLE as b on a.id = b.id and a.site = 'eu' and b.site = 'eu'",
    "select a.id, c.id from TABLE as a join TABLE as b on a.id = b.id and a.site = 'eu' right join TABLE as c on b.id = c.id",
    "select a.id, c.id from TABLE as a left join TABLE as b on a.id = b.n join TABLE as c on c.id = a.id and b.day is null",
    "select a.id from TABLE as a left join TABLE as b on a.id = b.n right join TABLE as c on a.id = c.id where coalesce(a.day, b.day) is null",
    "select id from TABLE as a right join TABLE as b using (id, day) where day = date '2023-01-02'",
    "select id from TABLE as a full join TABLE as b using (id, site) where site = 'eu'",
    "select id from (select * from TABLE as t order by id desc limit 3) as a where a.site = 'eu'",
    "select id from (select * from TABLE as t order by id offset 3) as a where a.site = 'eu'",
    "select n from (select day, site, row_number() over (order by id) as n from TABLE as t) as a where a.site = 'us'",
    "select n from (select site, sum(id) over (partition by day) as n, day from TABLE as t) as a where a.site = 'us'",
    "select n from (select max(site) as site, count(*) as n from TABLE as t group by day) as a where a.site = 'us'",
    "with e as (select * from TABLE as t) select a.id from e as a join e as b on a.n = b.n where a.site = 'eu'",
    "with e as (select * from TABLE as t) select id from e where site = 'eu' and n in (select n from e)",
    "select id from (select id, site from TABLE as t union all select id, 'eu' from TABLE as t) as a where a.site = 'eu'",
    "select id from (select id, day, site from TABLE as t union all select id, day, cast(n as varchar) from TABLE as t) as a where a.site = '1'",
]


def examples(test: Callable[..., None]) -> Callable[..., None]:
    for sql in TRAPS:
        test = example(sql=sql)(test)
    return test


@examples
@given(sql=queries())
@settings(max_examples=25, deadline=None, derandomize=True)
def test_a_pruned_query_answers_as_an_unpruned_one(twins: Twins, sql: str):
    assert twins.rows(sql.replace("TABLE", "parted")) == twins.rows(sql.replace("TABLE", "whole"))

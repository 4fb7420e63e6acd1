"""Two million new versions into fact_sales_order, its keys standing and valid: against the bare COPY and single inserts."""

import time
from collections.abc import Callable
from datetime import datetime
from statistics import median

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from benchmarks.report import Section, Target, ratio
from benchmarks.servers import Servers, measure, servers

ROWS = 2_000_000
SAMPLE = 2_000
ROUNDS = 3
FACT = sql.Identifier("warehouse", "fact_sales_order")
BARE = sql.Identifier("bench", "without_foreign_keys")

MADE = """
create table bench.versions as
select number::int as sales_order_id, created_at::date as created_date, created_at::time as created_time,
       updated::date as last_updated_date, updated::time as last_updated_time,
       (1 + (chance >> 3) % 30)::int as sales_staff_id, (1 + (chance >> 9) % 40)::int as counterparty_id,
       (1000 + chance % 99000)::int as units_sold, ((180 + (chance >> 5) % 240) / 100.0)::numeric(10, 2) as unit_price,
       (1 + chance % 8)::int as currency_id, (1 + chance % 300)::int as design_id,
       (created_at + (1 + (chance >> 4) % 7) * interval '1 day')::date as agreed_payment_date,
       (created_at + (1 + chance % 9) * interval '1 day')::date as agreed_delivery_date,
       (1 + (chance >> 7) % 60)::int as agreed_delivery_location_id, false as deleted
from (select *, created_at + case when chance % 4 = 0 then make_interval(secs => chance % 900) else interval '0' end as updated
      from (select number, abs(hashint8(number)::bigint) as chance,
                   timestamp(3) '2022-11-03' + make_interval(secs => number * 5) as created_at
            from generate_series(1::bigint, {}::bigint) as number) as numbered) as timed
"""


def run() -> Section:
    """Measure, and hold against what was promised."""
    with servers() as running, psycopg.connect(running.url("warehouse"), autocommit=True) as connection:
        bench = Bench(running, connection)
        bench.prepare()
        bare, ours, again, peaks = [], [], [], []
        for number in range(ROUNDS):
            bare.append(bench.copy_into(BARE, "server-side COPY, no foreign keys"))
            found = bench.load(f"load-{number}", new=ROWS)
            bench.check()
            ours.append(found["seconds"])
            peaks.append(found["peak"])
            again.append(bench.load(f"again-{number}", new=0)["seconds"])
        standing = bench.copy_into(FACT, "server-side COPY, foreign keys standing")
        single = bench.insert_one_by_one()
    return _section(bare, ours, again, standing, single, max(peaks))


class Bench:
    """One warehouse and the same two million versions as a CSV file of the server and as a batch of the lake."""

    def __init__(self, running: Servers, connection: psycopg.Connection) -> None:
        self._running, self._connection = running, connection
        [[folder]] = connection.execute("select current_setting('data_directory')")
        self._file = f"{folder}/versions.csv"

    def prepare(self) -> None:
        """Make the tables, the rows and the files; let a first small load bring the dimensions' members."""
        from quayside.contract import contract_names, load_contract
        from quayside.curated.layout import change_schema
        from quayside.settings import Credentials
        from quayside.warehouse import migrate
        from quayside.warehouse.connection import warehouse

        print(f"  making {ROWS:,} versions", flush=True)
        tables = [load_contract(name) for name in contract_names("warehouse", product="totesys")]
        with warehouse(Credentials(**self._running.credentials("warehouse")), "bench") as connection:
            connection.execute("create schema if not exists warehouse")
            migrate(connection, tables)
        self._schema = change_schema(load_contract("warehouse.fact_sales_order"))
        self._columns = sql.SQL(", ").join(map(sql.Identifier, self._schema.names))
        self._execute("create schema bench")
        self._execute(MADE, sql.Literal(ROWS))
        self._execute("create table {} (like {} including all)", BARE, FACT)
        self._execute("copy (select {} from bench.versions) to {} (format csv)", self._columns, sql.Literal(self._file))
        self._key = "bench/versions.parquet"
        self._write(self._key, "true")
        self._write("bench/first.parquet", "sales_order_id % 1000 = 0 or sales_order_id <= 5000")
        self._execute("analyze")
        [[first]] = self._connection.execute(
            "select count(*) from bench.versions where sales_order_id %% 1000 = 0 or sales_order_id <= %s", [5000]
        )
        self.load("first", new=first, rows=first, key="bench/first.parquet")

    def load(self, batch: str, *, new: int, rows: int = ROWS, key: str = "") -> dict[str, float]:
        """Record the rows as a batch and let the platform load it."""
        from quayside.lake import File
        from quayside.manifest import Manifest
        from quayside.run import Run

        if new:
            self._empty(FACT)
        run = Run.of(f"bench-{batch}")
        manifest = Manifest(
            dataset="warehouse.fact_sales_order",
            batch=batch,
            kind="derived",
            run=run.id,
            rows=rows,
            schema_version="1.0.0",
            files=(File(key=key or self._key, rows=rows, bytes=0, sha256=""),),
            snapshot_at=datetime.fromisoformat("2026-01-01"),
        )
        manifest.write(run.lake)
        run.ledger.record_derived(manifest, todo="load")
        return measure(
            "worker",
            "load",
            {"credentials": self._running.credentials("warehouse"), "run": run.id, "rows": rows, "new": new},
        )

    def check(self) -> None:
        """See that all keys stand and are valid, and that every row is there."""
        [[keys, valid]] = self._connection.execute(
            "select count(*), bool_and(convalidated) from pg_constraint where conrelid = %s::regclass and contype in ('f', 'p', 'u')",
            [FACT.as_string()],
        )
        [[rows]] = self._connection.execute(sql.SQL("select count(*) from {}").format(FACT))
        if (keys, valid, rows) != (11, True, ROWS):
            raise AssertionError(f"{keys} keys, valid: {valid}, {rows} rows")

    def copy_into(self, table: sql.Identifier, what: str) -> float:
        """Let the server copy its own file into an empty table; return the seconds."""
        self._empty(table)
        return _timed(
            what,
            lambda: self._execute("copy {} ({}) from {} (format csv)", table, self._columns, sql.Literal(self._file)),
        )

    def insert_one_by_one(self) -> float:
        """Insert a sample as text in statements of their own, each committed; return the seconds for all, scaled."""
        self._empty(FACT)
        rows = self._connection.execute(
            sql.SQL("select {} from bench.versions order by sales_order_id limit {}").format(self._columns, SAMPLE)
        ).fetchall()
        statement = sql.SQL("insert into {} ({}) values ({})").format(
            FACT, self._columns, sql.SQL(", ").join(sql.Placeholder() * len(self._schema.names))
        )

        def go() -> None:
            with psycopg.ClientCursor(self._connection) as cursor:
                for row in rows:
                    cursor.execute(statement, row)

        return _timed(f"{SAMPLE:,} committed inserts", go) * ROWS / SAMPLE

    def _write(self, key: str, where: str) -> None:
        from quayside.run import Run
        from quayside.sources.copying import copy

        query = sql.SQL("select {} from bench.versions where {}").format(self._columns, sql.SQL(where))  # type: ignore[arg-type]
        # Read as text and cast: the parser of CSV knows no times of day.
        text = pa.schema(
            [(field.name, pa.string() if pa.types.is_time(field.type) else field.type) for field in self._schema]
        )
        with Run.of("bench").lake.parquet_writer(key, self._schema) as writer:
            copy(self._connection, query, text, lambda table: writer.write(_as(table, self._schema)))

    def _empty(self, table: sql.Identifier) -> None:
        self._execute("truncate {}", table)
        self._execute("checkpoint")

    def _execute(self, statement: str, *parts: sql.Composable) -> None:
        self._connection.execute(sql.SQL(statement).format(*parts))  # type: ignore[arg-type]


def _as(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Give times of day their type, by way of the timestamps of one day."""
    columns = []
    for field in schema:
        column = table.column(field.name)
        if pa.types.is_time(field.type):
            column = pc.binary_join_element_wise("1970-01-01", column, " ").cast(pa.timestamp("us")).cast(field.type)
        columns.append(column)
    return pa.table(columns, schema=schema)


def _timed(what: str, go: Callable[[], None]) -> float:
    began = time.perf_counter()
    go()
    seconds = time.perf_counter() - began
    print(f"  {what}: {seconds:.2f} s", flush=True)
    return seconds


def _section(
    bare: list[float], ours: list[float], again: list[float], standing: float, single: float, peak: float
) -> Section:
    def row(what: str, seconds: list[float], memory: str = "") -> list[str]:
        turns = bare if len(seconds) == len(bare) else [median(bare)]
        return [what, f"{median(seconds):,.1f}", f"{ratio(seconds, turns):,.2f}", memory]

    rows = [
        ["way", "s", "× bare COPY", "peak MB"],
        row("bare: server-side COPY into the table without its 9 foreign keys", bare),
        row("**Quayside: Parquet in S3 → fact, its keys and foreign keys standing and valid**", ours, f"{peak:.0f}"),
        row("Quayside, the same rows again in another batch", again),
        row("server-side COPY into the table as it stands (once)", [standing]),
        row(f"one committed INSERT a row ({SAMPLE:,} rows, scaled)", [single]),
    ]
    times, repeated = ratio(ours, bare), ratio(again, ours)
    faster, than_single = standing / median(ours), single / median(ours)
    targets = [
        Target("at most 2 × the bare COPY", f"{times:.2f} ×", times <= 2),
        Target("at least 3 × faster than COPY into the table as it stands", f"{faster:.1f} ×", faster >= 3),
        Target("at least 50 × faster than single inserts", f"{than_single:.0f} ×", than_single >= 50),
        Target("the same rows again: under half", f"{repeated:.2f} ×", repeated < 0.5),
    ]
    text = (
        "PostgreSQL with fsync, synchronous_commit and full_page_writes on, as in production. Each time the fact is empty "
        "at first, and all its 11 keys are found standing and valid at the end. (A batch that is recorded as loaded is not even read again.)"
    )
    return Section("Load of 2 million new versions into fact_sales_order", text, rows, targets)

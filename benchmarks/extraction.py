"""Five million sales orders, PostgreSQL to Parquet: against the bare COPY, ConnectorX and dlt; memory at any size."""

from datetime import datetime
from statistics import median
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.report import Section, Target, ratio
from benchmarks.servers import LAYOUT, Servers, measure, new_ledger, servers
from local import environments
from local.sources.totesys import create_schema, fill, generate

ROWS = 5_000_000
SIZES = (1_000_000, ROWS, 10_000_000)
SAMPLE = 1_000_000  # of dlt's default backend, which takes minutes for all
ROUNDS = 3
OURS = "Quayside, landed: snapshot, source totals, S3 upload, manifest, ledger"

# Made up by a hash of the number: as little compressible as the real thing, and everywhere the same.
GROW = """
insert into sales_order (sales_order_id, created_at, last_updated, design_id, staff_id, counterparty_id, units_sold,
                         unit_price, currency_id, agreed_delivery_date, agreed_payment_date, agreed_delivery_location_id)
select number, created_at, created_at + case when chance % 4 = 0 then make_interval(secs => chance % 900000 / 7.0)
                                             else interval '0' end,
       1 + chance % 300, 1 + (chance >> 3) % 30, 1 + (chance >> 9) % 40, 1000 + chance % 99000,
       (180 + (chance >> 5) % 240) / 100.0, 1 + chance % 8,
       to_char(created_at + (1 + chance % 9) * interval '1 day', 'yyyy-mm-dd'),
       to_char(created_at + (1 + (chance >> 4) % 7) * interval '1 day', 'yyyy-mm-dd'), 1 + (chance >> 7) % 60
from (select number, abs(hashint8(number)::bigint) as chance,
             timestamp '2022-11-03' + make_interval(secs => number * 5 + abs(hashint8(number)::bigint) % 5000 / 1000.0)
                 as created_at
      from generate_series({}::bigint + 1, {}::bigint) as number) as numbered
"""


def run() -> Section:
    """Measure, and hold against what was promised."""
    print("  the peers' virtual environment", flush=True)
    environments.ensure(LAYOUT, "bench")
    with servers() as running:
        _prepare(running)
        memory = {}
        _grow(running, 0, SIZES[0])
        memory[SIZES[0]] = _land(running, SIZES[0])["peak"]
        _grow(running, SIZES[0], ROWS)
        found = _compare(running)
        memory[ROWS] = max(turn["peak"] for turn in found["land"])
        _grow(running, ROWS, SIZES[2])
        memory[SIZES[2]] = _land(running, SIZES[2])["peak"]
    return _section(found, memory)


def _prepare(running: Servers) -> None:
    with psycopg.connect(running.url("totesys")) as connection:
        create_schema(connection)
        fill(connection, generate(1, 0, datetime.fromisoformat("2026-01-01")))


def _grow(running: Servers, rows: int, wished: int) -> None:
    print(f"  making {wished:,} sales orders", flush=True)
    with psycopg.connect(running.url("totesys"), autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")  # no key is checked: all are right by their making
        connection.execute(sql.SQL(GROW).format(rows, wished))
        connection.execute("vacuum analyze sales_order")
        connection.execute("checkpoint")


def _task(running: Servers) -> dict[str, Any]:
    return {
        "url": running.url("totesys"),
        "credentials": running.credentials("totesys"),
        "rows": ROWS,
        "file": str(running.folder / "sales_order.parquet"),
    }


def _land(running: Servers, rows: int) -> dict[str, float]:
    new_ledger()
    return measure("worker", "land", {**_task(running), "rows": rows})


def _compare(running: Servers) -> dict[str, list[dict[str, float]]]:
    """Measure all in turns, and return what each turn found by name."""
    task: dict[str, Any] = _task(running)
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(ROUNDS):
        for name in ("floor", "stream"):
            found.setdefault(name, []).append(measure("worker", name, task))
        found.setdefault("land", []).append(_land(running, ROWS))
        for name in ("connectorx", "connectorx2"):
            found.setdefault(name, []).append(measure("peers", name, task, venv="bench"))
    sample = measure("peers", "dlt", {**task, "rows": SAMPLE}, venv="bench")
    found["dlt"] = [{"seconds": sample["seconds"] * ROWS / SAMPLE, "peak": sample["peak"]}] * ROUNDS
    return found


def _section(found: dict[str, list[dict[str, float]]], memory: dict[int, float]) -> Section:
    names = {
        "floor": "floor: `COPY … TO STDOUT`, thrown away",
        "land": f"**{OURS}**",
        "stream": "Quayside, its stream alone, into a local file",
        "connectorx": "ConnectorX 0.4.6, into a local file",
        "connectorx2": "ConnectorX 0.4.6 over two connections, into a local file",
        "dlt": f"dlt 1.31, default backend, into a local file (once, {SAMPLE:,} rows, scaled)",
    }
    seconds = {name: [turn["seconds"] for turn in turns] for name, turns in found.items()}
    peaks = {name: max(turn["peak"] for turn in turns) for name, turns in found.items()}
    rows = [["way", "s", "× floor", "peak MB"]] + [
        [text, f"{median(seconds[name]):.1f}", f"{ratio(seconds[name], seconds['floor']):.2f}", f"{peaks[name]:.0f}"]
        for name, text in names.items()
    ]
    rival = min(ratio(seconds[name], seconds["land"]) for name in ("connectorx", "connectorx2"))
    times, dlt, most = (
        ratio(seconds["land"], seconds["floor"]),
        ratio(seconds["dlt"], seconds["land"]),
        max(*memory.values(), peaks["land"]),
    )
    sizes = ", ".join(f"{size // 1_000_000} M: {peak:.0f} MB" for size, peak in memory.items())
    targets = [
        Target("at most 1.5 × the floor", f"{times:.2f} ×", times <= 1.5),
        Target("faster than ConnectorX", f"{rival:.2f} × as fast", rival > 1),
        Target("at least 3 × faster than dlt", f"{dlt:.0f} ×", dlt >= 3),
        Target("peak below 300 MB", f"{most:.0f} MB", most < 300),
        Target("the same memory at 1 and at 10 million rows (within 15 %)", sizes, most <= 1.15 * min(memory.values())),
    ]
    text = "PostgreSQL → Parquet (zstd), all of it on this machine."
    return Section("Extraction of 5 million sales orders", text, rows, targets)

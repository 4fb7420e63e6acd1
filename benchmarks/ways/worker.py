"""What is measured of the platform itself, and the floor below it; each in a process of its own."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

from peak import main


def floor(task: dict[str, Any]) -> Callable[[], None]:
    """``COPY … TO STDOUT``, and what comes is thrown away."""
    import psycopg

    def go() -> None:
        with psycopg.connect(task["url"]) as connection, connection.cursor().copy("copy sales_order to stdout") as copy:
            for _ in copy:
                pass

    return go


def stream(task: dict[str, Any]) -> Callable[[], None]:
    """Run the platform's stream alone: one connection, one local Parquet file."""
    import psycopg
    from psycopg import sql

    from quayside.contract import load_contract
    from quayside.lake import ParquetFile
    from quayside.landing.batches import packed
    from quayside.settings import Credentials
    from quayside.sources.catalog import inspect
    from quayside.sources.stream import Stream

    contract = load_contract("totesys.sales_order")

    def go() -> None:
        with psycopg.connect(task["url"]) as connection:
            table = inspect(connection, contract)
        with closing(Stream(Credentials(**task["credentials"]))) as rows, open(task["file"], "wb") as file:  # noqa: PTH123
            parquet = ParquetFile("sales_order", file, table.schema, packed(table))
            query = sql.SQL("select {} from {}").format(sql.SQL(", ").join(table.columns), table.name)
            rows.copy(query, table.carried, lambda part: parquet.write(part.select(table.schema.names)))
            parquet.finish()

    return go


def land(task: dict[str, Any]) -> Callable[[], None]:
    """Do all that an extraction is: snapshot, totals, stream in ranges, upload to S3, manifest, ledger."""
    from quayside.contract import load_contract
    from quayside.landing import land
    from quayside.run import Run
    from quayside.settings import Credentials, aws

    for service in ("s3", "dynamodb"):  # a worker has these, too, before its first window
        aws(service)
    run, source = Run.of("bench"), Credentials(**task["credentials"])
    contract = load_contract("totesys.sales_order")

    def go() -> None:
        [landed] = land([contract], run, source)
        if landed.rows != task["rows"]:
            raise AssertionError(f"{landed.rows} rows instead of {task['rows']}")

    return go


def load(task: dict[str, Any]) -> Callable[[], None]:
    """Do all that a load is: stage from Parquet in S3, members, versions, keys, commit, ledger."""
    from quayside.contract import contract_names, load_contract
    from quayside.run import Run
    from quayside.settings import Credentials, aws
    from quayside.warehouse import load

    for service in ("s3", "dynamodb"):
        aws(service)
    run, warehouse = Run.of(task["run"]), Credentials(**task["credentials"])
    tables = [load_contract(name) for name in contract_names("warehouse", product="totesys")]

    def go() -> None:
        [loaded] = load(tables, run, warehouse)
        if (loaded.rows, loaded.changed) != (task["rows"], task["new"]):
            raise AssertionError(f"{loaded.rows} rows, {loaded.changed} new, instead of {task['rows']}, {task['new']}")

    return go


if __name__ == "__main__":
    main({"floor": floor, "stream": stream, "land": land, "load": load})

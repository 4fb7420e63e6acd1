"""Others that read a table into Parquet; in the virtual environment that has them."""

from collections.abc import Callable
from functools import partial
from typing import Any

from peak import main


def connectorx(task: dict[str, Any], parts: int) -> Callable[[], None]:
    """Read all into memory with ConnectorX, over as many connections, then write."""
    import connectorx as cx
    import pyarrow.parquet as pq

    options = {"partition_on": "sales_order_id", "partition_num": parts} if parts > 1 else {}

    def go() -> None:
        table = cx.read_sql(task["url"], "select * from sales_order", return_type="arrow", **options)
        if table.num_rows != task["rows"]:
            raise AssertionError(f"{table.num_rows} rows instead of {task['rows']}")
        pq.write_table(table, task["file"], compression="zstd")

    return go


def dlt(task: dict[str, Any]) -> Callable[[], None]:
    """Run a dlt pipeline with its default backend to a local folder, up to a key."""
    import dlt
    from dlt.destinations import filesystem
    from dlt.sources.sql_database import sql_table

    url = task["url"].replace("postgresql://", "postgresql+psycopg://")
    table = sql_table(
        url,
        table="sales_order",
        schema="public",
        query_adapter_callback=lambda query, table: query.where(table.c.sales_order_id <= task["rows"]),
    )
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=f"{task['file']}.state",
        dataset_name="bench",
        destination=filesystem(bucket_url=f"file://{task['file']}.files"),
    )

    def go() -> None:
        pipeline.run(table, loader_file_format="parquet")

    return go


if __name__ == "__main__":
    main({"connectorx": partial(connectorx, parts=1), "connectorx2": partial(connectorx, parts=2), "dlt": dlt})

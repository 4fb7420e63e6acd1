"""A lake, a catalog database and the local Athena's queries, through boto3."""

import base64
import io
import json
import time

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

from quayside.settings import Settings

PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}


def text_files(serde: str, **parameters: str) -> dict:
    """Return the storage of text files that a SerDe reads."""
    return {
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "SerdeInfo": {"SerializationLibrary": serde, "Parameters": parameters},
    }


JSON_LINES = text_files("org.openx.data.jsonserde.JsonSerDe")


class Athena:
    """A lake, a catalog database and the queries of one test."""

    def __init__(self, settings: Settings) -> None:
        self.bucket, self.database = settings.lake_bucket, settings.catalog_database
        self.s3, self.glue, self.client = (boto3.client(name) for name in ("s3", "glue", "athena"))

    def put(self, key: str, rows: pa.Table | bytes) -> int:
        """Write a file; return its size."""
        if isinstance(rows, pa.Table):
            buffer = io.BytesIO()
            pq.write_table(rows, buffer)
            rows = buffer.getvalue()
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=rows)
        return len(rows)

    def table(
        self,
        name: str,
        columns: dict[str, str],
        location: str,
        keys: dict[str, str] | None = None,
        format=PARQUET,
        properties: dict[str, str] | None = None,
    ):
        table = {**self._input(name, columns, location, keys, format), "Parameters": properties or {}}
        self.glue.create_table(DatabaseName=self.database, TableInput=table)

    def move(self, name: str, columns: dict[str, str], location: str) -> None:
        self.glue.update_table(
            DatabaseName=self.database, TableInput=self._input(name, columns, location, None, PARQUET)
        )

    def partitions(
        self, table: str, locations: dict[tuple[str, ...], str], columns: dict[str, str] | None = None, format=PARQUET
    ) -> None:
        """Register partitions: values → location."""
        inputs = [self._partition(values, location, columns, format) for values, location in locations.items()]
        answer = self.glue.batch_create_partition(
            DatabaseName=self.database, TableName=table, PartitionInputList=inputs
        )
        assert not answer.get("Errors")

    def swap(self, table: str, locations: dict[tuple[str, ...], str]) -> None:
        """Let partitions be elsewhere."""
        answer = self.glue.batch_update_partition(
            DatabaseName=self.database,
            TableName=table,
            Entries=[
                {"PartitionValueList": list(values), "PartitionInput": self._partition(values, location)}
                for values, location in locations.items()
            ],
        )
        assert not answer.get("Errors")

    def view(self, name: str, sql: str) -> None:
        """Register a view; Athena itself would note its columns, too."""
        document = json.dumps({"originalSql": sql, "schema": self.database}).encode()
        described = {
            "Name": name,
            "TableType": "VIRTUAL_VIEW",
            "ViewOriginalText": f"/* Presto View: {base64.b64encode(document).decode()} */",
            "StorageDescriptor": {"Columns": []},
        }
        self.glue.create_table(DatabaseName=self.database, TableInput=described)

    def start(self, sql: str, **options) -> str:
        options.setdefault("ResultConfiguration", {"OutputLocation": f"s3://{self.bucket}/athena-results/"})
        return self.client.start_query_execution(
            QueryString=sql, QueryExecutionContext={"Database": self.database}, **options
        )["QueryExecutionId"]

    def finish(self, query: str) -> dict:
        """Wait for a query and return its execution."""
        deadline = time.monotonic() + 30
        while True:
            execution = self.client.get_query_execution(QueryExecutionId=query)["QueryExecution"]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return execution
            assert time.monotonic() < deadline, "the query does not end"
            time.sleep(0.01)

    def rows(self, sql: str, **options) -> list[tuple[str | None, ...]]:
        """Run a query; return its rows as GetQueryResults does, without the header."""
        return self.result(self.start(sql, **options))

    def result(self, query: str) -> list[tuple[str | None, ...]]:
        """Wait for a query and return its rows."""
        execution = self.finish(query)
        assert execution["Status"]["State"] == "SUCCEEDED", execution
        results = self.client.get_query_results(QueryExecutionId=query)["ResultSet"]
        return [tuple(item.get("VarCharValue") for item in row["Data"]) for row in results["Rows"]][1:]

    def scanned(self, sql: str) -> int:
        return self.finish(self.start(sql))["Statistics"]["DataScannedInBytes"]

    def reason(self, sql: str, **options) -> str:
        """Run a query that fails; return why."""
        execution = self.finish(self.start(sql, **options))
        assert execution["Status"]["State"] == "FAILED", execution
        return execution["Status"]["StateChangeReason"]

    def _partition(
        self, values: tuple[str, ...], location: str, columns: dict[str, str] | None = None, format=PARQUET
    ) -> dict:
        storage = {"Location": f"s3://{self.bucket}/{location}", **format}
        if columns is not None:
            storage["Columns"] = [{"Name": column, "Type": kind} for column, kind in columns.items()]
        return {"Values": list(values), "StorageDescriptor": storage}

    def _input(
        self, name: str, columns: dict[str, str], location: str, keys: dict[str, str] | None, format: dict
    ) -> dict:
        described = [{"Name": column, "Type": kind} for column, kind in columns.items()]
        return {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": {"Columns": described, "Location": f"s3://{self.bucket}/{location}", **format},
            "PartitionKeys": [{"Name": key, "Type": kind} for key, kind in (keys or {}).items()],
        }

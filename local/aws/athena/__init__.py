"""Athena for the local AWS: SELECT over the Glue catalog's tables, run by DuckDB, refused where it could differ.

Supported are Parquet and JSON-lines tables, partitioned or not, and views; joins, subqueries, CTEs, set operations,
aggregates, windows and the functions listed in `dialect`. Everything else fails with NOT_SUPPORTED, in Athena's manner.

A query sees the catalog and the lake as they stood at one moment: a table's or a partition's location that is swapped
while it runs is seen before or after, never between.

    api        the actions of the service
    engine     one query: parse, resolve, prune, run
    catalog    tables, partitions and files, as they stand when a query starts
    dialect    Athena's SQL, checked and put into DuckDB's words
    exact      the types of exact numbers, which decide how money is divided and rounded
    projection partitions that follow from a table's properties
    pruning    the columns and partitions that a query needs of a table
    readers    files → DuckDB's SELECTs, by SerDe
    relations  tables → DuckDB views, and the bytes they cost
    values     types and how Athena prints values
"""

from local.aws.athena.api import install

__all__ = ["install"]

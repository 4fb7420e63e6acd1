"""Athena for the local AWS: its statements over the Glue catalog's tables, run by DuckDB, refused where it could differ.

It reads Parquet, JSON lines (OpenX, Hive) and text (LazySimpleSerDe, OpenCSVSerde; gzip, Zstandard), with nested
columns, in partitions that are registered or projected. What it does not know to mean the same fails with
NOT_SUPPORTED, in Athena's manner.

A query sees the catalog and the lake as they stood at one moment: a table's or a partition's location that is swapped
while it runs is seen before or after, never between.

The service:

    api         the actions that run statements          metadata   … that tell of the catalog and of past queries
    statements  which statement a text is                words      the words of a statement that sqlglot leaves whole
    prepared    prepared statements, named queries       rights     what a query may do
    ddl, shows  the catalog changed, and told            views      queries that the catalog keeps
    entries     the catalog's tables, found and changed
    writing     statements that write rows               files      rows → files
    objects     objects of the local S3                  errors     how a query fails

A query, in the order of what happens to it:

    engine      parse, resolve, rewrite, prune, run      catalog    tables, partitions and files at one moment
    dialect     Athena's SQL, checked and qualified      rewrite    … and put into DuckDB's words: queries,
    expressions the shapes of expressions, with          typed      their types, and
    calls       calls of functions, each of one of its   overloads  by the arguments' types
    functions   the functions that there are             literals   the texts that they take
    types       Trino's types                            casts      how values change theirs
    macros      what DuckDB's words are made of          raw        DuckDB's words with expressions in their places
    pruning     the columns and partitions that a query needs of a table
    projection  partitions that follow from a table's properties
    relations   tables → DuckDB views, and the bytes they cost, by
    readers     files → DuckDB's SELECTs                 columns    texts → values of declared types
    delimited   lines of text                            json_lines lines of JSON
    values      how Athena prints values
"""

from local.aws.athena.api import install

__all__ = ["install"]

"""Versions of a dimension's members (SCD type 2): each as long as what was seen of the member stays the same."""

import duckdb
from sqlglot import exp

from quayside.curated.layout import VALIDITY
from quayside.curated.transform import PRECEDENCE, Query, to_sql

# What was first seen counts for all time before: nobody says since when it was so.
BEGINNING, END = "1900-01-01", "9999-12-31"
_VERSIONS = f"""
with told as (
    from observed qualify row_number() over (partition by _key, valid_from order by _precedence desc) = 1
), changed as (
    from told
    window story as (partition by _key order by valid_from)
    qualify row_number() over story = 1 or _shown is distinct from lag(_shown) over story
)
select * exclude (_key, _shown, {PRECEDENCE}) replace (
           case when row_number() over story = 1 then timestamp '{BEGINNING}' else valid_from end as valid_from),
       lead(valid_from, 1, timestamp '{END}') over story as {VALIDITY[0]},
       lead(valid_from) over story is null as {VALIDITY[1]}
from changed
window story as (partition by _key order by valid_from)
"""  # noqa: S608 (constants only)


def versions(connection: duckdb.DuckDBPyConnection, query: Query) -> duckdb.DuckDBPyRelation:
    """Return a dimension's versions, made of all that a query saw of its members.

    ``valid_from`` of the query is when a member was seen so; of what was seen in one moment, the highest precedence
    counts. The result has ``valid_from`` (of the first version: the year 1900), ``valid_to`` and ``is_current``.
    """
    contract = query.contract
    key = exp.column(contract.natural_key or "", quoted=True)
    attributes = [column.name for column in contract.columns if column.transform and column.name != "valid_from"]
    shown = exp.Anonymous(this="row", expressions=[exp.column(name, quoted=True) for name in attributes])
    seen = exp.select("*", exp.alias_(key, "_key"), exp.alias_(shown, "_shown"))
    if not contract.precedence:
        seen = seen.select(exp.alias_(exp.null(), PRECEDENCE))
    connection.execute("drop table if exists observed")
    connection.execute(to_sql(seen.from_(query.select.subquery("seen")).ctas("observed")))
    return connection.sql(_VERSIONS)

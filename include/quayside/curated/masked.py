"""The catalog's tables without personal data: views in a Glue database beside it, derived from the contracts.

Athena reads a view with the rights of who asks: the views serve those whose rights end there (Lake Formation, or a
service that asks in their name), and protect nothing from who may read the files. `docs/personal-data.md` says more.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlglot import exp

from quayside.contract import Contract
from quayside.curated.catalog import Catalog, Table
from quayside.curated.layout import BATCH, BUCKET, DELETED
from quayside.settings import Settings

MASK = "•••"
_OURS = {BATCH, BUCKET, DELETED}  # what the lake adds to a source's columns
_TRINO = {"string": "varchar", "int": "integer", "timestamp": "timestamp(3)"}  # the other types have Hive's names


def masked_database(settings: Settings) -> str:
    """Return the name of the Glue database of the masked views; Terraform makes it."""
    return f"{settings.catalog_database}_masked"


def mask_tables(contracts: Mapping[str, Contract], settings: Settings) -> list[str]:
    """Give each table a view of all its columns, the personal ones masked; return the names of those that changed.

    :param contracts: the table's name in the catalog → its contract; a column that this does not know is left out
    :raises Retryable: the catalog did not answer
    :raises Terminal: a table is not there, or the database of the views
    """
    tables, masked = Catalog.of(settings).tables(), Catalog(masked_database(settings))
    there, changed = masked.views(), []
    for name, contract in contracts.items():
        view = _view(tables[name], contract, settings.catalog_database)
        if there.get(name) != view["ViewOriginalText"]:
            masked.put_view(view, exists=name in there)
            changed.append(name)
    return changed


def _view(table: Table, contract: Contract, database: str) -> dict[str, Any]:
    """Return a view as Athena keeps it in the catalog: its SQL and its columns' types, in JSON, in a comment."""
    personal = {column.name for column in contract.columns if column.personal}
    known = {column.name for column in contract.columns} | _OURS
    shown = [column for column in _columns(table) if column["Name"] in known]
    items = [_shown(column, masked=column["Name"] in personal) for column in shown]
    query = exp.select(*items).from_(exp.table_(table.name, db=database, quoted=True))
    words = {
        "originalSql": query.sql("athena", identify=True),
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": column["Name"], "type": _trino(column["Type"])} for column in shown],
    }
    return {
        "Name": table.name,
        "Description": f"{table.definition.get('Description', '')} Masked: {', '.join(sorted(personal)) or 'nothing'}."[
            :2048
        ].strip(),
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "PartitionKeys": [],
        "ViewOriginalText": f"/* Presto View: {base64.b64encode(json.dumps(words).encode()).decode()} */",
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {"Columns": list(shown), "Location": "", "SerdeInfo": {}},
    }


def _columns(table: Table) -> Iterator[dict[str, str]]:
    described: Sequence[Mapping[str, Any]] = [
        *table.definition["StorageDescriptor"]["Columns"],
        *table.definition.get("PartitionKeys", []),
    ]
    for column in described:
        yield {"Name": column["Name"], "Type": column["Type"], "Comment": column.get("Comment", "")}


def _shown(column: Mapping[str, str], *, masked: bool) -> exp.Expr:
    """Return what is shown of a column: of personal text that there is some, of other personal values nothing."""
    name = exp.column(column["Name"], quoted=True)
    if not masked:
        return name
    kind = _trino(column["Type"])
    there = exp.Not(this=exp.Is(this=name, expression=exp.Null()))
    value = exp.Case().when(there, exp.Literal.string(MASK)) if kind == "varchar" else exp.Null()
    return exp.alias_(exp.cast(value, kind, dialect="athena"), column["Name"], quoted=True)


def _trino(kind: str) -> str:
    return _TRINO.get(kind, kind)

"""Data contracts: what a dataset is, read from ``include/contracts/<domain>/<dataset>.yaml`` (ODCS 3).

The only place where columns are listed. Parquet schema, Glue table, warehouse DDL, quality suite and
dataset page are derived from what is read here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from quayside.errors import Terminal

CONTRACTS = Path(__file__).resolve().parent.parent / "contracts"
SHARED = "shared"  # the data product of what all products use
_CUSTOM = {
    *("cursor", "landing", "weekly"),
    *(
        "grain",
        "source",
        "union",
        "filter",
        "history",
        "versionKey",
        "replacedBy",
        "latestBy",
        "naturalKey",
        "precedence",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a dataset.

    :param type: PostgreSQL's type, lower case, e.g. ``integer``, ``numeric(10,2)``, ``timestamp(3)``
    :param required: never null
    :param references: ``dataset.column`` of the key that this column points to
    :param path: for records that were landed as JSON, where in a landed line the value is: names joined by dots
    :param transform: for curated tables, the SQL expression over the sources that gives this column; for landed JSON,
        the one over other columns and lists
    :param options: bounds of valid values: ``minimum``, ``maximum``, ``pattern``, ``maxLength``, ``format``
    :param enum: the only values allowed; empty when any is
    :param classification: ``internal``; ``personal`` (masked where a role may not see it) or ``restricted``
    :param partition: the lake's table is partitioned by this column
    :param version_of: for a fact's column that points to a version: its column with the natural key; the load finds the
        version that was valid then
    :param valid_at: for such a column, the fact's column with the time
    """

    name: str
    type: str
    description: str = ""
    key: bool = False
    required: bool = False
    references: str | None = None
    path: str | None = None
    transform: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    enum: tuple[Any, ...] = ()
    classification: str = "internal"
    partition: bool = False
    version_of: str | None = None
    valid_at: str | None = None

    @property
    def restricted(self) -> bool:
        """Restricted data reaches the landing zone and goes no further."""
        return self.classification == "restricted"

    @property
    def personal(self) -> bool:
        """Personal data is masked where a role may not see it."""
        return self.classification == "personal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """A list inside a record that was landed as JSON.

    :param path: where in a landed line it is
    :param required: the record has it, even if empty
    :param fields: of each element; their paths begin there. None where elements are plain values
    """

    name: str
    path: str
    required: bool
    fields: tuple[Column, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One quality rule beyond what the columns already say: a Great Expectations expectation.

    :param column: the column it is about; None for a rule about the dataset
    :param expectation: e.g. ``expect_column_values_to_be_between``
    :param blocks: True stops the flow (dataset rule) or quarantines rows (row rule); False only warns
    """

    name: str
    expectation: str
    arguments: Mapping[str, Any]
    column: str | None = None
    blocks: bool = True
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One dataset's contract.

    :param name: ``<domain>.<dataset>``, e.g. ``totesys.sales_order``
    :param version: of the schema, written to every manifest
    :param form: what it is landed as: ``table``, ``json``, or ``csv``, where every value of a record is text
    :param product: whose it is: a set of sources that fill star schemas together, or ``shared``
    :param cursor: the column that an update sets; None for derived datasets
    :param freshness: promised age in minutes at most; None where none is promised
    :param weekly: how many rows come depends on the weekday and the hour, so that volumes are compared with those
    :param landing: for tables that Spark curates, the landing dataset that they are made of
    :param grain: for warehouse tables, the source dataset (or union) of whose rows each row is one version
    :param source: for warehouse tables, the SQL ``from`` clause that `Column.transform` refers to
    :param union: names that ``source`` may use for the rows of several tables together, columns matched by name; their
        column ``source_table`` says which table a row is of
    :param filter: for warehouse tables, the SQL condition on the rows of ``source``
    :param history: every version is kept (facts); otherwise the latest (dimensions)
    :param version_key: columns that identify one version of a fact
    :param replaced_by: for facts that are kept as they stand: the column whose values are replaced as a whole
    :param latest_by: for dimensions that are told by facts: columns that say which of two rows of a member is later
    :param natural_key: for dimensions whose every version is kept (SCD type 2): the column that the versions share; their
        ``valid_from``, ``valid_to`` and ``is_current`` follow from when ``source`` saw them
    :param precedence: for such dimensions, the SQL expression that is highest for what counts of a moment
    """

    name: str
    version: str
    description: str
    owner: str
    columns: tuple[Column, ...]
    lists: tuple[Elements, ...] = ()
    form: str = "table"
    rules: tuple[Rule, ...] = ()
    product: str | None = None
    cursor: str | None = None
    freshness: int | None = None
    weekly: bool = False
    landing: str | None = None
    grain: str | None = None
    source: str | None = None
    union: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    filter: str | None = None
    history: bool = False
    version_key: tuple[str, ...] = ()
    replaced_by: str | None = None
    latest_by: tuple[str, ...] = ()
    natural_key: str | None = None
    precedence: str | None = None

    @property
    def domain(self) -> str:
        """The part before the dot: the source system, or ``warehouse``."""
        return self.name.partition(".")[0]

    @property
    def table(self) -> str:
        """The part after the dot: the table's own name."""
        return self.name.partition(".")[2]

    @property
    def key(self) -> Column:
        """The primary key.

        :raises Terminal: the contract names none, or several
        """
        keys = [column for column in self.columns if column.key]
        if len(keys) != 1:
            raise Terminal(f"Contract {self.name}: mark exactly one property with primaryKey: true, not {len(keys)}.")
        return keys[0]

    @property
    def fact(self) -> bool:
        """For warehouse tables: whether it holds events, and no members that events refer to."""
        return self.history or self.replaced_by is not None

    @property
    def money(self) -> tuple[Column, ...]:
        """The columns that hold amounts: exact decimals, summed when stages are reconciled."""
        return tuple(column for column in self.columns if column.type.startswith("numeric"))

    def column(self, name: str) -> Column:
        """Return a column by its name.

        :raises Terminal: there is none
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise Terminal(f"Contract {self.name} has no column {name}; it has {', '.join(c.name for c in self.columns)}.")


@cache
def load_contract(name: str, root: Path = CONTRACTS) -> Contract:
    """Read the contract ``<domain>.<dataset>``.

    :raises Terminal: no such file, or not a valid contract; the message names file and place
    """
    domain, _, dataset = name.partition(".")
    path = root / domain / f"{dataset}.yaml"
    if not path.is_file():
        raise Terminal(
            f"No contract for {name}: write include/contracts/{domain}/{dataset}.yaml "
            "(an existing one beside it shows how)."
        )
    return _parse(path, name)


def contract_names(domain: str, root: Path = CONTRACTS, *, product: str | None = None) -> tuple[str, ...]:
    """Return the names of all contracts of a domain, sorted.

    :param product: only those of this data product, and those that all share
    :raises Terminal: a contract of the domain is not valid (only where a product is asked for)
    """
    names = sorted(f"{domain}.{path.stem}" for path in (root / domain).glob("*.yaml"))
    return tuple(name for name in names if not product or load_contract(name, root).product in (product, SHARED))


def _parse(path: Path, name: str) -> Contract:
    # Imported here: 0.3 s that a DAG file need not pay.
    import pydantic
    import yaml
    from open_data_contract_standard.model import OpenDataContractStandard

    where = f"include/contracts/{path.parent.name}/{path.name}"
    try:
        document = OpenDataContractStandard.from_file(str(path))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        raise Terminal(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (yaml.YAMLError, TypeError) as error:
        raise Terminal(f"{where} is not a YAML mapping: {error}") from error
    if document.id != name or len(document.schema_ or []) != 1:
        raise Terminal(f"{where}: its id must be {name}, and it must describe exactly one schema object.")
    [table] = document.schema_ or []
    custom: dict[str, Any] = {str(item.property): item.value for item in table.customProperties or []}
    unknown = set(custom) - _CUSTOM
    if unknown or not document.version:
        raise Terminal(f"{where}: unknown custom property {sorted(unknown)}" if unknown else f"{where}: has no version")
    properties = table.properties or []
    columns = tuple(_column(item, where) for item in properties if item.logicalType != "array")
    return Contract(
        name=name,
        version=document.version,
        description=" ".join((table.description or "").split()),
        owner=(document.team.name if document.team and not isinstance(document.team, list) else None) or "unowned",
        columns=columns,
        lists=tuple(_elements(item, where) for item in properties if item.logicalType == "array"),
        form=table.physicalType or "table",
        rules=tuple(_rules(table, where)),
        product=document.dataProduct,
        cursor=custom.get("cursor"),
        freshness=_freshness(document),
        weekly=bool(custom.get("weekly", False)),
        landing=custom.get("landing"),
        grain=custom.get("grain"),
        source=custom.get("source"),
        union={name: tuple(tables) for name, tables in custom.get("union", {}).items()},
        filter=custom.get("filter"),
        history=bool(custom.get("history", False)),
        version_key=tuple(custom.get("versionKey", ())),
        replaced_by=custom.get("replacedBy"),
        latest_by=tuple(custom.get("latestBy", ())),
        natural_key=custom.get("naturalKey"),
        precedence=custom.get("precedence"),
    )


def _column(item: Any, where: str) -> Column:
    if not item.name or not item.physicalType:
        raise Terminal(f"{where}: property {item.name or '?'} needs a name and a physicalType.")
    custom: dict[str, Any] = {str(extra.property): extra.value for extra in item.customProperties or []}
    if set(custom) not in (set(), {"versionOf", "validAt"}):
        raise Terminal(
            f"{where}: property {item.name} has custom properties {sorted(custom)}; it may: versionOf, validAt."
        )
    return Column(
        name=item.name,
        type=item.physicalType.lower(),
        description=" ".join((item.description or "").split()),
        key=bool(item.primaryKey),
        required=bool(item.required or item.primaryKey),
        references=next((str(link.to) for link in item.relationships or []), None),
        path=item.physicalName,
        transform=item.transformLogic,
        options=item.logicalTypeOptions or {},
        enum=tuple(entry.value for entry in item.enum or []),
        classification=item.classification or "internal",
        partition=bool(item.partitioned),
        version_of=custom.get("versionOf"),
        valid_at=custom.get("validAt"),
    )


def _elements(item: Any, where: str) -> Elements:
    if not item.physicalName or not item.items:
        raise Terminal(f"{where}: array {item.name} needs a physicalName, and items.")
    return Elements(
        name=item.name,
        path=item.physicalName,
        required=bool(item.required),
        fields=tuple(_column(field, where) for field in item.items.properties or []),
    )


def _rules(table: Any, where: str) -> list[Rule]:
    places = [(None, table.quality), *((item.name, item.quality) for item in table.properties or [])]
    rules = []
    for column, entries in places:
        for entry in entries or []:
            todo = entry.implementation
            if entry.engine != "greatExpectations" or not isinstance(todo, dict) or "type" not in todo:
                raise Terminal(
                    f"{where}: quality rule {entry.name or '?'} of {column or 'the dataset'}: give engine: "
                    "greatExpectations and an implementation with type and kwargs."
                )
            rules.append(
                Rule(
                    name=entry.name or todo["type"],
                    expectation=todo["type"],
                    arguments=todo.get("kwargs", {}),
                    column=column,
                    blocks=entry.severity != "warning",
                    description=entry.description or "",
                )
            )
    return rules


def _freshness(document: Any) -> int | None:
    for item in document.slaProperties or []:
        if item.property == "freshness":
            return int(item.value) * {"m": 1, "h": 60, "d": 1440}[item.unit or "m"]
    return None

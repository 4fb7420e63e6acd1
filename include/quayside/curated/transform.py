"""What a warehouse table's contract says about its rows, checked and composed into one DuckDB query."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Literal

import sqlglot
from sqlglot import exp

from quayside.contract import Column, Contract
from quayside.errors import Terminal

# DuckDB schemas: source rows as they stand now; their versions that this run brings; what stars gain from these.
CURRENT, CHANGE, STAR = "current", "change", "star"
PRECEDENCE = "_precedence"  # the column with the contract's ``precedence``, where it has one
_TIMESTAMP_MS = {"timestamp(3)": "timestamp_ms"}  # DuckDB's own name


@dataclass(frozen=True, slots=True)
class Query:
    """The rows of one star table.

    :param reads: for each table of the ``current`` schema, the columns that the query needs
    :param changes: for each table of the ``change`` schema, likewise
    """

    contract: Contract
    select: exp.Select
    reads: Mapping[str, Set[str]]
    changes: Mapping[str, Set[str]]

    @property
    def tables(self) -> set[str]:
        """All tables that it refers to."""
        return {*self.reads, *self.changes}


def compile_query(contract: Contract, known: Mapping[str, Set[str]]) -> Query:
    """Compose ``source``, ``filter`` and the columns' ``transformLogic`` into a query, every identifier quoted.

    :param known: table name → its columns
    :raises Terminal: the contract refers to a table or column that is not there; the message names it
    """
    source = _parse(contract.source or "", exp.From, f"Contract {contract.name}: source", prefix="from ")
    tables = {table.alias_or_name: table.name for table in source.find_all(exp.Table)}
    for name in tables.values():
        if name not in known:
            raise Terminal(
                f"Contract {contract.name}: source names {name}, which is not a table of the pipeline; "
                f"there are {', '.join(sorted(known))}. Add it to the DAG's extracts, or correct the contract."
            )
    used: dict[str, set[str]] = {name: set() for name in tables.values()}
    _note_columns(source, f"Contract {contract.name}: source", tables, known, used)
    for join in source.find_all(exp.Join):
        for identifier in join.args.get("using") or []:
            for name in set(tables.values()):
                used[name] |= {identifier.name} & known[name]
    values = [_value(contract, column, tables, known, used) for column in contract.columns if column.transform]
    select = exp.Select()
    if contract.precedence:
        values.append(exp.alias_(_expression(contract, "precedence", tables, known, used), PRECEDENCE, quoted=True))
    if contract.filter:
        select = select.where(_expression(contract, "filter", tables, known, used))
    grain = (contract.grain or "").partition(".")[2] if contract.history else None
    for table in source.find_all(exp.Table):
        table.replace(
            exp.Table(
                this=exp.to_identifier(table.name),
                db=exp.to_identifier(CHANGE if table.name == grain else CURRENT),
                alias=exp.TableAlias(this=exp.to_identifier(table.alias_or_name)),
                joins=table.args.get("joins"),
            )
        )
    return Query(
        contract,
        select.select(*values).from_(source),
        reads={name: columns for name, columns in used.items() if name != grain},
        changes={name: columns for name, columns in used.items() if name == grain},
    )


def to_sql(expression: exp.Expr) -> str:
    """Return DuckDB's SQL, every identifier quoted."""
    return expression.sql("duckdb", identify=True)


def _expression(
    contract: Contract,
    part: Literal["filter", "precedence"],
    tables: Mapping[str, str],
    known: Mapping[str, Set[str]],
    used: dict[str, set[str]],
) -> exp.Expr:
    where = f"Contract {contract.name}: {part}"
    parsed = _parse(getattr(contract, part), None, where)
    _note_columns(parsed, where, tables, known, used)
    return parsed


def _value(
    contract: Contract,
    column: Column,
    tables: Mapping[str, str],
    known: Mapping[str, Set[str]],
    used: dict[str, set[str]],
) -> exp.Expr:
    where = f"Contract {contract.name}, column {column.name}: transformLogic"
    value = _parse(column.transform or "", None, where)
    _note_columns(value, where, tables, known, used)
    kind = exp.DataType.build(_TIMESTAMP_MS.get(column.type, column.type), dialect="duckdb")
    return exp.alias_(exp.cast(value, kind), column.name, quoted=True)


def _parse(text: str, into: type[exp.Expr] | None, where: str, prefix: str = "") -> exp.Expr:
    try:
        parsed: object = (
            sqlglot.parse_one(prefix + text, into=into, dialect="duckdb")
            if into
            else sqlglot.parse_one(text, dialect="duckdb")
        )
    except sqlglot.ParseError as error:
        raise Terminal(f"{where} is not SQL that can be read: {text!r}: {error}") from error
    if not isinstance(parsed, exp.Expr) or parsed.find(exp.Query, exp.Command):
        raise Terminal(
            f"{where} must be {'a join of tables' if into else 'an expression'} without queries in it, not {text!r}."
        )
    return parsed


def _note_columns(
    parsed: exp.Expr, where: str, tables: Mapping[str, str], known: Mapping[str, Set[str]], used: dict[str, set[str]]
) -> None:
    for column in parsed.find_all(exp.Column):
        if column.table not in tables:
            raise Terminal(
                f"{where} refers to {column.sql()}: write it as table.column, the table one of "
                f"{', '.join(tables)}, which are in source."
            )
        name = tables[column.table]
        if column.name not in known[name]:
            raise Terminal(
                f"{where} refers to {column.sql()}; {name} has no such column that may be used here "
                f"(restricted ones may not); it has {', '.join(sorted(known[name]))}."
            )
        used[name].add(column.name)

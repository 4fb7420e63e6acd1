"""The checks that a contract asks for, in words and as Great Expectations expectations."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from quayside.contract import Column, Contract, Elements
from quayside.errors import Terminal
from quayside.manifest import Kind
from quayside.quality.extraction import demand

Severity = Literal["reject", "block", "warn"]

_OPTIONS = {"minimum", "maximum", "pattern", "maxLength", "format", "timezone"}
_DAY = "yyyy-MM-dd"
_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing to look at.

    :param name: ``<column>.<rule>``, or the name of the contract's own rule
    :param severity: ``reject`` sends rows to quarantine, ``block`` stops the dataset, ``warn`` only tells
    :param expectation: type of the Great Expectations expectation, e.g. ``expect_column_values_to_not_be_null``
    :param arguments: of the expectation
    :param demand: completes the sentence "The contract …"
    :param column: the column it is about; None where it is about several, or the dataset
    :param own: written in the contract as an expectation, not derived from a column
    :param basic: what comes after the gate cannot do without it, so that no person can let a record pass it
    """

    name: str
    severity: Severity
    expectation: str
    arguments: Mapping[str, Any]
    demand: str
    column: str | None = None
    own: bool = False
    basic: bool = False

    def reason(self, values: Mapping[str, object], *, hidden: Collection[str]) -> str:
        """Say in words why a row was rejected.

        :param values: what the row has in the columns that this is about
        :param hidden: names of personal and restricted columns, whose values appear in no text
        """
        said = " and ".join(
            f"{name} is {_words(value) if value is None or name not in hidden else 'a value not shown here'}"
            for name, value in values.items()
        )
        return f"{said or f'the row breaks {self.name}'}; the contract {self.demand}"


# Of the line as a whole: where it is broken, nothing else can be said of the row.
READABLE = Check(
    name="record.readable",
    severity="reject",
    expectation="expect_column_values_to_be_json_parseable",
    arguments={},
    demand="wants a line of JSON",
    basic=True,
)


def reading_checks(contract: Contract) -> list[Check]:
    """Return the checks that are made where landed lines of JSON are read: what they find is no value of a column."""
    if contract.form == "table":
        return []
    columns = [fitting_check(column) for column in contract.columns if column.path]
    lists = [check for each in contract.lists for check in (list_check(each), lacking_check(each))]
    return [READABLE, *columns, *lists]


def fitting_check(column: Column) -> Check:
    """Return the check that what stands at a column's path is of its type."""
    return _check(column, "type", "expect_column_values_to_be_of_type", {}, demand(column), basic=True)


def list_check(each: Elements) -> Check:
    """Return the check that a list is one, and that its fields are of their types."""
    types = ", ".join(f"{field.path} as {field.type}" for field in each.fields)
    words = f"wants a list of {types or 'text'}"
    return _check(each, "type", "expect_column_values_to_be_of_type", {}, words, basic=True)


def lacking_check(each: Elements) -> Check:
    """Return the check that a list is there, and that no element lacks a required field."""
    needed = ", ".join(str(field.path) for field in each.fields if field.required)
    words = f"requires a list{f' with {needed} in each' if needed else ''}"
    return _check(each, "required", "expect_column_values_to_not_be_null", {}, words, basic=True)


def column_checks(contract: Contract, kind: Kind) -> list[Check]:
    """Return the checks on single rows that the columns' descriptions ask for.

    :param kind: of a batch that names deleted keys, only key and version are checked
    :raises Terminal: a column has an option that nothing here looks at
    """
    checks = []
    for column in promised(contract, kind):
        if column.required:
            source = f"; it is computed: {column.description}" if column.transform else ""
            checks.append(
                _check(
                    column,
                    "required",
                    "expect_column_values_to_not_be_null",
                    {},
                    f"requires a value{source}",
                    basic=True,
                )
            )
        if kind != "deletes":
            checks += _of_options(contract, column)
        if column.enum and kind != "deletes":
            checks.append(
                _check(
                    column,
                    "enum",
                    "expect_column_values_to_be_in_set",
                    {"value_set": list(column.enum)},
                    f"allows {', '.join(map(str, column.enum))}",
                )
            )
    return checks


def own_checks(contract: Contract, kind: Kind) -> list[Check]:
    """Return the checks that the contract writes as expectations.

    Their severity is ``block`` or ``warn``; where one turns out to be about rows, ``block`` means ``reject``.
    """
    checks = []
    for rule in contract.rules if kind != "deletes" else ():
        arguments = {**({"column": rule.column} if rule.column else {}), **rule.arguments}
        words = rule.expectation.removeprefix("expect_").replace("_", " ")
        given = ", ".join(f"{name}={value}" for name, value in rule.arguments.items() if name != "column")
        checks.append(
            Check(
                name=rule.name,
                severity="block" if rule.blocks else "warn",
                expectation=rule.expectation,
                arguments=arguments,
                column=arguments.get("column"),
                own=True,
                basic=rule.expectation == "expect_column_values_to_be_venues",
                demand=f"expects {rule.description or words + (f' ({given})' if given else '')}",
            )
        )
    return checks


def promised(contract: Contract, kind: Kind) -> tuple[Column, ...]:
    """Return the columns that a batch must have: all of them, or key and version where it names deleted keys."""
    if kind != "deletes":
        return contract.columns
    return tuple(column for column in contract.columns if column.key or column.name == contract.cursor)


def _of_options(contract: Contract, column: Column) -> list[Check]:
    options, checks = column.options, []
    unknown = sorted(set(options) - _OPTIONS)
    if unknown or options.get("format", _DAY) != _DAY:
        raise Terminal(
            f"Contract {contract.name}: {column.name} asks for {', '.join(unknown) or options['format']}, which "
            f"the gate does not check. It knows {', '.join(sorted(_OPTIONS))}, and the format {_DAY}; write "
            "anything else as a quality rule with a Great Expectations expectation."
        )
    if "minimum" in options or "maximum" in options:
        bounds = {name: str(options[name]) for name in ("minimum", "maximum") if name in options}
        words = {"minimum": f"at least {bounds.get('minimum')}", "maximum": f"at most {bounds.get('maximum')}"}
        demand = f"allows {' and '.join(words[name] for name in bounds)}"
        checks.append(_check(column, "range", "expect_column_values_to_be_within", bounds, demand))
    if "pattern" in options:
        checks.append(
            _check(
                column,
                "pattern",
                "expect_column_values_to_contain_pattern",
                {"pattern": options["pattern"]},
                f"wants text that matches {options['pattern']}",
            )
        )
    if "maxLength" in options:
        checks.append(
            _check(
                column,
                "length",
                "expect_column_value_lengths_to_be_between",
                {"max_value": int(options["maxLength"])},
                f"allows {options['maxLength']} characters",
            )
        )
    if "format" in options:
        checks.append(
            _check(
                column, "date", "expect_column_values_to_be_calendar_days", {}, f"wants a day of the calendar as {_DAY}"
            )
        )
    return checks


def _words(value: object) -> str:
    text = "null" if value is None else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _check(
    column: Column | Elements,
    rule: str,
    expectation: str,
    arguments: Mapping[str, Any],
    demand: str,
    *,
    basic: bool = False,
) -> Check:
    return Check(
        name=f"{column.name}.{rule}",
        severity="reject",
        expectation=expectation,
        demand=demand,
        arguments={"column": column.name, **arguments},
        column=column.name,
        basic=basic,
    )

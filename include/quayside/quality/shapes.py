"""Whether a landed record has the types of JSON that its contract promises: a number is no text, a list no object."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from quayside.contract import Column, Contract

# Of a contract's types → what `json_structure` calls them: HUGEINT is whole numbers of which some are negative.
_WHOLE = frozenset({"UBIGINT", "BIGINT", "HUGEINT"})
_NUMBER = _WHOLE | {"DOUBLE"}
_SCALAR = _NUMBER | {"VARCHAR", "BOOLEAN"}
_KINDS = {
    "smallint": _WHOLE,
    "integer": _WHOLE,
    "bigint": _WHOLE,
    "numeric": _NUMBER,
    "double precision": _NUMBER,
    "boolean": frozenset({"BOOLEAN"}),
    "text": _SCALAR,
}
_TEXT = frozenset({"VARCHAR"})  # what dates and times are written as
_ABSENT, _MIXED = "NULL", "JSON"
_WORDS = {"VARCHAR": "text", "BOOLEAN": "true or false", "JSON": "of several types"}


class Shapes:
    """Judges the structures of one contract's records. There are few, as they name no values: each is judged once."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.misfits = lru_cache(maxsize=10_000)(self._misfits)

    def _misfits(self, structure: str) -> dict[str, str]:
        """Return the columns and lists whose value is of another type, with what it is, in words."""
        line = json.loads(structure)
        found = {}
        for column in self._contract.columns:
            if column.path and (kind := _wrong(line, column)):
                found[column.name] = kind
        for each in self._contract.lists:
            value = _at(line, each.path)
            if isinstance(value, list):
                said = [] if value == [_ABSENT] else list(_of_elements(value[0], each.fields))
            else:
                said = [] if value == _ABSENT else [_named(value)]
            if said:
                found[each.name] = ", ".join(said)
        return found


def _of_elements(element: Any, fields: tuple[Column, ...]) -> Iterator[str]:
    if not fields:
        if not isinstance(element, str) or element not in _SCALAR:
            yield f"elements are {_named(element)}"
    elif not isinstance(element, dict):
        yield f"elements are {_named(element)}"
    else:
        for field in fields:
            if kind := _wrong(element, field, empty=_MIXED):
                yield f"{field.path} is {kind}"


def _wrong(structure: Any, column: Column, *, empty: str = _ABSENT) -> str | None:
    value = _at(structure, str(column.path), empty)
    allowed = _KINDS.get(column.type.partition("(")[0], _TEXT)
    if isinstance(value, str) and (value == _ABSENT or value in allowed):
        return None
    return _named(value)


def _at(structure: Any, path: str, empty: str = _ABSENT) -> Any:
    """Return what is at a path; None where something on the way is no object.

    :param empty: what stands for an object that seems to be empty; among elements of a list it may be of several types
    """
    for name in path.split("."):
        if structure in (_ABSENT, _MIXED):
            return _ABSENT if structure == _ABSENT else empty
        if not isinstance(structure, dict):
            return None
        structure = structure.get(name, _ABSENT)
    return structure


def _named(value: Any) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return _WORDS.get(value, "in no object" if value is None else "a number")

"""What a question is: its parameters, the columns of its answer, and how it is asked in SQL.

Each is a folder ``include/sql/questions/<name>/``: ``question.yaml`` defines it, ``athena.sql`` asks the curated
tables, ``warehouse.sql`` the stars. Tables are named without their database, so that the masked ones can be asked too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from quayside.contract import Column
from quayside.errors import Terminal
from quayside.types import arrow_type

QUESTIONS = Path(__file__).resolve().parents[2] / "sql" / "questions"
_MARK = re.compile(r"\?(?:\s*/\*\s*(\w+)\s*\*/)?")  # `? /* since */`: Athena's parameters have a place, but no name
_COMMENT = re.compile(r"--[^\n]*")
_EXAMPLES = {"integer": "1", "date": "2026-05-01"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question.

    :param number: on the list of questions that the venues asked
    :param question: in words
    :param grain: what one row of the answer is
    :param counts: what each number counts, and what it does not
    :param parameters: name → ``integer`` or ``date``; days are business days, the first and the last included
    :param columns: of the answer, in its order
    :param athena: Trino SQL, whose every ``?`` is followed by its parameter's name in a comment
    :param warehouse: PostgreSQL, with psycopg's named parameters
    """

    name: str
    number: int
    question: str
    grain: str
    counts: str
    parameters: Mapping[str, str]
    columns: tuple[Column, ...]
    athena: str
    warehouse: str

    @property
    def schema(self) -> pa.Schema:
        """The answer's columns, the same wherever it is asked."""
        return pa.schema([(column.name, arrow_type(column)) for column in self.columns])

    @property
    def places(self) -> tuple[str, ...]:
        """The parameter of every ``?`` of `athena`, in their order.

        :raises Terminal: one does not say which
        """
        marks = _MARK.findall(_COMMENT.sub("", self.athena))
        if not all(mark in self.parameters for mark in marks):
            raise Terminal(f"include/sql/questions/{self.name}/athena.sql: say after each ? which it is: ? /* since */")
        return tuple(marks)

    def bind(self, values: Mapping[str, Any]) -> dict[str, int | date]:
        """Return the parameters' values in their types; texts are read as such.

        :raises Terminal: one is missing, unknown, of another type, or the range ends before it begins
        """
        if values.keys() != self.parameters.keys():
            wanted = ", ".join(f"{name} ({kind})" for name, kind in self.parameters.items())
            raise Terminal(f"{self.name} takes {wanted}; given were {', '.join(values) or 'none'}.")
        bound = {name: _value(self, name, values[name]) for name in self.parameters}
        first, last = bound.get("since"), bound.get("until")
        if isinstance(first, date) and isinstance(last, date) and last < first:
            raise Terminal(f"{self.name}: until ({last}) is before since ({first}); both days are included.")
        return bound


@cache
def load_question(name: str) -> Question:
    """Read a question.

    :raises Terminal: there is none of this name
    """
    if name not in question_names():
        raise Terminal(f"There is no question {name}; there are: {', '.join(question_names())}.")
    folder = QUESTIONS / name
    words = yaml.safe_load((folder / "question.yaml").read_text(encoding="utf-8"))
    return Question(
        name=name,
        number=words["number"],
        question=" ".join(words["question"].split()),
        grain=" ".join(words["grain"].split()),
        counts=" ".join(words["counts"].split()),
        parameters=words["parameters"],
        columns=tuple(Column(name=column, type=kind) for column, kind in words["columns"].items()),
        athena=(folder / "athena.sql").read_text(encoding="utf-8"),
        warehouse=(folder / "warehouse.sql").read_text(encoding="utf-8"),
    )


@cache
def question_names() -> tuple[str, ...]:
    """Return the names of all questions, sorted."""
    return tuple(sorted(path.parent.name for path in QUESTIONS.glob("*/question.yaml")))


def _value(question: Question, name: str, given: Any) -> int | date:
    kind = question.parameters[name]
    value = given
    if isinstance(given, str):
        try:
            value = int(given) if kind == "integer" else date.fromisoformat(given)
        except ValueError:
            value = None
    wanted = int if kind == "integer" else date
    if type(value) is not wanted:  # neither a boolean for a number, nor a time for a day
        raise Terminal(f"{question.name}: {name} must be {kind}, such as {_EXAMPLES[kind]}, not {given!r}.")
    return value

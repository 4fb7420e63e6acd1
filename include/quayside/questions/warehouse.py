"""Ask a question of the stars."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from quayside.errors import Terminal
from quayside.questions.question import Question
from quayside.settings import Credentials
from quayside.warehouse.connection import warehouse
from quayside.warehouse.schema import SCHEMA


def ask_warehouse(
    question: Question, values: Mapping[str, Any], credentials: Credentials, *, schema: str = SCHEMA
) -> pa.Table:
    """Return the answer from the warehouse; its schema is the question's.

    :param values: the parameters, typed or as text
    :param schema: where the tables are: the stars', or the one of their masked views
    :raises Terminal: a wrong parameter, or the warehouse refuses
    :raises Retryable: the warehouse is out of reach
    """
    bound = question.bind(values)
    with warehouse(credentials, f"ask {question.name}") as connection:
        connection.read_only = True
        connection.execute("select set_config('search_path', %s, true)", [schema])
        cursor = connection.execute(question.warehouse.encode(), bound)
        rows, names = cursor.fetchall(), [column.name for column in cursor.description or []]
    if names != question.schema.names:
        raise Terminal(f"{question.name}: warehouse.sql gives {names}, not {question.schema.names}.")
    columns = list(zip(*rows, strict=True)) or [() for _ in names]
    return pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, question.schema, strict=True)],
        schema=question.schema,
    )

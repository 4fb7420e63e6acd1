"""Queries whose answers Trino's documentation, or its own tests, tell: the local Athena gives the same, or refuses.

They are files of `athena_corpus`: each query stands below a comment that says where its answer comes from, and above
what it gives. `--:` are its columns' types, `--#` their names, `-->` a row, `--!` how its error begins. NULL is a null and
'' the empty text; a value in double quotes is what they enclose.

All run in one process by the engine itself; those of `formats.sql` through the API as well.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import PLATFORM, ROOT
from tests.support.athena import Athena

CORPUS = Path(__file__).with_name("athena_corpus")
RUN = """
import json, sys, duckdb
from local.aws.athena import engine, objects, values
from local.aws.athena.errors import Malformed, QueryFailed

def run(sql):
    connection = duckdb.connect()
    try:
        result = engine.run(connection, engine.resolve(sql, "default"), objects.path)
        kinds = [kind for _, kind in result.columns]
        rows = [[None if item is None else values.text(item, kind) for item, kind in zip(row, kinds, strict=True)]
                for batch in result.rows for row in batch]
        return {"names": [name for name, _ in result.columns], "types": list(map(str, kinds)), "rows": rows}
    except QueryFailed as error:
        return {"error": str(error)}
    except Malformed as error:
        return {"error": f"MALFORMED: {error}"}
    except duckdb.Error as error:
        return {"error": str(engine.failure(error))}
    finally:
        connection.close()

for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
"""
NOT_FUNCTIONS = {"values", "in", "and", "or", "over", "filter", "as", "using", "decimal", "cast", "try_cast", "extract"}


@dataclass
class Case:
    """A query and what it gives."""

    file: str
    source: str
    sql: str = ""
    names: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    error: str = ""


def _cases() -> Iterator[Case]:
    for path in sorted(CORPUS.glob("*.sql")):
        for block in path.read_text().split("\n\n")[1:]:
            source, *lines = block.strip().splitlines()
            case = Case(path.stem, source.removeprefix("-- "))
            for line in lines:
                mark, text = line[:3], line[4:]
                if mark == "--:":
                    case.types = re.split(r", (?![^(]*\))", text)
                elif mark == "--#":
                    case.names = text.split(", ")
                elif mark == "-->":
                    case.rows.append([_value(item) for item in text.split(" | ")])
                elif mark == "--!":
                    case.error = text
                else:
                    case.sql += f"{line}\n"
            yield case


def _value(text: str) -> str | None:
    if text == "NULL":
        return None
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    return "" if text == "''" else text


CASES = list(_cases())


@pytest.fixture(scope="module")
def answers() -> dict[str, dict]:
    """What the engine answers to every query."""
    queries = [case.sql for case in CASES]
    done = subprocess.run(
        [PLATFORM / "bin" / "python", "-c", RUN],
        cwd=ROOT,
        input="".join(f"{json.dumps(sql)}\n" for sql in queries),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip(queries, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}: {case.source}")
def test_a_query_gives_what_trino_gives(answers: dict[str, dict], case: Case):
    answer = answers[case.sql]

    if case.error:
        assert answer.get("error", str(answer)).startswith(case.error)
        return
    assert answer.get("rows", answer) == case.rows
    assert not case.types or ", ".join(answer["types"]) == ", ".join(case.types)
    assert not case.names or answer["names"] == case.names


def test_there_are_at_least_two_hundred_queries():
    assert len({case.sql for case in CASES}) >= 200


def test_every_function_that_is_allowed_is_shown_to_be_right():
    program = "from local.aws.athena.expressions import SPECIAL\nfrom local.aws.athena.functions import FUNCTIONS\nprint(*FUNCTIONS, *SPECIAL)"
    python = PLATFORM / "bin" / "python"
    known = subprocess.run([python, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    shown = {name.lower() for case in CASES if not case.error for name in re.findall(r"(\w+)\s*\(", case.sql)}

    assert set(known.stdout.split()) - shown == set()


@pytest.mark.parametrize("case", [case for case in CASES if case.file == "formats"], ids=lambda case: case.source)
def test_results_come_through_the_api_as_from_the_engine(athena: Athena, case: Case):
    assert athena.rows(case.sql) == [tuple(row) for row in case.rows]


def test_columns_have_athenas_types(athena: Athena):
    [case] = [case for case in CASES if case.source == "Every type of a column"]
    query = athena.start(case.sql)
    athena.finish(query)

    described = athena.client.get_query_results(QueryExecutionId=query)["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]

    assert [column["Type"] for column in described] == [
        "boolean", "tinyint", "smallint", "integer", "bigint", "float", "double", "decimal", "varchar", "varbinary",
        "date", "timestamp", "timestamp with time zone", "json", "interval day to second",
    ]  # fmt: skip
    assert [column["Name"] for column in described] == [f"_col{i}" for i in range(15)]

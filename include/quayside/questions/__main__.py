"""Ask from the command line.

``python -m quayside.questions`` lists the questions;
``python -m quayside.questions beverage_sales venue_id=1 since=2026-05-01 until=2026-05-17 [--of warehouse]`` asks one.
"""

import argparse
import sys

import pyarrow.csv

from quayside.errors import QuaysideError, Terminal
from quayside.questions import ask_athena, ask_warehouse, load_question, question_names
from quayside.settings import Settings, credentials


def main(arguments: list[str]) -> int:
    """Do what the command line says; return the process's exit code."""
    parser = argparse.ArgumentParser(prog="python -m quayside.questions", description="Ask about the venues.")
    parser.add_argument("question", nargs="?", help="leave out for the list")
    parser.add_argument("parameters", nargs="*", metavar="name=value")
    parser.add_argument("--of", choices=("lake", "warehouse"), default="lake", help="whom to ask")
    given = parser.parse_args(arguments)
    try:
        if given.question is None:
            _list()
        else:
            _ask(given.question, given.parameters, given.of)
    except QuaysideError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _list() -> None:
    for question in sorted(map(load_question, question_names()), key=lambda question: (question.number, question.name)):
        print(f"{question.number} {question.name} ({', '.join(question.parameters)}): {question.question}")


def _ask(name: str, parameters: list[str], place: str) -> None:
    question = load_question(name)
    wrong = [text for text in parameters if "=" not in text]
    if wrong:
        raise Terminal(f"{name}: write parameters as name=value, e.g. since=2026-05-01, not {wrong[0]}.")
    values = dict(text.split("=", 1) for text in parameters)
    settings = Settings.from_environment()
    if place == "lake":
        table = ask_athena(question, values, settings)
    else:
        table = ask_warehouse(question, values, credentials("warehouse", settings))
    pyarrow.csv.write_csv(table, sys.stdout.buffer)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""How a question is read and its parameters bound: what is wrong is refused in words, before anybody is asked."""

import re
from dataclasses import replace
from datetime import date, datetime
from itertools import accumulate

import pytest

from local.layout import ROOT
from quayside.errors import Terminal
from quayside.questions import load_question, question_names

RANGE = {"venue_id": 1, "since": date(2026, 5, 1), "until": date(2026, 5, 17)}
NAMES = question_names()


def test_all_eight_questions_are_there():
    assert {load_question(name).number for name in NAMES} == set(range(1, 9))
    assert len(NAMES) == 19


@pytest.mark.parametrize("name", NAMES)
def test_both_statements_say_what_they_ask_and_take_every_parameter(name: str):
    question = load_question(name)
    for statement in (question.athena, question.warehouse):
        words = " ".join(line.removeprefix("--").strip() for line in statement.splitlines() if line.startswith("--"))
        assert words.startswith(f"{question.question} What is counted how: question.yaml.")
    assert set(question.places) == set(question.parameters)
    assert all(f"%({parameter})s" in question.warehouse for parameter in question.parameters)


def test_values_are_read_from_text_too():
    question = load_question("beverage_sales")
    assert (
        question.bind({"venue_id": "1", "since": "2026-05-01", "until": "2026-05-17"}) == question.bind(RANGE) == RANGE
    )


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            {**RANGE, "venue": 1},
            r"beverage_sales takes venue_id \(integer\), since \(date\), until \(date\); given were",
        ),
        ({"venue_id": 1}, "given were venue_id"),
        ({}, "given were none"),
        ({**RANGE, "venue_id": "1 or 1=1"}, "venue_id must be integer, such as 1, not '1 or 1=1'"),
        ({**RANGE, "venue_id": True}, "venue_id must be integer"),
        ({**RANGE, "since": "1 May"}, "since must be date, such as 2026-05-01, not '1 May'"),
        ({**RANGE, "since": datetime(2026, 5, 1)}, "since must be date"),
        (
            {**RANGE, "until": "2026-04-30"},
            r"until \(2026-04-30\) is before since \(2026-05-01\); both days are included",
        ),
    ],
)
def test_a_wrong_parameter_is_refused_in_words(values: dict, reason: str):
    with pytest.raises(Terminal, match=reason):
        load_question("beverage_sales").bind(values)


def test_a_question_that_nobody_wrote_names_those_that_there_are():
    with pytest.raises(Terminal, match="There is no question sales; there are: beverage_sales, "):
        load_question("sales")


def test_a_place_without_a_name_is_refused():
    question = replace(load_question("beverage_sales"), athena="-- why?\nselect ? /* since */, ?")
    with pytest.raises(Terminal, match="say after each"):
        _ = question.places


def test_the_page_of_questions_lists_each_as_it_is():
    page = (ROOT / "docs" / "questions.md").read_text()
    listed = re.findall(
        r"^\| (\d?) ?\| \[(\w+)\]\(\.\./include/sql/questions/(\w+)/question.yaml\) \| (.*) \|$", page, re.M
    )

    assert {(name, words) for _, name, _, words in listed} == {(name, load_question(name).question) for name in NAMES}
    assert all(name == folder for _, name, folder, _ in listed)
    numbers = list(accumulate((number for number, *_ in listed), lambda before, number: number or before))
    assert numbers == [str(load_question(name).number) for _, name, _, _ in listed]

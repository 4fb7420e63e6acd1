"""The questions that people ask of the venues: named queries, with one answer from the lake and from the warehouse."""

from quayside.questions.athena import ask_athena as ask_athena
from quayside.questions.question import Question as Question
from quayside.questions.question import load_question as load_question
from quayside.questions.question import question_names as question_names
from quayside.questions.warehouse import ask_warehouse as ask_warehouse

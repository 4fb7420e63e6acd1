"""Answers to compiled queries: asked of Athena or PostgreSQL once, and then kept until the data changes."""

from quayside.serving.answers.answers import Answer as Answer
from quayside.serving.answers.answers import Answers as Answers
from quayside.serving.answers.answers import Question as Question
from quayside.serving.answers.errors import NotYet as NotYet
from quayside.serving.answers.errors import TooMuch as TooMuch
from quayside.serving.answers.store import Store as Store

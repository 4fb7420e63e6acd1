"""Compiled queries and their answers: each asked once for each state of the data, and kept.

An answer is known by `Compiled.key`, which holds the SQL, its values and whose rows they are, and by the version of the
datasets that it reads: so it is never given to somebody with other rights, nor after the data has changed. The version is
read *before* the query starts: data that comes in between makes an answer newer than it says, never older.
"""

import gzip
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from threading import Lock

from quayside.errors import Retryable, Terminal
from quayside.serving import objects
from quayside.serving.answers import athena
from quayside.serving.answers.errors import TooMuch
from quayside.serving.answers.store import SMALL, Kept, Store
from quayside.serving.answers.values import Row
from quayside.serving.metrics import Compiled
from quayside.settings import Credentials, Settings, aws, credentials

FOLDER = "serving/answers"
SECRET = "serving"  # noqa: S105 (its name in Secrets Manager: how the warehouse is reached)
MOST_ROWS = 50_000  # of one answer
NEAR = 1.0  # seconds for which versions that were read are taken for the present ones
_REMEMBERED, _SHORT = 1000, 2000  # answers that a process keeps at hand, and rows of such an answer at most
_AT_ONCE = 8
_ATTEMPTS = 3  # of a query whose failure may pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Rows, and where they are from.

    :param at: when they were read, ISO 8601 in UTC
    :param scanned: bytes that were read for them; 0 where nobody counts
    """

    rows: list[Row]
    at: str
    scanned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A compiled query and where it is asked.

    :param database: Athena's database; of PostgreSQL the SQL names the schema
    :param masked: it may read masked tables only
    """

    compiled: Compiled
    database: str
    masked: bool


@dataclass
class Answers:
    """Answers of one environment; keeps the newest at hand as long as the process lives."""

    settings: Settings
    store: Store
    _near: "OrderedDict[tuple[str, str], Answer]" = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)
    _credentials: Credentials | None = None
    _versions: tuple[float, dict[str, str]] = (float("-inf"), {})  # and when they were read

    def versions(self) -> dict[str, str]:
        """Return what each dataset was last changed by, a moment ago at most."""
        if time.monotonic() - self._versions[0] > NEAR:
            self._versions = (time.monotonic(), self.store.versions())
        return self._versions[1]

    def ask(self, questions: Sequence[Question], versions: Mapping[str, str], *, wait: float) -> list[Answer | None]:
        """Return the answers, in the questions' order; None for what is still on its way after ``wait`` seconds.

        Asking again takes up what is under way.

        :param versions: as they were before this question
        :raises TooMuch: one reads or returns more than it may
        :raises Terminal: one is refused
        :raises Retryable: a service did not answer
        """
        deadline = time.monotonic() + wait
        keys = [(question.compiled.key, version_of(question.compiled, versions)) for question in questions]
        found: list[Answer | None] = [self._recall(key) for key in keys]
        missing = [number for number, answer in enumerate(found) if answer is None]
        if missing:
            kept = dict(zip(missing, self.store.answers([keys[number] for number in missing]), strict=True))
            for number, known in kept.items():
                if known and known.body:
                    found[number] = self._remember(keys[number], _read(known.body))
            missing = [number for number in missing if found[number] is None]
        if missing:
            self._prepare([questions[number].compiled for number in missing])
            with ThreadPoolExecutor(min(_AT_ONCE, len(missing))) as pool:
                asked = pool.map(
                    lambda number: self._one(questions[number], keys[number], kept[number], deadline), missing
                )
                for number, answer in zip(missing, asked, strict=True):
                    found[number] = answer
        return found

    def run(
        self,
        key: tuple[str, str],
        kept: Kept | None,
        sql: Callable[[int], str],
        question: Question,
        deadline: float,
    ) -> athena.Done | None:
        """Run a query in Athena once for this key and version; return None while it runs.

        :param kept: what is known of it
        :param sql: what an attempt runs, with the question's parameters
        :raises TooMuch, Terminal, Retryable: as `ask` does
        """
        kept = kept or Kept(state="new")
        while True:
            if kept.state == "refused":
                raise TooMuch(kept.reason)
            if not kept.execution:
                kept = self._start(key, sql, question, kept.attempt)
            try:
                return _wait(kept, deadline)
            except TooMuch as error:
                self.store.keep(*key, Kept(state="refused", reason=str(error), attempt=kept.attempt + 1))
                raise
            except (Terminal, Retryable) as error:
                kept = Kept(state="new", attempt=kept.attempt + 1)
                self.store.keep(*key, kept)
                if isinstance(error, Terminal) or kept.attempt % _ATTEMPTS == 0:
                    raise

    def _start(self, key: tuple[str, str], sql: Callable[[int], str], question: Question, attempt: int) -> Kept:
        # The same token for everybody who asks the same of the same data: of two at once, Athena runs one.
        token = hashlib.sha256(f"{key[0]} {key[1]} {attempt}".encode()).hexdigest()
        given = question.compiled.execution_parameters
        execution = athena.start(sql(attempt), given, question.database, token, self.settings)
        kept = Kept(state="running", execution=execution, attempt=attempt)
        self.store.keep(*key, kept)
        return kept

    def _one(self, question: Question, key: tuple[str, str], kept: Kept | None, deadline: float) -> Answer | None:
        answer = None
        if kept and kept.place:
            body = objects.get(self.settings, kept.place)
            if body is None:  # swept: nor is there what Athena wrote
                kept = Kept(state="new", attempt=kept.attempt + 1)
            else:
                answer = _read(body)
        if answer is None:
            answer = self._compute(question, key, kept, deadline)
        return answer and self._remember(key, answer)

    def _compute(self, question: Question, key: tuple[str, str], kept: Kept | None, deadline: float) -> Answer | None:
        compiled = question.compiled
        if compiled.dialect == "postgres":
            answer, execution = Answer(rows=self._ask_warehouse(question), at=_now()), ""
        else:
            done = self.run(key, kept, lambda _: compiled.sql, question, deadline)
            if done is None:
                return None
            rows = athena.read(done.execution, compiled.columns, most=MOST_ROWS)
            answer, execution = Answer(rows=rows, at=_now(), scanned=done.scanned), done.execution
        body, place = gzip.compress(json.dumps(asdict(answer), ensure_ascii=False).encode(), 5, mtime=0), ""
        if len(body) > SMALL:
            body, place, large = b"", f"{FOLDER}/{key[0]}/{key[1]}.json.gz", body
            objects.put(self.settings, place, large, "application/json", ContentEncoding="gzip")
        self.store.keep(*key, Kept(state="done", execution=execution, body=body, place=place))
        return answer

    def _ask_warehouse(self, question: Question) -> list[Row]:
        from quayside.serving.answers import postgres  # a tenth of a cold start, which not every one needs

        known = self._reader()
        try:
            return postgres.ask(question.compiled, known, masked=question.masked, most=MOST_ROWS)
        except Retryable:
            # A process lives longer than a password that is rotated, or than a warehouse that has moved.
            self._credentials = credentials(SECRET, self.settings)
            if self._credentials == known:
                raise
            return postgres.ask(question.compiled, self._credentials, masked=question.masked, most=MOST_ROWS)

    def _prepare(self, asked: Sequence[Compiled]) -> None:
        """Make what threads share before there are any: boto3's session is not for several at once."""
        for service in ("dynamodb", "s3", "athena"):
            aws(service)
        if any(compiled.dialect == "postgres" for compiled in asked):
            self._reader()

    def _recall(self, key: tuple[str, str]) -> Answer | None:
        with self._lock:
            if key in self._near:
                self._near.move_to_end(key)
            return self._near.get(key)

    def _remember(self, key: tuple[str, str], answer: Answer) -> Answer:
        if len(answer.rows) <= _SHORT:
            with self._lock:
                self._near[key] = answer
                if len(self._near) > _REMEMBERED:
                    self._near.popitem(last=False)
        return answer

    def _reader(self) -> Credentials:
        if self._credentials is None:
            self._credentials = credentials(SECRET, self.settings)
        return self._credentials


def _read(body: bytes) -> Answer:
    return Answer(**json.loads(gzip.decompress(body)))


def version_of(compiled: Compiled, versions: Mapping[str, str]) -> str:
    """Return the version of all that a query reads."""
    told = json.dumps([(name, versions.get(name, "")) for name in sorted(compiled.datasets)])
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _wait(kept: Kept, deadline: float) -> athena.Done | None:
    pause = 0.04  # few queries take less, and each look costs as much as it could save
    while (done := athena.look(kept.execution, kept.attempt)) is None and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(0.25, 1.5 * pause)
    return done


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

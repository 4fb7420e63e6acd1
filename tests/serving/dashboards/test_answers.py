"""Answers are asked once for each state of the data, and are nobody else's."""

import hashlib
import time
import uuid
from dataclasses import replace
from decimal import Decimal

import boto3
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from quayside.errors import Retryable, Terminal
from quayside.serving.answers import Answer, Answers, NotYet, Question, Store, TooMuch, athena
from quayside.serving.answers.answers import version_of
from quayside.serving.metrics import Column, Compiled
from quayside.settings import Settings, aws
from tests.support.athena import Athena

DATASET = "hospitality.sale_item"
COLUMNS = (
    Column(name="product", type="text", label="Product", unit=None, kind="dimension"),
    Column(name="sales", type="numeric(14,2)", label="Sales", unit="AUD", kind="metric"),
    Column(name="lines", type="bigint", label="Lines", unit="count", kind="metric"),
)
SQL = "select product, sum(amount) as sales, count(*) as lines from sold where product <> ? group by product order by product"


@pytest.fixture(scope="module")
def athena_(place: Settings) -> Athena:
    """A table of three sales."""
    lake = Athena(place)
    lake.put("curated/sold/a.parquet", sold(["Ale", "Ale", None, ""], ["1.50", "2.00", "3.25", "-4.00"]))
    lake.table("sold", {"product": "string", "amount": "decimal(14,2)"}, "curated/sold/")
    return lake


def sold(products: list[str | None], amounts: list[str]) -> pa.Table:
    kinds = pa.schema({"product": pa.string(), "amount": pa.decimal128(14, 2)})
    return pa.table(
        [pa.array(products, pa.string()), pa.array(list(map(Decimal, amounts)), kinds.field(1).type)], kinds
    )


@pytest.fixture
def question(place: Settings, athena_: Athena) -> Question:
    """A question that nobody has asked before."""
    return asked(place, SQL, f"not {uuid.uuid4()}")


def asked(place: Settings, sql: str, *values: str, columns: tuple[Column, ...] = COLUMNS) -> Question:
    key = hashlib.sha256(f"{sql} {values}".encode()).hexdigest()
    compiled = Compiled(sql=sql, parameters=values, columns=columns, datasets=(DATASET,), key=key, dialect="athena")
    return Question(compiled=compiled, database=place.catalog_database, masked=False)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens with which queries are started from now on."""
    tokens: list[str] = []
    start = athena.start

    def noting(sql: str, parameters: list[str], database: str, token: str, settings: Settings) -> str:
        tokens.append(token)
        return start(sql, parameters, database, token, settings)

    monkeypatch.setattr(athena, "start", noting)
    return tokens


def answered(answers: Answers, question: Question) -> Answer:
    [answer] = answers.ask([question], answers.versions(), wait=20)
    assert answer is not None
    return answer


def again(answers: Answers) -> Answers:
    """Another process of the same environment."""
    return Answers(answers.settings, answers.store)


def test_an_answer_has_json_values_with_every_digit_and_null_is_no_empty_text(answers, question):
    plain = asked(answers.settings, SQL.replace("product <> ?", "true"))
    assert answered(answers, plain).rows == [["", "-4.00", 1], ["Ale", "3.50", 2], [None, "3.25", 1]]
    assert answered(again(answers), plain) == answered(answers, plain)


def test_the_same_question_is_asked_of_athena_once(answers, question, started):
    first = answered(answers, question)
    assert answered(answers, question) is first
    assert answered(again(answers), question) == first
    assert len(started) == 1
    assert first.scanned > 0


def test_two_who_ask_at_once_are_given_the_same_query(answers, question, started):
    two = [answers.ask([question], {}, wait=0), again(answers).ask([question], {}, wait=0)]
    [kept] = answers.store.answers([(question.compiled.key, version_of(question.compiled, {}))])
    executions = {kept.execution}
    token = hashlib.sha256(f"{question.compiled.key} {version_of(question.compiled, {})} 0".encode()).hexdigest()
    assert set(started) <= {token}
    twice = athena.start(SQL, question.compiled.execution_parameters, question.database, token, answers.settings)
    assert {twice} == executions, two


def test_a_new_version_is_asked_anew_and_an_answer_of_another_dataset_stays(
    answers, question, started, athena_, monkeypatch
):
    monkeypatch.setattr("quayside.serving.answers.answers.NEAR", 0)
    before = answered(answers, question)
    answers.store.bump(["hospitality.timesheet"], "run 1")
    assert answered(answers, question) is before
    athena_.put("curated/sold/b.parquet", sold(["Ale"], ["10.00"]))
    answers.store.bump([DATASET], "run 1")
    after = answered(answers, question)
    assert dict(zip(("Ale",), after.rows[1][1:2], strict=True)) == {"Ale": "13.50"}
    assert len(started) == 2
    boto3.client("s3").delete_object(Bucket=answers.settings.lake_bucket, Key="curated/sold/b.parquet")
    answers.store.bump([DATASET], "run 2")
    assert answered(answers, question).rows == before.rows


def test_what_takes_longer_is_none_until_it_is_there(answers, question, started, monkeypatch):
    look, slow = athena.look, True
    monkeypatch.setattr(athena, "look", lambda *given: None if slow else look(*given))
    assert answers.ask([question], answers.versions(), wait=0) == [None]
    assert again(answers).ask([question], answers.versions(), wait=0.1) == [None]
    slow = False
    assert answered(again(answers), question).rows
    assert len(started) == 1


def test_small_answers_are_kept_in_the_table_and_read_at_once_by_another_process(answers, place, question, started):
    others = [asked(place, SQL, f"not {number}") for number in range(150)]
    answers.ask([question, *others[:2]], {}, wait=20)
    called: list[str] = []
    client = aws("dynamodb")
    client.meta.events.register("before-call.*", noting := lambda model, **_: called.append(model.name))
    try:
        found = Answers(place, answers.store).ask([question, *others[:2], question], {}, wait=0)
    finally:
        client.meta.events.unregister("before-call.*", noting)
    assert called == ["BatchGetItem"]
    assert len(started) == 3
    assert None not in found
    assert found[0] == found[3]
    known = answers.store.answers([(each.compiled.key, version_of(each.compiled, {})) for each in [question, *others]])
    assert [each is not None for each in known] == [True] * 3 + [False] * 148


def test_an_answer_whose_object_was_swept_is_asked_anew(answers, question, started, monkeypatch):
    monkeypatch.setattr("quayside.serving.answers.answers.SMALL", 0)
    assert answered(answers, question) == answered(again(answers), question)
    [kept] = answers.store.answers([(question.compiled.key, version_of(question.compiled, answers.versions()))])
    place = kept.place
    boto3.client("s3").delete_object(Bucket=answers.settings.lake_bucket, Key=place)
    assert answered(again(answers), question).rows
    assert len(started) == 2


def test_a_query_that_athena_forgot_or_stopped_is_started_again_and_then_given_up(
    answers, question, started, monkeypatch
):
    forgotten = str(uuid.uuid4())
    monkeypatch.setattr(athena, "start", lambda *_: started.append("") or forgotten)
    with pytest.raises(Retryable, match="Athena does not answer"):
        answers.ask([question], {}, wait=5)
    assert len(started) == 3


def test_a_query_that_athena_refuses_is_an_error_and_not_an_empty_answer(answers, question):
    wrong = asked(answers.settings, "select nothing from sold")
    for _ in range(2):
        with pytest.raises(Terminal, match="COLUMN_NOT_FOUND"):
            answers.ask([wrong], {}, wait=5)
    other = asked(answers.settings, "select product as other, 1.0 as sales, 2 as lines from sold")
    with pytest.raises(Terminal, match="not \\['product', 'sales', 'lines'\\]"):
        answers.ask([other], {}, wait=5)


def test_a_table_that_is_not_there_yet_is_no_error_of_ours_and_is_found_once_it_is(answers, athena_):
    name = f"new_{uuid.uuid4().hex[:6]}"
    early = asked(answers.settings, f"select product, amount as sales, 1 as lines from {name}")
    for _ in range(2):
        with pytest.raises(NotYet, match="No data"):
            answers.ask([early], {}, wait=20)
    athena_.table(name, {"product": "string", "amount": "decimal(14,2)"}, "curated/sold/")
    [answer] = answers.ask([early], {}, wait=20)
    assert len(answer.rows) == 4


def test_a_query_beyond_the_workgroups_limit_is_refused_and_not_run_again_soon(answers, athena_, started):
    lake = answers.settings
    athena_.put("curated/much/a.parquet", pa.table({"product": pa.array([str(uuid.uuid4()) for _ in range(400_000)])}))
    athena_.table("much", {"product": "string"}, "curated/much/")
    group = f"small-{uuid.uuid4().hex[:6]}"
    configuration = {
        "BytesScannedCutoffPerQuery": 10_000_000,
        "ResultConfiguration": {"OutputLocation": f"s3://{lake.lake_bucket}/athena-results/"},
    }
    boto3.client("athena").create_work_group(Name=group, Configuration=configuration)
    small = Answers(replace(lake, athena_workgroup=group), answers.store)
    question = asked(lake, "select max(product) as product, 1 as sales, 2 as lines from much")
    for _ in range(2):
        with pytest.raises(TooMuch, match="fewer days"):
            small.ask([question], {}, wait=20)
    assert len(started) == 1


def test_a_query_that_scanned_more_than_one_may_hands_out_nothing(answers, question, monkeypatch):
    monkeypatch.setattr(athena, "MOST_BYTES", 1)
    with pytest.raises(TooMuch):
        answers.ask([question], {}, wait=20)
    monkeypatch.undo()
    with pytest.raises(TooMuch):  # for a minute
        answers.ask([question], {}, wait=20)


def test_more_rows_than_an_answer_may_have_are_refused(answers, question, monkeypatch):
    monkeypatch.setattr("quayside.serving.answers.answers.MOST_ROWS", 2)
    all_rows = asked(
        answers.settings, SQL.replace("product <> ?", "product is null or product <> ?"), str(uuid.uuid4())
    )
    with pytest.raises(TooMuch, match="more than 2 rows"):
        answers.ask([question, all_rows], {}, wait=20)


def test_a_long_answer_is_read_page_by_page(answers, question):
    long = asked(
        answers.settings,
        "select cast(n as varchar) as product, decimal '1.00' as sales, cast(n as bigint) as lines "
        "from unnest(sequence(1, 2500)) as numbers (n) order by n",
    )
    assert [row[2] for row in answered(answers, long).rows] == list(range(1, 2501))


def test_a_handle_is_for_who_was_given_it_and_not_for_ever(place):
    store = Store(place.serving_table)
    handle = store.hand_out("ana", {"dashboard": "products"})
    assert store.handed_out(handle, "ana") == {"dashboard": "products"}
    assert store.handed_out(handle, "bob") is None
    assert store.handed_out("0" * 32, "ana") is None
    key = {"pk": {"S": f"query#{handle}"}, "sk": {"S": "asked"}}
    boto3.client("dynamodb").update_item(
        TableName=place.serving_table,
        Key=key,
        UpdateExpression="SET expires = :past",
        ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 1)}},
    )
    assert store.handed_out(handle, "ana") is None


def test_a_table_that_is_not_there_says_what_to_do(place):
    with pytest.raises(Terminal, match="Apply Terraform"):
        Store("nobody's").versions()


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    datasets=st.lists(st.sampled_from(["a.x", "a.y", "b.z"]), min_size=1, unique=True),
    versions=st.dictionaries(st.sampled_from(["a.x", "a.y", "b.z", "c.w"]), st.text("=\n12", max_size=3)),
    more=st.dictionaries(st.sampled_from(["a.x", "a.y", "b.z", "c.w"]), st.text("=\n12", max_size=3)),
)
def test_a_version_differs_if_and_only_if_a_dataset_that_is_read_has_changed(datasets, versions, more):
    compiled = Compiled(sql="", parameters=(), columns=(), datasets=tuple(datasets), key="", dialect="athena")
    changed = {**versions, **more}
    same = all(versions.get(name, "") == changed.get(name, "") for name in datasets)
    assert (version_of(compiled, versions) == version_of(compiled, changed)) == same

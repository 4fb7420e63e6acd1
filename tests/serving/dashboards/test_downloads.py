"""Files that hold a panel's rows, all of them, and nothing that a spreadsheet would run."""

import csv
import io
import urllib.parse
import urllib.request

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.serving.access import Access
from quayside.serving.answers import TooMuch
from quayside.serving.dashboards import Request, find
from quayside.serving.dashboards.download import NothingThere, download, harmless, to_csv
from quayside.serving.http import BadRequest
from quayside.serving.metrics import Column
from tests.serving.dashboards.conftest import NOW, Company
from tests.serving.dashboards.test_results import ADMIN, RANGE, show

RUN = ("=", "+", "-", "@", "\t", "\r")
TEXT = Column(name="name", type="text", label="=Name", unit=None, kind="dimension")
SALES = Column(name="sales", type="numeric(14,2)", label="Sales", unit="AUD", kind="metric")


def file(company: Company, name: str, panel: str, form: str, access: Access = ADMIN, **given: list[str]) -> bytes:
    """Download a panel and return the file."""
    dashboard = find(name, access)
    asked = Request.read(dashboard, {**RANGE, **given}, access, now=NOW)
    link = download(dashboard, dashboard.panel(panel), asked, form, access, company.answers(), wait=25)
    assert link is not None
    with urllib.request.urlopen(link["url"]) as answer:
        return answer.read()


def rows_of(text: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    ("name", "panel"),
    [("sales_against_wages", "sales_and_wages"), ("trading_today", "by_clerk"), ("totesys_sales", "totals")],
)
def test_parquet_has_the_rows_and_types_of_the_panel(company, name, panel):
    [shown] = [each for each in show(company, name)["panels"] if each["name"] == panel]
    table = pq.read_table(io.BytesIO(file(company, name, panel, "parquet")))
    assert table.column_names == [column["name"] for column in shown["columns"]]
    assert any(pa.types.is_decimal(field.type) for field in table.schema)
    assert [[str(value) for value in row.values()] for row in table.to_pylist()[: len(shown["rows"])]] == [
        [str(value) for value in row] for row in shown["rows"]
    ]


def test_a_file_has_all_rows_though_the_panel_shows_ten(company):
    [top] = [each for each in show(company, "products")["panels"] if each["name"] == "top_beverages"]
    heading, *rows = rows_of(file(company, "products", "top_beverages", "csv"))
    assert heading == [column["label"] for column in top["columns"]]
    assert len(rows) > 10
    assert rows[:10] == [list(map(str, row)) for row in top["rows"]]
    assert pq.read_table(io.BytesIO(file(company, "products", "top_beverages", "parquet"))).num_rows == len(rows)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_has_the_callers_rows_and_names_only(company, form):
    viewer = Access(role="viewer", venues=frozenset({1}))
    own = file(company, "trading_today", "by_clerk", form, viewer)
    everything = file(company, "trading_today", "by_clerk", form)
    assert not any(name.encode() in own for name in company.names)
    assert any(name.encode() in everything for name in company.names)
    assert b"Harbour" in everything
    assert b"Harbour" not in own


def test_parquet_without_a_row_is_said_to_be_none_and_csv_is_its_heading(company):
    day = {"since": ["2020-01-01"], "until": ["2020-01-01"]}
    with pytest.raises(NothingThere, match="no row"):
        file(company, "products", "groups", "parquet", **day)
    assert rows_of(file(company, "products", "groups", "csv", **day)) == [["Group", "Sales"]]


def test_parquet_of_what_only_the_warehouse_can_tell_is_refused(company):
    with pytest.raises(BadRequest) as refused:
        file(company, "members", "top", "parquet")
    assert "take csv" in refused.value.errors[0].detail
    offered = {each["name"]: each["formats"] for each in show(company, "members")["panels"]}
    assert [name for name, formats in offered.items() if formats == ["csv"]] == ["classes", "top"]
    assert offered["totals"] == ["csv", "parquet"]
    assert len(rows_of(file(company, "members", "top", "csv"))) > 5


def test_more_rows_than_a_csv_may_have_are_refused(company, monkeypatch):
    monkeypatch.setattr("quayside.serving.dashboards.download.MOST_ROWS", 3)
    monkeypatch.setattr("quayside.serving.answers.answers.MOST_ROWS", 3)
    with pytest.raises(TooMuch, match="more than 3 rows"):
        file(company, "products", "top_food", "csv")


def test_what_is_not_ready_is_none_and_the_same_again_is_the_file(company, monkeypatch):
    from quayside.serving.answers import athena

    look, slow = athena.look, True
    monkeypatch.setattr(athena, "look", lambda *given: None if slow else look(*given))
    dashboard = find("gaming_floor", ADMIN)
    asked = Request.read(dashboard, {"since": ["2026-04-03"], "until": ["2026-04-04"]}, ADMIN, now=NOW)
    for form in ("csv", "parquet"):
        slow = True
        given = (dashboard, dashboard.panel("hold"), asked, form, ADMIN)
        assert download(*given, company.answers(), wait=0) is None
        slow = False
        assert download(*given, company.answers(), wait=25)


def test_a_link_ends_after_minutes_and_names_the_file(company):
    dashboard = find("products", ADMIN)
    asked = Request.read(dashboard, RANGE, ADMIN, now=NOW)
    link = download(dashboard, dashboard.panel("groups"), asked, "csv", ADMIN, company.answers(), wait=25)
    signed = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(link["url"]).query))
    assert signed["X-Amz-Expires"] == "300"
    assert signed["response-content-disposition"] == 'attachment; filename="products-groups-2026-03-30-2026-04-08.csv"'
    key = urllib.parse.unquote(urllib.parse.urlsplit(link["url"]).path).split("/", 2)[2]
    assert boto3.client("s3").head_object(Bucket=company.settings.lake_bucket, Key=key)["ContentLength"] > 0


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]))), st.decimals(-9, 9, places=2)
        ),
        max_size=5,
    )
)
def test_no_cell_of_text_begins_as_a_formula_does_and_numbers_stay_numbers(rows):
    heading, *read = rows_of(to_csv([TEXT, SALES], [[text, str(number)] for text, number in rows]))
    assert heading == ["'=Name", "Sales"]
    for (text, number), (shown, amount) in zip(rows, read, strict=True):
        assert amount == str(number)
        assert not shown.lstrip(" ").startswith(RUN)
        assert shown.removeprefix("'") == (text or "").removeprefix("'")


@pytest.mark.parametrize("text", ["=1+1", " =1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "|calc"])
def test_what_a_spreadsheet_would_run_has_an_apostrophe(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("value", ["Ale", "O'Brien", None, -1, "", "3-4"])
def test_anything_else_is_as_it_was(value):
    assert harmless(value) == value

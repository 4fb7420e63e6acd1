"""What the gate tells: results as data, and a page that holds nobody's personal data."""

from decimal import Decimal
from html.parser import HTMLParser

import boto3
import pyarrow as pa
import pytest

from quayside.contract import Contract, load_contract
from quayside.errors import Blocked
from quayside.quality import gate, page_key
from quayside.quality.results import SCHEMA, TABLE
from tests.quality.conftest import DEPARTMENT, NOON, ORDER, PAYMENT, STAFF, Shop, changed, rows_of

VOID = {"meta"}


class Page(HTMLParser):
    """The text of a page; fails where elements are not closed in order, or anything would be loaded."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert not {"src", "href"} & dict(attributes).keys()
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f"{data}\n"


def page(shop: Shop, run: str) -> Page:
    return Page(shop.lake.filesystem.open_input_stream(page_key(run)).read().decode())


def test_the_page_shows_per_dataset_rows_rejects_reasons_and_checks(shop: Shop, orders: Contract) -> None:
    shop.land(orders, rows_of(ORDER, "sales_order_id", 9, units_sold=1))
    shop.land(load_contract("totesys.department"), [DEPARTMENT])
    run = shop.run()
    [verdict, _] = gate([orders, load_contract("totesys.department")], run)

    shown = page(shop, run.id)
    assert verdict.page == page_key(run.id) == "quality/pages/totesys_landing_manual__2026-05-01T12_00_00_00_00.html"
    for text in (
        run.id,
        "2 batches, 11 rows, 1 rejected, 0 blocked",
        "totesys.sales_order",
        "totesys.department",
        "units_sold is 1; the contract allows at least 1000 and at most 100000",
        "unit_price.range",
    ):
        assert text in shown.text
    stored = boto3.client("s3").head_object(Bucket=shop.lake.bucket, Key=verdict.page)
    assert stored["ContentType"] == "text/html; charset=utf-8"


def test_what_rows_say_is_shown_as_text_never_as_markup(shop: Shop) -> None:
    staff = changed(load_contract("totesys.staff"), "email_address", classification="internal")
    shop.land(staff, [{**STAFF, "email_address": "<script>alert('O\\'Brien')</script> 🚢"}])
    run = shop.run("<b>run</b>")
    gate([staff], run)

    shown = page(shop, run.id)
    assert "script" not in shown.tags
    assert "b" not in shown.tags
    assert "<script>" in shown.text


def test_personal_and_restricted_values_appear_in_no_page_result_ledger_or_message(shop: Shop) -> None:
    payments, staff = load_contract("totesys.payment"), load_contract("totesys.staff")
    payments = changed(payments, "company_ac_number", options={"maximum": 10})
    staff = changed(staff, "email_address", classification="personal", options={"pattern": "^x$"})
    rows = [{**PAYMENT, "payment_id": number} for number in range(1, 31)]
    manifest = shop.land(payments, rows)
    shop.land(staff, [STAFF])
    run = shop.run()
    with pytest.raises(Blocked) as blocked:
        gate([payments, staff], run)

    reasons = [row["_reason"] for row in shop.rejected(manifest)]
    assert reasons == ["company_ac_number is a value not shown here; the contract allows at most 10"] * 30
    told = [
        str(blocked.value),
        str(shop.results()),
        page(shop, run.id).text,
        str(reasons),
        str(shop.told),
        *(str(entry.facts) for name in ("payment", "staff") for entry in shop.ledger.batches(f"totesys.{name}")),
    ]
    for secret in (str(PAYMENT["company_ac_number"]), str(PAYMENT["counterparty_ac_number"]), STAFF["email_address"]):
        assert [text for text in told if str(secret) in text] == []


def test_results_are_a_table_of_the_catalog(shop: Shop, orders: Contract) -> None:
    shop.land(orders, rows_of(ORDER, "sales_order_id", 9, unit_price=Decimal("-1.00")))
    run = shop.run()
    gate([orders], run)

    table = boto3.client("glue").get_table(DatabaseName=shop.settings.catalog_database, Name=TABLE)["Table"]
    described = table["StorageDescriptor"]
    assert [column["Name"] for column in described["Columns"]] == SCHEMA.names
    keys = shop.lake.keys(described["Location"].removeprefix(shop.lake.uri("")))
    assert shop.lake.read_table(keys).schema.equals(SCHEMA)
    [found] = shop.results(rule="unit_price.range")
    assert {
        name: found[name]
        for name in (
            "run",
            "dataset",
            "column_name",
            "kind",
            "severity",
            "passed",
            "observed",
            "expected",
            "unexpected_rows",
        )
    } == {
        "run": run.id,
        "dataset": "totesys.sales_order",
        "column_name": "unit_price",
        "kind": "row",
        "severity": "reject",
        "passed": False,
        "observed": "1 of 10 rows",
        "expected": "allows at least 0 and at most 99999999.99",
        "unexpected_rows": 1,
    }
    assert {row["rule"] for row in shop.results(kind="dataset")} >= {
        "schema",
        "drift",
        "complete",
        "rejected_share",
        "conflicting_versions",
        "freshness",
        "staff_id.references",
    }


def test_the_page_of_a_run_that_was_retried_shows_what_passed_before(shop: Shop, orders: Contract) -> None:
    department = load_contract("totesys.department")
    shop.land(department, [DEPARTMENT])
    gate([department], shop.run("r"))
    shop.land(orders, pa.Table.from_pylist([{"sales_order_id": 1, "last_updated": NOON}]))
    with pytest.raises(Blocked):
        gate([department, orders], shop.run("r"))

    assert "2 batches, 2 rows, 0 rejected, 1 blocked" in page(shop, "r").text

"""The gate: what passes, what is put aside and why, and what stops a dataset and nothing else."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from quayside.contract import Contract, Rule, load_contract
from quayside.errors import Blocked, Terminal
from quayside.quality import gate, release
from quayside.quality.__main__ import main
from quayside.types import arrow_schema
from tests.quality.conftest import DEPARTMENT, NOON, ORDER, STAFF, Shop, changed, rows_of

TRANSACTION = {
    "transaction_id": 1,
    "transaction_type": "SALE",
    "sales_order_id": None,
    "purchase_order_id": None,
    "created_at": NOON,
    "last_updated": NOON,
}


@pytest.mark.parametrize(
    ("dataset", "row", "bad", "rules", "reason"),
    [
        (
            "sales_order",
            ORDER,
            {"unit_price": None},
            "unit_price.required",
            "unit_price is null; the contract requires a value",
        ),
        (
            "sales_order",
            ORDER,
            {"sales_order_id": None},
            "sales_order_id.required",
            "sales_order_id is null; the contract requires",
        ),
        (
            "sales_order",
            ORDER,
            {"units_sold": 999},
            "units_sold.range",
            "units_sold is 999; the contract allows at least 1000 and at most 100000",
        ),
        (
            "sales_order",
            ORDER,
            {"unit_price": Decimal("-0.01")},
            "unit_price.range",
            "unit_price is -0.01; the contract allows",
        ),
        (
            "sales_order",
            ORDER,
            {"created_at": datetime(1999, 12, 31)},
            "created_at.range",
            "created_at is 1999-12-31 00:00:00;",
        ),
        (
            "sales_order",
            ORDER,
            {"agreed_payment_date": "2023-02-30"},
            "agreed_payment_date.date",
            "agreed_payment_date is '2023-02-30'; the contract wants a day of the calendar as yyyy-MM-dd",
        ),
        (
            "sales_order",
            ORDER,
            {"agreed_payment_date": "30/02/2023"},
            "agreed_payment_date.pattern, agreed_payment_date.date",
            "; agreed_payment_date is '30/02/2023'; the contract wants a day",
        ),
        (
            "sales_order",
            ORDER,
            {"agreed_payment_date": "2023-02-03\n"},
            "agreed_payment_date.pattern, agreed_payment_date.date",
            "",
        ),
        (
            "transaction",
            TRANSACTION,
            {"transaction_type": "GIFT"},
            "transaction_type.enum",
            "transaction_type is 'GIFT'; the contract allows SALE, PURCHASE",
        ),
    ],
    ids=lambda value: next(iter(value.items())).__repr__() if isinstance(value, dict) and len(value) == 1 else "",
)
def test_a_row_that_breaks_a_rule_is_quarantined_with_its_reason_and_the_rest_passes(
    shop: Shop, dataset: str, row: dict[str, Any], bad: dict[str, Any], rules: str, reason: str
) -> None:
    contract = load_contract(f"totesys.{dataset}")
    rows = rows_of(row, contract.key.name, 3, **bad)
    manifest = shop.land(contract, [rows[3], *rows[:3]])

    [verdict] = gate([contract], shop.run())

    [rejected] = shop.rejected(manifest)
    assert (rejected["_row"], rejected["_rule"]) == (0, rules)
    assert reason in rejected["_reason"]
    assert {name: rejected[name] for name in row} == {**row, contract.key.name: 4, **bad}
    assert shop.accepted(manifest) == rows[:3]
    assert (verdict.status, verdict.rows, verdict.rejected) == ("passed", 4, 1)
    [entry] = shop.ledger.pending(contract.name, "curate")
    assert (entry.status, entry.facts["rejected"]) == ("passed", 1)
    assert shop.ledger.pending(contract.name, "gate") == []


def test_a_text_that_is_too_long_is_quarantined(shop: Shop) -> None:
    staff = changed(load_contract("totesys.staff"), "last_name", options={"maxLength": 240})
    manifest = shop.land(staff, [{**STAFF, "last_name": "x" * 240}, {**STAFF, "staff_id": 2, "last_name": "x" * 241}])
    gate([staff], shop.run())

    assert [row["_rule"] for row in shop.rejected(manifest)] == ["last_name.length"]


def test_the_largest_and_smallest_amounts_pass_and_are_not_changed(shop: Shop, orders: Contract) -> None:
    amounts = [Decimal("99999999.99"), Decimal("0.00"), Decimal("0.01"), Decimal("0.10")]
    manifest = shop.land(
        orders, [{**ORDER, "sales_order_id": number, "unit_price": amount} for number, amount in enumerate(amounts, 1)]
    )
    gate([orders], shop.run())

    assert [row["unit_price"] for row in shop.accepted(manifest)] == amounts


def test_bounds_are_compared_exactly_beyond_what_a_float_can_hold(shop: Shop, orders: Contract) -> None:
    wide = changed(orders, "unit_price", type="numeric(20,2)", options={"maximum": "123456789012345678.90"})
    manifest = shop.land(
        wide,
        [
            {**ORDER, "unit_price": Decimal("123456789012345678.90")},
            {**ORDER, "sales_order_id": 2, "unit_price": Decimal("123456789012345678.91")},
        ],
    )
    gate([wide], shop.run())

    assert [row["sales_order_id"] for row in shop.rejected(manifest)] == [2]


def test_quotes_and_emoji_pass_as_they_are(shop: Shop) -> None:
    staff = load_contract("totesys.staff")
    manifest = shop.land(staff, [STAFF])
    gate([staff], shop.run())

    assert shop.accepted(manifest) == [STAFF]


def test_deleted_keys_pass(shop: Shop, orders: Contract) -> None:
    keys = pa.table(
        {"sales_order_id": pa.array([1, 2], pa.int32()), "last_updated": pa.array([NOON] * 2, pa.timestamp("ms"))}
    )
    manifest = shop.land(orders, keys, kind="deletes")
    [verdict] = gate([orders], shop.run())

    assert (verdict.rejected, verdict.warnings, len(shop.accepted(manifest))) == (0, (), 2)


def test_a_column_that_the_contract_does_not_know_passes_with_a_warning(shop: Shop, orders: Contract) -> None:
    table = shop_table(orders, [ORDER]).append_column("discount", pa.array(["7%"]))
    manifest = shop.land(orders, table)
    [verdict] = gate([orders], shop.run())

    assert "drift: new: discount" in verdict.warnings
    assert shop.accepted(manifest) == [{**ORDER, "discount": "7%"}]


def test_a_missing_required_column_blocks_only_its_dataset(shop: Shop, orders: Contract) -> None:
    department = load_contract("totesys.department")
    shop.land(orders, shop_table(orders, [ORDER]).drop_columns(["unit_price"]))
    shop.land(orders, [{**ORDER, "sales_order_id": 2}])
    shop.land(department, [DEPARTMENT])

    with pytest.raises(Blocked, match=r"totesys.sales_order: batch 00000001-test .* schema: unit_price is missing"):
        gate([orders, department], shop.run())

    waiting = shop.ledger.pending("totesys.sales_order", "gate")
    assert [(entry.batch, entry.status) for entry in waiting] == [
        ("00000001-test", "blocked"),
        ("00000002-test", "landed"),
    ]
    assert shop.ledger.pending("totesys.sales_order", "curate") == []
    assert len(shop.ledger.pending("totesys.department", "curate")) == 1


def test_a_missing_manifest_blocks_only_its_dataset(shop: Shop, orders: Contract) -> None:
    department = load_contract("totesys.department")
    shop.lake.delete([shop.land(orders, [ORDER]).key])
    shop.land(department, [DEPARTMENT])

    with pytest.raises(Blocked, match=r"totesys.sales_order: Cannot read .*manifest.json: no such object"):
        gate([orders, department], shop.run())

    assert len(shop.ledger.pending("totesys.sales_order", "gate")) == 1
    assert len(shop.ledger.pending("totesys.department", "curate")) == 1


def test_too_many_rejected_rows_block_until_the_contract_is_corrected(shop: Shop, orders: Contract) -> None:
    rows = [
        {**ORDER, "sales_order_id": number, "units_sold": 999 if number % 4 == 0 else 1000} for number in range(1, 41)
    ]
    manifest = shop.land(orders, rows)

    with pytest.raises(Blocked, match=r"rejected_share: 10 of 40 rows rejected, expected at most 20%"):
        gate([orders], shop.run())
    [verdict] = gate([changed(orders, "units_sold", options={"minimum": 1})], shop.run("next"))

    assert (verdict.status, verdict.rejected) == ("passed", 0)
    assert shop.accepted(manifest) == rows, "the quarantine of the first attempt is gone"


def test_a_blocked_batch_passes_by_a_persons_decision_which_is_kept(shop: Shop, orders: Contract) -> None:
    rows = [{**ORDER, "sales_order_id": number, "units_sold": 999 if number < 20 else 1000} for number in range(1, 41)]
    manifest = shop.land(orders, rows)
    with pytest.raises(Blocked):
        gate([orders], shop.run())

    release("totesys.sales_order", manifest.batch, shop.run("by hand"), by="Ana", reason="a sale of samples")

    [entry] = shop.ledger.pending("totesys.sales_order", "curate")
    assert (entry.status, entry.facts["released_by"], entry.facts["released_because"]) == (
        "passed",
        "Ana",
        "a sale of samples",
    )
    assert (entry.facts["rejected"], len(shop.accepted(manifest))) == (19, 21)
    with pytest.raises(Terminal, match="is passed; only a blocked one"):
        release("totesys.sales_order", manifest.batch, shop.run(), by="Ana", reason="again")


def test_a_batch_that_is_shorter_than_its_manifest_says_is_blocked(shop: Shop, orders: Contract) -> None:
    shop.land(orders, [ORDER], rows=2)
    with pytest.raises(Blocked, match="complete: 1 rows, expected the 2 rows of the manifest"):
        gate([orders], shop.run())


def test_a_type_that_was_widened_in_the_contract_still_fits_and_another_does_not(shop: Shop, orders: Contract) -> None:
    shop.land(orders, [ORDER])
    gate([changed(orders, "units_sold", type="bigint")], shop.run())
    shop.land(orders, [ORDER])
    with pytest.raises(Blocked, match="schema: units_sold is int32, not string"):
        gate([changed(orders, "units_sold", type="text", options={})], shop.run())


def test_one_version_twice_with_different_content_is_a_warning(shop: Shop, orders: Contract) -> None:
    twice = {**ORDER, "sales_order_id": 2}
    manifest = shop.land(orders, [ORDER, {**ORDER, "units_sold": 2000}, twice, twice])
    [verdict] = gate([orders], shop.run())

    assert "conflicting_versions: 1 versions" in verdict.warnings
    assert len(shop.accepted(manifest)) == 4


def test_an_unknown_reference_is_a_warning_and_a_pending_or_curated_key_is_known(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff, department = load_contract("totesys.staff"), load_contract("totesys.department")
    curated = pa.table(
        {
            "key": pa.array([2], pa.int32()),
            "last_updated": pa.array([NOON], pa.timestamp("ms")),
            "deleted": pa.array([True]),
        }
    )
    monkeypatch.setattr("quayside.curated.current_keys", lambda contract, run: curated, raising=False)
    shop.land(department, [DEPARTMENT])
    shop.land(
        staff, [{**STAFF, "staff_id": number, "department_id": where} for number, where in enumerate([1, 2, 3, 3], 1)]
    )

    [told] = [verdict for verdict in gate([staff, department], shop.run()) if verdict.dataset == "totesys.staff"]

    assert told.warnings == ("department_id.references: 1 keys unknown",)
    assert shop.results(rule="department_id.references")[0]["unexpected_rows"] == 2


def test_unusual_volume_and_age_are_warnings(shop: Shop, orders: Contract) -> None:
    for _ in range(5):
        shop.land(orders, [ORDER])
    gate([orders], shop.run())
    shop.land(orders, rows_of(ORDER, "sales_order_id", 1001))
    [verdict] = gate([replace(orders, freshness=0)], shop.run())

    assert [warning.split(":")[0] for warning in verdict.warnings if "references" not in warning] == [
        "freshness",
        "volume",
    ]


def rule(expectation: str, column: str | None = None, *, blocks: bool = True, **arguments: Any) -> Rule:
    return Rule(name="own", expectation=expectation, arguments=arguments, column=column, blocks=blocks)


@pytest.mark.parametrize(
    "own",
    [
        rule("expect_column_values_to_be_between", "units_sold", min_value=1001),
        rule("expect_column_values_to_not_be_in_set", "unit_price", value_set=[Decimal("3.50")]),
        rule(
            "expect_column_pair_values_a_to_be_greater_than_b",
            column_A="units_sold",
            column_B="staff_id",
            or_equal=False,
        ),
        rule("expect_column_values_to_be_unique", "unit_price"),
        rule("expect_compound_columns_to_be_unique", column_list=["units_sold", "unit_price"]),
    ],
    ids=lambda own: own.expectation,
)
def test_a_rule_of_the_contracts_own_about_rows_quarantines_or_warns(shop: Shop, orders: Contract, own: Rule) -> None:
    rows = [
        {**ORDER, "sales_order_id": 1, "staff_id": 5000},
        {**ORDER, "sales_order_id": 2, "staff_id": 5000},
        {**ORDER, "sales_order_id": 3, "units_sold": 9000, "unit_price": Decimal("4.00")},
    ]
    strict = shop.land(orders, rows)
    gate([replace(orders, rules=(own,))], shop.run())
    mild = shop.land(orders, rows)
    [verdict] = gate([replace(orders, rules=(replace(own, blocks=False),))], shop.run())

    assert [(row["_row"], row["_rule"]) for row in shop.rejected(strict)] == [(0, "own"), (1, "own")]
    assert shop.rejected(mild) == []
    assert "own: 2 of 3 rows" in verdict.warnings


@pytest.mark.parametrize(
    ("own", "told"),
    [
        (
            rule("expect_column_mean_to_be_between", "unit_price", max_value=3),
            "own: 3.50, expected column mean to be between",
        ),
        (rule("expect_table_row_count_to_be_between", min_value=5), "own: 2, expected table row count to be between"),
    ],
    ids=lambda own: getattr(own, "expectation", ""),
)
def test_a_rule_of_the_contracts_own_about_the_dataset_blocks_or_warns(
    shop: Shop, orders: Contract, own: Rule, told: str
) -> None:
    shop.land(orders, rows_of(ORDER, "sales_order_id", 2))
    with pytest.raises(Blocked, match=told):
        gate([replace(orders, rules=(own,))], shop.run())
    [verdict] = gate([replace(orders, rules=(replace(own, blocks=False),))], shop.run("next"))

    assert [warning.split(":")[0] for warning in verdict.warnings if "references" not in warning] == ["own"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"rules": (rule("expect_column_values_to_be_lucky", "units_sold"),)},
            "Great Expectations has no expect_column_values_to",
        ),
        ({"rules": (rule("expect_column_values_to_not_be_null", "units_sold", mostly=0.9),)}, "severity: warning"),
        ({"rules": (rule("expect_column_values_to_be_between", "units_sold", least=3),)}, "does not take .*least"),
        ({"rules": (rule("expect_column_values_to_match_regex", "units_sold", regex="("),)}, "cannot be applied"),
    ],
    ids=["unknown", "tolerance", "argument", "regex"],
)
def test_a_rule_that_cannot_be_checked_stops_its_dataset_and_says_why(
    shop: Shop, orders: Contract, change: dict[str, Any], told: str
) -> None:
    shop.land(orders, [ORDER])
    with pytest.raises(Blocked, match=told):
        gate([replace(orders, **change)], shop.run())
    assert len(shop.ledger.pending("totesys.sales_order", "gate")) == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"multipleOf": 5}, "units_sold asks for multipleOf, which the gate does not check"),
        ({"format": "dd.MM.yyyy"}, "units_sold asks for dd.MM.yyyy"),
        ({"minimum": "a few"}, "a few is no int32"),
    ],
    ids=["option", "format", "bound"],
)
def test_an_option_that_cannot_be_checked_is_not_passed_over_in_silence(
    shop: Shop, orders: Contract, options: dict[str, Any], told: str
) -> None:
    shop.land(orders, [ORDER])
    with pytest.raises(Blocked, match=told):
        gate([changed(orders, "units_sold", options=options)], shop.run())


def test_a_person_lists_and_releases_what_is_blocked_from_the_command_line(
    shop: Shop, orders: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = shop.land(orders, [ORDER], rows=2)
    with pytest.raises(Blocked, match=f"release totesys.sales_order {manifest.batch} --by YOU --reason WHY"):
        gate([orders], shop.run())

    assert main(["blocked", "totesys"]) == 0
    assert main(["release", "totesys.sales_order", manifest.batch, "--by", "Ana", "--reason", "known"]) == 0
    assert main(["release", "totesys.sales_order", "no-such-batch", "--by", "Ana", "--reason", "known"]) == 1

    told = capsys.readouterr()
    assert f"totesys.sales_order {manifest.batch}: complete: 1 rows, expected the 2 rows of the manifest" in told.out
    assert "knows no batch no-such-batch" in told.err
    assert len(shop.ledger.pending("totesys.sales_order", "curate")) == 1


def shop_table(contract: Contract, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=arrow_schema(contract))

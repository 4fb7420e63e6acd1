"""The gate before records that came as JSON: what passes, what is put aside and why."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quayside.contract import contract_names, load_contract
from quayside.errors import Blocked
from quayside.quality import gate
from tests.quality.conftest import Shop
from tests.quality.records import GONE, GOOD, ITEM, VENUE, changed, land, line

DATASETS = [name for domain in ("swiftpos", "humanforce", "aristocrat") for name in contract_names(domain)]


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_record_with_which_nothing_is_wrong_passes_without_a_warning(shop: Shop, dataset: str) -> None:
    contract = load_contract(dataset)
    manifest = land(shop.lake, shop.ledger, contract, [line(0, *GOOD[dataset])])
    [verdict] = gate([contract], shop.run())

    assert (verdict.rows, verdict.rejected, verdict.warnings) == (1, 0, ())
    assert shop.rejected(manifest) == []
    assert [entry.batch for entry in shop.ledger.pending(dataset, "curate")] == [manifest.batch]


BROKEN: list[tuple[str, str, object, str, str]] = [
    ("swiftpos.sale", "Id", GONE, "sale_id.required, sale_key.required", "sale_id is null; the contract requires a"),
    ("swiftpos.sale", "Id", "5a", "sale_id.type, sale_key.required", "sale_id is '5a'; the contract wants bigint"),
    ("swiftpos.sale", "Id", 5.5, "sale_id.type, sale_key.required", "sale_id is '5.5'; the contract wants bigint"),
    ("swiftpos.sale", "ReceiptId", 10**19, "receipt_id.type", "receipt_id is '10000000000000000000'"),
    ("swiftpos.sale", "TransactionDate", "2026-05-01T08:15:00", "sold_at.type", "wants a UTC time as 2026-05-01T18:15"),
    ("swiftpos.sale", "TransactionDate", "2026-05-01T08:15:00+10:00", "sold_at.type", "wants a UTC time"),
    ("swiftpos.sale", "TransactionDate", "2026-02-30T08:15:00Z", "sold_at.type", "sold_at is '2026-02-30T08:15:00Z'"),
    ("swiftpos.sale", "TransactionDate", "1999-12-31T08:15:00Z", "sold_at.range", "sold_at is 1999-12-31 08:15:00;"),
    ("swiftpos.sale", "Terminal.Id", "", "terminal_id.type", "terminal_id is 'text'"),
    ("swiftpos.sale", "Table.AdultCovers", -1, "adult_covers.range", "adult_covers is -1; the contract allows"),
    (
        "swiftpos.sale",
        "Items.0.TotalInc",
        22.06,
        "items_and_payments_agree, tax_is_the_difference",
        "total_inc is 32.04 and paid is 31.98",
    ),
    ("swiftpos.sale", "Media.0.Amount", 31.92, "items_and_payments_agree", "total_inc is 31.98 and paid is 31.92"),
    ("swiftpos.sale", "Media.0.RoundedAmount", 32.04, "items_and_payments_agree", "and paid_rounded is 32.04"),
    ("swiftpos.sale", "Items.1.Tax", 0.97, "tax_is_the_difference", "total_inc is 31.98 and total_ex_and_tax is 32.04"),
    ("swiftpos.sale", "Id", "5", "sale_id.type", "sale_id is 'text'; the contract wants bigint"),
    ("swiftpos.sale", "ReceiptId", 5.0, "receipt_id.type", "receipt_id is '5.0'"),
    (
        "swiftpos.sale",
        "Customer",
        "nobody",
        "member_class.type, member_id.type, member_name.type, member_points.type",
        "",
    ),
    ("swiftpos.sale", "Clerk.Name", {"First": "Mia"}, "clerk_name.type", "a value not shown here; the contract wants"),
    ("swiftpos.sale", "Items.0.TotalInc", "22,00", "items.type", "items is 'TotalInc is of several types'"),
    ("swiftpos.sale", "Items.1.MasterGroup", 5, "items.type", "items is 'MasterGroup.Id is "),
    ("swiftpos.sale", "Items.0.IsVoid", 0, "items.type", "IsVoid is"),
    ("swiftpos.sale", "Items.0.Quantity", None, "items.required", "items is 'Quantity'; the contract requires a list"),
    ("swiftpos.sale", "Items.0.InventoryCode", GONE, "items.required", "items is 'InventoryCode'"),
    ("swiftpos.sale", "Items.1.MasterGroup", GONE, "items.required", "items is 'MasterGroup.Id'"),
    ("swiftpos.sale", "Items", {"0": ITEM}, "items.type, items_and_payments_agree", "items is 'an object'"),
    ("swiftpos.sale", "Items.0", 5, "items.type, items_and_payments_agree", "elements are of several types"),
    ("swiftpos.sale", "Items.0", None, "items.required, items_and_payments_agree", "items is 'InventoryCode"),
    ("swiftpos.sale", "Media", GONE, "items_and_payments_agree, media.required", "media is 'the list itself'"),
    (
        "swiftpos.sale",
        "Media.0.Id",
        "1",
        "media.type",
        "media is 'Id is text'; the contract wants a list of Id as integer",
    ),
    ("swiftpos.product", "Barcodes", [["930"]], "barcodes.type", "barcodes is 'elements are a list'"),
    ("humanforce.timesheet", "GuidKey", "", "timesheet_key.required", "timesheet_key is null"),
    (
        "humanforce.timesheet",
        "LastEdit",
        "2026-05-02T09:00:00Z",
        "last_edit.type",
        "wants a time without zone, as 2026",
    ),
    ("humanforce.timesheet", "Location.Name", "Nowhere", "venue_name.known", "lists; add it there"),
    ("humanforce.timesheet", "DateStart", "01/05/2026", "shift_date.type", "wants date, as 2026-05-01"),
    ("humanforce.timesheet", "DateStart", "2026-04-01", "days_from_date_to_start.range", "is 30; the contract allows"),
    ("humanforce.timesheet", "PayEndTime", "2026-05-01T18:00:00", "minutes_paid_for.range", "minutes_paid_for is 0;"),
    ("humanforce.timesheet", "PayEndTime", "2026-05-02T18:00:00", "minutes_paid_for.range", "is 1440; the contract"),
    (
        "humanforce.timesheet",
        "ClockedEndTime",
        "2026-05-01T10:00:00",
        "minutes_clocked.range",
        "minutes_clocked is -478",
    ),
    ("humanforce.timesheet", "NetMinutes", 481, "net_within_gross", "gross_minutes is 480 and net_minutes is 481"),
    ("humanforce.timesheet", "NetMinutes", 0, "minutes_of_work.range", "minutes_of_work is 0"),
    ("humanforce.timesheet", "Cost", -0.01, "cost.range, cost_of_work.range", "cost is -0.01"),
    (
        "humanforce.timesheet",
        "Cost",
        0,
        "cost_of_work.range",
        "cost_of_work is 0.00; the contract allows at least 0.01",
    ),
    ("humanforce.timesheet", "Deleted", "no", "deleted.type", "deleted is 'no'; the contract wants boolean"),
    ("humanforce.roster_item", "EndTime", "2026-05-01T17:00:00", "minutes.range", "minutes is -60"),
    ("humanforce.roster_item", "Cost", 0, "cost_of_work.range", "cost_of_work is 0.00"),
    ("aristocrat.reading", "EGM Turnover", "-0.01", "turnover.range", "turnover is -0.01"),
    ("aristocrat.reading", "EGM Turnover", "1,234.50", "turnover.type", "turnover is '1,234.50'; the contract wants"),
    ("aristocrat.reading", "EGM Turnover", "", "turnover.required", "turnover is null"),
    ("aristocrat.reading", "EGM Wins", "n/a", "wins.type", "wins is 'n/a'; the contract wants numeric(14,2)"),
    ("aristocrat.reading", "Venue", "9", "venue_id.known", "venue_id is 9; the contract expects a venue that include/"),
    ("aristocrat.reading", "Time", "25:00", "read_at_local.required, reading_key.required", "from Date and Time"),
    (
        "swiftpos.member_transaction",
        "TotalInc",
        22.06,
        "items_and_payments_agree, tax_is_the_difference",
        "total_inc is 22.06 and items_inc is",
    ),
    ("swiftpos.member_transaction", "PointsBalance", "many", "points_balance.type", "points_balance is 'many'"),
    ("swiftpos.product", "Price", -1, "price.range", "price is -1.0000; the contract allows at least 0"),
]


@pytest.mark.parametrize("dataset", DATASETS)
def test_broken_records_are_put_aside_with_their_reasons_and_the_others_pass(shop: Shop, dataset: str) -> None:
    contract, (good, of) = load_contract(dataset), GOOD[dataset]
    broken = [(path, value, rules, reason) for name, path, value, rules, reason in BROKEN if name == dataset]
    rows = [changed(good, path, value) for path, value, *_ in broken] + [good] * len(broken) * 5
    lines = [line(row, record, of) for row, record in enumerate(rows)]
    manifest = land(shop.lake, shop.ledger, contract, lines, files=2)

    [verdict] = gate([contract], shop.run())

    rejected = shop.rejected(manifest)
    found = {row["_row"]: ", ".join(sorted(row["_rule"].split(", "))) for row in rejected}
    assert found == {row: rules for row, (_, _, rules, _) in enumerate(broken)}
    for row in rejected:
        assert broken[row["_row"]][3] in row["_reason"]
        assert row["line"] == lines[row["_row"]]
    assert (verdict.status, verdict.rows, verdict.rejected) == ("passed", len(rows), len(broken))


def test_a_timesheet_twice_with_one_edit_conflicts_and_a_sale_that_is_sent_again_does_not(shop: Shop) -> None:
    sales, sheets = load_contract("swiftpos.sale"), load_contract("humanforce.timesheet")
    sheet, sale = GOOD[sheets.name][0], GOOD[sales.name][0]
    land(shop.lake, shop.ledger, sheets, [line(0, sheet), line(1, {**sheet, "Cost": 1.00})])
    land(shop.lake, shop.ledger, sales, [line(0, sale, VENUE), line(1, {**sale, "ReceiptId": 51}, VENUE)])
    warnings = {verdict.dataset: verdict.warnings for verdict in gate([sales, sheets], shop.run())}

    assert warnings == {sheets.name: ("conflicting_versions: 1 versions",), sales.name: ()}


def test_a_reading_off_the_quarter_hour_is_only_a_warning(shop: Shop) -> None:
    contract, (good, of) = load_contract("aristocrat.reading"), GOOD["aristocrat.reading"]
    land(shop.lake, shop.ledger, contract, [line(0, {**good, "Time": "18:16:30"}, of)])
    [verdict] = gate([contract], shop.run())

    assert (verdict.rejected, verdict.warnings) == (0, ("on_the_quarter_hour: 1 of 1 rows",))


def test_a_venue_that_nobody_has_listed_blocks_the_window_and_says_where_to_list_it(shop: Shop) -> None:
    contract, (good, _) = load_contract("swiftpos.sale"), GOOD["swiftpos.sale"]
    lines = [line(row, good, {"Id": 3 if row % 3 == 0 else 1, "Name": "?"}) for row in range(30)]
    manifest = land(shop.lake, shop.ledger, contract, lines)
    with pytest.raises(Blocked, match="rejected_share: 10 of 30 rows"):
        gate([contract], shop.run())

    assert (
        "venue_id is 3; the contract expects a venue that include/reference/venue.csv lists; add it there"
        in (shop.rejected(manifest)[0]["_reason"])
    )


VALUES = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=8) | st.just([]) | st.just({})
SALE_PATHS = [
    *("Id", "TransactionDate", "Terminal.Id", "Clerk", "Clerk.Name", "Customer.Name", "Customer.Id", "Table"),
    *("Items", "Items.0", "Items.1.TotalInc", "Items.0.Name", "Media.0.Amount", "Media"),
]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    broken=st.lists(st.tuples(st.sampled_from(SALE_PATHS), VALUES | st.just(GONE)), max_size=12),
    torn=st.integers(0, 3),
)
def test_whatever_is_broken_every_record_is_accepted_or_put_aside_with_a_rule_and_a_reason(
    shop: Shop, broken: list[tuple[str, object]], torn: int
) -> None:
    contract, good = load_contract("swiftpos.sale"), GOOD["swiftpos.sale"][0]
    texts = [line(row, changed(good, path, value), VENUE) for row, (path, value) in enumerate(broken)]
    texts += [f'{{"row":{len(texts) + number},"of"' for number in range(torn)]
    whole = [*texts, *(line(row, good, VENUE) for row in range(len(texts), len(texts) * 6 + 1))]
    manifest = land(shop.lake, shop.ledger, contract, whole)

    verdict = gate([contract], shop.run())[-1]

    rejected = shop.rejected(manifest)
    assert verdict.batch == manifest.batch
    assert verdict.rejected == len(rejected) <= len(texts)
    assert [row["line"] for row in rejected] == [whole[row["_row"]] for row in rejected]
    assert all(row["_rule"] and "; the contract " in row["_reason"] for row in rejected)
    assert [row["_rule"] for row in rejected if row["_row"] >= len(broken)] == ["record.readable"] * torn
    told = " ".join(row["_reason"] for row in rejected)
    assert not [name for name in ("Kowalczyk", "Subramaniam") if name in told]

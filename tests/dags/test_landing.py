"""The landing DAG: one snapshot, a gate, and an event only for what has passed it."""

import pytest

from quayside.contract import contract_names
from quayside.ledger import Ledger

ALL = list(contract_names("totesys"))
BROKEN = """
    alter table sales_order drop constraint sales_order_units_sold_check;
    update sales_order set units_sold = 1"""  # less than the contract allows, in too many rows for a few mistakes


def tries(ledger: Ledger) -> list[str]:
    """How each attempt at landing ended."""
    return [attempt["state"] for attempt in ledger.notes("runs#totesys_landing") if attempt["task"] == "land"]


def test_a_first_run_lands_checks_and_publishes_all_there_is(dags, shop):
    states = dags.run("totesys_landing")

    assert states == {"land": "success", "gate": "success", "publish": "success", "totesys_landing": "success"}
    [(asset, extra)] = dags.events()
    assert asset == "totesys.landed"
    assert extra["datasets"] == ALL
    assert [manifest.split("/")[2] for manifest in extra["manifests"]] == [name.split(".")[1] for name in ALL]
    assert extra["window"]["since"] is None
    assert extra["window"]["until"] <= "2026-01-01T00:00:00"


def test_progress_of_every_table_is_shown_without_its_rows(dags, shop):
    dags.run("totesys_landing")

    shown = dags.xcoms("land")
    assert set(ALL) < set(shown)
    assert shown["totesys.staff"]["rows"] == 30
    [[name]] = shop.source("select first_name from staff limit 1")
    assert name not in str(shown)


def test_nothing_changed_skips_the_rest_and_publishes_nothing(dags, shop):
    dags.run("totesys_landing")
    dags.run("totesys_curated")

    states = dags.run("totesys_landing")

    assert states == {"land": "success", "gate": "skipped", "publish": "skipped", "totesys_landing": "success"}
    assert dags.events() == []


def test_a_blocked_dataset_fails_the_run_and_the_others_flow_on(dags, shop, inbox):
    shop.write(BROKEN)
    states = dags.run("totesys_landing")

    assert states == {"land": "success", "gate": "failed", "publish": "success", "totesys_landing": "failed"}
    [(_, extra)] = dags.events()
    assert extra["datasets"] == [name for name in ALL if name != "totesys.sales_order"]
    [(subject, text)] = inbox.read()
    assert subject == "[failed] totesys_landing.gate failed"
    assert "totesys.sales_order" in text
    assert "http://airflow.test/dags/totesys_landing/runs/" in text


def test_a_blocked_batch_passes_when_released_by_hand(dags, shop, ledger, inbox):
    shop.write(BROKEN)
    dags.run("totesys_landing")
    [waiting] = ledger.pending("totesys.sales_order", "gate")

    states = dags.run("totesys_landing", release=f"totesys.sales_order/{waiting.batch}", release_reason="as agreed")

    assert states["gate"] == "success"
    assert ledger.batch("totesys.sales_order", waiting.batch).facts["released_because"] == "as agreed"
    assert [subject for subject, _ in inbox.read()] == [
        "[failed] totesys_landing.gate failed",
        "[recovered] totesys_landing.gate failed",
    ]


def test_a_range_landed_again_by_hand_leaves_the_cursor_where_it_is(dags, shop, ledger):
    dags.run("totesys_landing")
    before = ledger.position("totesys.sales_order").cursor

    dags.run(
        "totesys_landing",
        since="2025-01-01T00:00:00+00:00",
        until="2026-01-01T01:00:00+01:00",
        datasets=["totesys.sales_order"],
    )

    assert [batch.kind for batch in ledger.batches("totesys.sales_order")] == ["window", "backfill"]
    assert ledger.position("totesys.sales_order").cursor == before
    assert len(ledger.batches("totesys.purchase_order")) == 1


def test_a_dataset_that_the_pipeline_does_not_have_cannot_be_asked_for(dags, shop):
    with pytest.raises(ValueError, match="nonsense' is not one of"):
        dags.run("totesys_landing", datasets=["totesys.nonsense"])


def test_a_source_out_of_reach_is_tried_again(dags, shop, ledger, inbox):
    shop.secret("source/totesys", port=1)

    assert dags.run("totesys_landing", retries=1)["land"] == "failed"

    assert tries(ledger) == ["failed", "failed"]
    assert len(inbox.read()) == 1


def test_a_source_that_refuses_is_not_tried_again(dags, shop, ledger, inbox):
    shop.secret("source/totesys", username="nobody", password="hunter2")

    assert dags.run("totesys_landing", retries=1)["land"] == "failed"

    assert tries(ledger) == ["failed"]
    [(subject, text)] = inbox.read()
    assert subject == "[failed] totesys_landing.land failed"
    assert "hunter2" not in text

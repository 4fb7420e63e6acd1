"""What passed the gate reaches the warehouse through curated, each stage woken by the asset of the one before."""

CHAIN = ("totesys_landing", "totesys_curated", "totesys_warehouse")
TABLES = {"sales_order", "purchase_order", "payment"}


def test_all_of_the_source_reaches_the_stars_and_is_reconciled(dags, shop):
    for dag_id in CHAIN[:-1]:
        assert set(dags.run(dag_id).values()) == {"success"}
    [(curated, _)] = dags.events()
    states = dags.run("totesys_warehouse")

    assert curated == "totesys.curated"
    assert states == {"load": "success", "reconcile": "success", "totesys_warehouse": "success"}
    assert {f"warehouse.fact_{table}" for table in TABLES} <= {asset for asset, _ in dags.events()}
    for table in TABLES:
        assert shop.warehouse(f"select count(*) from warehouse.fact_{table}") == shop.source(
            f"select count(*) from {table}"
        )
    assert dags.xcoms("reconcile")["return_value"]


def test_a_stage_with_nothing_to_do_wakes_nobody(dags, shop):
    for dag_id in CHAIN:
        dags.run(dag_id)

    assert dags.run("totesys_curated")["curate"] == "skipped"
    assert dags.events() == []
    assert set(dags.run("totesys_warehouse").values()) == {"success"}
    assert dags.events() == []


def test_a_change_that_no_star_shows_or_a_repetition_is_reconciled_all_the_same(dags, shop):
    for dag_id in CHAIN:
        dags.run(dag_id)
    shop.write("update staff set last_updated = last_updated + interval '1 minute' where staff_id = 1")

    for dag_id in CHAIN:
        dags.run(dag_id)

    [line, *_] = dags.xcoms("reconcile")["return_value"]
    assert (line["dataset"], line["equal"]) == ("totesys.staff", True)

    dags.run(CHAIN[0], since="2020-01-01T00:00:00Z", datasets=["totesys.department"])
    assert dags.run(CHAIN[1])["curate"] == "success"
    dags.run(CHAIN[2])
    assert dags.xcoms("reconcile")["return_value"][0]["dataset"] == "totesys.department"


def test_a_row_deleted_in_the_source_is_found_by_comparing_keys(dags, shop):
    for dag_id in CHAIN:
        dags.run(dag_id)
    shop.write("delete from payment where payment_id = 7")

    assert set(dags.run("totesys_deletes").values()) == {"success"}
    assert [asset for asset, _ in dags.events()] == ["totesys.landed"]
    for dag_id in CHAIN[1:]:
        dags.run(dag_id)

    assert shop.warehouse("select bool_or(deleted) from warehouse.fact_payment where payment_id = 7") == [(True,)]
    assert shop.warehouse("select count(*) from warehouse.current_payment where payment_id = 7") == [(0,)]
    assert dags.run("totesys_deletes")["gate"] == "skipped"

"""What tasks publish gives the data that they changed a new version, and no other."""

from dataclasses import replace

import pytest
from airflow.sdk import Asset, AssetAlias

from quayside.errors import Terminal
from quayside.serving.answers import Store
from quayside.serving.answers.versions import changed_by
from quayside.settings import Settings
from tests.serving.dashboards.conftest import with_serving


@pytest.fixture
def store(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The serving table of this test, which the tasks know of."""
    made = with_serving(settings)
    monkeypatch.setenv("QUAYSIDE_SERVING_TABLE", made.serving_table)
    return Store(made.serving_table)


def renew(dags, *assets: Asset | AssetAlias) -> list[str]:
    """Execute the task as if these assets had woken it."""

    class Run:
        dag_id, run_id = "quayside_serving", f"run {len(assets)}"

    task = dags.bag.dags["quayside_serving"].get_task("renew")
    return task.execute({"triggering_asset_events": dict.fromkeys(assets, ()), "ti": Run})


def test_every_asset_that_the_pipelines_publish_for_readers_wakes_it(dags):
    from airflow.serialization.serialized_objects import DagSerialization

    dag = DagSerialization.from_dict(
        DagSerialization.to_dict(dags.bag.dags["quayside_serving"])
    )  # as the scheduler sees it
    woken = {each.name for each in dag.timetable.asset_condition.objects}
    published = {
        outlet.name
        for name, dag in dags.bag.dags.items()
        if name.endswith(("_curated", "_warehouse"))
        for task in dag.tasks
        for outlet in task.outlets
    }
    assert published == woken
    assert published == {
        *(f"{name}.curated" for name in ("aristocrat", "humanforce", "swiftpos", "totesys")),
        *("hospitality.loaded", "totesys.loaded"),
    }


def test_what_has_changed_is_of_a_new_version_and_nothing_else(dags, store):
    assert store.versions() == {}
    changed = renew(dags, Asset(name="swiftpos.curated", uri="x-quayside://curated/swiftpos"))
    assert {"hospitality.sale", "hospitality.sale_item", "hospitality.product"} <= set(changed)
    assert not {name for name in changed if name.startswith(("warehouse.", "totesys.", "humanforce."))}
    first = store.versions()
    assert first == dict.fromkeys(changed, "quayside_serving/run 1")

    loaded = renew(dags, Asset(name="warehouse.fact_shift"), AssetAlias("hospitality.loaded"))
    assert loaded == ["warehouse.fact_shift"]
    assert store.versions() == {**first, "warehouse.fact_shift": "quayside_serving/run 2"}
    assert renew(dags, Asset(name="totesys.curated")) == list(changed_by(["totesys.curated"]))
    assert "totesys.sales_order" in store.versions()


def test_by_hand_all_answers_are_let_go(dags, store):
    assert dags.run("quayside_serving")["quayside_serving"] == "success"
    versions = store.versions()
    assert {"hospitality.sale_item", "warehouse.fact_payment", "totesys.payment"} <= versions.keys()
    assert len(set(versions.values())) == 1


def test_an_asset_that_no_contract_knows_fails_the_task(dags, store):
    with pytest.raises(Terminal, match=r"nobody\.curated"):
        changed_by(["nobody.curated"])


def test_without_a_table_the_task_says_what_to_do(dags, settings, monkeypatch):
    from airflow.sdk.exceptions import AirflowFailException

    monkeypatch.setenv("QUAYSIDE_SERVING_TABLE", replace(settings).serving_table)
    with pytest.raises(AirflowFailException, match="QUAYSIDE_SERVING_TABLE is not set"):
        renew(dags, Asset(name="totesys.curated"))


def test_airflow_queues_a_run_when_the_lake_or_a_star_has_changed(dags, settings):
    from airflow.assets.manager import AssetManager
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import sync_bag_to_db
    from airflow.models.asset import AssetActive, AssetAliasModel, AssetDagRunQueue, AssetModel
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session
    from sqlalchemy import delete, select

    with create_session() as session:
        DagBundlesManager().sync_bundles_to_db(session=session)
        session.commit()
        sync_bag_to_db(dags.bag, "dags-folder", None, session=session)
        session.get(DagModel, "quayside_serving").is_paused = False
        session.execute(delete(AssetDagRunQueue))
        session.commit()
        curated = session.scalars(select(AssetModel).filter_by(name="swiftpos.curated")).one()
        star = AssetModel(name="warehouse.fact_of_a_test", uri="warehouse.fact_of_a_test")
        session.add(star)
        session.flush()
        session.add(AssetActive.for_asset(star))
        loaded = session.scalars(select(AssetAliasModel).filter_by(name="hospitality.loaded")).one()
        loaded.assets.append(star)
        session.flush()
        AssetManager.register_asset_change(asset=curated, session=session)
        AssetManager.register_asset_change(asset=star, source_alias_names=[loaded.name], session=session)
        session.flush()
        queued = select(AssetDagRunQueue.asset_id).filter_by(target_dag_id="quayside_serving")
        assert set(session.scalars(queued)) == {curated.id, star.id}
        session.rollback()

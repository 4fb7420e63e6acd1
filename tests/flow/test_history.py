"""Whatever happens to the source, and whenever the flow runs: the warehouse holds its history."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.flow.conftest import ORDER, Flow, insert_row

CURRENT = "select sales_order_id, units_sold from warehouse.current_sales_order order by 1"
VERSIONS = """select sales_order_id, units_sold, deleted from warehouse.fact_sales_order
              order by sales_order_id, last_updated_date, last_updated_time"""


def test_a_row_that_commits_late_is_not_lost(flow: Flow) -> None:
    with psycopg.connect(flow.source_url) as slow:
        insert_row(slow, "sales_order", {"sales_order_id": 1, **ORDER})  # begins first …
        flow.insert("sales_order", sales_order_id=2, **ORDER)
        flow.run()
        assert flow.query("select sales_order_id from warehouse.current_sales_order") == [(2,)]
    flow.run()  # … and has committed by now

    assert [key for key, _ in flow.query(CURRENT)] == [1, 2]


def test_the_same_run_twice_adds_nothing(flow: Flow) -> None:
    flow.insert("sales_order", sales_order_id=1, **ORDER)
    flow.run()
    before = flow.query("select * from warehouse.fact_sales_order")
    flow.run()

    assert flow.query("select * from warehouse.fact_sales_order") == before


def test_an_update_adds_a_version_and_a_delete_one_that_says_so(flow: Flow) -> None:
    flow.insert("sales_order", sales_order_id=1, **ORDER)
    flow.run()
    flow.write("update sales_order set units_sold = 2000, last_updated = last_updated + interval '1 second'")
    flow.run()
    flow.write("delete from sales_order")
    flow.find_deletes()

    assert flow.query(VERSIONS) == [(1, 1000, False), (1, 2000, False), (1, 2000, True)]
    assert flow.query(CURRENT) == []


@pytest.mark.parametrize("restored_as_it_was", [True, False])
def test_a_deleted_row_that_comes_back_is_current_again(flow: Flow, restored_as_it_was: bool) -> None:
    stamp = datetime(2026, 2, 1)
    flow.insert("sales_order", sales_order_id=1, created_at=stamp, last_updated=stamp, **ORDER)
    flow.run()
    flow.write("delete from sales_order")
    flow.find_deletes()
    again = {"created_at": stamp, "last_updated": stamp} if restored_as_it_was else {}
    flow.insert("sales_order", sales_order_id=1, **again, **ORDER)
    flow.run()

    assert flow.query(CURRENT) == [(1, 1000)]
    assert [deleted for _, _, deleted in flow.query(VERSIONS)] == [False, True, False]


def test_every_window_reconciles_from_source_to_star(flow: Flow) -> None:
    flow.insert("sales_order", sales_order_id=1, **ORDER)
    for key in (2, 3):
        flow.insert("sales_order", sales_order_id=key, **{**ORDER, "unit_price": "99999999.99"})

    lines = [line for line in flow.run() if line.dataset == "totesys.sales_order"]
    assert lines
    assert all(line.equal for line in lines)


@dataclass
class Model:
    """What the warehouse should hold, by a plain reading of the rules."""

    live: dict[int, int] = field(default_factory=dict)
    seen: dict[int, list[tuple[int, bool]]] = field(default_factory=dict)
    clock: datetime = datetime(2026, 4, 1)

    def land(self) -> None:
        for key, units in self.live.items():
            versions = self.seen.setdefault(key, [])
            if not versions or versions[-1] != (units, False):
                versions.append((units, False))

    def find_deletes(self) -> None:
        for key, versions in self.seen.items():
            if key not in self.live and not versions[-1][1]:
                versions.append((versions[-1][0], True))


STEPS = st.lists(
    st.tuples(st.sampled_from(["insert", "update", "delete", "run", "run", "find deletes"]), st.integers(1, 3)),
    min_size=3,
    max_size=10,
)


@example(steps=[("insert", 2), ("run", 0), ("insert", 3), ("find deletes", 0), ("update", 3), ("delete", 2)])
@given(steps=STEPS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_of_changes_and_runs_leaves_the_history_of_the_source(
    flow: Flow, steps: list[tuple[str, int]]
) -> None:
    # One flow for all examples: each has keys of its own, and leaves nothing undone.
    base = max([0, *(key for key, _ in flow.query(CURRENT))] if _warehouse_exists(flow) else [0])
    offset = (base // 10 + 1) * 10
    model = Model()
    for step, number in [*steps, ("run", 0), ("find deletes", 0)]:
        _do(flow, model, step, offset + number)

    mine = [row for row in flow.query(VERSIONS) if row[0] >= offset]
    assert mine == [(key, units, deleted) for key in sorted(model.seen) for units, deleted in model.seen[key]]
    assert dict(row for row in flow.query(CURRENT) if row[0] >= offset) == model.live
    flow.insert("sales_order", sales_order_id=offset + 9, **ORDER)
    flow.run()


def _do(flow: Flow, model: Model, step: str, key: int) -> None:
    model.clock += timedelta(seconds=1)
    units = 1000 + model.clock.second + 60 * model.clock.minute
    if step == "insert" and key not in model.live:
        flow.insert(
            "sales_order",
            sales_order_id=key,
            created_at=model.clock,
            last_updated=model.clock,
            **{**ORDER, "units_sold": units},
        )
        model.live[key] = units
    elif step == "update" and key in model.live:
        flow.write(
            "update sales_order set units_sold = %s, last_updated = %s where sales_order_id = %s",
            units,
            model.clock,
            key,
        )
        model.live[key] = units
    elif step == "delete" and key in model.live:
        flow.write("delete from sales_order where sales_order_id = %s", key)
        del model.live[key]
    elif step == "run":
        flow.run()
        model.land()
    elif step == "find deletes":
        flow.find_deletes()  # and leaves to the next window what it will bring
        model.find_deletes()


def _warehouse_exists(flow: Flow) -> bool:
    return flow.query("select to_regclass('warehouse.current_sales_order') is not null") == [(True,)]

"""Current rows and versions: what a sequence of batches leaves behind."""

from tests.curated.support import World, at


def test_the_first_load_brings_every_row(world: World) -> None:
    world.land("staff", {"staff_id": 1, "last_updated": at(0)}, {"staff_id": 2, "last_updated": at(0)})
    world.land("department", {"department_id": 1, "last_updated": at(0)})
    world.land("sales_order", {"sales_order_id": 1, "last_updated": at(0)}, {"sales_order_id": 2, "last_updated": at(1)})
    made = world.curate()
    print(made)
    assert world.current("sales_order", "sales_order_id", "deleted") == [(1, False), (2, False)]
    assert world.star("fact_sales_order", "sales_order_id", "last_updated_time", "version_month") == [
        (1, "12:00:00.000000", "2026-05"), (2, "12:01:00.000000", "2026-05")]
    assert len(world.changes("fact_sales_order")) == 2
    assert len(world.rows("dim_date")) == 365
    print(world.rows("dim_staff"), world.rows("dim_date")[:2], world.rows("fact_sales_order")[0])
    print(world.changes("fact_sales_order")[0])
    assert world.curate() == {}

"""Any batches in any portions: the fact holds every version once, and the view the latest that is not a deletion."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.warehouse.conftest import ORDER, Stars

START = datetime(2026, 3, 1, 23, 59, 58)
CHANGE = st.tuples(st.integers(1, 4), st.integers(0, 5), st.booleans())  # key, seconds, deleted
BATCHES = st.lists(
    st.lists(CHANGE, min_size=1, max_size=6, unique_by=lambda change: change[:2]), min_size=1, max_size=4
)


def _row(key: int, seconds: int, deleted: bool) -> dict[str, Any]:
    stamp = START + timedelta(seconds=seconds)
    return {
        **ORDER,
        "sales_order_id": key,
        "last_updated_date": stamp.date(),
        "last_updated_time": stamp.time(),
        "deleted": deleted,
    }


@given(batches=BATCHES, load_after=st.sets(st.integers(0, 3)))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_versions_and_what_stands_now_follow_a_plain_reading(
    stars: Stars, batches: list[list[tuple[int, int, bool]]], load_after: set[int]
) -> None:
    stars.load()
    stars.execute("truncate warehouse.fact_sales_order")
    versions: set[tuple[int, int]] = set()
    for number, batch in enumerate(batches):
        stars.orders(*(_row(*change) for change in batch))
        versions |= {(key, seconds) for key, seconds, _ in batch}
        if number in load_after:
            stars.load()
    stars.load()

    found = {
        (key, round((stamp - START).total_seconds())): deleted
        for key, stamp, deleted in stars.query(
            "select sales_order_id, last_updated_date + last_updated_time, deleted from warehouse.fact_sales_order"
        )
    }
    assert found.keys() == versions
    assert stars.query("select count(*) from warehouse.fact_sales_order") == [(len(versions),)]
    latest = {key: max(seconds for other, seconds in versions if other == key) for key, _ in versions}
    standing = sorted(key for key, seconds in latest.items() if not found[key, seconds])
    assert stars.query("select sales_order_id from warehouse.current_sales_order order by 1") == [
        (key,) for key in standing
    ]
